-- The statement that lists the tenants who have rows in voice tables. Asked by: backup.
-- scope: none
SELECT format('SELECT u.domain_uuid, d.domain_name
               FROM (%s) u LEFT JOIN public.v_domains d USING (domain_uuid) ORDER BY 1',
              string_agg(format('SELECT domain_uuid FROM public.%I WHERE domain_uuid IS NOT NULL', r.relname), ' UNION '))
           AS statement
FROM pg_class r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attname = 'domain_uuid' AND NOT a.attisdropped
WHERE r.relnamespace = 'public'::regnamespace AND r.relkind = 'r' AND r.relname LIKE 'v\_voice\_%';
