// The augmentation explorer of helpers/widgets/explorer.py: what `Augment` does, computed in the browser.
//
// One script, used in two ways. In a page (`wake`) it is the explorer, which needs no kernel. As an
// anywidget (`initialize`) it takes the explorer's questions to the kernel, where a network is.
// The two find each other by events on the document, whichever comes first.

const FOUND = "face-explorer-link"; // the kernel's half is there, with what asks it
const AWAKE = "face-explorer-awake"; // the page's half is there
const PATIENCE = 10000; // milliseconds without an answer, after which the reader is told
const TRUTH = "rgb(64, 255, 96)"; // these two as in helpers/draw.py, where they stand side by side
const PREDICTION = "rgb(255, 128, 0)";
const BROKEN = 10; // per cent: the NME from which a face counts as a failure
const NEAR = 14; // pixels of the screen: from there a landmark is meant

const NO_NETWORK = "Where this notebook runs, a network can put its own points here.";
const ALONE = `${SILENT} Everything else here goes on without it.`;
const KEYS =
  "Arrows move the face, comma and full stop turn it, plus and minus scale it, Home resets.";

// ---- What `Augment` does --------------------------------------------------------------------

// The matrix from wide crop to canvas, two rows of three: `crop_matrix` for the middle of a crop.
export function matrixOf({ angle, scale, shift_x, shift_y, flip }, size, width) {
  const [zoom, turn] = [1 + scale, (angle * Math.PI) / 180];
  const [cos, sin, mirror] = [zoom * Math.cos(turn), zoom * Math.sin(turn), flip ? -1 : 1];
  const [a, b, d, e] = [mirror * cos, -sin, mirror * sin, cos];
  const [centre, middle] = [(width - 1) / 2, (size - 1) / 2];
  return [
    [a, b, middle + size * shift_x - (a + b) * centre],
    [d, e, middle + size * shift_y - (d + e) * centre],
  ];
}

export function invert([[a, b, c], [d, e, f]]) {
  const area = a * e - b * d;
  return [
    [e / area, -b / area, (b * f - c * e) / area],
    [-d / area, a / area, (c * d - a * f) / area],
  ];
}

export const move = ([x, y], [[a, b, c], [d, e, f]]) => [a * x + b * y + c, d * x + e * y + f];

// The canvas of a wide crop, size x size greys of 0 to 255; what lies outside the crop is black.
// Straight lines between neighbouring pixels (bilinear), as torch's grid_sample draws them.
export function paint(image, width, size, matrix, settings) {
  const [[a, b, c], [d, e, f]] = invert(matrix);
  const values = new Float64Array(size * size);
  const canvas = new Uint8ClampedArray(size * size); // rounds, and keeps to 0 to 255
  const at = (x, y) => (x < 0 || y < 0 || x >= width || y >= width ? 0 : image[y * width + x]);
  let sum = 0;
  for (let row = 0, k = 0; row < size; row++) {
    for (let column = 0; column < size; column++, k++) {
      const x = a * column + b * row + c;
      const y = d * column + e * row + f;
      const left = Math.floor(x);
      const top = Math.floor(y);
      const right = x - left;
      const down = y - top;
      const above = at(left, top) * (1 - right) + at(left + 1, top) * right;
      const below = at(left, top + 1) * (1 - right) + at(left + 1, top + 1) * right;
      values[k] = above * (1 - down) + below * down;
      sum += values[k];
    }
  }
  const mean = sum / values.length;
  const [stretch, raise] = [1 + settings.contrast, 255 * settings.brightness];
  for (let k = 0; k < values.length; k++) canvas[k] = (values[k] - mean) * stretch + mean + raise;
  const { left, top, right, bottom } = squareOf(settings, size);
  for (let row = top; row < bottom; row++) canvas.fill(128, row * size + left, row * size + right);
  return canvas;
}

// The erased square: its first pixels, and the first ones after its last.
export function squareOf({ erasing, erase_x, erase_y }, size) {
  const half = Math.max(erasing, 0) / 2;
  const edge = (at) => Math.min(size, Math.max(0, Math.ceil(size * at)));
  const [left, top] = [edge(erase_x - half), edge(erase_y - half)];
  return { left, top, right: edge(erase_x + half), bottom: edge(erase_y + half) };
}

