// Orders to write, and what an answer must look like.
import exec from 'k6/execution';
import { check } from 'k6';

const STATUSES = ['pending', 'paid', 'shipped', 'delivered', 'cancelled', 'returned'];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
// keeps users below 2^53
const EPOCH = Date.UTC(2025, 0);
const HERE = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

let keys = 0;

export function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}

export function newKey() {
  return `k6-${HERE}-${exec.vu.idInTest}-${++keys}`;
}

export function newOrder(userId) {
  const amount = (1 + Math.floor(Math.random() * 999999)) / 100;
  return { userId, amount, status: pick(STATUSES) };
}

export function otherStatus(status) {
  return pick(STATUSES.filter((each) => each !== status));
}

/** A user of this run and virtual user alone: no earlier run in the same database had it. */
export function ownUser(run, vu) {
  return (run - EPOCH) * 10000 + (vu % 10000);
}

/** Whether the answer is an order with the given fields; counts it among the checks. */
export function isOrder(response, status, fields, what) {
  return check(response, {
    [`${what}: ${status}`]: (r) => r.status === status,
    [`${what}: every field as written`]: (r) => hasFields(parsed(r), fields),
  });
}

export function hasFields(order, fields) {
  return (
    order !== undefined &&
    order.id > 0 &&
    TIME.test(order.createdAt) &&
    Object.keys(fields).every((name) => order[name] === fields[name])
  );
}

/** Whether the answer to a repeated write is the first one, byte for byte. */
export function isReplay(response, first, what) {
  return check(response, {
    [`${what}: same status`]: (r) => r.status === first.status,
    [`${what}: same bytes`]: (r) => r.body === first.body,
    [`${what}: Idempotent-Replayed`]: (r) => r.headers['Idempotent-Replayed'] === 'true',
  });
}

/** Whether the answer is a clear refusal: RFC 9457, with the status that it was sent with. */
export function isProblem(response, status, what) {
  return check(response, { [`${what}: ${status} as a problem`]: (r) => saysWhy(r, status) });
}

function saysWhy(response, status) {
  const type = response.headers['Content-Type'] || '';
  const problem = parsed(response) || {};
  return (
    response.status === status &&
    type.startsWith('application/problem+json') &&
    problem.status === status &&
    Boolean(problem.type && problem.title)
  );
}

/** The answer's JSON; undefined if it is none. */
export function parsed(response) {
  try {
    return JSON.parse(response.body);
  } catch (e) {
    return undefined;
  }
}
