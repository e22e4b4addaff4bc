"use strict";
// The page draws and asks. The core, a program in Go, computes what it shows. There is
// one state. Whatever happens changes it, and render draws all of it anew.

const $ = id => document.getElementById(id);
const all = selector => document.querySelectorAll(selector);
const on = (e, event, listener) => at(e).addEventListener(event, listener);
const at = e => typeof e === "string" ? $(e) : e;
const root = document.documentElement;

const state = {
  view: "draw", // or "learn"
  language: "en",
  drawing: [], // what lies on the paper: strokes [x, y, x, y, …] and digits { index, label, pixels }
  past: [], // earlier drawings, for Undo
  pen: { x: 140, y: 140, down: false }, // moved by the keyboard
  which: "shipped", // or "own": the network that reads
  switched: false, // to "own", by learning
  edits: { shipped: [], own: [] }, // [layer, neuron, input or −1 for the bias, value]
  chosen: null, // [layer, neuron]
  held: null, // { neuron, drawing }: explained while its edits and this drawing last
  input: null, // whose weight to the neuron the slider changes
  network: null, // what the core answers to "network", for the network that reads
  data: null, // to "data"
  answer: null, // to "read"
  progress: null, // to "fresh", "load" and "step": the state of the own network
  runs: [], // curves of points [steps, training accuracy, test accuracy, training cost, test cost], the last one growing
  running: false,
  edited: null, // accuracy with the edits and without
  digits: {}, // of the test set, by index
  forgotten: false, // the core no longer has the own network
  gone: false, // the core does not answer
  failed: null, // [text, values]: what it complained about
};

// change is the only way to a new state.
function change(values) {
  Object.assign(state, values);
  if (!planned) requestAnimationFrame(render);
  planned = true;
}
let planned = false;

const which = () => state.view === "learn" && state.progress ? "own" : state.which;
const edits = () => state.edits[which()];

// explained returns the neuron that the panel explains: without a choice the one
// that gives the answer.
function explained() {
  if (state.chosen) return state.chosen;
  if (state.held?.drawing === state.drawing) return state.held.neuron;
  if (state.view === "learn") return [0, 0];
  return state.answer?.digit >= 0 ? [2, state.answer.digit] : null;
}

// ---- Language ----

