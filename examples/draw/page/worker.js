"use strict";
// Runs the program in the browser: a question [number, path, body] is answered
// by [number, status, kind, answer]. It waits until the program runs.
importScripts("wasm_exec.js");
const program = new Promise(done => { self.ready = done; });
self.onmessage = async ({ data }) => (await program)(...data);

// unpacked fetches a file that is compressed with gzip.
async function unpacked(name) {
  const file = await fetch(name);
  if (!file.ok) throw new Error(name + ": " + file.status);
  return new Uint8Array(await new Response(file.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}

const go = new Go();
fetch("draw.wasm").then(file => file.arrayBuffer())
  .then(file => WebAssembly.instantiate(file, go.importObject))
  .then(({ instance }) => go.run(instance))
  .catch(e => setTimeout(() => { throw e; })); // an error of the Worker, which the page sees
