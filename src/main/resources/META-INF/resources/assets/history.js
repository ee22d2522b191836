// The steps that were taken, the newest first.

import { button, download } from "./actions.js";
import { pathOf, read } from "./api.js";
import { announce, el, show, table, text } from "./dom.js";
import { moment } from "./format.js";

const PAGE = 50;
const FETCHED = 500;

/** Builds the card; onLoad is given the entries, to mark them in the plot. */
export function history(name, onLoad) {
  const [list, rows] = table("Entries of the history", ["When", "What", "Why", "Instance"]);
  const count = el("p", { class: "soft" });
  const more = button("Show more", showMore);
  const save = button("Download history", saveAll);
  const certificate = button("Download certificate", saveCertificate);
  const element = el(
    "section",
    { class: "card", "aria-label": "History" },
    el("h2", {}, "History"),
    list,
    count,
    el("div", { class: "actions" }, more, save, certificate),
  );
  let entries = [];
  let shown = PAGE;
  let complete = false;
  let stamp = null;
  show(certificate, false);
  return [element, update];

  /** Reads the history again where something has changed since. */
  function update(status) {
    const now = [status.epoch, status.contractedAt, status.backfill?.run, status.backfill?.state].join();
    if (now !== stamp) {
      stamp = now;
      load().catch(() => {
        stamp = null;
      });
    }
  }

  async function load() {
    entries = await read(pathOf(name, "/history"));
    complete = entries.length < FETCHED;
    onLoad(entries);
    render();
  }

  async function older() {
    const next = await read(pathOf(name, `/history?before=${entries.at(-1).id}`));
    entries = entries.concat(next);
    complete = next.length < FETCHED;
  }

  async function showMore() {
    try {
      if (shown + PAGE > entries.length && !complete) {
        await older();
      }
      shown += PAGE;
      render();
      announce(`${Math.min(shown, entries.length)} entries are shown.`);
    } catch (failure) {
      text(count, `Not read: ${failure.message}`);
    }
  }

  async function saveAll() {
    try {
      while (!complete) {
        await older();
      }
      render();
      download(`${name}-history.json`, entries);
    } catch (failure) {
      text(count, `Not read: ${failure.message}`);
    }
  }

  function saveCertificate() {
    download(`${name}-certificate.json`, entries.find((each) => each.kind === "contract").evidence);
  }

  function render() {
    const visible = entries.slice(0, shown);
    rows.replaceChildren(...visible.map(row));
    text(
      count,
      entries.length === 0
        ? "No step was taken yet."
        : `${visible.length} of ${entries.length}${complete ? "" : " or more"} entries.`,
    );
    show(more, visible.length < entries.length || !complete);
    show(save, entries.length > 0);
    show(certificate, entries.some((each) => each.kind === "contract"));
  }
}

function row(entry) {
  const evidence = el("pre");
  const what = entry.kind === "step" ? `step ${entry.fromPhase} → ${entry.toPhase}` : entry.kind;
  const details = el("details", { toggle: () => text(evidence, JSON.stringify(entry.evidence, null, 2)) }, el("summary", {}, "Evidence"), evidence);
  return el(
    "tr",
    {},
    el("td", {}, moment(entry.at)),
    el("td", {}, what),
    el("td", {}, entry.reason, details),
    el("td", {}, entry.instance),
  );
}
