// A button that copies the text of another element; it stays hidden where the browser cannot do that.
for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (source && navigator.clipboard) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(source.textContent.trim());
        button.firstElementChild.textContent = button.dataset.done;
      } catch {
        getSelection().selectAllChildren(source);
      }
    });
  }
}
