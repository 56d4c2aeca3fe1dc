-- Names that several domains have, as a JSON array: a command for one of them must give its UUID. Asked by: doctor.
-- scope: none
SELECT coalesce(json_agg(name), '[]') AS names
FROM (SELECT lower(domain_name) AS name FROM v_domains WHERE domain_name IS NOT NULL GROUP BY 1 HAVING count(*) > 1) s;
