// Passkeys: asks the browser for one and puts its answer into the form. Without this file codes do the same.
(() => {
  const form = document.querySelector("form[data-passkey]");
  if (!form || !window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) {
    return;
  }
  const words = form.querySelector("[data-passkey-words]");
  const button = form.querySelector("[data-passkey-button]");
  const text = new TextEncoder();
  const PRF_INPUT = text.encode("tipline/v1/passkey");
  const SECRET_INFO = text.encode("tipline/v1/passkey-unlock");

  const say = (name) => {
    words.textContent = words.dataset[name] || "";
    words.hidden = !words.textContent;
  };

  // The PRF's output stays in this browser: what leaves it is a secret derived from it, for one purpose.
  const secretOf = async (passkey) => {
    const prf = passkey.getClientExtensionResults().prf;
    const output = prf && prf.results && prf.results.first;
    if (!output) {
      return "";
    }
    const key = await crypto.subtle.importKey("raw", output, "HKDF", false, ["deriveBits"]);
    const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: SECRET_INFO };
    const bytes = new Uint8Array(await crypto.subtle.deriveBits(how, key, 256));
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };

  const plain = (passkey) => {
    const answer = passkey.toJSON();
    answer.clientExtensionResults = {};
    return JSON.stringify(answer);
  };

  const withPrf = (options) => ({ ...options, extensions: { prf: { eval: { first: PRF_INPUT } } } });

  // None when the service wants to say something: then the form itself is sent, and its answer is the page.
  const ask = async (body) => {
    const response = await fetch(form.dataset.passkey, { method: "POST", body });
    const isJson = (response.headers.get("Content-Type") || "").startsWith("application/json");
    return response.ok && isJson ? response.json() : null;
  };

  const signIn = async () => {
    const fields = form.elements;
    const alone = !fields.name.value.trim() || !fields.password.value;
    const asked = await ask();
    if (!asked) {
      say("failed");
      return;
    }
    const options = PublicKeyCredential.parseRequestOptionsFromJSON(asked);
    const passkey = await navigator.credentials.get({ publicKey: alone ? withPrf(options) : options });
    const secret = alone ? await secretOf(passkey) : "";
    if (alone && !secret) {
      say("password");
      return;
    }
    fields.answer.value = plain(passkey);
    fields.secret.value = secret;
    form.submit();
  };

  const add = async () => {
    const asked = await ask(new URLSearchParams({ label: form.elements.label.value }));
    if (asked) {
      const options = PublicKeyCredential.parseCreationOptionsFromJSON(asked);
      const opens = form.elements.opens.checked;
      const passkey = await navigator.credentials.create({ publicKey: opens ? withPrf(options) : options });
      form.elements.answer.value = plain(passkey);
      form.elements.secret.value = opens ? (await secretOf(passkey)) || (await secretLater(passkey, options)) : "";
    }
    form.submit();
  };

  // Many authenticators make the PRF only when they sign, not yet when the passkey is made.
  const secretLater = async (made, options) => {
    const prf = made.getClientExtensionResults().prf;
    if (!prf || !prf.enabled) {
      return "";
    }
    const publicKey = withPrf({
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      rpId: options.rp.id,
      userVerification: "required",
      allowCredentials: [{ type: "public-key", id: made.rawId }],
    });
    try {
      return await secretOf(await navigator.credentials.get({ publicKey }));
    } catch {
      return "";
    }
  };

  for (const each of document.querySelectorAll("[data-passkey-shown]")) {
    each.hidden = each.dataset.passkeyShown === "without";
  }
  const act = async (event) => {
    event.preventDefault();
    say("working");
    button.disabled = true;
    try {
      await (form.elements.label ? add() : signIn());
    } catch (error) {
      say(error.name === "InvalidStateError" ? "known" : "failed");
    }
    button.disabled = false;
  };
  if (button.type === "submit") {
    form.addEventListener("submit", act);
  } else {
    button.addEventListener("click", act);
  }
})();
