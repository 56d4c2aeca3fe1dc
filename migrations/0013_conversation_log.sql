-- What the conversation log and the sweep need.

-- Which end() has ended a conversation: sent twice, it is known again. NULL: still going on, ended by plain SQL, or by the sweep.
ALTER TABLE v_voice_conversations ADD COLUMN IF NOT EXISTS end_uuid UUID;

-- What an answer used: how near each chunk of rag_chunk_uuids was, and how long it took to find them.
ALTER TABLE v_voice_messages ADD COLUMN IF NOT EXISTS rag_similarities REAL[];
ALTER TABLE v_voice_messages ADD COLUMN IF NOT EXISTS rag_latency_ms INTEGER;

-- The conversations going on: few of millions.
CREATE INDEX IF NOT EXISTS idx_voice_conversations_open ON v_voice_conversations (domain_uuid, started_at) WHERE ended_at IS NULL;

-- Conversations with the call detail records of their calls. The body of a function is not bound to v_xml_cdr: FusionPBX may alter
-- that table or make it later, and whoever selects does so with rights of his own on every server version (a view's are its
-- owner's, and before PostgreSQL 15 cannot be anything else).
SET check_function_bodies = off;
CREATE OR REPLACE FUNCTION voicedb_calls()
RETURNS TABLE (domain_uuid uuid, conversation_uuid uuid, call_uuid uuid, voice_secretary_uuid uuid, caller_id text, caller_name text,
               started_at timestamptz, ended_at timestamptz, duration_ms bigint, turns bigint, messages bigint, final_action text,
               transfer_target text, summary text, ticket_id text, has_cdr boolean, cdr_start timestamptz, cdr_answer timestamptz,
               cdr_end timestamptz, cdr_duration numeric, cdr_billsec numeric, cdr_direction text, cdr_destination_number text,
               cdr_hangup_cause text, cdr_record_path text, cdr_record_name text)
LANGUAGE sql STABLE
AS $$
    SELECT v.domain_uuid, v.conversation_uuid, v.call_uuid, v.voice_secretary_uuid, v.caller_id::text, v.caller_name::text,
           v.started_at, v.ended_at, (extract(epoch FROM v.ended_at - v.started_at) * 1000)::bigint,
           m.turns, m.messages, v.final_action::text, v.transfer_target::text, v.summary, v.ticket_id::text,
           x.xml_cdr_uuid IS NOT NULL, x.start_stamp::timestamptz, x.answer_stamp::timestamptz, x.end_stamp::timestamptz,
           x.duration::numeric, x.billsec::numeric, x.direction::text, x.destination_number::text, x.hangup_cause::text,
           x.record_path::text, x.record_name::text
    FROM public.v_voice_conversations v
    LEFT JOIN public.v_xml_cdr x ON x.xml_cdr_uuid = v.call_uuid AND x.domain_uuid = v.domain_uuid
    CROSS JOIN LATERAL (SELECT count(DISTINCT t.turn_number) AS turns, count(*) AS messages
                        FROM public.v_voice_messages t
                        WHERE t.domain_uuid = v.domain_uuid AND t.conversation_uuid = v.conversation_uuid) m
$$;
RESET check_function_bodies;

CREATE OR REPLACE VIEW view_voice_calls AS SELECT * FROM voicedb_calls();
GRANT SELECT ON view_voice_calls TO voicedb_app;
