-- For each foreign key of the voice tables the statement that counts the rows which refer to nothing. Asked by: restore, after loading
-- without triggers.
-- scope: none
SELECT t.relname AS table_name, k.conname AS constraint_name,
       format('SELECT count(*) FROM %s c WHERE %s AND NOT EXISTS (SELECT 1 FROM %s p WHERE %s)', k.conrelid::regclass,
              string_agg(format('c.%I IS NOT NULL', child.attname), ' AND '), k.confrelid::regclass,
              string_agg(format('p.%I = c.%I', parent.attname, child.attname), ' AND ')) AS statement
FROM pg_constraint k
JOIN pg_class t ON t.oid = k.conrelid AND t.relnamespace = 'public'::regnamespace AND t.relname LIKE 'v\_voice\_%'
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair (child, parent)
JOIN pg_attribute child ON child.attrelid = k.conrelid AND child.attnum = pair.child
JOIN pg_attribute parent ON parent.attrelid = k.confrelid AND parent.attnum = pair.parent
WHERE k.contype = 'f'
GROUP BY t.relname, k.conname, k.conrelid, k.confrelid
ORDER BY 1, 2;
