// Claim: clients that hang up in the middle of a write lose nothing and double nothing. Each order
// is sent under a key by a client that loses patience, again and again, until one attempt is
// answered. In the end each user has exactly as many orders as it used keys: the acknowledged ones.
//
//   BASE_URL  http://localhost:3000   comma-separated: round robin
//   USERS     20
//   DURATION  1m
//   HANG_UPS  3                       attempts with a client that may hang up, before a patient one
import { check } from 'k6';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import * as api from './lib/api.js';
import { duration, number, seconds } from './lib/env.js';
import { hasFields, isOrder, newKey, newOrder, ownUser, parsed } from './lib/orders.js';

const USERS = number('USERS', 20, 1);
const DURATION = seconds('DURATION', '1m');
const HANG_UPS = number('HANG_UPS', 3, 1);

const hangUps = new Counter('hang_ups');
const doneUnheard = new Counter('hang_ups_that_wrote');
const wrong = new Counter('orders_wrong');
const keysUsed = new Counter('keys_used');
const finished = new Counter('users_finished');

export const options = {
  scenarios: {
    abort: {
      executor: 'per-vu-iterations',
      vus: USERS,
      iterations: 1,
      maxDuration: duration(DURATION * 1.5 + 60),
    },
  },
  thresholds: {
    orders_wrong: ['count==0'],
    hang_ups: ['count>0'],
    hang_ups_that_wrote: ['count>0'],
    users_finished: [`count==${USERS}`],
    'http_req_failed{endpoint:create}': ['rate==0'],
    'http_req_failed{endpoint:list}': ['rate==0'],
    checks: ['rate==1'],
  },
};

export function setup() {
  // k6 passes over the thresholds of a metric without a sample
  [hangUps, doneUnheard, finished].forEach((each) => each.add(0));
  return { run: Date.now() };
}

export default function ({ run }) {
  const user = ownUser(run, exec.vu.idInTest);
  const until = exec.scenario.startTime + DURATION * 1000;
  const acknowledged = new Map();
  let keys = 0;
  while (Date.now() < until) {
    const order = newOrder(user);
    const created = createdAtLast(order, newKey());
    keys++;
    if (isOrder(created, 201, order, 'create')) {
      acknowledged.set(parsed(created).id, order);
    }
  }
  keysUsed.add(keys);
  compare(api.listAll(user), acknowledged, keys);
  finished.add(1);
}

function createdAtLast(order, key) {
  for (let i = 0; i < HANG_UPS; i++) {
    const response = hangingUp(order, key);
    if (response) {
      return response;
    }
  }
  const response = api.create(order, { key });
  if (response.headers['Idempotent-Replayed'] === 'true') {
    doneUnheard.add(1);
  }
  learn(response.timings.duration);
  return response;
}

/** The answer, if it came before the client hung up. */
function hangingUp(order, key) {
  const timeout = `${(0.2 + Math.random() * 1.5 * usual).toFixed(2)}ms`;
  try {
    // thrown, or k6 logs each of them; no failure of the service, so it is not counted as one
    const params = { timeout, throw: true, responseCallback: null };
    const response = api.create(order, { key, endpoint: 'create-hang-up', params });
    return api.unanswered(response) ? undefined : response;
  } catch (e) {
    hangUps.add(1);
    return undefined;
  }
}

// milliseconds that an answer takes here: patience is drawn around it, so that some clients hang
// up before the write, some while it is in flight, and some after it
let usual = 5;

function learn(millis) {
  usual = 0.9 * usual + 0.1 * millis;
}

function compare(listed, acknowledged, keys) {
  const right = (listed || []).filter(
    (each) => acknowledged.has(each.id) && hasFields(each, acknowledged.get(each.id)),
  );
  const exact = check(listed, {
    'one order for each key': (all) => all !== undefined && all.length === keys,
    'they are the acknowledged ones': () => right.length === keys,
  });
  if (!exact) {
    const found = listed ? listed.length : 'no list of';
    wrong.add(Math.max(1, Math.abs((listed || []).length - keys), keys - right.length));
    console.error(`${found} orders for ${keys} keys, ${right.length} of them as acknowledged`);
  }
}
