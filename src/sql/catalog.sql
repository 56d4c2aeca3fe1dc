-- What makes up the voice tables of a schema, one thing a row, in an order in which the statements can be run: `add` makes what is
-- missing, `change` mends what differs, `remove` takes away what nobody asked for (NULL: it may stay). The schema must be first in the
-- search path, so that both sides of a comparison print alike. Asked by: migrate verify, of the live schema and of a scratch one.
-- scope: none
WITH voice AS (
    SELECT c.oid, quote_ident(c.relname) AS name, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.relowner, c.relacl
    FROM pg_class c
    WHERE c.relnamespace = :'schema'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname LIKE 'v\_voice\_%'
      AND (:'tables'::text[] IS NULL OR c.relname = ANY (:'tables'::text[]))
), columns AS (
    SELECT v.oid, v.name AS table_name, a.attnum, a.attacl, v.relowner, quote_ident(a.attname) AS name, v.name || '.' || quote_ident(a.attname) AS path,
           format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attgenerated <> '' THEN format(' GENERATED ALWAYS AS (%s) STORED', e.expression)
                                                        ELSE '' END AS type,
           a.attgenerated <> '' AS generated, a.attnotnull,
           CASE WHEN a.attgenerated = '' THEN e.expression END AS standard
    FROM voice v
    JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = v.oid AND d.adnum = a.attnum
    CROSS JOIN LATERAL (SELECT pg_get_expr(d.adbin, d.adrelid) AS expression) e
), described AS (
    SELECT c.*, format('%s %s%s%s', name, type, ' DEFAULT ' || standard, CASE WHEN attnotnull THEN ' NOT NULL' END) AS whole
    FROM columns c
), functions AS (
    SELECT p.oid, p.oid::regprocedure::text AS name, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)) AS acl,
           rtrim(replace(pg_get_functiondef(p.oid), quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(',
                         quote_ident(p.proname) || '('), E'\n') AS definition
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.oid = :'schema'::regnamespace AND p.proname LIKE 'voicedb\_%' AND p.prokind = 'f'
      AND NOT EXISTS (SELECT 1 FROM pg_depend x WHERE x.classid = 'pg_proc'::regclass AND x.objid = p.oid AND x.deptype = 'e')
), constraints AS (
    SELECT v.name AS table_name, quote_ident(k.conname) AS name, k.contype,
           pg_get_constraintdef(k.oid, true) AS definition,
           -- A check that is made from its own text prints its casts elsewhere.
           CASE k.contype WHEN 'c' THEN regexp_replace(pg_get_constraintdef(k.oid, true), '::(character varying|text)(\[\])?', '', 'g')
                          ELSE pg_get_constraintdef(k.oid, true) END AS essence,
           CASE WHEN EXISTS (SELECT 1 FROM pg_index i WHERE i.indexrelid = k.conindid AND i.indrelid = v.oid AND NOT i.indisvalid)
                THEN ' (its index is invalid)' ELSE '' END ||
           CASE WHEN EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgconstraint = k.oid AND t.tgenabled <> 'O')
                THEN ' (its triggers are switched off)' ELSE '' END AS state
    FROM voice v
    JOIN pg_constraint k ON k.conrelid = v.oid AND k.contype IN ('p', 'u', 'c', 'f', 'x')
), indexes AS (
    SELECT v.name AS table_name, quote_ident(c.relname) AS name, i.indisunique, i.indisvalid,
           pg_get_indexdef(c.oid, 0, true) AS definition,
           -- So does the condition of an index.
           regexp_replace(pg_get_indexdef(c.oid, 0, true), '::(character varying|text)(\[\])?', '', 'g') AS essence
    FROM voice v
    JOIN pg_index i ON i.indrelid = v.oid
    JOIN pg_class c ON c.oid = i.indexrelid
    WHERE NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
), policies AS (
    SELECT v.name AS table_name, quote_ident(p.polname) AS name,
           format('AS %s FOR %s TO %s%s%s', CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                  CASE p.polcmd WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END,
                  (SELECT string_agg(CASE WHEN r.oid = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.oid)) END, ', ' ORDER BY r.oid)
                   FROM unnest(p.polroles) AS r (oid)),
                  ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                  ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') AS definition
    FROM voice v
    JOIN pg_policy p ON p.polrelid = v.oid
), granted AS (
    SELECT v.name AS object, NULL AS part, v.relowner AS owner, x.* FROM voice v, aclexplode(v.relacl) x
    UNION ALL
    SELECT c.table_name, c.name, c.relowner, x.* FROM columns c, aclexplode(c.attacl) x
    UNION ALL
    SELECT 'FUNCTION ' || f.name, NULL, f.proowner, x.* FROM functions f, aclexplode(f.acl) x
), grants AS (
    SELECT g.object, g.part, coalesce(quote_ident(r.rolname), 'PUBLIC') AS role,
           string_agg(g.privilege_type || coalesce(' (' || g.part || ')', ''), ', ' ORDER BY g.privilege_type) AS privileges,
           CASE WHEN bool_or(g.is_grantable) THEN ' WITH GRANT OPTION' ELSE '' END AS option
    FROM granted g
    LEFT JOIN pg_roles r ON r.oid = g.grantee
    WHERE g.grantee <> g.owner AND NOT coalesce(r.rolsuper, false)
    GROUP BY g.object, g.part, r.rolname
), things (rank, kind, name, definition, add, change, remove) AS (
    SELECT 1, 'function', f.name, f.definition,
           f.definition || ';' || CASE WHEN EXISTS (SELECT 1 FROM aclexplode(f.acl) x WHERE x.grantee = 0) THEN ''
                                       ELSE format(E'\nREVOKE ALL ON FUNCTION %s FROM PUBLIC;', f.name) END,
           f.definition || ';', NULL
    FROM functions f
    UNION ALL
    SELECT 2, 'table', v.name, CASE v.relpersistence WHEN 'p' THEN 'logged' ELSE 'unlogged' END,
           format(E'CREATE TABLE %s (\n    %s\n);', v.name, (SELECT string_agg(d.whole, E',\n    ' ORDER BY d.attnum) FROM described d WHERE d.oid = v.oid)),
           format('ALTER TABLE %s SET LOGGED;', v.name), NULL
    FROM voice v
    UNION ALL
    SELECT 3, 'column', d.path, d.type, format('ALTER TABLE %s ADD COLUMN %s;', d.table_name, d.whole),
           CASE WHEN d.generated
                THEN format(E'ALTER TABLE %1$s DROP COLUMN %2$s;\nALTER TABLE %1$s ADD COLUMN %3$s;', d.table_name, d.name, d.whole)
                ELSE format('ALTER TABLE %1$s ALTER COLUMN %2$s DROP DEFAULT, ALTER COLUMN %2$s TYPE %3$s USING %2$s::%3$s%4$s;', d.table_name,
                            d.name, d.type, format(', ALTER COLUMN %s SET DEFAULT ', d.name) || d.standard) END,
           CASE WHEN d.attnotnull AND d.standard IS NULL AND NOT d.generated
                THEN format('ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL;', d.table_name, d.name) END
    FROM described d
    UNION ALL
    SELECT 4, 'default', d.path, coalesce(d.standard, 'none'), NULL,
           format('ALTER TABLE %s ALTER COLUMN %s %s;', d.table_name, d.name, coalesce('SET DEFAULT ' || d.standard, 'DROP DEFAULT')), NULL
    FROM described d
    UNION ALL
    SELECT 5, 'nullability', d.path, CASE WHEN d.attnotnull THEN 'NOT NULL' ELSE 'NULL' END, NULL,
           format('ALTER TABLE %s ALTER COLUMN %s %s NOT NULL;', d.table_name, d.name, CASE WHEN d.attnotnull THEN 'SET' ELSE 'DROP' END), NULL
    FROM described d
    UNION ALL
    SELECT CASE WHEN k.contype IN ('p', 'u') THEN 6 WHEN k.contype = 'f' THEN 8 ELSE 7 END,
           CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique key' WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check'
                          ELSE 'exclusion' END,
           k.table_name || '.' || k.name, k.essence || k.state,
           format('ALTER TABLE %s ADD CONSTRAINT %s %s;', k.table_name, k.name, k.definition),
           format('ALTER TABLE %1$s DROP CONSTRAINT %2$s, ADD CONSTRAINT %2$s %3$s;', k.table_name, k.name, k.definition),
           format('ALTER TABLE %s DROP CONSTRAINT %s;', k.table_name, k.name)
    FROM constraints k
    UNION ALL
    SELECT 9, 'index', i.name, i.essence || CASE WHEN i.indisvalid THEN '' ELSE ' (invalid)' END,
           CASE WHEN i.name <> 'idx_chunks_embedding_bits' THEN regexp_replace(i.definition, ' INDEX ', ' INDEX CONCURRENTLY ') || ';' END,
           format(E'DROP INDEX CONCURRENTLY %s;\n%s;', i.name, regexp_replace(i.definition, ' INDEX ', ' INDEX CONCURRENTLY ')),
           CASE WHEN i.indisunique OR NOT i.indisvalid THEN format('DROP INDEX CONCURRENTLY %s;', i.name) END
    FROM indexes i
    UNION ALL
    SELECT 10, 'trigger', v.name || '.' || quote_ident(t.tgname),
           pg_get_triggerdef(t.oid, true) || CASE t.tgenabled WHEN 'O' THEN '' WHEN 'D' THEN ' (switched off)' WHEN 'A' THEN ' (also for replicas)'
                                                              ELSE ' (for replicas)' END,
           s.statement, format(E'DROP TRIGGER %I ON %s;\n%s', t.tgname, v.name, s.statement),
           format('DROP TRIGGER %I ON %s;', t.tgname, v.name)
    FROM voice v
    JOIN pg_trigger t ON t.tgrelid = v.oid AND NOT t.tgisinternal
    CROSS JOIN LATERAL (SELECT pg_get_triggerdef(t.oid, true) || ';' ||
                               CASE t.tgenabled WHEN 'A' THEN format(E'\nALTER TABLE %s ENABLE ALWAYS TRIGGER %I;', v.name, t.tgname)
                                                ELSE '' END AS statement) s
    UNION ALL
    SELECT 11, 'row security', v.name,
           CASE WHEN v.relrowsecurity THEN 'enabled' ELSE 'disabled' END || CASE WHEN v.relforcerowsecurity THEN ', forced' ELSE '' END,
           s.statement, s.statement, NULL
    FROM voice v
    CROSS JOIN LATERAL (SELECT format('ALTER TABLE %s %s ROW LEVEL SECURITY, %s ROW LEVEL SECURITY;', v.name,
                                      CASE WHEN v.relrowsecurity THEN 'ENABLE' ELSE 'DISABLE' END,
                                      CASE WHEN v.relforcerowsecurity THEN 'FORCE' ELSE 'NO FORCE' END) AS statement) s
    UNION ALL
    SELECT 12, 'policy', p.table_name || '.' || p.name, p.definition, format('CREATE POLICY %s ON %s %s;', p.name, p.table_name, p.definition),
           format(E'DROP POLICY %1$s ON %2$s;\nCREATE POLICY %1$s ON %2$s %3$s;', p.name, p.table_name, p.definition),
           format('DROP POLICY %s ON %s;', p.name, p.table_name)
    FROM policies p
    UNION ALL
    SELECT 13, 'grant', format('%s to %s', coalesce(g.object || '.' || g.part, g.object), g.role), g.privileges || g.option,
           format('GRANT %s ON %s TO %s%s;', g.privileges, g.object, g.role, g.option),
           format(E'REVOKE ALL %1$sON %2$s FROM %3$s;\nGRANT %4$s ON %2$s TO %3$s%5$s;', '(' || g.part || ') ', g.object, g.role, g.privileges, g.option),
           format('REVOKE ALL %sON %s FROM %s;', '(' || g.part || ') ', g.object, g.role)
    FROM grants g
)
SELECT k.key, kind, name, definition, add, change, remove
FROM things
CROSS JOIN LATERAL (SELECT lpad(rank::text, 2, '0') || ' ' || name AS key) k
ORDER BY k.key COLLATE "C";
