-- A step gives up quickly when a table is in use, and is tried again: it must not stand in the way of calls.
-- Asked by: migrate, in the transaction of each step.
-- scope: none
SELECT set_config('lock_timeout', '500ms', true);
