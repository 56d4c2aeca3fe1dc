-- What embedding services were asked for, the newest day first. Asked by: `provider usage`.
SELECT usage_date::text AS usage_date, provider_name, embedding_model, requests, texts, tokens, cost::double precision AS cost
FROM v_voice_embedding_usage
WHERE domain_uuid = :'domain_uuid'::uuid AND usage_date > CURRENT_DATE - :'days'::integer
ORDER BY usage_date DESC, provider_name, embedding_model;
