-- What deciding on a transfer asks FusionPBX's own tables, of the transaction's tenant alone: voicedb_app may not read them.

-- Whether a number of a kind is there: found, disabled, missing; unknown, where FusionPBX has no table for it. `any` is a number of any
-- kind. The columns that say "enabled" are text in FusionPBX 5.4 and boolean in 5.5.
CREATE OR REPLACE FUNCTION voicedb_number_state(kind text, number text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    tenant uuid := public.voicedb_domain_uuid();
    place record;
    enabled boolean;
    state text := 'unknown';
BEGIN
    FOR place IN
        SELECT p.*
        FROM (VALUES ('extension', 'v_extensions', 'array_position(ARRAY[extension, number_alias]::text[], $2) > 0', 'enabled'),
                     ('ring_group', 'v_ring_groups', 'ring_group_extension::text = $2', 'ring_group_enabled'),
                     ('queue', 'v_call_center_queues', 'queue_extension::text = $2', NULL),
                     ('queue', 'v_fifo', 'fifo_extension::text = $2', 'fifo_enabled'),
                     ('voicemail', 'v_voicemails', 'voicemail_id::text = regexp_replace($2, ''^\*99'', '''')', 'voicemail_enabled'),
                     ('ivr_menu', 'v_ivr_menus', 'ivr_menu_extension::text = $2', 'ivr_menu_enabled')
             ) AS p (of_kind, table_name, condition, flag)
        WHERE p.of_kind = kind OR kind = 'any'
    LOOP
        CONTINUE WHEN to_regclass('public.' || place.table_name) IS NULL;
        EXECUTE format('SELECT bool_or(%s) FROM public.%I WHERE domain_uuid = $1 AND %s',
                       CASE WHEN place.flag IS NULL THEN 'true' ELSE format('%I::text = ''true''', place.flag) END, place.table_name, place.condition)
            INTO enabled USING tenant, number;
        IF enabled THEN
            RETURN 'found';
        END IF;
        state := CASE WHEN enabled IS NOT NULL OR state = 'disabled' THEN 'disabled' ELSE 'missing' END;
    END LOOP;
    RETURN state;
END $$;
REVOKE ALL ON FUNCTION voicedb_number_state(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voicedb_number_state(text, text) TO voicedb_app;

-- The tenant's time zone as FusionPBX has it: the domain's setting, else the default setting; NULL when it has none.
CREATE OR REPLACE FUNCTION voicedb_time_zone() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    tenant uuid := public.voicedb_domain_uuid();
    zone text;
BEGIN
    IF to_regclass('public.v_domain_settings') IS NOT NULL THEN
        EXECUTE 'SELECT max(domain_setting_value::text) FROM public.v_domain_settings WHERE domain_uuid = $1
                     AND domain_setting_category = ''domain'' AND domain_setting_subcategory = ''time_zone''
                     AND domain_setting_enabled::text = ''true'''
            INTO zone USING tenant;
    END IF;
    IF zone IS NULL AND to_regclass('public.v_default_settings') IS NOT NULL THEN
        EXECUTE 'SELECT max(default_setting_value::text) FROM public.v_default_settings
                     WHERE default_setting_category = ''domain'' AND default_setting_subcategory = ''time_zone''
                     AND default_setting_enabled::text = ''true'''
            INTO zone;
    END IF;
    RETURN nullif(zone, '');
END $$;
REVOKE ALL ON FUNCTION voicedb_time_zone() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voicedb_time_zone() TO voicedb_app;

-- What the clock on the wall of an IANA time zone shows, "2026-11-22 17:45"; NULL: there is no such zone. PostgreSQL's own zones are the
-- system's, which follow each country's decisions.
CREATE OR REPLACE FUNCTION voicedb_wall_clock(zone text, instant timestamptz) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN to_char(instant AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI');
EXCEPTION
    WHEN invalid_parameter_value THEN RETURN NULL;
END $$;

-- Call start asks which model the documents of a secretary were embedded by last.
CREATE INDEX IF NOT EXISTS idx_voice_documents_domain_processed ON v_voice_documents (domain_uuid, processed_at);
