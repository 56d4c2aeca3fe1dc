-- Secretaries that answer calls without a provider they need: there is none, it is switched off, or it is of another type. Only for
-- embeddings the tenant's default takes an empty place, and one with a speech-to-speech provider (realtime, of an adopted database)
-- needs no other to hear, think and speak. Asked by: doctor.
-- scope: none
WITH place AS (
    SELECT s.domain_uuid, s.voice_secretary_uuid, s.name, w.rank, w.type,
           CASE WHEN w.type = 'embeddings' AND w.provider_uuid IS NULL
                THEN (SELECT p.provider_uuid FROM v_voice_ai_providers p
                      WHERE p.domain_uuid = s.domain_uuid AND p.provider_type = 'embeddings' AND p.is_default)
                ELSE w.provider_uuid END AS provider_uuid
    FROM v_voice_secretaries s
    CROSS JOIN LATERAL (VALUES (1, 'stt', s.stt_provider_uuid), (2, 'tts', s.tts_provider_uuid), (3, 'llm', s.llm_provider_uuid),
                               (4, 'embeddings', s.embeddings_provider_uuid)) AS w (rank, type, provider_uuid)
    WHERE s.enabled AND (w.type <> 'embeddings' OR s.rag_enabled)
      AND (w.type = 'embeddings' OR to_jsonb(s) ->> 'realtime_provider_uuid' IS NULL)
      AND (:'only'::uuid IS NULL OR s.domain_uuid = :'only'::uuid)
), judged AS (
    SELECT l.*, p.provider_name, p.enabled, p.provider_type AS found_type, p.provider_uuid IS NULL AS missing,
           -- What would fit: the default, else the only one that is enabled.
           (SELECT CASE WHEN bool_or(c.is_default) THEN (array_agg(c.provider_uuid ORDER BY c.is_default DESC NULLS LAST))[1]
                        WHEN count(*) = 1 THEN (array_agg(c.provider_uuid))[1] END
            FROM v_voice_ai_providers c
            WHERE c.domain_uuid = l.domain_uuid AND c.provider_type = l.type AND c.enabled) AS candidate
    FROM place l
    LEFT JOIN v_voice_ai_providers p ON p.domain_uuid = l.domain_uuid AND p.provider_uuid = l.provider_uuid
), findings (rank, domain_uuid, name, problem, mend_by, mend) AS (
    SELECT 1, domain_uuid, name,
           format('Secretary "%s" has no provider for %s.', name, string_agg(type, ', ' ORDER BY rank)),
           CASE WHEN bool_and(candidate IS NOT NULL) THEN 'voicedb' ELSE 'hand' END,
           CASE WHEN bool_and(candidate IS NOT NULL)
                THEN format('secretary update %s %s', voice_secretary_uuid,
                            string_agg(format('--%s %s', type, candidate), ' ' ORDER BY rank))
                ELSE format('Add what the tenant lacks with `voicedb provider add --type %s`, then give it to secretary %s.',
                            min(type) FILTER (WHERE candidate IS NULL), voice_secretary_uuid) END
    FROM judged
    WHERE missing
    GROUP BY domain_uuid, voice_secretary_uuid, name
    UNION ALL
    SELECT 2, domain_uuid, name,
           format('Secretary "%s" has the provider "%s" for %s, which is of type %s.', name, provider_name, type, found_type),
           CASE WHEN candidate IS NULL THEN 'hand' ELSE 'voicedb' END,
           CASE WHEN candidate IS NULL
                THEN format('Add a provider of type %s with `voicedb provider add`, then give it to secretary %s.', type, voice_secretary_uuid)
                ELSE format('secretary update %s --%s %s', voice_secretary_uuid, type, candidate) END
    FROM judged
    WHERE found_type <> type
    UNION ALL
    SELECT 3, domain_uuid, string_agg(name, ', ' ORDER BY name),
           format('The %s provider "%s" is disabled, and enabled secretaries use it: %s.', type, provider_name,
                  string_agg(format('"%s"', name), ', ' ORDER BY name)),
           'voicedb', format('provider update %s --type %s --enabled on', provider_uuid, type)
    FROM judged
    WHERE found_type = type AND NOT coalesce(enabled, false)
    GROUP BY domain_uuid, type, provider_name, provider_uuid
)
SELECT 'error' AS severity, f.domain_uuid, d.domain_name, f.problem, NULL AS detail, f.mend_by, f.mend, false AS fixable
FROM findings f
JOIN v_domains d ON d.domain_uuid = f.domain_uuid
ORDER BY d.domain_name, f.rank, f.name, f.problem;
