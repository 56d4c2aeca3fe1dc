-- What a search needs to know: the secretary's settings, when one is named, and its embeddings provider or else the tenant's default.
-- Asked by: every search by question or by secretary.
SELECT s.rag_enabled, s.rag_similarity_threshold, p.provider_name, p.config, p.enabled, p.provider_uuid,
       (SELECT concat_ws(' ', k.data_key_uuid, k.sealed_key ->> '$sealed')
        FROM v_voice_data_keys k
        WHERE k.domain_uuid = :'domain_uuid'::uuid) AS data_key
FROM (VALUES (:'voice_secretary_uuid'::uuid)) AS asked (voice_secretary_uuid)
LEFT JOIN v_voice_secretaries s
       ON s.domain_uuid = :'domain_uuid'::uuid AND s.voice_secretary_uuid = asked.voice_secretary_uuid
LEFT JOIN v_voice_ai_providers p
       ON p.domain_uuid = :'domain_uuid'::uuid AND p.provider_type = 'embeddings'
      AND CASE WHEN s.embeddings_provider_uuid IS NULL THEN p.is_default
               ELSE p.provider_uuid = s.embeddings_provider_uuid END;
