// Offers words while one writes a query: the fields there are, and what the jobs of this list say. Read once, when needed.
const MOST = 12;
const box = document.querySelector("[data-complete]");
let vocabulary = null;

function read() {
  vocabulary ??= fetch(box.dataset.complete).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
  return vocabulary;
}

// The term at the caret: where it begins, its field, and what stands behind the colon. A minus is not part of it.
function term() {
  const before = box.value.slice(0, box.selectionStart);
  const pieces = before.match(/"(?:[^"\\]|\\.)*"?|\\.?|[\s()]|[^\s()"\\]+/g) ?? [];
  const last = pieces.findLastIndex((piece) => /^[\s()]$/.test(piece));
  const said = pieces.slice(last + 1).join("").replace(/^-/, "");
  const [field, ...rest] = said.split(":");
  const start = before.length - said.length;
  return rest.length ? { start, field, value: rest.join(":") } : { start, field: null, value: field };
}

function quoted(text) {
  return /^[^\s()":*\\<>=-][^\s()":*\\]*$/.test(text) && !text.includes("..") && text !== "OR"
    ? text
    : `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

function values(known, field) {
  const listed = known.words.find(({ word }) => word === field)?.values ?? [];
  const sampled = known.values[field] ?? [];
  return [
    ...listed.map((value) => ({ value, says: "" })),
    ...sampled.map(({ value, jobs }) => ({ value, says: `${jobs} of ${known.looked_at} looked at` })),
  ];
}

function fields(known) {
  const paths = Object.keys(known.values).filter((path) => path.includes("."));
  return [
    ...known.words.map(({ word, says }) => ({ insert: `${word}:`, says })),
    ...paths.map((path) => ({ insert: `${path}:`, says: known.values[path].slice(0, 3).map(({ value }) => value).join(", ") })),
  ];
}

function offersOf(known, { field, value }) {
  const typed = value.replaceAll('"', "").toLowerCase();
  const all = field === null
    ? fields(known)
    : values(known, field).map((each) => ({ insert: `${field}:${quoted(each.value)} `, shown: each.value, says: each.says }));
  const name = ({ shown, insert }) => (shown ?? insert).toLowerCase();
  const first = all.filter((each) => name(each).startsWith(typed));
  const others = typed ? all.filter((each) => !name(each).startsWith(typed) && name(each).includes(typed)) : [];
  return [...first, ...others].slice(0, MOST);
}

function listbox() {
  let list = document.getElementById("offers");
  if (!list) {
    list = Object.assign(document.createElement("div"), { id: "offers", className: "offers", hidden: true });
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Words for this query");
    box.parentElement.append(list);
  }
  return list;
}

function option(offer, index) {
  const row = Object.assign(document.createElement("div"), { id: `offer-${index}`, className: "offer" });
  const [word, says] = ["mono", "faint"].map((name) => Object.assign(document.createElement("span"), { className: name }));
  row.setAttribute("role", "option");
  row.setAttribute("aria-selected", "false");
  row.dataset.insert = offer.insert;
  word.textContent = offer.shown ?? offer.insert;
  says.textContent = offer.says;
  row.append(word, says);
  return row;
}

function close() {
  listbox().hidden = true;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

async function open() {
  const known = await read();
  if (!known || document.activeElement !== box) return;
  const offers = offersOf(known, term());
  listbox().replaceChildren(...offers.map(option));
  listbox().hidden = !offers.length;
  box.setAttribute("aria-expanded", String(offers.length > 0));
  box.removeAttribute("aria-activedescendant");
}

function selected() {
  return listbox().querySelector("[aria-selected=true]");
}

function move(step) {
  const all = [...listbox().children];
  const next = all[(all.indexOf(selected()) + step + all.length + (selected() || step > 0 ? 0 : 1)) % all.length];
  selected()?.setAttribute("aria-selected", "false");
  next.setAttribute("aria-selected", "true");
  next.scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", next.id);
}

function take(row) {
  const { start } = term();
  const after = box.value.slice(box.selectionStart);
  const insert = row.dataset.insert;
  box.value = box.value.slice(0, start) + insert + (insert.endsWith(" ") ? after.trimStart() : after);
  box.setSelectionRange(start + insert.length, start + insert.length);
  open();
}

function pressed(event) {
  if (listbox().hidden) {
    if (event.key === "ArrowDown") { event.preventDefault(); open(); }
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) move(step);
  else if (event.key === "Escape") close();
  else if ((event.key === "Enter" || event.key === "Tab") && selected()) take(selected());
  else return;
  // What the list has taken is nobody else's: Enter sends no form, Escape leaves no field.
  event.preventDefault();
  event.stopPropagation();
}

if (box) {
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", "offers"], ["aria-expanded", "false"]]) {
    box.setAttribute(name, value);
  }
  listbox();
  box.addEventListener("focus", read);
  box.addEventListener("input", open);
  box.addEventListener("keydown", pressed);
  box.addEventListener("blur", close);
  box.parentElement.addEventListener("pointerdown", (event) => {
    const row = event.target.closest(".offer");
    if (!row) return;
    event.preventDefault();
    take(row);
  });
}
