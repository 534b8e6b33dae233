// Everything works without this file. It starts GOV.UK Frontend's components and adds three small comforts.
import { initAll } from "./vendor/govuk-frontend.min.js";

initAll();

// Escape closes the enlarged picture, as it closes everything else.
document.addEventListener("keydown", (event) => {
  const enlarged = document.querySelector(".tl-enlarged:target");
  if (event.key === "Escape" && enlarged) {
    enlarged.querySelector(".tl-enlarged__close").click();
  }
});

// The enlarged picture takes the keyboard's focus and gives it back.
window.addEventListener("hashchange", (event) => {
  const enlarged = document.querySelector(".tl-enlarged:target");
  if (enlarged) {
    enlarged.querySelector(".tl-enlarged__close").focus();
    return;
  }
  const before = new URL(event.oldURL).hash.slice(1);
  const opener = before && document.querySelector(`a[href="#${CSS.escape(before)}"]`);
  if (opener) {
    opener.focus();
  }
});

// Buttons that print, and menus that close when something else is pressed. Both stay hidden or open without script.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.tl-menu[open]")) {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  }
});
