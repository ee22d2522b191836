// Claim: far more requests than the service can take do it no harm. During the spike each one is
// answered right or refused clearly (429 or 503 that says why), within the client's patience: no
// 500, no wrong answer, no silence. It still does nine tenths of what it does at its best, and 99 of
// 100 requests that it accepts are answered before their deadline. Afterwards latency is what it was
// before.
//
//   BASE_URL   http://localhost:3000   comma-separated: round robin
//   RATE       5000                    rounds a second in the spike (a write and a read): twice the
//                                      capacity or more
//   DURATION   30s                     of the spike
//   MAX_VUS    2000                    clients that wait at once, at most; what is dropped beyond
//                                      them is k6's own limit, and no failure; more than the
//                                      service's MAX_REQUESTS
//   TIMEOUT    2s                      a client's patience
//   CALM_RATE  50                      rounds a second before and after
//   CALM       15s                     how long, before and after
//   CLIENTS    64                      clients, one request after the other, that find its best
//   PEAK       30s                     how long they do
//   GOODPUT    0.9                     of that best, in the spike, at least; less where k6 has no
//                                      machine of its own
//   DEADLINE   5s                      the service's REQUEST_DEADLINE
//   RECOVERY   5s                      between the spike's end and what counts as after
//   P95, P99   500, 1000               the limits of latency before and after, in milliseconds
import exec from 'k6/execution';
import { Counter, Rate, Trend } from 'k6/metrics';
import * as api from './lib/api.js';
import { duration, limits, number, seconds } from './lib/env.js';
import { isOrder, isProblem, newKey, newOrder, ownUser, parsed } from './lib/orders.js';

const RATE = number('RATE', 5000, 1);
const MAX_VUS = number('MAX_VUS', 2000, 1);
const CALM_RATE = number('CALM_RATE', 50, 1);
const CALM = seconds('CALM', '15s');
const SPIKE = seconds('DURATION', '30s');
const RECOVERY = seconds('RECOVERY', '5s');
const TIMEOUT = seconds('TIMEOUT', '2s');
const CLIENTS = number('CLIENTS', 64, 1);
const PEAK = seconds('PEAK', '30s');
const GOODPUT = number('GOODPUT', 0.9);
const DEADLINE = seconds('DEADLINE', '5s');
// each answer of the spike counts as true and each of the peak as false: the least share of the true
const SHARE = (GOODPUT * SPIKE) / (GOODPUT * SPIKE + PEAK);
const SPIKE_START = CALM + PEAK + RECOVERY;

const answered = new Counter('answered');
const refused = new Counter('refused');
const unclear = new Counter('unclear');
const refusal = new Trend('refusal_duration', true);
const accepted = new Trend('accepted_duration', true);
const goodput = new Rate('goodput_share');

export const options = {
  scenarios: {
    before: calm(0),
    peak: {
      executor: 'constant-vus',
      vus: CLIENTS,
      startTime: duration(CALM),
      duration: duration(PEAK),
      gracefulStop: duration(2 * TIMEOUT),
    },
    spike: {
      executor: 'constant-arrival-rate',
      rate: RATE,
      startTime: duration(SPIKE_START),
      duration: duration(SPIKE),
      preAllocatedVUs: MAX_VUS,
      gracefulStop: duration(2 * TIMEOUT),
    },
    after: calm(SPIKE_START + SPIKE + RECOVERY),
  },
  thresholds: {
    'http_req_duration{scenario:before}': limits(),
    'http_req_duration{scenario:after}': limits(),
    'http_req_failed{scenario:before}': ['rate==0'],
    'http_req_failed{scenario:after}': ['rate==0'],
    'refused{scenario:after}': ['count==0'],
    'http_req_duration{scenario:spike}': [`p(95)<${TIMEOUT * 1000}`], // for the summary
    'accepted_duration{scenario:spike}': [`p(99)<${DEADLINE * 1000}`],
    goodput_share: [`rate>=${SHARE.toFixed(4)}`],
    http_req_failed: ['rate==0'],
    unclear: ['count==0'],
    answered: ['count>0'],
    refused: ['count>0'], // else the load was too low: raise RATE or MAX_VUS
    checks: ['rate==1'],
  },
};

function calm(startTime) {
  return {
    executor: 'constant-arrival-rate',
    rate: CALM_RATE,
    startTime: duration(startTime),
    duration: duration(CALM),
    preAllocatedVUs: 50,
    gracefulStop: duration(2 * TIMEOUT),
  };
}

export function setup() {
  [answered, refused].forEach((each) => each.add(0)); // k6 passes over a metric without a sample
  return { run: Date.now() };
}

export default function ({ run }) {
  const order = newOrder(ownUser(run, exec.vu.idInTest));
  const created = clear(() => api.create(order, patient({ key: newKey() }, 201)));
  if (created && isOrder(created, 201, order, 'create')) {
    const { id } = parsed(created);
    const read = clear(() => api.read(id, patient({}, 200)));
    if (read) {
      isOrder(read, 200, { ...order, id }, 'read after create');
    }
  }
}

function patient(options, success) {
  // thrown, or k6 logs each request that is not answered
  const params = { timeout: duration(TIMEOUT), throw: true };
  return { ...options, expected: [success, 429, 503], params };
}

/** The response, if it is an answer; else it is counted as a refusal or as neither. */
function clear(send) {
  const response = heard(send);
  if (response.status === 429 || response.status === 503) {
    refused.add(1);
    refusal.add(response.timings.duration);
    isProblem(response, response.status, 'refusal');
    return undefined;
  }
  if (api.unanswered(response)) {
    unclear.add(1);
    return undefined;
  }
  answered.add(1);
  accepted.add(response.timings.duration);
  if (exec.scenario.name === 'peak' || exec.scenario.name === 'spike') {
    goodput.add(exec.scenario.name === 'spike');
  }
  return response;
}

function heard(send) {
  try {
    return send();
  } catch (e) {
    return { status: 0 };
  }
}
