// The orders API. Requests go round robin over BASE_URL and are tagged by endpoint, never by id:
// one time series per id would fill the memory of a long run.
import http from 'k6/http';
import exec from 'k6/execution';

const BASES = (__ENV.BASE_URL || 'http://localhost:3000')
  .split(',')
  .map((url) => url.trim().replace(/\/+$/, ''));

const NAMES = {
  create: 'POST /orders',
  update: 'PATCH /orders/{id}',
  read: 'GET /orders/{id}',
  list: 'GET /orders',
};

let turn = -1;

// users begin at different instances
function base() {
  turn = turn < 0 ? exec.vu.idInTest : turn + 1;
  return BASES[turn % BASES.length];
}

/*
 * Options of each call: key (Idempotency-Key), expected (statuses that are no failure, 2xx if left
 * out), endpoint (the tag, if it is to differ), params (anything that k6/http takes).
 */
function params(call, { key, expected, endpoint = call, params: others = {} }) {
  const headers = { 'Content-Type': 'application/json' };
  if (key) {
    headers['Idempotency-Key'] = key;
  }
  const statuses = expected ? http.expectedStatuses(...expected) : SUCCESS;
  return { headers, responseCallback: statuses, tags: { name: NAMES[call], endpoint }, ...others };
}

const SUCCESS = http.expectedStatuses({ min: 200, max: 299 });

export function create(order, options = {}) {
  return http.post(`${base()}/orders`, JSON.stringify(order), params('create', options));
}

export function update(id, status, options = {}) {
  const body = JSON.stringify({ status });
  return http.patch(`${base()}/orders/${id}`, body, params('update', options));
}

export function read(id, options = {}) {
  return http.get(`${base()}/orders/${id}`, params('read', options));
}

/** At once, as far as k6's option batchPerHost lets them. */
export function readAll(ids, options = {}) {
  const one = (id) => ['GET', `${base()}/orders/${id}`, null, params('read', options)];
  return http.batch(ids.map(one));
}

export function list(query, options = {}) {
  const search = Object.entries(query).map(([name, value]) => `${name}=${value}`).join('&');
  return http.get(`${base()}/orders?${search}`, params('list', options));
}

/** Every order of a user, page by page; undefined if a page is not to be had. */
export function listAll(userId, options = {}) {
  const found = [];
  for (let after = 0; after !== null; ) {
    const response = list({ userId, after, limit: 100 }, options);
    if (response.status !== 200) {
      return undefined;
    }
    const page = response.json();
    found.push(...page.items);
    after = page.next;
  }
  return found;
}

/** Whether the outcome is unknown, or the request was refused for now: to be sent again. */
export function unanswered(response) {
  return response.status === 0 || response.status === 429 || response.status >= 500;
}
