// The browser's half of helpers/widgets/live.py: the camera, and a canvas to draw on.
//
// At most one frame is under way to the kernel. When its answer comes, that very frame is shown with
// what belongs to it, so that points never trail behind a face; the next frame sent is the
// camera's newest. A slow kernel thus costs frames, not time.

const PATIENCE = 5000; // milliseconds without an answer, after which the reader is told
const WINDOW = 2000; // milliseconds over which the rate is counted
const READ = { willReadFrequently: true }; // a canvas in main memory is quicker to read

const REFUSED =
  "The camera was refused. Allow it for this page (the sign beside the browser's address), " +
  "then press Start camera.";
const TROUBLE = {
  NotAllowedError: REFUSED,
  SecurityError: REFUSED,
  NotFoundError: "No camera was found. Connect one, then press Start camera.",
  OverconstrainedError: "No camera was found that looks this way.",
  NotReadableError: "The camera is in use elsewhere. Close what uses it, then press Start camera.",
};
const INSECURE =
  "A browser lends its camera only to pages from https:// or from this very machine (localhost).";
const IN_VSCODE = "VS Code lends no camera to notebooks. Open this one in JupyterLab.";
const OFF = "The camera is off.";
const UNPLUGGED = "The camera has gone. Connect it, then press Start camera.";

// The i-th point of x0, y0, x1, y1 ... on a canvas. Pixel centres lie at whole numbers in Python,
// half a pixel further on a canvas.
const point = (flat, i, scale = 1) => [
  (flat[2 * i] + 0.5) * scale,
  (flat[2 * i + 1] + 0.5) * scale,
];

function drawPoints(context, outlines, face, scale) {
  const ys = face.filter((_, i) => i % 2);
  const radius = Math.max(1.6, ((Math.max(...ys) - Math.min(...ys)) * scale) / 80);
  for (const { points, colour } of outlines) {
    for (const i of points) {
      const [x, y] = point(face, i, scale);
      for (const [ink, size] of [[RIM, radius + 0.8], [colour, radius]]) {
        context.beginPath();
        context.arc(x, y, size, 0, 2 * Math.PI);
        context.fillStyle = ink;
        context.fill();
      }
    }
  }
}

function drawOutlines(context, outlines, face, scale) {
  context.lineJoin = context.lineCap = "round";
  for (const { points, colour } of outlines) {
    context.beginPath();
    points.forEach((i) => context.lineTo(...point(face, i, scale)));
    for (const [ink, width] of [[RIM, 4], [colour, 2]]) {
      context.strokeStyle = ink;
      context.lineWidth = width;
      context.stroke();
    }
  }
}

// The matrix [a, b, c, d, e, f] of a canvas that takes three points to three others.
function affine([p, q, r], [P, Q, R]) {
  const [x1, y1, x2, y2] = [q[0] - p[0], q[1] - p[1], r[0] - p[0], r[1] - p[1]];
  const area = x1 * y2 - x2 * y1;
  const row = (k) => {
    const [u, v] = [Q[k] - P[k], R[k] - P[k]];
    const [alongX, alongY] = [(u * y2 - v * y1) / area, (v * x1 - u * x2) / area];
    return [alongX, alongY, P[k] - alongX * p[0] - alongY * p[1]];
  };
  const [[a, c, e], [b, d, f]] = [row(0), row(1)];
  return [a, b, c, d, e, f];
}

// The corners of a triangle whose edges are moved outwards by as many pixels; null if it is a line.
function grown([p, q, r], by) {
  const area = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
  if (Math.abs(area) < 0.01) return null;
  const outwards = ([x, y], [u, v]) => {
    const length = (Math.sign(area) * Math.hypot(u - x, v - y)) / by;
    return [(v - y) / length, (x - u) / length];
  };
  const [a, b, c] = [outwards(p, q), outwards(q, r), outwards(r, p)];
  // Where two edges meet; a very sharp corner is cut short.
  const corner = ([x, y], [a, b], [c, d]) => {
    const far = 1 / Math.max(0.2, 1 + (a * c + b * d) / (by * by));
    return [x + (a + c) * far, y + (b + d) * far];
  };
  return [corner(p, c, a), corner(q, a, b), corner(r, b, c)];
}

