--liquibase formatted sql

--changeset invoices:table labels:initial
CREATE TABLE invoice (id bigint PRIMARY KEY, old_status varchar(50) NOT NULL, amount numeric(12, 2) NOT NULL);

--changeset invoices:status-column labels:invoice-status,expand
INSERT INTO migration_state (name) VALUES ('invoice-status');
ALTER TABLE invoice ADD COLUMN status varchar(50);

--changeset invoices:amount-column labels:invoice-amount,expand
INSERT INTO migration_state (name) VALUES ('invoice-amount');
ALTER TABLE invoice ADD COLUMN amount_cents bigint;

--changeset invoices:status-enforce labels:invoice-status,enforce
ALTER TABLE invoice ALTER COLUMN status SET NOT NULL, ALTER COLUMN old_status DROP NOT NULL;

--changeset invoices:amount-enforce labels:invoice-amount,enforce
ALTER TABLE invoice ALTER COLUMN amount_cents SET NOT NULL, ALTER COLUMN amount DROP NOT NULL;

--changeset invoices:status-contract labels:invoice-status,contract
ALTER TABLE invoice DROP COLUMN old_status;
UPDATE migration_state SET contracted_at = now() WHERE name = 'invoice-status';

--changeset invoices:amount-contract labels:invoice-amount,contract
ALTER TABLE invoice DROP COLUMN amount;
UPDATE migration_state SET contracted_at = now() WHERE name = 'invoice-amount';
