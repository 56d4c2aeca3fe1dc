-- The chunks that share words with the question, best first by BM25, in which a word counts more the fewer of the tenant's chunks have
-- it. `word_share` is the part of the question's weight that a chunk has. Asked by: every search by words, beside the one by vector.
--
-- A word is looked up in each row of terms: in its filter, then by halving. It stands there at the places between those of the key
-- before and its own, mostly at one. OFFSET 0 keeps the rows of terms outside, so that each is read once. Words that no chunk has are
-- looked for by their halves. A slot is a word, by its number, or behind the words a half, by its own; their weights are one list, which
-- is cheaper than a join.
--
-- Only the rarer words find chunks: as many of them as have 1024 places together by what a sample of rows tells, and more while those
-- have fewer than are asked for. Each of a frequent word's thousands of places would cost as much as one of a rare word, and decide less.
-- They count for the best of the chunks that the others find; a frequent half does not count. Where there are few chunks, all words find.
--
-- k1 is 0.9, b 0.4: passages are of about the same length, and which word a passage has says more than how often. Half of a word counts
-- for less than a whole one. A word of which no chunk has even a half weighs as one that is rarer than all others. `similarity` is NaN
-- where there is no embedding of the question or of the chunk's model. The documents' own numbers of chunks stand for counting them.
WITH documents AS MATERIALIZED (
    SELECT d.document_uuid, d.chunk_count,
           (NOT d.enabled OR d.processing_status <> 'ready' OR d.voice_secretary_uuid <> :'voice_secretary_uuid'::uuid
            OR d.terms_version IS DISTINCT FROM :'terms_version'::integer
            OR (d.document_uuid::text = ANY (:'documents'::text[]) OR d.document_name = ANY (:'documents'::text[])) IS FALSE
            OR (d.document_type = ANY (:'document_types'::text[])) IS FALSE
            OR (:'document_types'::text[] IS NOT NULL AND d.document_type IS NULL)) IS TRUE AS excluded
    FROM v_voice_documents d
    WHERE d.domain_uuid = :'domain_uuid'::uuid
), tenant AS MATERIALIZED (
    SELECT coalesce(sum(chunk_count), 0)::double precision AS chunks,
           coalesce(sum(chunk_count) FILTER (WHERE NOT excluded), 0)::double precision AS searched
    FROM documents
), sampled AS MATERIALIZED (
    SELECT document_uuid FROM documents WHERE NOT excluded ORDER BY document_uuid LIMIT 64
), words AS MATERIALIZED (
    SELECT s.slot, s.key, s.places,
           s.rarer + s.places <= 1024 OR s.rarer < :'depth'::integer OR :'metadata'::jsonb IS NOT NULL AS finds
    FROM (SELECT g.slot, g.key, g.places,
                 coalesce(sum(g.places) OVER (ORDER BY g.places, g.slot ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS rarer
          FROM (SELECT asked.slot::integer AS slot, asked.key,
                       coalesce(sum(width_bucket(asked.key * 128 + 127, t.keys) - width_bucket(asked.key * 128 - 1, t.keys))
                                * (SELECT searched FROM tenant) / sum(t.chunks), 0) AS places
                FROM unnest(:'keys'::integer[]) WITH ORDINALITY AS asked (key, slot)
                LEFT JOIN (SELECT t.keys, cardinality(t.sizes) AS chunks
                           FROM sampled s
                           CROSS JOIN LATERAL (SELECT t.keys, t.sizes
                                               FROM v_voice_document_terms t
                                               WHERE t.domain_uuid = :'domain_uuid'::uuid AND t.document_uuid = s.document_uuid
                                                 AND t.first_chunk >= 0
                                               ORDER BY t.first_chunk
                                               LIMIT 8) t
                           LIMIT 64) t ON true
                GROUP BY asked.slot, asked.key) g) s
), whole AS MATERIALIZED (
    SELECT f.slot, f.document_uuid, f.first_chunk + (f.entry & 31) AS chunk_index, (f.entry >> 5 & 3) + 1 AS times,
           f.sizes[(f.entry & 31) + 1] AS size
    FROM (SELECT at.slot, t.document_uuid, t.first_chunk, t.sizes,
                 t.keys[generate_series(width_bucket(at.key * 128 - 1, t.keys) + 1, width_bucket(at.key * 128 + 127, t.keys))] AS entry
          FROM v_voice_document_terms t
          CROSS JOIN LATERAL (SELECT w.slot, w.key
                              FROM words w
                              WHERE w.finds AND get_bit(t.filter, w.key & 8191) = 1
                              OFFSET 0) at
          WHERE t.domain_uuid = :'domain_uuid'::uuid AND t.first_chunk >= 0
            AND (t.document_uuid IN (SELECT document_uuid FROM documents WHERE excluded)) IS NOT TRUE) f
), halves AS MATERIALIZED (
    SELECT s.slot, s.key, s.rarer + s.places <= 1024 OR s.rarer < :'depth'::integer OR :'metadata'::jsonb IS NOT NULL AS finds
    FROM (SELECT g.slot, g.key, g.places,
                 (SELECT count(*) FROM whole)
                 + coalesce(sum(g.places) OVER (ORDER BY g.places, g.slot ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS rarer
          FROM (SELECT (cardinality(:'keys'::integer[]) + asked.half)::integer AS slot, asked.key,
                       coalesce(sum(width_bucket(asked.key * 128 + 127, t.keys) - width_bucket(asked.key * 128 - 1, t.keys))
                                * (SELECT searched FROM tenant) / sum(t.chunks), 0) AS places
                FROM unnest(:'near_keys'::integer[], :'near_words'::integer[]) WITH ORDINALITY AS asked (key, word, half)
                LEFT JOIN (SELECT t.keys, cardinality(t.sizes) AS chunks
                           FROM sampled s
                           CROSS JOIN LATERAL (SELECT t.keys, t.sizes
                                               FROM v_voice_document_terms t
                                               WHERE t.domain_uuid = :'domain_uuid'::uuid AND t.document_uuid = s.document_uuid
                                                 AND t.first_chunk < 0
                                               ORDER BY t.first_chunk
                                               LIMIT 8) t
                           LIMIT 64) t ON true
                WHERE asked.word NOT IN (SELECT slot FROM whole UNION ALL SELECT slot FROM words WHERE NOT finds)
                GROUP BY asked.half, asked.key) g) s
), chosen AS MATERIALIZED (
    SELECT m.slot, m.document_uuid, m.chunk_index, m.times, m.size
    FROM (SELECT slot, document_uuid, chunk_index, times, size
          FROM whole
          UNION ALL
          SELECT f.slot, f.document_uuid, f.first_chunk + (f.entry & 31), (f.entry >> 5 & 3) + 1, f.sizes[(f.entry & 31) + 1]
          FROM (SELECT at.slot, t.document_uuid, -1 - t.first_chunk AS first_chunk, t.sizes,
                       t.keys[generate_series(width_bucket(at.key * 128 - 1, t.keys) + 1, width_bucket(at.key * 128 + 127, t.keys))] AS entry
                FROM v_voice_document_terms t
                CROSS JOIN LATERAL (SELECT h.slot, h.key
                                    FROM halves h
                                    WHERE h.finds AND get_bit(t.filter, h.key & 8191) = 1
                                    OFFSET 0) at
                WHERE t.domain_uuid = :'domain_uuid'::uuid AND t.first_chunk < 0
                  AND (t.document_uuid IN (SELECT document_uuid FROM documents WHERE excluded)) IS NOT TRUE
                  AND EXISTS (SELECT 1 FROM halves)) f) m
    WHERE :'metadata'::jsonb IS NULL
       OR EXISTS (SELECT 1
                  FROM v_voice_document_chunks c
                  WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.document_uuid = m.document_uuid
                    AND c.chunk_index = m.chunk_index AND c.metadata @> :'metadata'::jsonb)
), counted AS MATERIALIZED (
    SELECT slot, count(*)::double precision AS places, sum(size) AS sizes
    FROM chosen
    GROUP BY slot
    UNION ALL
    SELECT slot, places, 0
    FROM words
    WHERE NOT finds
), found AS MATERIALIZED (
    SELECT slot, CASE WHEN slot <= cardinality(:'keys'::integer[]) THEN slot
                      ELSE (:'near_words'::integer[])[slot - cardinality(:'keys'::integer[])] END AS word,
           ln(1 + (greatest((SELECT chunks FROM tenant) - places, 0) + 0.5) / (places + 0.5::double precision)) AS weight
    FROM counted
), weights AS MATERIALIZED (
    SELECT array_agg(CASE WHEN slot = found.word THEN weight ELSE 0.7::double precision * weight END ORDER BY slot) AS list
    FROM generate_series(1, cardinality(:'keys'::integer[]) + cardinality(:'near_keys'::integer[])) AS slot
    LEFT JOIN found USING (slot)
), asked AS MATERIALIZED (
    SELECT sum(coalesce((SELECT max(weight) FROM found WHERE found.word = word.word),
                        ln(1 + ((SELECT chunks FROM tenant) + 0.5) / 0.5::double precision))) AS weight
    FROM generate_series(1, cardinality(:'keys'::integer[])) AS word
), usual AS MATERIALIZED (
    SELECT sum(sizes)::double precision / sum(places) FILTER (WHERE sizes > 0) AS size FROM counted
), partial AS MATERIALIZED (
    SELECT m.document_uuid, m.chunk_index, sum((SELECT list FROM weights)[m.slot]) AS weight,
           sum((SELECT list FROM weights)[m.slot] * m.times * 1.9
               / (0.54::double precision + m.times + 0.36::double precision / (SELECT size FROM usual) * m.size)) AS score
    FROM chosen m
    GROUP BY m.document_uuid, m.chunk_index
    ORDER BY score DESC, m.document_uuid, m.chunk_index
    LIMIT 4 * :'depth'::integer
), scored AS (
    SELECT p.document_uuid, p.chunk_index, p.weight + coalesce(frequent.weight, 0) AS weight,
           p.score + coalesce(frequent.score, 0) AS score
    FROM partial p
    CROSS JOIN LATERAL (SELECT sum((SELECT list FROM weights)[w.slot]) AS weight,
                               sum((SELECT list FROM weights)[w.slot] * ((e.entry >> 5 & 3) + 1) * 1.9
                                   / (0.54::double precision + ((e.entry >> 5 & 3) + 1) + 0.36::double precision / (SELECT size FROM usual)
                                      * t.sizes[p.chunk_index - t.first_chunk + 1])) AS score
                        FROM (SELECT t.first_chunk, t.sizes, t.keys
                              FROM v_voice_document_terms t
                              WHERE t.domain_uuid = :'domain_uuid'::uuid AND t.document_uuid = p.document_uuid
                                AND t.first_chunk >= 0 AND t.first_chunk <= p.chunk_index
                                AND EXISTS (SELECT 1 FROM words WHERE NOT finds)
                              ORDER BY t.first_chunk DESC
                              LIMIT 1) t
                        CROSS JOIN words w
                        CROSS JOIN LATERAL unnest(t.keys[width_bucket(w.key * 128 - 1, t.keys) + 1 : width_bucket(w.key * 128 + 127, t.keys)])
                            AS e (entry)
                        WHERE NOT w.finds AND (e.entry & 31) = p.chunk_index - t.first_chunk) frequent
    ORDER BY score DESC, p.document_uuid, p.chunk_index
    LIMIT :'depth'::integer
)
SELECT c.chunk_uuid, s.document_uuid, d.document_name, s.chunk_index, c.content, c.metadata,
       coalesce(c.similarity, 'NaN') AS similarity, s.score AS word_score,
       least(s.weight / (SELECT weight FROM asked), 1) AS word_share
FROM scored s
CROSS JOIN LATERAL (SELECT n.document_name
                    FROM v_voice_documents n
                    WHERE n.domain_uuid = :'domain_uuid'::uuid AND n.document_uuid = s.document_uuid
                    OFFSET 0) d
CROSS JOIN LATERAL (SELECT k.chunk_uuid, k.content, k.metadata,
                           CASE WHEN k.embedding_model = :'embedding_model'
                                THEN 1 - (k.embedding <=> :'embedding'::vector) END AS similarity
                    FROM v_voice_document_chunks k
                    WHERE k.domain_uuid = :'domain_uuid'::uuid AND k.document_uuid = s.document_uuid
                      AND k.chunk_index = s.chunk_index
                    OFFSET 0) c
ORDER BY s.score DESC, c.chunk_uuid;
