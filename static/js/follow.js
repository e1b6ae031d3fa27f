// Log lines that grow: their end stays in sight, unless somebody has scrolled away from it.
const lines = () => document.querySelector("[data-follow]");
let away = false;

function atEnd(box) {
  return box.scrollHeight - box.scrollTop - box.clientHeight < 24;
}

function follow() {
  const box = lines();
  if (box && !away) box.scrollTop = box.scrollHeight;
}

document.addEventListener("scroll", ({ target }) => {
  if (target === lines()) away = !atEnd(target);
}, { capture: true, passive: true });
document.addEventListener("htmx:after:swap", follow);
follow();
