-- No row: the tenant has a conversation of this call. Asked by: every call, once.
INSERT INTO v_voice_conversations
    (domain_uuid, conversation_uuid, voice_secretary_uuid, call_uuid, caller_id, caller_name, metadata)
VALUES
    (:'domain_uuid'::uuid, coalesce(:'made_conversation'::uuid, gen_random_uuid()), :'voice_secretary_uuid'::uuid,
     :'call_uuid'::uuid, nullif(:'caller_id', ''), nullif(:'caller_name', ''), coalesce(:'metadata'::jsonb, '{}'))
ON CONFLICT (domain_uuid, call_uuid) DO NOTHING
RETURNING conversation_uuid;
