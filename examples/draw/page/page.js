"use strict";
// The page draws and asks. The program that serves it computes what it shows:
// neither a network nor the preparation of pictures is here.

const $ = id => document.getElementById(id);
const root = document.documentElement;
const css = name => getComputedStyle(root).getPropertyValue(name).trim();

// ---- Language ----

const texts = {
  en: {
    title: "13,002 numbers that read a digit", views: "Views", draw: "Draw", train: "Train",
    canvas: "Paper to draw a digit on", hint: "Draw a digit, 0 to 9", clear: "Clear", random: "Random digit",
    nothing: "Nothing drawn yet.", reads: "The strongest answer, {a}.", unsure: "Not sure: even the strongest answer is only {a}.", truth: " In the test set it is a {n}.",
    keys: "Mouse, pen or finger. Or the keyboard: arrow keys move the pen, space held down draws, Shift makes small steps.",
    seen: "What the network sees, 28×28 pixels", seen28: "What it sees: 28×28 pixels",
    layer0: "First hidden layer, 16 neurons", layer1: "Second hidden layer, 16 neurons", answers: "The ten answers",
    plus: "positive weight", minus: "negative weight", sum: "Ten separate answers, each from 0 to 1: they do not sum to 1.",
    whoNone: "What does a neuron look for?", whatNone: "Point at one of the 32 hidden neurons, or go there with Tab and the arrow keys.",
    neuron: "Layer {l}, neuron {n}", activation: ": activation {a}",
    what0: "It looks for ink where its weights are red and for none where they are blue. Often that is a short piece of a stroke in one place.",
    what1: "It adds up the first layer. Above, the three neurons that excite it most ({p}); below, the three that silence it most ({m}).",
    dataMNIST: "A fresh network learns from MNIST’s {n} handwritten digits, and is tested on {t} that it never sees.",
    datasynthetic: "There is no MNIST here, so a fresh network learns from {n} synthetic digits, drawn by code, and is tested on {t} others.",
    rate: "Learning rate", batch: "Examples in a mini-batch", epochs: "Epochs", start: "Start", stop: "Stop", progress: "Progress",
    epoch: "Epoch", cost: "Cost", accuracy: "Accuracy", curve: "Learning curve", accuracyLong: "accuracy on test digits", costLong: "cost, on its own scale",
    fresh: "A fresh network of 784-16-16-10 knows nothing: its weights are random.", learning: "It is learning.",
    stopped: "Stopped.", done: "It has seen every example {n} times. Accuracy {a}.", doneOnce: "It has seen every example once. Accuracy {a}.",
    first: "What the 16 neurons of the first layer look for: ink where red, none where blue",
    gone: "The program does not answer. Is it still running?", failed: "It failed: {e}",
  },
  zh: {
    title: "13,002 个数，认出一个数字", views: "视图", draw: "书写", train: "训练",
    canvas: "书写数字的画布", hint: "写一个 0 到 9 的数字", clear: "清除", random: "随机数字",
    nothing: "还没有写任何东西。", reads: "最强的回答，{a}。", unsure: "没有把握：最强的回答也只有 {a}。", truth: "测试集中它是 {n}。",
    keys: "用鼠标、触笔或手指书写。也可以用键盘：方向键移动笔，按住空格键落笔，Shift 键走小步。",
    seen: "网络看到的 28×28 像素", seen28: "网络看到的：28×28 像素",
    layer0: "第一隐藏层，16 个神经元", layer1: "第二隐藏层，16 个神经元", answers: "十个回答",
    plus: "正权重", minus: "负权重", sum: "十个各自独立的回答，都在 0 到 1 之间，总和不是 1。",
    whoNone: "神经元在寻找什么？", whatNone: "指向 32 个隐藏神经元之一，或用 Tab 键和方向键选择。",
    neuron: "第 {l} 层，第 {n} 个神经元", activation: "：激活值 {a}",
    what0: "红色的地方它希望有墨迹，蓝色的地方它希望没有。那往往是某个位置的一小段笔画。",
    what1: "它把第一层的输出加起来。上排是最能激活它的三个神经元（{p}），下排是最能抑制它的三个（{m}）。",
    dataMNIST: "全新的网络从 MNIST 的 {n} 个手写数字中学习，并用它从未见过的 {t} 个数字来测试。",
    datasynthetic: "这里没有 MNIST，所以全新的网络从程序画出的 {n} 个合成数字中学习，并用另外 {t} 个来测试。",
    rate: "学习率", batch: "小批量的样本数", epochs: "轮数", start: "开始", stop: "停止", progress: "进度",
    epoch: "轮", cost: "代价", accuracy: "准确率", curve: "学习曲线", accuracyLong: "测试数字的准确率", costLong: "代价（另设刻度）",
    fresh: "全新的 784-16-16-10 网络什么也不知道：它的权重是随机的。", learning: "正在学习。",
    stopped: "已停止。", done: "每个样本都看过了 {n} 遍。准确率 {a}。", doneOnce: "每个样本都看过了一遍。准确率 {a}。",
    first: "第一层的 16 个神经元在寻找什么：红色希望有墨迹，蓝色希望没有",
    gone: "程序没有回应。它还在运行吗？", failed: "失败：{e}",
  },
};
let language = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
const t = (key, values = {}) => texts[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

// say gives an element a text that follows a change of the language.
const said = new Map();
function say(element, make) {
  said.set(element, make);
  const text = make();
  if (element.textContent !== text) element.textContent = text; // a screen reader reads only what is new
}

function speak() {
  root.lang = language === "zh" ? "zh-CN" : "en";
  document.title = t("title");
  for (const e of document.querySelectorAll("[data-t]")) if (!said.has(e)) e.textContent = t(e.dataset.t);
  for (const e of document.querySelectorAll("[data-label]")) e.setAttribute("aria-label", t(e.dataset.label));
  for (const [element, make] of said) say(element, make);
  const other = $("language");
  other.textContent = language === "zh" ? "English" : "中文";
  other.lang = language === "zh" ? "en" : "zh";
  other.setAttribute("aria-label", language === "zh" ? "English: change the language" : "中文：切换语言");
  label();
}
$("language").addEventListener("click", () => { language = language === "zh" ? "en" : "zh"; speak(); });

// ---- Views ----

const tabs = [$("tab-draw"), $("tab-train")];
function view(i) {
  tabs.forEach((tab, k) => {
    tab.setAttribute("aria-selected", k === i);
    tab.tabIndex = k === i ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = k !== i;
  });
  redraw();
}
tabs.forEach((tab, i) => {
  tab.addEventListener("click", () => view(i));
  tab.addEventListener("keydown", e => {
    if (e.key !== "ArrowLeft" && e.key !== "ArrowRight") return;
    tabs[1 - i].focus();
    view(1 - i);
  });
});

// ---- Drawing ----

const sent = 112, copy = Object.assign(document.createElement("canvas"), { width: sent, height: sent }).getContext("2d", { willReadFrequently: true });
const side = 280, ink = $("ink"), paper = ink.getContext("2d", { willReadFrequently: true });
paper.lineWidth = 20;
paper.lineCap = paper.lineJoin = "round";
paper.strokeStyle = "#fff"; // light ink is 255 to the program; a filter makes it dark on light pages
let truth = null; // the label of a random digit

function stroke(from, to) {
  paper.beginPath();
  paper.moveTo(from.x, from.y);
  paper.lineTo(to.x + (from.x === to.x && from.y === to.y ? 0.01 : 0), to.y); // a line of length 0 leaves no dot
  paper.stroke();
  truth = null;
  $("hint").hidden = true;
  changed();
}

let pointer = null, last = null;
const place = e => {
  const box = ink.getBoundingClientRect();
  return { x: (e.clientX - box.left) * side / box.width, y: (e.clientY - box.top) * side / box.height };
};
ink.addEventListener("pointerdown", e => {
  if (pointer !== null || e.button !== 0) return;
  pointer = e.pointerId;
  ink.setPointerCapture(pointer);
  last = place(e);
  stroke(last, last);
});
ink.addEventListener("pointermove", e => {
  if (e.pointerId !== pointer) return;
  if (e.buttons === 0) { // lifted where the page could not see it
    pointer = null;
    return;
  }
  const between = e.getCoalescedEvents ? e.getCoalescedEvents() : [];
  for (const move of between.length ? between : [e]) {
    const to = place(move);
    stroke(last, to);
    last = to;
  }
});
// On the window: the capture, which would deliver these to the canvas, may get
// lost during a stroke.
for (const end of ["pointerup", "pointercancel"]) {
  window.addEventListener(end, e => { if (e.pointerId === pointer) pointer = null; });
}

const pen = { x: side / 2, y: side / 2 }, held = new Set();
function movePen() {
  $("pen").style.left = pen.x + "px";
  $("pen").style.top = pen.y + "px";
  $("pen").classList.toggle("down", held.has(" "));
}
ink.addEventListener("keydown", e => {
  const arrow = e.key.startsWith("Arrow");
  if (!arrow && e.key !== " " || e.ctrlKey || e.metaKey || e.altKey) return;
  e.preventDefault();
  const from = { ...pen }, step = e.shiftKey ? 2 : 8, fresh = !held.has(e.key);
  held.add(e.key);
  if (arrow) {
    const way = key => held.has(key) ? step : 0;
    pen.x = Math.min(side, Math.max(0, pen.x + way("ArrowRight") - way("ArrowLeft")));
    pen.y = Math.min(side, Math.max(0, pen.y + way("ArrowDown") - way("ArrowUp")));
  }
  if (held.has(" ") && (arrow || fresh)) stroke(from, pen);
  movePen();
});
ink.addEventListener("keyup", e => { held.delete(e.key); movePen(); });
ink.addEventListener("blur", () => { held.clear(); movePen(); });
movePen();

$("clear").addEventListener("click", () => {
  paper.clearRect(0, 0, side, side);
  truth = null;
  $("hint").hidden = false;
  changed();
});

$("random").addEventListener("click", async () => {
  $("stage").ariaBusy = "true";
  try {
    const answer = await fetch("/digit");
    if (!answer.ok) throw new Error(await answer.text());
    const digit = await answer.json();
    const small = picture(28, 28, i => [255, 255, 255, digit.pixels[i]]);
    paper.clearRect(0, 0, side, side);
    paper.drawImage(small, 0, 0, side, side);
    truth = digit.digit;
    $("hint").hidden = true;
  } catch (e) {
    trouble(e, $("verdict"));
  }
  changed();
});

// picture returns a canvas with a colour for each pixel.
function picture(width, height, colour) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const data = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) data.data.set(colour(i), 4 * i);
  canvas.getContext("2d").putImageData(data, 0, 0);
  return canvas;
}

