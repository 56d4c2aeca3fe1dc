-- Asked by: every request to an embedding service that was answered.
UPDATE v_voice_embedding_usage
SET requests = requests + :'requests'::bigint,
    texts = texts + :'texts'::bigint,
    tokens = tokens + :'tokens'::bigint,
    cost = cost + :'tokens'::bigint * :'price'::numeric / 1000000
WHERE domain_uuid = :'domain_uuid'::uuid AND usage_date = CURRENT_DATE AND provider_name = :'provider_name'
  AND embedding_model = :'embedding_model';
