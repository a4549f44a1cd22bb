// The only script. Every page works without it; with it, results move by themselves, forms are answered in place,
// and a password can be read.
//
//   [data-live="name"]           a region that is fetched anew; other pages' regions of that name replace it
//   [data-stream="/address"]     on any element: refresh the page's live regions at each event of that stream
//   form[data-inplace]           sent by fetch; the regions of the answer replace those of the page
//   button[data-show="id"]       shows the password typed in that field
//   button[data-print]           prints the page
//   [data-keys="enter"]          a text area that Enter sends, Shift+Enter being a new line
//   [data-end]                   brought into view after each refresh (the end of a conversation)
//   [data-offline]               shown while the stream is cut
//   [data-script]                sent hidden, shown when there is a script to make it work

const all = (selector, root = document) => root.querySelectorAll(selector);

function ready(root) {
  for (const element of all("[data-script]", root)) element.hidden = false;
}

// Puts the regions of a fetched page in the place of ours; the caret stays where it was.
function replaceRegions(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const active = document.activeElement;
  const kept = active && active.id ? { id: active.id, value: active.value, start: active.selectionStart } : null;
  for (const region of all("[data-live]")) {
    const fresh = page.querySelector(`[data-live="${region.dataset.live}"]`);
    if (!fresh || fresh.outerHTML === region.dataset.drawn) continue;
    const drawn = fresh.outerHTML;
    region.replaceWith(fresh);
    fresh.dataset.drawn = drawn;
    ready(fresh);
  }
  restore(kept, active);
  for (const end of all("[data-end]")) end.scrollIntoView({ block: "end" });
}

function restore(kept, before) {
  const after = kept && document.getElementById(kept.id);
  if (!after || after === before) return;
  if (kept.value !== undefined && !after.value) after.value = kept.value;
  after.focus({ preventScroll: true });
  if (kept.start !== undefined && kept.start !== null) after.setSelectionRange(kept.start, kept.start);
}

async function ask(address, options = {}) {
  const headers = { "X-Requested-With": "palabre", ...options.headers };
  const response = await fetch(address, { ...options, headers, credentials: "same-origin" });
  if (!response.ok && !response.headers.get("content-type")?.startsWith("text/html")) throw new Error(response.status);
  return response;
}

let refreshing = null;
function refresh() {
  refreshing ??= ask(location.href)
    .then(async (response) => (response.redirected ? location.reload() : response.ok && replaceRegions(await response.text())))
    .catch(() => {})
    .finally(() => { refreshing = null; });
  return refreshing;
}

function listen(address) {
  const stream = new EventSource(address);
  const tell = (cut) => { for (const element of all("[data-offline]")) element.hidden = !cut; };
  let again = false;
  stream.onopen = () => { tell(false); if (again) refresh(); again = true; };
  stream.onmessage = () => refresh().then(refresh);
  stream.onerror = () => tell(true);
}

// A form answered in place. When the house can't be reached, the browser sends it the plain way and says so.
async function sendInPlace(form, button) {
  const body = new FormData(form, button);
  const multipart = form.enctype === "multipart/form-data";
  form.ariaBusy = "true";
  for (const field of all("input[type=text], input:not([type]), textarea", form)) field.value = "";
  try {
    const response = await ask(form.action, { method: "POST", body: multipart ? body : new URLSearchParams(body) });
    replaceRegions(await response.text());
  } catch {
    for (const [name, value] of body) if (form.elements[name]?.type !== "hidden" && form.elements[name]) form.elements[name].value = value;
    for (const element of all("[data-offline]")) element.hidden = false;
  } finally {
    form.ariaBusy = null;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-inplace]")) return;
  event.preventDefault();
  if (form.ariaBusy !== "true") sendInPlace(form, event.submitter);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show], [data-print]");
  if (!button) return;
  if ("print" in button.dataset) { print(); return; }
  const field = document.getElementById(button.dataset.show);
  field.type = field.type === "password" ? "text" : "password";
  button.setAttribute("aria-pressed", String(field.type === "text"));
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches("[data-keys=enter]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

ready(document);
for (const element of all("[data-stream]")) listen(element.dataset.stream);
for (const end of all("[data-end]")) end.scrollIntoView({ block: "end" });
