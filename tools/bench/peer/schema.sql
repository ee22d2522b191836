CREATE TABLE orders (
    id bigserial PRIMARY KEY,
    user_id bigint NOT NULL,
    amount numeric(10, 2) NOT NULL,
    old_status varchar(50),
    status varchar(50),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_user_idx ON orders (user_id);
CREATE INDEX orders_status_idx ON orders (status);
CREATE TABLE idempotency_keys (
    key varchar(255) PRIMARY KEY,
    response jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
);
