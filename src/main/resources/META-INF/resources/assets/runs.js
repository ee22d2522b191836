// The backfill, the comparison, and the rows that disagree.

import { button } from "./actions.js";
import { command, pathOf } from "./api.js";
import { cells, el, keyed, show, table, terms, text, toggle } from "./dom.js";
import { duration, moment, number } from "./format.js";

const SLOWER = ["half", "slow", "minimum"];

function progress(label, found) {
  const bar = el("progress", { max: "100", "aria-label": label });
  const [facts, fact] = terms("State", "Rows", found, "Rate", "Time left", "Held back by", "Pace", "Batches", "Locked rows", "Started", "Finished");
  return { elements: [bar, facts], update };

  function update(run, pace) {
    show(bar, run !== null);
    show(facts, run !== null);
    if (!run) {
      return;
    }
    const all = Math.max(run.rowsEstimate, run.scannedRows + run.lagRows, 1);
    const part = run.state === "complete" ? 100 : Math.min(100, (100 * run.scannedRows) / all);
    const active = isActive(run);
    bar.value = part;
    fact("State", `${run.kind}${run.wholeTable ? "" : ", repair"}, ${run.state}`);
    fact("Rows", `${number(run.scannedRows)} of about ${number(all)}, ${Math.floor(part)} %`);
    fact(found, number(run.kind === "parity" ? run.mismatchedRows : run.changedRows));
    fact("Rate", active ? `${number(run.rowsPerSecond)} rows/s` : null);
    fact("Time left", active ? timeLeft(run) : null);
    fact("Held back by", active ? heldBackBy(run, pace) : null);
    fact("Pace", active ? `${Math.round(100 * pace.share)} % of the free one` : null);
    fact("Batches", active ? `at most ${number(run.batchSize)} rows, pause ${run.delayMillis} ms, load ${run.targetLoad}` : null);
    fact("Locked rows", run.lockedRows > 0 ? `${number(run.lockedRows)} are left for later` : null);
    fact("Started", moment(run.startedAt));
    fact("Finished", run.finishedAt ? moment(run.finishedAt) : null);
  }
}

function isActive(run) {
  return run?.state === "running" || run?.state === "paused";
}

function timeLeft(run) {
  return run.etaSeconds === null ? "not known while nothing moves" : duration(run.etaSeconds * 1000);
}

/** The reason, with what was read of it where the pace gives that reason. */
function heldBackBy(run, pace) {
  if (run.state === "paused") {
    return "an operator, who has paused it";
  }
  const detail = run.throttledBy === pace.reason ? pace.detail : null;
  return [run.throttledBy ?? "nothing", detail].filter(Boolean).join(": ");
}

/** The backfill with its buttons; gives the card and its update. */
export function backfill(name, session, actions) {
  const none = el("p", { class: "soft" }, "No backfill yet.");
  const bar = progress("Backfill", "Changed");
  const call = (what, method, rest) => () =>
    actions.run(what, () => command(method, pathOf(name, `/backfill${rest}`)));
  const start = button("Start backfill", call("Start backfill", "POST", ""), "main");
  const pause = button("Pause", call("Pause", "POST", "/pause"));
  const resume = button("Resume", call("Resume", "POST", "/resume"), "main");
  const cancel = button("Cancel", call("Cancel", "POST", "/cancel"), "danger");
  const pace = paceForm(name, actions);
  const [indicators, readings] = table("Indicators of the pace", ["Indicator", "Asks for", "Reading"]);
  const objections = el("summary");
  const watched = el("details", {}, objections, indicators);
  const buttons = session.operator ? el("div", { class: "actions" }, start, pause, resume, cancel) : null;
  const element = el(
    "section",
    { class: "card live", "aria-label": "Backfill" },
    el("h2", {}, "Backfill"),
    none,
    ...bar.elements,
    watched,
    buttons,
    session.operator ? pace.element : null,
  );
  return [element, update];

  function update(status) {
    const run = status.backfill;
    bar.update(run, status.pace);
    show(none, run === null);
    const active = isActive(run);
    show(start, !active && status.contractedAt === null);
    show(pause, run?.state === "running");
    show(resume, run?.state === "paused");
    show(cancel, active);
    pace.update(active ? run : null);
    show(watched, active);
    const all = status.pace.indicators;
    const slower = all.filter((each) => SLOWER.includes(each.signal)).length;
    const who = slower === 0 ? "nothing asks" : `${slower} of ${all.length} ask${slower === 1 ? "s" : ""}`;
    text(objections, `What the pace looks at: ${who} for a slower one`);
    keyed(readings, all, (each) => each.indicator, () => el("tr"), (row, each) => {
      cells(row, each.indicator, each.signal, each.reading);
      toggle(row, "objects", SLOWER.includes(each.signal));
    });
  }
}

