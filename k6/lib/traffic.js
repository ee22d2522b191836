// What a user does in migration.js: every write under a key, every answer into the ledger.
import { check, sleep } from 'k6';
import { Counter } from 'k6/metrics';
import * as api from './api.js';
import {
  isOrder, isReplay, newKey, newOrder, otherStatus, parsed, pick,
} from './orders.js';

const MIX = [
  [0.3, 'create'],
  [0.6, 'update'],
  [0.9, 'read'],
  [0.95, 'list'],
  [1, 'replay'],
];
const REPLAYABLE = 20;
const PATIENCE = 60000;
const unanswered = new Counter('writes_unanswered');

/** For setup(): k6 passes over the thresholds of a metric without a sample. */
export function openCounters() {
  unanswered.add(0);
}

export class Traffic {
  constructor(user, ledger) {
    this.user = user;
    this.ledger = ledger;
    this.writes = [];
  }

  /** One request; more only if a write is not answered. */
  step() {
    const turn = Math.random();
    const what = MIX.find(([share]) => turn < share)[1];
    if (this.ledger.size === 0) {
      this.create();
    } else {
      this[what === 'create' && this.ledger.full ? 'update' : what]();
    }
  }

  create() {
    const order = newOrder(this.user);
    const response = this.write((key) => api.create(order, { key }));
    if (response && isOrder(response, 201, order, 'create')) {
      this.ledger.created(response.body);
    }
  }

  update() {
    const at = this.any();
    const order = this.ledger.order(at);
    const wanted = { ...order, status: otherStatus(order.status) };
    const response = this.write((key) => api.update(order.id, wanted.status, { key }));
    if (response && isOrder(response, 200, wanted, 'update')) {
      this.ledger.updated(at, response.body);
    } else {
      this.ledger.forget(at);
    }
  }

  read() {
    const at = this.any();
    const response = api.read(this.ledger.ids[at]);
    if (!api.unanswered(response)) {
      this.ledger.agrees(at, response);
    }
  }

  // behind the id before it, an order is the first one of its status
  list() {
    const at = this.any();
    const { id, status } = this.ledger.order(at);
    const response = api.list({ status, after: id - 1, limit: 5 });
    if (api.unanswered(response)) {
      return; // a failed request, and no wrong answer
    }
    check(parsed(response), {
      'list by status: has it': (p) => p?.items?.[0]?.id === id,
      'list by status: nothing else': (p) => p?.items?.every((each) => each.status === status),
    });
  }

  replay() {
    if (this.writes.length > 0) {
      const { send, first } = pick(this.writes);
      const response = answered(send);
      if (response) {
        isReplay(response, first, 'replay');
      }
    }
  }

  write(request) {
    const key = newKey();
    const send = () => request(key);
    const response = answered(send);
    if (response && response.status < 300) {
      this.writes[Math.floor(Math.random() * REPLAYABLE)] = { send, first: kept(response) };
      this.writes = this.writes.filter(Boolean);
    }
    return response;
  }

  any() {
    return Math.floor(Math.random() * this.ledger.size);
  }
}

function kept({ status, body }) {
  return { status, body };
}

/** Sends a write until it is answered: what came of an unanswered one, only its key can tell. */
function answered(send) {
  const until = Date.now() + PATIENCE;
  for (let pause = 0.05; Date.now() < until; pause = Math.min(2 * pause, 1)) {
    const response = send();
    if (!api.unanswered(response)) {
      return response;
    }
    sleep(pause * (0.5 + Math.random()));
  }
  unanswered.add(1);
  return undefined;
}
