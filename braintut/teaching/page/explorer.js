// An explorer of MRI slices that lives in the page: no kernel, no framework, no other file.
//
// `explore(element, about, planes)` fills an element; what `about` and `planes` hold, braintut/teaching/stack.py says.
// The default export makes the same file a notebook's widget (anywidget).
//
// A mask is a Uint8Array of 0 and 1, row by row. Probabilities come in hundredths, as steps of the threshold's slider:
// so "level >= 37" is Python's "probability >= 0.37", and the page's Dice is Python's Dice.

const TRUE = "#56B4E9", PREDICTED = "#E69F00", DRAWN = "#F0E442"; // Okabe-Ito; told apart by their dashes, too
const LEAST_AREA = 10; // mm²; the network's piece is not shown if it is smaller (braintut/segmentation/mask.py)
const FEWEST = 3; // corners of an outline
const QUIET = 1200; // ms between two spoken sentences
const NAMES = { look: "Look", draw: "Draw it yourself", learn: "Watch it learn" };
const HELP = {
  look: "Drag across the picture to move through the slices. Keys on the picture: left and right change the slice, up and down the threshold, space plays, plus and minus zoom; shift and an arrow move what the zoom shows.",
  draw: "Go around the tumour with mouse or finger, or click corner by corner; then press Compare. Keys on the picture: the arrows move a cross (with shift by one pixel), Enter sets a corner, Backspace takes it back, C compares. Or type the corners.",
  learn: "A network is trained, and after each epoch it is asked about this head, which it never learns from. Keys on the picture: left and right change the epoch, up and down the threshold, space plays.",
};

// ---------------------------------------------------------------- what is measured

