-- For each of some tables the statements that a backup, a restore or a copy of one tenant runs on it. Given are the
-- tables with their columns as backup_tables answers and a manifest keeps them, and a tenant or nothing. What a file
-- says reaches these statements as quoted names of what the catalog has, and as types that the server knows. A
-- tenant's fingerprint leaves out what another domain's copy has otherwise: its keys, and what is sealed. The letters are of
-- backup/copy_binary.h, for a table with vectors all of whose columns have one. Asked by: backup, restore, the
-- copies of one tenant.
-- scope: none
WITH given AS (
    SELECT t.place, t.item ->> 'name' AS table_name, c.number, c.item ->> 'name' AS column_name,
           c.item ->> 'type' AS type_name, (c.item ->> 'key')::boolean AS is_key
    FROM json_array_elements(:'tables'::json) WITH ORDINALITY AS t (item, place)
    CROSS JOIN json_array_elements(t.item -> 'columns') WITH ORDINALITY AS c (item, number)
), matched AS (
    SELECT g.*, r.oid AS table_oid, a.attnum, coalesce(a.attgenerated = '', true) AS written,
           to_regtype(nullif(g.type_name, '')) AS type_oid,
           CASE ty.typname WHEN 'uuid' THEN 'u' WHEN 'int4' THEN 'i' WHEN 'int8' THEN 'l' WHEN 'bool' THEN 'b'
                           WHEN 'text' THEN 't' WHEN 'varchar' THEN 't' WHEN 'jsonb' THEN 'j' WHEN 'timestamptz' THEN 'z'
                           WHEN 'vector' THEN 'v' END AS letter,
           CASE WHEN g.type_name ~ '^vector(\(\d+\))?$' THEN format('sha256(vector_send(%I))', g.column_name)
                WHEN g.type_name = 'jsonb' AND nullif(:'domain', '') IS NOT NULL
                THEN format($sealed$regexp_replace(%I::text, '\{"\$sealed": "[^"]*"\}', 'sealed', 'g')$sealed$, g.column_name)
                ELSE format('%I', g.column_name) END AS hashed
    FROM given g
    LEFT JOIN pg_class r ON r.relnamespace = 'public'::regnamespace AND r.relkind = 'r' AND r.relname = g.table_name
                        AND r.relname LIKE 'v\_voice\_%'
    LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attname = g.column_name AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_type ty ON ty.oid = a.atttypid AND (ty.typnamespace = 'pg_catalog'::regnamespace OR ty.typname = 'vector')
), part AS (
    SELECT place, table_name, bool_or(table_oid IS NULL) AS is_missing,
           string_agg(column_name, ', ' ORDER BY number)
               FILTER (WHERE NOT written OR attnum IS NULL AND type_oid IS NULL) AS unfit,
           string_agg(format('ADD COLUMN %I %s', column_name, type_name), ', ' ORDER BY number)
               FILTER (WHERE attnum IS NULL AND type_oid IS NOT NULL) AS additions,
           string_agg(format('%I', column_name), ', ' ORDER BY number) AS columns,
           CASE WHEN bool_and(letter IS NOT NULL) AND bool_or(letter = 'v')
                THEN string_agg(letter, '' ORDER BY number) END AS letters,
           string_agg(hashed, ', ' ORDER BY number)
               FILTER (WHERE nullif(:'domain', '') IS NULL OR NOT is_key AND column_name <> 'domain_uuid') AS hashed,
           CASE WHEN nullif(:'domain', '') IS NULL THEN ''
                ELSE format(' WHERE domain_uuid = %L', nullif(:'domain', '')::uuid) END AS condition
    FROM matched
    GROUP BY place, table_name
)
SELECT table_name, is_missing, unfit,
       CASE WHEN additions IS NOT NULL THEN format('ALTER TABLE public.%I %s', table_name, additions) END AS add_columns,
       format('SELECT count(*) FROM public.%I%s', table_name, condition) AS count,
       format($fingerprint$
           SELECT count(*), encode(sha256(convert_to(count(*) || ' '
                      || coalesce(sum(('x' || left(h, 16))::bit(64)::bigint), 0) || ' '
                      || coalesce(sum(('x' || substr(h, 17, 16))::bit(64)::bigint), 0), 'UTF8')), 'hex')
           FROM (SELECT encode(sha256(convert_to(ROW(%s)::text, 'UTF8')), 'hex') AS h FROM public.%I%s) r
       $fingerprint$, hashed, table_name, condition) AS fingerprint,
       format('COPY (SELECT %s FROM public.%I%s) TO STDOUT', columns, table_name, condition) AS copy_out,
       format('COPY public.%I (%s) FROM stdin', table_name, columns) AS copy_in,
       format('COPY public.%I (%s) FROM stdin WITH (FORMAT binary)', table_name, columns) AS copy_in_binary, letters,
       format('LOCK TABLE public.%I IN SHARE ROW EXCLUSIVE MODE', table_name) AS lock,
       format('DELETE FROM public.%I%s', table_name, condition) AS remove,
       format('ANALYZE public.%I', table_name) AS analyze
FROM part
ORDER BY place;