// A face after `Augment.apply`: greys, landmarks and the matrix. What is called point k there was
// called point `from[k]`.
export function augment(face, settings, { size, width, partners }) {
  const matrix = matrixOf(settings, size, width);
  const from = partners.map((partner, k) => (settings.flip && !settings.wrong ? partner : k));
  const points = from.map((k) => move(face.landmarks[k], matrix));
  return { matrix, points, from, pixels: paint(face.image, width, size, matrix, settings) };
}

// Random settings, drawn as `Augment` draws them while a network is trained.
export function drawSettings({ ranges, chance, plain }, random = Math.random) {
  const settings = { ...plain };
  for (const [name, [low, high]] of Object.entries(ranges)) {
    settings[name] = low + (high - low) * random();
  }
  if (random() < 0.5) settings.erasing = 0; // half of the faces keep all
  settings.flip = random() < chance;
  return settings;
}

// The lines of Python that draw the same.
export function codeOf(index, settings, { size, plain }) {
  const given = ["angle", "scale", "shift_x", "shift_y", "brightness", "contrast", "erasing"]
    .filter((name) => settings[name] !== plain[name])
    .map((name) => `${name}=${settings[name]}`);
  if (settings.flip) given.push("flip=True");
  if (settings.erasing > 0) given.push(`erase_at=(${settings.erase_x}, ${settings.erase_y})`);
  const wrong = settings.wrong ? ", partners=range(68)" : "";
  return [
    "from helpers.augment import Augment",
    "",
    `image, landmarks = dataset[${index}]`,
    `augment = Augment(size=${size}${wrong})`,
    `settings = dict(${given.join(", ")})`,
    "images, points = augment.apply(image[None], landmarks[None], **settings)",
  ].join("\n");
}

// ---- The page ---------------------------------------------------------------------------------

function drawn(tag, attributes, parent, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  parent?.append(made);
  return made;
}

// Greys on a canvas, each pixel as it is.
function putPixels(canvas, pixels, side) {
  if (canvas.width !== side) canvas.width = canvas.height = side;
  const picture = new ImageData(side, side);
  for (let k = 0; k < pixels.length; k++) picture.data.fill(pixels[k], 4 * k, 4 * k + 3);
  for (let k = 3; k < picture.data.length; k += 4) picture.data[k] = 255;
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

// The greys of a PNG file, exactly.
async function readPixels(base64, width) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const plain = { colorSpaceConversion: "none" };
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }), plain);
  const canvas = element("canvas", { width, height: width });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  return context.getImageData(0, 0, width, width).data.filter((_, k) => k % 4 === 0);
}

// A number as it is read: with a true minus sign, and none before nothing.
const fixed = (value, digits = 1) =>
  value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1").replace("-", "−");

// Builds the explorer where its still picture stands; for each place in the page with that key.
export async function wake(key, data) {
  const places = document.querySelectorAll(`.face-explorer[data-key="${key}"]:not([data-awake])`);
  if (!places.length) return;
  for (const root of places) root.dataset.awake = "reading";
  for (const face of data.faces) face.image = await readPixels(face.png, data.width);
  for (const root of places) build(root, key, data);
}