const texts = {
  en: {
    shipped: "shipped, {p} right on MNIST", mine: "my own", atStep: ", at step {n}", from: ", loaded from {f}", netOwn: "Your own reads it now: it has learned", mineNone: "my own (make it in Learn)",
    nothing: "Nothing drawn yet.", speck: "Only a speck: too little to read.",
    sure: "It is sure: output {a} of 1.", unsure: "Not sure: the strongest output is {a}. Hard to read, or no digit.",
    none: "Perhaps no digit: the strongest output is only {a}.", truth: " In the {s}test set it is {d}.", MNIST: "MNIST ", synthetic: "synthetic ", tooSure: " It can be as sure of a letter.",
    lines: "A stronger line is a larger weight × activation, within its layer. Each neuron shows the six largest of its 784 pixels.",
    linesNone: "Nothing is drawn: the lines show the weights alone.",
    neuron: "Layer {l}, neuron {n}", output: "Output {n}", activation: ": activation {a}", outputOf: "Output ", activationOf: ": activation ",
    who: "What does a neuron look for?", whoNone: "Draw a digit, or choose a neuron.",
    why: "Why {n} and not {m}?", whyNot: "Why not {n}, but {m}?",
    what0: "It looks for ink where its weights are red, and for none where they are blue. ",
    what1: "With this drawing, neurons {p} of layer 1 raise it most and {m} lower it most. ",
    what1None: "Its largest weights are from neurons {p} of layer 1, the most negative from {m}. ",
    added: "Its bias of {b} is added to the sum: the activation is below 0.5 until the products reach {c}.",
    what2: "z is {z} for {n} and {y} for {m}. In the right column, red speaks for {n} and blue for {m}. Most for {n}: {k}. Most against it: {j}.",
    byNeuron: "neuron {n} ({v})", byBias: "the bias ({v})",
    headInput: "× activation", headFor: "for {n}", headMore: "{n} minus {m}",
    rowBias: "bias", rowSum: "sum z", weights: "weights", inputs: "× drawing", products: "= products", gradient: "gradient", gradientNone: "gradient: after a step",
    pixel: "Weight of pixel {x}, {y}", weightOf: "Weight of neuron {n}", term: "{name}: {w}", times: ", times {i} is {p}",
    whose: "In the network that learns, with the paper of Draw: ", accuracyEdited: "With your changes it reads {p} (before: {q}) of {n} {s}test digits.", change1: "Slide a weight or the bias and watch the answers.",
    learnsFrom: "The network learns from {n} {s}digits and is tested on others that it never sees.",
    getServer: " Code draws them. For real handwriting, MNIST: end this program, run “go run ./examples/mnist” once, start it again.",
    getStatic: " Code draws them. For real handwriting, put the four .gz files of MNIST beside this page.",
    run: "Run", pause: "Pause", speeds: ["1 step a second", "5 steps a second", "50 steps a second", "500 steps a second", "as fast as it can"],
    knowsNothing: "A fresh network knows nothing: its weights are random.", learning: "It is learning.", paused: "Paused at step {n}. It reads {p} of the {s}test digits correctly.",
    loaded: "Loaded: {f}", noFile: "This is no network file for this page: {e}", replace: "Give up your network of {n} steps?", forgotten: "The program no longer has your network. Begin a new one.", failed: "It failed: {e}",
    goneServer: "The program does not answer. Is it still running? The page keeps asking.", goneStatic: "The page’s program does not start: draw.wasm is missing, or the browser has no WebAssembly.",
    testing: "{n} {s}test digits", training: "{n} training digits",
    stepNone: "Press One step. The network reads a mini-batch of digits. The cost says how wrong it is. The gradient says how the cost changes with each of the 13,002 weights and biases.",
    stepText: "Step {n}: it read {m} digits. Their mean cost was {c}. Each weight and bias moved by −{r} × its gradient, so that the cost falls: now it is {d}. Below: each digit, and its reading before → after.",
    stepBias: " {name}: its bias moved by {b}, its weights by at most {w}: down where the gradient is red, up where it is blue.",
    confusionText: "{k} of {n} test digits are misread. Rows are digits, columns what they are read as.", read: "{d}, read as {e}",
    quality: "The shipped network reads {p} of MNIST’s {n} test digits correctly. An output of 0.8 or more counts as sure: so are 93.0\u00a0% of its answers, and 98.9\u00a0% of these are right. It knows ten digits and nothing else, so it can be sure of what is no digit: draw a letter.",
  },
  zh: {
    title: "13,002 个数，认出一个数字", views: "视图", draw: "书写", learn: "学习",
    canvas: "书写数字的画布", hint: "写一个 0 到 9 的数字", undo: "撤销", clear: "清除", testDigit: "测试数字",
    hands: "用鼠标、触笔或手指书写。", keys: "也可以用键盘：方向键移动笔，按住空格键落笔，Shift 键走小步。",
    net: "用哪个网络识别", shipped: "自带的，MNIST 正确率 {p}", mine: "我的网络", atStep: "，第 {n} 步", from: "，来自 {f}", netOwn: "现在由你的网络识别：它刚学习过", mineNone: "我的网络（在“学习”中建立）",
    nothing: "还没有写任何东西。", speck: "只有一个小点：墨迹太少，无法辨认。",
    sure: "它很有把握：输出为 {a}（最大为 1）。", unsure: "没有把握：最强的输出是 {a}。也许是难认的数字，也许不是数字。",
    none: "也许不是数字：最强的输出也只有 {a}。", truth: "在{s}测试集中它是 {d}。", MNIST: " MNIST ", synthetic: "合成", tooSure: "对字母，它也可能这样有把握。",
    seen28: "网络看到的：28×28 像素",
    layer0: "第一隐藏层，16 个神经元", layer1: "第二隐藏层，16 个神经元", answers: "十个回答",
    plus: "使神经元增强", minus: "使它减弱",
    lines: "连接画得越浓，权重 × 激活值就越大（与同层最大者相比）。每个神经元的 784 个像素中只画最大的六个。",
    linesNone: "还没有写任何东西：连接只表示权重。",
    neuron: "第 {l} 层，第 {n} 个神经元", output: "输出 {n}", activation: "：激活值 {a}", outputOf: "输出 ", activationOf: "：激活值 ",
    who: "神经元在寻找什么？", whoNone: "写一个数字，或选择一个神经元。",
    why: "为什么是 {n} 而不是 {m}？", whyNot: "为什么不是 {n}，而是 {m}？", unchoose: "关闭",
    what0: "红色的地方它希望有墨迹，蓝色的地方它希望没有。",
    what1: "对这个图像，第一层中神经元 {p} 使它增强最多，{m} 使它减弱最多。",
    what1None: "最大的权重来自第一层的神经元 {p}（正）和 {m}（负）。",
    added: "偏置 {b} 加在总和上：乘积之和达到 {c} 之前，激活值小于 0.5。",
    what2: "{n} 的 z 是 {z}，{m} 的是 {y}。右列中红色支持 {n}，蓝色支持 {m}。最支持 {n} 的：{k}；最反对的：{j}。",
    byNeuron: "神经元 {n}（{v}）", byBias: "偏置（{v}）",
    weights: "权重", inputs: "× 图像", products: "= 乘积", gradient: "梯度", gradientNone: "梯度：走一步后", inputKeys: "权重：用方向键选择一个",
    headInput: "× 激活值", headFor: "支持 {n}", headMore: "{n} 减 {m}",
    rowBias: "偏置", rowSum: "总和 z", sum: "乘积之和 Σ", sumBias: "+ 偏置", sumA: "激活值 σ(z)",
    bias: "偏置", reset: "恢复", pixel: "像素 {x}, {y} 的权重", weightOf: "神经元 {n} 的权重", term: "{name}：{w}", times: "，乘以 {i} 得 {p}",
    whose: "正在学习的网络，画布取自“书写”：", accuracyEdited: "改动之后：{n} 个{s}测试数字中正确 {p}（改动之前 {q}）。", change1: "拖动权重或偏置，观察回答的变化。",
    learnsFrom: "网络从 {n} 个{s}数字中学习，并用它从未见过的数字来测试。",
    getServer: "它们由程序画出。想用真实的手写数字（MNIST）：结束本程序，运行一次“go run ./examples/mnist”，再重新启动。",
    getStatic: "它们由程序画出。想用真实的手写数字，请把 MNIST 的四个 .gz 文件放在本页旁边。",
    speed: "速度", rate: "学习率", batch: "小批量的样本数", steps: "步", epoch: "轮", accuracy: "准确率", fresh: "新的网络", try: "写给它认", load: "打开文件", save: "下载",
    run: "运行", pause: "暂停", step: "走一步", speeds: ["每秒 1 步", "每秒 5 步", "每秒 50 步", "每秒 500 步", "全速"],
    knowsNothing: "全新的网络什么也不知道：它的权重是随机的。", learning: "正在学习。", paused: "在第 {n} 步暂停，认对了{s}测试数字的 {p}。",
    loaded: "已打开：{f}", noFile: "这不是本页可用的网络文件：{e}", replace: "放弃现在的网络（已学习 {n} 步）？", forgotten: "程序里已经没有你的网络了，请重新开始。", failed: "失败：{e}",
    goneServer: "程序没有回应。它还在运行吗？页面会继续询问。", goneStatic: "本页的程序无法启动：缺少 draw.wasm，或者浏览器不支持 WebAssembly。",
    accuracyLong: "准确率（横轴为步数）", costLong: "每个样本的代价（横轴为步数）", testing: "{n} 个{s}测试数字", training: "{n} 个训练数字", past: "以前的训练",
    stepTitle: "学习的一步",
    stepNone: "按“走一步”。网络认一个小批量的数字；代价表示错得多严重；梯度表示代价如何随 13,002 个权重和偏置中的每一个变化。",
    stepText: "第 {n} 步：它认了 {m} 个数字，平均代价为 {c}。每个权重和偏置都改变 −{r} × 自己的梯度，使代价下降：现在是 {d}。下面是每个数字，以及之前 → 之后的回答。",
    stepBias: "{name}：偏置移动了 {b}，权重最多移动了 {w}，梯度为红色处减小，为蓝色处增大。",
    sheet: "第一层的 16 个神经元在寻找什么", confusion: "它把什么认作什么", misread: "认错的数字", misreadText: "最多显示 24 个。点击一个，把它放到画布上。",
    confusionText: "{n} 个测试数字中认错了 {k} 个。行是数字，列是回答。", read: "{d}，认作 {e}",
    quality: "自带的网络在 MNIST 的 {n} 个测试数字中认对 {p}。输出达到 0.8 算有把握：其中 93.0\u00a0% 的数字如此，而这些回答中 98.9\u00a0% 是对的。它只认识十个数字：对不是数字的东西，它也可能很有把握。写一个字母试试。",
    readme: "这个库，以及它所依据的文章", moreLearning: "网络怎样学习", code: "本页的代码",
  },
};
for (const e of all("[data-t]")) texts.en[e.dataset.t] = e.textContent;
for (const e of all("[data-label][aria-label]")) texts.en[e.dataset.label] = e.ariaLabel;

const zh = () => state.language === "zh";
const t = (key, values = {}) => texts[state.language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const percent = x => (100 * x).toFixed(1) + "\u00a0%";
const thousands = n => n.toLocaleString("en");
const number = (x, digits = 2) => x.toFixed(digits).replace(/^-(?=.*[1-9])/, "−").replace("-", "");
const kind = () => state.data ? t(state.data.name) : ""; // of the digits
const digitName = n => (zh() ? "" : n === 8 ? "an " : "a ") + n;
const neuronName = ([l, n]) => l === 2 ? t("output", { n }) : t("neuron", { l: l + 1, n: n + 1 });

const element = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);

// put and attribute change only what differs: a screen reader reads what is new.
function put(e, text) {
  if (at(e).textContent !== String(text)) at(e).textContent = text;
}
function attribute(e, name, value) {
  if (at(e).getAttribute(name) !== String(value)) at(e).setAttribute(name, value);
}

// isNew reports whether an element is to show other values than before.
const shown = new Map();
function isNew(element, ...values) {
  const before = shown.get(element) || [];
  shown.set(element, values);
  return values.some((v, i) => v !== before[i]);
}

// ---- What outlives a reload: view and neuron in the address, the rest stored ----

function keep(storage, key, value) {
  try { storage.setItem(key, JSON.stringify(value)); } catch { /* a browser may forbid it */ }
}
function kept(storage, key) {
  try { return JSON.parse(storage.getItem(key)); } catch { return null; }
}
const visitor = kept(sessionStorage, "visitor") || String(Math.random()).slice(2);
keep(sessionStorage, "visitor", visitor);

