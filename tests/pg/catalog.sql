-- Everything that the catalog knows of schema public but what belongs to an extension and the ledger: a line for each thing.
WITH own AS (
    SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl, c.reloptions, c.relowner
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'voicedb\_migrations%'
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
)
SELECT line
FROM (
    SELECT format('table %s kind=%s rls=%s,%s acl=%s options=%s', relname, relkind, relrowsecurity, relforcerowsecurity,
                  relacl, reloptions) AS line
    FROM own
    WHERE relkind NOT IN ('i', 'I') AND relname NOT LIKE 'pg\_toast%'
    UNION ALL
    SELECT format('column %s.%s %s notnull=%s default=%s generated=%s storage=%s acl=%s', relname, attname,
                  format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), attgenerated, attstorage, attacl)
    FROM own
    JOIN pg_attribute a ON attrelid = own.oid AND attnum > 0 AND NOT attisdropped AND relkind = 'r'
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL
    SELECT format('constraint %s.%s %s valid=%s', relname, conname, pg_get_constraintdef(n.oid), convalidated)
    FROM own
    JOIN pg_constraint n ON conrelid = own.oid
    UNION ALL
    SELECT format('index %s valid=%s options=%s', pg_get_indexdef(own.oid), indisvalid, reloptions)
    FROM own
    JOIN pg_index ON indexrelid = own.oid
    UNION ALL
    SELECT format('policy %s.%s for=%s permissive=%s to=%s using=%s check=%s', relname, polname, polcmd, polpermissive,
                  polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM own
    JOIN pg_policy ON polrelid = own.oid
    UNION ALL
    SELECT format('trigger %s enabled=%s', pg_get_triggerdef(t.oid), tgenabled)
    FROM own
    JOIN pg_trigger t ON tgrelid = own.oid AND NOT tgisinternal
    UNION ALL
    SELECT format('function %s acl=%s', pg_get_functiondef(p.oid), proacl)
    FROM pg_proc p
    WHERE pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT format('schema %s acl=%s', nspname, nspacl)
    FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\_%'
    UNION ALL
    SELECT format('extension %s %s %s', extname, extversion, extnamespace::regnamespace)
    FROM pg_extension
) lines
ORDER BY line COLLATE "C"
