// The browser's half of helpers/widgets/knobs.py: knobs, a picture, and what can be dragged in it.
//
// At most one wish is under way to the kernel; the next is the newest. A picture replaces the one
// before when it has been decoded, so that nothing flickers.

const BUSY = 400; // milliseconds after which "working" is told
const PATIENCE = 8000; // milliseconds without an answer, after which the reader is told
const LARGEST = 1280; // pixels: the longer side of a picture that is sent
const BESIDE = 12; // pixels of a picture: so far beside a chart its first and last place are meant
const GONE = "The kernel was started again. Run this cell again: then these knobs turn.";
const decimals = (step) => (String(step).split(".")[1] ?? "").length;

// A number as its step says, so that whole degrees are whole; one that lies between steps as it is.
function spelled(value, step) {
  const text = value.toFixed(decimals(step));
  return Math.abs(Number(text) - value) < 1e-9 ? text : String(Number(value.toPrecision(12)));
}

const snapped = (value, low, step) =>
  Number((low + Math.round((value - low) / step) * step).toFixed(decimals(step)));

// A picture that the reader gave, no larger than is sent, as JPEG: [bytes, width, height].
async function shrunk(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LARGEST / Math.max(picture.width, picture.height));
  const canvas = element("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height].map((n) =>
    Math.max(1, Math.round(n * scale)),
  );
  const context = canvas.getContext("2d");
  context.fillStyle = "white"; // under what is transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  return new DataView(await blob.arrayBuffer());
}

