-- Takes the document that has waited longest: it is pending and due, or whoever took it has not stored it in time. What another worker is
-- about to take or to store is passed by. Asked by: `document run`, for each document.
UPDATE v_voice_documents d
SET processing_status = 'processing',
    processing_lease = :'lease'::uuid,
    processing_until = CURRENT_TIMESTAMP + make_interval(secs => :'seconds'::double precision),
    processing_attempts = d.processing_attempts + 1
WHERE d.domain_uuid = :'domain_uuid'::uuid
  AND d.document_uuid = (SELECT w.document_uuid
                         FROM v_voice_documents w
                         WHERE w.domain_uuid = :'domain_uuid'::uuid AND w.processing_status IN ('pending', 'processing')
                           AND (w.processing_status = 'pending' AND w.processing_until IS NULL
                                OR w.processing_until <= CURRENT_TIMESTAMP)
                         ORDER BY w.created_at, w.document_uuid
                         LIMIT 1
                         FOR UPDATE SKIP LOCKED)
RETURNING d.document_uuid, d.voice_secretary_uuid, d.document_name, d.document_type, d.file_path, d.mime_type, d.content,
          d.chunk_target_tokens, d.chunk_overlap_tokens, d.processing_attempts;
