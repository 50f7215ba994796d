// Asks the browser for a passkey before a form is sent: to make one (data-passkey="make") or to show one ("show").
// The form carries what came in its hidden field; what the server wants to see stands beside it as JSON.
(() => {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const field = form.querySelector("input[name=credential]");
    const trouble = form.querySelector("#passkey-trouble");
    const say = (words) => {
      trouble.textContent = words;
      trouble.hidden = false;
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!window.PublicKeyCredential) return say(trouble.dataset.unable);
      trouble.hidden = true;
      const options = JSON.parse(document.getElementById(form.dataset.options).textContent);
      try {
        const came = await (form.dataset.passkey === "make" ? webauthnJSON.create(options) : webauthnJSON.get(options));
        field.value = JSON.stringify(came);
      } catch {
        return say(trouble.dataset.refused);
      }
      form.submit(); // which asks nobody again
    });
  }
})();
