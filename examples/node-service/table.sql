-- The database of the service, as it is before the migration.
CREATE TABLE shop_orders (
  id bigserial PRIMARY KEY,
  user_id bigint NOT NULL,
  amount numeric(10, 2) NOT NULL,
  old_status varchar(50) NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX shop_orders_user_idx ON shop_orders (user_id);
CREATE INDEX shop_orders_old_status_idx ON shop_orders (old_status, id);

INSERT INTO shop_orders (user_id, amount, old_status)
SELECT n * 7919 % 500, 1 + (n * 104729 % 99999) / 100.0,
  (ARRAY['PENDING', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'Paid'])[1 + n % 6]
FROM generate_series(1, 20000) AS n;
ANALYZE shop_orders;
