-- The chunks that share words with the question, best first by BM25, in which a word counts more the fewer of the tenant's chunks have
-- it. `word_share` is the part of the question's weight that a chunk has. Asked by: every search by words, beside the one by vector.
--
-- A word is looked up in each row of terms: in its filter, then by halving. It stands there at the places from `first` to `last`, mostly
-- at one. OFFSET 0 keeps the rows of terms outside, so that each is read once. Words that no chunk has are looked for by their halves. A
-- slot is a word, by its number, or behind the words a half, by its own; their weights are one list, which is cheaper than a join.
--
-- k1 is 0.9, b 0.4: passages are of about the same length, and which word a passage has says more than how often. Half of a word counts
-- for less than a whole one. A word of which no chunk has even a half weighs as one that is rarer than all others. `similarity` is NaN
-- where there is no embedding of the question or of the chunk's model. The documents' own numbers of chunks stand for counting them.
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
    SELECT f.slot, f.document_uuid, f.first_chunk + (f.entry & 255) AS chunk_index, f.entry >> 8 AS times,
           f.sizes[(f.entry & 255) + 1] AS size
    FROM (SELECT at.word::integer AS slot, t.document_uuid, t.first_chunk, t.sizes,
                 t.chunks[generate_series(CASE t.keys[at.last - 1] WHEN at.key THEN width_bucket(at.key - 1, t.keys) + 1 ELSE at.last END,
                                          at.last)] AS entry
          FROM v_voice_document_terms t
          CROSS JOIN LATERAL (SELECT asked.word, asked.key, width_bucket(asked.key, t.keys) AS last
                              FROM unnest(:'keys'::integer[]) WITH ORDINALITY AS asked (key, word)
                              WHERE get_bit(t.filter, asked.key & 8191) = 1
                              OFFSET 0) at
          WHERE t.domain_uuid = :'domain_uuid'::uuid AND t.keys[at.last] = at.key
            AND (t.document_uuid IN (SELECT document_uuid FROM excluded)) IS NOT TRUE) f
), missing AS MATERIALIZED (
    SELECT asked.key, cardinality(:'keys'::integer[]) + asked.half AS slot
    FROM unnest(:'near_keys'::integer[], :'near_words'::integer[]) WITH ORDINALITY AS asked (key, word, half)
    WHERE asked.word = ANY (ARRAY(SELECT word
                                  FROM generate_series(1, cardinality(:'keys'::integer[])) AS word
                                  WHERE (SELECT whole.slot FROM whole WHERE whole.slot = word LIMIT 1) IS NULL))
), chosen AS MATERIALIZED (
    SELECT m.slot, m.document_uuid, m.chunk_index, m.times, m.size
    FROM (SELECT slot, document_uuid, chunk_index, times, size
          FROM whole
          UNION ALL
          SELECT f.slot, f.document_uuid, f.first_chunk + (f.entry & 255), f.entry >> 8, f.sizes[(f.entry & 255) + 1]
          FROM (SELECT at.slot::integer AS slot, t.document_uuid, t.first_chunk, t.sizes,
                       t.chunks[generate_series(CASE t.keys[at.last - 1] WHEN at.key THEN width_bucket(at.key - 1, t.keys) + 1
                                                                         ELSE at.last END, at.last)] AS entry
                FROM v_voice_document_terms t
                CROSS JOIN LATERAL (SELECT asked.slot, asked.key, width_bucket(asked.key, t.keys) AS last
                                    FROM missing AS asked
                                    WHERE get_bit(t.filter, asked.key & 8191) = 1
                                    OFFSET 0) at
                WHERE t.domain_uuid = :'domain_uuid'::uuid AND t.keys[at.last] = at.key
                  AND (t.document_uuid IN (SELECT document_uuid FROM excluded)) IS NOT TRUE
                  AND EXISTS (SELECT 1 FROM missing)) f) m
    WHERE :'metadata'::jsonb IS NULL
       OR EXISTS (SELECT 1
                  FROM v_voice_document_chunks c
                  WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.document_uuid = m.document_uuid
                    AND c.chunk_index = m.chunk_index AND c.metadata @> :'metadata'::jsonb)
), tenant AS MATERIALIZED (
    SELECT coalesce(sum(d.chunk_count), 0)::double precision AS chunks
    FROM v_voice_documents d
    WHERE d.domain_uuid = :'domain_uuid'::uuid
), found AS MATERIALIZED (
    SELECT slot, CASE WHEN slot <= cardinality(:'keys'::integer[]) THEN slot
                      ELSE (:'near_words'::integer[])[slot - cardinality(:'keys'::integer[])] END AS word,
           ln(1 + (greatest((SELECT chunks FROM tenant) - count(*), 0) + 0.5) / (count(*) + 0.5::double precision)) AS weight,
           count(*) AS places, sum(size) AS sizes
    FROM chosen
    GROUP BY slot
), weights AS MATERIALIZED (
    SELECT array_agg(CASE WHEN slot = found.word THEN weight ELSE 0.7::double precision * weight END ORDER BY slot) AS list
    FROM generate_series(1, cardinality(:'keys'::integer[]) + cardinality(:'near_keys'::integer[])) AS slot
    LEFT JOIN found USING (slot)
), asked AS MATERIALIZED (
    SELECT sum(coalesce((SELECT max(weight) FROM found WHERE found.word = word.word),
                        ln(1 + ((SELECT chunks FROM tenant) + 0.5) / 0.5::double precision))) AS weight
    FROM generate_series(1, cardinality(:'keys'::integer[])) AS word
), usual AS MATERIALIZED (
    SELECT sum(sizes)::double precision / sum(places)::double precision AS size FROM found
), scored AS (
    SELECT m.document_uuid, m.chunk_index, sum((SELECT list FROM weights)[m.slot]) AS weight,
           sum((SELECT list FROM weights)[m.slot] * m.times * 1.9
               / (0.54::double precision + m.times + 0.36::double precision / (SELECT size FROM usual) * m.size)) AS score
    FROM chosen m
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
