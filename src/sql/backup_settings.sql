-- Makes texts of values the same everywhere, and lets a long transaction live. Which settings there are depends on
-- the server's version. Asked by: the transactions of backup, restore and the copies of one tenant.
-- scope: none
-- writes
SELECT set_config(s.name, w.value, true)
FROM (VALUES ('idle_in_transaction_session_timeout', '0'), ('transaction_timeout', '0'), ('statement_timeout', '0'),
             ('extra_float_digits', '3'), ('IntervalStyle', 'postgres'), ('bytea_output', 'hex'), ('xmlbinary', 'base64'),
             ('lock_timeout', '10s')) AS w (name, value)
JOIN pg_settings s ON lower(s.name) = lower(w.name);
