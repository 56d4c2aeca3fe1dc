/* The specification's two queries, letter by letter. */
#ifndef VDB_TESTS_PG_SPEC_H
#define VDB_TESTS_PG_SPEC_H

#define SPEC_SEARCH                                                                                                    \
    "-- Encontrar chunks mais similares\n"                                                                             \
    "SELECT \n"                                                                                                        \
    "    chunk_uuid,\n"                                                                                                \
    "    content,\n"                                                                                                   \
    "    1 - (embedding <=> $2::vector) as similarity\n"                                                               \
    "FROM v_voice_document_chunks\n"                                                                                   \
    "WHERE domain_uuid = $1\n"                                                                                         \
    "ORDER BY embedding <=> $2::vector\n"                                                                              \
    "LIMIT 5;\n"

#define SPEC_SECRETARY                                                                                                 \
    "SELECT \n"                                                                                                        \
    "    s.*,\n"                                                                                                       \
    "    stt.config as stt_config,\n"                                                                                  \
    "    stt.provider_name as stt_provider,\n"                                                                         \
    "    tts.config as tts_config,\n"                                                                                  \
    "    tts.provider_name as tts_provider,\n"                                                                         \
    "    llm.config as llm_config,\n"                                                                                  \
    "    llm.provider_name as llm_provider\n"                                                                          \
    "FROM v_voice_secretaries s\n"                                                                                     \
    "LEFT JOIN v_voice_ai_providers stt ON s.stt_provider_uuid = stt.provider_uuid\n"                                  \
    "LEFT JOIN v_voice_ai_providers tts ON s.tts_provider_uuid = tts.provider_uuid\n"                                  \
    "LEFT JOIN v_voice_ai_providers llm ON s.llm_provider_uuid = llm.provider_uuid\n"                                  \
    "WHERE s.domain_uuid = $1 AND s.voice_secretary_uuid = $2;\n"

#endif
