-- Deletes, vacuum, reuse of space, aborts, savepoints, HOT updates, unlogged and temporary tables.
CREATE TABLE life (id int PRIMARY KEY, tenant int, note int, embedding vector(64)) WITH (autovacuum_enabled = off);
CREATE INDEX life_index ON life USING tenantvec (tenant, embedding vector_cosine_ops) WITH (list_rows = 32);
INSERT INTO life SELECT i, i % 3, 0, tv_vector(i, 64) FROM generate_series(1, 3000) i;
SELECT tenants, rows FROM tenantvec_check('life_index');
BEGIN;
INSERT INTO life SELECT 10000 + i, i % 5, 0, tv_vector(i, 64) FROM generate_series(1, 500) i;
SAVEPOINT a;
INSERT INTO life SELECT 20000 + i, i % 5, 0, tv_vector(i, 64) FROM generate_series(1, 500) i;
ROLLBACK TO a;
ROLLBACK;
SELECT tenants, rows FROM tenantvec_check('life_index');
VACUUM life;
SELECT tenants, rows FROM tenantvec_check('life_index');
UPDATE life SET note = 1 WHERE id % 2 = 0;
UPDATE life SET embedding = tv_vector(-id, 64) WHERE id % 10 = 0;
SELECT tv_compare('life', '1', '<=>', quote_literal(tv_vector(-1, 64)::text), 2000, 1000);
DELETE FROM life WHERE id % 3 = 0 OR id > 1000;
VACUUM life;
SELECT tenants, rows FROM tenantvec_check('life_index');
SELECT tv_compare('life', '1', '<=>', quote_literal(tv_vector(-1, 64)::text), 2000, 1000);


-- Lists that have shrunk are joined.
INSERT INTO life SELECT i, 9, 0, tv_vector(i, 64) FROM generate_series(5000, 8999) i;
SELECT rows, lists > 100 AS many FROM tenantvec_tenants('life_index') WHERE tenant = '9';
DELETE FROM life WHERE tenant = 9 AND id % 40 <> 0;
VACUUM life;
SELECT rows, lists < 30 AS few FROM tenantvec_tenants('life_index') WHERE tenant = '9';
SELECT tenants, rows FROM tenantvec_check('life_index');
SELECT tv_compare('life', '9', '<=>', quote_literal(tv_vector(-1, 64)::text), 2000, 1000);
INSERT INTO life SELECT i, 9, 0, tv_vector(i, 64) FROM generate_series(10001, 14000) i;
SELECT rows, lists > 100 AS many FROM tenantvec_tenants('life_index') WHERE tenant = '9';
SELECT tenants, rows FROM tenantvec_check('life_index');
DELETE FROM life WHERE tenant = 9;
VACUUM life;
SELECT tenants, rows FROM tenantvec_check('life_index');

-- A year of coming and going leaves the index no larger than it was.
CREATE TABLE sizes (n int, pages bigint);
\o /dev/null
SELECT unnest(ARRAY[
    'DELETE FROM life', 'VACUUM life', 'VACUUM life',
    'INSERT INTO life SELECT i, i % 3, 0, tv_vector(i, 64) FROM generate_series(1, 2000) i',
    format('INSERT INTO sizes SELECT %s, pages FROM tenantvec_check(''life_index'')', round)])
FROM generate_series(1, 8) round
\gexec
\o
SELECT max(pages) FILTER (WHERE n = 8) <= max(pages) FILTER (WHERE n <= 3) AS bounded FROM sizes;
DELETE FROM life;
VACUUM life;
VACUUM life;
SELECT tenants, rows, free_pages > pages * 0.9 AS free FROM tenantvec_check('life_index');
INSERT INTO life SELECT i, i % 3, 0, tv_vector(i, 64) FROM generate_series(1, 2000) i;
SELECT c.pages <= max(s.pages) AS reused FROM tenantvec_check('life_index') c, sizes s GROUP BY c.pages;
DROP TABLE sizes;

REINDEX INDEX CONCURRENTLY life_index;
SELECT tenants, rows FROM tenantvec_check('life_index');
CREATE INDEX CONCURRENTLY life_second ON life USING tenantvec (tenant, embedding vector_l2_ops);
SELECT tenants, rows FROM tenantvec_check('life_second');
SELECT tenantvec_check('life_pkey');
SELECT tenantvec_tenants('life_pkey');
TRUNCATE life;
SELECT tenants, rows FROM tenantvec_check('life_index');
DROP TABLE life;

CREATE UNLOGGED TABLE life (id int, tenant int, embedding vector(8));
CREATE INDEX life_index ON life USING tenantvec (tenant, embedding vector_l2_ops);
INSERT INTO life SELECT i, i % 3, tv_vector(i, 8) FROM generate_series(1, 300) i;
SELECT tenants, rows FROM tenantvec_check('life_index');
ALTER TABLE life SET LOGGED;
SELECT tenants, rows FROM tenantvec_check('life_index');
DROP TABLE life;
CREATE TEMP TABLE life (id int, tenant int, embedding vector(8));
CREATE INDEX life_index ON life USING tenantvec (tenant, embedding vector_l2_ops);
INSERT INTO life SELECT i, i % 3, tv_vector(i, 8) FROM generate_series(1, 300) i;
SELECT tenants, rows FROM tenantvec_check('life_index');
DROP TABLE life;
