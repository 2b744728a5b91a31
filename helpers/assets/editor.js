// The browser's half of helpers/widgets/editor.py: a photograph, and points on it to drag.
//
// Each step is shown at once and sent to the kernel, which writes the label file and answers with
// what it now says of the picture. The answer to the last step is then what is shown: nothing can
// be seen for long that is not in the file. Points are in pixels of the photograph, pixel centres
// at whole numbers; a canvas has its own half a pixel further on.

const PATIENCE = 5000; // milliseconds without an answer, after which the reader is told
const CLOSEST = 64; // pixels of the screen for one of the photograph
const STILL = 4; // pixels of the screen: less is a click, more a drag

const UNSAVED =
  "Not saved: no answer from the kernel. Either it is busy, and this goes on when it is free, or " +
  "it was started again: then run this cell again. It goes on from the last step that was saved.";
const KEYS = [
  ["wheel, two fingers", "closer and farther"],
  ["arrows", "move the point, or the box, by 1 pixel; with Shift by 0.1, the box by 10"],
  [". and ,", "next and previous point"],
  ["Page Down, Page Up", "next and previous picture"],
  ["H", "hide the point, or show it again"],
  ["Enter", "keep the face as it is; with New face: a box in the middle"],
  ["Ctrl+Z, Ctrl+Y", "undo, redo"],
  ["+, -, 0, 9", "closer, farther, the whole picture, the face"],
  ["F", "next face"],
  ["B", "the box, or the points again; [ and ] make it smaller and larger"],
  ["C", "show the mean face to compare with"],
];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// A view says where a photograph lies on the canvas: {scale, x, y}.

export const toScreen = (view, [x, y]) => [
  (x + 0.5) * view.scale + view.x,
  (y + 0.5) * view.scale + view.y,
];

export const toPicture = (view, [x, y]) => [
  (x - view.x) / view.scale - 0.5,
  (y - view.y) / view.scale - 0.5,
];

// A box of a photograph as large as it can be in the middle of the canvas.
export function showing([left, top, width, height], area) {
  const scale = Math.min(area[0] / width, area[1] / height);
  return {
    scale,
    x: area[0] / 2 - (left + width / 2) * scale,
    y: area[1] / 2 - (top + height / 2) * scale,
  };
}

// The view closer by a factor; what lies at a place of the canvas stays there.
export function zoomed(view, factor, [x, y], size, area) {
  const least = showing([0, 0, ...size], area).scale / 2;
  const scale = Math.min(Math.max(view.scale * factor, least), Math.max(CLOSEST, least));
  const grown = scale / view.scale;
  return kept({ scale, x: x - (x - view.x) * grown, y: y - (y - view.y) * grown }, size, area);
}

// The view moved so that the photograph lies over the middle of the canvas at least.
export function kept(view, size, area) {
  const within = (offset, k) =>
    Math.min(Math.max(offset, area[k] / 2 - size[k] * view.scale), area[k] / 2);
  return { ...view, x: within(view.x, 0), y: within(view.y, 1) };
}

const isThere = (face, i) => face.points[i] !== null && !face.hidden.includes(i);

// Which point of which face lies nearest to a place of the canvas: [face, point], or null. The
// current one is preferred where two are as near.
export function nearest(faces, view, at, radius, current = [-1, -1]) {
  let [found, least] = [null, radius];
  faces.forEach((face, k) =>
    face.points.forEach((point, i) => {
      if (!isThere(face, i)) return;
      const [x, y] = toScreen(view, point);
      const apart = Math.hypot(x - at[0], y - at[1]);
      const rank = k === current[0] && i === current[1] ? apart * 0.7 : apart;
      if (apart <= radius && rank < least) [found, least] = [[k, i], rank];
    }),
  );
  return found;
}

// The next point without a place, after `from` and round again; `from` where all have one.
export function nextMissing(face, from) {
  const count = face.points.length;
  for (let step = 1; step <= count; step++) {
    const i = (from + step) % count;
    if (face.points[i] === null && !face.hidden.includes(i)) return i;
  }
  return from;
}

// The point to begin with: the next without a place where the reader stopped, or the first.
export function startingPoint(face) {
  if (!face) return 0;
  const last = face.points.findLastIndex((_, i) => isThere(face, i));
  const missing = nextMissing(face, last);
  return missing === last ? 0 : missing;
}