function trouble(e, where) {
  const text = e.message.trim();
  say(where, () => e instanceof TypeError ? t("gone") : t("failed", { e: text }));
}

// ---- Asking: at most once a frame, one question at a time, about the newest
// drawing ----

let dirty = false, busy = false, planned = false;
function changed() {
  dirty = true;
  $("stage").ariaBusy = "true";
  if (busy || planned) return;
  planned = true;
  requestAnimationFrame(ask);
}
async function ask() {
  planned = dirty = false;
  busy = true;
  copy.clearRect(0, 0, sent, sent);
  copy.drawImage(ink, 0, 0, sent, sent); // enough to read it, and a fraction of the work
  const rgba = copy.getImageData(0, 0, sent, sent).data, grey = new Uint8Array(sent * sent);
  for (let i = 0; i < grey.length; i++) grey[i] = rgba[4 * i + 3];
  try {
    const answer = await fetch("/predict", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: grey });
    if (!answer.ok) throw new Error(await answer.text());
    show(await answer.json());
  } catch (e) {
    trouble(e, $("verdict"));
  }
  busy = false;
  if (dirty) changed();
  else $("stage").ariaBusy = "false";
}

// ---- The network ----

let network = null, now = { ink: false, digit: -1, pixels: [], activations: [] }, chosen = null;
const neurons = [[], []], answers = [];
for (const l of [0, 1]) {
  for (let n = 0; n < 16; n++) {
    const button = document.createElement("button"), disc = document.createElement("span");
    button.className = "neuron";
    disc.className = "disc";
    button.append(disc);
    button.tabIndex = n === 0 ? 0 : -1; // one stop for Tab in each layer, arrow keys inside
    button.addEventListener("pointerenter", () => choose(l, n));
    button.addEventListener("focus", () => choose(l, n));
    button.addEventListener("click", () => choose(l, n));
    button.addEventListener("keydown", e => {
      const [dl, dn] = { ArrowUp: [0, 15], ArrowDown: [0, 1], ArrowLeft: [1, 0], ArrowRight: [1, 0] }[e.key] || [0, 0];
      if (!dl && !dn) return;
      e.preventDefault();
      neurons[(l + dl) % 2][(n + dn) % 16].focus();
    });
    $("layer" + l).append(button);
    neurons[l].push(button);
  }
}
for (let n = 0; n < 10; n++) {
  const item = document.createElement("li");
  for (const name of ["disc", "name", "track", "value"]) {
    const part = document.createElement("span");
    part.className = name;
    item.append(part);
  }
  item.children[1].textContent = n;
  item.children[2].append(document.createElement("i"));
  $("answers").append(item);
  answers.push(item);
}

