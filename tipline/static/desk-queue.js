// The queue counts by itself and says how many lines are chosen. Everything works without this file.
const boxes = [...document.querySelectorAll("input[name=ref][form=chosen]")];
const told = document.querySelector("[data-chosen]");
const all = document.querySelector("[data-choose-all]");

function tell() {
  const number = boxes.filter((box) => box.checked).length;
  told.textContent = number === 0 ? "" : number === 1 ? told.dataset.one : told.dataset.many.replace("#", number);
  all.querySelector("input").checked = number === boxes.length;
}
if (all && boxes.length) {
  all.hidden = false;
  all.addEventListener("change", (event) => {
    for (const box of boxes) {
      box.checked = event.target.checked;
    }
    tell();
  });
  for (const box of boxes) {
    box.addEventListener("change", tell);
  }
  tell();
}

// How many tips are new, every half minute while the page is looked at. Asking keeps no session awake.
const counter = document.querySelector("[data-new]");
async function count() {
  if (document.hidden) {
    return;
  }
  try {
    const answer = await fetch(counter.dataset.new, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) {
      return;
    }
    const found = await answer.json();
    counter.querySelector("[data-new-words]").textContent = found.words;
    counter.querySelector("[data-new-more]").hidden = found.count <= Number(counter.dataset.count);
  } catch {
    // signed out, or no network: the number stays as it is
  }
}
if (counter) {
  setInterval(count, 30000);
  document.addEventListener("visibilitychange", count);
}
