-- Whether the tables are voice-ai-ivr's, which name a provider's key so. Asked by: migrate adopt.
-- scope: none
SELECT EXISTS (SELECT 1 FROM pg_attribute
               WHERE attrelid = to_regclass('public.v_voice_ai_providers') AND attname = 'voice_ai_provider_uuid'
                 AND NOT attisdropped) AS foreign_tables,
       to_regclass('public.v_voice_ai_providers') IS NOT NULL AS tables;
