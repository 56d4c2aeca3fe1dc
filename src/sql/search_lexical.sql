-- The chunks that share words with the question, best first by BM25, in which a word counts more the fewer of the tenant's chunks have
-- it. `word_share` is the part of the question's weight that a chunk has. Asked by: every search by words, beside the one by vector.
--
-- A word is looked up in each row of terms: in its filter, then by halving. It stands there at the places from `first` to `last`, mostly
-- at one. Words that no chunk has are looked for by their halves, numbered from 1. OFFSET 0 keeps the rows of terms outside, so that
-- each is read once.
--
-- k1 is 1.2, b 0.75. Half of a word counts for less than a whole one. A word of which no chunk has even a half weighs as one that is
-- rarer than all others. `similarity` is NaN where there is no embedding of the question or of the
-- chunk's model. The documents' own numbers of chunks stand for counting them.
WITH excluded AS MATERIALIZED (
    SELECT d.document_uuid
    FROM v_voice_documents d
    WHERE d.domain_uuid = :'domain_uuid'::uuid
      AND (NOT d.enabled OR d.processing_status <> 'ready' OR d.voice_secretary_uuid <> :'voice_secretary_uuid'::uuid
           OR d.terms_version IS DISTINCT FROM :'terms_version'::integer
           OR (d.document_uuid::text = ANY (:'documents'::text[]) OR d.document_name = ANY (:'documents'::text[])) IS FALSE
           OR (d.document_type = ANY (:'document_types'::text[])) IS FALSE
           OR (:'document_types'::text[] IS NOT NULL AND d.document_type IS NULL))
), whole AS MATERIALIZED (
    SELECT at.word, t.document_uuid, t.first_chunk + (t.chunks[place] & 255) AS chunk_index, t.chunks[place] >> 8 AS times,
           t.sizes[(t.chunks[place] & 255) + 1] AS size
    FROM v_voice_document_terms t
    CROSS JOIN LATERAL (SELECT asked.word, asked.key, width_bucket(asked.key, t.keys) AS last
                        FROM unnest(:'keys'::integer[]) WITH ORDINALITY AS asked (key, word)
                        WHERE get_bit(t.filter, asked.key & 8191) = 1
                        OFFSET 0) at
    CROSS JOIN LATERAL generate_series(CASE t.keys[at.last - 1] WHEN at.key THEN width_bucket(at.key - 1, t.keys) + 1 ELSE at.last END,
                                       at.last) AS place
    WHERE t.domain_uuid = :'domain_uuid'::uuid AND t.keys[at.last] = at.key
      AND (t.document_uuid IN (SELECT document_uuid FROM excluded)) IS NOT TRUE
), missing AS MATERIALIZED (
    SELECT asked.key, asked.word::bigint AS word, asked.half
    FROM unnest(:'near_keys'::integer[], :'near_words'::integer[]) WITH ORDINALITY AS asked (key, word, half)
    WHERE asked.word <> ALL (ARRAY(SELECT DISTINCT word FROM whole))
), matches AS MATERIALIZED (
    SELECT word, 0::bigint AS half, document_uuid, chunk_index, times, size
    FROM whole
    UNION ALL
    SELECT at.word, at.half, t.document_uuid, t.first_chunk + (t.chunks[place] & 255), t.chunks[place] >> 8,
           t.sizes[(t.chunks[place] & 255) + 1]
    FROM v_voice_document_terms t
    CROSS JOIN LATERAL (SELECT asked.word, asked.half, asked.key, width_bucket(asked.key, t.keys) AS last
                        FROM missing AS asked
                        WHERE get_bit(t.filter, asked.key & 8191) = 1
                        OFFSET 0) at
    CROSS JOIN LATERAL generate_series(CASE t.keys[at.last - 1] WHEN at.key THEN width_bucket(at.key - 1, t.keys) + 1 ELSE at.last END,
                                       at.last) AS place
    WHERE t.domain_uuid = :'domain_uuid'::uuid AND t.keys[at.last] = at.key
      AND (t.document_uuid IN (SELECT document_uuid FROM excluded)) IS NOT TRUE AND EXISTS (SELECT 1 FROM missing)
), chosen AS MATERIALIZED (
    SELECT m.word, m.half, m.document_uuid, m.chunk_index, m.times, m.size
    FROM matches m
    WHERE :'metadata'::jsonb IS NULL
       OR EXISTS (SELECT 1
                  FROM v_voice_document_chunks c
                  WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.document_uuid = m.document_uuid
                    AND c.chunk_index = m.chunk_index AND c.metadata @> :'metadata'::jsonb)
), tenant AS MATERIALIZED (
    SELECT coalesce(sum(d.chunk_count), 0)::double precision AS chunks
    FROM v_voice_documents d
    WHERE d.domain_uuid = :'domain_uuid'::uuid
), weights AS MATERIALIZED (
    SELECT word, half, ln(1 + (greatest((SELECT chunks FROM tenant) - count(*), 0) + 0.5) / (count(*) + 0.5::double precision))
                       * CASE half WHEN 0 THEN 1 ELSE 0.7::double precision END AS weight
    FROM chosen
    GROUP BY word, half
), asked AS MATERIALIZED (
    SELECT sum(coalesce((SELECT max(CASE half WHEN 0 THEN weight ELSE weight / 0.7 END) FROM weights w WHERE w.word = word.word),
                        ln(1 + ((SELECT chunks FROM tenant) + 0.5) / 0.5::double precision))) AS weight
    FROM generate_series(1, cardinality(:'keys'::integer[])) AS word
), usual AS MATERIALIZED (
    SELECT avg(size)::double precision AS size FROM chosen
), scored AS (
    SELECT m.document_uuid, m.chunk_index, sum(w.weight) AS weight,
           sum(w.weight * m.times * 2.2 / (m.times + 0.3 + 0.9 * m.size::double precision / (SELECT size FROM usual))) AS score
    FROM chosen m
    JOIN weights w ON w.word = m.word AND w.half = m.half
    GROUP BY m.document_uuid, m.chunk_index
    ORDER BY score DESC, m.document_uuid, m.chunk_index
    LIMIT :'depth'::integer
)
SELECT c.chunk_uuid, s.document_uuid, d.document_name, s.chunk_index, c.content, c.metadata,
       coalesce(c.similarity, 'NaN') AS similarity, s.score AS word_score,
       least(s.weight / (SELECT weight FROM asked), 1) AS word_share
FROM scored s
JOIN v_voice_documents d ON d.domain_uuid = :'domain_uuid'::uuid AND d.document_uuid = s.document_uuid
CROSS JOIN LATERAL (SELECT k.chunk_uuid, k.content, k.metadata,
                           CASE WHEN k.embedding_model = :'embedding_model'
                                THEN 1 - (k.embedding <=> :'embedding'::vector) END AS similarity
                    FROM v_voice_document_chunks k
                    WHERE k.domain_uuid = :'domain_uuid'::uuid AND k.document_uuid = s.document_uuid
                      AND k.chunk_index = s.chunk_index
                    OFFSET 0) c
ORDER BY s.score DESC, c.chunk_uuid;
