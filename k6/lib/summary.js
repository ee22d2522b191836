// The end of a run: the whole of it as JSON into the file SUMMARY, and in short on the terminal.

export function summary(data) {
  const written = { stdout: text(data) };
  if (__ENV.SUMMARY) {
    written[__ENV.SUMMARY] = JSON.stringify(data, null, 2);
  }
  return written;
}

function text({ metrics }) {
  const lines = Object.keys(metrics).sort().map((name) => line(name, metrics[name]));
  return `${lines.join('\n')}\n`;
}

function line(name, { values, thresholds = {} }) {
  const numbers = Object.entries(values).map(([key, value]) => `${key}=${short(value)}`);
  const limits = Object.entries(thresholds).map(([what, { ok }]) => `${ok ? '✓' : '✗'} ${what}`);
  return `  ${name.padEnd(40)} ${numbers.concat(limits).join('  ')}`;
}

function short(value) {
  return Number.isInteger(value) ? value : value.toFixed(3);
}
