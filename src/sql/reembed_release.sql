-- What the chunks have by now needs to be kept no longer. Asked by: a change of model, last.
DELETE FROM v_voice_embeddings
WHERE domain_uuid = :'domain_uuid'::uuid AND embedding_model = :'embedding_model';