// The only point in which faces differ from what they were, [face, point]; null where it is not one.
export function changedPoint(before, after) {
  const state = (face, i) => String([face?.points[i], face?.hidden.includes(i) || ""]);
  const found = [];
  (before.length > after.length ? before : after).forEach((one, k) =>
    one.points.forEach((_, i) => {
      if (state(before[k], i) !== state(after[k], i)) found.push([k, i]);
    }),
  );
  return found.length === 1 ? found[0] : null;
}

// The box between two places of the photograph, in whole pixels.
export function between([x0, y0], [x1, y1]) {
  const [left, top] = [Math.min(x0, x1), Math.min(y0, y1)].map(Math.round);
  const [right, low] = [Math.max(x0, x1), Math.max(y0, y1)].map(Math.round);
  return [left, top, Math.max(1, right - left + 1), Math.max(1, low - top + 1)];
}

const cornersOf = ([left, top, width, height]) => [
  [left, top],
  [left + width - 1, top],
  [left, top + height - 1],
  [left + width - 1, top + height - 1],
];

// What of a box lies at a place of the canvas: a corner (0 to 3), "inside", or null.
export function partOfBox(box, view, at, radius) {
  const corners = cornersOf(box).map((corner) => toScreen(view, corner));
  const apart = corners.map(([x, y]) => Math.hypot(x - at[0], y - at[1]));
  const least = Math.min(...apart);
  if (least <= radius) return apart.indexOf(least);
  const [[left, top], , , [right, low]] = corners;
  return left < at[0] && at[0] < right && top < at[1] && at[1] < low ? "inside" : null;
}

// A box of which a part was dragged from one place of the photograph to another.
export function draggedBox(box, part, from, to) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  if (part === "inside") return [box[0] + Math.round(dx), box[1] + Math.round(dy), box[2], box[3]];
  if (part === null) return between(from, to);
  const corners = cornersOf(box);
  const [x, y] = corners[part];
  return between([x + dx, y + dy], corners[3 - part]);
}

const hundredths = (point) => point.map((value) => Math.round(value * 100) / 100);
const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

