// Light or dark, by the button in the corner; remembered in this browser.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

function shown() {
  return root.dataset.theme || (system.matches ? "dark" : "light");
}

document.querySelector("[data-theme-switch]")?.addEventListener("click", () => {
  root.dataset.theme = shown() === "dark" ? "light" : "dark";
  try { localStorage.setItem("tickbird.theme", root.dataset.theme); } catch { /* then it lasts for this page */ }
});
