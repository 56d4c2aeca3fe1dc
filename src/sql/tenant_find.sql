-- Domains with this UUID or name; at most two are of interest. Asked by: opening a tenant handle.
-- scope: none
SELECT domain_uuid, domain_name
FROM voicedb_find_domain(:'domain');
