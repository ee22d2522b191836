-- Events, partitioned by day, whose payload is JSON in a text.
CREATE TABLE events (
  occurred_at timestamptz NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  payload text NOT NULL,
  PRIMARY KEY (occurred_at, id)
) PARTITION BY RANGE (occurred_at);

DO $$
DECLARE day timestamptz;
BEGIN
  FOR day IN SELECT generate_series('2026-01-01 00:00+00', '2026-01-30 00:00+00', interval '1 day') LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
      'events_' || to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD'), day, day + interval '1 day');
  END LOOP;
END $$;

CREATE INDEX events_payload_idx ON events ((payload::jsonb), occurred_at);

INSERT INTO events (occurred_at, id, payload)
SELECT timestamptz '2026-01-01 00:00+00' + n * interval '4 minutes', md5('event ' || n)::uuid,
  json_build_object('n', n % 7, 'kind', (ARRAY['view', 'click', 'buy'])[1 + n % 3])::text
FROM generate_series(1, 10000) AS n;
ANALYZE events;
