CREATE TABLE IF NOT EXISTS v_voice_transfer_rules (
    transfer_rule_uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    voice_secretary_uuid UUID, -- NULL: all secretaries of the domain
    department_name VARCHAR(100) NOT NULL,
    intent_keywords TEXT[] NOT NULL DEFAULT '{}',
    intent_patterns TEXT[] NOT NULL DEFAULT '{}',
    destination_type VARCHAR(20) NOT NULL DEFAULT 'extension'
        CHECK (destination_type IN ('extension', 'ring_group', 'queue', 'voicemail', 'ivr_menu', 'external')),
    transfer_extension VARCHAR(50) NOT NULL CHECK (transfer_extension <> ''),
    transfer_message TEXT,
    working_hours JSONB,
    fallback_action VARCHAR(50),
    fallback_extension VARCHAR(50),
    priority INTEGER NOT NULL DEFAULT 100, -- smaller first
    enabled BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (domain_uuid, transfer_rule_uuid),
    FOREIGN KEY (domain_uuid, voice_secretary_uuid)
        REFERENCES v_voice_secretaries (domain_uuid, voice_secretary_uuid) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS idx_voice_transfer_rules_domain_priority ON v_voice_transfer_rules (domain_uuid, priority);
