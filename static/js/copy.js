// Copy buttons: a text, or what stands in an element.
document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy], [data-copy-text]");
  if (!button) return;
  const text = button.dataset.copyText ?? document.getElementById(button.dataset.copy).textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.dataset.live = "copied";
  } catch {
    // Browsers give the clipboard to https and localhost only.
    button.dataset.live = "not allowed here";
  }
  setTimeout(() => { delete button.dataset.live; }, 1500);
});