/** Unpack what Python packed: one picture for each entry of `about.pictures`. */
async function readPictures(about, planes) {
  const packed = new Blob([planes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  for (let i = 1; i < bytes.length; i++) bytes[i] += bytes[i - 1]; // a Uint8Array counts modulo 256
  let at = 0;
  return about.pictures.map((entry) => {
    const take = () => bytes.subarray(at, (at += entry.width * entry.height));
    const image = take(), truth = take();
    return { ...entry, image, truth, levels: entry.moments.map(take) };
  });
}

/** The pixels whose probability reaches a threshold in hundredths. */
function maskAt(levels, threshold) {
  const mask = new Uint8Array(levels.length);
  for (let i = 0; i < mask.length; i++) if (levels[i] >= threshold) mask[i] = 1;
  return mask;
}

/** Only the largest piece of a mask, or nothing if it is too small. Pixels that share a side belong together. */
function largestPiece(mask, width, least) {
  const left = mask.slice(), stack = [];
  let largest = [];
  for (let start = 0; start < left.length; start++) {
    if (!left[start]) continue;
    const piece = [];
    const visit = (pixel) => { if (left[pixel]) { left[pixel] = 0; stack.push(pixel); } };
    visit(start);
    while (stack.length) {
      const pixel = stack.pop(), column = pixel % width;
      piece.push(pixel);
      if (column > 0) visit(pixel - 1);
      if (column < width - 1) visit(pixel + 1);
      visit(pixel - width); // outside of the array nothing is 1
      visit(pixel + width);
    }
    if (piece.length > largest.length) largest = piece;
  }
  const only = new Uint8Array(mask.length);
  if (largest.length >= least) for (const pixel of largest) only[pixel] = 1;
  return only;
}

const count = (mask) => mask.reduce((sum, one) => sum + one, 0);

/** Twice the common area over the sum of both; 1 where both are empty. */
function dice(a, b) {
  let common = 0, sum = 0;
  for (let i = 0; i < a.length; i++) { common += a[i] & b[i]; sum += a[i] + b[i]; }
  return sum ? (2 * common) / sum : 1;
}

/** The mask inside a line through points [across, down]; pixel centres on the line are inside, as in scikit-image. */
function fillPolygon(points, width, height) {
  const mask = new Uint8Array(width * height);
  if (points.length < FEWEST) return mask;
  const fill = (row, from, to) => {
    if (row < 0 || row >= height) return;
    const first = Math.max(Math.ceil(from - 1e-9), 0), last = Math.min(Math.floor(to + 1e-9), width - 1);
    for (let column = first; column <= last; column++) mask[row * width + column] = 1;
  };
  const sides = points.map((point, i) => [point, points[(i + 1) % points.length]]);
  for (let row = 0; row < height; row++) {
    const crossings = [];
    for (const [[x1, y1], [x2, y2]] of sides) {
      if (y1 <= row !== y2 <= row) crossings.push(x1 + ((row - y1) * (x2 - x1)) / (y2 - y1));
      if (y1 === row) fill(row, x1, x1); // a corner, which the rule above may leave out
      if (y1 === row && y2 === row) fill(row, Math.min(x1, x2), Math.max(x1, x2));
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) fill(row, crossings[i], crossings[i + 1]);
  }
  return mask;
}

/** Read typed points: "60 40, 72 41". Gives the points, or a sentence on what is wrong. */
function parsePoints(text, width, height) {
  const points = [];
  for (const part of text.split(/[,;\n]/).map((piece) => piece.trim()).filter(Boolean)) {
    const point = part.split(/\s+/).map(Number);
    if (point.length !== 2 || point.some(Number.isNaN)) {
      return { points: [], slip: `“${part}” is no point; write two numbers for each, for example 60 40, 72 41, 70 55.` };
    }
    if (!(point[0] >= -0.5 && point[0] <= width - 0.5 && point[1] >= -0.5 && point[1] <= height - 0.5)) {
      return { points: [], slip: `The point ${part} lies outside the picture, which is ${width} wide and ${height} high.` };
    }
    points.push(point);
  }
  return { points, slip: points.length < FEWEST ? `${points.length} of at least ${FEWEST} points.` : "" };
}

/** Dice of each moment of a film at every threshold, from counts: quick enough to be drawn anew while you drag. */
function learningCurves(film) {
  const whole = count(film.truth);
  return film.levels.map((levels) => {
    const inside = new Uint32Array(102), all = new Uint32Array(102);
    for (let i = 0; i < levels.length; i++) { all[levels[i]]++; inside[levels[i]] += film.truth[i]; }
    for (let level = 99; level >= 0; level--) { all[level] += all[level + 1]; inside[level] += inside[level + 1]; }
    return Array.from(all, (area, level) => (area + whole ? (2 * inside[level]) / (area + whole) : 1));
  });
}

// ---------------------------------------------------------------- what is drawn

/** Lines around a mask. Each side between a pixel of it and one outside is walked once, from middle to middle. */
function outline(mask, width, height) {
  const next = new Map(); // corner -> corners that a side leads to, the mask on its right
  const side = (from, to) => { const ends = next.get(from); if (ends) ends.push(to); else next.set(from, [to]); };
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (!mask[i]) continue;
      const a = y * (width + 1) + x, b = a + 1, d = a + width + 1, c = d + 1; // corners, clockwise
      if (y === 0 || !mask[i - width]) side(a, b);
      if (x === width - 1 || !mask[i + 1]) side(b, c);
      if (y === height - 1 || !mask[i + width]) side(c, d);
      if (x === 0 || !mask[i - 1]) side(d, a);
    }
  }
  const path = new Path2D();
  const place = (corner) => [corner % (width + 1), Math.floor(corner / (width + 1))];
  for (let corner of next.keys()) {
    let begun = false;
    while (next.has(corner)) {
      const ends = next.get(corner), end = ends.pop();
      if (!ends.length) next.delete(corner);
      const [x1, y1] = place(corner), [x2, y2] = place(end);
      if (begun) path.lineTo((x1 + x2) / 2, (y1 + y2) / 2); else path.moveTo((x1 + x2) / 2, (y1 + y2) / 2);
      begun = true;
      corner = end;
    }
    if (begun) path.closePath();
  }
  return path;
}

function middleOf(mask, width) {
  let left = Infinity, top = Infinity, right = -1, bottom = -1;
  mask.forEach((one, i) => {
    if (!one) return;
    const x = i % width, y = Math.floor(i / width);
    left = Math.min(left, x); right = Math.max(right, x + 1); top = Math.min(top, y); bottom = Math.max(bottom, y + 1);
  });
  return right < 0 ? null : { x: (left + right) / 2, y: (top + bottom) / 2 };
}

/** Where a mask lies, for those who do not see it. */
function placeInWords(mask, width, height) {
  const middle = middleOf(mask, width);
  if (!middle) return "";
  const row = ["upper", "middle", "lower"][Math.min(Math.floor((3 * middle.y) / height), 2)];
  const column = ["left", "middle", "right"][Math.min(Math.floor((3 * middle.x) / width), 2)];
  return row === column ? "middle" : `${row} ${column}`;
}

