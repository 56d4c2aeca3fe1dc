-- Asked by: `webhook run`, once a connection.
-- scope: none
LISTEN voicedb_webhook;
