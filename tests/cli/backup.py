"""What the tests of backup, restore and the copies of one tenant share."""
import hashlib
import os
import struct
import subprocess
import tempfile

from command import CLINIC_UUID, HOTEL_UUID, SOURCE, Database

VOICE_TABLES = ["v_voice_data_keys", "v_voice_embeddings", "v_voice_embedding_usage", "v_voice_webhook_endpoints", "v_voice_ai_providers",
                "v_voice_tenant_settings", "v_voice_secretaries", "v_voice_documents", "v_voice_transfer_rules", "v_voice_conversations", "v_voice_document_chunks", "v_voice_document_terms",
                "v_voice_messages", "v_voice_webhook_deliveries"]

# One tenant with rows in every table, values that are hard to write down, and `chunks` chunks.
FILL = r"""
INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name, config)
VALUES ('{domain}', 'llm', 'um', '{{"api_key": "sk-\\n\"\\t", "n": 1.50}}'), ('{domain}', 'embeddings', 'builtin', '{{}}');
INSERT INTO v_voice_secretaries (domain_uuid, name, llm_provider_uuid, system_prompt)
SELECT domain_uuid, 'Recepção', provider_uuid, E'a\tb\\c\n\\.\nCOPY public.v_voice_messages (role) FROM stdin;\r\nd'
FROM v_voice_ai_providers WHERE domain_uuid = '{domain}' AND provider_name = 'um';
INSERT INTO v_voice_documents (domain_uuid, document_name, content, content_sha256, processing_status)
VALUES ('{domain}', E'a\\N"{{}}', NULL, sha256('x'), 'ready'), ('{domain}', 'b', '', NULL, 'failed');
INSERT INTO v_voice_document_chunks (domain_uuid, document_uuid, chunk_index, content, embedding, embedding_model)
SELECT d.domain_uuid, d.document_uuid, i, repeat('ção ', i % 7), v.v, 'm'
FROM v_voice_documents d CROSS JOIN generate_series(0, {chunks} - 1) i
CROSS JOIN LATERAL (SELECT array_agg((random() - 0.5)::real)::vector AS v FROM generate_series(1, 1536) n WHERE i >= 0) v
WHERE d.domain_uuid = '{domain}' AND document_name <> 'b';
INSERT INTO v_voice_document_terms (domain_uuid, document_uuid, first_chunk, filter, sizes, keys)
SELECT domain_uuid, document_uuid, 0, repeat('01', 4096)::bit(8192), '{{2,1}}', '{{-2147483647,5,5}}'
FROM v_voice_documents WHERE domain_uuid = '{domain}' AND document_name <> 'b';
INSERT INTO v_voice_embeddings (domain_uuid, embedding_model, content_sha256, embedding_dimensions, embedding)
SELECT domain_uuid, 'm', sha256(convert_to(content, 'UTF8')), 1536, embedding FROM v_voice_document_chunks
WHERE domain_uuid = '{domain}' AND chunk_index = 1;
INSERT INTO v_voice_embedding_usage (domain_uuid, provider_name, embedding_model, requests, texts, tokens, cost)
VALUES ('{domain}', 'builtin', 'm', 1, 2, 3, 0.00000004);
INSERT INTO v_voice_transfer_rules (domain_uuid, department_name, intent_keywords, transfer_extension, working_hours)
VALUES ('{domain}', 'F', ARRAY['a,b', 'c"d', NULL, '\', ''], '200', '{{"a": [1, null]}}');
INSERT INTO v_voice_conversations (domain_uuid, call_uuid, started_at, transfer_rule_uuid)
SELECT domain_uuid, gen_random_uuid(), '2026-01-02 03:04:05.678901+00', transfer_rule_uuid FROM v_voice_transfer_rules
WHERE domain_uuid = '{domain}';
INSERT INTO v_voice_messages (domain_uuid, conversation_uuid, turn_number, role, content, intent_confidence, rag_chunk_uuids)
SELECT domain_uuid, conversation_uuid, 1, 'user', 'é', 0.1, ARRAY(SELECT chunk_uuid FROM v_voice_document_chunks
           WHERE domain_uuid = '{domain}' ORDER BY chunk_index LIMIT 2) FROM v_voice_conversations WHERE domain_uuid = '{domain}';
INSERT INTO v_voice_tenant_settings (domain_uuid) VALUES ('{domain}');
INSERT INTO v_voice_webhook_endpoints (domain_uuid, url, failures) VALUES ('{domain}', 'https://crm.example/?a=\&b', 2);
INSERT INTO v_voice_webhook_deliveries (domain_uuid, conversation_uuid, endpoint_uuid, last_error, last_attempt_at)
SELECT v.domain_uuid, v.conversation_uuid, e.endpoint_uuid, E'a\tb', now()
FROM v_voice_conversations v JOIN v_voice_webhook_endpoints e USING (domain_uuid) WHERE domain_uuid = '{domain}';
"""

