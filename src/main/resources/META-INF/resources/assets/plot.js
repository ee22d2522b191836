// Rows per second with the service's own latencies and waits, on one axis of time.

import { pathOf, read } from "./api.js";
import { el, text } from "./dom.js";
import { clock, millis, number } from "./format.js";

const SCRIPT = "/webjars/uplot/1.6.30/dist/uPlot.iife.min.js";
const STYLE = "/webjars/uplot/1.6.30/dist/uPlot.min.css";
// the one script that is not there from the start; the page's policy lets no other in
const policy = window.trustedTypes?.createPolicy("plots", { createScriptURL: () => SCRIPT });
const KEPT = 720;
const EVERY = 5;
const HEIGHT = 300;
const SERIES = [
  { key: "rowsPerSecond", label: "Rows/s", color: "--rows", css: "rows", scale: "rows" },
  { key: "p50Millis", label: "p50", color: "--p50", css: "p50", scale: "ms", dash: [7, 3] },
  { key: "p95Millis", label: "p95", color: "--p95", css: "p95", scale: "ms", dash: [4, 3] },
  { key: "p99Millis", label: "p99", color: "--p99", css: "p99", scale: "ms" },
  { key: "poolWaitMillis", label: "Wait for a connection", color: "--pool", css: "pool", scale: "ms", dash: [2, 3] },
];

let library = null;

/** Loads uPlot when the first plot is shown: the first paint of a page does not wait for it. */
function loadLibrary() {
  library ??= Promise.all([
    loaded(el("link", { rel: "stylesheet", href: STYLE })),
    loaded(Object.assign(el("script"), { src: policy?.createScriptURL("") ?? SCRIPT })),
  ]).catch((failure) => {
    library = null;
    throw failure;
  });
  return library;
}

function loaded(node) {
  return new Promise((resolve, reject) => {
    node.addEventListener("load", resolve);
    node.addEventListener("error", () => {
      node.remove();
      reject(new Error("not loaded"));
    });
    document.head.append(node);
  });
}

/** Builds the card; gives it, its update, the function that marks steps, and its end. */
export function plot(name) {
  const place = el("div", { class: "plot", role: "img", "aria-label": "Plot of the last hour" });
  const values = SERIES.map((series) => ({ ...series, value: el("span") }));
  const element = el(
    "section",
    { class: "card live", "aria-label": "Last hour" },
    el("h2", {}, "Last hour"),
    el("p", { class: "soft" }, "Rows per second of the fleet, left; latencies and waits of the instance that answers, right. Steps are marked."),
    place,
    el("ul", { class: "legend" }, ...values.map((series) => el("li", { class: series.css }, swatch(), `${series.label}: `, series.value))),
  );
  let data = [[], ...SERIES.map(() => [])];
  let steps = [];
  let chart = null;
  let begun = false;
  let closed = false;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const resized = new ResizeObserver(() => chart?.setSize({ width: width(), height: HEIGHT }));
  dark.addEventListener("change", redraw);
  resized.observe(place);
  return { element, update, mark, reload: () => { begun = false; }, close };

  function close() {
    closed = true;
    dark.removeEventListener("change", redraw);
    resized.disconnect();
    chart?.destroy();
  }

  function width() {
    return Math.max(200, place.clientWidth);
  }

  function mark(entries) {
    steps = entries
      .filter((each) => each.kind === "step" || each.kind === "contract")
      .map((each) => ({ at: Date.parse(each.at) / 1000, label: each.kind === "step" ? `${each.fromPhase}→${each.toPhase}` : "drop" }));
    chart?.redraw();
  }

  async function load() {
    begun = true;
    try {
      const [columns] = await Promise.all([read(pathOf(name, "/timeline")), loadLibrary()]);
      if (closed) {
        return;
      }
      data = [columns.at, ...SERIES.map((series) => columns[series.key])];
      draw();
    } catch {
      begun = false;
    }
  }

  function update(status) {
    if (!begun) {
      load();
    }
    const now = {
      rowsPerSecond: (status.backfill?.rowsPerSecond ?? 0) + (status.parity?.rowsPerSecond ?? 0),
      ...status.service,
    };
    for (const series of values) {
      const value = now[series.key] ?? null;
      text(series.value, series.scale === "rows" ? number(value ?? 0) : millis(value));
    }
    place.setAttribute("aria-label", `Plot of the last hour. Now: ${values.map((each) => `${each.label} ${each.value.textContent}`).join(", ")}`);
    const at = Date.parse(status.readAt) / 1000;
    if (chart && at - (data[0].at(-1) ?? 0) >= EVERY) {
      data[0].push(at);
      SERIES.forEach((series, i) => data[i + 1].push(now[series.key] ?? null));
      data.forEach((column) => column.splice(0, column.length - KEPT));
      chart.setData(data);
    }
  }

  function redraw() {
    if (chart) {
      draw();
    }
  }

  function draw() {
    const style = getComputedStyle(document.documentElement);
    const color = (variable) => style.getPropertyValue(variable).trim();
    const axis = { stroke: color("--soft"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line") } };
    chart?.destroy();
    chart = new window.uPlot(
      {
        width: width(),
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { rows: { range: (u, low, high) => [0, Math.max(10, (high ?? 0) * 1.1)] }, ms: { range: (u, low, high) => [0, Math.max(10, (high ?? 0) * 1.1)] } },
        axes: [
          { ...axis, space: 70, values: (u, ticks, i, space, step) => ticks.map((tick) => clock(tick, step < 60)) },
          { ...axis, scale: "rows", size: 64, values: (u, ticks) => ticks.map(number) },
          { ...axis, scale: "ms", side: 1, size: 64, grid: { show: false }, values: (u, ticks) => ticks.map((tick) => `${number(tick)} ms`) },
        ],
        series: [{}, ...SERIES.map((each) => ({ label: each.label, scale: each.scale, stroke: color(each.color), width: 2, dash: each.dash, spanGaps: false, points: { show: false } }))],
        hooks: { draw: [(u) => drawSteps(u, steps, color("--text"))] },
      },
      data,
      place,
    );
  }
}

function drawSteps(u, steps, color) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.fillStyle = color;
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  for (const step of steps) {
    if (step.at >= u.scales.x.min && step.at <= u.scales.x.max) {
      const x = u.valToPos(step.at, "x", true);
      ctx.setLineDash([4, 4]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.fillText(step.label, x + 4, bbox.top + 14 * devicePixelRatio);
    }
  }
  ctx.restore();
}

function swatch() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 26 10");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  for (const [name, value] of Object.entries({ x1: 0, x2: 26, y1: 5, y2: 5 })) {
    line.setAttribute(name, value);
  }
  svg.append(line);
  return svg;
}
