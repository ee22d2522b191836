// Buttons, commands to copy, and what became of an action.

import { announce, el, show, text } from "./dom.js";

export function button(label, click, kind = null) {
  return el("button", { type: "button", class: kind, click }, label);
}

/** A place that says how the last action ended; runs one action at a time. */
export function actionLog() {
  const element = el("p", { class: "notice", role: "status", hidden: true });
  let running = false;
  return { element, run };

  async function run(what, work) {
    if (running) {
      return;
    }
    running = true;
    say("wait", `${what}: sent …`);
    try {
      const response = await work();
      say("good", response.status === 202 ? `${what}: accepted.` : `${what}: done.`);
    } catch (failure) {
      const gates = (failure.gates ?? []).map((gate) => `${gate.gate}: ${gate.reason}`);
      say("bad", [`${what}: ${failure.status ? failure.message : "the service does not answer."}`, ...gates].join(" "));
    } finally {
      running = false;
    }
  }

  function say(kind, message) {
    element.className = `notice ${kind}`;
    text(element, message);
    show(element, true);
  }
}

/** A command with a button that copies it. */
export function copyable(label) {
  const code = el("pre", {});
  const copy = button("Copy", () => copied(code.textContent, copy));
  copy.setAttribute("aria-label", `Copy: ${label}`);
  const element = el("div", { class: "command", role: "group", "aria-label": label }, code, copy);
  return {
    element,
    update(command) {
      show(element, command !== null);
      text(code, command ?? "");
    },
  };
}

async function copied(command, copy) {
  try {
    await navigator.clipboard.writeText(command);
    announce("Copied.");
    text(copy, "Copied");
  } catch {
    // without HTTPS a browser has no clipboard: the text is selected, to be copied by hand
    window.getSelection().selectAllChildren(copy.previousElementSibling);
    announce("Selected. Copy it with the keyboard.");
    text(copy, "Selected");
  }
  setTimeout(() => text(copy, "Copy"), 2_000);
}

/** Saves data as a file of JSON. */
export function download(name, data) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