ROWS = """
SELECT format('SELECT %L, count(*), md5(coalesce(string_agg(t::text, E''\\n'' ORDER BY t::text), '''')) FROM %I t
               WHERE domain_uuid {} ', tablename, tablename)
FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'v\\_voice\\_%' ORDER BY tablename \\gexec
"""


class Backups(Database):
    """A database with two filled tenants, a folder, and further databases on request."""

    chunks = 30

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.fill(CLINIC_UUID, cls.chunks)
        cls.fill(HOTEL_UUID, cls.chunks // 3)

    @classmethod
    def fill(cls, domain, chunks):
        cls.sql(FILL.format(domain=domain, chunks=chunks))

    def path(self, name):
        """A path in the folder at which nothing is."""
        path = os.path.join(self.folder, name)
        if os.path.exists(path):
            os.unlink(path)
        return path

    def other_database(self, domains=True, schema="tests/fixtures/fusionpbx.sql"):
        """A FusionPBX database with the same domains and no voice tables; its environment, for `env=`."""
        Backups.count += 1
        name = f"voicedb_cli_{os.getpid()}_{Backups.count}_other"
        env = {"PGDATABASE": name}
        subprocess.run(["createdb", "--template=template0", name], check=True)
        self.addCleanup(subprocess.run, ["dropdb", "--force", "--if-exists", name], check=True)
        with open(os.path.join(SOURCE, schema), encoding="utf-8") as fixture:
            self.sql(fixture.read(), env)
        if domains:
            rows = self.sql("SELECT format('INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES (%L, %L, %L);', "
                            "domain_uuid, domain_name, domain_enabled) FROM v_domains")
            self.sql("\n".join(row[0] for row in rows), env)
        return env

    def on_all_tables(self, statement, env=None):
        """TRUNCATE or DROP TABLE of every voice table."""
        self.sql(f"SELECT '{statement} ' || string_agg(quote_ident(tablename), ', ') FROM pg_tables "
                 r"WHERE schemaname = 'public' AND tablename LIKE 'v\_voice\_%' \gexec", env)

    def rows_of(self, domain, env=None):
        return self.sql(ROWS.format(f"= ''{domain}''"), env)

    def rows_of_others(self, domain, env=None):
        return self.sql(ROWS.format(f"<> ''{domain}''"), env)

    def indexes(self, env=None):
        return self.sql("SELECT indexrelid::regclass, indisvalid FROM pg_index "
                        "WHERE indrelid = 'v_voice_document_chunks'::regclass ORDER BY 1", env)


def sealed_by_hash(manifest, text):
    """The bytes of a backup without encryption, as docs/backup.md describes them; `text` is compressed by zstd."""
    head = b"voicedb backup 1\n" + manifest
    body = struct.pack("<II", 0x184D2A50, len(head)) + head
    body += subprocess.run(["zstd", "-qc"], input=text, stdout=subprocess.PIPE, check=True).stdout
    body += struct.pack("<II", 0x184D2A51, 32)
    return body + hashlib.blake2b(body, digest_size=32).digest()


def manifest_and_text(path):
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<I", data[4:8])[0]
    text = subprocess.run(["zstd", "-dqc", path], stdout=subprocess.PIPE, check=True).stdout
    return data[8 + 17:8 + length], text
