// Claim: a migration in progress loses no acknowledged write and fails no request. Each user keeps
// a ledger of what it was told, reads its own orders back at random, and in the end all of them.
// k6/rehearse.sh runs it while it performs a migration; without one it is a check of its own.
//
//   BASE_URL     http://localhost:3000   comma-separated: round robin
//   USERS        20
//   RATE         100     requests a second of all users, scheduled
//   DURATION     60s     the longest that traffic lasts; without CONTROL_URL with the reading back,
//                        which gets the last third
//   CONTROL_URL          asked by each user once a second: {"stage":"dual-write","done":false};
//                        requests are tagged with the stage (steady without it, then read-back)
//   LEDGER       200000  orders in all ledgers; then users only change what there is
//   SUMMARY              file for the figures as JSON
//
// For percentiles over time: K6_CSV_TIME_FORMAT=unix_milli k6 run --out csv=FILE
import { sleep } from 'k6';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import * as api from './lib/api.js';
import * as control from './lib/control.js';
import { duration, number, seconds } from './lib/env.js';
import { Ledger, openCounters } from './lib/ledger.js';
import { ownUser } from './lib/orders.js';
import { Pace } from './lib/pace.js';
import { summary } from './lib/summary.js';
import * as traffic from './lib/traffic.js';

const USERS = number('USERS', 20, 1);
const RATE = number('RATE', 100, 1);
const DURATION = seconds('DURATION', '60s');
const LEDGER = number('LEDGER', 200000, 1);
const TRAFFIC = control.controlled ? DURATION : (DURATION * 2) / 3;
const BATCH = 20;
const ATTEMPTS = 5;

const finished = new Counter('ledgers_finished');
const cutShort = new Counter('ended_before_done');

export const options = {
  scenarios: {
    traffic: {
      executor: 'per-vu-iterations',
      vus: USERS,
      iterations: 1,
      maxDuration: duration(DURATION * 1.5 + 120),
    },
  },
  thresholds: {
    http_req_failed: ['rate==0'], // requests to CONTROL_URL are not in it
    checks: ['rate==1'],
    ledger_differences: ['count==0'],
    ledger_checked: ['count>0'],
    ledgers_finished: [`count==${USERS}`],
    writes_unanswered: ['count==0'],
    ended_before_done: ['count==0'],
  },
};

export function setup() {
  openCounters();
  traffic.openCounters();
  // k6 passes over the thresholds of a metric without a sample
  [finished, cutShort].forEach((each) => each.add(0));
  return { run: Date.now() };
}

export default function ({ run }) {
  const ledger = new Ledger(Math.ceil(LEDGER / USERS));
  serve(new traffic.Traffic(ownUser(run, exec.vu.idInTest), ledger));
  control.enter('read-back');
  readBack(ledger);
  finished.add(1);
}

function serve(user) {
  const pace = new Pace(RATE, USERS);
  const until = exec.scenario.startTime + TRAFFIC * 1000;
  control.enter('steady');
  while (!control.done()) {
    if (Date.now() >= until) {
      cutShort.add(control.controlled ? 1 : 0);
      return;
    }
    pace.wait();
    user.step();
    pace.ended();
  }
}

function readBack(ledger) {
  for (let from = 0; from < ledger.size; from += BATCH) {
    const ids = ledger.ids.slice(from, from + BATCH);
    api.readAll(ids, { endpoint: 'read-back' }).forEach((response, i) => {
      ledger.check(from + i, again(ids[i], response));
    });
  }
}

function again(id, first) {
  let response = first;
  for (let i = 1; i < ATTEMPTS && api.unanswered(response); i++) {
    sleep(1);
    response = api.read(id, { endpoint: 'read-back' });
  }
  return response;
}

export const handleSummary = summary;
