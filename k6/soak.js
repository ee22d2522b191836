// Claim: a steady load for a long time is served without a failure, a wrong answer, a request that
// had to be left out, or a latency that creeps up: each quarter is held to the same limits.
//
//   BASE_URL  http://localhost:3000   comma-separated: round robin
//   RATE      100                     rounds a second; a round is one write and one or two reads
//   DURATION  1h
//   MAX_VUS   200                     rounds in flight at once, at most
//   P95, P99  500, 1000               the limits of latency, in milliseconds
import { check } from 'k6';
import exec from 'k6/execution';
import * as api from './lib/api.js';
import { duration, limits, number, seconds } from './lib/env.js';
import {
  isOrder, isReplay, newKey, newOrder, otherStatus, ownUser, parsed,
} from './lib/orders.js';

const DURATION = seconds('DURATION', '1h');
const MAX_VUS = number('MAX_VUS', 200, 1);

export const options = {
  scenarios: {
    soak: {
      executor: 'constant-arrival-rate',
      rate: number('RATE', 100, 1),
      duration: duration(DURATION),
      preAllocatedVUs: MAX_VUS, // one made on demand would cost a dropped round
    },
  },
  thresholds: {
    'http_req_duration{quarter:1}': limits(),
    'http_req_duration{quarter:2}': limits(),
    'http_req_duration{quarter:3}': limits(),
    'http_req_duration{quarter:4}': limits(),
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
    dropped_iterations: ['count==0'],
  },
};

// the last order of this virtual user: rounds read and change what earlier rounds wrote
let last;

export function setup() {
  return { run: Date.now() };
}

export default function ({ run }) {
  const passed = (Date.now() - exec.scenario.startTime) / 1000;
  exec.vu.metrics.tags.quarter = String(1 + Math.min(3, Math.floor((4 * passed) / DURATION)));
  if (!last || Math.random() < 0.5) {
    created(newOrder(ownUser(run, exec.vu.idInTest)));
  } else {
    changed();
  }
}

function created(order) {
  const key = newKey();
  const response = api.create(order, { key });
  if (isOrder(response, 201, order, 'create')) {
    last = parsed(response);
    isOrder(api.read(last.id), 200, last, 'read');
    if (Math.random() < 0.1) {
      isReplay(api.create(order, { key }), response, 'create again');
    }
  }
}

function changed() {
  const wanted = { ...last, status: otherStatus(last.status) };
  const response = api.update(last.id, wanted.status, { key: newKey() });
  if (!isOrder(response, 200, wanted, 'update')) {
    last = undefined;
    return;
  }
  last = wanted;
  const page = parsed(api.list({ status: last.status, after: last.id - 1, limit: 5 }));
  check(page, {
    'list by status: has it': (p) => p?.items[0]?.id === last.id,
    'list by status: nothing else': (p) => p?.items.every((each) => each.status === last.status),
  });
}
