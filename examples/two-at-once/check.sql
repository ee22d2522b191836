-- Rows whose two sides disagree, in phases 1 and 2 of both migrations: 0.
SELECT count(*) FROM purchases
WHERE status IS DISTINCT FROM lower(old_status) OR amount_cents IS DISTINCT FROM amount * 100;
