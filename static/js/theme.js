// Runs before anything is painted: the theme that was chosen last, and that scripts run at all.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  let chosen = null;
  try { chosen = localStorage.getItem("tickbird.theme"); } catch { /* storage may be forbidden: then as the system has it */ }
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
})();
