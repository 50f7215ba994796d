// Sends a file in pieces, says how far it is, and goes on where it stopped: after a lost connection by itself, after a
// closed page when the same file is chosen again. Without this file the form sends it in one piece.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-upload]");
  const file = form?.querySelector("input[type=file]")?.files[0];
  if (!file) return;
  event.preventDefault();
  send(form, file);
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-upload]");
  const file = event.target.files?.[0];
  if (form && file) say(form, file.size > Number(form.dataset.most) ? form.dataset.tooBig : "");
});

const say = (form, text) => { form.querySelector("[data-upload-said]").textContent = text; };
const inMegabytes = (bytes) => `${(bytes / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} MB`;

async function send(form, file) {
  const { piece, most, tooBig, sent, again, whole } = form.dataset;
  if (file.size > Number(most)) return say(form, tooBig);
  const button = form.querySelector(".btn-1");
  const bar = form.querySelector("progress");
  button.disabled = true;
  bar.hidden = false;
  let at = 0;
  let pause = 1000;
  for (;;) {
    bar.value = file.size ? at / file.size : 1;
    say(form, sent.replace("%done", inMegabytes(at)).replace("%total", inMegabytes(file.size)));
    let answer;
    try {
      answer = await put(form, file, at, Number(piece));
      pause = 1000;
    } catch {
      // No answer: what was received is kept, so one asks again from the same place after a while.
      say(form, again);
      await new Promise((wake) => { setTimeout(wake, pause); });
      pause = Math.min(pause * 2, 15000);
      continue;
    }
    if (answer.error) {
      say(form, answer.error);
      button.disabled = false;
      return undefined;
    }
    if (answer.next) {
      say(form, whole);
      bar.value = 1;
      window.location.assign(answer.next);
      return undefined;
    }
    at = answer.received;
  }
}

async function put(form, file, at, piece) {
  const answer = await fetch(form.dataset.upload, {
    method: "POST",
    headers: {
      "Content-Type": "application/octet-stream",
      "X-CSRFToken": form.querySelector("[name=csrfmiddlewaretoken]").value,
      "X-File-Name": encodeURIComponent(file.name),
      "X-File-Length": String(file.size),
      "X-File-At": String(at),
    },
    body: file.slice(at, at + piece),
  });
  if (answer.redirected) {
    // The session has ended, or the draft has: the page itself says which.
    window.location.reload();
  }
  if (![200, 400, 409, 413].includes(answer.status)) throw new Error("no piece taken");
  return answer.json();
}
