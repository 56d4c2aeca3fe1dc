-- Makes the rest of the transaction act for one tenant, under the role that row-level security binds.
-- Asked by: every transaction on tenant data, in the same round trip.
SELECT set_config('role', 'voicedb_app', true), set_config('voicedb.domain_uuid', :'domain_uuid', true);