// address is #learn/1/5 for the fifth neuron of the first layer, seen in Learn.
function address() {
  if (!state.chosen) return "#" + state.view;
  const [l, n] = state.chosen;
  return "#" + [state.view, l + 1, l === 2 ? n : n + 1].join("/");
}
function goToAddress() {
  const [view, layer, n] = location.hash.slice(1).split("/"), l = layer - 1, i = l === 2 ? +n : n - 1;
  change({ view: view === "learn" ? "learn" : "draw", chosen: Number.isInteger(i) && i >= 0 && i < [16, 16, 10][l] ? [l, i] : null });
}
addEventListener("hashchange", goToAddress);

// ---- Asking ----

// send asks the core, which is the server of the page or, on a page of plain files,
// a Worker. It returns the status and the bytes of the answer.
const served = "server" in root.dataset, send = served ? sendToServer : sendToWorker, gone = served ? "goneServer" : "goneStatic";

async function sendToServer(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Visitor": visitor }, body });
  return [answer.status, new Uint8Array(await answer.arrayBuffer())];
}

let worker = null, last = 0;
const waiting = new Map();
function sendToWorker(path, body) {
  if (!worker) {
    worker = new Worker("worker.js");
    worker.onmessage = ({ data: [id, status, , answer] }) => {
      waiting.get(id).resolve([status, answer]);
      waiting.delete(id);
    };
    worker.onerror = () => {
      for (const w of waiting.values()) w.reject(new TypeError("the Worker has failed"));
      waiting.clear();
      worker = null;
    };
  }
  return new Promise((resolve, reject) => {
    const id = ++last;
    waiting.set(id, { resolve, reject });
    worker.postMessage([id, path, body]);
  });
}

// ask returns the answer to a question: an object for an object, and bytes from
// "save". It notes what goes wrong, and throws it.
async function ask(path, question) {
  try {
    const [status, bytes] = await send(path, question instanceof Uint8Array ? question : JSON.stringify(question));
    if (state.gone) change({ gone: false });
    if (status === 200) return path === "save" ? bytes : JSON.parse(new TextDecoder().decode(bytes));
    if (status === 410) change({ which: "shipped", progress: null, forgotten: true });
    throw new Error(status === 410 ? "" : new TextDecoder().decode(bytes).trim());
  } catch (e) {
    change({ running: false, failed: e.message && [path === "load" ? "noFile" : "failed", { e: e.message }] });
    if (e instanceof TypeError) {
      asked = []; // so that read asks until the core is back
      change({ gone: true, network: null, failed: null });
    }
    throw e;
  }
}

const bytesOf = base64 => Uint8Array.from(atob(base64), c => c.charCodeAt(0));
const numbersOf = base64 => new Float64Array(bytesOf(base64).buffer);
const base64Of = bytes => btoa(String.fromCharCode(...bytes));

// read keeps the answer up to date: one question at a time, about the newest state.
let asked = [], reading = false;
const question = () => [state.drawing, which(), edits(), which() === "own" && state.progress, String(explained())];
const upToDate = () => question().every((q, i) => q === asked[i]);
async function read() {
  if (reading || upToDate()) return;
  reading = true;
  const before = asked;
  asked = question();
  const body = { network: which(), edits: edits(), pixels: base64Of(paperPixels()), neuron: explained() };
  try {
    if (!state.network || before.slice(1, 4).some((b, i) => b !== asked[i + 1])) {
      change({ network: await ask("network", { network: body.network, edits: body.edits }) });
    }
    change({ answer: decoded(await ask("read", body)), failed: null });
    if (!state.data) change({ data: await ask("data", {}) });
  } catch {
    change({ answer: null });
    await new Promise(done => setTimeout(done, 1000));
    asked = [];
  }
  reading = false;
  change({});
}

function decoded(answer) {
  if (answer.pixels) answer.pixels = bytesOf(answer.pixels);
  const n = answer.neuron;
  for (const key of n ? ["weights", "inputs", "products"] : []) n[key] = n[key] && numbersOf(n[key]);
  return answer;
}

// judge measures how well the network does with the edits.
let judging = false;
async function judge() {
  const about = edits(), network = which();
  if (judging || !about.length || state.edited?.about === about) return;
  judging = true;
  try {
    const [now, before] = await Promise.all([about, []].map(edits => ask("evaluate", { network, edits })));
    change({ edited: { about, network, p: percent(accuracyOf(now)), q: percent(accuracyOf(before)), n: thousands(now.test.count) } });
  } catch {
    change({ edited: { about } });
  }
  judging = false;
}

// fetchDigits gets the pictures of the misread digits, once each.
let fetching = false;
async function fetchDigits() {
  const missing = misread().map(m => m[0]).filter(i => !(i in state.digits));
  if (fetching || state.gone || state.view !== "learn" || !missing.length) return;
  fetching = true;
  try { await digitsOf(missing); } catch { /* asked again with the next step */ }
  fetching = false;
}
const misread = () => state.progress ? state.progress.evaluation.test.misread.slice(0, 24) : [];
async function digitsOf(indices) {
  const digits = { ...state.digits };
  for (const d of await ask("digits", { indices })) digits[d.index] = d;
  change({ digits });
}

// ---- Drawing ----

const side = 280, sent = 56, ink = $("ink"), paper = ink.getContext("2d", { willReadFrequently: true });
const small = element("canvas", { width: sent, height: sent }).getContext("2d", { willReadFrequently: true });

// draw replaces the drawing by another, so that Undo can bring it back.
function draw(drawing) {
  change({ drawing, past: [...state.past.slice(-49), state.drawing] });
  store();
}
const store = () => keep(localStorage, "drawing", state.drawing);
function undo() {
  if (!state.past.length) return;
  pointer = null;
  change({ drawing: state.past.at(-1), past: state.past.slice(0, -1) });
  store();
}

// extend adds a point to the last stroke.
function extend({ x, y }) {
  if (!Array.isArray(state.drawing.at(-1))) return begin({ x, y });
  const stroke = [...state.drawing.at(-1), Math.round(10 * x) / 10, Math.round(10 * y) / 10];
  change({ drawing: [...state.drawing.slice(0, -1), stroke] });
}
const begin = ({ x, y }) => draw([...state.drawing, [x, y]]);

let pointer = null;
const place = e => {
  const box = ink.getBoundingClientRect();
  return { x: (e.clientX - box.left) * side / box.width, y: (e.clientY - box.top) * side / box.height };
};
on(ink, "pointerdown", e => {
  if (pointer !== null || e.button !== 0) return;
  pointer = e.pointerId;
  ink.setPointerCapture(pointer);
  begin(place(e));
});
on(ink, "pointermove", e => {
  if (e.pointerId !== pointer) return;
  if (e.buttons === 0) return lift(e); // lifted where the page could not see it
  const between = e.getCoalescedEvents?.() ?? [];
  for (const move of between.length ? between : [e]) extend(place(move));
});
function lift(e) {
  if (e.pointerId !== pointer) return;
  pointer = null;
  store();
  change({});
}
// On the window, as the capture may get lost during a stroke.
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, lift);

const held = new Set();
on(ink, "keydown", e => {
  if ((e.ctrlKey || e.metaKey) && e.key === "z") return undo();
  const arrow = e.key.startsWith("Arrow");
  if (!arrow && e.key !== " " || e.ctrlKey || e.metaKey || e.altKey) return;
  e.preventDefault();
  const step = e.shiftKey ? 2 : 8, fresh = !held.has(e.key);
  held.add(e.key);
  const way = (more, less) => arrow ? step * (held.has(more) - held.has(less)) : 0, within = v => Math.min(side, Math.max(0, v));
  const pen = { x: within(state.pen.x + way("ArrowRight", "ArrowLeft")), y: within(state.pen.y + way("ArrowDown", "ArrowUp")), down: held.has(" ") };
  if (pen.down && !arrow && fresh) begin(pen);
  if (pen.down && arrow) extend(pen);
  change({ pen });
});
function release(e) {
  if (e.type === "blur") held.clear();
  held.delete(e.key);
  change({ pen: { ...state.pen, down: held.has(" ") } });
  store();
}
on(ink, "keyup", release);
on(ink, "blur", release);

