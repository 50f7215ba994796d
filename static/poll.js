// What htmx cannot do by itself under our Content-Security-Policy. Every word shown comes from the page.
//
//   [data-poll]             an element that polls. Hidden tabs send nothing; a tab seen again asks once, at once.
//   [data-poll-lost="…{}…"] what to say when our server does not answer; {} is the time of the last answer. Inside the
//                           polling element, or anywhere on the page. The page itself stays as it is.
//   [data-title="…"]        the page's title after a swap, without the product's name.
//   button[data-copy="…"]   copies the text and says so, in the button and in #said.
(() => {
  "use strict";

  const product = document.title.split(" · ").pop();
  const clock = new Intl.DateTimeFormat("sv-SE", {
    timeStyle: "medium",
    timeZone: document.documentElement.dataset.zone || undefined,
  });
  const skipped = new Set();  // what polled while nobody looked
  let answeredAt = new Date();

  const lostNote = (element) =>
    element.querySelector("[data-poll-lost]") || document.querySelector("[data-poll-lost]");

  const polls = (event) => event.detail.elt instanceof Element && event.detail.elt.matches("[data-poll]");

  function lost(event) {
    const note = polls(event) && lostNote(event.detail.elt);
    if (!note) return;
    const words = note.dataset.pollLost.replace("{}", clock.format(answeredAt));
    if (note.textContent !== words) note.textContent = words;  // said once, not at every try
    note.hidden = false;
  }

  // What somebody has opened and is writing in is not drawn anew under their hands.
  const isInUse = (element) => "popover" in element && element.querySelector(":popover-open");

  document.addEventListener("submit", (event) => {
    const sheet = event.target.closest("[popover]");
    if (sheet && sheet.hidePopover) sheet.hidePopover();  // what comes is a file, and the page stays
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!polls(event) || !(document.hidden || isInUse(event.detail.elt))) return;
    skipped.add(event.detail.elt);
    event.preventDefault();
  });

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const element of skipped) {
      const url = element.isConnected && element.getAttribute("hx-get");
      if (url) htmx.ajax("GET", url, { source: element });
    }
    skipped.clear();
  });

  document.addEventListener("htmx:sendError", lost);
  document.addEventListener("htmx:timeout", lost);
  document.addEventListener("htmx:responseError", lost);

  document.addEventListener("htmx:afterRequest", (event) => {
    if (!polls(event) || !event.detail.successful) return;
    answeredAt = new Date();
    const note = lostNote(event.detail.elt);
    if (note) note.hidden = true;
  });

  document.addEventListener("htmx:afterSettle", () => {
    const titled = document.querySelector("[data-title]");
    if (titled) document.title = `${titled.dataset.title} · ${product}`;
  });

  // A button that cannot copy is not shown (site.css): without this script, or where the browser has no clipboard.
  if (navigator.clipboard) document.documentElement.classList.add("can-copy");

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    const said = document.getElementById("said");
    const words = button.firstChild;  // what a screen reader hears besides stays as it is
    const before = words.textContent;
    if (before === said.dataset.copied) return;
    said.textContent = words.textContent = said.dataset.copied;
    setTimeout(() => {
      words.textContent = before;
      said.textContent = "";
    }, 2000);
  });
})();
