-- Rows whose two sides disagree, in phases 1 and 2: 0. A name of one word has no space behind it at first.
SELECT count(*) FROM customers
WHERE rtrim(full_name) IS DISTINCT FROM rtrim(first_name || ' ' || last_name);