on("undo", "click", undo);
on("clear", "click", () => draw([]));
on("random", "click", async () => {
  const before = state.drawing;
  try {
    if (!state.data) change({ data: await ask("data", {}) });
    const i = Math.floor(Math.random() * state.data.tests);
    if (!(i in state.digits)) await digitsOf([i]);
    if (state.drawing === before) draw([state.digits[i]]); // who draws meanwhile keeps the stroke
  } catch { /* ask has noted it */ }
});

// lone returns the digit of the test set on the paper, if there is nothing else.
const lone = () => state.drawing.length === 1 && !Array.isArray(state.drawing[0]) ? state.drawing[0] : null;

// paperPixels returns what the core is to read: 255 is ink.
function paperPixels() {
  if (lone()) return bytesOf(lone().pixels);
  paintPaper();
  small.clearRect(0, 0, sent, sent);
  small.drawImage(ink, 0, 0, sent, sent); // enough to read it, and a fraction of the work
  const rgba = small.getImageData(0, 0, sent, sent).data;
  return Uint8Array.from({ length: sent * sent }, (_, i) => rgba[4 * i + 3]);
}

function paintPaper() {
  if (!isNew(ink, state.drawing, palette)) return;
  paper.clearRect(0, 0, side, side);
  paper.lineWidth = 20;
  paper.lineCap = paper.lineJoin = "round";
  paper.strokeStyle = palette.text.css;
  for (const thing of state.drawing) {
    if (!Array.isArray(thing)) {
      const pixels = bytesOf(thing.pixels);
      paper.drawImage(picture(i => [...palette.text.rgb, pixels[i]]), 0, 0, side, side);
      continue;
    }
    paper.beginPath();
    paper.moveTo(thing[0], thing[1]);
    for (let i = 2; i < thing.length; i += 2) paper.lineTo(thing[i], thing[i + 1]);
    paper.lineTo(thing.at(-2) + 0.01, thing.at(-1)); // a line of length 0 leaves no dot
    paper.stroke();
  }
}

// ---- Choosing, editing ----

function choose(chosen) {
  $("neuron").scrollTop = 0;
  change({ chosen, held: null, input: null });
}
const inputOf = ({ layer }) => state.input ?? (layer === 0 ? 14 * 28 + 14 : 0); // without a choice the pixel in the middle

// neuronButton makes a button that chooses a neuron. Each layer is one stop for Tab;
// the arrow keys move inside it, and from layer to layer where it is one column.
function neuronButton(parent, layers, l, n, columns) {
  const button = element("button", { type: "button", className: "neuron" });
  on(button, "click", () => choose(String(state.chosen) === String([l, n]) ? null : [l, n]));
  on(button, "keydown", e => {
    if (e.key === "Escape") choose(null);
    const by = { ArrowUp: -columns, ArrowDown: columns, ArrowLeft: -1, ArrowRight: 1 }[e.key], aside = columns === 1 && /Left|Right/.test(e.key);
    if (!by) return;
    e.preventDefault();
    const to = aside ? (l + by + layers.length) % layers.length : l, size = layers[to].length, k = aside ? Math.min(n, size - 1) : (n + by + size) % size;
    layers[to][k].focus();
    choose([to, k]);
  });
  parent.append(button);
  return button;
}

// edit sets a parameter of the explained neuron; input −1 is the bias.
function edit(input, value) {
  const { layer: l, neuron: n } = state.answer.neuron;
  const others = edits().filter(e => !(e[0] === l && e[1] === n && e[2] === input));
  change({ edits: { ...state.edits, [which()]: [...others, [l, n, input, value]] }, held: { neuron: [l, n], drawing: state.drawing }, running: false });
}
on("bias", "input", () => edit(-1, $("bias").valueAsNumber));
on("weight", "input", () => edit(inputOf(state.answer.neuron), $("weight").valueAsNumber));
for (const id of ["bias", "weight"]) { // a swipe that scrolls changes nothing
  let { edits } = state;
  on(id, "pointerdown", () => { edits = state.edits; });
  on(id, "pointercancel", () => change({ edits }));
}
on("reset", "click", () => change({ edits: { ...state.edits, [which()]: [] }, held: null, edited: null }));
on("unchoose", "click", () => choose(null));

// The weights of a neuron are a picture or the rows of a table: a click or the arrow
// keys choose one.
function selects(canvas, pick, moves) {
  on(canvas, "pointerdown", e => {
    const box = canvas.getBoundingClientRect(), input = pick((e.clientX - box.left) / box.width, (e.clientY - box.top) / box.height);
    if (input >= 0) change({ input });
  });
  on(canvas, "keydown", e => {
    const neuron = state.answer?.neuron;
    if (!neuron || !(e.key in moves)) return;
    e.preventDefault();
    const input = inputOf(neuron) + moves[e.key];
    if (input >= 0 && input < neuron.weights.length) change({ input });
  });
}
selects($("weights"), (x, y) => 28 * Math.min(27, Math.floor(28 * y)) + Math.min(27, Math.floor(28 * x)), { ArrowUp: -28, ArrowDown: 28, ArrowLeft: -1, ArrowRight: 1 });
selects($("terms"), (x, y) => { const row = Math.floor(rows * y) - 1; return row < 16 ? row : -1; }, { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1 });
const rows = 19; // of the table: a head, 16 terms, the bias, the sum

// ---- Learning ----

const speeds = [[1, 1000], [1, 200], [5, 100], [50, 100], [500, 0]]; // steps, and the pause after them in ms

// learn asks for a new state of the own network, after what has been asked before.
let learning = Promise.resolve();
const learn = (...what) => learning = learning.then(() => learnNow(...what));
async function learnNow(path, body, file) {
  try {
    const progress = await ask(path, body);
    const more = path === "step";
    Object.assign(progress, { rate: body.rate, size: body.batch, file: more ? state.progress.file : file });
    if (progress.gradient) progress.gradient.weights = numbersOf(progress.gradient.weights);
    const { training, test } = progress.evaluation;
    const point = [progress.steps, training.correct / training.count, test.correct / test.count, training.cost, test.cost];
    const runs = more ? state.runs.slice(0, -1) : state.runs.slice(-4).filter(run => run.length > 1), last = more ? state.runs.at(-1) : [];
    change({ progress, runs: [...runs, thinned([...last, point])], edits: { ...state.edits, own: [] }, forgotten: false, failed: null });
  } catch { /* ask has noted it */ }
}

// thinned halves a curve that has more points than the screen.
const thinned = run => run.length > 500 ? run.filter((_, i) => i % 2 === 0 || i === run.length - 1) : run;

const begun = () => learn("fresh", { seed: Math.floor(Math.random() * 2 ** 53) });
async function step(steps) {
  await beginning;
  if (!state.progress) await begun();
  if (!state.progress) return;
  const rate = $("rate").valueAsNumber, batch = $("batch").valueAsNumber;
  steps = Math.max(1, Math.min(steps, Math.floor(1e5 / batch)));
  await learn("step", { rate, batch, steps, cost: "quadratic", neuron: explained() });
}

let looping = false;
async function run() {
  if (looping) return;
  looping = true;
  while (state.running) {
    const [steps, pause] = speeds[$("speed").value];
    await Promise.all([step(steps), new Promise(done => setTimeout(done, pause))]);
  }
  looping = false;
}

