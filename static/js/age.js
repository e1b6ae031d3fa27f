// Keeps every age on the page ticking, in the words of dashboard/words.py, and says when the data themselves are old.
const root = document.documentElement;
const ahead = Date.now() - Number(root.dataset.now);
const SOME = 15_000;
const VERY = 60_000;
const number = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

export function age(ms) {
  const s = Math.floor(Math.max(0, ms) / 1000);
  if (s < 90) return `${s} s`;
  if (s < 6000) return `${Math.floor(s / 60)} min`;
  if (s < 172_800) return `${Math.floor(s / 3600)} h`;
  return `${number.format(Math.floor(s / 86_400))} d`;
}

function span(ms) {
  if (ms < 90_000) return age(ms);
  const s = Math.floor(ms / 1000);
  if (s < 600 && s % 60) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  return age(ms);
}

const forms = {
  age: (since) => age(since),
  ago: (since) => `${age(since)} ago`,
  span: (since) => span(Math.max(0, since)),
  until: (since) => (since < 0 ? `in ${age(-since)}` : `due for ${age(since)}`),
  clock: (_, at) => clock.format(at),
};

export function tick() {
  const now = Date.now() - ahead;
  for (const time of document.querySelectorAll("time[data-at]")) {
    const at = Number(time.dataset.at);
    if (!(Math.abs(at) < 8.64e15)) continue;
    const words = forms[time.dataset.as](now - at, at);
    if (time.textContent !== words) time.textContent = words;
  }
  const reading = document.querySelector("#foot time[data-at]");
  const old = reading ? now - Number(reading.dataset.at) : 0;
  if (old > SOME) root.dataset.old = old > VERY ? "very" : "some";
  else delete root.dataset.old;
}

document.addEventListener("mouseover", ({ target }) => {
  const time = target.closest?.("time[data-at]");
  if (time && !time.title) time.title = exact.format(Number(time.dataset.at));
});
document.addEventListener("htmx:after:swap", tick);
setInterval(tick, 1000);
tick();
