-- A concurrent index build waits for transactions older than itself while calls go on; here is how long. Asked by: migrate.
-- scope: none
-- writes
SELECT set_config('lock_timeout', :'milliseconds', false);
