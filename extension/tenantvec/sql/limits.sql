-- What is refused.
CREATE TABLE refuse (id int, tenant int, tenant_text text, embedding vector(3), free vector);
CREATE INDEX ON refuse USING tenantvec (tenant);
CREATE INDEX ON refuse USING tenantvec (embedding vector_l2_ops, tenant);
CREATE INDEX ON refuse USING tenantvec (tenant, tenant_text);
CREATE INDEX ON refuse USING tenantvec (tenant, embedding vector_l2_ops, id);
CREATE INDEX ON refuse USING tenantvec (tenant, embedding);
CREATE UNIQUE INDEX ON refuse USING tenantvec (tenant, embedding vector_l2_ops);
CREATE INDEX ON refuse USING tenantvec (tenant, embedding vector_l2_ops) WITH (bits = 5);
CREATE INDEX ON refuse USING tenantvec (tenant, embedding vector_l2_ops) WITH (list_rows = 3);
CREATE INDEX ON refuse USING tenantvec (tenant, embedding vector_l2_ops) WITH (nonsense = 3);
SET tenantvec.probes = -1;
SET tenantvec.rerank = -1;
SET tenantvec.confidence = -1;
SET tenantvec.simd = 'mmx';
SET tenantvec.nonsense = 1;

-- Each tenant has the dimension of its first row.
CREATE INDEX refuse_free ON refuse USING tenantvec (tenant, free vector_l2_ops);
INSERT INTO refuse VALUES (1, 1, 'a', NULL, '[1,2,3]'), (2, 2, 'a', NULL, '[1,2]');
INSERT INTO refuse VALUES (3, 1, 'a', NULL, '[1,2]');
SELECT tenant, rows, dimensions FROM tenantvec_tenants('refuse_free') ORDER BY tenant;
SET enable_seqscan = off;
SET enable_sort = off;
SELECT id FROM refuse WHERE tenant = 2 ORDER BY free <-> '[1,2,3]';
SELECT id FROM refuse WHERE tenant = 2 ORDER BY free <-> '[1,2]';
DROP INDEX refuse_free;
INSERT INTO refuse VALUES (3, 1, 'a', NULL, '[1,2]');
CREATE INDEX refuse_free ON refuse USING tenantvec (tenant, free vector_l2_ops);

-- A key too long for a page.
CREATE INDEX refuse_text ON refuse USING tenantvec (tenant_text, embedding vector_l2_ops);
INSERT INTO refuse VALUES (4, 4, repeat('x', 1990), '[1,2,3]', NULL);
INSERT INTO refuse VALUES (4, 4, repeat('x', 2001), '[1,2,3]', NULL);
SELECT length(tenant), rows FROM tenantvec_tenants('refuse_text');
DROP TABLE refuse;

-- More tenants than a bucket of the directory holds, several times over.
CREATE TABLE many (id int, tenant int, embedding vector(3));
CREATE INDEX many_index ON many USING tenantvec (tenant, embedding vector_l2_ops);
INSERT INTO many SELECT i, i % 3000, ARRAY[i % 7, i % 11, i % 13]::vector FROM generate_series(1, 6000) i;
SELECT tenants, rows FROM tenantvec_check('many_index');
SELECT count(*) FROM tenantvec_tenants('many_index') WHERE rows = 2;
SELECT id FROM many WHERE tenant = 2999 ORDER BY embedding <-> '[0,0,0]', id;
REINDEX INDEX many_index;
SELECT tenants, rows FROM tenantvec_check('many_index');
DROP TABLE many;

-- Vectors of every size that the types allow, and values at the end of their range.
CREATE TABLE wide (id int, tenant text, embedding vector);
CREATE INDEX wide_index ON wide USING tenantvec (tenant, embedding vector_l2_ops) WITH (list_rows = 16, bits = 4);
INSERT INTO wide SELECT i, repeat('t', 1900), tv_vector(i, 16000) FROM generate_series(1, 40) i;
SELECT rows, lists > 1 AS split, bits FROM tenantvec_tenants('wide_index');
SELECT rows FROM tenantvec_check('wide_index');
SELECT id FROM wide WHERE tenant = repeat('t', 1900) ORDER BY embedding <-> tv_vector(9, 16000) LIMIT 1;
INSERT INTO wide SELECT i, 'huge', ARRAY[3e38, -3e38, i * 1e36]::vector FROM generate_series(1, 100) i;
INSERT INTO wide SELECT 1000 + i, 'huge', ARRAY[1e-38, -1e-38, i * 1e-38]::vector FROM generate_series(1, 100) i;
SELECT rows FROM tenantvec_check('wide_index');
SELECT count(*) FROM (SELECT id FROM wide WHERE tenant = 'huge' ORDER BY embedding <-> '[1,1,1]') x;
DROP TABLE wide;
