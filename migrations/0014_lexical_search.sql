-- Search by words. A document's terms are hashes that voicedb makes of its words: by stem, and by halves for words that are written wrong.
-- A row holds those of some chunks side by side, about as many as fit into a page: `keys` ascending, with the chunk of each in `chunks`,
-- counted from `first_chunk`, and above its 8 bits how often the chunk has it; `sizes` tells how many each chunk has in all. `filter` has the bit of each key's last 13 bits. A search reads a
-- tenant's rows and looks each of its words up, first in the filter, then among the keys by halving: that costs little to keep, and
-- needs no operator that row-level security would keep from an index.
CREATE TABLE IF NOT EXISTS v_voice_document_terms (
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    document_uuid UUID NOT NULL,
    first_chunk INTEGER NOT NULL,
    filter BIT(8192) NOT NULL,
    sizes SMALLINT[] NOT NULL,
    keys INTEGER[] NOT NULL,
    chunks SMALLINT[] NOT NULL,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (domain_uuid, document_uuid, first_chunk),
    FOREIGN KEY (domain_uuid, document_uuid)
        REFERENCES v_voice_documents (domain_uuid, document_uuid) ON DELETE CASCADE
);

-- Read in place, neither unpacked nor fetched from elsewhere.
ALTER TABLE v_voice_document_terms ALTER COLUMN filter SET STORAGE EXTERNAL, ALTER COLUMN keys SET STORAGE EXTERNAL,
    ALTER COLUMN chunks SET STORAGE EXTERNAL;
ALTER TABLE v_voice_document_terms SET (toast_tuple_target = 8160);

DO $$
BEGIN
    GRANT SELECT, INSERT, UPDATE, DELETE ON v_voice_document_terms TO voicedb_app;
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = 'v_voice_document_terms'::regclass) THEN
        ALTER TABLE v_voice_document_terms ENABLE ROW LEVEL SECURITY;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = 'v_voice_document_terms'::regclass AND polname = 'voicedb_tenant') THEN
        CREATE POLICY voicedb_tenant ON v_voice_document_terms TO voicedb_app
            USING (domain_uuid = (SELECT voicedb_domain_uuid())) WITH CHECK (domain_uuid = (SELECT voicedb_domain_uuid()));
    END IF;
END $$;

-- Which rules made the terms that are there; NULL: they are not there, or of another text. `voicedb document index` makes them.
ALTER TABLE v_voice_documents ADD COLUMN IF NOT EXISTS terms_version INTEGER;

-- Another text has other words.
CREATE OR REPLACE FUNCTION voicedb_forget_terms() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE v_voice_documents d
    SET terms_version = NULL
    WHERE d.domain_uuid = NEW.domain_uuid AND d.document_uuid = NEW.document_uuid AND d.terms_version IS NOT NULL;
    RETURN NULL;
END $$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_trigger
                   WHERE tgrelid = 'v_voice_document_chunks'::regclass AND tgname = 'voicedb_forget_terms') THEN
        CREATE TRIGGER voicedb_forget_terms AFTER UPDATE OF content, chunk_index ON v_voice_document_chunks
            FOR EACH ROW
            WHEN (NEW.content IS DISTINCT FROM OLD.content OR NEW.chunk_index IS DISTINCT FROM OLD.chunk_index)
            EXECUTE FUNCTION voicedb_forget_terms();
    END IF;
END $$;
