-- Passages that a search passes by because their model is not that of the question: of several models within a document, of a model that
-- no provider of the tenant offers, or of another one than the secretary's who may use the document. `models`: what each embeddings
-- provider makes, a JSON array of {provider_uuid, model, enabled}. Asked by: doctor.
-- scope: none
WITH chunk AS (
    SELECT domain_uuid, document_uuid, embedding_model AS model, count(*) AS chunks
    FROM v_voice_document_chunks
    WHERE :'only'::uuid IS NULL OR domain_uuid = :'only'::uuid
    GROUP BY 1, 2, 3
), document AS (
    SELECT c.domain_uuid, c.document_uuid, o.document_name, o.voice_secretary_uuid, o.file_path, count(*) AS models,
           string_agg(format('%s (%s)', coalesce(c.model, 'none'), c.chunks), ', ' ORDER BY c.chunks DESC, c.model) AS listed,
           min(c.model) AS model, sum(c.chunks) AS chunks
    FROM chunk c
    JOIN v_voice_documents o ON o.domain_uuid = c.domain_uuid AND o.document_uuid = c.document_uuid
    WHERE o.processing_status = 'ready' AND o.enabled
    GROUP BY 1, 2, 3, 4, 5
), offer AS (
    SELECT p.domain_uuid, p.provider_uuid, p.provider_name, coalesce(p.is_default, false) AS is_default, m.model, m.enabled
    FROM jsonb_to_recordset(:'models'::jsonb) AS m (provider_uuid uuid, model text, enabled boolean)
    JOIN v_voice_ai_providers p ON p.provider_uuid = m.provider_uuid
), foreign_model AS (
    SELECT t.domain_uuid, t.model, count(*) AS documents, sum(t.chunks) AS chunks,
           (SELECT o.provider_uuid FROM offer o
            WHERE o.domain_uuid = t.domain_uuid AND o.model = t.model LIMIT 1) AS disabled_provider
    FROM document t
    WHERE t.models = 1
      AND NOT EXISTS (SELECT 1 FROM offer o WHERE o.domain_uuid = t.domain_uuid AND o.enabled AND o.model = t.model)
    GROUP BY 1, 2
), secretary AS (
    SELECT s.domain_uuid, s.voice_secretary_uuid, s.name, o.model
    FROM v_voice_secretaries s
    JOIN offer o ON o.domain_uuid = s.domain_uuid AND o.enabled
                AND CASE WHEN s.embeddings_provider_uuid IS NULL THEN o.is_default ELSE o.provider_uuid = s.embeddings_provider_uuid END
    WHERE s.enabled AND s.rag_enabled AND (:'only'::uuid IS NULL OR s.domain_uuid = :'only'::uuid)
), blind AS (
    SELECT s.domain_uuid, s.voice_secretary_uuid, s.name, s.model, count(*) FILTER (WHERE t.model <> s.model) AS unseen,
           bool_and(t.model <> s.model) AS all_unseen, min(t.model) FILTER (WHERE t.model <> s.model) AS least,
           max(t.model) FILTER (WHERE t.model <> s.model) AS most
    FROM secretary s
    JOIN document t ON t.domain_uuid = s.domain_uuid AND coalesce(t.voice_secretary_uuid, s.voice_secretary_uuid) = s.voice_secretary_uuid
    WHERE t.models = 1 AND EXISTS (SELECT 1 FROM offer o WHERE o.domain_uuid = t.domain_uuid AND o.enabled AND o.model = t.model)
    GROUP BY 1, 2, 3, 4
    HAVING bool_or(t.model <> s.model)
), findings (rank, severity, domain_uuid, problem, mend_by, mend) AS (
    SELECT 1, 'error', domain_uuid,
           format('Document "%s" has passages of several models, of which a search finds one: %s.', document_name, listed),
           CASE WHEN file_path IS NULL THEN 'hand' ELSE 'voicedb' END,
           CASE WHEN file_path IS NULL THEN format('Add the file of document %s once more with `voicedb document add`.', document_uuid)
                ELSE format('document add%s --name %s -- %s', ' --secretary ' || voice_secretary_uuid,
                            '''' || replace(document_name, '''', '''\''''') || '''',
                            '''' || replace(file_path, '''', '''\''''') || '''') END
    FROM document
    WHERE models > 1
    UNION ALL
    SELECT 2, 'error', domain_uuid,
           format('No enabled provider offers the model %s, so no search finds its %s passages in %s documents.',
                  coalesce(model, '(none)'), chunks, documents),
           CASE WHEN disabled_provider IS NULL AND model IS DISTINCT FROM :'builtin' THEN 'hand' ELSE 'voicedb' END,
           CASE WHEN disabled_provider IS NOT NULL THEN format('provider update %s --type embeddings --enabled on', disabled_provider)
                WHEN model = :'builtin' THEN 'provider add --type embeddings --name builtin'
                ELSE 'Add a provider of this model with `voicedb provider add --type embeddings`, or the documents once more.' END
    FROM foreign_model
    UNION ALL
    SELECT 3, 'warning', b.domain_uuid,
           format('Secretary "%s" asks with the model %s; %s documents that it may use have other passages (%s).', b.name, b.model,
                  b.unseen, CASE WHEN b.least = b.most THEN b.least ELSE b.least || ', ' || b.most END),
           CASE WHEN b.all_unseen AND b.least = b.most THEN 'voicedb' ELSE 'hand' END,
           CASE WHEN b.all_unseen AND b.least = b.most
                THEN format('secretary update %s --embeddings %s', b.voice_secretary_uuid,
                            (SELECT o.provider_uuid FROM offer o
                             WHERE o.domain_uuid = b.domain_uuid AND o.enabled AND o.model = b.least
                             ORDER BY o.is_default DESC, o.provider_uuid LIMIT 1))
                ELSE 'Add these documents once more, so that they are embedded by the provider that asks.' END
    FROM blind b
)
SELECT f.severity, f.domain_uuid, d.domain_name, f.problem, NULL AS detail, f.mend_by, f.mend, false AS fixable
FROM findings f
JOIN v_domains d ON d.domain_uuid = f.domain_uuid
ORDER BY d.domain_name, f.rank, f.problem;
