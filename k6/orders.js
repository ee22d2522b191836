// Claim: 100 users at once create, read, change and list orders, and are answered in time and
// right. What was written is what is read; a write that is sent again under its key is answered
// with the same bytes. Ends at once when a threshold is crossed.
//
//   BASE_URL  http://localhost:3000   comma-separated: round robin
//   USERS     100
//   RAMP      30s                     to all users
//   DURATION  1m                      with all users
//   THINK     500ms                   mean pause of a user between two rounds; 0s saturates
//   REPLAYS   0.2                     share of writes that are sent again
//   P95, P99  500, 1000               the limits of latency, in milliseconds
import { check, sleep } from 'k6';
import exec from 'k6/execution';
import * as api from './lib/api.js';
import { duration, limits, number, seconds } from './lib/env.js';
import {
  hasFields, isOrder, isProblem, isReplay, newKey, newOrder, otherStatus, ownUser, parsed,
} from './lib/orders.js';

const USERS = number('USERS', 100, 1);
const THINK = seconds('THINK', '500ms');
const REPLAYS = number('REPLAYS', 0.2);
const NO_SUCH_ORDER = Number.MAX_SAFE_INTEGER;

const must = (threshold) => ({ threshold, abortOnFail: true, delayAbortEval: '2s' });

export const options = {
  scenarios: {
    orders: {
      executor: 'ramping-vus',
      stages: [
        { target: USERS, duration: duration(seconds('RAMP', '30s')) },
        { target: USERS, duration: duration(seconds('DURATION', '1m')) },
      ],
    },
  },
  thresholds: {
    http_req_duration: limits().map(must),
    http_req_failed: [must('rate<0.01')],
    checks: [must('rate==1')],
    // for the summary: a line for each endpoint
    'http_req_duration{endpoint:create}': limits(),
    'http_req_duration{endpoint:update}': limits(),
    'http_req_duration{endpoint:read}': limits(),
    'http_req_duration{endpoint:list}': limits(),
  },
};

export function setup() {
  return { run: Date.now() };
}

export default function ({ run }) {
  const order = newOrder(ownUser(run, exec.vu.idInTest));
  const created = written('create', (key) => api.create(order, { key }));
  if (isOrder(created, 201, order, 'create')) {
    const { id } = parsed(created);
    isOrder(api.read(id), 200, { ...order, id }, 'read after create');
    const changed = { ...order, id, status: otherStatus(order.status) };
    const updated = written('update', (key) => api.update(id, changed.status, { key }));
    isOrder(updated, 200, changed, 'update');
    isOrder(api.read(id), 200, changed, 'read after update');
    isListed(changed);
  }
  refusals(order);
  sleep(THINK * 2 * Math.random());
}

function written(what, send) {
  const key = newKey();
  const first = send(key);
  if (Math.random() < REPLAYS && !api.unanswered(first)) {
    isReplay(send(key), first, `${what} again`);
  }
  return first;
}

// behind the id before it, an order is the first one of its user, and of its status
function isListed(order) {
  const after = order.id - 1;
  const byUser = api.list({ userId: order.userId, after, limit: 1 });
  const byStatus = api.list({ status: order.status, after, limit: 1 });
  const others = api.list({ userId: order.userId, status: otherStatus(order.status), after });
  const first = (response) => (parsed(response)?.items ?? [])[0];
  check(null, {
    'list by user: has it': () => hasFields(first(byUser), order),
    'list by status: has it': () => hasFields(first(byStatus), order),
    'list by other status: has it not': () => others.status === 200 && !first(others),
  });
}

function refusals(order) {
  if (Math.random() < 0.1) {
    isProblem(api.read(NO_SUCH_ORDER, { expected: [404] }), 404, 'no such order');
    isProblem(api.create({ ...order, amount: -1 }, { expected: [400] }), 400, 'bad amount');
    const key = newKey();
    isOrder(api.create(order, { key }), 201, order, 'create');
    const other = { ...order, status: otherStatus(order.status) };
    isProblem(api.create(other, { key, expected: [422] }), 422, 'key with another body');
  }
}
