// What a rehearsal tells its traffic: the stage that requests are tagged with, and when it is over.
import exec from 'k6/execution';
import http from 'k6/http';

const URL = __ENV.CONTROL_URL;
const EVERY = 1000;
const PARAMS = {
  timeout: '1s',
  throw: true, // or k6 logs each failure
  responseCallback: null, // no request of the service: it counts neither as done nor as failed
  tags: { name: 'control', endpoint: 'control' },
};

let next = 0;
let over = false;

export const controlled = Boolean(URL);

/** Asks at most once a second; whoever cannot be reached has not changed its mind. */
export function done() {
  if (URL && !over && Date.now() >= next) {
    next = Date.now() + EVERY;
    ask();
  }
  return over;
}

function ask() {
  try {
    const said = http.get(URL, PARAMS).json();
    over = said.done === true;
    if (said.stage && !over) {
      enter(said.stage);
    }
  } catch (e) {
    return;
  }
}

/** Tags every later sample of this virtual user. */
export function enter(stage) {
  exec.vu.metrics.tags.stage = String(stage);
}
