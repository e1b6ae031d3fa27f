// Single keys: / for the field, g and a letter to a place, j k through the rows, x to tick, ? for help. Never while typing.
const place = (word) => `.top .places a[href$="/${word}"]`;
const GO = { q: ".brand", s: place("search"), e: place("errors"), w: place("workers"), o: place("operations") };
let going = 0;

function rows() {
  return [...document.querySelectorAll("[data-rows] tbody tr")].filter((row) => !row.hidden);
}

function move(step) {
  const all = rows();
  const here = all.indexOf(document.activeElement?.closest("tr"));
  const next = all[here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, here + step))];
  next?.querySelector(".open")?.focus();
}

// The field of the page; else the one at the top, and where that has no room, the page that has it.
function find() {
  const field = document.querySelector("[data-slash]") ?? document.querySelector(".find input");
  if (field?.offsetParent) { field.focus(); field.select(); } else document.querySelector(GO.s)?.click();
}

const keys = {
  "/": find,
  j: () => move(1),
  k: () => move(-1),
  x: () => document.activeElement?.closest("tr")?.querySelector("[data-tick]")?.click(),
  g: () => { going = Date.now(); },
  "?": () => document.querySelector("#help").showModal(),
};

function typing(target) {
  return target.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (Date.now() - going < 1500 && GO[event.key]) {
    going = 0;
    document.querySelector(GO[event.key])?.click();
  } else if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  }
});
document.querySelector("[data-help]")?.addEventListener("click", keys["?"]);
