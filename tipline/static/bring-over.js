// Presses "Go on" until nothing is left, and shows how far it is; without this file a person presses.
(() => {
  const box = () => document.querySelector("[data-bring-over]");
  const left = (part) => Number(part.querySelector("progress")?.max ?? 0);

  const run = async (button) => {
    const whole = left(box());
    let rest = whole;
    while (rest > 0) {
      const form = box().querySelector("form");
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-bring-over]");
      if (!answer.ok || !fresh) {
        location.reload();
        return;
      }
      const now = left(fresh);
      if (now >= rest && now > 0) {
        break; // another session has the rest in hand, or it needs another person
      }
      if (now === 0 && fresh.dataset.bringOver === "all") {
        location.reload(); // what was made stands beside the box
        return;
      }
      rest = now;
      box().replaceWith(document.adoptNode(fresh));
      const bar = box().querySelector("progress");
      if (bar) {
        bar.value = whole - rest;
        bar.max = whole;
        box().querySelector("button").disabled = true;
      }
    }
    box().querySelector("button")?.removeAttribute("disabled");
    button.blur();
  };

  const start = () => {
    const form = box()?.querySelector("form");
    form?.addEventListener("submit", (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      button.disabled = true;
      run(button).catch(() => location.reload());
    });
  };

  start();
})();
