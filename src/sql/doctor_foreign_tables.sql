-- Whether the voice tables are those of voice-ai-ivr, which `migrate adopt` takes over: they call a provider's key otherwise.
-- Asked by: doctor, where no migration was applied.
-- scope: none
SELECT EXISTS (SELECT 1 FROM pg_attribute
               WHERE attrelid = to_regclass('public.v_voice_ai_providers') AND attname = 'voice_ai_provider_uuid'
                 AND NOT attisdropped) AS adoptable;
