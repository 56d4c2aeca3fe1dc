-- What the conversation log and the sweep need.

-- Which end() has ended a conversation: sent twice, it is known again. NULL: still going on, ended by plain SQL, or by the sweep.
ALTER TABLE v_voice_conversations ADD COLUMN IF NOT EXISTS end_uuid UUID;

-- The conversations going on: few of millions.
CREATE INDEX IF NOT EXISTS idx_voice_conversations_open ON v_voice_conversations (domain_uuid, started_at) WHERE ended_at IS NULL;