function render({ model, el }) {
  const root = becomeWidget(element("div", { className: "knobs" }, el));
  const uploads = model.get("uploads") ? element("div", { className: "uploads row" }, root) : null;
  const field = element("fieldset", {}, root);
  const stage = element("div", { className: "stage" }, root);
  const picture = element("img", { draggable: false }, stage);
  const told = element("p", { className: "said" }, root);
  const speak = speaker(root);

  const knobs = {};
  let wished = { ...model.get("values") };
  let busy = 0; // the number of the wish under way, 0 for none
  let waiting = null; // the newest wish that came meanwhile
  let turned = {}; // what was turned while a wish was under way
  let alarms = [];
  let gone = false;
  let address = "";
  let newest = "";

  function say(text, trouble = false) {
    if (told.textContent !== text) told.textContent = text;
    told.classList.toggle("trouble", trouble);
    speak(text);
  }

  // Sends the settings, with whatever else belongs to this wish.
  function wish(more = {}) {
    if (gone) return;
    if (busy) {
      waiting = { ...waiting, ...more };
      return;
    }
    busy = model.get("asked") + 1;
    root.dataset.asked = busy;
    quiet();
    alarms = [
      setTimeout(() => {
        root.setAttribute("aria-busy", "true");
        say("Working …");
      }, BUSY),
      setTimeout(() => say(SILENT, true), PATIENCE),
    ];
    for (const [name, value] of Object.entries(more)) model.set(name, value);
    model.set("values", { ...wished });
    model.set("asked", busy);
    model.save_changes();
  }

  function quiet() {
    alarms.forEach(clearTimeout);
    root.removeAttribute("aria-busy");
  }

  function answered() {
    root.dataset.answered = model.get("answered");
    if (busy && model.get("answered") < busy) return;
    busy = 0;
    quiet();
    if (waiting) {
      const more = waiting;
      waiting = null;
      // The answer may have brought settings, as an upload does: those stay that nobody turned.
      wished = { ...model.get("values"), ...turned };
      turned = {};
      return wish(more);
    }
    wished = { ...model.get("values") };
    refresh();
    say(model.get("told"), model.get("trouble"));
  }

  function turn(name, value) {
    wished[name] = value;
    if (busy) turned[name] = value;
    refresh(name);
    wish();
  }

  function refresh(except) {
    for (const [name, knob] of Object.entries(knobs)) if (name !== except) knob(wished[name]);
    place();
  }

  // ---- knobs

  const makers = {
    number(control, parent) {
      const { name, label, min, max, step, whole } = control;
      const knob = element("label", { className: "knob slid" }, parent);
      element("span", { textContent: label }, knob);
      const range = element("input", { type: "range", min, max, step }, knob);
      range.setAttribute("aria-label", label);
      const number = element("input", { type: "number", min, max, step: whole ? 1 : "any" }, knob);
      number.setAttribute("aria-label", `${label}, typed`);
      range.addEventListener("input", () => {
        number.value = spelled(Number(range.value), step);
        turn(name, Number(range.value));
      });
      number.addEventListener("change", () => {
        const value = number.value === "" ? NaN : Number(number.value);
        const good = value >= min && value <= max && !(whole && !Number.isInteger(value));
        number.setAttribute("aria-invalid", String(!good));
        if (good) {
          range.value = value;
          return turn(name, value);
        }
        const kind = whole ? "a whole number" : "a number";
        const typed = number.value || "nothing";
        number.value = spelled(wished[name], step);
        say(`${label}: ${kind} from ${min} to ${max}, not ${typed}.`, true);
      });
      knobs[name] = (value) => {
        range.value = value;
        range.setAttribute("aria-valuetext", spelled(value, step));
        if (document.activeElement !== number) number.value = spelled(value, step);
      };
    },
    tick({ name, label }, parent) {
      const knob = element("label", { className: "knob" }, parent);
      const box = element("input", { type: "checkbox" }, knob);
      element("span", { textContent: label }, knob);
      box.addEventListener("change", () => turn(name, box.checked));
      knobs[name] = (value) => (box.checked = value);
    },
    choice({ name, label, options }, parent) {
      const knob = element("label", { className: "knob" }, parent);
      element("span", { textContent: label }, knob);
      const choice = element("select", {}, knob);
      options.forEach((text, value) => element("option", { textContent: text, value }, choice));
      choice.addEventListener("change", () => turn(name, Number(choice.value)));
      knobs[name] = (value) => (choice.value = value);
    },
    press({ name, label }, parent) {
      const knob = element("div", { className: "knob" }, parent);
      const button = element("button", { type: "button", textContent: label }, knob);
      button.addEventListener("click", () => wish({ pressed: name }));
    },
  };
  for (const control of model.get("controls")) makers[control.kind](control, field);

  // ---- the picture, and what can be dragged in it

  const [wide, high] = model.get("frame");
  stage.style.width = `${wide}px`;
  stage.style.aspectRatio = `${wide} / ${high}`;

  async function draw() {
    const blob = new Blob([model.get("picture")], { type: "image/jpeg" });
    const [next, alt, size] = [URL.createObjectURL(blob), model.get("alt"), model.get("size")];
    newest = next;
    stage.setAttribute("aria-busy", "true"); // the picture is still the one before
    const loader = new Image();
    loader.src = next;
    await loader.decode().catch(() => {}); // else the picture would be blank for a moment
    if (next !== newest) return URL.revokeObjectURL(next); // a later one was ready before
    const before = address;
    address = next;
    [picture.src, picture.alt] = [next, alt];
    [picture.width, picture.height] = size;
    stage.removeAttribute("aria-busy");
    if (before) URL.revokeObjectURL(before);
    place();
  }

  // Pixels of the screen for one of the picture: it is fitted into the stage, at the upper left.
  const scale = () => {
    const [width, height] = model.get("size");
    return Math.min(stage.clientWidth / width, stage.clientHeight / height) || 1;
  };
  const where = (event) => {
    const box = stage.getBoundingClientRect();
    const factor = (box.width / stage.offsetWidth || 1) * scale(); // a page may be transformed
    return [event.clientX - box.left, event.clientY - box.top].map((n) => n / factor - 0.5);
  };
  const inside = ([x, y], [left, top, right, bottom]) =>
    x >= left && x <= right && y >= top && y <= bottom;

  const handles = {};

  // Calls moved([x, y]) with each place of the pointer until it is let go.
  function drag(target, event, moved) {
    event.preventDefault();
    event.stopPropagation();
    target.focus();
    target.setPointerCapture(event.pointerId);
    const move = (next) => moved(where(next));
    target.addEventListener("pointermove", move);
    const end = () => target.removeEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"])
      target.addEventListener(name, end, { once: true });
  }

  // The value of a line at a place across the picture, on one of its steps.
  function valueAt({ area: [left, , right], low, high, step }, x) {
    return snapped(clamp(low + ((x - left) / (right - left)) * (high - low), low, high), low, step);
  }
  // Where a value of a line lies across the picture.
  const acrossOf = ({ area: [left, , right], low, high }, value) =>
    left + ((value - low) / (high - low)) * (right - left);

  function lineOf(handle) {
    const bar = element("div", { className: "handle line", tabIndex: 0 }, stage);
    bar.setAttribute("role", "slider");
    const { name, label, low, high: top, step } = handle;
    bar.setAttribute("aria-label", label);
    bar.setAttribute("aria-valuemin", low);
    bar.setAttribute("aria-valuemax", top);
    const to = (value) => turn(name, snapped(clamp(value, low, top), low, step));
    bar.addEventListener("pointerdown", (event) =>
      drag(bar, event, ([x]) => turn(name, valueAt(handles[name].told, x))),
    );
    bar.addEventListener("focus", tellNote);
    bar.addEventListener("blur", tellNote);
    bar.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (event.key === "Home") to(low);
      else if (event.key === "End") to(top);
      else if (way) to(wished[name] + way * step);
      else return;
      event.preventDefault();
    });
    return {
      told: handle,
      node: bar,
      put() {
        const [, up, , down] = this.told.area;
        const x = acrossOf(this.told, wished[name]);
        const factor = scale();
        bar.setAttribute("aria-valuenow", wished[name]);
        bar.style.left = `${(x + 0.5) * factor}px`;
        bar.style.top = `${up * factor}px`;
        bar.style.height = `${(down - up) * factor}px`;
      },
    };
  }

  function frameOf(handle) {
    const box = element("div", { className: "handle frame", tabIndex: 0 }, stage);
    const corner = element("i", {}, box);
    const { name, label } = handle;
    box.setAttribute("role", "group");
    box.setAttribute("aria-roledescription", "frame in the picture");
    box.style.setProperty("--ink", handle.colour);
    function to([left, top, width, height]) {
      const [x0, y0, x1, y1] = handles[name].told.within;
      const ratio = height / width;
      width = clamp(width, 12, Math.min(x1 - x0, (y1 - y0) / ratio));
      height = width * ratio;
      left = clamp(left, x0, x1 - width);
      top = clamp(top, y0, y1 - height);
      turn(name, [left, top, width, height].map((n) => Math.round(10 * n) / 10));
    }
    box.addEventListener("pointerdown", (event) => {
      const [start, began] = [where(event), [...wished[name]]];
      const [left, top, width, height] = began;
      drag(box, event, ([x, y]) => {
        const [dx, dy] = [x - start[0], y - start[1]];
        if (event.target !== corner) return to([left + dx, top + dy, width, height]);
        const grown = Math.max(width + dx, ((height + dy) * width) / height);
        to([left, top, grown, (grown * height) / width]);
      });
    });
    box.addEventListener("keydown", (event) => {
      const [left, top, width, height] = wished[name];
      const step = Math.max(1, width / 20);
      const way = {
        ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step],
      }[event.key];
      const growth = { "+": 1.05, "=": 1.05, "-": 1 / 1.05 }[event.key];
      if (way) to([left + way[0], top + way[1], width, height]);
      else if (growth) to([left, top, width * growth, height * growth]);
      else return;
      event.preventDefault();
    });
    return {
      told: handle,
      node: box,
      put() {
        const factor = scale();
        const [left, top, width, height] = wished[name].map((n) => n * factor);
        const at = wished[name].map(Math.round);
        const keys = "arrow keys move it, + and - change its size";
        box.setAttribute("aria-label", `${label}: ${at[2]} wide at ${at[0]}, ${at[1]}; ${keys}`);
        Object.assign(box.style, {
          left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px`,
        });
      },
    };
  }

  function pickOf(handle) {
    const button = element("button", { type: "button", className: "handle pick" });
    stage.insertBefore(button, picture.nextSibling); // under the frames
    button.setAttribute("aria-label", handle.label);
    const one = { told: handle, node: button };
    button.addEventListener("click", () => turn(one.told.setting, [...one.told.value]));
    one.put = () => {
      const factor = scale();
      const [left, top, width, height] = one.told.value.map((n) => `${n * factor}px`);
      Object.assign(button.style, { left, top, width, height });
    };
    return one;
  }

  // Puts each handle where its setting says, and makes or removes those that came or went.
  function place() {
    const wanted = model.get("handles").filter((one) => one.kind !== "clicks");
    for (const name of Object.keys(handles)) {
      if (wanted.some((one) => one.name === name)) continue;
      handles[name].node.remove();
      delete handles[name];
    }
    for (const one of wanted) {
      handles[one.name] ??= { line: lineOf, frame: frameOf, pick: pickOf }[one.kind](one);
      handles[one.name].told = one;
      handles[one.name].put();
    }
    const answers = (one) => one.kind === "clicks" || one.notes?.length;
    stage.style.cursor = model.get("handles").some(answers) ? "pointer" : "";
    tellNote();
  }

  stage.addEventListener("click", (event) => {
    if (event.target !== picture) return;
    const at = where(event);
    const one = model.get("handles").find((h) => h.kind === "clicks" && inside(at, h.area));
    if (one) return turn(one.name, at.map((n) => Math.round(10 * n) / 10));
    const bar = noted(at);
    if (!bar) return;
    turn(bar.name, valueAt(bar, at[0]));
    handles[bar.name].node.focus();
  });

  // ---- the note on a step of a line: under the pointer, or where the line stands that has the focus

  const hair = element("div", { className: "hair", hidden: true }, stage);
  hair.setAttribute("aria-hidden", "true"); // what is told below the picture says it as well
  const note = element("span", {}, hair);
  let over = null; // the value under the pointer

  // The line that has notes; with a place, only where that is in its chart, or nearly.
  function noted([x, y] = []) {
    const bar = model.get("handles").find((one) => one.notes?.length);
    if (!bar || x === undefined) return bar;
    const [left, up, right, down] = bar.area;
    return inside([x, y], [left - BESIDE, up, right + BESIDE, down]) ? bar : undefined;
  }

  function tellNote() {
    const bar = noted();
    const focused = bar && handles[bar.name]?.node.matches(":focus");
    const value = over ?? (focused ? wished[bar.name] : null);
    hair.hidden = !bar || value === null;
    if (hair.hidden) return;
    const [left, up, right, down] = bar.area;
    const [x, factor] = [acrossOf(bar, value), scale()];
    const index = Math.round((value - bar.low) / bar.step);
    note.textContent = bar.notes[clamp(index, 0, bar.notes.length - 1)];
    hair.classList.toggle("leftwards", x > (left + right) / 2);
    Object.assign(hair.style, {
      left: `${(x + 0.5) * factor}px`, top: `${up * factor}px`, height: `${(down - up) * factor}px`,
    });
  }

  stage.addEventListener("pointermove", (event) => {
    const at = where(event);
    const bar = event.buttons ? undefined : noted(at); // a line that is dragged tells of itself
    over = bar ? valueAt(bar, at[0]) : null;
    tellNote();
  });
  stage.addEventListener("pointerleave", () => {
    over = null;
    tellNote();
  });

  // ---- a picture of the reader's own

  async function take(file) {
    if (!file || gone) return;
    root.setAttribute("aria-busy", "true");
    say(`${file.name || "The picture"}: reading …`);
    try {
      const bytes = await shrunk(file);
      wish({ upload: bytes, upload_name: file.name || "The pasted picture" });
    } catch {
      root.removeAttribute("aria-busy");
      say(`${file.name}: not a picture that this browser can read (JPEG and PNG it can).`, true);
    }
  }

  if (uploads) {
    const choose = (text, options) => {
      const label = element("label", { textContent: text }, uploads);
      const input = element("input", { type: "file", accept: "image/*", ...options }, label);
      input.addEventListener("change", () => {
        take(input.files[0]);
        input.value = ""; // so that the same file can be chosen again
      });
      return input;
    };
    choose("Choose a picture");
    choose("Photograph").setAttribute("capture", "user");
    element("span", { textContent: "or drop one here, or paste it" }, uploads);
    root.tabIndex = -1; // so that a click into it makes it the place where a paste goes
    const only = (event) => (event.preventDefault(), event.stopPropagation());
    root.addEventListener("dragover", (event) => {
      only(event);
      root.classList.add("dropping");
    });
    root.addEventListener("dragleave", () => root.classList.remove("dropping"));
    root.addEventListener("drop", (event) => {
      only(event);
      root.classList.remove("dropping");
      take(event.dataTransfer.files[0]);
    });
    root.addEventListener("paste", (event) => {
      const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
      if (!file) return;
      only(event);
      take(file);
    });
  }

  // ---- the kernel

  // ipywidgets says so once a kernel is restarted from this page; else the alarm above does.
  function liveness() {
    gone = true;
    quiet();
    field.disabled = true;
    root.classList.add("gone");
    uploads?.querySelectorAll("input").forEach((input) => (input.disabled = true));
    say(GONE, true);
  }

  model.on("change:answered", answered);
  model.on("change:picture", draw);
  const told_anew = () => busy || say(model.get("told"), model.get("trouble"));
  const values_anew = () => {
    if (busy) return;
    wished = { ...model.get("values") };
    refresh();
  };
  model.on("change:values", values_anew);
  model.on("change:told", told_anew);
  model.on("change:handles", place);
  model.on("comm_live_update", liveness);
  const watch = new ResizeObserver(place);
  watch.observe(stage);
  refresh();
  draw();
  say(model.get("told"), model.get("trouble"));

  return () => {
    watch.disconnect();
    quiet();
    model.off("change:answered", answered);
    model.off("change:picture", draw);
    model.off("change:values", values_anew);
    model.off("change:told", told_anew);
    model.off("change:handles", place);
    model.off("comm_live_update", liveness);
    URL.revokeObjectURL(address);
  };
}

export default { render };
