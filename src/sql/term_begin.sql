-- Holds a document while its terms are made; whoever changes its text meanwhile waits, and then says that they are of another one.
-- Asked by: `document index`, once for each document.
-- writes
SELECT d.document_uuid
FROM v_voice_documents d
WHERE d.domain_uuid = :'domain_uuid'::uuid AND d.document_uuid = :'document_uuid'::uuid
FOR NO KEY UPDATE;
