// Runs an ONNX model on the rows of float32 numbers on stdin, and prints what ONNX Runtime
// says of the model's tensors, and its outputs, one row after another:
//
//	node check.mjs model.onnx < rows
//
// The first row is a batch of its own, the rest another.
import { readFileSync } from "node:fs"
import * as ort from "onnxruntime-web"

const net = await ort.InferenceSession.create(process.argv[2])
const stdin = readFileSync(0)
const rows = new Float32Array(stdin.buffer.slice(stdin.byteOffset, stdin.byteOffset + stdin.length))
const n = net.inputMetadata[0].shape[1]
const answers = []
for (const batch of [rows.subarray(0, n), rows.subarray(n)]) {
	const { output } = await net.run({ input: new ort.Tensor("float32", batch, [batch.length / n, n]) })
	answers.push(...output.data)
}
console.log(JSON.stringify({ inputs: net.inputMetadata, outputs: net.outputMetadata, answers }))