const own = () => ({ which: "own", switched: state.switched || state.which !== "own" });
for (const button of all(".run")) {
  on(button, "click", () => {
    if (!state.running && !$("recipe").reportValidity()) return;
    change({ running: !state.running, ...own() });
    run();
  });
}
for (const button of all(".step")) {
  on(button, "click", () => {
    if (!$("recipe").reportValidity()) return;
    change({ running: false, ...own() });
    step(1);
  });
}
on("recipe", "submit", e => e.preventDefault());
const replaces = () => !state.progress?.steps || confirm(t("replace", { n: thousands(state.progress.steps) }));
on("fresh", "click", () => replaces() && begun());
on("try", "click", () => change({ view: "draw", which: "own" }));
on("load", "click", () => $("file").click());
on("file", "change", async () => {
  const file = $("file").files[0];
  if (file && replaces()) await learn("load", new Uint8Array(await file.arrayBuffer()), file.name);
  $("file").value = "";
});
on("save", "click", async () => {
  try {
    const bytes = await ask("save", { network: "own", edits: state.edits.own });
    const link = element("a", { href: URL.createObjectURL(new Blob([bytes])), download: "digits.safetensors" });
    link.click();
  } catch { /* ask has noted it */ }
});

addEventListener("pagehide", () => {
  const { progress, runs } = state;
  keep(sessionStorage, "own", progress && [{ steps: progress.steps, epoch: progress.epoch, file: progress.file }, runs]);
});

// resume finds the own network again after a reload.
async function resume() {
  const own = kept(sessionStorage, "own");
  if (!own) return;
  try {
    const { first, scale } = await ask("network", { network: "own" });
    const evaluation = await ask("evaluate", { network: "own" });
    change({ progress: { ...own[0], first, scale, evaluation }, runs: own[1] });
  } catch { /* ask has noted it */ }
}

// ---- Rendering ----

function render() {
  planned = false;
  palette ||= colours();
  if (state.view === "learn" && !state.progress && !state.forgotten && !state.gone && !state.failed && !beginning) beginFrom(begun());
  renderLanguage();
  renderViews();
  renderPaper();
  renderStage();
  renderPanel();
  if (state.view === "learn") renderLearning();
  announce();
  read();
  judge();
  fetchDigits();
}

// beginning is there while the own network is being made or found again.
let beginning = null;
function beginFrom(work) {
  beginning = work.finally(() => { beginning = null; change({}); });
}

// colours reads the theme of the style sheet, for the canvases.
let palette = null;
function colours() {
  const style = getComputedStyle(root), probe = element("canvas").getContext("2d", { willReadFrequently: true });
  const tones = { unit: parseFloat(style.fontSize) / 16 };
  for (const name of ["card", "line", "edge", "text", "soft", "accent", "plus", "minus", "blank"]) {
    const css = style.getPropertyValue("--" + name).trim();
    probe.fillStyle = css;
    probe.fillRect(0, 0, 1, 1);
    tones[name] = { css, rgb: [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)] };
  }
  return tones;
}
for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
  matchMedia(query).addEventListener("change", () => { palette = null; change({}); });
}

function renderLanguage() {
  if (!isNew(root, state.language)) return;
  root.lang = zh() ? "zh-CN" : "en";
  document.title = t("title");
  for (const e of all("[data-t]")) put(e, t(e.dataset.t));
  for (const e of all("[data-label]")) attribute(e, "aria-label", t(e.dataset.label));
  const [lang, text, label] = zh() ? ["en", "English", "English: change the language"] : ["zh", "中文", "中文：切换语言"];
  Object.assign($("language"), { lang, textContent: text, ariaLabel: label });
}
on("language", "click", () => {
  change({ language: zh() ? "en" : "zh" });
  keep(localStorage, "language", state.language);
});

const tabs = ["draw", "learn"];
function renderViews() {
  for (const name of tabs) {
    attribute("tab-" + name, "aria-selected", state.view === name);
    $("tab-" + name).tabIndex = state.view === name ? 0 : -1;
    $(name).hidden = state.view !== name;
  }
  if (isNew(document.body, state.view)) scrollTo(0, 0);
  if (location.hash !== address()) history.replaceState(null, "", address());
}
const go = view => change({ view, switched: state.switched && view === "draw" });
tabs.forEach((name, i) => {
  on("tab-" + name, "click", () => go(name));
  on("tab-" + name, "keydown", e => {
    if (e.key !== "ArrowLeft" && e.key !== "ArrowRight") return;
    $("tab-" + tabs[1 - i]).focus();
    go(tabs[1 - i]);
  });
});

function renderPaper() {
  paintPaper();
  $("hint").hidden = state.drawing.length > 0;
  $("pen").style.left = 100 * state.pen.x / side + "%";
  $("pen").style.top = 100 * state.pen.y / side + "%";
  $("pen").classList.toggle("down", state.pen.down);
  $("undo").disabled = !state.past.length;
  const { answer, network, progress } = state;
  put("digit", answer?.digit >= 0 ? answer.digit : "–");
  $("digit").className = !answer || answer.digit < 0 || answer.sure ? "" : "doubt";
  put("verdict", verdict());
  const { correct, count } = network?.shipped ?? {}, p = count ? percent(correct / count) : "…";
  put("shipped", t("shipped", { p }));
  put("quality", count ? t("quality", { p, n: thousands(count) }) : "");
  const { steps, file } = progress || {};
  put("mine", progress ? t("mine") + (file ? t("from", { f: file }) : "") + (steps || !file ? t("atStep", { n: thousands(steps) }) : "") : t(state.forgotten ? "forgotten" : "mineNone"));
  put("net", t(state.switched ? "netOwn" : "net"));
  $("net-" + state.which).checked = true;
  $("net-own").disabled = !progress;
  $("quick").hidden = state.which !== "own";
  for (const button of all(".run")) put(button, t(state.running ? "pause" : "run"));
}
for (const name of ["shipped", "own"]) on("net-" + name, "change", () => change({ which: name, switched: false, held: null }));

function verdict() {
  const { answer } = state;
  if (state.gone) return t(gone);
  if (state.failed) return t(...state.failed);
  if (!answer || !answer.ink) return t("nothing");
  if (answer.digit < 0) return t("speck");
  const text = t(answer.sure ? "sure" : answer.certainty >= 0.5 ? "unsure" : "none", { a: number(answer.certainty) });
  return text + (lone() ? t("truth", { s: kind(), d: digitName(lone().label) }) : answer.sure ? t("tooSure") : "");
}

// announce tells a screen reader what is new: after a second without news, and not
// during a stroke.
let spoken = "", speaking = 0;
function announce() {
  const text = pointer !== null || !state.gone && !upToDate() ? spoken : announcement();
  if (text === spoken) return;
  spoken = text;
  clearTimeout(speaking);
  speaking = setTimeout(() => put("live", spoken), 1000);
}
function announcement() {
  const { view, answer } = state;
  return view === "learn" ? status() : (answer?.digit >= 0 ? answer.digit + (zh() ? "。" : ". ") : "") + verdict();
}

// ---- The network ----

const layers = [[], [], []];
for (const l of [0, 1, 2]) {
  for (let n = 0; n < (l === 2 ? 10 : 16); n++) {
    const button = neuronButton($("layer" + l), layers, l, n, 1);
    button.append(element("span", { className: "disc" }));
    if (l === 2) buildAnswer(button, n);
    layers[l].push(button);
  }
}

// buildAnswer gives an output a bar and texts, which are its name too.
function buildAnswer(button, n) {
  for (const className of ["hidden", "name", "track", "hidden", "value"]) button.append(element("span", { className }));
  button.children[1].dataset.t = "outputOf";
  button.children[2].textContent = n;
  button.children[3].append(element("i"));
  button.children[4].dataset.t = "activationOf";
}

