// Every migration.

import { el, keyed, show, terms, text } from "./dom.js";
import { number, phase, since, stepName } from "./format.js";
import { track } from "./track.js";

/** Builds the list in main; gives the function that takes each snapshot. */
export function list(main) {
  const cards = el("ul", { class: "cards live" });
  const none = el("p", { class: "soft" }, "Reading the migrations …");
  const head = el("h1", { tabindex: "-1" }, "Migrations");
  main.replaceChildren(head, none, cards);
  document.title = "Migrations";
  head.focus();
  const updates = new WeakMap();
  return (snapshot) => {
    const now = snapshot.map((each) => each.readAt).filter(Boolean).sort().at(-1);
    show(none, false);
    keyed(
      cards,
      snapshot,
      (migration) => migration.name,
      (migration) => card(migration, updates),
      (element, migration) => updates.get(element)(migration, now),
    );
  };
}

function card(migration, updates) {
  const [phases, showPhases] = track("mini");
  const [facts, fact] = terms("Table", "Next step", "Closed gates", "Backfill", "Mismatches", "Read");
  const link = el("a", { href: `#/migrations/${encodeURIComponent(migration.name)}` }, migration.name);
  const element = el("li", { class: "card" }, el("h2", {}, link), phases, facts);
  updates.set(element, (each, now) => {
    showPhases(each.effective, each.requested);
    fact("Table", each.table);
    fact("Next step", each.contractedAt ? "none: contracted" : stepName(each.nextStep ?? "–"));
    fact("Closed gates", each.closedGates.join(", ") || "none");
    fact("Backfill", backfill(each.backfill));
    fact("Mismatches", each.unrepairedMismatches);
    fact("Read", each.readAt ? `${since(each.readAt, now)} before the newest` : "not yet");
    text(link, each.name);
    link.setAttribute("aria-label", `${each.name}, phase ${phase(each.effective)}`);
  });
  return element;
}

function backfill(run) {
  if (!run) {
    return "none yet";
  }
  const share = run.rowsEstimate > 0 ? Math.min(100, (100 * run.scannedRows) / run.rowsEstimate) : 0;
  return run.state === "complete"
    ? `complete, ${number(run.scannedRows)} rows`
    : `${run.state}, ${share.toFixed(0)} %, ${number(run.rowsPerSecond)} rows/s`;
}
