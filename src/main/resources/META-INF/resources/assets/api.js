// Calls of the service. The header tells it that the request comes from its own page.

const HEADERS = { "X-Requested-With": "console" };

/** A call that was refused: the status, and the problem's title and detail as its message. */
export class Refused extends Error {
  constructor(status, problem, retryAfter) {
    super(problem?.detail ? `${problem.title}: ${problem.detail}` : `The service answers ${status}.`);
    this.status = status;
    this.gates = problem?.gates ?? [];
    this.retryAfter = retryAfter;
  }
}

async function answer(response) {
  if (response.ok) {
    return response;
  }
  const problem = await response.json().catch(() => null);
  throw new Refused(response.status, problem, response.headers.get("Retry-After"));
}

/** Sends a request; fails with Refused, or TypeError where the service does not answer. */
export async function send(method, path, { body, signal, accept } = {}) {
  const headers = { ...HEADERS, Accept: accept ?? "application/json" };
  if (body instanceof URLSearchParams) {
    headers["Content-Type"] = "application/x-www-form-urlencoded";
  } else if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  return answer(await fetch(path, { method, headers, body, signal, cache: "no-store", redirect: "error" }));
}

export async function read(path, signal) {
  return (await send("GET", path, { signal: signal ?? AbortSignal.timeout(10_000) })).json();
}

/** Something that an operator does; bounded, as a request of the service is. */
export function command(method, path, body) {
  return send(method, path, { body, signal: AbortSignal.timeout(15_000) });
}

export function pathOf(name, rest = "") {
  return `/migrations/${encodeURIComponent(name)}${rest}`;
}