const CSS = `
.bt { --line: color-mix(in srgb, currentColor 45%, transparent); color: var(--jp-content-font-color1, inherit);
  font: inherit; line-height: 1.4; max-width: 64rem; }
.bt *, .bt { box-sizing: border-box; }
.bt [hidden] { display: none !important; }
.bt fieldset { border: 0; margin: 0 0 .75rem; padding: 0; min-width: 0; display: flex; flex-wrap: wrap; gap: .5rem; }
.bt legend { padding: 0; font-weight: 600; }
.bt-main { display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; align-items: flex-start; }
.bt-view { flex: 1 1 20rem; max-width: 32rem; min-width: 0; }
.bt-side { flex: 1 1 18rem; min-width: 0; }
.bt canvas { display: block; width: 100%; aspect-ratio: 1; background: #000; touch-action: pan-y; cursor: ew-resize; }
.bt canvas.bt-pen { touch-action: none; cursor: crosshair; }
.bt p, .bt ul { margin: .4rem 0; padding: 0; }
.bt-said { min-height: 4.2em; }
.bt-key { list-style: none; display: flex; flex-wrap: wrap; gap: 0 1rem; }
.bt-key li::before { content: ""; display: inline-block; width: 1.8em; margin-right: .4em; vertical-align: .25em;
  border-top: 3px var(--dash) var(--paint); background: #222; }
.bt-row { display: grid; grid-template-columns: 6.5rem 1fr 4.5rem; align-items: center; gap: 0 .5rem; margin: .2rem 0; }
.bt-row select { grid-column: 2 / 4; }
.bt output { font-variant-numeric: tabular-nums; text-align: right; }
.bt input[type=range] { width: 100%; min-width: 0; margin: 0; height: 1.75rem; accent-color: ${PREDICTED}; cursor: pointer; }
.bt button, .bt select, .bt textarea, .bt-choice { font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: .35rem; padding: .3rem .7rem; min-height: 2.25rem; max-width: 100%; }
.bt button, .bt-choice, .bt summary { cursor: pointer; }
.bt option { color: CanvasText; background: Canvas; }
.bt textarea { width: 100%; min-height: 4rem; }
.bt-choice { display: inline-flex; align-items: center; gap: .4rem; }
.bt-choice:has(:checked), .bt button[aria-pressed=true] { background: color-mix(in srgb, currentColor 16%, transparent);
  border-color: currentColor; }
.bt-buttons { display: flex; flex-wrap: wrap; gap: .5rem; margin: .4rem 0; }
.bt summary { padding: .3rem 0; }
.bt :focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
.bt table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: inherit; }
.bt th, .bt td { text-align: left; font-weight: 400; padding: .2rem .5rem .2rem 0; border-bottom: 1px solid var(--line);
  background: none; }
.bt td { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bt-curve { width: 100%; height: 5rem; display: block; color: inherit; }
.bt-unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (pointer: coarse), (max-width: 40rem) { /* what a finger hits */
  .bt button, .bt select, .bt-choice, .bt summary { min-height: 44px; }
  .bt input[type=range] { height: 44px; }
  .bt summary { padding: .6rem 0; }
}`;

let made = 0; // explorers in this page, so that each has ids of its own

/** The page's parts, without anything in them yet. `data-in` names the tasks that a part belongs to. */
function parts(id) {
  const row = (name, label, min, max, where, step = 1) => `<div class="bt-row" data-in="${where}">
    <label for="${id}${name}">${label}</label>
    <input type="range" id="${id}${name}" data-name="${name}" min="${min}" max="${max}" step="${step}">
    <output for="${id}${name}" data-name="${name}Shown"></output></div>`;
  const select = (name, label, where) => `<div class="bt-row" data-in="${where}"><label for="${id}${name}">${label}</label>
    <select id="${id}${name}" data-name="${name}"></select></div>`;
  const tick = (name, label, on) => `<label class="bt-choice"><input type="checkbox" data-name="${name}"${on}> ${label}</label>`;
  return `<style>${CSS}</style>
  <fieldset><legend class="bt-unseen">What to do</legend>${Object.entries(NAMES).map(([task, name]) =>
    `<label class="bt-choice"><input type="radio" name="${id}task" value="${task}"> ${name}</label>`).join("")}</fieldset>
  <div class="bt-main"><div class="bt-view">
    <canvas tabindex="0" role="application" aria-roledescription="picture with keys" aria-describedby="${id}help"></canvas>
    <p class="bt-said" data-name="said"></p><p class="bt-unseen" role="status" data-name="spoken"></p>
    <ul class="bt-key"><li data-name="keyTrue" style="--paint:${TRUE};--dash:solid">true outline</li>
      <li data-name="keyPredicted" style="--paint:${PREDICTED};--dash:dashed">network’s outline</li>
      <li data-name="keyDrawn" style="--paint:${DRAWN};--dash:dotted">yours</li></ul>
  </div><div class="bt-side">
    ${select("film", "Head", "learn")}${row("epoch", "Epoch", 1, 1, "learn")}${row("slice", "Slice", 1, 1, "look draw")}
    ${row("threshold", "Threshold", 1, 99, "look draw learn")}
    <div class="bt-buttons" data-in="look learn"><button type="button" data-name="play">Play</button></div>
    <div class="bt-buttons" data-in="draw"><button type="button" data-name="undo">Undo</button>
      <button type="button" data-name="again">Start again</button>
      <button type="button" data-name="compare" aria-pressed="false">Compare</button></div>
    <table><caption class="bt-unseen">Measured</caption><tbody data-name="numbers"></tbody></table>
    <div data-in="learn" data-name="curve" role="img"></div>
    <div class="bt-buttons" data-in="look learn">${tick("showTrue", "True outline", " checked")}
      ${tick("showPredicted", "Network’s outline", " checked")}${tick("showLevels", "Probabilities as colour", "")}</div>
    ${select("type", "Type", "look draw")}${select("patient", "Patient", "look draw")}
    ${row("zoom", "Zoom", 1, 8, "look draw learn", 0.5)}${row("black", "Black from", 0, 90, "look draw learn")}
    ${row("white", "White from", 10, 100, "look draw learn")}
    <details data-in="draw"><summary>Type the corners</summary>
      <label for="${id}points">Points: across and down, in pixels</label>
      <textarea id="${id}points" data-name="points" placeholder="60 40, 72 41, 70 55" spellcheck="false"></textarea></details>
    <details open><summary>How it works</summary><p id="${id}help" data-name="help"></p></details>
  </div></div>`;
}

