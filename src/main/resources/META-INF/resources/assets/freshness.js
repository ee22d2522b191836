// Says how old what is shown is, and when the connection is lost.

import { announce, show, text, toggle } from "./dom.js";
import { duration } from "./format.js";

const OLD = 3_000;
const age = document.getElementById("age");
const lost = document.getElementById("lost");
const main = document.getElementById("main");

let heardAt = null;
let nextAt = null;

/** A snapshot has come. */
export function fresh() {
  if (nextAt !== null) {
    announce("Connected again.");
  }
  heardAt = performance.now();
  nextAt = null;
  show(lost, false);
  tick();
}

/** The connection is lost; the next attempt comes in so many milliseconds. */
export function lostConnection(reason, pause) {
  nextAt = performance.now() + pause;
  text(lost, `Connection lost. ${reason} What you see may be out of date. It is tried again automatically.`);
  show(lost, true);
  tick();
}

/** Nothing is awaited: no age is shown. */
export function idle() {
  heardAt = null;
  nextAt = null;
  show(lost, false);
  tick();
}

function tick() {
  const now = performance.now();
  const broken = nextAt !== null;
  toggle(main, "stale", broken);
  toggle(age, "old", broken || (heardAt !== null && now - heardAt > OLD));
  const data = heardAt === null ? "no data yet" : `data of ${duration(now - heardAt)} ago`;
  const next = broken ? `, next attempt in ${duration(nextAt - now)}` : "";
  text(age, `${broken ? "Not live" : "Live"}: ${data}${next}`);
  show(age, heardAt !== null || broken);
}

setInterval(tick, 500);
