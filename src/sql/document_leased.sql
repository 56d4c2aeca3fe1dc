-- Whether a worker still has the document that it took, and its text or file is what it was then; nobody takes or changes it from here on
-- until the transaction ends. Asked by: storing a document that was pending.
SELECT d.document_uuid
FROM v_voice_documents d
WHERE d.domain_uuid = :'domain_uuid'::uuid AND d.document_uuid = :'document_uuid'::uuid
  AND d.processing_status = 'processing' AND d.processing_lease = :'lease'::uuid
  AND CASE WHEN d.content <> '' THEN sha256(convert_to(d.content, 'UTF8')) = decode(:'content_sha256', 'hex')
           ELSE d.file_path = :'file_path' END
FOR UPDATE;
