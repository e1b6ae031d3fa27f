// Ticked rows: how many there are, all at once, and a range with Shift.
const ticks = () => [...document.querySelectorAll("[data-tick]")].filter((tick) => !tick.closest("tr").hidden);
let last = null;

function show() {
  const bar = document.querySelector("[data-selection-bar]");
  if (!bar) return;
  const count = ticks().filter((tick) => tick.checked).length;
  bar.toggleAttribute("data-some", count > 0);
  bar.querySelector("[data-ticked]").textContent = `${count} ${bar.dataset.selectionBar}${count === 1 ? "" : "s"} ticked`;
  const all = document.querySelector("[data-tick-all]");
  if (!all) return;
  all.checked = count > 0 && count === ticks().length;
  all.indeterminate = count > 0 && !all.checked;
}

function tickRange(from, to, checked) {
  const rows = ticks();
  const [start, end] = [rows.indexOf(from), rows.indexOf(to)].sort((a, b) => a - b);
  if (start >= 0) rows.slice(start, end + 1).forEach((tick) => { tick.checked = checked; });
}

document.addEventListener("click", (event) => {
  const { target } = event;
  if (target.matches?.("[data-tick]")) {
    if (event.shiftKey && last) tickRange(last, target, target.checked);
    last = target;
  } else if (target.matches?.("[data-tick-all]")) {
    ticks().forEach((tick) => { tick.checked = target.checked; });
  } else if (target.matches?.("[data-untick]")) {
    document.querySelectorAll("[data-tick]").forEach((tick) => { tick.checked = false; });
  } else return;
  show();
});
document.addEventListener("change", ({ target }) => {
  if (target.matches?.("[data-submit]")) target.form.requestSubmit();
  if (target.matches?.("[data-tick]")) show();
});
document.addEventListener("htmx:after:swap", show);
show();