// ---------------------------------------------------------------- the explorer

class Explorer {
  constructor(element, about, pictures) {
    const id = `bt${++made}-`;
    element.classList.add("bt");
    element.innerHTML = parts(id);
    this.element = element;
    this.about = about;
    this.canvas = element.querySelector("canvas");
    this.part = Object.fromEntries([...element.querySelectorAll("[data-name]")].map((one) => [one.dataset.name, one]));
    this.slices = pictures.filter((picture) => !picture.film);
    this.films = pictures.filter((picture) => picture.film);
    this.grey = document.createElement("canvas"); // the picture at its own size, in greys
    this.cross = null; // where the next corner would go
    this.centre = null; // the middle of what the zoom shows
    this.slowly = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.fill();
    this.watch();
    this.choose("look");
  }

  /** Give the controls their first values. */
  fill() {
    const { part } = this;
    const options = (select, texts) => select.replaceChildren(...texts.map((text) => new Option(text)));
    options(part.type, ["all types", ...new Set(this.slices.map((slice) => slice.type))]);
    options(part.film, this.films.map((film) => `${film.type}, patient ${film.patient}`));
    part.threshold.value = this.about.threshold;
    part.zoom.value = 1; part.black.value = 0; part.white.value = 100;
    for (const radio of this.element.querySelectorAll("[type=radio]")) {
      radio.parentElement.hidden = radio.value === "learn" && !this.films.length;
    }
    for (const name of ["showPredicted", "showLevels"]) part[name].parentElement.hidden = !this.about.network && !this.films.length;
    this.offerPatients();
  }

  offerPatients() {
    const { type, patient } = this.part;
    this.ofType = this.slices.filter((slice) => type.selectedIndex === 0 || slice.type === type.value);
    const names = [...new Set(this.ofType.map((slice) => slice.patient))];
    patient.replaceChildren(new Option("all patients", ""), ...names.map((name) => new Option(name)));
    this.offerSlices();
  }

  offerSlices() {
    const { patient, slice } = this.part;
    this.shown = this.ofType.filter((one) => !patient.value || one.patient === patient.value);
    slice.max = this.shown.length;
    slice.value = 1;
    slice.disabled = this.shown.length === 1;
    this.startAgain();
  }

