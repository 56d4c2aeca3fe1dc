"""A call told event by event."""
import json

from command import CLINIC_UUID, HOTEL_UUID, NOBODY, Database
import tap

CALL = "4f1d7c1e-8a53-4be5-9d6e-0c7d2b6a9f10"
BARE = "4f1d7c1e-8a53-4be5-9d6e-0c7d2b6a9f11"
SECRETARY = "10000000-0000-4000-8000-000000000001"
RULE = "20000000-0000-4000-8000-000000000001"
DOCUMENT = "30000000-0000-4000-8000-000000000001"
NEAR = "40000000-0000-4000-8000-000000000001"
FOREIGN = "40000000-0000-4000-8000-000000000002"
CONVERSATION = "50000000-0000-4000-8000-000000000001"
ENDPOINT = "60000000-0000-4000-8000-000000000001"
DELIVERY = "70000000-0000-4000-8000-000000000001"

WORLD = f"""
INSERT INTO v_voice_secretaries (domain_uuid, voice_secretary_uuid, name) VALUES ('{CLINIC_UUID}', '{SECRETARY}', 'Ana');
INSERT INTO v_voice_transfer_rules (domain_uuid, transfer_rule_uuid, department_name, transfer_extension)
VALUES ('{CLINIC_UUID}', '{RULE}', 'Recepção', '4000');
INSERT INTO v_voice_documents (domain_uuid, document_uuid, document_name)
VALUES ('{CLINIC_UUID}', '{DOCUMENT}', 'horario.md'), ('{HOTEL_UUID}', '{NOBODY}', 'hotel.md');
INSERT INTO v_voice_document_chunks (domain_uuid, document_uuid, chunk_uuid, chunk_index, content, embedding_model)
VALUES ('{CLINIC_UUID}', '{DOCUMENT}', '{NEAR}', 2, 'Abrimos às 8h.', 'x'),
       ('{HOTEL_UUID}', '{NOBODY}', '{FOREIGN}', 0, 'Temos piscina.', 'x');
INSERT INTO v_voice_conversations (domain_uuid, conversation_uuid, call_uuid, voice_secretary_uuid, caller_id, started_at, ended_at,
                                   final_action, transfer_rule_uuid, transfer_target, summary)
VALUES ('{CLINIC_UUID}', '{CONVERSATION}', '{CALL}', '{SECRETARY}', '+5511987654321', '2026-03-01 12:00:00Z',
        '2026-03-01 12:00:30Z', 'transfer', '{RULE}', '4000', 'Quer saber o horário.'),
       ('{CLINIC_UUID}', '{NOBODY}', '{BARE}', NULL, NULL, '2026-03-01 12:00:00Z', NULL, NULL, NULL, NULL, NULL);
INSERT INTO v_voice_messages (domain_uuid, conversation_uuid, turn_number, role, content, created_at, stt_latency_ms, stt_provider,
                              rag_latency_ms, llm_latency_ms, tts_latency_ms, tokens_used, detected_intent, intent_confidence,
                              rag_chunk_uuids, rag_similarities)
VALUES ('{CLINIC_UUID}', '{CONVERSATION}', 1, 'user', 'Que horas abrem?', '2026-03-01 12:00:02Z', 180, 'whisper', NULL, NULL, NULL,
        NULL, 'hours', 0.5, NULL, NULL),
       ('{CLINIC_UUID}', '{CONVERSATION}', 1, 'assistant', 'Às 8h.', '2026-03-01 12:00:03.5Z', NULL, NULL, 12, 410, 95, 44, NULL, NULL,
        '{{{NEAR},{FOREIGN}}}', '{{0.75,0.5}}'),
       ('{CLINIC_UUID}', '{CONVERSATION}', 2, 'assistant', 'Algo mais?', '2026-03-01 12:00:09Z', NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, '{{{NEAR}}}', NULL);
INSERT INTO v_voice_webhook_endpoints (domain_uuid, endpoint_uuid, url)
VALUES ('{CLINIC_UUID}', '{ENDPOINT}', 'https://omniplay.example/hook');
INSERT INTO v_voice_webhook_deliveries (domain_uuid, conversation_uuid, endpoint_uuid, delivery_uuid, state, attempts, last_attempt_at,
                                        delivered_at, last_status, last_took_ms)
VALUES ('{CLINIC_UUID}', '{CONVERSATION}', '{ENDPOINT}', '{DELIVERY}', 'delivered', 2, '2026-03-01 12:00:31Z',
        '2026-03-01 12:00:31Z', 200, 15);
"""


