-- Row-level security's condition as a plain comparison, which the planner takes into the query: where a query names its tenant, all that is
-- left of it is a test before the first row (setting = $1). As a subquery it was a plan of its own for every table of every query, with
-- its own start.
DO $$
DECLARE
    policy record;
BEGIN
    FOR policy IN
        SELECT p.polrelid::regclass AS voice_table
        FROM pg_policy p
        JOIN pg_class c ON c.oid = p.polrelid
        WHERE p.polname = 'voicedb_tenant' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
          AND pg_get_expr(p.polqual, p.polrelid) || pg_get_expr(p.polwithcheck, p.polrelid) LIKE '%SELECT%'
        ORDER BY c.relname
    LOOP
        EXECUTE format('ALTER POLICY voicedb_tenant ON %s
            USING (domain_uuid = voicedb_domain_uuid())
            WITH CHECK (domain_uuid = voicedb_domain_uuid())', policy.voice_table);
    END LOOP;
END $$;