  watch() {
    const { part, canvas } = this;
    const on = (name, act, event = "input") => part[name].addEventListener(event, act);
    for (const radio of this.element.querySelectorAll("[type=radio]")) {
      radio.addEventListener("change", () => this.choose(radio.value));
    }
    on("type", () => this.offerPatients());
    on("patient", () => this.offerSlices());
    on("slice", () => this.startAgain());
    on("film", () => { part.epoch.value = 1; this.show(); });
    for (const name of ["epoch", "threshold", "points", "showTrue", "showPredicted", "showLevels"]) on(name, () => this.show());
    on("zoom", () => this.zoomTo(Number(part.zoom.value)));
    on("black", () => { part.white.value = Math.max(part.white.value, Number(part.black.value) + 10); this.show(); });
    on("white", () => { part.black.value = Math.min(part.black.value, Number(part.white.value) - 10); this.show(); });
    on("play", () => this.play(!this.playing), "click");
    on("undo", () => this.undo(), "click");
    on("again", () => this.startAgain(), "click");
    on("compare", () => this.compare(), "click");
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { this.held = null; });
    this.resized = new ResizeObserver(() => this.fit());
    this.resized.observe(canvas);
  }

  /** Stop all that goes on by itself. */
  leave() {
    this.play(false);
    clearTimeout(this.timer);
    this.resized.disconnect();
  }

  choose(task) {
    this.task = task;
    this.play(false);
    for (const radio of this.element.querySelectorAll("[type=radio]")) radio.checked = radio.value === task;
    for (const one of this.element.querySelectorAll("[data-in]")) one.hidden = !one.dataset.in.split(" ").includes(task);
    if (!this.about.network && task !== "learn") this.part.threshold.parentElement.hidden = true;
    this.canvas.classList.toggle("bt-pen", task === "draw");
    this.part.help.textContent = HELP[task];
    this.part.zoom.value = 1;
    this.centre = null;
    this.startAgain();
  }

  // ------------------------------------------------------------ moving

  startAgain() {
    this.part.points.value = "";
    this.part.compare.setAttribute("aria-pressed", "false");
    this.cross = null;
    this.begun = []; // how many corners there were before each stroke of the pen
    this.show();
  }

  /** Take back the last stroke, or the last corner. */
  undo() {
    const before = this.begun.pop();
    this.edit((points) => points.slice(0, before < points.length ? before : -1));
  }

  edit(change) {
    const { points } = this.drawn();
    this.part.points.value = change(points).map((point) => point.map((at) => Math.round(at * 10) / 10).join(" ")).join(", ");
    this.show();
  }

  drawn() {
    return parsePoints(this.part.points.value, this.picture.width, this.picture.height);
  }

  compare() {
    const on = this.part.compare.getAttribute("aria-pressed") === "false" && !this.drawn().slip;
    this.part.compare.setAttribute("aria-pressed", String(on));
    this.show();
  }

  /** The slider that is played, and that the arrow keys move. */
  get moving() {
    return this.task === "learn" ? this.part.epoch : this.part.slice;
  }

  move(slider, steps) {
    const before = slider.value;
    slider.value = Number(before) + steps * Number(slider.step);
    if (slider.value !== before) slider.dispatchEvent(new Event("input"));
  }

  play(on) {
    clearInterval(this.playing);
    this.playing = null;
    this.part.play.textContent = on ? "Pause" : "Play";
    if (!on) return;
    if (this.moving.value === this.moving.max) this.moving.value = 0;
    const pace = this.slowly ? 1500 : this.task === "learn" ? 500 : 300;
    this.playing = setInterval(() => {
      this.move(this.moving, 1);
      if (this.moving.value === this.moving.max) this.play(false);
    }, pace);
  }

  zoomTo(zoom) {
    const { width, height, truth } = this.picture;
    // Towards the tumour, but never where that would give the answer away.
    if (!this.centre) this.centre = (this.task === "draw" ? this.cross : middleOf(truth, width)) || { x: width / 2, y: height / 2 };
    if (zoom === 1) this.centre = null;
    this.show();
  }

  /** The part of the picture that is shown: left, top and side, in its pixels. */
  box() {
    const { width, height } = this.picture, whole = Math.max(width, height);
    const side = whole / Number(this.part.zoom.value), centre = this.centre || { x: width / 2, y: height / 2 };
    const into = (at, size) => (side >= size ? (size - side) / 2 : Math.min(Math.max(at - side / 2, 0), size - side));
    return { left: into(centre.x, width), top: into(centre.y, height), side };
  }

  pan(across, down) {
    const { left, top, side } = this.box();
    this.centre = { x: left + side / 2 + across, y: top + side / 2 + down };
    this.show();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const { part, task } = this;
    const acts = { "+": () => this.move(part.zoom, 1), "=": () => this.move(part.zoom, 1), "-": () => this.move(part.zoom, -1) };
    if (task === "draw") {
      acts.Enter = () => this.edit((points) => [...points, this.crossNow()]);
      acts.Backspace = () => this.undo();
      acts.c = acts.C = () => this.compare();
    } else acts[" "] = () => this.play(!this.playing);
    let act = acts[event.key];
    if (arrow && task === "draw") act = () => this.moveCross(arrow, event.shiftKey ? 1 : 4);
    else if (arrow && event.shiftKey) act = () => this.pan(arrow[0] * this.box().side / 8, arrow[1] * this.box().side / 8);
    else if (arrow) act = () => (arrow[0] ? this.move(this.moving, arrow[0]) : this.move(part.threshold, -arrow[1]));
    if (!act) return;
    event.preventDefault();
    act();
  }

  crossNow() {
    const { left, top, side } = this.box();
    this.cross ||= { x: Math.round(left + side / 2), y: Math.round(top + side / 2) };
    return [this.cross.x, this.cross.y];
  }

  moveCross([across, down], step) {
    const [x, y] = this.crossNow(), { width, height, image } = this.picture;
    const into = (at, size) => Math.round(Math.min(Math.max(at, 0), size - 1));
    this.cross = { x: into(x + across * step, width), y: into(y + down * step, height) };
    this.show();
    const grey = image[this.cross.y * width + this.cross.x] / 255;
    this.speak(`Across ${this.cross.x}, down ${this.cross.y}: grey ${grey.toFixed(2)}.`);
  }

  /** Where in the picture a pointer is; the middle of the first pixel is at 0, 0. */
  under(event) {
    const frame = this.canvas.getBoundingClientRect(), { left, top, side } = this.box();
    return [left + ((event.clientX - frame.left) / frame.width) * side - 0.5,
      top + ((event.clientY - frame.top) / frame.height) * side - 0.5];
  }

  press(event) {
    if (event.button || !event.isPrimary) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.held = { x: event.clientX, y: event.clientY, value: Number(this.moving.value), ...this.box() };
    if (this.task !== "draw") return;
    this.cross = null;
    this.begun.push(this.drawn().points.length);
    this.pen(event);
  }

  drag(event) {
    if (!this.held || !event.isPrimary) return;
    if (this.task === "draw") return this.pen(event);
    const frame = this.canvas.clientWidth, across = event.clientX - this.held.x, down = event.clientY - this.held.y;
    if (this.centre) { // zoomed in: the picture goes with the pointer
      const { left, top, side } = this.held;
      this.centre = { x: left + side / 2 - (across / frame) * side, y: top + side / 2 - (down / frame) * side };
      return this.show();
    }
    const steps = Math.round((across / frame) * Math.max(Number(this.moving.max) - 1, 4));
    this.move(this.moving, this.held.value + steps - Number(this.moving.value));
  }

  /** Draw with mouse or finger: each place that is a pixel or more from the one before becomes a corner. */
  pen(event) {
    const { width, height } = this.picture, { points } = this.drawn();
    const into = (at, size) => Math.min(Math.max(at, -0.5), size - 0.5);
    const [x, y] = this.under(event).map((at, axis) => into(at, axis ? height : width));
    const last = points.at(-1);
    if (!last || Math.hypot(x - last[0], y - last[1]) >= 1) this.edit((before) => [...before, [x, y]]);
  }

  // ------------------------------------------------------------ showing

  get picture() {
    return this.task === "learn" ? this.films[this.part.film.selectedIndex] : this.shown[this.part.slice.value - 1];
  }

  /** Everything anew: some milliseconds, so nothing has to be remembered. */
  show() {
    if (!this.task) return;
    const { part, picture } = this, threshold = Number(part.threshold.value);
    if (this.task === "learn") part.epoch.max = picture.levels.length;
    const levels = picture.levels[this.task === "learn" ? part.epoch.value - 1 : 0];
    let predicted = levels ? maskAt(levels, threshold) : null;
    if (predicted && !picture.film) predicted = largestPiece(predicted, picture.width, LEAST_AREA / picture.pixel_mm ** 2);
    const seen = { threshold, levels, predicted };
    if (this.task === "draw") {
      Object.assign(seen, this.drawn());
      seen.mask = fillPolygon(seen.points, picture.width, picture.height);
      if (seen.slip) part.compare.setAttribute("aria-pressed", "false");
      seen.compared = part.compare.getAttribute("aria-pressed") === "true";
    }
    this.seen = seen;
    this.draw();
    this.tell();
  }

  fit() {
    const side = Math.round(this.canvas.clientWidth * Math.min(devicePixelRatio || 1, 3));
    if (!side || side === this.canvas.width) return;
    this.canvas.width = this.canvas.height = side;
    this.draw();
  }

  draw() {
    const { seen, picture, canvas, task, part } = this;
    const context = canvas.getContext("2d"), { left, top, side } = this.box(), scale = canvas.width / side;
    this.paintGrey(part.showLevels.checked && task !== "draw" ? seen.levels : null);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
    context.imageSmoothingEnabled = false; // enlarged, pixels are seen as they are
    context.drawImage(this.grey, 0, 0);
    const pixel = canvas.width / (canvas.clientWidth || canvas.width) / scale; // one of the screen's, in the picture's
    const line = (path, colour, dash) => {
      context.setLineDash([]);
      context.lineWidth = 4.4 * pixel; context.strokeStyle = "rgb(0 0 0 / 45%)"; context.stroke(path);
      context.setLineDash(dash.map((length) => length * pixel));
      context.lineWidth = 2.2 * pixel; context.strokeStyle = colour; context.stroke(path);
    };
    const around = (mask) => outline(mask, picture.width, picture.height);
    const isOpen = task !== "draw" || seen.compared;
    const isTrue = isOpen && (task === "draw" || part.showTrue.checked);
    const isPredicted = isOpen && seen.predicted && (task === "draw" || part.showPredicted.checked);
    if (isTrue) line(around(picture.truth), TRUE, []);
    if (isPredicted) line(around(seen.predicted), PREDICTED, [9, 6]);
    if (seen.points?.length) {
      const path = new Path2D();
      for (const [x, y] of seen.points) path.lineTo(x + 0.5, y + 0.5);
      path.closePath();
      line(path, DRAWN, [2.5, 4]);
      context.fillStyle = DRAWN;
      if (seen.points.length < 30) for (const [x, y] of seen.points) context.fillRect(x + 0.5 - 2 * pixel, y + 0.5 - 2 * pixel, 4 * pixel, 4 * pixel);
    }
    if (task === "draw" && this.cross) {
      const path = new Path2D(), x = this.cross.x + 0.5, y = this.cross.y + 0.5;
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        path.moveTo(x + 4 * dx * pixel, y + 4 * dy * pixel); path.lineTo(x + 14 * dx * pixel, y + 14 * dy * pixel);
      }
      line(path, DRAWN, []);
    }
    part.keyTrue.hidden = !isTrue; part.keyPredicted.hidden = !isPredicted; part.keyDrawn.hidden = task !== "draw";
  }

  /** The picture in greys between black and white, and a tint where a network sees tumour. */
  paintGrey(levels) {
    const { image, width, height } = this.picture, black = this.part.black.value / 100, white = this.part.white.value / 100;
    const greys = Uint8ClampedArray.from({ length: 256 }, (_, level) => (255 * (level / 255 - black)) / (white - black));
    const pixels = new ImageData(width, height), colours = new Uint32Array(pixels.data.buffer); // a, b, g, r in a word
    for (let i = 0; i < colours.length; i++) {
      const grey = greys[image[i]];
      if (!levels || !levels[i]) { colours[i] = 0xff000000 | (grey * 0x010101); continue; }
      const share = levels[i] / 140, keep = 1 - share;
      colours[i] = 0xff000000 | ((grey * keep) << 16) | ((grey * keep + 159 * share) << 8) | (grey * keep + 230 * share);
    }
    this.grey.width = width; this.grey.height = height;
    this.grey.getContext("2d").putImageData(pixels, 0, 0);
  }

  /** The numbers, and a sentence on what is seen. */
  tell() {
    const { part, picture, seen, task, about } = this;
    const area = (mask) => [count(mask) * picture.pixel_mm ** 2, 0, " mm²"];
    const rows = [];
    let said = `Patient ${picture.patient}, slice ${picture.id}`;
    if (task === "draw") {
      rows.push(["Your area", ...area(seen.mask)]);
      said += `. ${seen.slip || `${seen.points.length} points around ${area(seen.mask)[0].toFixed(0)} mm².`}`;
      if (seen.compared) {
        rows.push(["Dice: you and the true outline", dice(picture.truth, seen.mask), 3, ""]);
        if (seen.predicted) {
          rows.push(["Dice: you and the network", dice(seen.predicted, seen.mask), 3, ""],
            ["Dice: the network and the true outline", dice(picture.truth, seen.predicted), 3, ""]);
        }
        said += ` Your Dice with the true outline is ${rows[1][1].toFixed(2)}`;
        said += seen.predicted ? `; the network’s is ${rows[3][1].toFixed(2)}.` : ".";
      } else if (!seen.slip) said += " Ready? Press Compare.";
    } else {
      const place = placeInWords(picture.truth, picture.width, picture.height);
      const trueArea = area(picture.truth);
      said += place ? `: ${picture.type}, ${trueArea[0].toFixed(0)} mm², in the ${place} of the picture` : ": no tumour";
      if (seen.predicted) {
        const value = dice(picture.truth, seen.predicted);
        rows.push(["Dice of the network", value, 3, ""], ["Network’s area", ...area(seen.predicted)]);
        if (task === "learn") said += `. After ${picture.moments[part.epoch.value - 1]}`;
        said += `${task === "learn" ? "," : "; at threshold " + (seen.threshold / 100).toFixed(2)} the network `;
        said += count(seen.predicted) ? `outlines ${rows[1][1].toFixed(0)} mm², Dice ${value.toFixed(2)}.` : `finds nothing, Dice ${value.toFixed(2)}.`;
      } else said += ".";
      rows.push(["True area", ...trueArea]);
    }
    if (picture.known && (task === "look" || seen.compared)) said += " The network has met this patient in training.";
    part.numbers.innerHTML = rows.map(([name, value, digits, unit]) =>
      `<tr><th scope="row">${name}</th><td><data value="${value}">${value.toFixed(digits)}</data>${unit}</td></tr>`).join("");
    if (task === "learn") this.drawCurve();
    this.showValues();
    part.said.textContent = said;
    this.canvas.setAttribute("aria-label", task === "draw" ? `Slice ${picture.id}, to draw on` : said);
    this.speak(said);
    part.undo.disabled = part.again.disabled = !seen.points?.length;
    part.compare.disabled = Boolean(seen.slip);
  }

  showValues() {
    const { part, shown, picture } = this;
    const say = (name, text, spoken = text) => {
      part[`${name}Shown`].textContent = text;
      part[name].setAttribute("aria-valuetext", spoken);
    };
    say("slice", `${part.slice.value} of ${shown.length}`, `${part.slice.value} of ${shown.length}, patient ${picture.patient}`);
    say("epoch", `${part.epoch.value} of ${part.epoch.max}`);
    say("zoom", `${part.zoom.value} ×`, `${part.zoom.value} times`);
    for (const name of ["threshold", "black", "white"]) say(name, (part[name].value / 100).toFixed(2));
  }

  /** Dice of each epoch at this threshold, as a line, with the epoch that is shown. */
  drawCurve() {
    const film = this.picture, now = this.part.epoch.value - 1;
    film.curves ||= learningCurves(film);
    const dices = film.curves.map((curve) => curve[this.seen.threshold]), last = dices.length - 1, best = Math.max(...dices);
    const at = (epoch) => [(6 + (288 * epoch) / Math.max(last, 1)).toFixed(1), (74 - 68 * dices[epoch]).toFixed(1)];
    const [x, y] = at(now);
    this.part.curve.setAttribute("aria-label", `Dice at threshold ${(this.seen.threshold / 100).toFixed(2)}: epoch 1 ${dices[0].toFixed(2)}, ` +
      `best ${best.toFixed(2)} at epoch ${dices.indexOf(best) + 1}, epoch ${last + 1} ${dices[last].toFixed(2)}`);
    this.part.curve.innerHTML = `<div>Dice, 0 to 1, at epoch 1 to ${last + 1}</div><svg class="bt-curve" viewBox="0 0 300 80" preserveAspectRatio="none">
      <path d="M6 6H294M6 74H294" stroke="currentColor" stroke-opacity=".4" vector-effect="non-scaling-stroke"/>
      <polyline points="${dices.map((_, epoch) => at(epoch)).join(" ")}" fill="none" stroke="currentColor" stroke-width="2" vector-effect="non-scaling-stroke"/>
      <path d="M${x} 2V78" stroke="${PREDICTED}" stroke-width="3" vector-effect="non-scaling-stroke"/>
      <path d="M${x} ${y}h0" stroke="currentColor" stroke-width="9" stroke-linecap="round" vector-effect="non-scaling-stroke"/></svg>`;
  }

  /** Let a screen reader say what is seen, not more often than it can. */
  speak(text) {
    this.toSay = text;
    this.timer ||= setTimeout(() => {
      this.timer = null;
      this.part.spoken.textContent = this.toSay;
    }, QUIET);
  }
}

/** Fill an element with an explorer of what `braintut.teaching.stack` packed. */
export async function explore(element, about, planes) {
  if (typeof DecompressionStream === "undefined") {
    element.textContent = "The explorer needs a browser of 2023 or later: Chrome, Edge, Firefox 113 or Safari 16.4.";
    return null;
  }
  return new Explorer(element, about, await readPictures(about, planes));
}

/** What anywidget calls: `model` holds what Python sent. */
async function render({ model, el }) {
  const explorer = await explore(el, model.get("about"), model.get("planes"));
  return () => explorer?.leave();
}

export default { render };
