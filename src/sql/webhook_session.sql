-- What a lost commit undoes here is sent again under its key: no need to wait for the disk. For the transaction only, for the connection
-- may be a pooler's. Asked by: `webhook run`, with each claim and finish.
-- scope: none
-- writes
SELECT set_config('synchronous_commit', 'off', true);
