-- Waits until the server knows the numbers of what was done: before 15 they reach its statistics late, by a process of their own.
-- Asked by: maintain, between its work and the look at what has come of it.
-- scope: none
SELECT pg_sleep(1.2) WHERE current_setting('server_version_num')::integer < 150000;
