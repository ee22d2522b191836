// The four phases in a row, with marks for what is in force and what is asked for.

import { el, text, toggle } from "./dom.js";

const PHASES = ["expand", "dual-write", "read-new", "contract"];

/** Gives the element, and a function that takes the effective and the requested phase. */
export function track(kind = "") {
  const steps = PHASES.map((name, number) => {
    const mark = el("span", { class: "mark" });
    const step = el("li", {}, el("span", { class: "name" }, `${number} ${name}`), mark);
    return { step, mark, number };
  });
  const list = el("ol", { class: `track ${kind}`, "aria-label": "Phases" }, ...steps.map(({ step }) => step));
  return [list, update];

  function update(effective, requested) {
    for (const { step, mark, number } of steps) {
      const inForce = effective?.phase === number;
      const asked = requested?.phase === number;
      toggle(step, "passed", effective && number < effective.phase);
      toggle(step, "effective", inForce);
      toggle(step, "requested", asked);
      toggle(mark, "effective", inForce);
      toggle(mark, "requested", asked && !inForce);
      text(mark, inForce ? (asked ? "in force, requested" : "in force") : asked ? "requested" : "");
      mark.hidden = !inForce && !asked;
      if (inForce) {
        step.setAttribute("aria-current", "step");
      } else {
        step.removeAttribute("aria-current");
      }
    }
  }
}
