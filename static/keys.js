// Single-key shortcuts, for those who keep them switched on (the account page). Every word shown comes from the page.
//
//   [data-keys="gh"]   what these keys do: a link is followed, a button pressed, a field gets the focus. Several ways to
//                      it are parted by spaces. Nothing happens while somebody writes, or with Ctrl, Alt or Meta held.
//   [data-needs="/"]   hidden until the page has an element for these keys.
//   form[data-work]    once something in it was changed, keys that lead away do nothing: no slip of a finger loses work.
(() => {
  "use strict";

  const sheet = document.getElementById("keys");
  const PAUSE = 1500;  // between the keys of a pair
  let begun = "";
  let waiting = 0;
  let isChanged = false;

  const keysOf = (element) => element.dataset.keys.split(" ");
  const keyed = () => [...document.querySelectorAll("[data-keys]")];
  // What lies in the closed sheet can be done all the same; anything else must be there to be seen.
  const isThere = (element) => sheet.contains(element) || element.getClientRects().length > 0;
  const target = (keys) => keyed().find((element) => keysOf(element).includes(keys) && isThere(element));
  const isBeginning = (keys) => keyed().some((element) => keysOf(element).some((whole) => whole.startsWith(keys)));
  const writes = (element) => element.isContentEditable || element.matches("input, textarea, select");

  function act(element) {
    if (isChanged && element.matches("a[href]:not([download])")) return;
    if (element.dataset.keys === "?") {
      if (sheet.open) sheet.close();
      else open();
      return;
    }
    sheet.close();
    if (element.matches("input")) {
      element.focus();
      element.select();
    } else element.click();
  }

  function open() {
    for (const line of document.querySelectorAll("[data-needs]")) line.hidden = !target(line.dataset.needs);
    sheet.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.repeat) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.key.length !== 1) return;
    if (writes(event.target) || document.querySelector("dialog[open]:not(#keys)")) return;
    clearTimeout(waiting);
    const keys = begun + event.key;
    begun = "";
    const found = target(keys);
    if (found) {
      event.preventDefault();
      act(found);
    } else if (isBeginning(keys)) {
      begun = keys;
      waiting = setTimeout(() => { begun = ""; }, PAUSE);
    }
  });

  for (const kind of ["input", "change", "htmx:beforeRequest"]) {
    document.addEventListener(kind, (event) => { isChanged ||= Boolean(event.target.closest("form[data-work]")); });
  }

  const opener = document.querySelector("button[data-keys='?']");
  if (opener) {
    opener.hidden = false;
    opener.addEventListener("click", open);
  }
  for (const line of document.querySelectorAll("[data-needs]")) line.hidden = !target(line.dataset.needs);
})();
