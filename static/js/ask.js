// What has to be confirmed: the server's own question, in a dialog instead of on a page of its own.
import { policy } from "./trusted.js";

const dialog = document.querySelector("#ask");

async function question(form, submitter) {
  const fields = new URLSearchParams(new FormData(form, submitter));
  const response = await fetch(submitter?.getAttribute("formaction") ?? form.getAttribute("action"), { method: "POST", body: fields, headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(policy.createHTML(await response.text()), "text/html");
  return page.querySelector("#question");
}

document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (form.dataset.asked || !(form.matches("[data-ask]") || submitter?.matches("[data-ask]"))) return;
  event.preventDefault();
  const asked = await question(form, submitter).catch(() => null);
  if (!asked) {
    // What the server says instead of asking is a page to be seen.
    form.dataset.asked = "no";
    form.requestSubmit(submitter);
    return;
  }
  dialog.replaceChildren(document.adoptNode(asked));
  dialog.showModal();
  dialog.querySelector("[data-cancel]").focus();
});

dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest("[data-cancel]")) {
    event.preventDefault();
    dialog.close();
  }
});
