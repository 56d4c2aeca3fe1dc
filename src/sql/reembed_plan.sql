-- How many chunks a tenant has, and how many of them a change to this model still has to embed. Asked by: `document reembed`, once.
SELECT count(*) AS chunks,
       count(*) FILTER (WHERE c.embedding_model = :'embedding_model' AND c.embedding IS NOT NULL) AS switched,
       count(*) FILTER (WHERE e.content_sha256 IS NULL
                          AND (c.embedding_model IS DISTINCT FROM :'embedding_model' OR c.embedding IS NULL)) AS missing,
       coalesce(sum(c.token_count) FILTER (WHERE e.content_sha256 IS NULL
                                             AND (c.embedding_model IS DISTINCT FROM :'embedding_model'
                                                  OR c.embedding IS NULL)), 0) AS tokens
FROM v_voice_document_chunks c
LEFT JOIN v_voice_embeddings e
       ON e.domain_uuid = :'domain_uuid'::uuid AND e.embedding_model = :'embedding_model'
      AND e.content_sha256 = sha256(convert_to(c.content, 'UTF8'))
WHERE c.domain_uuid = :'domain_uuid'::uuid;