function build(root, key, data) {
  const { size, width, sliders, ranges, plain, names, colours } = data;
  let settings = { ...plain, ...data.start };
  let at = 0; // which face
  let followed = 36; // the landmark that is followed, by its name in the original
  let result = null;
  let waiting = false; // whether a drawing is due
  let asking = null; // asks the kernel
  let underWay = false; // whether a question is
  let prediction = null; // the network's last answer, with its settings
  let trace = []; // angle and NME of the answers for this face
  let byKeys = []; // the settings that keys on the canvas changed last
  let walk = 0; // counts the walks through all angles, so that an older one ends

  root.replaceChildren();
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Augmentation explorer");
  becomeWidget(root);

  const button = (text, action, parent) => {
    const made = element("button", { type: "button", textContent: text }, parent);
    made.addEventListener("click", action);
    return made;
  };

  // Faces
  const faces = element("div", { className: "row" }, root);
  button("Previous face", () => turnTo(at - 1), faces);
  const which = element("span", { className: "figures" }, faces);
  button("Next face", () => turnTo(at + 1), faces);
  button("Random face", () => turnTo(at + 1 + Math.floor(Math.random() * (data.faces.length - 1))), faces);

  // Pictures
  const pictures = element("div", { className: "pictures" }, root);
  const picture = (caption) => {
    const figure = element("figure", {}, pictures);
    const box = element("div", { className: "picture" }, figure);
    const canvas = element("canvas", { width: size, height: size }, box);
    const dots = element("canvas", { className: "dots" }, box);
    dots.setAttribute("aria-hidden", "true");
    canvas.setAttribute("role", "img");
    element("figcaption", { innerHTML: caption }, figure);
    return { canvas, dots };
  };
  const original = picture("The original, as it is kept. The frame is what the canvas shows of it.");
  const stage = picture(`The canvas. <b>Drag the face</b>, or use keys: ${KEYS}`);
  stage.canvas.classList.add("stage");
  stage.canvas.tabIndex = 0;
  stage.canvas.setAttribute("role", "application");
  stage.canvas.setAttribute("aria-roledescription", "picture to move");
  stage.canvas.setAttribute("aria-label", `The augmented face. ${KEYS}`);

  const modes = element("fieldset", { className: "row" }, root);
  element("legend", { textContent: "Dragging the face" }, modes);
  const ways = ["moves", "turns", "scales"].map((way, k) => {
    const label = element("label", {}, modes);
    const choice = element("input", { type: "radio", name: `${key}-way`, value: way, checked: !k });
    label.append(choice, ` ${way} it`);
    return choice;
  });
  const outside = element("p", { className: "said figures" }, root);

  // Buttons and sliders
  const actions = element("div", { className: "row" }, root);
  button("Reset", () => change({ ...plain }), actions);
  button("Surprise me", () => change(drawSettings(data)), actions);
  const flip = check("flip", () => change({ flip: flip.checked, wrong: settings.wrong && flip.checked }));
  const wrong = check("wrong flip: names stay", () =>
    change({ wrong: wrong.checked, flip: settings.flip || wrong.checked }),
  );
  function check(text, action) {
    const label = element("label", {}, actions);
    const box = element("input", { type: "checkbox" });
    label.append(box, ` ${text}`);
    box.addEventListener("change", action);
    return box;
  }
  const sliding = element("div", { className: "sliders" }, root);
  const controls = {};
  for (const [name, [min, max, step, text, unit, times]] of Object.entries(sliders)) {
    const label = element("label", { className: "slider" }, sliding);
    element("span", { textContent: text }, label);
    const track = element("span", { className: "track" }, label);
    const input = element("input", { type: "range", min, max, step }, track);
    input.dataset.name = name;
    input.setAttribute("aria-label", text);
    const [low, high] = ranges[name];
    const told = (value) => `${fixed(value * times, step * times < 1 ? 1 : 0)}${unit}`;
    input.title = `${text}; training draws from ${told(low)} to ${told(high)}`;
    const band = element("span", { className: "range" }, track);
    band.style.setProperty("--from", (low - min) / (max - min));
    band.style.setProperty("--to", (high - min) / (max - min));
    const value = element("span", { className: "value" }, label);
    value.setAttribute("aria-hidden", "true"); // the slider has it as its own value
    input.addEventListener("input", () => change({ [name]: Number(input.value) }));
    controls[name] = { input, value, text, told };
  }
  element("p", { className: "small", innerHTML: '<span class="key"></span> what training draws from' }, root);

  // The matrix, and one landmark through it
  const follow = element("div", { className: "row follow" }, root);
  const table = element("table", { className: "matrix" }, follow);
  table.setAttribute("aria-label", "The matrix from the original to the canvas");
  const cells = [0, 1].map(() => {
    const row = element("tr", {}, table);
    return [0, 1, 2].map(() => element("td", {}, row));
  });
  const pick = element("label", { textContent: "Follow " }, follow);
  const landmark = element("select", {}, pick);
  names.forEach((name, k) => element("option", { value: k, textContent: `point ${k}, ${name}` }, landmark));
  landmark.addEventListener("change", () => {
    followed = Number(landmark.value);
    update();
  });
  const path = element("div", { className: "figures" }, follow);

  // The network
  const network = element("div", { className: "network" }, root);
  const verdict = element("p", { className: "said figures", textContent: NO_NETWORK }, network);
  const sweep = button("Try all angles", tryAngles, network);
  const chart = drawn("svg", { viewBox: "-36 -8 480 158", role: "img" }, network);
  const lost = element("p", { className: "said figures" }, network);
  sweep.hidden = true;
  chart.style.display = "none";

  // Code and a batch
  const code = element("pre", { className: "code", tabIndex: 0 }, root);
  code.setAttribute("role", "region");
  code.setAttribute("aria-label", "The same in Python");
  const copying = element("div", { className: "row" }, root);
  button("Copy as code", copy, copying);
  const copied = element("span", { className: "said" }, copying);
  const batch = element("div", { className: "row" }, root);
  button("New batch", fillWall, batch);
  element("span", { textContent: "What a batch would hold. Press a face to have its settings." }, batch);
  const wall = element("div", { className: "wall" }, root);
  const tiles = Array.from({ length: 16 }, (_, k) => {
    const tile = element("button", { type: "button" }, wall);
    tile.setAttribute("aria-label", `Take the settings of face ${k + 1} of the batch`);
    tile.addEventListener("click", () => {
      turnTo(tile.face);
      change(tile.settings);
      stage.canvas.focus();
    });
    return Object.assign(tile, { canvas: element("canvas", {}, tile) });
  });

  const speak = speaker(root);

  // ---- What happens

  // Takes over some settings, each on a step of its slider and within its ends.
  function change(some) {
    settings = { ...settings, ...some };
    for (const [name, [min, max, step]] of Object.entries(sliders)) {
      const kept = Math.min(max, Math.max(min, Math.round(settings[name] / step) * step));
      settings[name] = Number(kept.toFixed(4)) + 0; // no -0
    }
    update();
  }

  function turnTo(index) {
    at = (index + data.faces.length) % data.faces.length;
    prediction = null;
    trace = [];
    lost.textContent = "";
    update();
  }

  function update() {
    if (!waiting) requestAnimationFrame(show);
    waiting = true;
  }

  function show() {
    waiting = false;
    const face = data.faces[at];
    result = augment(face, settings, data);
    if (original.face !== face) putPixels(original.canvas, face.image, width);
    original.face = face;
    putPixels(stage.canvas, result.pixels, size);
    which.textContent = `face ${at + 1} of ${data.faces.length}`;
    for (const [name, { input, value, told }] of Object.entries(controls)) {
      input.value = settings[name];
      value.textContent = told(settings[name]);
      input.setAttribute("aria-valuetext", told(settings[name]));
    }
    flip.checked = settings.flip;
    wrong.checked = settings.wrong;
    code.textContent = codeOf(face.index, settings, data);
    copied.textContent = "";
    result.matrix.forEach((row, i) => row.forEach((number, j) => (cells[i][j].textContent = fixed(number, 3))));
    tellOutside();
    tellPath(face);
    drawOverlays(face);
    tellAloud();
    ask();
    root.shown = { face: face.index, settings: { ...settings }, ...result }; // for tests and the curious
    root.dataset.awake = "yes";
  }

  // A slider speaks for itself; keys on the canvas do not.
  function tellAloud() {
    const moved = byKeys.map((name) => `${controls[name].text} ${controls[name].told(settings[name])}.`);
    const texts = [which, outside, verdict, copied].map((one) => one.textContent);
    speak(...moved, ...texts);
  }

  function tellOutside() {
    const inside = ([x, y]) => x >= -0.5 && y >= -0.5 && x < size - 0.5 && y < size - 0.5;
    const lost = result.points.filter((point) => !inside(point)).length;
    outside.textContent = lost
      ? `${lost} of 68 points lie outside the canvas.`
      : "All 68 points lie on the canvas.";
    original.canvas.setAttribute("aria-label", `The original of face ${at + 1} with its 68 landmarks`);
  }

  function tellPath(face) {
    landmark.value = followed;
    const [x, y] = face.landmarks[followed];
    const [u, v] = move([x, y], result.matrix);
    const plus = (value) => `${value < 0 ? "−" : "+"} ${fixed(Math.abs(value), 3)}`;
    const line = ([a, b, c], to) =>
      `${fixed(a, 3)} × ${fixed(x)} ${plus(b)} × ${fixed(y)} ${plus(c)} = ${fixed(to)}`;
    const called = result.from.indexOf(followed);
    path.replaceChildren(
      element("div", { textContent: `x: ${line(result.matrix[0], u)}` }),
      element("div", { textContent: `y: ${line(result.matrix[1], v)}` }),
      element("div", {
        className: "called",
        textContent: `On the canvas it is called point ${called}, ${names[called]}${misplaced(called)}.`,
      }),
    );
  }

  function misplaced(called) {
    const partner = data.partners[called];
    if (!settings.wrong || partner === called) return "";
    return `, but it lies where point ${partner}, ${names[partner]}, belongs`;
  }

  function drawOverlays(face) {
    const shown = prediction && same(prediction) ? prediction.landmarks : null;
    overlay(original, width, (context, place, pixel) => {
      const back = invert(result.matrix);
      context.beginPath();
      for (const corner of [[-0.5, -0.5], [size - 0.5, -0.5], [size - 0.5, size - 0.5], [-0.5, size - 0.5]]) {
        context.lineTo(...place(move(corner, back)));
      }
      context.closePath();
      for (const [ink, thick] of [[RIM, 4], ["white", 2]]) {
        Object.assign(context, { strokeStyle: ink, lineWidth: thick * pixel });
        context.stroke();
      }
      face.landmarks.forEach((point, k) => dot(context, place(point), colours[names[k]], 2.2 * pixel));
      ring(context, place(face.landmarks[followed]), pixel);
    });
    overlay(stage, size, (context, place, pixel) => {
      shown?.forEach((point, k) => {
        context.beginPath();
        context.moveTo(...place(point));
        context.lineTo(...place(result.points[k]));
        Object.assign(context, { strokeStyle: "white", lineWidth: 1.5 * pixel });
        context.stroke();
        dot(context, place(point), PREDICTION, 2.6 * pixel);
      });
      result.points.forEach((point, k) =>
        dot(context, place(point), shown ? TRUTH : colours[names[k]], 2.2 * pixel));
      ring(context, place(result.points[result.from.indexOf(followed)]), pixel);
    });
  }

  // Draws over a picture, in the screen's own pixels. Pixel centres lie at whole numbers in Python,
  // half a pixel further on a canvas.
  function overlay({ canvas, dots }, side, drawing) {
    const pixel = window.devicePixelRatio || 1;
    const wide = Math.max(1, Math.round(canvas.clientWidth * pixel));
    dots.width = dots.height = wide; // which empties it, too
    const zoom = wide / side;
    drawing(dots.getContext("2d"), ([x, y]) => [(x + 0.5) * zoom, (y + 0.5) * zoom], pixel);
  }

  function dot(context, [x, y], colour, radius) {
    for (const [ink, size] of [[RIM, radius + 1], [colour, radius]]) {
      context.beginPath();
      context.arc(x, y, size, 0, 2 * Math.PI);
      context.fillStyle = ink;
      context.fill();
    }
  }

  function ring(context, [x, y], pixel) {
    for (const [ink, thick] of [[RIM, 5], ["white", 2.5]]) {
      context.beginPath();
      context.arc(x, y, 7 * pixel, 0, 2 * Math.PI);
      Object.assign(context, { strokeStyle: ink, lineWidth: thick * pixel });
      context.stroke();
    }
  }

  // ---- Mouse, fingers and keys on the canvas

  const held = new Map(); // the pointers that are down, where they are in canvas pixels
  let grip = null; // how the drag began

  const placeOf = (event, canvas, side) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top].map((v) => (v * side) / box.width - 0.5);
  };

  function take() {
    const points = [...held.values()];
    const { left, top, right, bottom } = squareOf(settings, size);
    const [x, y] = points[0] ?? [];
    const square = points.length === 1 && x >= left && x < right && y >= top && y < bottom;
    grip = points.length ? { points, settings: { ...settings }, square } : null;
  }

  function drag() {
    const [before, now] = [grip.points, [...held.values()]];
    const was = grip.settings;
    const [dx, dy] = [0, 1].map((k) => (middle(now)[k] - middle(before)[k]) / size);
    const moved = { shift_x: was.shift_x + dx, shift_y: was.shift_y + dy };
    // One finger turns and scales around the face's centre, a second one around the first.
    const centre = [was.shift_x, was.shift_y].map((shift) => (size - 1) / 2 + size * shift);
    const arm = (points) => {
      const [from, to] = points.length > 1 ? points : [centre, points[0]];
      return [to[0] - from[0], to[1] - from[1]];
    };
    const [old, fresh] = [arm(before), arm(now)];
    const turned = ((Math.atan2(fresh[1], fresh[0]) - Math.atan2(old[1], old[0])) * 180) / Math.PI;
    const angle = was.angle + turned - 360 * Math.round(turned / 360);
    const scale = ((1 + was.scale) * Math.hypot(...fresh)) / Math.max(1, Math.hypot(...old)) - 1;
    const way = ways.find((choice) => choice.checked).value;
    if (grip.square) change({ erase_x: was.erase_x + dx, erase_y: was.erase_y + dy });
    else if (now.length > 1) change({ ...moved, angle, scale });
    else change(way === "moves" ? moved : way === "turns" ? { angle } : { scale });
  }

  function middle(points) {
    return [0, 1].map((k) => points.reduce((sum, point) => sum + point[k], 0) / points.length);
  }

  stage.canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    stage.canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, placeOf(event, stage.canvas, size));
    take();
  });
  stage.canvas.addEventListener("pointermove", (event) => {
    const place = placeOf(event, stage.canvas, size);
    if (!held.has(event.pointerId)) return hover(place, result?.points, stage.canvas, size, true);
    held.set(event.pointerId, place);
    drag();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    stage.canvas.addEventListener(end, (event) => {
      held.delete(event.pointerId);
      take();
    });
  }
  original.canvas.addEventListener("pointermove", (event) => {
    const place = placeOf(event, original.canvas, width);
    hover(place, data.faces[at].landmarks, original.canvas, width, false);
  });

  function hover(place, points, canvas, side, renamed) {
    const apart = (points ?? []).map(([x, y]) => Math.hypot(x - place[0], y - place[1]));
    const nearest = apart.indexOf(Math.min(...apart));
    if (nearest < 0 || (apart[nearest] * canvas.clientWidth) / side > NEAR) return;
    const meant = renamed ? result.from[nearest] : nearest;
    if (meant === followed) return;
    followed = meant;
    update();
  }

  stage.canvas.addEventListener("keydown", (event) => {
    const { angle, scale, shift_x, shift_y } = settings;
    const keys = {
      ArrowLeft: { shift_x: shift_x - 0.01 },
      ArrowRight: { shift_x: shift_x + 0.01 },
      ArrowUp: { shift_y: shift_y - 0.01 },
      ArrowDown: { shift_y: shift_y + 0.01 },
      ",": { angle: angle - 1 },
      ".": { angle: angle + 1 },
      "-": { scale: scale - 0.01 },
      "+": { scale: scale + 0.01 },
      "=": { scale: scale + 0.01 }, // the key of +, without Shift
      Home: { ...plain },
    };
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    byKeys = event.key === "Home" ? [] : Object.keys(keys[event.key]);
    change(keys[event.key]);
  });

  // ---- Code and a batch

  async function copy() {
    try {
      await navigator.clipboard.writeText(code.textContent);
      copied.textContent = "Copied.";
    } catch {
      window.getSelection().selectAllChildren(code); // a page without leave to write there
      copied.textContent = "Selected: copy it with Ctrl+C.";
    }
    tellAloud();
  }

  function fillWall() {
    tiles.forEach((tile, k) => {
      tile.face = k % data.faces.length;
      tile.settings = drawSettings(data);
      putPixels(tile.canvas, augment(data.faces[tile.face], tile.settings, data).pixels, size);
    });
  }

  // ---- The network, where a kernel answers

  const same = (one) =>
    one.face === data.faces[at].index && Object.keys(plain).every((name) => one.settings[name] === settings[name]);

  // One question at a time; the next is what is set when the answer comes. An answer to settings
  // that are no longer set is kept in the chart, at its own angle, and not drawn on the face.
  async function ask() {
    if (!asking || underWay || (prediction && same(prediction))) return;
    underWay = true;
    const link = asking;
    const question = { face: data.faces[at].index, settings: { ...settings } };
    const found = await link(question, (text) => link === asking && tellTrouble(text));
    if (link !== asking) return;
    underWay = false;
    if (question.face !== data.faces[at].index) return update();
    if (found.error) {
      prediction = { ...question, landmarks: null };
      tellTrouble(found.error);
      return update();
    }
    prediction = { ...question, ...found };
    const { angle } = question.settings;
    const { wrong } = question.settings;
    // What wrong names do says nothing about an angle.
    if (!wrong) trace = [...trace.filter((one) => one.angle !== angle), { angle, nme: found.nme }];
    const broken = found.nme > BROKEN ? `: above ${BROKEN} %, a failure` : "";
    verdict.textContent =
      `Turned by ${fixed(angle, 0)}°, the network (orange) is off by ${fixed(found.nme)} % ` +
      `of the distance of the outer eye corners` +
      (wrong ? ", measured against points with wrong names." : `${broken}.`);
    drawChart();
    update();
  }

  function tellTrouble(text) {
    verdict.textContent = text;
    tellAloud();
    walk += 1;
  }

  function drawChart() {
    const [min, max] = sliders.angle;
    const [x, y] = [(angle) => ((angle - min) / (max - min)) * 430, (nme) => 130 - Math.min(nme, 40) * 3.25];
    chart.replaceChildren();
    chart.style.display = "";
    chart.setAttribute("aria-label", `NME at ${counted(trace.length, "angle")}: ${worst()}`);
    lost.textContent = trace.length > 2 ? `Of ${trace.length} angles tried: ${worst()}.` : "";
    const [low, high] = ranges.angle.map(x);
    drawn("rect", { x: low, y: 0, width: high - low, height: 130, fill: "#e69f00", opacity: 0.2 }, chart);
    const line = { stroke: "currentcolor", "stroke-width": 1 };
    drawn("line", { x1: 0, x2: 430, y1: 130, y2: 130, ...line }, chart);
    drawn("line", { x1: 0, x2: 430, y1: y(BROKEN), y2: y(BROKEN), ...line, "stroke-dasharray": 4 }, chart);
    for (const nme of [0, 10, 20, 40]) {
      drawn("text", { x: -6, y: y(nme) + 4, "text-anchor": "end" }, chart, `${nme} %`);
    }
    for (const angle of [-90, -45, 0, 45, 90]) {
      drawn("text", { x: x(angle), y: 146, "text-anchor": "middle" }, chart, `${angle}°`);
    }
    for (const { angle, nme } of trace) {
      drawn("circle", { cx: x(angle), cy: y(nme), r: 3.5, fill: "#d55e00" }, chart);
    }
  }

  function worst() {
    const angles = trace.filter(({ nme }) => nme > BROKEN).map(({ angle }) => angle);
    const told = angles.sort((a, b) => a - b).map((angle) => `${fixed(angle, 0)}°`);
    return told.length ? `above ${BROKEN} % at ${told.join(", ")}` : `none above ${BROKEN} %`;
  }

  // Turns the face from one end of the slider to the other, a question at each stop.
  async function tryAngles() {
    const mine = ++walk;
    const [min, max] = sliders.angle;
    for (let angle = min; angle <= max; angle += 6) {
      change({ angle });
      while (mine === walk && !(prediction && same(prediction))) {
        await new Promise((done) => setTimeout(done, 20));
      }
      if (mine !== walk) return;
    }
    change({ angle: 0 });
  }

  document.addEventListener(FOUND, (event) => {
    if (event.detail.key !== key || !root.isConnected) return;
    asking = event.detail.ask;
    [prediction, underWay] = [null, false]; // what another link was asked, it answers no more
    sweep.hidden = false;
    update();
  });
  document.dispatchEvent(new CustomEvent(AWAKE, { detail: { key } }));

  new ResizeObserver(() => update()).observe(stage.canvas);
  fillWall();
  update();
}

