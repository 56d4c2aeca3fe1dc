-- The version of a tenant's secretaries and rules: whether what is kept of a call's beginning is still what is stored. Rows in no order, for
-- nothing is done here that costs time. Asked by: every call, once.
SELECT v.version_uuid
FROM voicedb_call_versions v
WHERE v.domain_uuid = :'domain_uuid'::uuid;
