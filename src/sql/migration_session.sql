-- The server notices within a second that its client was killed, even while it works (PostgreSQL 14 and newer), so that the lock and
-- the transaction go with it. Asked by: whatever works under the migration lock.
-- scope: none
-- writes
SELECT set_config(name, '1s', false) FROM pg_settings WHERE name = 'client_connection_check_interval';
