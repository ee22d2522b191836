// Orders of a shop: POST /orders, PATCH /orders/{id}, GET /orders/{id}. The argument names the store:
// node server.js plain, or node server.js fenced.
'use strict';

const http = require('node:http');
const { Pool } = require('pg');

const pool = new Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.POOL || 10),
  connectionTimeoutMillis: 2000, // for a free connection, or a new one
  statement_timeout: 5000, // the server ends what takes longer,
  query_timeout: 6000, // and the client what the server does not answer
});
pool.on('error', (error) => console.error(error.message)); // of an idle connection
const store = require(`./${process.argv[2] || 'plain'}.js`)(pool);

const routes = {
  'POST /orders': async ({ userId, amount, status }) => [201, await store.create(userId, amount, status)],
  'PATCH /orders/': async ({ status }, id) => found(await store.change(id, status)),
  'GET /orders/': async (_, id) => found(await store.read(id)),
};

function found(order) {
  return order ? [200, order] : [404, { error: 'no such order' }];
}

async function answer(request) {
  const [, path, id] = /^(\/orders\/?)(\d*)$/.exec(request.url) || [];
  const route = routes[`${request.method} ${path}`];
  if (!route || Boolean(id) !== path.endsWith('/')) return [404, { error: 'not found' }];
  let text = '';
  for await (const part of request) text += part;
  return route(text ? JSON.parse(text) : {}, id);
}

http.createServer(async (request, response) => {
  const [status, body] = await answer(request).catch((error) => [500, { error: error.message }]);
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}).listen(Number(process.env.PORT || 3001), '127.0.0.1');
