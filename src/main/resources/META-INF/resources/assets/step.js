// The step under consideration: its gates, the command that asks for it, and the drop at the end.

import { command, pathOf } from "./api.js";
import { button, copyable } from "./actions.js";
import { el, keyed, show, text, toggle } from "./dom.js";
import { phase, since, stepName } from "./format.js";

/** Builds the card; gives it and its update. */
export function step(name, session, actions) {
  const head = el("h2");
  const state = el("p");
  const gates = el("ul", { class: "gates", "aria-label": "Gates" });
  const forward = copyable("Command for the next step");
  const back = copyable("Command for the step back");
  const backwards = el("details", {}, el("summary", {}, "Step back"), back.element);
  const flags = session.localFlags ? localFlags(name, actions) : null;
  const drop = session.operator ? dropButton(name, actions) : null;
  const element = el(
    "section",
    { class: "card live", "aria-label": "Next step" },
    head,
    state,
    gates,
    forward.element,
    flags?.element,
    drop,
    backwards,
  );
  return [element, update];

  function update(status) {
    const over = status.contractedAt !== null;
    text(head, over ? "Contracted" : `Next step: ${stepName(status.nextStep)}`);
    text(state, sentence(status));
    const closedFirst = [...status.gates].sort((a, b) => a.open - b.open);
    keyed(gates, closedFirst, (gate) => gate.gate, gateItem, (item, gate) =>
      updateGate(item, gate, status.gatesSince[gate.gate], status.readAt));
    const { forward: to, back: from } = status.flagCommands;
    const asked = status.requested?.phase;
    forward.update(!over && to && asked !== to.phase ? to.command : null);
    back.update(!over && from ? from.command : null);
    show(backwards, !over && from !== null);
    flags?.update(over ? null : to, over ? null : from);
    if (drop) {
      show(drop, status.nextStep === "drop" && !over);
    }
  }
}

function sentence(status) {
  const { effective, requested, gates, flagCommands } = status;
  const closed = gates.filter((gate) => !gate.open).length;
  if (status.contractedAt) {
    return "The old columns are dropped. There is no way back from here.";
  }
  if (status.disagreement) {
    return `The instances do not agree: ${status.disagreement}`;
  }
  if (!requested) {
    return "No live instance asks for a phase.";
  }
  if (requested.phase !== effective.phase) {
    return closed === 0
      ? `The flags ask for phase ${phase(requested)}. Every gate is open; the step follows.`
      : `The flags ask for phase ${phase(requested)}. ${closed} closed gate${closed > 1 ? "s hold" : " holds"} it back.`;
  }
  const gatesNow = closed === 0
    ? "Every gate is open."
    : `${closed > 1 ? `${closed} gates are closed: see below what opens them` : "1 gate is closed: see below what opens it"}.`;
  if (!flagCommands.forward) {
    return `${gatesNow} What is left is to drop the old columns.`;
  }
  return closed === 0
    ? `${gatesNow} To take the step, run the command.`
    : `${gatesNow} You may run the command before that: the step waits for the gates.`;
}

function gateItem() {
  const mark = el("span", { class: "mark" });
  return el(
    "li",
    {},
    el("p", {}, mark, el("strong")),
    el("p"),
    el("p", { class: "soft" }),
    el("p"),
  );
}

function updateGate(item, gate, from, now) {
  const [title, reason, times, remedy] = item.children;
  toggle(item, "closed", !gate.open);
  toggle(title.firstChild, "good", gate.open);
  toggle(title.firstChild, "bad", !gate.open);
  text(title.firstChild, gate.open ? "✓ open" : "✕ closed");
  text(title.lastChild, ` ${gate.gate}`);
  text(reason, gate.reason);
  text(times, from ? `${gate.open ? "Open" : "Closed"} for at least ${since(from, now)}` : "");
  text(remedy, gate.open ? "" : `What opens it: ${gate.remedy}`);
  show(remedy, !gate.open);
}

/** Buttons that write the flag files of this machine. */
function localFlags(name, actions) {
  const forward = button("", () => write(forward.dataset.phase), "main");
  const back = button("", () => write(back.dataset.phase));
  const element = el(
    "div",
    {},
    el("p", { class: "notice wait" }, "Development: this service may write its own flag files. In production the flags come from outside."),
    el("div", { class: "actions" }, forward, back),
  );
  return { element, update };

  function write(to) {
    actions.run(`Flags ask for phase ${to}`, () => command("POST", pathOf(name, "/flags"), { phase: Number(to) }));
  }

  function update(to, from) {
    set(forward, to, "Set local flags to phase");
    set(back, from, "Set local flags back to phase");
    show(element, to !== null || from !== null);
  }

  function set(node, wanted, label) {
    show(node, wanted !== null);
    if (wanted !== null) {
      node.dataset.phase = wanted.phase;
      text(node, `${label} ${wanted.phase}`);
    }
  }
}

/** Opens a dialog in which the name of the migration must be typed. */
function dropButton(name, actions) {
  const typed = el("input", { autocomplete: "off", spellcheck: "false", autocapitalize: "none", input: check });
  const go = button("Drop the old columns", confirm, "danger");
  const dialog = el(
    "dialog",
    { "aria-labelledby": "drop-title", close: () => opener.focus() },
    el("h2", { id: "drop-title" }, "Drop the old columns?"),
    el("p", {}, "Their content is lost, and no step leads back."),
    el("label", {}, `Type ${name} to confirm`, typed),
    el("div", { class: "actions" }, go, button("Keep them", () => dialog.close())),
  );
  const opener = button("Contract …", open, "danger");
  return el("div", { class: "actions" }, opener, dialog);

  function open() {
    typed.value = "";
    check();
    dialog.showModal();
    typed.focus();
  }

  function check() {
    go.disabled = typed.value !== name;
  }

  function confirm() {
    if (typed.value === name) {
      dialog.close();
      actions.run("Contract", () => command("POST", pathOf(name, "/contract")));
    }
  }
}
