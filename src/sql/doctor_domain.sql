-- A domain by UUID or name; two rows are one too many. Asked by: doctor, for one tenant.
-- scope: none
SELECT domain_uuid
FROM v_domains
WHERE domain_uuid::text = lower(:'domain') OR lower(domain_name) = lower(:'domain')
LIMIT 2;