// label names the neurons for screen readers.
function label() {
  neurons.forEach((layer, l) => layer.forEach((button, n) => {
    const name = t("neuron", { l: l + 1, n: n + 1 }), a = now.activations[l];
    button.setAttribute("aria-label", a ? name + t("activation", { a: a[n].toFixed(2) }) : name);
    button.setAttribute("aria-pressed", !!chosen && chosen.l === l && chosen.n === n);
  }));
}

function show(prediction) {
  now = prediction;
  [...neurons, answers].forEach((layer, l) => layer.forEach((e, n) => {
    e.style.setProperty("--a", now.ink ? now.activations[l][n] : 0);
    if (l < 2) return;
    e.className = n === now.digit ? "best" : "";
    e.lastChild.textContent = now.ink ? now.activations[l][n].toFixed(2) : "–";
  }));
  $("digit").textContent = now.ink ? now.digit : "–";
  const a = now.ink && now.activations[2][now.digit], expected = truth;
  say($("verdict"), () => !now.ink ? t("nothing")
    : t(a < 0.5 ? "unsure" : "reads", { a: a.toFixed(2) }) + (expected === null ? "" : t("truth", { n: expected })));
  label();
  if (chosen) explain();
  redraw();
}

function choose(l, n) {
  chosen = { l, n };
  neurons[l].forEach((button, k) => { button.tabIndex = k === n ? 0 : -1; });
  label();
  explain();
  redraw();
}

