--liquibase formatted sql logicalFilePath:quoted-names-020-index.sql

--changeset quoted-names:020-index-1 labels:quoted-names,index runInTransaction:false runAlways:true splitStatements:false rollbackSplitStatements:false
--preconditions onFail:CONTINUE onError:HALT
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass('"My Shop"."Order"') AND c.relname = 'Order''s "it''s"' AND i.indisvalid
CREATE INDEX CONCURRENTLY "Order's ""it's""" ON "My Shop"."Order" ("it's");
-- in one transaction: no step to phase 2, whose reads need the index, comes between look and drop
--rollback DO $$
--rollback BEGIN
--rollback   SET LOCAL lock_timeout = '1250ms';
--rollback   PERFORM pg_advisory_xact_lock(hashtextextended('zerodowntime/quoted-names', 0));
--rollback   PERFORM FROM migration_state WHERE name = 'quoted-names' AND phase >= 2 FOR NO KEY UPDATE;
--rollback   IF FOUND THEN
--rollback     RAISE EXCEPTION USING MESSAGE = 'reads of phases 2 and 3 need ' || '"Order''s ""it''s"""' || ': go back to phase 1 first';
--rollback   END IF;
--rollback   DROP INDEX IF EXISTS "My Shop"."Order's ""it's""";
--rollback END $$;
