// What one virtual user was told: for each of its orders the last acknowledged answer, as text.
// An order takes some 400 bytes of k6: 80 MB for 200,000 of them, 400 MB for a million.
import { Counter } from 'k6/metrics';
import { parsed } from './orders.js';

const FIELDS = ['id', 'userId', 'amount', 'status', 'createdAt'];
const checked = new Counter('ledger_checked');
const differences = new Counter('ledger_differences');

/** For setup(): k6 passes over the thresholds of a metric without a sample. */
export function openCounters() {
  checked.add(0);
  differences.add(0);
}

export class Ledger {
  constructor(limit) {
    this.limit = limit;
    this.ids = [];
    this.bodies = [];
  }

  get size() {
    return this.ids.length;
  }

  get full() {
    return this.size >= this.limit;
  }

  /** What was acknowledged last for entry `at`. */
  order(at) {
    return JSON.parse(this.bodies[at]);
  }

  created(body) {
    this.ids.push(JSON.parse(body).id);
    this.bodies.push(body);
  }

  updated(at, body) {
    this.bodies[at] = body;
  }

  /** For a write that was never answered: its value or the one before is right now. */
  forget(at) {
    const [id, body] = [this.ids.pop(), this.bodies.pop()];
    if (at < this.size) {
      this.ids[at] = id;
      this.bodies[at] = body;
    }
  }

  /** Compares every field of an answer to a read with entry `at`; gives whether they agree. */
  agrees(at, response) {
    if (response.status === 200 && response.body === this.bodies[at]) {
      return true;
    }
    const [now, told] = [parsed(response), this.order(at)];
    const wrong = FIELDS.filter((name) => !now || now[name] !== told[name]);
    if (response.status !== 200 || wrong.length > 0) {
      differences.add(1);
      console.error(`acknowledged ${this.bodies[at]}, read ${response.status} ${response.body}`);
      return false;
    }
    return true;
  }

  /** The same, for the reading back at the end. */
  check(at, response) {
    checked.add(1);
    return this.agrees(at, response);
  }
}
