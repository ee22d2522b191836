// The same behind the fence: plain.js with a variant of each statement for each set of columns.
'use strict';

const { Fence } = require('../../helpers/node/fence.js');

const OLD = 'id, user_id AS "userId", amount, lower(old_status) AS status';
const NEW = 'id, user_id AS "userId", amount, status';

const create = (columns, values, order) =>
  `INSERT INTO shop_orders (user_id, amount, ${columns}) SELECT $1, $2, ${values} FROM fence RETURNING ${order}`;
const CREATE = [
  create('old_status', 'upper($3)', OLD),
  create('old_status, status', 'upper($3), $3', OLD),
  create('old_status, status', 'upper($3), $3', NEW),
  create('status', '$3', NEW),
];
const change = (columns, order) => `UPDATE shop_orders SET ${columns} FROM fence WHERE id = $1 RETURNING ${order}`;
const CHANGE = [
  change('old_status = upper($2)', OLD),
  change('old_status = upper($2), status = $2', OLD),
  change('old_status = upper($2), status = $2', NEW),
  change('status = $2', NEW),
];
const READ = [OLD, OLD, NEW, NEW].map((order) => `SELECT ${order} FROM shop_orders, fence WHERE id = $1`);

module.exports = (pool) => {
  const fence = new Fence('shop-order-status');
  const send = async (variants, values) => (await fence.send(pool, variants, values))[0];
  return {
    create: (userId, amount, status) => send(CREATE, [userId, amount, status]),
    change: (id, status) => send(CHANGE, [id, status]),
    read: (id) => send(READ, [id]),
  };
};