/** Fields for the limits of the active run; what is typed stays until it is sent. */
function paceForm(name, actions) {
  const fields = {
    batchSize: el("input", { type: "number", min: "1", max: "100000", required: true }),
    delayMillis: el("input", { type: "number", min: "0", max: "60000", required: true }),
    targetLoad: el("input", { type: "number", min: "0.01", max: "1", step: "0.01", required: true }),
  };
  let run = null;
  const form = el(
    "form",
    { submit },
    el(
      "div",
      { class: "fields" },
      el("label", {}, "Rows in a batch", fields.batchSize),
      el("label", {}, "Pause in ms", fields.delayMillis),
      el("label", {}, "Load, 0.01 to 1", fields.targetLoad),
      el("button", { type: "submit" }, "Change pace"),
    ),
  );
  const element = el("details", { toggle: fill }, el("summary", {}, "Limits of the pace"), form);
  return { element, update };

  function update(active) {
    const began = run === null && active !== null;
    run = active;
    show(element, active !== null);
    if (began) {
      fill();
    }
  }

  function fill() {
    for (const [limit, field] of Object.entries(fields)) {
      field.value = run?.[limit] ?? "";
    }
  }

  function submit(event) {
    event.preventDefault();
    const limits = Object.fromEntries(Object.entries(fields).map(([limit, field]) => [limit, Number(field.value)]));
    actions.run("Change pace", () => command("PATCH", pathOf(name, "/backfill"), limits));
  }
}

/** Comparison, shadow reads and the first keys that disagree. */
export function parity(name, session, actions) {
  const none = el("p", { class: "soft" }, "No comparison yet.");
  const bar = progress("Comparison", "Disagree");
  const [facts, fact] = terms("Shadow reads", "Shadow mismatches", "Shadow errors", "Rows that disagree");
  const [keys, rows] = table("First keys that disagree", ["Key", "Found by", "Found"]);
  const more = el("p", { class: "soft" });
  const compare = button("Compare every row", () =>
    actions.run("Comparison", () => command("POST", pathOf(name, "/parity"))));
  const repair = button("Repair rows that disagree", () =>
    actions.run("Repair", () => command("POST", pathOf(name, "/parity/repair"))));
  const element = el(
    "section",
    { class: "card live", "aria-label": "Parity" },
    el("h2", {}, "Parity"),
    none,
    ...bar.elements,
    el("h3", {}, "Reads"),
    facts,
    keys,
    more,
    session.operator ? el("div", { class: "actions" }, compare, repair) : null,
  );
  return [element, update];

  function update(status) {
    const { parity: run, shadow, mismatchedKeys, unrepairedMismatches: open } = status;
    bar.update(run, status.pace);
    show(none, run === null);
    fact("Shadow reads", number(shadow.matches + shadow.mismatches + shadow.errors));
    fact("Shadow mismatches", number(shadow.mismatches));
    fact("Shadow errors", number(shadow.errors));
    fact("Rows that disagree", open >= 1000 ? "1,000 or more" : number(open));
    show(keys, mismatchedKeys.length > 0);
    keyed(rows, mismatchedKeys, (each) => each.key, () => el("tr"), (row, each) =>
      cells(row, each.key, each.source, moment(each.foundAt)));
    text(more, open > mismatchedKeys.length ? `The first ${mismatchedKeys.length} of them are shown.` : "");
    const over = status.contractedAt !== null;
    show(compare, !over && status.effective.phase > 0);
    show(repair, !over && open > 0);
  }
}