// explain says what the chosen neuron looks for.
function explain() {
  const { l, n } = chosen;
  say($("who"), () => t("neuron", { l: l + 1, n: n + 1 }) + (now.ink ? t("activation", { a: now.activations[l][n].toFixed(2) }) : ""));
  if (!network) return;
  if (l === 0) return say($("what"), () => t("what0"));
  const [plus, minus] = extremes(n), names = list => list.map(k => k + 1).join(", ");
  say($("what"), () => t("what1", { p: names(plus), m: names(minus) }));
}

// extremes returns the neurons of the first layer with the largest and with the
// smallest weights to neuron n of the second layer.
function extremes(n) {
  const order = network.weights[0][n].map((w, k) => [w, k]).sort((a, b) => b[0] - a[0]).map(([, k]) => k);
  return [order.slice(0, 3), order.slice(-3).reverse()];
}

const hex = colour => [1, 3, 5].map(i => parseInt(colour.slice(i, i + 2), 16));
const unpack = base64 => Uint8Array.from(atob(base64), c => c.charCodeAt(0));

// weights draws the weights of a first-layer neuron into a canvas.
function weights(context, first, neuron, x, y) {
  const blank = hex(css("--blank")), tones = [hex(css("--minus")), hex(css("--plus"))];
  context.drawImage(picture(28, 28, i => {
    const w = (first[neuron * 784 + i] - 128) / 127, tone = tones[+(w > 0)];
    return [0, 1, 2].map(c => blank[c] + Math.min(1, Math.abs(w)) * (tone[c] - blank[c])).concat(255);
  }), x, y);
}

function drawLook() {
  const canvas = $("look"), context = canvas.getContext("2d");
  if (!chosen || !network) {
    canvas.width = canvas.height = 30;
    context.strokeStyle = css("--line");
    context.strokeRect(0.5, 0.5, 29, 29);
    return;
  }
  if (chosen.l === 0) {
    canvas.width = canvas.height = 30;
    context.fillStyle = css("--edge");
    context.fillRect(0, 0, 30, 30);
    return weights(context, network.first, chosen.n, 1, 1);
  }
  canvas.width = 94;
  canvas.height = 62;
  extremes(chosen.n).forEach((list, row) => list.forEach((k, column) => {
    context.fillStyle = css(row ? "--minus" : "--plus");
    context.fillRect(32 * column, 32 * row, 30, 30);
    weights(context, network.first, k, 32 * column + 1, 32 * row + 1);
  }));
}

