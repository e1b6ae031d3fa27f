// What may become markup, and what htmx may do. Browsers that know Trusted Types let no other text become markup at all.
const source = document.querySelector("#live");

// Texts from Redis come escaped, so `<script` can only be an element: of a whole page's head, or one that slipped in.
const rules = { createHTML: (text) => text.replace(/<(\/?)script/gi, "<$1template") };

export const policy = window.trustedTypes?.createPolicy("tickbird", rules) ?? rules;

function refuse() {
  throw new EvalError("Tickbird's pages evaluate no text.");
}

// The root of every page says hx-ignore; this holds where it would be lost. One element asks, for one address.
window.htmx?.registerExtension("trusted", {
  init: (htmx) => htmx.initSecurity(policy, refuse, refuse),
  htmx_before_request: (element, { ctx }) =>
    element === source && ctx.request.method === "GET" && ctx.request.action === source.getAttribute("hx-sse:connect"),
});
