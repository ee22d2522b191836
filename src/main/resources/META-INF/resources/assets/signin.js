// The form for user and password.

import { Refused, send } from "./api.js";
import { el, show, text } from "./dom.js";

/** Shows the form; calls signedIn once the service has accepted user and password. */
export function signIn(main, signedIn) {
  const user = el("input", { name: "user", autocomplete: "username", required: true, autocapitalize: "none", spellcheck: "false" });
  const password = el("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
  const problem = el("p", { class: "notice bad", role: "alert", hidden: true });
  const button = el("button", { class: "main", type: "submit" }, "Sign in");
  const form = el(
    "form",
    { class: "card narrow", submit },
    el("h1", { tabindex: "-1" }, "Sign in"),
    el("p", { class: "soft" }, "The users are viewer, who reads, and operator."),
    problem,
    el("label", {}, "User", user),
    el("label", {}, "Password", password),
    button,
  );
  main.replaceChildren(form);
  document.title = "Sign in – Migrations";
  user.focus();

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    show(problem, false);
    try {
      await send("POST", "/console/sign-in", {
        body: new URLSearchParams({ user: user.value, password: password.value }),
        signal: AbortSignal.timeout(15_000),
      });
      signedIn();
    } catch (failure) {
      text(problem, reason(failure));
      show(problem, true);
      password.select();
      password.focus();
    } finally {
      button.disabled = false;
    }
  }
}

function reason(failure) {
  if (!(failure instanceof Refused)) {
    return "The service does not answer.";
  }
  if (failure.status === 401) {
    return "User or password is wrong.";
  }
  return failure.retryAfter ? `${failure.message} Try again in ${failure.retryAfter} s.` : failure.message;
}
