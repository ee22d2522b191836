-- A table of customers whose names are one text.
CREATE TABLE customers (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email text NOT NULL,
  full_name text NOT NULL
);
CREATE INDEX customers_full_name_idx ON customers (full_name);

INSERT INTO customers (id, email, full_name)
SELECT md5('customer ' || n)::uuid, 'customer' || n || '@example.com',
  (ARRAY['Ada', 'Grace', 'Edsger', 'Barbara', 'Tony'])[1 + n % 5] || ' '
    || (ARRAY['Lovelace', 'Hopper', 'Dijkstra', 'Liskov', 'van Rossum', 'Hoare'])[1 + n % 6]
FROM generate_series(1, 10000) AS n;
-- names of one word
INSERT INTO customers (id, email, full_name)
SELECT md5('one word ' || n)::uuid, 'word' || n || '@example.com', 'Plato'
FROM generate_series(1, 10) AS n;
ANALYZE customers;
