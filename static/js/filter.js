// Filters the rows of the overview while one types; without scripts the same field asks the server.
const field = document.querySelector("[data-filter]");
const texts = new WeakMap();

function text(row) {
  const cells = `${row.cells[1].textContent} ${row.cells[2].textContent}`;
  if (texts.get(row)?.cells !== cells) texts.set(row, { cells, text: cells.toLowerCase() });
  return texts.get(row).text;
}

function filter() {
  const wanted = field.value.trim().toLowerCase();
  let found = 0;
  for (const row of document.querySelectorAll("#queues tbody tr")) {
    row.hidden = !text(row).includes(wanted);
    if (!row.hidden) found += 1;
  }
  const none = document.querySelector("[data-no-match]");
  if (none) none.hidden = found > 0;
}

function remember() {
  const url = new URL(location.href);
  if (field.value.trim()) url.searchParams.set("filter", field.value.trim());
  else url.searchParams.delete("filter");
  history.replaceState(null, "", url);
}

if (field) {
  // A list that the server has filtered, or of which it has sent a part, lacks the other rows: they cannot be found here.
  const whole = !field.value && !field.hasAttribute("data-part");
  field.addEventListener("input", () => { if (whole) { filter(); remember(); } });
  field.form.addEventListener("submit", (event) => { if (whole) event.preventDefault(); });
  document.addEventListener("htmx:after:swap", () => { if (whole && field.value) filter(); });
}
