-- Whom row-level security does not bind although it should: voicedb_app, and logins that are its members. It passes by superusers,
-- BYPASSRLS, and whoever owns the table or is a member of its owner. The operator, who owns the ledger, is meant to be such a role.
-- Asked by: doctor.
-- scope: none
WITH RECURSIVE member AS (
    SELECT r.oid
    FROM pg_roles r
    WHERE r.rolname = 'voicedb_app'
    UNION
    SELECT m.member
    FROM member
    JOIN pg_auth_members m ON m.roleid = member.oid
), voice AS (
    SELECT c.oid, c.relname, c.relowner
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname LIKE 'v\_voice\_%'
), operator AS (
    SELECT coalesce((SELECT relowner FROM pg_class WHERE oid = to_regclass('public.voicedb_migrations')),
                    (SELECT oid FROM pg_roles WHERE rolname = current_user)) AS oid
), bound AS (
    SELECT r.*, quote_ident(r.rolname) AS name
    FROM pg_roles r
    JOIN member m ON m.oid = r.oid
    WHERE (r.rolcanlogin OR r.rolname = 'voicedb_app') AND r.oid <> (SELECT oid FROM operator)
), attribute AS (
    SELECT b.*, concat_ws(' ', CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
                          CASE WHEN rolname = 'voicedb_app' AND rolcanlogin THEN 'LOGIN' END,
                          CASE WHEN rolname = 'voicedb_app' AND rolcreaterole THEN 'CREATEROLE' END,
                          CASE WHEN rolname = 'voicedb_app' AND rolcreatedb THEN 'CREATEDB' END) AS given
    FROM bound b
), findings (rank, problem, mend, fixable) AS (
    SELECT 1, format('%s, which calls act as, is %s.', name, given),
           format('ALTER ROLE %s NO%s;', name, replace(given, ' ', ' NO')), rolname = 'voicedb_app'
    FROM attribute WHERE given <> '' AND rolname = 'voicedb_app'
    UNION ALL
    SELECT 2, format('The login %s, a member of voicedb_app, is %s: row-level security does not bind it.', name, given),
           format('ALTER ROLE %s NO%s;', name, replace(given, ' ', ' NO')), false
    FROM attribute WHERE given <> '' AND rolname <> 'voicedb_app'
    UNION ALL
    SELECT 3, format('The role %s owns %s: row-level security does not bind it there.', b.name, quote_ident(v.relname)),
           format('ALTER TABLE %I OWNER TO %I;', v.relname, pg_get_userbyid((SELECT oid FROM operator))), false
    FROM bound b
    JOIN voice v ON v.relowner = b.oid
    UNION ALL
    SELECT DISTINCT 4, format('The role %s is a member of %I, which owns voice tables: row-level security does not bind it.', b.name, o.rolname),
           format('REVOKE %I FROM %s;', o.rolname, b.name), false
    FROM bound b
    JOIN pg_auth_members m ON m.member = b.oid
    JOIN pg_roles o ON o.oid = m.roleid
    JOIN voice v ON pg_has_role(o.oid, v.relowner, 'USAGE')
    WHERE NOT o.rolsuper AND NOT b.rolsuper AND v.relowner <> b.oid AND o.rolname <> 'voicedb_app'
    UNION ALL
    SELECT DISTINCT 5, format('The role %s is a member of the superuser %I and can become it.', b.name, o.rolname),
           format('REVOKE %I FROM %s;', o.rolname, b.name), false
    FROM bound b
    JOIN pg_auth_members m ON m.member = b.oid
    JOIN pg_roles o ON o.oid = m.roleid AND o.rolsuper
    WHERE NOT b.rolsuper
    UNION ALL
    SELECT 6, 'The role voicedb_app, which calls act as, does not exist.',
           'CREATE ROLE voicedb_app NOSUPERUSER NOCREATEDB NOCREATEROLE NOLOGIN NOBYPASSRLS;', false
    WHERE EXISTS (SELECT 1 FROM voice) AND NOT EXISTS (SELECT 1 FROM member)
)
SELECT 'error' AS severity, NULL AS domain_uuid, NULL AS domain_name, problem, NULL AS detail, 'psql' AS mend_by, mend, fixable
FROM findings
ORDER BY rank, problem;
