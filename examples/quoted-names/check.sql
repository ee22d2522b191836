-- Rows whose two sides disagree, in phases 1 and 2: 0. Case is all that the old values lose.
SELECT count(*) FROM "My Shop"."Order" WHERE "it's" IS DISTINCT FROM lower("select");