function drawSeen() {
  const context = $("seen").getContext("2d"), blank = hex(css("--card")), text = hex(css("--text"));
  context.drawImage(picture(28, 28, i => {
    const v = (now.pixels[i] || 0) / 255;
    return [0, 1, 2].map(c => blank[c] + v * (text[c] - blank[c])).concat(255);
  }), 0, 0);
}

// fit gives a canvas the pixels of the screen and returns its context, in CSS
// pixels.
function fit(canvas) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return { context, width, height };
}

// drawConnections shows the strength of each connection, |weight·activation|,
// relative to the strongest of its layer; without a drawing, |weight| alone. Of
// the 784 connections to a first-layer neuron it shows the six strongest.
function drawConnections() {
  const { context } = fit($("connections"));
  if (!network) return;
  const origin = $("stage").getBoundingClientRect();
  const box = e => {
    const b = e.getBoundingClientRect();
    return { left: b.left - origin.left, top: b.top - origin.top, width: b.width, height: b.height, x: b.left - origin.left + b.width / 2, y: b.top - origin.top + b.height / 2 };
  };
  const columns = [...neurons, answers].map(layer => layer.map(e => box(e.matches("li") ? e.firstChild : e)));
  const seen = box($("seen")), above = seen.top + seen.height < columns[0][0].top;
  const pixel = i => above
    ? { x: seen.left + (i % 28 + 0.5) * seen.width / 28, y: seen.top + seen.height }
    : { x: seen.left + seen.width, y: seen.top + (Math.floor(i / 28) + 0.5) * seen.height / 28 };
  const layers = [[], [], []];
  if (now.ink) {
    columns[0].forEach((to, n) => {
      const carried = now.pixels.map((v, i) => [v * (network.first[n * 784 + i] - 128), i]).filter(([v]) => v);
      carried.sort((a, b) => Math.abs(b[0]) - Math.abs(a[0]));
      for (const [v, i] of carried.slice(0, 6)) layers[0].push({ from: pixel(i), to, v, n, k: i });
    });
  }
  network.weights.forEach((rows, l) => rows.forEach((row, n) => row.forEach((w, k) => {
    layers[l + 1].push({ from: columns[l][k], to: columns[l + 1][n], v: w * (now.ink ? now.activations[l][k] : 1), n, k });
  })));
  const tones = [css("--minus"), css("--plus")], dim = now.ink ? 1 : 0.35;
  layers.forEach((connections, l) => {
    const most = Math.max(1e-9, ...connections.map(w => Math.abs(w.v)));
    connections.sort((a, b) => Math.abs(a.v) - Math.abs(b.v));
    for (const w of connections) {
      const strength = Math.abs(w.v) / most;
      // only the connections of a chosen neuron are not dimmed
      const far = chosen && !(chosen.l === l && chosen.n === w.n || chosen.l === l - 1 && chosen.n === w.k);
      context.globalAlpha = dim * (0.04 + 0.86 * strength) * (far ? 0.2 : 1);
      context.lineWidth = 0.6 + 2 * strength;
      context.strokeStyle = tones[+(w.v > 0)];
      context.beginPath();
      context.moveTo(w.from.x, w.from.y);
      context.lineTo(w.to.x, w.to.y);
      context.stroke();
    }
  });
}

