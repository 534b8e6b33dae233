// Single keys in the queue and on a tip. They stay quiet while a field has the focus and beside Ctrl, Alt and Cmd;
// whoever does not want them switches them off under "How you work", and this file is not loaded.
const sheet = document.querySelector("[data-keys]");
const lines = [...document.querySelectorAll("[data-line]")];

function follow(selector) {
  const target = document.querySelector(selector);
  if (target) {
    target.click();
  }
}

function move(step) {
  const here = lines.findIndex((line) => line.closest("tr").contains(document.activeElement));
  const next = here < 0 ? (step > 0 ? 0 : lines.length - 1) : here + step;
  if (lines[next]) {
    lines[next].focus();
    lines[next].scrollIntoView({ block: "nearest" });
  }
}

const acts = {
  "?": () => (sheet.open ? sheet.close() : sheet.showModal()),
  j: () => (lines.length ? move(1) : follow("a[rel=next]")),
  k: () => (lines.length ? move(-1) : follow("a[rel=prev]")),
  x: () => {
    const line = document.activeElement.closest("tr");
    const box = line && line.querySelector("input[name=ref]");
    if (box) {
      box.click();
    }
  },
  t: () => follow("[data-key=t]"),
  f: () => {
    const first = document.querySelector(".tl-filters select");
    if (first) {
      first.focus();
    }
  },
  u: () => follow(".govuk-back-link"),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio])");
  if (typing || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat && event.key === "t") {
    return;
  }
  const act = acts[event.key];
  if (act && sheet && (!sheet.open || event.key === "?")) {
    event.preventDefault();
    act();
  }
});
