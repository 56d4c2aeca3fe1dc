-- Switches the triggers off for the rest of the transaction, those of foreign keys with them, where the role may. No row: it may not.
-- Asked by: restore, which checks every reference itself then.
-- scope: none
-- writes
SELECT set_config('session_replication_role', 'replica', true)
FROM pg_roles
WHERE rolname = current_user AND rolsuper;
