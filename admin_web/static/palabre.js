// The only script. Every page works without it; with it, results move by themselves, forms are answered in place,
// and a password can be read.
//
//   [data-live="name"]      a region that is drawn anew from the same region of a fetched page
//   [data-stream="/path"]   refresh the live regions at each event of that stream
//   form[data-inplace]      sent by fetch; the live regions of the answer are drawn in the place of ours
//   [data-offline]          hidden; shown while the stream is cut, or when a form did not arrive
//   [data-end]              brought into view after each drawing: the end of a conversation
//   [data-focus]            gets the focus once a form was answered in place: the field, or the first choice
//   [data-keys="enter"]     a field that Enter sends, Shift+Enter being a new line
//   button[data-show="id"]  shows the password typed in that field
//   button[data-print]      prints the page
//   button[data-copy="id"]  copies the text of that element, and says `data-said` instead of its own words
//   [data-list]             j and k go through its [data-item]s; v and m press what has that [data-key] in one of them
//   [data-script]           sent hidden, shown when there is a script to make it work

const all = (selector, root = document) => root.querySelectorAll(selector);
const show = (selector, shown, root) => { for (const element of all(selector, root)) element.hidden = !shown; };

// Makes `before` the same as `after` and touches nothing that is the same already: the caret, what is being typed
// and the scroll stay, what was unfolded stays unfolded, and a screen reader hears only what was added.
function become(before, after) {
  if (before.isEqualNode(after)) return;
  if (before.nodeName !== after.nodeName || before.nodeType !== Node.ELEMENT_NODE) {
    before.replaceWith(after);
    return;
  }
  for (const { name } of [...before.attributes]) {
    if (!after.hasAttribute(name) && !before.matches("details")) before.removeAttribute(name);
  }
  for (const { name, value } of after.attributes) if (before.getAttribute(name) !== value) before.setAttribute(name, value);
  const [olds, news] = [[...before.childNodes], [...after.childNodes]];
  news.forEach((node, place) => (olds[place] ? become(olds[place], node) : before.append(node)));
  for (const node of olds.slice(news.length)) node.remove();
}

// Draws the regions of a fetched page in the place of ours; answers whether it had any. What was said of an answer that
// could not be kept stays until another is sent, whatever arrives meanwhile.
function draw(html, isAnswer) {
  const page = new DOMParser().parseFromString(html, "text/html");
  let found = false;
  for (const region of all("[data-live]")) {
    const fresh = page.querySelector(`[data-live="${region.dataset.live}"]`);
    if (!fresh) continue;
    found = true;
    if (!isAnswer) {
      for (const said of all("[role=alert][id]", region)) fresh.querySelector(`#${said.id}`)?.replaceWith(said.cloneNode(true));
    }
    become(region, fresh);
    show("[data-script]", true, region);
  }
  toTheEnd();
  return found;
}

function toTheEnd() {
  for (const end of all("[data-end]")) end.scrollIntoView({ block: "nearest" });
}

const ask = (address, options) => fetch(address, { headers: { "X-Requested-With": "palabre" }, ...options });

// One refresh at a time; an event that comes during one is answered by one more after it.
let refreshing = false;
let again = false;
async function refresh() {
  again = refreshing;
  if (refreshing) return;
  refreshing = true;
  try {
    const response = await ask(location.href);
    if (response.redirected) location.reload();
    else if (response.ok) draw(await response.text(), false);
  } catch {
    show("[data-offline]", true);
  }
  refreshing = false;
  if (again) refresh();
}

function listen(address) {
  const stream = new EventSource(address);
  let cut = false;
  stream.onmessage = refresh;
  stream.onerror = () => { cut = true; show("[data-offline]", true); };
  stream.onopen = () => {
    show("[data-offline]", false);
    if (cut) refresh();
    cut = false;
  };
}

// What was typed stays in its field until the house has it.
async function send(form, button) {
  const body = new FormData(form, button);
  form.ariaBusy = "true";
  try {
    const multipart = form.enctype === "multipart/form-data";
    const response = await ask(form.action, { method: "POST", body: multipart ? body : new URLSearchParams(body) });
    const drawn = draw(await response.text(), true);
    if (response.ok && drawn) {
      form.reset();
      form.closest("details")?.removeAttribute("open");
      document.querySelector("[data-focus]")?.focus({ preventScroll: true });
    }
    show("[data-offline]", !drawn);
  } catch {
    show("[data-offline]", true);
  }
  form.ariaBusy = null;
}

// Where the clipboard is closed to pages (plain http), the text is selected instead.
async function copy(button) {
  const element = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(element.textContent);
    button.textContent = button.dataset.said;
  } catch {
    getSelection().selectAllChildren(element);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-inplace]")) return;
  event.preventDefault();
  if (form.ariaBusy !== "true") send(form, event.submitter);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show], [data-print], [data-copy]");
  if (!button) return;
  if ("print" in button.dataset) { print(); return; }
  if ("copy" in button.dataset) { copy(button); return; }
  const field = document.getElementById(button.dataset.show);
  field.type = field.type === "password" ? "text" : "password";
  button.ariaPressed = String(field.type === "text");
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches("[data-keys=enter]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

// Letters go through a list, unless somebody writes or asks the browser for something.
document.addEventListener("keydown", (event) => {
  const items = [...all("[data-list] [data-item]")];
  if (!items.length || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input:not([type=checkbox], [type=radio]), select, textarea")) return;
  const place = items.findIndex((item) => item.contains(document.activeElement));
  if (event.key === "j" || event.key === "k") {
    const next = place < 0 ? 0 : place + (event.key === "j" ? 1 : -1);
    items[Math.min(Math.max(next, 0), items.length - 1)].focus();
  } else if (event.key === "v" || event.key === "m") {
    items[Math.max(place, 0)].querySelector(`[data-key=${event.key}]`)?.click();
  }
});

// A picture that comes late pushes the end out of view.
document.addEventListener("load", (event) => { if (event.target.matches?.("img")) toTheEnd(); }, true);

show("[data-script]", true);
for (const address of new Set([...all("[data-stream]")].map((element) => element.dataset.stream))) listen(address);
toTheEnd();
