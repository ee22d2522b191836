-- Rows whose two sides disagree, in phases 1 and 2: 0.
SELECT count(*) FROM shop_orders WHERE status IS DISTINCT FROM lower(old_status);
