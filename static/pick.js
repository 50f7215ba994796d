// Arrow keys inside a picker: down from the field into its list, up and down along it, Escape back to the field.
// Everything else about a picker is plain HTML; without this file one tabs.
document.addEventListener("keydown", (event) => {
  const pick = event.target.closest(".pick");
  if (!pick || !["ArrowDown", "ArrowUp", "Escape"].includes(event.key)) return;
  const field = pick.querySelector("input[type=search]");
  const lines = [...pick.querySelectorAll(".pick-add")];
  const at = lines.indexOf(event.target);
  if (event.target !== field && at < 0) return;
  event.preventDefault();
  if (event.key === "Escape") {
    if (event.target === field) field.blur();
    else field.focus();
    return;
  }
  const next = at + (event.key === "ArrowDown" ? 1 : -1);
  (lines[next] || field).focus();
});

// A press on the list leaves the focus in the field: some browsers give none to a button, and the list would close
// between the press and its release.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest(".pick-pop")) event.preventDefault();
});

// While a line is pressed its list stays as it is: an answer to what was typed before would take the line away between
// the press and its release, and the press with it.
let pressed = null;
document.addEventListener("pointerdown", (event) => { pressed = event.target.closest(".pick-pop"); });
for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(end, () => setTimeout(() => { pressed = null; }));  // after the click that comes of it
}
document.addEventListener("htmx:beforeSwap", (event) => {
  if (pressed?.isConnected && pressed === event.detail.target) event.detail.shouldSwap = false;
});

// What is put in or taken out leaves one in the field, which htmx keeps at hand when the editor is drawn anew. The
// browser's own autofocus would come a moment later, and open a list that was closed in between.
document.addEventListener("click", (event) => {
  const act = event.target.closest(".pick-add, .pick-chosen button");
  if (!act) return;
  const pick = act.closest(".pick");
  // Of what is chosen once, nothing more is chosen: the list closes.
  if ("one" in pick.dataset) document.activeElement.blur();
  else pick.querySelector("input[type=search]").focus();
});
