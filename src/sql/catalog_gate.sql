-- The rules that every table of tenants' data keeps, also one that no migration made: the tenant in it and its foreign key, the tenant
-- first in every reference to another voice table, row-level security with both clauses, rights for voicedb_app only. And the role
-- itself. One finding a row, with what mends it. `known`: tables that are compared with the migrations instead.
-- Asked by: migrate verify.
-- scope: none
WITH voice AS (
    SELECT c.oid, quote_ident(c.relname) AS name, c.relowner, c.relacl, c.relrowsecurity
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname LIKE 'v\_voice\_%'
      AND c.relname <> ALL (:'known'::text[])
), tenant AS (
    SELECT v.*, a.attnum, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull
    FROM voice v
    LEFT JOIN pg_attribute a ON a.attrelid = v.oid AND a.attname = 'domain_uuid' AND NOT a.attisdropped
), foreign_keys AS (
    SELECT v.name, k.*, quote_ident(f.relname) AS other,
           (SELECT array_agg(quote_ident(a.attname) ORDER BY c.place)
            FROM unnest(k.conkey) WITH ORDINALITY AS c (attnum, place)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.attnum) AS own_columns,
           (SELECT array_agg(quote_ident(a.attname) ORDER BY c.place)
            FROM unnest(k.confkey) WITH ORDINALITY AS c (attnum, place)
            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = c.attnum) AS other_columns
    FROM voice v
    JOIN pg_constraint k ON k.conrelid = v.oid AND k.contype = 'f'
    JOIN pg_class f ON f.oid = k.confrelid
), loose_keys AS (
    SELECT f.*, array_to_string(array_remove(own_columns, 'domain_uuid'), ', ') AS own,
           array_to_string(array_remove(other_columns, 'domain_uuid'), ', ') AS others
    FROM foreign_keys f
    WHERE f.other LIKE 'v\_voice\_%' AND (f.own_columns[1] <> 'domain_uuid' OR f.other_columns[1] <> 'domain_uuid')
), policies AS (
    SELECT v.name, quote_ident(p.polname) AS policy, p.polcmd, p.polpermissive, p.polroles,
           pg_get_expr(p.polqual, p.polrelid) AS visible, pg_get_expr(p.polwithcheck, p.polrelid) AS writable,
           '^\(domain_uuid = (\( SELECT )?(public\.)?voicedb_domain_uuid\(\)( AS voicedb_domain_uuid\)|\))?\)$' AS wanted
    FROM voice v
    JOIN pg_policy p ON p.polrelid = v.oid
), grants AS (
    SELECT v.name, coalesce(quote_ident(r.rolname), 'PUBLIC') AS role, string_agg(DISTINCT x.privilege_type, ', ') AS privileges
    FROM voice v
    CROSS JOIN LATERAL (SELECT (aclexplode(v.relacl)).*
                        UNION ALL
                        SELECT (aclexplode(a.attacl)).* FROM pg_attribute a WHERE a.attrelid = v.oid AND NOT a.attisdropped) x
    LEFT JOIN pg_roles r ON r.oid = x.grantee
    WHERE x.grantee <> v.relowner AND NOT coalesce(r.rolsuper, false)
    GROUP BY v.name, r.rolname
), findings (rank, kind, name, problem, expected, found, mend) AS (
    SELECT 1, 'column', name || '.domain_uuid', 'missing', 'uuid NOT NULL', NULL,
           format('ALTER TABLE %s ADD COLUMN domain_uuid uuid NOT NULL;', name)
    FROM tenant WHERE attnum IS NULL
    UNION ALL
    SELECT 1, 'column', name || '.domain_uuid', 'different', 'uuid', type, format('ALTER TABLE %s ALTER COLUMN domain_uuid TYPE uuid USING domain_uuid::uuid;', name)
    FROM tenant WHERE type <> 'uuid'
    UNION ALL
    SELECT 2, 'nullability', name || '.domain_uuid', 'different', 'NOT NULL', 'NULL', format('ALTER TABLE %s ALTER COLUMN domain_uuid SET NOT NULL;', name)
    FROM tenant WHERE NOT attnotnull
    UNION ALL
    SELECT 3, 'foreign key', name || '.domain_uuid', 'missing', 'to v_domains, ON DELETE CASCADE', NULL,
           format('ALTER TABLE %s ADD FOREIGN KEY (domain_uuid) REFERENCES v_domains(domain_uuid) ON DELETE CASCADE;', name)
    FROM tenant t
    WHERE NOT EXISTS (SELECT 1 FROM foreign_keys f
                      WHERE f.conrelid = t.oid AND f.other = 'v_domains' AND f.own_columns = '{domain_uuid}'
                        AND f.other_columns = '{domain_uuid}' AND f.confdeltype = 'c' AND f.convalidated)
    UNION ALL
    SELECT 4, 'unique key', l.other || '.' || l.others, 'missing', format('UNIQUE (domain_uuid, %s)', l.others), NULL,
           format('ALTER TABLE %s ADD UNIQUE (domain_uuid, %s);', l.other, l.others)
    FROM loose_keys l
    WHERE l.other <> ALL (:'known'::text[])
      AND NOT EXISTS (SELECT 1
                      FROM pg_index i
                      WHERE i.indrelid = l.confrelid AND i.indisunique AND i.indpred IS NULL AND i.indnkeyatts = i.indnatts
                        AND (SELECT array_agg(quote_ident(a.attname) ORDER BY k.place)
                             FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
                             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)
                            = 'domain_uuid'::text || array_remove(l.other_columns, 'domain_uuid'))
    UNION ALL
    SELECT 5, 'foreign key', l.name || '.' || quote_ident(l.conname), 'different',
           format('FOREIGN KEY (domain_uuid, %s) REFERENCES %s (domain_uuid, %s)', l.own, l.other, l.others), pg_get_constraintdef(l.oid, true),
           format('ALTER TABLE %1$s DROP CONSTRAINT %2$I, ADD CONSTRAINT %2$I FOREIGN KEY (domain_uuid, %3$s) REFERENCES %4$s (domain_uuid, %5$s)%6$s;',
                  l.name, l.conname, l.own, l.other, l.others,
                  CASE WHEN l.confdeltype = 'c' THEN ' ON DELETE CASCADE'
                       WHEN l.confdeltype = 'n' AND current_setting('server_version_num')::integer >= 150000
                       THEN format(' ON DELETE SET NULL (%s)', l.own) ELSE '' END)
    FROM loose_keys l
    UNION ALL
    SELECT 6, 'row security', name, 'different', 'enabled', 'disabled', format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY;', name)
    FROM voice WHERE NOT relrowsecurity
    UNION ALL
    SELECT 7, 'policy', p.name || '.' || p.policy, 'unexpected', 'the tenant''s rows, in USING and WITH CHECK',
           format('USING (%s) WITH CHECK (%s)', p.visible, p.writable), format('DROP POLICY %s ON %s;', p.policy, p.name)
    FROM policies p
    WHERE p.polpermissive AND (coalesce(p.visible, '') !~ p.wanted OR coalesce(p.writable, '') !~ p.wanted)
    UNION ALL
    SELECT 8, 'policy', v.name || '.voicedb_tenant', 'missing', 'the tenant''s rows, in USING and WITH CHECK', NULL,
           format(E'CREATE POLICY voicedb_tenant ON %s TO voicedb_app USING (domain_uuid = voicedb_domain_uuid()) '
                  'WITH CHECK (domain_uuid = voicedb_domain_uuid());', v.name)
    FROM voice v
    WHERE NOT EXISTS (SELECT 1 FROM policies p
                      WHERE p.name = v.name AND p.polcmd = '*' AND p.polpermissive AND p.visible ~ p.wanted AND p.writable ~ p.wanted
                        AND to_regrole('voicedb_app') = ANY (p.polroles))
    UNION ALL
    SELECT 9, 'grant', format('%s to %s', name, role), 'unexpected', 'rights for voicedb_app only', privileges,
           format('REVOKE ALL ON %s FROM %s;', name, role)
    FROM grants WHERE role <> 'voicedb_app'
    UNION ALL
    SELECT 10, 'role', 'voicedb_app', CASE WHEN r.oid IS NULL THEN 'missing' ELSE 'different' END,
           'NOSUPERUSER NOCREATEDB NOCREATEROLE NOLOGIN NOBYPASSRLS',
           format('%s %s %s %s %s', CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
                  CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolcanlogin THEN 'LOGIN' END,
                  CASE WHEN rolbypassrls THEN 'BYPASSRLS' END),
           CASE WHEN r.oid IS NULL THEN 'CREATE' ELSE 'ALTER' END ||
           ' ROLE voicedb_app NOSUPERUSER NOCREATEDB NOCREATEROLE NOLOGIN NOBYPASSRLS;'
    FROM (VALUES ('voicedb_app')) AS wanted (name)
    LEFT JOIN pg_roles r ON r.rolname = wanted.name
    WHERE r.oid IS NULL OR rolsuper OR rolcreatedb OR rolcreaterole OR rolcanlogin OR rolbypassrls
)
SELECT kind, name, problem, expected, found, mend
FROM findings
ORDER BY rank, name;