function render({ model, el }) {
  const view = viewName();
  const about = model.get("about");
  const names = about.points.map((point) => point.name);
  const inks = about.points.map((point) => `rgb(${point.rgb.join(",")})`);

  const root = becomeWidget(element("div", { className: "face-editor" }, el));
  const bar = (label) => {
    const made = element("div", { className: "bar" }, root);
    made.setAttribute("role", "group");
    made.setAttribute("aria-label", label);
    return made;
  };
  const button = (text, parent, act, title = "") => {
    const made = element("button", { type: "button", textContent: text, title }, parent);
    made.addEventListener("click", (event) => {
      act();
      if (event.detail) canvas.focus({ preventScroll: true }); // the mouse leaves the keys there
    });
    return made;
  };
  const choice = (text, parent, act) => {
    const label = element("label", { textContent: `${text} ` }, parent);
    const made = element("select", {}, label);
    made.addEventListener("change", () => act(Number(made.value)));
    return made;
  };
  const check = (text, parent) => {
    const label = element("label", {}, parent);
    const made = element("input", { type: "checkbox" }, label);
    label.append(` ${text}`);
    made.addEventListener("change", draw);
    return made;
  };

  const pictures = bar("Pictures");
  const before = button("Previous picture", pictures, () => open(at - 1));
  const next = button("Next picture", pictures, () => open(at + 1));
  const which = element("span", { className: "which" }, pictures);

  const canvas = element("canvas", { tabIndex: 0 }, root);
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "point editor");
  const current = element("p", { className: "current said figures" }, root);
  const status = element("p", { className: "status said" }, root);
  const speak = speaker(root);

  const steps = bar("Steps");
  const undo = button("Undo", steps, () => send({ do: "undo" }), "Ctrl+Z");
  const redo = button("Redo", steps, () => send({ do: "redo" }), "Ctrl+Y");
  const keep = button("Keep", steps, () => send({ do: "keep" }), "Enter: the guess is right");
  const zoom = bar("Zoom");
  button("−", zoom, () => closer(1 / 1.5), "-").setAttribute("aria-label", "Farther");
  button("+", zoom, () => closer(1.5), "+").setAttribute("aria-label", "Closer");
  button("Whole picture", zoom, whole, "0");
  const toFace = button("Face", zoom, showFace, "9");
  const points = bar("Points");
  const pick = choice("Point", points, (i) => choose(face, i));
  names.forEach((name, i) => element("option", { value: i, textContent: name }, pick));
  const hide = button("Hide point", points, toggleHidden, "H: it cannot be seen");
  const faceBar = bar("Faces");
  const tools = {
    points: button("Points", faceBar, () => take("points"), "B"),
    box: button("Box", faceBar, () => take("box"), "B"),
    new: button("New face", faceBar, () => take("new"), "draw its box"),
  };
  const who = choice("Face", faceBar, (k) => choose(k, startingPoint(faces[k])));
  const remove = button("Remove face", faceBar, () => send({ do: "remove", face }));
  const guess = button("Guess again", faceBar, () => send({ do: "guess", face }));
  const average = button("Mean face here", faceBar, () => send({ do: "mean", face }));
  const shown = bar("Shown");
  const lines = check("lines", shown);
  const compare = check("mean face", shown);
  lines.checked = about.lines.length > 0;
  const help = element("details", {}, root);
  element("summary", { textContent: "Keys, once the picture has the focus: by Tab, or a click on a point" }, help);
  const list = element("dl", {}, help);
  for (const [key, text] of KEYS) {
    element("dt", { textContent: key }, list);
    element("dd", { textContent: text }, list);
  }

  let at = model.get("at");
  let bitmap = null;
  let size = [4, 3];
  let faces = [];
  let can = {};
  let area = [0, 0]; // the canvas in pixels of the page
  let look = null; // the view
  let isWhole = true;
  let tool = "points";
  let [face, point] = [0, 0];
  let drag = null;
  const fingers = new Map();
  let number = 0; // of the last step that was sent
  let answered = 0;
  let settling = 0; // the last step that may give faces other numbers
  let travelled = false; // the last step took one back, or made one again
  let opening = false;
  let silent = false;
  let alarm = 0;
  let gesture = 0;

  // Sending and receiving.

  function tell(text, trouble = false) {
    if (status.textContent !== text) status.textContent = text;
    status.classList.toggle("trouble", trouble);
    speak(current.textContent, text);
  }

  const canEdit = () => bitmap !== null && !opening && !silent;
  const ready = () => canEdit() && answered >= settling; // a face goes by its number

  function send(event) {
    const travels = ["undo", "redo"].includes(event.do); // which go by no face
    if (event.do !== "open" && !(travels ? canEdit() : ready())) return;
    number += 1;
    travelled = travels;
    if (travels || ["add", "remove"].includes(event.do)) settling = number;
    clearTimeout(alarm);
    alarm = setTimeout(lost, event.do === "open" ? 4 * PATIENCE : PATIENCE);
    tell(event.do === "open" ? "Opening the picture." : "Saving.");
    try {
      model.send({ at, view, number, ...event });
    } catch {
      lost(); // the connection is closed: there is no kernel
    }
  }

  function lost() {
    silent = true;
    tell(UNSAVED, true);
    controls();
    draw();
  }

  function open(k) {
    if (k < 0 || k >= about.pictures.length || silent) return;
    at = k;
    [opening, drag] = [true, null];
    send({ do: "open" });
    controls();
  }

  async function receive(answer, buffers) {
    const mine = answer.view === view;
    if (!mine && (answer.at !== at || number !== answered || opening || drag)) return;
    if (mine) {
      answered = Math.max(answered, answer.number);
      if (answer.number !== number) return; // an older step's: newer ones are under way
      clearTimeout(alarm);
      silent = false;
    }
    if (mine && opening) {
      bitmap = null;
      if (buffers?.length) {
        const picture = await createImageBitmap(new Blob([buffers[0]], { type: "image/jpeg" }));
        if (answer.number !== number) return;
        bitmap = picture;
      }
    }
    const count = faces.length;
    const changed = mine && travelled && changedPoint(faces, answer.faces ?? []);
    faces = answer.faces ?? [];
    can = answer.can ?? {};
    [undo.disabled, redo.disabled] = [!answer.undo, !answer.redo];
    if (mine && opening) {
      opening = false;
      size = answer.size ?? [4, 3];
      tool = "points";
      [face, point] = [0, startingPoint(faces[0])];
      whole();
    } else if (faces.length > count) {
      face = faces.length - 1;
      if (tool !== "points") [tool, point] = ["points", startingPoint(faces[face])];
    }
    if (changed) [face, point] = changed;
    face = Math.min(face, Math.max(0, faces.length - 1));
    if (faces.length !== count && drag?.kind !== "pan") drag = null; // its face may be another
    if (drag?.here && faces[drag.face]) faces[drag.face].points[drag.point] = drag.here;
    const guessed = faces.filter((one) => one.guess).length;
    const done = `${answer.labelled} of ${about.pictures.length} pictures labelled`;
    if (answer.told) tell(`${bitmap ? "Not saved. " : ""}${answer.told}`, true);
    else if (answer.unsaved) tell(`Not saved. ${answer.unsaved}`, true); // of an answer that was skipped
    else if (guessed && faces.every((one) => !one.guess || !one.points.some(Boolean))) {
      tell("A face was found. There is no guess of its points yet: click where they belong.");
    } else if (guessed) {
      tell("A first guess, not in the file yet: drag points right, or press Keep if it is right.");
    } else if (answer.is_labelled) tell(`Saved in ${about.file}; ${done}.`);
    else tell(`Nothing in ${about.file} of this picture yet; ${done}.`);
    controls();
    draw();
  }

  // What is chosen.

  function choose(k, i) {
    [face, point] = [k, i];
    controls();
    reveal();
    draw();
  }

  function nextFace() {
    if (!faces.length) return;
    const k = (face + 1) % faces.length;
    choose(k, startingPoint(faces[k]));
  }

  function take(name) {
    tool = name === "box" && !faces.length ? "new" : name;
    controls();
    draw();
  }

  function stepPoint(by) {
    choose(face, (point + by + names.length) % names.length);
  }

  function toggleHidden() {
    const one = faces[face];
    if (!one || !ready()) return;
    const hidden = !one.hidden.includes(point);
    const chosen = point;
    if (hidden) one.hidden.push(point);
    else one.hidden = one.hidden.filter((i) => i !== point);
    one.guess = false;
    send({ do: "hide", face, points: [chosen], hidden });
    if (hidden && one.points[chosen] === null) point = nextMissing(one, chosen);
    controls();
    draw();
  }

  function place(k, i, to, extra = {}) {
    if (!ready()) return;
    const one = faces[k] ?? { box: null, points: names.map(() => null), hidden: [], mean: null };
    const there = hundredths(to);
    one.points[i] = there;
    one.hidden = one.hidden.filter((other) => other !== i);
    one.guess = false;
    faces[k] = one;
    send({ do: "place", face: k, points: { [i]: there }, ...extra });
  }

  function setBox(k, box, extra = {}) {
    if (!ready() || !faces[k]) return;
    Object.assign(faces[k], { box, guess: false });
    send({ do: "box", face: k, box, ...extra });
  }

  // The view.

  function whole() {
    look = showing([0, 0, ...size], area);
    isWhole = true;
    draw();
  }

  function showFace() {
    const one = faces[face];
    if (!one?.box) return;
    const there = one.points.filter((_, i) => isThere(one, i));
    const [xs, ys] = [0, 1].map((k) => there.map((place) => place[k]));
    const [[x0, y0], , , [x1, y1]] = cornersOf(one.box);
    const low = [Math.min(x0, ...xs), Math.min(y0, ...ys)];
    const [left, top, width, height] = between(low, [Math.max(x1, ...xs), Math.max(y1, ...ys)]);
    const around = [left - width / 8, top - height / 8, 1.25 * width, 1.25 * height];
    look = kept(showing(around, area), size, area);
    isWhole = false;
    draw();
  }

  function closer(factor, place = undefined) {
    const here = faces[face]?.points[point];
    const screen = here && toScreen(look, here);
    const seen = screen?.every((value, k) => value > 0 && value < area[k]);
    const middle = place ?? (seen ? screen : area.map((side) => side / 2));
    look = zoomed(look, factor, middle, size, area);
    isWhole = false;
    draw();
  }

  // Moves the view so that the current point can be seen.
  function reveal() {
    const here = faces[face]?.points[point];
    if (!here || !look) return;
    const screen = toScreen(look, here);
    const moved = [look.x, look.y].map((offset, k) =>
      screen[k] < 0 || screen[k] > area[k] ? offset + area[k] / 2 - screen[k] : offset,
    );
    look = kept({ ...look, x: moved[0], y: moved[1] }, size, area);
  }

  function resize() {
    const wide = canvas.clientWidth;
    const high = canvas.clientHeight;
    if (!wide || !high) return;
    const middle = look && toPicture(look, [area[0] / 2, area[1] / 2]);
    area = [wide, high];
    const fine = window.devicePixelRatio || 1;
    [canvas.width, canvas.height] = [Math.round(wide * fine), Math.round(high * fine)];
    if (isWhole || !look) whole();
    else {
      const [x, y] = toScreen(look, middle);
      look = kept({ ...look, x: look.x + wide / 2 - x, y: look.y + high / 2 - y }, size, area);
      draw();
    }
  }

  // Drawing.

  function controls() {
    const one = faces[face];
    const editable = canEdit();
    which.textContent = `Picture ${at + 1} of ${about.pictures.length}: ${about.pictures[at]}`;
    before.disabled = silent || at === 0;
    next.disabled = silent || at === about.pictures.length - 1;
    keep.disabled = !editable || !faces.some((other) => other.guess && other.points.some(Boolean));
    keep.classList.toggle("wanted", !keep.disabled);
    hide.disabled = remove.disabled = !editable || !one;
    toFace.disabled = !one?.box;
    guess.hidden = !can.guess;
    average.hidden = !can.mean;
    guess.disabled = average.disabled = !editable || !one?.box;
    if (!editable) undo.disabled = redo.disabled = true;
    for (const [name, made] of Object.entries(tools)) {
      made.disabled = !editable;
      made.setAttribute("aria-pressed", String(tool === name));
    }
    canvas.classList.toggle("stale", !editable);
    who.replaceChildren();
    faces.forEach((_, k) => element("option", { value: k, textContent: k + 1 }, who));
    who.value = face;
    who.parentElement.hidden = faces.length < 2;
    names.forEach((name, i) => {
      const state = one?.hidden.includes(i) ? " (hidden)" : one?.points[i] === null ? " (missing)" : "";
      pick.options[i].textContent = name + state;
    });
    pick.value = point;
    hide.textContent = one?.hidden.includes(point) ? "Show point" : "Hide point";
    current.textContent = told();
    speak(current.textContent, status.textContent);
    canvas.setAttribute(
      "aria-label",
      `Photograph ${about.pictures[at]}, ${counted(faces.length, "face")}.`,
    );
  }

  function told() {
    const one = faces[face];
    if (!bitmap) return "";
    if (tool === "new") return "Draw a box around the face, or press Enter for one in the middle.";
    if (tool === "box" && one?.box) {
      const [left, top, width, height] = one.box;
      return `Box of face ${face + 1}: left ${left}, top ${top}, ${width} x ${height} pixels.`;
    }
    const name = `Point ${names[point]}`;
    if (one?.hidden.includes(point)) return `${name}: hidden.`;
    const here = one?.points[point];
    if (!here) return `${name}: click where it belongs, or hide it.`;
    return `${name}: ${here[0].toFixed(2)}, ${here[1].toFixed(2)}.`;
  }

  function draw() {
    if (!look || !area[0]) return;
    const fine = canvas.width / area[0];
    const context = canvas.getContext("2d");
    context.setTransform(fine, 0, 0, fine, 0, 0);
    context.clearRect(0, 0, ...area);
    if (!bitmap) return;
    context.imageSmoothingEnabled = (look.scale * size[0]) / bitmap.width < 4; // then pixels show
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, look.x, look.y, size[0] * look.scale, size[1] * look.scale);
    faces.forEach((one, k) => k !== face && drawFace(context, one, false));
    if (faces[face]) drawFace(context, faces[face], true);
    if (drag?.kind === "box" && drag.box) drawBox(context, drag.box, true);
    if (drag?.touch && drag.kind === "point") drawLoupe(context);
  }

  function drawFace(context, one, isCurrent) {
    context.globalAlpha = isCurrent ? 1 : 0.6;
    const boxTool = isCurrent && tool === "box";
    if (one.box && !(isCurrent && drag?.kind === "box")) drawBox(context, one.box, boxTool);
    if (isCurrent && compare.checked && one.mean) drawMean(context, one.mean);
    if (lines.checked) {
      drawLines(context, one.points.map((place, i) => (isThere(one, i) ? place : null)), 0.55);
    }
    // Smaller on a small face, or they would hide it.
    const radius = clamp(((one.box?.[2] ?? Infinity) * look.scale) / 60, 1.5, 3);
    one.points.forEach((place, i) => {
      if (place === null || (isCurrent && i === point && tool === "points")) return;
      drawPoint(context, toScreen(look, place), inks[i], radius, one.guess, one.hidden.includes(i));
    });
    context.globalAlpha = 1;
    if (isCurrent && one.points[point] && tool === "points") drawCurrent(context, one);
  }

  function drawPoint(context, [x, y], ink, radius, isHollow, isHidden) {
    context.beginPath();
    if (isHidden) {
      context.moveTo(x - 4, y - 4);
      context.lineTo(x + 4, y + 4);
      context.moveTo(x + 4, y - 4);
      context.lineTo(x - 4, y + 4);
    } else context.arc(x, y, radius, 0, 2 * Math.PI);
    context.strokeStyle = RIM;
    context.lineWidth = isHollow || isHidden ? radius + 1 : 2;
    context.stroke();
    if (isHollow || isHidden) {
      context.strokeStyle = ink;
      context.lineWidth = 0.6 * radius;
      context.stroke();
    } else {
      context.fillStyle = ink;
      context.fill();
    }
  }

  // A ring that leaves free what is under the point, and its name.
  function drawCurrent(context, one) {
    const [x, y] = toScreen(look, one.points[point]);
    const isHidden = one.hidden.includes(point);
    for (const [ink, width] of [[RIM, 4], [inks[point], 2]]) {
      context.strokeStyle = ink;
      context.lineWidth = width;
      context.beginPath();
      context.arc(x, y, 9, 0, 2 * Math.PI);
      context.stroke();
    }
    if (isHidden) drawPoint(context, [x, y], inks[point], 3, false, true);
    else {
      context.fillStyle = RIM;
      context.fillRect(x - 1.5, y - 1.5, 3, 3);
      context.fillStyle = inks[point];
      context.fillRect(x - 1, y - 1, 2, 2);
    }
    context.font = "13px system-ui, sans-serif";
    const wide = context.measureText(names[point]).width;
    const left = x + 14 + wide < area[0] ? x + 14 : x - 14 - wide;
    const base = Math.min(Math.max(y - 8, 14), area[1] - 4);
    context.lineJoin = "round";
    context.lineWidth = 4;
    context.strokeStyle = RIM;
    context.strokeText(names[point], left, base);
    context.fillStyle = "white";
    context.fillText(names[point], left, base);
  }

  function drawLines(context, places, strength, dashes = []) {
    context.lineJoin = context.lineCap = "round";
    context.setLineDash(dashes);
    for (const line of about.lines) {
      context.beginPath();
      let pen = false;
      for (const i of line) {
        if (places[i]) context[pen ? "lineTo" : "moveTo"](...toScreen(look, places[i]));
        pen = Boolean(places[i]);
      }
      for (const [ink, width] of [["rgba(0, 0, 0, 0.5)", 2.5], [inks[line[0]], 1]]) {
        context.save();
        context.globalAlpha *= strength;
        context.strokeStyle = dashes.length && width === 1 ? "white" : ink;
        context.lineWidth = width;
        context.stroke();
        context.restore();
      }
    }
    context.setLineDash([]);
  }

  function drawMean(context, places) {
    drawLines(context, places, 0.7, [3, 4]);
    context.save();
    context.globalAlpha *= 0.7;
    for (const place of places) {
      if (!place) continue;
      const [x, y] = toScreen(look, place);
      for (const [ink, width] of [["black", 3], ["white", 1.2]]) {
        context.strokeStyle = ink;
        context.lineWidth = width;
        context.beginPath();
        context.moveTo(x - 3, y);
        context.lineTo(x + 3, y);
        context.moveTo(x, y - 3);
        context.lineTo(x, y + 3);
        context.stroke();
      }
    }
    context.restore();
  }

  function drawBox(context, [left, top, width, height], hasHandles) {
    const [x, y] = toScreen(look, [left - 0.5, top - 0.5]);
    const [w, h] = [width * look.scale, height * look.scale];
    for (const [ink, thick] of [["rgba(0, 0, 0, 0.6)", 3], ["white", 1]]) {
      context.strokeStyle = ink;
      context.lineWidth = thick;
      context.setLineDash(hasHandles ? [] : [6, 5]);
      context.strokeRect(x, y, w, h);
    }
    context.setLineDash([]);
    if (!hasHandles) return;
    for (const corner of [[x, y], [x + w, y], [x, y + h], [x + w, y + h]]) {
      context.fillStyle = "white";
      context.strokeStyle = "black";
      context.lineWidth = 1;
      context.fillRect(corner[0] - 5, corner[1] - 5, 10, 10);
      context.strokeRect(corner[0] - 5, corner[1] - 5, 10, 10);
    }
  }

  // What a finger covers, three times as large in the corner that is farther away.
  function drawLoupe(context) {
    const here = faces[face]?.points[point];
    if (!here) return;
    const [x, y] = toScreen(look, here);
    const side = Math.min(120, area[0] / 3);
    const left = x < area[0] / 2 ? area[0] - side - 6 : 6;
    const large = { scale: 3 * look.scale };
    large.x = left + side / 2 - (here[0] + 0.5) * large.scale;
    large.y = 6 + side / 2 - (here[1] + 0.5) * large.scale;
    context.save();
    context.beginPath();
    context.rect(left, 6, side, side);
    context.clip();
    context.fillStyle = "#888";
    context.fillRect(left, 6, side, side);
    context.drawImage(bitmap, large.x, large.y, size[0] * large.scale, size[1] * large.scale);
    for (const [ink, width] of [[RIM, 3], [inks[point], 1]]) {
      context.strokeStyle = ink;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(left, 6 + side / 2);
      context.lineTo(left + side, 6 + side / 2);
      context.moveTo(left + side / 2, 6);
      context.lineTo(left + side / 2, 6 + side);
      context.stroke();
      context.strokeRect(left, 6, side, side);
    }
    context.restore();
  }

  // Mouse, pen and fingers.

  const placeOf = (event) => {
    const box = canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) * area[0]) / box.width,
      ((event.clientY - box.top) * area[1]) / box.height,
    ];
  };

  function down(event) {
    if (event.button > 0 || !look) return;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    const from = placeOf(event);
    fingers.set(event.pointerId, from);
    if (fingers.size === 2) {
      cancel();
      drag = { kind: "pinch" };
    }
    if (fingers.size > 1) return;
    const touch = event.pointerType === "touch";
    drag = { kind: "pan", from, last: from, moved: false, touch };
    if (!ready()) return;
    const radius = touch ? 24 : 12;
    if (tool === "points") {
      // Where a point is to be placed, only a click right on another one means that other.
      const placing = !faces[face] || !isThere(faces[face], point);
      const found = nearest(faces, look, from, placing ? radius / 2 : radius, [face, point]);
      if (!found) return;
      [face, point] = found;
      const start = faces[face].points[point];
      const [x, y] = toScreen(look, start);
      Object.assign(drag, { kind: "point", face, point, start, off: [x - from[0], y - from[1]] });
      controls();
      draw();
    } else {
      const box = tool === "box" ? faces[face]?.box : null;
      const part = box ? partOfBox(box, look, from, touch ? 24 : 12) : null;
      Object.assign(drag, { kind: "box", tool, face, part, start: box, box: null });
    }
  }

  function move(event) {
    if (!fingers.has(event.pointerId)) return hover(event);
    const to = placeOf(event);
    if (drag?.kind === "pinch") {
      const old = [...fingers.values()];
      fingers.set(event.pointerId, to);
      const now = [...fingers.values()];
      if (now.length === 2) pinch(old, now);
      return;
    }
    fingers.set(event.pointerId, to);
    if (!drag) return;
    drag.moved ||= Math.hypot(to[0] - drag.from[0], to[1] - drag.from[1]) > STILL;
    if (!drag.moved) return;
    if (drag.kind === "pan") {
      const [x, y] = [look.x + to[0] - drag.last[0], look.y + to[1] - drag.last[1]];
      look = kept({ ...look, x, y }, size, area);
      isWhole = false;
    } else if (drag.kind === "point") {
      drag.here = hundredths(toPicture(look, [to[0] + drag.off[0], to[1] + drag.off[1]]));
      faces[drag.face].points[drag.point] = drag.here;
      current.textContent = told();
    } else {
      drag.box = draggedBox(drag.start, drag.part, toPicture(look, drag.from), toPicture(look, to));
    }
    drag.last = to;
    draw();
  }

  function pinch(old, now) {
    const middle = (pair) => [0, 1].map((k) => mean(pair.map((one) => one[k])));
    const apart = ([p, q]) => Math.max(1, Math.hypot(p[0] - q[0], p[1] - q[1]));
    const [from, to] = [middle(old), middle(now)];
    const moved = { ...look, x: look.x + to[0] - from[0], y: look.y + to[1] - from[1] };
    look = zoomed(moved, apart(now) / apart(old), to, size, area);
    isWhole = false;
    draw();
  }

  function up(event) {
    if (!fingers.delete(event.pointerId)) return;
    const done = drag;
    drag = null;
    if (!done || done.kind === "pinch") return;
    if (done.kind === "point" && done.moved) {
      place(done.face, done.point, done.here);
    } else if (done.kind === "box" && done.box) {
      if (done.tool === "new") send({ do: "add", box: done.box });
      else setBox(done.face, done.box);
    } else if (done.kind === "pan" && !done.moved && tool === "points") click(done.from);
    controls();
    draw();
  }

  // A click where there is nothing yet places the point that has no place.
  function click(from) {
    if (!ready()) return;
    const one = faces[face];
    if (one && (isThere(one, point) || one.hidden.includes(point))) return;
    const k = one ? face : faces.length;
    const placed = point;
    place(k, placed, toPicture(look, from));
    [face, point] = [k, nextMissing(faces[k], placed)];
  }

  function cancel() {
    if (drag?.kind === "point") faces[drag.face].points[drag.point] = drag.start;
    drag = null;
    controls();
    draw();
  }

  function hover(event) {
    if (tool !== "points" || !ready()) return;
    const found = nearest(faces, look, placeOf(event), 12, [face, point]);
    canvas.style.cursor = found ? "move" : "";
  }

  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", (event) => {
    fingers.delete(event.pointerId);
    cancel();
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      // Else the page could not be scrolled past the picture. A pinch on a pad has ctrlKey set.
      if (!event.ctrlKey && canvas.getRootNode().activeElement !== canvas) return;
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === 1 ? 30 : 1);
      closer(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.002)), placeOf(event));
    },
    { passive: false },
  );

  // Keys.

  function nudge(event, [dx, dy]) {
    if (!event.repeat) gesture += 1; // a key held down is one step
    const extra = { gesture: `${view} ${gesture}` };
    const one = faces[face];
    if (tool === "box" && one?.box) {
      const by = event.shiftKey ? 10 : 1;
      setBox(face, [one.box[0] + by * dx, one.box[1] + by * dy, one.box[2], one.box[3]], extra);
    } else if (tool === "points" && one && isThere(one, point)) {
      const by = event.shiftKey ? 0.1 : 1;
      const [x, y] = one.points[point];
      place(face, point, [x + by * dx, y + by * dy], extra);
    }
    reveal();
  }

  function grow(event, by) {
    const box = faces[face]?.box;
    if (tool !== "box" || !box || box[2] + 2 * by < 1 || box[3] + 2 * by < 1) return;
    if (!event.repeat) gesture += 1;
    const grown = [box[0] - by, box[1] - by, box[2] + 2 * by, box[3] + 2 * by];
    setBox(face, grown, { gesture: `${view} ${gesture}` });
  }

  function enter() {
    if (tool !== "new") return keep.disabled || send({ do: "keep" });
    const [x, y] = toPicture(look, [area[0] / 2, area[1] / 2]);
    const half = (0.3 * Math.min(...area)) / look.scale;
    send({ do: "add", box: between([x - half, y - half], [x + half, y + half]) });
  }

  const onCanvas = {
    ".": () => stepPoint(1),
    ",": () => stepPoint(-1),
    h: toggleHidden,
    Delete: toggleHidden,
    Enter: enter,
    "+": () => closer(1.5),
    "=": () => closer(1.5),
    "-": () => closer(1 / 1.5),
    0: whole,
    9: showFace,
    f: () => nextFace(),
    b: () => take(tool === "points" ? "box" : "points"),
    c: () => {
      compare.checked = !compare.checked;
      draw();
    },
    "[": (event) => grow(event, -1),
    "]": (event) => grow(event, 1),
    Escape: cancel,
    PageDown: () => open(at + 1),
    PageUp: () => open(at - 1),
  };

  root.addEventListener("keydown", (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) {
      const back = key === "z" && !event.shiftKey;
      if (!back && key !== "y" && key !== "z") return;
      event.preventDefault();
      const wanted = back ? undo : redo;
      if (!wanted.disabled) send({ do: back ? "undo" : "redo" });
      return;
    }
    if (event.target !== canvas || event.altKey) return;
    if (ARROWS[key]) nudge(event, ARROWS[key]);
    else if (onCanvas[key]) onCanvas[key](event);
    else return;
    event.preventDefault();
    controls();
    draw();
  });

  model.on("msg:custom", receive);
  const watcher = new ResizeObserver(resize);
  watcher.observe(canvas);
  resize();
  open(at);

  return () => {
    model.off("msg:custom", receive);
    watcher.disconnect();
    clearTimeout(alarm);
  };
}

export default { render };
