-- Order and completeness over shapes: dimensions that are powers of two and not, sizes around every threshold, duplicates,
-- zero vectors, one list and many; filled before and after the index.
CREATE FUNCTION order_check(dim int, n int, list_rows int, bits int, before bool, op text, class text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    fill text := format('INSERT INTO shapes SELECT i, i %% 2, CASE WHEN i %% 50 = 7 THEN tv_vector(0, %s) '
                        'ELSE tv_vector(i, %s) END FROM generate_series(1, %s) i', dim, dim, n);
    create_index text := format('CREATE INDEX shapes_index ON shapes USING tenantvec (tenant, embedding %s) '
                                'WITH (list_rows = %s, bits = %s)', class, list_rows, bits);
    result text;
BEGIN
    CREATE TEMP TABLE shapes (id int, tenant int, embedding vector);
    EXECUTE CASE WHEN before THEN fill ELSE create_index END;
    EXECUTE CASE WHEN before THEN create_index ELSE fill END;
    INSERT INTO shapes VALUES (n + 1, 1, array_fill(0, ARRAY[dim])::vector), (n + 2, 1, NULL), (n + 3, NULL, tv_vector(1, dim));
    PERFORM tenantvec_check('shapes_index');
    result := tv_compare('shapes', '0', op, quote_literal(tv_vector(-1, dim)::text), n);
    IF result = 'same' THEN
        result := tv_compare('shapes', '1', op, quote_literal(tv_vector(-2, dim)::text), (n + 1) / 2 + 1);
    END IF;
    DROP TABLE shapes;
    RETURN result;
END $$;

SET tenantvec.confidence = 1000;
SET tenantvec.rerank = 1000000;
SET tenantvec.probes = 1000000;
SELECT dim, n, list_rows, bits, before, order_check(dim, n, list_rows, bits, before, '<=>', 'vector_cosine_ops')
FROM (VALUES (3, 10, 512, 1), (64, 127, 512, 1), (65, 129, 512, 2), (100, 1100, 512, 3), (128, 900, 32, 4),
             (200, 900, 16, 1), (1, 300, 64, 1), (2000, 60, 16, 1), (4100, 40, 16, 4)) s (dim, n, list_rows, bits),
     (VALUES (true), (false)) b (before);
SELECT op, order_check(96, 700, 64, 1, false, op, class)
FROM (VALUES ('<->', 'vector_l2_ops'), ('<#>', 'vector_ip_ops')) m (op, class);
RESET tenantvec.confidence;
RESET tenantvec.rerank;
RESET tenantvec.probes;

-- With the settings as they come: recall and order of the first rows, and no row missing.
CREATE TABLE recall (id int, tenant int, embedding vector(256));
INSERT INTO recall SELECT i, i % 3, tv_vector(i, 256) FROM generate_series(1, 6000) i;
CREATE INDEX recall_index ON recall USING tenantvec (tenant, embedding vector_cosine_ops) WITH (list_rows = 64);
CREATE FUNCTION recall_check(k int) RETURNS text LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE r = 'same') || ' of ' || count(*) || coalesce(', ' || min(r) FILTER (WHERE r <> 'same'), '')
    FROM (SELECT tv_compare('recall', (q % 3)::text, '<=>', quote_literal(tv_vector(-q, 256)::text), k) AS r
          FROM generate_series(1, 20) q) x
$$;
-- Rows without any structure are the worst there is for a guess at where to look.
SET tenantvec.probes = 1000000;
SELECT recall_check(1);
SELECT recall_check(5);
SELECT tv_compare('recall', '1', '<=>', quote_literal(tv_vector(-1, 256)::text), 2000, 2000);
SET tenantvec.probes = 1;
SELECT tv_compare('recall', '1', '<=>', quote_literal(tv_vector(-1, 256)::text), 2000, 2000);
SET tenantvec.rerank = 1;
SELECT tv_compare('recall', '1', '<=>', quote_literal(tv_vector(-1, 256)::text), 2000, 2000);
RESET tenantvec.probes;
RESET tenantvec.rerank;

-- The same codes compare alike with every set of instructions.
CREATE TEMP TABLE bounds AS SELECT name, array(
    SELECT id FROM recall WHERE tenant = 2 ORDER BY embedding <=> tv_vector(-5, 256) LIMIT 3) AS ids
FROM (VALUES ('none')) v (name) WHERE false;
DO $$
DECLARE
    simd text;
BEGIN
    PERFORM set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true),
            set_config('tenantvec.confidence', '0', true), set_config('tenantvec.rerank', '1', true);
    FOREACH simd IN ARRAY ARRAY['plain', 'avx2', 'avx512'] LOOP
        BEGIN
            PERFORM set_config('tenantvec.simd', simd, true);
        EXCEPTION WHEN invalid_parameter_value THEN
            CONTINUE;
        END;
        EXECUTE 'INSERT INTO bounds SELECT $1, array(SELECT id FROM recall WHERE tenant = 2 '
                'ORDER BY embedding <=> tv_vector(-5, 256))' USING simd;
    END LOOP;
END $$;
SELECT count(DISTINCT ids) AS orders, min(cardinality(ids)) AS rows FROM bounds;
DROP TABLE recall;
