SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tenantvec CASCADE;
RESET client_min_messages;

SELECT opcname, amvalidate(oid) FROM pg_opclass
WHERE opcmethod = (SELECT oid FROM pg_am WHERE amname = 'tenantvec') ORDER BY opcname;

-- A class that cannot work is found out.
CREATE OPERATOR CLASS wrong_hash_ops FOR TYPE int8 USING tenantvec AS
    OPERATOR 1 = (int8, int8), FUNCTION 1 hashint8(int8);
CREATE OPERATOR CLASS wrong_distance_ops FOR TYPE vector USING tenantvec AS
    OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 cosine_distance(vector, vector), FUNCTION 2 (vector, vector) tenantvec_vector_l2(internal);
SELECT opcname, amvalidate(oid) FROM pg_opclass WHERE opcname LIKE 'wrong%' ORDER BY opcname;
DROP OPERATOR FAMILY wrong_hash_ops USING tenantvec;
DROP OPERATOR FAMILY wrong_distance_ops USING tenantvec;

-- The same vector for the same number on every machine.
CREATE FUNCTION tv_vector(seed int, dim int) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg((hashint8extended(seed, i) % 100000) / 100000.0 ORDER BY i)::vector FROM generate_series(1, dim) i
$$;

-- Rows by the index against rows by sorting them all. `slack` rows of the answer may be others.
CREATE FUNCTION tv_compare(tab regclass, tenant text, op text, query text, k int, slack int DEFAULT 0) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    by_index int[];
    by_sort int[];
    distances float8[];
    plan json;
    ask text := format('SELECT id, embedding %s %s AS d FROM %s WHERE tenant = %s ORDER BY embedding %s %s',
                       op, query, tab, tenant, op, query);
BEGIN
    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true);
    EXECUTE format('EXPLAIN (FORMAT json) %s LIMIT %s', ask, k) INTO plan;
    IF plan::text !~ '"Order By"' THEN
        RETURN 'index not used';
    END IF;
    EXECUTE format('SELECT array_agg(id), array_agg(d) FROM (%s LIMIT %s) x', ask, k) INTO by_index, distances;
    PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_sort', 'on', true),
            set_config('enable_indexscan', 'off', true);
    EXECUTE format('SELECT array_agg(id) FROM (%s, ctid LIMIT %s) x', ask, k) INTO by_sort;
    PERFORM set_config('enable_indexscan', 'on', true);
    IF cardinality(by_index) IS DISTINCT FROM cardinality(by_sort) THEN
        RETURN format('%s rows instead of %s', cardinality(by_index), cardinality(by_sort));
    END IF;
    IF slack = 0 AND by_index IS DISTINCT FROM by_sort THEN
        RETURN 'other rows or another order';
    END IF;
    IF (SELECT count(*) FROM unnest(by_sort) x WHERE x <> ALL (by_index)) > slack THEN
        RETURN format('%s wrong rows', (SELECT count(*) FROM unnest(by_sort) x WHERE x <> ALL (by_index)));
    END IF;
    RETURN 'same';
END $$;
