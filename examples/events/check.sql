-- Rows whose two sides disagree, in phases 1 and 2: 0. Blanks and the order of keys are what the old values lose.
SELECT count(*) FROM events WHERE data IS DISTINCT FROM payload::jsonb;
