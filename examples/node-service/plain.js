// The service as it is before the migration: it knows the column old_status only.
'use strict';

const ORDER = 'id, user_id AS "userId", amount, lower(old_status) AS status';
const CREATE = `INSERT INTO shop_orders (user_id, amount, old_status) VALUES ($1, $2, upper($3)) RETURNING ${ORDER}`;
const CHANGE = `UPDATE shop_orders SET old_status = upper($2) WHERE id = $1 RETURNING ${ORDER}`;
const READ = `SELECT ${ORDER} FROM shop_orders WHERE id = $1`;

module.exports = (pool) => {
  const send = async (statement, values) => (await pool.query(statement, values)).rows[0];
  return {
    create: (userId, amount, status) => send(CREATE, [userId, amount, status]),
    change: (id, status) => send(CHANGE, [id, status]),
    read: (id) => send(READ, [id]),
  };
};
