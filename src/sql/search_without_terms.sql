-- Whether a search by words misses documents, because their terms are not there. Asked by: every search by words.
SELECT EXISTS (SELECT 1
               FROM v_voice_documents d
               WHERE d.domain_uuid = :'domain_uuid'::uuid AND d.enabled AND d.processing_status = 'ready' AND d.chunk_count > 0
                 AND d.terms_version IS DISTINCT FROM :'terms_version'::integer) AS without_terms;
