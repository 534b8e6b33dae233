// Solves the task of the check page while its reader reads. Without this file the tip is taken as well.
(() => {
  const answer = document.querySelector("input[name=proof][data-challenge]");
  const words = document.querySelector("[data-proof-words]");
  if (!answer || !words || !window.Worker) {
    return;
  }
  const PATIENCE = 90000;
  const form = answer.form;
  const challenge = JSON.parse(answer.dataset.challenge);
  const step = Math.min(4, Math.max(1, (navigator.hardwareConcurrency || 2) - 1));
  const workers = [];
  let state = "working";
  let wantsToSend = false;

  const show = (name) => {
    words.hidden = false;
    words.textContent = words.dataset[name];
  };

  const finish = (name) => {
    if (state !== "working") {
      return;
    }
    state = name;
    workers.forEach((worker) => worker.terminate());
    show(name);
    if (wantsToSend) {
      form.submit();
    }
  };

  const hear = (event) => {
    const solution = event.data;
    if (solution && solution.derivedKey) {
      answer.value = btoa(JSON.stringify({ challenge, solution }));
      finish("solved");
    } else {
      finish("failed");
    }
  };

  // Who presses the button before the task is solved need not press it again.
  form.addEventListener("submit", (event) => {
    if (state === "working") {
      event.preventDefault();
      wantsToSend = true;
      show("waiting");
    }
  });

  show("working");
  try {
    for (let start = 0; start < step; start += 1) {
      const worker = new Worker(answer.dataset.worker);
      workers.push(worker);
      worker.addEventListener("message", hear);
      worker.addEventListener("error", () => finish("failed"));
      worker.postMessage({ type: "work", challenge, counterStart: start, counterStep: step, timeout: PATIENCE });
    }
    setTimeout(() => finish("failed"), PATIENCE + 1000);
  } catch {
    finish("failed");
  }
})();
