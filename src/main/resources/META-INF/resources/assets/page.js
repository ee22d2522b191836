// One migration.

import { actionLog } from "./actions.js";
import { announce, el, text } from "./dom.js";
import { grace, instances } from "./fleet.js";
import { phase } from "./format.js";
import { history } from "./history.js";
import { plot } from "./plot.js";
import { backfill, parity } from "./runs.js";
import { step } from "./step.js";
import { track } from "./track.js";

/** Builds the page in main; gives the function that takes each snapshot, and what ends the page. */
export function page(main, name, session) {
  const actions = actionLog();
  const head = el("h1", { tabindex: "-1" }, name);
  const what = el("p", { class: "soft" });
  const index = el("p", { class: "notice wait", hidden: true });
  const [phases, showPhases] = track();
  const chart = plot(name);
  const [nextStep, updateStep] = step(name, session, actions);
  const [gracePeriod, updateGrace] = grace();
  const [run, updateRun] = backfill(name, session, actions);
  const [comparison, updateComparison] = parity(name, session, actions);
  const [fleet, updateFleet] = instances();
  const [past, updatePast] = history(name, chart.mark);
  const updates = [updateStep, updateGrace, updateRun, updateComparison, updateFleet, updatePast, chart.update];
  main.replaceChildren(
    el("p", {}, el("a", { href: "#/" }, "All migrations")),
    head,
    what,
    actions.element,
    index,
    el("section", { class: "card live", "aria-label": "Phases" }, phases),
    el("div", { class: "columns" }, el("div", {}, nextStep, gracePeriod), el("div", {}, run, comparison)),
    chart.element,
    fleet,
    past,
  );
  document.title = `${name} – Migrations`;
  head.focus();
  let before = null;
  return { snapshot, lost: chart.reload, close: chart.close };

  function snapshot(status) {
    text(what, `Table ${status.table}: ${status.oldColumns.join(", ")} → ${status.newColumns.join(", ")}`);
    text(index, status.indexBuild ? `An index is being built: ${Object.values(status.indexBuild).join(", ")}` : "");
    index.hidden = status.indexBuild === null;
    showPhases(status.effective, status.requested);
    updates.forEach((update) => update(status));
    if (before) {
      changes(before, status);
    }
    before = status;
  }
}

/** What a screen reader is told: changes, and nothing that moves all the time. */
function changes(before, now) {
  const said = [];
  if (before.effective.phase !== now.effective.phase) {
    said.push(`Phase ${phase(now.effective)} is in force.`);
  }
  if (!before.drained && now.drained) {
    said.push("The grace period is over.");
  }
  for (const gate of now.gates) {
    const old = before.gates.find((each) => each.gate === gate.gate);
    if (old && old.open !== gate.open) {
      said.push(`Gate ${gate.gate} is ${gate.open ? "open" : "closed"}.`);
    }
  }
  for (const [label, kind] of [["Backfill", "backfill"], ["Comparison", "parity"]]) {
    if (now[kind] && now[kind].state !== before[kind]?.state) {
      said.push(`${label} is ${now[kind].state}.`);
    }
  }
  if (said.length > 0) {
    announce(said.join(" "));
  }
}
