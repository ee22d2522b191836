-- Rows whose two sides disagree, in phases 1 and 2, and payments without an account: 0.
SELECT (SELECT count(*) FROM accounts WHERE id_big IS DISTINCT FROM id)
  + (SELECT count(*) FROM payments WHERE account_id_big IS DISTINCT FROM account_id)
  + (SELECT count(*) FROM payments p
    WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.id_big = p.account_id_big));
