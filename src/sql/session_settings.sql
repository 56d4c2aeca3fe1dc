-- Settings of a session that a pooler does not let through at connect. Asked by: every transaction behind such a pooler.
-- scope: none
SELECT set_config('search_path', 'public, pg_temp', true), set_config('TimeZone', 'UTC', true),
       set_config('DateStyle', 'ISO', true), set_config('jit', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true),
       set_config('statement_timeout', :'statement_timeout', true);
