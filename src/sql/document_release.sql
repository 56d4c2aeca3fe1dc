-- Gives a document back that could not be stored: to be tried again, or as failed. Nothing happens when somebody else has it by now, or has
-- made it wait again.
-- Asked by: `document run`, for each document that fails.
UPDATE v_voice_documents
SET processing_status = :'processing_status'::text,
    processing_error = :'processing_error',
    processing_until = CASE WHEN :'processing_status'::text = 'pending'
                            THEN CURRENT_TIMESTAMP + make_interval(secs => :'seconds'::double precision) END,
    processing_attempts = CASE WHEN :'processing_status'::text = 'pending' THEN processing_attempts - :'forgiven'::integer ELSE 0 END,
    processing_lease = NULL
WHERE domain_uuid = :'domain_uuid'::uuid AND document_uuid = :'document_uuid'::uuid AND processing_lease = :'lease'::uuid
  AND processing_status = 'processing';
