-- Keeps the domains of a backup from being removed until the transaction ends, as a foreign key's trigger would. Asked by: restore.
-- scope: none
-- writes
SELECT count(*)
FROM (SELECT 1
      FROM v_domains
      WHERE domain_uuid IN (SELECT (item ->> 'uuid')::uuid FROM json_array_elements(:'domains'::json) AS item)
      FOR KEY SHARE) held;
