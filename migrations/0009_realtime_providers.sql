-- A database that came from voice-ai-ivr has speech-to-speech providers, of the further type realtime, which its secretaries name in
-- realtime_provider_uuid. That column tells such a database from others, whose providers keep to four types.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_attribute
                   WHERE attrelid = to_regclass('public.v_voice_secretaries') AND attname = 'realtime_provider_uuid'
                     AND NOT attisdropped) THEN
        RETURN;
    END IF;
    ALTER TABLE v_voice_secretaries ADD COLUMN IF NOT EXISTS realtime_provider_uuid UUID;
    IF NOT EXISTS (SELECT 1 FROM pg_constraint
                   WHERE conrelid = 'v_voice_secretaries'::regclass
                     AND conname = 'v_voice_secretaries_domain_uuid_realtime_provider_uuid_fkey') THEN
        ALTER TABLE v_voice_secretaries ADD CONSTRAINT v_voice_secretaries_domain_uuid_realtime_provider_uuid_fkey
            FOREIGN KEY (domain_uuid, realtime_provider_uuid) REFERENCES v_voice_ai_providers (domain_uuid, provider_uuid);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_constraint
                   WHERE conrelid = 'v_voice_ai_providers'::regclass AND conname = 'v_voice_ai_providers_provider_type_check'
                     AND pg_get_constraintdef(oid) LIKE '%''realtime''%') THEN
        ALTER TABLE v_voice_ai_providers DROP CONSTRAINT IF EXISTS v_voice_ai_providers_provider_type_check;
        ALTER TABLE v_voice_ai_providers ADD CONSTRAINT v_voice_ai_providers_provider_type_check
            CHECK (provider_type IN ('stt', 'tts', 'llm', 'embeddings', 'realtime'));
    END IF;
END $$;
