// What the widgets of the course share; helpers/widgets/frontend.py puts it before each one's own script.

const RIM = "rgba(0, 0, 0, 0.75)"; // around what is drawn on a picture, be it dark or light
const CALM = 700; // milliseconds without a change, after which a screen reader is told
const SILENT =
  "No answer from the kernel. Either it is busy, and this goes on when it is free, or it was " +
  "started again: then run this cell again.";

function element(tag, options = {}, parent = undefined) {
  const made = Object.assign(document.createElement(tag), options);
  parent?.append(made);
  return made;
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// What a number counts, in words: "1 face", "2 faces".
const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

// Names a view of a widget: the kernel's answers go to all of them.
const viewName = () => `${Date.now()}-${Math.random()}`;

// Makes an element the root of a widget: keys that are typed in it are its own.
function becomeWidget(root) {
  root.classList.add("face-widget");
  root.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes Enter and letters for its own
  root.addEventListener("keydown", (event) => event.stopPropagation()); // and so does Notebook 6
  return root;
}

// A widget's only status, for screen readers: speak(...texts) has it say, once all is calm, those of
// the texts that are new. Said at once, each step of a drag would be read aloud; and what a page
// shows when it opens is no news.
function speaker(root) {
  const status = element("p", { className: "spoken" }, root);
  status.setAttribute("role", "status");
  let [known, alarm] = [null, 0];
  return (...texts) => {
    known ??= texts;
    clearTimeout(alarm);
    alarm = setTimeout(() => {
      const news = texts.filter((text) => text && !known.includes(text));
      if (news.length) status.textContent = news.join(" ");
      known = texts;
    }, CALM);
  };
}