function renderStage() {
  const { answer } = state, activations = answer?.activations;
  attribute("stage", "aria-busy", !state.gone && !state.failed && (reading || !upToDate()));
  if (state.view !== "draw") return;
  layers.forEach((layer, l) => layer.forEach((button, n) => {
    const a = activations ? activations[l][n] : 0;
    button.style.setProperty("--a", a.toFixed(4));
    renderNeuron(button, l, n, activations ? t("activation", { a: number(a) }) : "");
    if (l < 2) return;
    button.classList.toggle("best", !!activations && n === answer.digit);
    put(button.lastChild, activations ? number(a) : "–");
  }));
  put("lines", state.gone ? "" : t(activations ? "lines" : "linesNone"));
  const { blank, text } = palette;
  paint($("seen"), i => mix(blank.rgb, text.rgb, answer?.pixels ? answer.pixels[i] / 255 : 0));
  drawConnections();
}

// renderNeuron gives a neuron's button its name, and says whether it is chosen.
function renderNeuron(button, l, n, more) {
  const chosen = String(state.chosen) === String([l, n]), stop = state.chosen && state.chosen[0] === l ? chosen : n === 0;
  attribute(button, "aria-pressed", chosen);
  if (l < 2) attribute(button, "aria-label", neuronName([l, n]) + more);
  attribute(button, "tabindex", stop ? 0 : -1);
}

const mix = (from, to, share) => [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1]), from[2] + share * (to[2] - from[2]), 255];

// paint gives each pixel of a canvas of 28×28 its colour.
function paint(canvas, colour) {
  const image = new ImageData(28, 28);
  canvas.width = canvas.height = 28;
  for (let i = 0; i < 784; i++) image.data.set(colour(i), 4 * i);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
const picture = colour => paint(element("canvas"), colour);

// paintSigned paints numbers red above 0 and blue below; the scale has full colour.
function paintSigned(canvas, values, scale) {
  const { blank, plus, minus } = palette;
  return paint(canvas, i => {
    const v = values ? values[i] / scale : 0;
    return mix(blank.rgb, v > 0 ? plus.rgb : minus.rgb, Math.min(1, Math.abs(v)));
  });
}
const largest = values => values.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-12);

// fit gives a canvas the pixels of the screen and returns its context, whose unit is
// a 16th of the text size, or so many CSS pixels.
function fit(canvas, unit = palette.unit) {
  const ratio = devicePixelRatio * unit, width = canvas.clientWidth / unit, height = canvas.clientHeight / unit, context = canvas.getContext("2d");
  if (isNew(canvas, width, height, ratio)) Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  Object.assign(context, { font: "12px system-ui, sans-serif", textBaseline: "middle" });
  return { context, width, height };
}

// where returns the places of the neurons and of the picture on the stage.
let places = null;
new ResizeObserver(() => { places = null; change({}); }).observe($("stage"));
function where() {
  const origin = $("stage").getBoundingClientRect();
  const box = e => {
    const b = e.getBoundingClientRect(), left = b.left - origin.left, top = b.top - origin.top;
    return { left, top, right: left + b.width, bottom: top + b.height, x: left + b.width / 2, y: top + b.height / 2 };
  };
  const columns = layers.map(layer => layer.map(button => box(button.firstChild))), seen = box($("seen"));
  const above = seen.bottom < columns[0][0].top; // on a narrow screen
  const pixel = i => above
    ? { x: seen.left + (i % 28 + 0.5) * (seen.right - seen.left) / 28, y: seen.bottom }
    : { x: seen.right, y: seen.top + (Math.floor(i / 28) + 0.5) * (seen.bottom - seen.top) / 28 };
  return { columns, pixel };
}

// drawConnections shows the connections, the strongest on top. Those that do not touch
// the chosen neuron are dim.
function drawConnections() {
  const { context } = fit($("connections"), 1), { answer, chosen } = state;
  if (!answer) return;
  places ||= where();
  const { columns, pixel } = places, dim = answer.activations ? 1 : 0.35;
  answer.connections.forEach((connections, l) => {
    const most = connections.length ? Math.abs(connections[0][2]) || 1 : 1;
    for (let i = connections.length - 1; i >= 0; i--) {
      const [k, n, v] = connections[i], strength = Math.abs(v) / most, from = l === 0 ? pixel(k) : columns[l - 1][k], to = columns[l][n];
      const far = chosen && !(chosen[0] === l && chosen[1] === n || chosen[0] === l - 1 && chosen[1] === k);
      context.globalAlpha = dim * (0.04 + 0.86 * strength) * (far ? 0.2 : 1);
      context.lineWidth = 0.6 + 2 * strength;
      context.strokeStyle = (v > 0 ? palette.plus : palette.minus).css;
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
      context.stroke();
    }
  });
}

// ---- The explained neuron ----

function renderPanel() {
  const neuron = state.answer?.neuron, first = neuron?.layer === 0;
  $("neuron").classList.toggle("pinned", !!state.chosen);
  $("unchoose").hidden = !state.chosen;
  $("reset").disabled = !edits().length;
  $("pictures").hidden = !first;
  $("terms").hidden = !neuron || first;
  for (const id of ["sum", "edit", "changes"]) $(id).hidden = !neuron;
  const about = explained();
  put("who", neuron ? title(neuron) : about ? neuronName(about) : t("who"));
  put("what", neuron ? (state.view === "learn" ? t("whose") : "") + meaning(neuron) : state.gone ? t(gone) : t("whoNone"));
  if (!neuron) return;
  if (first) renderPictures(neuron);
  else drawTerms(neuron);
  renderSum(neuron);
  renderEdit(neuron);
}

function title({ layer, neuron, rival }) {
  if (!rival) return neuronName([layer, neuron]);
  return t(rival.sum >= 0 ? "why" : "whyNot", { n: neuron, m: rival.neuron });
}

// meaning says in words what the neuron does.
function meaning({ layer, neuron, bias, weights, products, z, rival }) {
  const added = t("added", { b: number(bias), c: number(-bias) });
  if (layer === 0) return t("what0") + added;
  // names lists what has the largest values above 0, or with sign −1 below 0.
  const names = (terms, most, sign = 1) => terms.filter(([v]) => sign * v > 0).sort((a, b) => sign * (b[0] - a[0])).slice(0, most)
    .map(([, name]) => name).join(zh() ? "、" : ", ") || "–";
  if (layer === 1) {
    const terms = Array.from(products || weights, (v, k) => [v, k + 1]);
    return t(products ? "what1" : "what1None", { p: names(terms, 3), m: names(terms, 3, -1) }) + added;
  }
  if (!rival) return added;
  const terms = [...rival.terms.map((v, k) => [v, t("byNeuron", { n: k + 1, v: number(v, 1) })]), [rival.bias, t("byBias", { v: number(rival.bias, 1) })]];
  return t("what2", { n: neuron, m: rival.neuron, z: number(z), y: number(z - rival.sum), k: names(terms, 2), j: names(terms, 2, -1) });
}

// gradientOf returns the gradient of a neuron in the last step, if it is known.
function gradientOf({ layer, neuron }) {
  const g = which() === "own" && state.progress?.gradient;
  return g?.layer === layer && g.neuron === neuron ? g : null;
}

