-- Takes the next turn, and says in how many milliseconds it is. Asked by: every request to an embedding service whose config limits requests
-- or tokens.
UPDATE v_voice_embedding_usage
SET paced_until = greatest(paced_until, clock_timestamp()) + make_interval(secs => :'seconds'::double precision)
WHERE domain_uuid = :'domain_uuid'::uuid AND usage_date = CURRENT_DATE AND provider_name = :'provider_name'
  AND embedding_model = :'embedding_model'
RETURNING greatest(0, extract(epoch FROM paced_until - make_interval(secs => :'seconds'::double precision)
                                         - clock_timestamp()) * 1000) AS wait_ms;