// Draws a piece of artwork, triangle by triangle. layer: a canvas as large as the context's own.
// Triangles overlap by a little, else the ground would show between two of them. So each first takes
// away what is there, else artwork that lets light through would be twice as dense on their edges.
function drawSheet(context, layer, picture, { source, target, triangles, opacity }, scale) {
  const ink = layer.getContext("2d");
  ink.imageSmoothingQuality = "medium";
  ink.clearRect(0, 0, layer.width, layer.height);
  for (let t = 0; t < triangles.length; t += 3) {
    const corners = triangles.slice(t, t + 3);
    const here = corners.map((i) => point(source, i));
    const there = corners.map((i) => point(target, i, scale));
    const edge = grown(there, 0.6);
    if (!edge) continue;
    ink.save();
    ink.beginPath();
    for (const [x, y] of edge) ink.lineTo(x, y);
    ink.globalCompositeOperation = "destination-out";
    ink.fill();
    ink.clip();
    ink.globalCompositeOperation = "lighter";
    ink.transform(...affine(here, there));
    ink.drawImage(picture, 0, 0);
    ink.restore();
  }
  context.globalAlpha = opacity;
  context.drawImage(layer, 0, 0);
  context.globalAlpha = 1;
}

function render({ model, el }) {
  const view = viewName();
  const outlines = model.get("outlines");
  const artwork = model.get("artwork"); // the name of each filter: its pieces

  const root = becomeWidget(element("div", { className: "live-faces" }, el));
  const canvas = element("canvas", { width: 480, height: 360 }, root);
  canvas.setAttribute("role", "img");
  const controls = element("div", { className: "row" }, root);
  const button = element("button", { type: "button", textContent: "Start camera" }, controls);
  const label = element("label", { textContent: "Draw " }, controls);
  const choice = element("select", {}, label);
  for (const way of [...Object.keys(artwork), "points", "outlines"]) {
    element("option", { value: way, textContent: way }, choice);
  }
  const rate = element("span", { className: "rate figures" }, controls);
  const status = element("p", { className: "said", textContent: OFF }, root);
  const speak = speaker(root);
  speak(OFF);
  const stages = element("p", { className: "said small" }, root);
  element("p", { className: "small", textContent: model.get("promise") }, root);

  const video = element("video", { muted: true, playsInline: true, tabIndex: -1 }, root);
  video.setAttribute("aria-hidden", "true");
  let kept = element("canvas"); // the frame under way, as the camera gave it
  let spare = element("canvas"); // takes turns with it
  const small = element("canvas"); // the same as the kernel gets it
  const layer = element("canvas"); // a piece of artwork, before it is laid over the picture

  let stream = null;
  let asked = 0; // counts what was asked for, so that an answer to an older wish is known
  let frame = 0; // the number of the frame under way
  let idle = false; // whether none is under way
  let fresh = false; // whether the camera has a newer one
  let times = {};
  let pictures = {}; // the name of each filter: its pieces, to be drawn
  let example = null; // the still picture's answer, which has all filters
  let shown = null; // the last answer, to draw it again in another way
  let history = []; // of the answers in the last seconds: when, and how long each stage took
  let alarm = 0;

  function tell(text, trouble = false) {
    if (status.textContent !== text) status.textContent = text;
    status.classList.toggle("trouble", trouble);
    speak(text);
  }

  function draw() {
    if (!shown) return;
    const { picture, answer, sent } = shown;
    const worn = answer.worn[choice.value];
    if (choice.value in artwork && !worn) return; // chosen while this frame was under way
    for (const one of [canvas, layer]) {
      if (one.width !== picture.width || one.height !== picture.height) {
        [one.width, one.height] = [picture.width, picture.height];
      }
    }
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const scale = picture.width / sent;
    for (const sheet of worn ?? []) {
      drawSheet(context, layer, pictures[choice.value][sheet.piece], sheet, scale);
    }
    for (const face of worn ? [] : answer.landmarks) {
      if (choice.value === "points") drawPoints(context, outlines, face, scale);
      else drawOutlines(context, outlines, face, scale);
    }
    const faces = counted(answer.landmarks.length, "face");
    const what = shown === example ? "An example picture" : "The camera's picture";
    canvas.setAttribute("aria-label", `${what}, ${faces} in it.`);
    canvas.classList.toggle("mirror", shown !== example && model.get("camera") === "user");
  }

  async function start() {
    const wish = ++asked;
    button.textContent = "Stop camera";
    tell("Waiting for the camera.");
    try {
      if (!navigator.mediaDevices?.getUserMedia) throw new DOMException(INSECURE, "Insecure");
      const size = { width: { ideal: 640 }, height: { ideal: 480 } };
      const wanted = { facingMode: model.get("camera"), ...size };
      const found = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
      if (wish !== asked) return release(found); // stopped while the browser asked
      stream = video.srcObject = found;
      stream.getVideoTracks()[0].addEventListener("ended", () => stop(UNPLUGGED, true));
      await video.play();
      if (wish !== asked) return;
    } catch (error) {
      if (wish !== asked) return;
      const inside = location.protocol === "vscode-webview:" && error.name === "NotAllowedError";
      const text = inside ? IN_VSCODE : TROUBLE[error.name];
      return stop(text ?? `The camera did not start: ${error.message}`, true);
    }
    history = [];
    tell("The camera is on.");
    idle = true;
    watch(wish);
  }

  // Notes each new frame of the camera, and sends it if nothing is under way.
  function watch(wish) {
    if (wish !== asked) return;
    fresh = true;
    if (idle) send();
    const next = () => watch(wish);
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(next);
    else requestAnimationFrame(next);
  }

  function stop(text = OFF, trouble = false) {
    asked += 1;
    frame += 1; // whatever is under way comes too late
    clearTimeout(alarm);
    if (stream) release(stream);
    stream = video.srcObject = null;
    button.textContent = "Start camera";
    rate.textContent = stages.textContent = "";
    tell(text, trouble);
  }

  function release(what) {
    what.getTracks().forEach((track) => track.stop());
  }

  // Sends the newest frame. Called when nothing is under way.
  async function send() {
    idle = fresh = false;
    const [mine, began] = [++frame, performance.now()];
    [kept.width, kept.height] = [video.videoWidth, video.videoHeight];
    kept.getContext("2d", READ).drawImage(video, 0, 0);
    const scale = Math.min(1, model.get("width") / Math.max(kept.width, kept.height));
    [small.width, small.height] = [kept.width, kept.height].map((n) => Math.round(n * scale));
    small.getContext("2d", READ).drawImage(kept, 0, 0, small.width, small.height);
    const blob = await new Promise((done) => small.toBlob(done, "image/jpeg", 0.85));
    const bytes = await blob.arrayBuffer();
    if (mine !== frame) return;
    times = { encode: performance.now() - began, sent: performance.now() };
    clearTimeout(alarm);
    alarm = setTimeout(() => tell(SILENT, true), PATIENCE);
    try {
      model.send({ frame: mine, view, way: choice.value }, undefined, [bytes]);
    } catch {
      tell(SILENT, true); // the connection is closed: there is no kernel
    }
  }

  function receive(answer) {
    if (answer.view !== view || answer.frame !== frame || !stream) return;
    clearTimeout(alarm);
    if (answer.error) return stop(`The kernel could not use the frame. ${answer.error}`, true);
    const came = performance.now();
    shown = { picture: kept, answer, sent: small.width };
    [kept, spare] = [spare, kept];
    draw();
    const now = performance.now();
    const { decode, step, hang } = answer.milliseconds;
    const way = came - times.sent - decode - step - hang;
    history.push({ now, encode: times.encode, way, decode, step, hang, draw: now - came });
    history = history.filter((one) => one.now > now - WINDOW);
    tell("The camera is on.");
    count(answer.landmarks.length);
    idle = true;
    if (fresh) send();
  }

  function count(faces) {
    if (history.length < 2) return;
    const seconds = (history.at(-1).now - history[0].now) / 1000;
    const perSecond = (history.length - 1) / seconds;
    rate.textContent = `${counted(faces, "face")}, ${perSecond.toFixed(0)} frames a second`;
    const mean = (name) => history.reduce((sum, one) => sum + one[name], 0) / history.length;
    const told = ["encode", "way", "decode", "step", "hang", "draw"].map((name) => [name, mean(name)]);
    stages.textContent =
      "Milliseconds a frame: " + told.map(([name, ms]) => `${name} ${ms.toFixed(1)}`).join(", ");
    root.dataset.rate = perSecond.toFixed(2);
    for (const [name, ms] of told) root.dataset[name] = ms.toFixed(2);
  }

  button.addEventListener("click", () => (button.textContent === "Start camera" ? start() : stop()));
  choice.addEventListener("change", () => {
    const missing = shown && choice.value in artwork && !(choice.value in shown.answer.worn);
    if (missing && !stream) shown = example;
    draw();
  });
  model.on("msg:custom", receive);

  // The example, drawn as a camera's frame is.
  const image = (bytes, type) => createImageBitmap(new Blob([bytes], { type }));
  const all = (files) => Promise.all(files.map((file) => image(file, "image/png")));
  Promise.all([
    image(model.get("still"), "image/jpeg"),
    ...Object.entries(artwork).map(async ([name, files]) => [name, await all(files)]),
  ]).then(([still, ...found]) => {
    pictures = Object.fromEntries(found);
    example = { picture: still, answer: model.get("still_answer"), sent: still.width };
    shown ??= example;
    draw();
  });

  return () => {
    model.off("msg:custom", receive);
    stop();
  };
}

export default { render };
