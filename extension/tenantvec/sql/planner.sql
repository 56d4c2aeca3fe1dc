CREATE TABLE docs (id int PRIMARY KEY, tenant int NOT NULL, doc int, model text, embedding vector(32)) WITH (autovacuum_enabled = off);
INSERT INTO docs SELECT i, i % 40, i % 10, CASE i % 3 WHEN 0 THEN 'a' ELSE 'b' END, tv_vector(i, 32) FROM generate_series(1, 20000) i;
CREATE FUNCTION tv_query() RETURNS vector LANGUAGE plpgsql STABLE AS 'BEGIN RETURN tv_vector(1, 32); END';
CREATE TABLE tenants (tenant int PRIMARY KEY, enabled bool) WITH (autovacuum_enabled = off);
INSERT INTO tenants SELECT i, i % 2 = 0 FROM generate_series(0, 39) i;
CREATE INDEX docs_tenant ON docs (tenant);
CREATE INDEX docs_index ON docs USING tenantvec (tenant, embedding vector_cosine_ops);
ANALYZE docs;
ANALYZE tenants;
SET max_parallel_workers_per_gather = 0;

-- Constants.
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE tenant = 3 ORDER BY embedding <=> tv_query() LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id, 1 - (embedding <=> tv_query()) AS similarity FROM docs
    WHERE tenant = 3 ORDER BY embedding <=> tv_query() OFFSET 20 LIMIT 100;

-- Parameters, a generic plan, inside a function.
PREPARE ask(int, vector) AS SELECT id FROM docs WHERE tenant = $1 ORDER BY embedding <=> $2 LIMIT 5;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE ask(3, tv_query());
CREATE FUNCTION ask(t int, q vector) RETURNS SETOF int LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT id FROM docs WHERE tenant = t ORDER BY embedding <=> q LIMIT 3;
END $$;
SELECT count(*) FROM ask(3, tv_query());
RESET plan_cache_mode;

-- Further filters stay filters.
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE tenant = 3 AND model = 'b' AND doc <> 4
    ORDER BY embedding <=> tv_query() LIMIT 5;
EXPLAIN (COSTS OFF) SELECT d.id FROM docs d JOIN tenants t USING (tenant) WHERE d.tenant = 4 AND t.enabled
    ORDER BY d.embedding <=> tv_query() LIMIT 5;

-- Laterally over many tenants.
EXPLAIN (COSTS OFF) SELECT t.tenant, x.id FROM tenants t CROSS JOIN LATERAL
    (SELECT id FROM docs WHERE tenant = t.tenant ORDER BY embedding <=> tv_query() LIMIT 2) x WHERE t.enabled;
SELECT count(*), count(DISTINCT x.id), bool_and(x.id % 40 = t.tenant) FROM tenants t CROSS JOIN LATERAL
    (SELECT id FROM docs WHERE tenant = t.tenant ORDER BY embedding <=> tv_query() LIMIT 2) x WHERE t.enabled;

-- Row-level security gives the tenant.
CREATE ROLE tv_app;
GRANT SELECT ON docs TO tv_app;
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY docs_policy ON docs USING (tenant = current_setting('tv.tenant')::int);
SET ROLE tv_app;
SET tv.tenant = '7';
EXPLAIN (COSTS OFF) SELECT id FROM docs ORDER BY embedding <=> tv_query() LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE tenant = 7 ORDER BY embedding <=> tv_query() LIMIT 5;
SELECT count(*) FROM (SELECT id FROM docs WHERE tenant = 8 ORDER BY embedding <=> tv_query() LIMIT 5) x;
RESET ROLE;
DROP POLICY docs_policy ON docs;

-- A policy that asks a function once, beside the query's own condition; prepared, with a plan for any tenant.
CREATE FUNCTION tv_uses_index(query text) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
    RETURN plan::text LIKE '%"Index Name": "docs_index"%"Order By"%';
END $$;
CREATE POLICY docs_policy ON docs USING (tenant = (SELECT current_setting('tv.tenant')::int));
SET ROLE tv_app;
SET plan_cache_mode = force_generic_plan;
SELECT tv_uses_index('SELECT id FROM docs ORDER BY embedding <=> tv_query() LIMIT 5') AS by_policy,
       tv_uses_index('EXECUTE ask(7, tv_query())') AS prepared;
SELECT count(*), bool_and(id % 40 = 7) AS own FROM ask(7, tv_query()) AS id;
SELECT count(*) FROM ask(8, tv_query());
RESET plan_cache_mode;
RESET ROLE;
DROP POLICY docs_policy ON docs;
ALTER TABLE docs DISABLE ROW LEVEL SECURITY;

-- Never without the tenant, without the order, or for another order.
EXPLAIN (COSTS OFF) SELECT id FROM docs ORDER BY embedding <=> tv_query() LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE tenant = 3;
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE tenant = 3 ORDER BY embedding <-> tv_query() LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE tenant IN (3, 4) ORDER BY embedding <=> tv_query() LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE tenant > 3 ORDER BY embedding <=> tv_query() LIMIT 5;

-- Cursors, also held over the transaction; rows that an update moved.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM docs WHERE tenant = 3 ORDER BY embedding <=> tv_query();
MOVE 3 IN c;
UPDATE docs SET doc = doc + 1 WHERE tenant = 3;
DELETE FROM docs WHERE tenant = 3 AND id % 3 = 0;
MOVE ALL IN c;
COMMIT;
SELECT count(*) FROM (SELECT id FROM docs WHERE tenant = 3 ORDER BY embedding <=> tv_query()) x;

-- Expression and partial indexes.
CREATE INDEX docs_half ON docs USING tenantvec (tenant, (embedding::halfvec(32)) halfvec_l2_ops) WHERE model = 'a';
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE tenant = 5 AND model = 'a'
    ORDER BY embedding::halfvec(32) <-> tv_query()::halfvec(32) LIMIT 5;
SELECT count(*) FROM (SELECT id FROM docs WHERE tenant = 5 AND model = 'a'
    ORDER BY embedding::halfvec(32) <-> tv_query()::halfvec(32)) x;
SELECT rows FROM tenantvec_check('docs_half');
DROP TABLE docs, tenants;
DROP FUNCTION ask, tv_query, tv_uses_index;
DROP ROLE tv_app;