function renderPictures(neuron) {
  const { weights, inputs, products } = neuron, scale = state.network ? state.network.scale : largest(weights), g = gradientOf(neuron);
  const caption = (canvas, text, most) => put(canvas.nextElementSibling, text + "\n" + (most ? "±" + (most < 0.01 ? most.toPrecision(1) : number(most)) : ""));
  paintSigned($("weights"), weights, scale);
  caption($("weights"), t("weights"), scale);
  paint($("inputs"), i => mix(palette.blank.rgb, palette.text.rgb, inputs ? inputs[i] : 0));
  caption($("inputs"), t("inputs"));
  paintSigned($("products"), products, products ? largest(products) : 1);
  caption($("products"), t("products"), products && largest(products));
  $("gradient").parentElement.hidden = which() !== "own";
  paintSigned($("gradient"), g?.weights, g ? largest(g.weights) : 1);
  caption($("gradient"), t(g ? "gradient" : "gradientNone"), g && largest(g.weights));
  const input = inputOf(neuron);
  $("mark").style.left = 100 * (input % 28) / 28 + "%";
  $("mark").style.top = 100 * Math.floor(input / 28) / 28 + "%";
}

// drawTerms draws a table of bars: for each input its term, the bias, the sum. For
// an output it compares the answer with its rival.
function drawTerms(neuron) {
  const { context: c, width, height } = fit($("terms")), { weights, inputs, products, bias, z, rival } = neuron, h = height / rows, g = gradientOf(neuron);
  const columns = [];
  const add = (head, values, more) => columns.push({ head, values, ...more });
  if (rival) {
    const n = neuron.neuron, m = rival.neuron, mine = [...products, bias], more = [...rival.terms, rival.bias], others = mine.map((v, k) => v - more[k]);
    const most = largest([...mine, ...others, ...more]); // one scale for all three
    add(t("headFor", { n }), mine, { sum: z, most });
    add(t("headFor", { n: m }), others, { sum: z - rival.sum, most });
    add(t("headMore", { n, m }), more, { sum: rival.sum, most });
  } else {
    add(t("weights"), products ? [...weights] : [...weights, bias]);
    if (products) add(t("headInput"), [...inputs], { most: 1, unsigned: true });
    if (products) add(t("products"), [...products, bias], { sum: z });
  }
  if (g) add(t("gradient"), [...g.weights, g.bias], { digits: 4 });
  const names = 34, each = (width - names) / columns.length;
  c.strokeStyle = palette.edge.css;
  c.strokeRect(0.5, (inputOf(neuron) + 1) * h, width - 1, h);
  c.fillStyle = palette.line.css;
  c.fillRect(0, 17 * h, width, 1);
  c.fillRect(0, 18 * h, width, 1);
  c.fillStyle = palette.soft.css;
  c.textAlign = "left";
  for (let k = 0; k < 16; k++) c.fillText(k + 1, 4, (k + 1.5) * h);
  c.fillText(t("rowBias"), 4, 17.5 * h);
  if (products) c.fillText(t("rowSum"), 4, 18.5 * h);
  columns.forEach((one, i) => drawColumn(c, one, names + i * each, each, h));
}

function drawColumn(c, { head, values, sum, most = largest(values), unsigned, digits = 2 }, left, width, h) {
  const right = left + width - 2, text = digits > 2 ? 48 : 40, room = width - text - 8, zero = left + (unsigned ? 4 : 4 + room / 2), unit = room / (unsigned ? 1 : 2) / most;
  c.textAlign = "right";
  c.fillStyle = palette.soft.css;
  c.fillText(head, right, 0.5 * h);
  values.forEach((v, k) => {
    const y = (k + 1) * h;
    c.fillStyle = (unsigned ? palette.accent : v > 0 ? palette.plus : palette.minus).css;
    c.fillRect(zero, y + 3, v * unit, h - 6);
    c.fillStyle = palette.text.css;
    c.fillText(number(v, digits), right, y + h / 2);
  });
  c.fillStyle = palette.edge.css;
  c.fillRect(zero - 0.5, h, 1, values.length * h);
  c.fillStyle = palette.text.css;
  if (sum !== undefined) c.fillText(number(sum), right, 18.5 * h);
}

function renderSum({ bias, z, a }) {
  [z - bias, bias, z, a].forEach((v, i) => put($("sum").children[i].lastChild, isNaN(v) ? "–" : number(v, 3)));
  drawSigma(z, a);
}

// drawSigma draws σ from −8 to 8, and the neuron on it. A z beyond stands at the edge,
// with an arrow.
function drawSigma(z, a) {
  const { context: c, width, height } = fit($("sigma")), left = 8, right = width - 8, top = 12, bottom = height - 18;
  const x = v => left + (right - left) * (Math.max(-8, Math.min(8, v)) + 8) / 16, y = v => bottom - (bottom - top) * v;
  const line = (tone, wide, points) => {
    c.strokeStyle = tone;
    c.lineWidth = wide;
    c.beginPath();
    for (const [px, py] of points) c.lineTo(px, py);
    c.stroke();
  };
  for (const v of [0, 1]) line(palette.line.css, 1, [[left, y(v)], [right, y(v)]]);
  line(palette.line.css, 1, [[x(0), top], [x(0), bottom]]);
  line(palette.soft.css, 2, Array.from({ length: 65 }, (_, i) => [x(i / 4 - 8), y(1 / (1 + Math.exp(8 - i / 4)))]));
  c.fillStyle = palette.soft.css;
  c.textAlign = "center";
  for (const v of [-8, 0, 8]) c.fillText(number(v, 0), x(v) - v / 2, height - 8);
  c.textAlign = "left";
  c.fillText("1", left, y(1) - 6);
  if (z === undefined) return;
  line(palette.accent.css, 1, [[x(z), bottom], [x(z), y(a)]]);
  c.fillStyle = palette.accent.css;
  c.beginPath();
  c.arc(x(z), y(a), 5, 0, 7);
  c.fill();
  c.textAlign = z < 0 ? "left" : "right";
  if (Math.abs(z) > 8) c.fillText(z < 0 ? "← " + number(z, 1) : number(z, 1) + " →", x(z), y(a) + (z < 0 ? -24 : 24));
}

// renderEdit shows the parameters as edited, which the core may not have heard of.
function renderEdit({ layer, neuron, bias, weights, inputs, products }) {
  const input = inputOf({ layer });
  const now = (i, value) => edits().reduce((v, e) => e[0] === layer && e[1] === neuron && e[2] === i ? e[3] : v, value);
  const slide = (name, value, text) => {
    if (+$(name).value !== value) $(name).value = value;
    put(name + "Value", number(value));
    attribute(name, "aria-valuetext", number(value));
    if (text) put(name + "Name", text);
  };
  const name = layer === 0 ? t("pixel", { x: input % 28 + 1, y: Math.floor(input / 28) + 1 }) : t("weightOf", { n: input + 1 });
  slide("weight", now(input, weights[input]), name);
  slide("bias", now(-1, bias));
  const canvas = $(layer === 0 ? "weights" : "terms");
  attribute(canvas, "aria-valuemax", weights.length - 1);
  attribute(canvas, "aria-valuenow", input);
  attribute(canvas, "aria-valuetext", t("term", { name, w: number(weights[input]) })
    + (products ? t("times", { i: number(inputs[input]), p: number(products[input]) }) : ""));
  const { edited } = state;
  put("changes", edited?.p && edited.network === which() && edits().length ? t("accuracyEdited", { ...edited, s: kind() }) : t("change1"));
}

// ---- What learning shows ----

const sheet = [[]];
for (let n = 0; n < 16; n++) {
  const button = neuronButton($("sheet"), sheet, 0, n, 8);
  button.append(element("canvas"));
  sheet[0].push(button);
}

function status() {
  const { progress } = state;
  if (state.gone) return t(gone);
  if (state.failed) return t(...state.failed);
  if (state.running) return t("learning");
  if (state.forgotten) return t("forgotten");
  if (!progress?.steps) return progress?.file ? t("loaded", { f: progress.file }) : t("knowsNothing");
  return t("paused", { n: thousands(progress.steps), p: percent(accuracyOf(progress.evaluation)), s: kind() });
}
const accuracyOf = ({ test }) => test.correct / test.count;

