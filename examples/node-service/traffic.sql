-- The statements that the service sends before the migration, for k6/rehearse.sh --traffic (docs/rehearsal.md).
-- @table shop_orders
-- @key id
-- @old lower(old_status)
-- @new status
-- @values pending, paid, shipped, delivered, cancelled

-- @create 3
INSERT INTO shop_orders (user_id, amount, old_status) VALUES (7, 12.5, upper(:'value')) RETURNING id;

-- @change 3
UPDATE shop_orders SET old_status = upper(:'value') WHERE id = :'key' RETURNING id;

-- @read 4
SELECT lower(old_status) FROM shop_orders WHERE id = :'key';
