-- Terms of version 2 (docs/schema.md): a number of `keys` tells the key, how often a chunk has it, and which chunk of the row that is, so
-- that twice as many fit into a page and a search reads half as many. `chunks` was needed by those of version 1, which searches pass by
-- until `voicedb document index` has made them anew.
ALTER TABLE v_voice_document_terms ALTER COLUMN chunks DROP NOT NULL;
