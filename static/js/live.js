// The page's one stream, by htmx; where streams do not get through, the same pieces by asking every few seconds.
const source = document.querySelector("#live");
const word = () => document.querySelector("[data-live-word]");
const ASK_EVERY = 5000;
const TRY_AGAIN_AFTER = 30_000;
const PATIENCE = 3;
let failures = 0;
let asking = null;
let since = null;

function say(text) {
  document.documentElement.dataset.live = text || "stream";
  if (word()) word().textContent = text;
}

function connect() {
  if (source._htmx?.sse || document.hidden) return;
  window.htmx.ajax("GET", source.getAttribute("hx-sse:connect"), { source, swap: "none" });
}

async function ask() {
  if (document.hidden) return;
  const url = new URL(source.dataset.fragments, location.href);
  if (since) url.searchParams.set("since", since);
  const response = await fetch(url).catch(() => null);
  if (!response) { say("no connection"); return; }
  if (!response.ok) { say("not kept up to date"); return; }
  since = response.headers.get("X-Tickbird-Mark") ?? since;
  const text = await response.text();
  if (text) await window.htmx.swap({ text, sourceElement: source, target: source, swap: "none" });
  say("asking every 5 s");
}

function fallBack() {
  failures += 1;
  if (failures < PATIENCE && source._htmx?.sse) { say("connecting"); return; }
  asking ??= setInterval(ask, ASK_EVERY);
  ask();
}

if (source) {
  source.addEventListener("htmx:sse:after:connection", () => {
    failures = 0;
    clearInterval(asking);
    asking = null;
    say("");
  });
  for (const name of ["htmx:sse:error", "htmx:error", "htmx:response:error"]) source.addEventListener(name, fallBack);
  document.addEventListener("visibilitychange", connect);
  setInterval(connect, TRY_AGAIN_AFTER);
  connect();
}
