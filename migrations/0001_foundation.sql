-- What every voice table stands on: pgvector, the role that row-level security binds, and the tenant of a transaction.

CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;

-- voicedb_app owns nothing and cannot log in; a login of voicedb's own is a member of it.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'voicedb_app') THEN
        CREATE ROLE voicedb_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
EXCEPTION
    -- Another database of this cluster made it at the same moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

-- Whoever migrates can also act as voicedb_app; a superuser can anyway.
DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'voicedb_app', 'MEMBER') THEN
        EXECUTE format('GRANT voicedb_app TO %I', current_user);
    END IF;
END $$;

GRANT USAGE ON SCHEMA public TO voicedb_app;

-- The tenant of the running transaction. Not set is an error, for an empty result would look like an answer: what is no UUID says so
-- in the message of the cast. One expression in SQL, which the planner takes into the query; a PL/pgSQL function costs 20 µs a
-- transaction.
CREATE OR REPLACE FUNCTION voicedb_domain_uuid() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT coalesce(nullif(pg_catalog.current_setting('voicedb.domain_uuid', true), ''),
                    'no tenant is set in this transaction: SET LOCAL voicedb.domain_uuid comes first')::pg_catalog.uuid
$$;

-- A domain by UUID or by name, for logins that may not read v_domains. Several rows: the name is not unique there.
CREATE OR REPLACE FUNCTION voicedb_find_domain(name_or_uuid text)
RETURNS TABLE (domain_uuid uuid, domain_name text)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT d.domain_uuid, d.domain_name
    FROM v_domains d
    WHERE d.domain_uuid::text = lower(name_or_uuid) OR lower(d.domain_name) = lower(name_or_uuid)
    LIMIT 2;
$$;
REVOKE ALL ON FUNCTION voicedb_find_domain(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voicedb_find_domain(text) TO voicedb_app;

CREATE OR REPLACE FUNCTION voicedb_touch() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END $$;
