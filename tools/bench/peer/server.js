// The orders service that most teams would write: Express, a pool of pg, one transaction per order.
const express = require('express');
const { Pool } = require('pg');

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.POOL || 16) });
const flag = (name) => process.env[name] === 'true';
const writesNew = flag('WRITE_TO_NEW');
const writesOld = !writesNew || flag('DUAL_WRITE');
const readsNew = flag('READ_FROM_NEW');

const TAKE_KEY = 'INSERT INTO idempotency_keys (key) VALUES ($1) ON CONFLICT DO NOTHING RETURNING key';
const FIND_KEY = 'SELECT response FROM idempotency_keys WHERE key = $1';
const CREATE = 'INSERT INTO orders (user_id, amount, old_status, status) VALUES ($1, $2, $3, $4) RETURNING *';
const KEEP_RESPONSE = 'UPDATE idempotency_keys SET response = $2 WHERE key = $1';

function view(row) {
  return {
    id: Number(row.id),
    userId: Number(row.user_id),
    amount: Number(row.amount),
    status: readsNew ? row.status : row.old_status,
    createdAt: row.created_at,
  };
}

const app = express();
app.use(express.json());

app.post('/orders', async (req, res) => {
  const { userId, amount, status } = req.body || {};
  const key = req.get('Idempotency-Key');
  if (!Number.isInteger(userId) || !(amount > 0) || !status) {
    return res.status(400).json({ error: 'invalid order' });
  }
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    if (key && (await client.query(TAKE_KEY, [key])).rowCount === 0) {
      await client.query('ROLLBACK');
      const kept = await client.query(FIND_KEY, [key]);
      return res.status(201).json(kept.rows[0].response);
    }
    const values = [userId, amount, writesOld ? status : null, writesNew ? status : null];
    const order = view((await client.query(CREATE, values)).rows[0]);
    if (key) {
      await client.query(KEEP_RESPONSE, [key, order]);
    }
    await client.query('COMMIT');
    res.status(201).json(order);
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    res.status(500).json({ error: error.message });
  } finally {
    client.release();
  }
});

app.get('/orders/:id', async (req, res) => {
  const found = await pool.query('SELECT * FROM orders WHERE id = $1', [req.params.id]);
  if (found.rowCount === 0) {
    return res.status(404).json({ error: 'not found' });
  }
  res.json(view(found.rows[0]));
});

app.listen(Number(process.env.PORT || 3001), '127.0.0.1');
