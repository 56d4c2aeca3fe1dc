-- What the checks stand on: versions, extensions, FusionPBX's tenants, and whether this role sees all rows. Tables are found by name in
-- the catalog, for none of them need be there. Asked by: doctor, first.
-- scope: none
WITH voice AS (
    SELECT oid
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname LIKE 'v\_voice\_%'
), domains AS (
    SELECT to_regclass('public.v_domains') AS oid
)
SELECT current_user AS role, current_database() AS database, split_part(current_setting('server_version'), ' ', 1) AS server,
       current_setting('server_version_num') AS server_number,
       (SELECT default_version FROM pg_available_extensions WHERE name = 'vector') AS vector_available,
       v.extversion AS vector_created, vn.nspname AS vector_schema,
       EXISTS (SELECT 1 FROM pg_class c JOIN pg_am m ON m.oid = c.relam
               WHERE c.relkind IN ('i', 'I') AND m.amname IN ('hnsw', 'ivfflat')) AS vector_indexes,
       (SELECT default_version FROM pg_available_extensions WHERE name = 'tenantvec') AS tenantvec_available,
       (SELECT extversion FROM pg_extension WHERE extname = 'tenantvec') AS tenantvec_created,
       d.oid IS NOT NULL AS domains,
       EXISTS (SELECT 1 FROM pg_index i
               WHERE i.indrelid = d.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
                 AND i.indnkeyatts = 1
                 AND i.indkey[0] = (SELECT attnum FROM pg_attribute WHERE attrelid = d.oid AND attname = 'domain_uuid'))
           AS domains_key,
       EXISTS (SELECT 1 FROM voice) AS tables,
       EXISTS (SELECT 1 FROM pg_attribute
               WHERE attrelid = to_regclass('public.v_voice_document_chunks') AND attname = 'embedding_bits'
                 AND NOT attisdropped) AS codes,
       coalesce((SELECT bool_or(row_security_active(oid) OR NOT has_table_privilege(oid, 'SELECT')) FROM voice), false)
           OR d.oid IS NOT NULL AND NOT has_table_privilege(d.oid, 'SELECT') AS hidden
FROM domains d
LEFT JOIN pg_extension v ON v.extname = 'vector'
LEFT JOIN pg_namespace vn ON vn.oid = v.extnamespace;
