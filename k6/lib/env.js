// What the environment says, read once when a script is loaded.

const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** A number from `least` on. */
export function number(name, fallback, least = 0) {
  const value = Number(__ENV[name] || fallback);
  if (!(value >= least)) {
    throw new Error(`${name}=${__ENV[name]}: a number from ${least} on is needed`);
  }
  return value;
}

/** Seconds, from a duration such as 500ms, 90s, 5m or 1h. */
export function seconds(name, fallback) {
  const text = __ENV[name] || fallback;
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (!parts) {
    throw new Error(`${name}=${text}: a duration such as 500ms, 90s, 5m or 1h is needed`);
  }
  return Number(parts[1]) * UNITS[parts[2]];
}

/** Thresholds of latency, in milliseconds; P95 and P99 loosen them where a machine is shared. */
export function limits() {
  return [`p(95)<${number('P95', 500)}`, `p(99)<${number('P99', 1000)}`];
}

/** A duration as k6 wants it in its options. */
export function duration(inSeconds) {
  return `${Math.round(inSeconds * 1000)}ms`;
}