function redraw() {
  if ($("draw").hidden) {
    drawCurve();
    drawSheet();
  } else {
    drawSeen();
    drawLook();
    drawConnections();
  }
}
new ResizeObserver(redraw).observe($("stage"));
new ResizeObserver(redraw).observe($("curve"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

$("layer0").addEventListener("pointerleave", leave);
$("layer1").addEventListener("pointerleave", leave);
// leave shows all connections again, unless a neuron has the focus.
function leave() {
  if (document.activeElement.matches(".neuron")) return;
  chosen = null;
  said.delete($("who"));
  said.delete($("what"));
  speak();
  redraw();
}
for (const l of [0, 1]) $("layer" + l).addEventListener("focusout", e => { if (!e.relatedTarget || !e.relatedTarget.matches(".neuron")) setTimeout(leave); });

// ---- Training ----

let points = [], limit = 10, sheet = null, running = null, waiting = false;
const percent = x => (100 * x).toFixed(1) + " %";

$("recipe").addEventListener("submit", async e => {
  e.preventDefault();
  if (running) return;
  const control = running = new AbortController();
  const recipe = { rate: $("rate").valueAsNumber, batch: $("batch").valueAsNumber, epochs: $("epochs").valueAsNumber };
  points = [];
  limit = recipe.epochs;
  $("start").disabled = true;
  $("stop").disabled = false;
  if (document.activeElement === document.body || document.activeElement === $("start")) $("stop").focus();
  say($("status"), () => t("learning"));
  try {
    const answer = await fetch("/train", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(recipe), signal: control.signal });
    if (!answer.ok) throw new Error(await answer.text());
    let text = "", ended = false;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += value;
      const messages = text.split("\n\n");
      text = messages.pop();
      for (const message of messages) {
        const [, event, data] = message.match(/^event: (\w+)\ndata: (.*)$/);
        if (event === "progress") learned(JSON.parse(data));
        else ended = true;
        if (event === "failed") throw new Error(JSON.parse(data));
      }
    }
    if (!ended) throw new TypeError("the stream has ended early");
    const a = percent(points[points.length - 1].accuracy);
    say($("status"), () => t(recipe.epochs === 1 ? "doneOnce" : "done", { n: recipe.epochs, a }));
  } catch (e) {
    if (control.signal.aborted) say($("status"), () => t("stopped"));
    else trouble(e, $("status"));
  }
  running = null;
  const back = document.activeElement === $("stop");
  $("start").disabled = false;
  $("stop").disabled = true;
  if (back) $("start").focus();
});
$("stop").addEventListener("click", () => { if (running) running.abort(); });

function learned(progress) {
  points.push(progress);
  if (progress.neurons) sheet = unpack(progress.neurons);
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    const p = points[points.length - 1];
    $("bar").value = p.epoch / limit;
    $("at").textContent = p.epoch.toFixed(2);
    $("cost").textContent = p.cost.toFixed(3);
    $("accuracy").textContent = percent(p.accuracy);
    redraw();
  });
}

function drawCurve() {
  const { context, width, height } = fit($("curve"));
  const left = 54, right = width - 10, top = 10, bottom = height - 28;
  const x = epoch => left + (right - left) * epoch / limit, y = share => bottom - (bottom - top) * share;
  context.font = "13px system-ui, sans-serif";
  context.fillStyle = css("--soft");
  context.strokeStyle = css("--line");
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    context.fillText(100 * share + " %", left - 8, y(share));
    context.beginPath();
    context.moveTo(left, y(share));
    context.lineTo(right, y(share));
    context.stroke();
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  for (let epoch = 0; epoch <= limit; epoch += Math.max(1, Math.ceil(limit / 6))) context.fillText(epoch, x(epoch), bottom + 8);
  const most = Math.max(1e-9, ...points.map(p => p.cost));
  const curve = (share, tone, dash) => {
    context.strokeStyle = tone;
    context.lineWidth = 2;
    context.setLineDash(dash);
    context.beginPath();
    for (const p of points) context.lineTo(x(p.epoch), y(share(p)));
    context.stroke();
  };
  curve(p => p.cost / most, css("--soft"), [5, 4]);
  curve(p => p.accuracy, css("--accent"), []);
}

function drawSheet() {
  const canvas = $("sheet"), context = canvas.getContext("2d");
  context.fillStyle = css(sheet ? "--edge" : "--line");
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (let n = 0; n < 16; n++) {
    const column = 1 + n % 4 * 29, row = 1 + Math.floor(n / 4) * 29;
    if (sheet) weights(context, sheet, n, column, row);
    else {
      context.fillStyle = css("--blank");
      context.fillRect(column, row, 28, 28);
    }
  }
}

// ---- Beginning ----

speak();
show(now);
fetch("/network").then(answer => answer.json()).then(answer => {
  network = { first: unpack(answer.first), weights: answer.weights };
  const n = answer.examples.toLocaleString("en"), tests = answer.tests.toLocaleString("en");
  say($("data"), () => t("data" + answer.data, { n, t: tests }));
  redraw();
}).catch(e => trouble(e, $("verdict")));