class Trace(Database):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sql(WORLD)

    def trace(self, name):
        rows = self.clinic_json("conversation", "show", "--trace", name)
        for row in rows:
            self.assertEqual(list(row), ["event", "at", "elapsed_ms", "turn_number", "content", "details"])
        return [tuple(row.values()) for row in rows]

    def test_of_a_whole_call(self):
        events = self.trace(CALL)
        self.assertEqual(events, [
            ("start", "2026-03-01T12:00:00Z", 0, 0, None, {
                "conversation_uuid": CONVERSATION, "call_uuid": CALL, "caller_id": "+5511987654321", "secretary": "Ana"}),
            ("user", "2026-03-01T12:00:02Z", 2000, 1, "Que horas abrem?", {
                "stt_ms": 180, "stt": "whisper", "intent": "hours", "confidence": 0.5}),
            ("assistant", "2026-03-01T12:00:03.5Z", 3500, 1, "Às 8h.", {"rag_ms": 12, "llm_ms": 410, "tts_ms": 95, "tokens": 44}),
            ("chunk", None, 0, 1, "Abrimos às 8h.", {
                "similarity": 0.75, "document": "horario.md", "passage": 3, "chunk_uuid": NEAR}),
            ("chunk", None, 0, 1, None, {"similarity": 0.5, "chunk_uuid": FOREIGN}),
            ("assistant", "2026-03-01T12:00:09Z", 9000, 2, "Algo mais?", {}),
            ("chunk", None, 0, 2, "Abrimos às 8h.", {"document": "horario.md", "passage": 3, "chunk_uuid": NEAR}),
            ("transfer", "2026-03-01T12:00:30Z", 30000, 0, None, {
                "target": "4000", "department": "Recepção", "type": "extension", "transfer_rule_uuid": RULE}),
            ("end", "2026-03-01T12:00:30Z", 30000, 0, "Quer saber o horário.", {"action": "transfer", "turns": 2, "messages": 3}),
            ("webhook", "2026-03-01T12:00:31Z", 31000, 0, None, {
                "state": "delivered", "attempts": 2, "status": 200, "took_ms": 15, "delivery_uuid": DELIVERY}),
        ])
        self.assertEqual(self.trace(CONVERSATION), events)

    def test_of_a_call_in_which_nothing_was_said(self):
        self.assertEqual(self.trace(BARE), [
            ("start", "2026-03-01T12:00:00Z", 0, 0, None, {"conversation_uuid": NOBODY, "call_uuid": BARE})])

    def test_for_people(self):
        lines = self.at_clinic("conversation", "show", "--trace", CALL).splitlines()
        self.assertEqual(len(lines), 11)
        self.assertRegex(lines[3], "3500 +1 +assistant +Às 8h. +rag_ms 12, llm_ms 410, tts_ms 95, tokens 44")
        self.assertRegex(lines[4], "chunk +Abrimos às 8h. +similarity 0.75, document horario.md, passage 3")

    def test_what_is_said_by_the_command_is_told(self):
        found = {"took_ms": {"embed": 0.4, "search": 11.2}, "results": [
            {"chunk_uuid": NEAR, "similarity": 0.75, "content": "Abrimos às 8h."}]}
        conversation = self.clinic_json("conversation", "start")["conversation_uuid"]
        self.at_clinic("conversation", "say", "--role", "user", "--stt", "whisper", "--stt-ms", "180", "--intent", "hours",
                       "--confidence", "0.5", conversation, "Que horas abrem?")
        self.at_clinic("conversation", "say", "--role", "assistant", "--search", "-", "--llm", "openai", "--llm-ms", "410",
                       "--tts", "piper", "--tts-ms", "95", "--tokens", "44", "--audio", "/tmp/a.wav", "--audio-ms", "900",
                       conversation, "Às 8h.", input=json.dumps(found).encode())
        told = [(event[0], event[5]) for event in self.trace(conversation)][1:]
        self.assertEqual(told, [
            ("user", {"stt_ms": 180, "stt": "whisper", "intent": "hours", "confidence": 0.5}),
            ("assistant", {"rag_ms": 12, "llm_ms": 410, "llm": "openai", "tts_ms": 95, "tts": "piper", "tokens": 44,
                           "audio_ms": 900}),
            ("chunk", {"similarity": 0.75, "document": "horario.md", "passage": 3, "chunk_uuid": NEAR})])
        self.assertEqual(self.sql(f"SELECT audio_file_path FROM v_voice_messages WHERE conversation_uuid = '{conversation}' "
                                  "AND role = 'assistant'"), [["/tmp/a.wav"]])
        self.sql(f"DELETE FROM v_voice_conversations WHERE conversation_uuid = '{conversation}'")

    def test_passages_that_only_words_have_found(self):
        found = {"took_ms": {"embed": 0, "search": 1}, "results": [{"chunk_uuid": NEAR, "similarity": None}]}
        conversation = self.clinic_json("conversation", "start")["conversation_uuid"]
        self.at_clinic("conversation", "say", "--role", "assistant", "--search", json.dumps(found), "--rag-ms", "30",
                       conversation, "Às 8h.")
        told = [(event[0], event[5]) for event in self.trace(conversation)][1:]
        self.assertEqual(told, [("assistant", {"rag_ms": 30}),
                                ("chunk", {"document": "horario.md", "passage": 3, "chunk_uuid": NEAR})])
        self.sql(f"DELETE FROM v_voice_conversations WHERE conversation_uuid = '{conversation}'")

    def test_what_is_no_search(self):
        for text in ('{}', '{"results": 5, "took_ms": {}}', '{"results": [{}], "took_ms": {}}', '{"results": []}'):
            self.refused_unchanged("conversation", "say", "--role", "user", "--search", text, BARE, "Oi", status=9,
                                   message="this is not the answer of a search", hint="Give what `voicedb --json search` printed")

    def test_of_nothing_and_of_another_tenants(self):
        self.refused_unchanged("conversation", "show", "--trace", CLINIC_UUID, status=3,
                               message=f'no conversation "{CLINIC_UUID}" in this tenant', hint="Run `voicedb conversation list`")
        self.refused("--domain", "hotel.example", "conversation", "show", "--trace", CALL, status=3,
                     message=f'no conversation "{CALL}" in this tenant', hint="Run `voicedb conversation list`")


if __name__ == "__main__":
    tap.main()
