-- The secretary that a UUID, an extension or a name means, tried in this order; several rows: the name is not unique.
-- Asked by: every command that names a secretary.
SELECT voice_secretary_uuid
FROM (SELECT s.voice_secretary_uuid,
             rank() OVER (ORDER BY CASE WHEN s.voice_secretary_uuid::text = lower(:'secretary') THEN 1
                                        WHEN s.extension = :'secretary' THEN 2
                                        ELSE 3 END) AS preference
      FROM v_voice_secretaries s
      WHERE s.domain_uuid = :'domain_uuid'::uuid
        AND (s.voice_secretary_uuid::text = lower(:'secretary') OR s.extension = :'secretary'
             OR s.name = :'secretary')) found
WHERE preference = 1
ORDER BY voice_secretary_uuid;
