-- Each tenant type with each vector type and metric: rows in exact order, all of them.
SET tenantvec.confidence = 1000;
SET tenantvec.rerank = 1000000;
SET tenantvec.probes = 1000000;

CREATE TABLE types (id int, u uuid, b bigint, i int, t text COLLATE "C", v vector(40), h halfvec(40));
INSERT INTO types
SELECT n, lpad((n % 5)::text, 32, '0')::uuid, n % 5 + 5000000000, n % 5, 'tenant ' || n % 5,
       tv_vector(n, 40), tv_vector(n, 40)::halfvec
FROM generate_series(1, 1500) n;

CREATE FUNCTION types_check() RETURNS TABLE (tenant_type text, vector_type text, metric text, result text)
LANGUAGE plpgsql AS $$
DECLARE
    tenants text[] := ARRAY['u', 'b', 'i', 't'];
    keys text[] := ARRAY['''00000000-0000-0000-0000-000000000003''::uuid', '5000000003', '3', '''tenant 3'''];
    vectors text[] := ARRAY['v', 'h'];
    types text[] := ARRAY['vector', 'halfvec'];
    metrics text[] := ARRAY['l2', 'ip', 'cosine'];
    operators text[] := ARRAY['<->', '<#>', '<=>'];
BEGIN
    FOR a IN 1 .. 4 LOOP FOR b IN 1 .. 2 LOOP FOR c IN 1 .. 3 LOOP
        EXECUTE format('CREATE INDEX types_index ON types USING tenantvec (%s, %s %s_%s_ops) WITH (list_rows = 64)',
                       tenants[a], vectors[b], types[b], metrics[c]);
        EXECUTE format('CREATE VIEW types_view AS SELECT id, %s AS tenant, %s AS embedding, ctid FROM types',
                       tenants[a], vectors[b]);
        PERFORM tenantvec_check('types_index');
        tenant_type := tenants[a];
        vector_type := vectors[b];
        metric := metrics[c];
        result := tv_compare('types_view', keys[a], operators[c],
                             format('%L::%s', tv_vector(-7, 40)::text, types[b]), 1000);
        RETURN NEXT;
        DROP VIEW types_view;
        DROP INDEX types_index;
    END LOOP; END LOOP; END LOOP;
END $$;
SELECT * FROM types_check();

-- Keys of other integer types than the column's, and keys that no column value equals.
CREATE INDEX types_index ON types USING tenantvec (i, v vector_l2_ops);
SET enable_seqscan = off;
SET enable_sort = off;
SELECT count(*) FROM (SELECT id FROM types WHERE i = 3::bigint ORDER BY v <-> tv_vector(1, 40)) x;
SELECT count(*) FROM (SELECT id FROM types WHERE i = 3::smallint ORDER BY v <-> tv_vector(1, 40)) x;
SELECT count(*) FROM (SELECT id FROM types WHERE i = 3000000000 ORDER BY v <-> tv_vector(1, 40)) x;
SELECT count(*) FROM (SELECT id FROM types WHERE i = 3 AND i = 4 ORDER BY v <-> tv_vector(1, 40)) x;
SELECT count(*) FROM (SELECT id FROM types WHERE i = 77 ORDER BY v <-> tv_vector(1, 40)) x;
SELECT count(*) FROM (SELECT id FROM types WHERE i = NULL ORDER BY v <-> tv_vector(1, 40)) x;
SELECT count(*) FROM (SELECT id FROM types WHERE i = 3 ORDER BY v <-> NULL) x;
DROP INDEX types_index;

-- Text that compares equal without being the same.
CREATE COLLATION tv_ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
ALTER TABLE types ALTER t TYPE text COLLATE tv_ignore_case;
UPDATE types SET t = upper(t) WHERE id % 2 = 0;
CREATE INDEX types_index ON types USING tenantvec (t, v vector_l2_ops);
SELECT count(*) FROM (SELECT id FROM types WHERE t = 'Tenant 3' ORDER BY v <-> tv_vector(1, 40)) x;
SELECT count(*) FROM tenantvec_tenants('types_index');
DROP TABLE types;
