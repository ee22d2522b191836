// Numbers and times for people.

const whole = new Intl.NumberFormat("en");

export function number(value) {
  return whole.format(Math.round(value));
}

export function millis(value) {
  return value === null || value === undefined ? "–" : `${value < 10 ? value.toFixed(1) : number(value)} ms`;
}

/** A length of time, from milliseconds. */
export function duration(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) {
    return `${s} s`;
  }
  if (s < 3600) {
    return `${Math.floor(s / 60)} min ${s % 60} s`;
  }
  if (s < 86400) {
    return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  }
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** How long ago it was, by the service's clock. */
export function since(time, now) {
  return duration(Date.parse(now) - Date.parse(time));
}

/** Date and time by the clock of the browser, as 2026-11-30 04:05:25: in Sweden they are written so. */
export function moment(time) {
  return new Date(time).toLocaleString("sv");
}

/** The time of day, from seconds since 1970. */
export function clock(seconds, exact) {
  return new Date(seconds * 1000).toLocaleTimeString("sv", { timeStyle: exact ? "medium" : "short" });
}

/** A step, for example 1 → 2. */
export function stepName(name) {
  return name.replace("->", "→");
}

export function phase(p) {
  return p ? `${p.phase} (${p.name})` : "–";
}
