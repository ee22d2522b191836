// Who holds the grace period, and the live instances.

import { cells, el, keyed, show, table, text } from "./dom.js";
import { duration, moment, phase, since } from "./format.js";

export function grace() {
  const state = el("p");
  const [holders, rows] = table("Transactions that the grace period waits for", ["Process", "Application", "Age", "Query since"]);
  const element = el("section", { class: "card live", "aria-label": "Grace period" }, el("h2", {}, "Grace period"), state, holders);
  return [element, update];

  function update(status) {
    text(
      state,
      status.drained
        ? `Over: no transaction of an earlier phase is left. Epoch ${status.epoch}, since ${moment(status.since)}.`
        : `Epoch ${status.epoch} waits for older transactions, for ${since(status.since, status.readAt)} now.`,
    );
    show(holders, status.gracePeriod.length > 0);
    keyed(rows, status.gracePeriod, (each) => each.virtualTransaction, () => el("tr"), (row, each) =>
      cells(
        row,
        each.pid ?? `prepared: ${each.preparedAs}`,
        each.applicationName ?? "–",
        duration(each.ageSeconds * 1000),
        each.queryStart ? moment(each.queryStart) : "–",
      ));
  }
}

export function instances() {
  const refused = el("p", { class: "notice bad", hidden: true });
  const writers = el("p");
  const [list, rows] = table("Live instances", ["Instance", "Version", "Asks for", "Can write", "Heartbeat", "Started"]);
  const outside = el("h3", { hidden: true }, "Writers of one side");
  const [seen, sightings] = table("Writers of one side", ["Application", "Role", "Statement", "First seen", "Last seen"]);
  const element = el(
    "section",
    { class: "card live", "aria-label": "Instances" },
    el("h2", {}, "Instances"),
    refused,
    list,
    writers,
    outside,
    seen,
  );
  return [element, update];

  function update(status) {
    show(refused, status.flagsRejected !== null);
    text(refused, status.flagsRejected ? `The instance that answers refuses its flags: ${status.flagsRejected}` : "");
    // an instance of a former version that answers meanwhile does not say it
    text(writers, (status.writers ?? [])
      .map((each) => `${each.kind}${each.live === null ? "" : ` (${each.live})`}: ${each.coverage}`)
      .join("; "));
    keyed(rows, status.instances, (each) => each.instance, () => el("tr"), (row, each) =>
      cells(
        row,
        each.instance,
        each.version,
        phase(each.requested),
        `up to ${phase(each.writesUpTo)}`,
        `${since(each.heartbeatAt, status.readAt)} ago`,
        moment(each.startedAt),
      ));
    const unfenced = status.unfencedWriters ?? [];
    show(outside, unfenced.length > 0);
    show(seen, unfenced.length > 0);
    keyed(sightings, unfenced, (each) => JSON.stringify([each.application, each.role, each.statement]), () => el("tr"), (row, each) =>
      cells(row, each.application, each.role, each.statement, moment(each.firstAt), moment(each.lastAt)));
  }
}