function renderLearning() {
  const { progress, data } = state;
  put("data", data ? t("learnsFrom", { n: thousands(data.training), s: kind() }) + (data.name === "MNIST" ? "" : t(served ? "getServer" : "getStatic")) : "");
  put("status", status());
  put("steps", progress && (progress.steps || !progress.file) ? thousands(progress.steps) : "–");
  put("epoch", progress ? progress.epoch.toFixed(2) : "–");
  put("accuracy", progress ? percent(accuracyOf(progress.evaluation)) : "–");
  const speed = texts[state.language].speeds[$("speed").value];
  attribute("speed", "aria-valuetext", speed);
  put("speedValue", speed);
  for (const id of ["try", "save"]) $(id).disabled = !progress;
  renderCharts();
  renderStep();
  renderSheet();
  renderMistakes();
}
on("speed", "input", () => change({}));

function renderCharts() {
  const { progress, runs } = state, counts = progress?.evaluation;
  put("testing", t("testing", { n: counts ? thousands(counts.test.count) : "", s: kind() }));
  put("training", t("training", { n: counts ? thousands(counts.training.count) : "" }));
  const most = Math.max(...runs.flat().flatMap(p => [p[3], p[4]]), 0.1), top = [0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.6, 2, 3, 4, 6].find(v => v >= most) || most;
  drawChart($("accuracies"), 1, 1, v => 100 * v + " %");
  drawChart($("costs"), 3, top, v => +v.toFixed(3));
  const [, training = 0, test = 0, trainingCost = 0, testCost = 0] = runs.at(-1)?.at(-1) ?? [];
  const label = (chart, key, a, b) => attribute(chart, "aria-label", t(key) + (runs.length ? `: ${$("testing").textContent} ${a}, ${$("training").textContent} ${b}` : ""));
  label("accuracies", "accuracyLong", percent(test), percent(training));
  label("costs", "costLong", number(testCost, 3), number(trainingCost, 3));
}

// drawChart draws the training curve, which is at the index in the points, and the
// test curve, which follows it; the earlier test curves in grey.
function drawChart(canvas, index, top, name) {
  const { context: c, width, height } = fit(canvas), { runs } = state;
  const left = 46, right = width - 8, above = 10, bottom = height - 24;
  const reach = Math.max(10, ...runs.flat().map(p => p[0])), unit = 10 ** Math.floor(Math.log10(reach)), tick = unit * (reach / unit > 5 ? 2 : reach / unit > 2 ? 1 : 0.5);
  const x = v => left + (right - left) * v / reach, y = v => bottom - (bottom - above) * v / top;
  c.fillStyle = palette.soft.css;
  c.textAlign = "right";
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    c.fillText(name(share * top), left - 6, y(share * top));
    c.fillStyle = palette.line.css;
    c.fillRect(left, y(share * top), right - left, 1);
    c.fillStyle = palette.soft.css;
  }
  c.textAlign = "center";
  for (let v = 0; v <= reach * 1.001; v += tick) c.fillText(v >= 1e4 ? v / 1e3 + "k" : v, Math.min(x(v), right - 10), bottom + 14);
  const curve = (run, i, tone, wide, dash) => {
    c.strokeStyle = tone.css;
    c.lineWidth = wide;
    c.setLineDash(dash);
    c.beginPath();
    for (const p of run) c.lineTo(x(p[0]), y(p[i]));
    c.stroke();
  };
  for (const run of runs.slice(0, -1)) curve(run, index + 1, palette.edge, 1, []);
  if (runs.length) curve(runs.at(-1), index, palette.soft, 2, [5, 4]);
  if (runs.length) curve(runs.at(-1), index + 1, palette.accent, 2, []);
  c.setLineDash([]);
}

// renderStep says what the last step has changed.
function renderStep() {
  const { progress } = state, batch = progress?.batch;
  if (!batch) {
    put("stepText", t("stepNone"));
    $("batchShown").replaceChildren();
    return;
  }
  const { rate, gradient: g } = progress;
  let text = t("stepText", { n: thousands(progress.steps), m: progress.size, c: number(batch.costBefore, 4), r: rate, d: number(batch.costAfter, 4) });
  if (g) text += t("stepBias", { name: neuronName([g.layer, g.neuron]), b: number(-rate * g.bias, 5), w: number(rate * largest(g.weights), 5) });
  put("stepText", text);
  if (!isNew($("batchShown"), batch, palette, state.language)) return;
  const pixels = bytesOf(batch.pixels);
  $("batchShown").replaceChildren(...batch.labels.map((label, i) => {
    const [before, after] = [batch.before[i], batch.after[i]];
    const figure = thumb("span", pixels.subarray(784 * i, 784 * i + 784), label + ": " + before + "→" + after, t("read", { d: digitName(label), e: digitName(after) }));
    figure.role = "img";
    figure.classList.toggle("wrong", after !== label);
    return figure;
  }));
}
function thumb(tag, pixels, text, label) {
  const figure = element(tag, { className: "thumb", ariaLabel: text + ": " + label });
  figure.append(picture(i => mix(palette.blank.rgb, palette.text.rgb, pixels[i] / 255)), element("span", { textContent: text }));
  return figure;
}

function renderSheet() {
  sheet[0].forEach((button, n) => renderNeuron(button, 0, n, ""));
  if (!isNew($("sheet"), state.progress, palette)) return;
  const first = state.progress && bytesOf(state.progress.first);
  sheet[0].forEach((button, n) => paintSigned(button.firstChild, first && Array.from(first.subarray(784 * n, 784 * n + 784), b => b - 128), 127));
}

// The confusion matrix has a row for each digit and a column for each answer.
const cells = [];
function buildMatrix() {
  for (let i = -1; i < 10; i++) {
    const row = $("confusion").insertRow();
    for (let j = -1; j < 10; j++) {
      if (i < 0 === j < 0) row.append(element("td"));
      else row.append(element("th", { textContent: Math.max(i, j), scope: i < 0 ? "col" : "row" }));
      if (i >= 0 && j >= 0) cells.push(row.lastChild);
    }
  }
}
buildMatrix();

function renderMistakes() {
  const test = state.progress?.evaluation.test;
  put("confusionText", test ? t("confusionText", { k: test.count - test.correct, n: thousands(test.count) }) : "");
  cells.forEach((cell, i) => {
    const row = test ? test.confusion[Math.floor(i / 10)] : [], count = row[i % 10] || 0, sum = row.reduce((a, b) => a + b, 0);
    put(cell, count || "");
    cell.className = Math.floor(i / 10) === i % 10 ? "right" : "";
    cell.style.setProperty("--a", sum ? (count / sum).toFixed(3) : 0);
  });
  if (!isNew($("misread"), state.progress, state.digits, palette, state.language)) return;
  $("misread").replaceChildren(...misread().filter(m => m[0] in state.digits).map(([index, label, answer]) => {
    const digit = state.digits[index];
    const button = thumb("button", bytesOf(digit.pixels), label + " → " + answer, t("read", { d: digitName(label), e: digitName(answer) }));
    on(button, "click", () => {
      draw([digit]);
      change({ view: "draw", which: "own", chosen: null });
    });
    return button;
  }));
}

// ---- Beginning ----

state.language = kept(localStorage, "language") ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
state.drawing = kept(localStorage, "drawing") || [];
goToAddress();
beginFrom(resume());
for (const id of ["accuracies", "terms", "sigma"]) new ResizeObserver(() => change({})).observe($(id));
