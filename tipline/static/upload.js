// Shows how much of an upload has come, and lets it be stopped and tried again; without this file the form does the
// same work, and a frame on the page tells how much has come.
(() => {
  const STEP_HEARD = 10; // percent between two announcements to screen readers

  const start = () => {
    const form = document.querySelector("form[enctype='multipart/form-data']");
    const box = document.querySelector("[data-upload]");
    if (!form || !box) {
      return;
    }
    const part = (name) => box.querySelector(`[data-upload-${name}]`);
    const bar = box.querySelector("progress");
    const submit = form.querySelector("[type=submit]");
    const input = form.querySelector("[type=file]");
    const numbers = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
    const megabytes = (size) => numbers.format(size / 1048576);
    let request = null;
    let heard = -STEP_HEARD;

    const show = (state) => {
      box.hidden = false;
      part("failed").hidden = state !== "failed";
      part("stopped").hidden = state !== "stopped";
      part("again").hidden = state === "running";
      part("stop").hidden = state !== "running";
      bar.hidden = state !== "running";
      part("words").hidden = state !== "running";
      submit.disabled = state === "running";
      if (state !== "running") {
        request = null;
        part("heard").textContent = "";
        part("again").focus();
      }
    };

    const tell = (event) => {
      if (!event.lengthComputable) {
        return;
      }
      const percent = Math.floor((event.loaded / event.total) * 100);
      const words =
        percent === 100
          ? box.dataset.checking
          : box.dataset.arrived.replace("{arrived}", megabytes(event.loaded)).replace("{total}", megabytes(event.total));
      bar.value = percent;
      part("words").textContent = words;
      if (percent >= heard + STEP_HEARD || percent === 100) {
        heard = percent;
        part("heard").textContent = words;
      }
    };

    // The answer is a page: after a redirect it is opened, otherwise its main part, with what was refused, is shown.
    const answered = (done) => {
      const page = new DOMParser().parseFromString(done.responseText, "text/html");
      const main = page.querySelector("main");
      const summary = page.querySelector(".govuk-error-summary");
      const refused = summary || (done.status >= 400 && done.status < 500 && done.status !== 408);
      if (!main || (done.status >= 400 && !refused)) {
        show("failed");
        return;
      }
      if (!refused) {
        window.location.assign(done.responseURL);
        return;
      }
      document.title = page.title;
      document.querySelector("main").replaceWith(main);
      const first = summary || main.querySelector("h1");
      first.tabIndex = -1;
      first.focus();
      start();
    };

    const send = () => {
      heard = -STEP_HEARD;
      bar.value = 0;
      part("words").textContent = "";
      show("running");
      request = new XMLHttpRequest();
      const mine = request;
      mine.upload.addEventListener("progress", tell);
      mine.addEventListener("load", () => answered(mine));
      mine.addEventListener("error", () => show("failed"));
      mine.addEventListener("abort", () => show("stopped"));
      mine.open("POST", form.action);
      mine.setRequestHeader("X-Requested-With", "XMLHttpRequest");
      mine.send(new FormData(form));
      part("stop").focus();
    };

    form.addEventListener("submit", (event) => {
      if (input.files.length === 0) {
        return; // the server says that a file is missing
      }
      event.preventDefault();
      if (!request) {
        send();
      }
    });
    part("again").addEventListener("click", send);
    part("stop").addEventListener("click", () => request && request.abort());
  };

  start();
})();