// ---- The kernel's half --------------------------------------------------------------------------

function initialize({ model }) {
  const view = viewName();
  const key = model.get("key");
  const waiting = new Map(); // what waits for an answer, by the question's number
  let number = 0;

  // The answer to a question; late is told where there is none for long, and it may still come.
  function ask(question, late) {
    return new Promise((done) => {
      const mine = ++number;
      waiting.set(mine, { done, alarm: setTimeout(() => late(ALONE), PATIENCE) });
      try {
        model.send({ question, number: mine, view });
      } catch {
        settle(mine, { error: ALONE }); // the connection is closed: there is no kernel
      }
    });
  }

  function settle(mine, found) {
    const one = waiting.get(mine);
    waiting.delete(mine);
    clearTimeout(one?.alarm);
    one?.done(found);
  }

  const receive = (found) => found.view === view && settle(found.number, found);
  const tell = () => document.dispatchEvent(new CustomEvent(FOUND, { detail: { key, ask } }));
  const awake = (event) => event.detail.key === key && tell();
  model.on("msg:custom", receive);
  document.addEventListener(AWAKE, awake);
  tell();
  return () => {
    model.off("msg:custom", receive);
    document.removeEventListener(AWAKE, awake);
  };
}

function render({ el }) {
  element("small", { textContent: "The network of this kernel answers in the explorer above." }, el);
}

export default { initialize, render };
