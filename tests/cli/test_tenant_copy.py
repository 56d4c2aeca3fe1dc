"""One tenant out of a shared database and back, into its own domain or another; the others' rows stay byte for byte."""
import json
import os
import shutil
import subprocess
import unittest

from backup import VOICE_TABLES, Backups, manifest_and_text, sealed_by_hash
from command import CLINIC, CLINIC_UUID, HOTEL, HOTEL_UUID, NOBODY, VOICEDB
import tap

COPY = "copy.example"
COPY_UUID = "00000000-0000-4000-8000-00000000000c"
REFERENCES = """
SELECT count(*), count(s.llm_provider_uuid), count(p.provider_name) FROM v_voice_secretaries s
LEFT JOIN v_voice_ai_providers p ON p.provider_uuid = s.llm_provider_uuid AND p.domain_uuid = s.domain_uuid
WHERE s.domain_uuid = '{0}';
SELECT m.content, r.department_name, (SELECT array_agg(c.chunk_index ORDER BY place) FROM unnest(m.rag_chunk_uuids) WITH ORDINALITY u (id, place)
        JOIN v_voice_document_chunks c ON c.chunk_uuid = id AND c.domain_uuid = m.domain_uuid)
FROM v_voice_messages m JOIN v_voice_conversations v USING (domain_uuid, conversation_uuid)
JOIN v_voice_transfer_rules r USING (domain_uuid, transfer_rule_uuid) WHERE m.domain_uuid = '{0}';
"""


class Copies(Backups):
    def setUp(self):
        self.sql(f"INSERT INTO v_domains (domain_uuid, domain_name) VALUES ('{COPY_UUID}', '{COPY}') ON CONFLICT DO NOTHING")
        for table in reversed(VOICE_TABLES):
            self.sql(f"DELETE FROM {table} WHERE domain_uuid IN ('{CLINIC_UUID}', '{COPY_UUID}')")
        self.fill(CLINIC_UUID, 10)

    def export(self, *options):
        path = self.path("clinic.vdb")
        self.at_clinic("tenant", "export", *options, path)
        return path

    def test_out_and_back(self):
        mine, others = self.rows_of(CLINIC_UUID), self.rows_of_others(CLINIC_UUID)
        path = self.export()
        self.assertEqual(self.rows_of(CLINIC_UUID), mine)
        made = self.json("backup", "verify", path)
        self.assertEqual((made["kind"], made["tenants"]), ("tenant", 1))
        self.assertEqual({t["name"]: str(t["rows"]) for t in made["tables"]}, {row[0]: row[1] for row in mine})
        erased = self.clinic_json("tenant", "erase", "--confirm", CLINIC)
        self.assertEqual({row["name"]: str(row["rows"]) for row in erased}, {row[0]: row[1] for row in mine})
        self.assertEqual({row[1] for row in self.rows_of(CLINIC_UUID)}, {"0"})
        self.assertEqual(self.rows_of_others(CLINIC_UUID), others)
        for _ in range(2):
            self.voicedb("tenant", "import", path)
            self.assertEqual(self.rows_of(CLINIC_UUID), mine)
            self.assertEqual(self.rows_of_others(CLINIC_UUID), others)

    def test_into_another_domain_beside_the_first(self):
        before, path = self.rows_of_others(COPY_UUID), self.export()
        for _ in range(2):
            self.voicedb("tenant", "import", "--into", COPY, path)
            self.assertEqual(self.rows_of_others(COPY_UUID), before)
        self.assertEqual({row[0]: row[1] for row in self.rows_of(COPY_UUID)}, {row[0]: row[1] for row in self.rows_of(CLINIC_UUID)})
        self.assertEqual(self.sql(REFERENCES.format(COPY_UUID)), self.sql(REFERENCES.format(CLINIC_UUID)))
        self.assertEqual(self.sql("SELECT count(*), count(DISTINCT chunk_uuid) FROM v_voice_document_chunks")[0][0],
                         self.sql("SELECT count(DISTINCT chunk_uuid) FROM v_voice_document_chunks")[0][0])
        self.assertEqual(self.sql(f"SELECT md5(string_agg(embedding::text || content, '' ORDER BY chunk_index)) "
                                  f"FROM v_voice_document_chunks WHERE domain_uuid = '{COPY_UUID}'"),
                         self.sql(f"SELECT md5(string_agg(embedding::text || content, '' ORDER BY chunk_index)) "
                                  f"FROM v_voice_document_chunks WHERE domain_uuid = '{CLINIC_UUID}'"))

    def test_into_another_database(self):
        path, env = self.export(), self.other_database()
        self.refused("tenant", "import", path, status=7, message=self.any_message(path, env), hint="Run `voicedb migrate`", env=env)
        self.voicedb("migrate", env=env)
        self.voicedb("tenant", "import", path, env=env)
        self.assertEqual(self.rows_of(CLINIC_UUID, env), self.rows_of(CLINIC_UUID))
        self.sql(f"DELETE FROM v_domains WHERE domain_uuid = '{CLINIC_UUID}'", env)
        self.refused("tenant", "import", path, status=3, message=f"the tenant's own domain {CLINIC_UUID} is not here",
                     hint="Write --into DOMAIN", env=env)
        self.refused("tenant", "import", "--into", NOBODY, path, status=3, message=f'there is no domain "{NOBODY}"',
                     hint="Run `voicedb tenant list`", env=env)
        self.voicedb("tenant", "import", "--into", HOTEL, path, env=env)
        self.assertEqual({row[1] for row in self.rows_of_others(HOTEL_UUID, env)}, {"0"})

    def any_message(self, path, env):
        return self.run_raw("tenant", "import", path, env=env).stderr.decode().splitlines()[0].removeprefix("voicedb: ")

    def test_rows_that_are_there(self):
        path = self.export()
        self.sql(f"UPDATE v_voice_secretaries SET name = 'other' WHERE domain_uuid = '{CLINIC_UUID}'")
        before, all_rows = self.rows_of_others(CLINIC_UUID), self.state()
        rows = sum(int(row[1]) for row in self.rows_of(CLINIC_UUID))
        self.refused("tenant", "import", path, status=4, message=f"the tenant has {rows} rows here", hint="Write --replace")
        self.assertEqual(self.state(), all_rows)
        self.voicedb("tenant", "import", "--replace", path)
        self.assertEqual(self.rows_of_others(CLINIC_UUID), before)
        self.assertEqual(self.sql(f"SELECT name FROM v_voice_secretaries WHERE domain_uuid = '{CLINIC_UUID}'"), [["Recepção"]])

    def test_encrypted(self):
        key = self.path("key")
        self.voicedb("backup", "key", key)
        path, before = self.export("--key", key), self.rows_of(CLINIC_UUID)
        self.refused("tenant", "import", path, status=2, message=f"{path} is encrypted", hint="Write --key FILE")
        self.at_clinic("tenant", "erase", "--confirm", CLINIC)
        self.voicedb("tenant", "import", "--key", key, path)
        self.assertEqual(self.rows_of(CLINIC_UUID), before)

    def test_an_erasure_wants_the_name(self):
        before = self.state()
        for confirm in ([], ["--confirm", ""], ["--confirm", CLINIC.upper()], ["--confirm", HOTEL]):
            self.refused("--domain", CLINIC, "tenant", "erase", *confirm, status=2,
                         message=f"the erasure of {CLINIC} is not confirmed", hint="Write --confirm")
        counted = self.clinic_json("tenant", "erase", "--dry-run")
        self.assertEqual({r["name"]: str(r["rows"]) for r in counted}, {r[0]: r[1] for r in self.rows_of(CLINIC_UUID)})
        self.assertEqual(self.state(), before)

    def test_who_is_bound_to_a_tenant_may_not(self):
        role, path = f"voicedb_copy_{os.getpid()}", self.export()
        self.sql(f"CREATE ROLE {role} LOGIN IN ROLE voicedb_app")
        self.addCleanup(self.sql, f"DROP ROLE {role}")
        before = self.state()
        for args in (["--domain", CLINIC, "tenant", "export", self.path("x.vdb")], ["tenant", "import", "--replace", path],
                     ["--domain", CLINIC, "tenant", "erase", "--confirm", CLINIC]):
            self.refused(*args, status=5, message="rows of v_voice_data_keys are hidden from this role",
                         hint="Connect as the tables' owner", env={"PGUSER": role})
        self.assertEqual(self.state(), before)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "x.vdb")))

    def test_backups_and_copies_are_told_apart(self):
        path, backup = self.export(), self.path("all.vdb")
        self.voicedb("backup", backup)
        self.refused("restore", path, status=2, message="this is the copy of one tenant", hint="Run `voicedb tenant import`")
        self.refused("tenant", "import", backup, status=2, message=f"{backup} is not the copy of one tenant",
                     hint="Give a file that `voicedb tenant export`")

    def test_two_imports_at_once(self):
        path, before = self.export(), self.state()
        self.at_clinic("tenant", "erase", "--confirm", CLINIC)
        runs = [subprocess.Popen([VOICEDB, "tenant", "import", path], env=os.environ | self.environment,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(3)]
        self.assertEqual([run.wait(timeout=60) for run in runs], [0, 0, 0])
        self.assertEqual(self.state(), before)

    @unittest.skipUnless(shutil.which("zstd"), "no zstd here")
    def test_a_file_cannot_reach_another_tenant(self):
        path = self.export()
        manifest, text = manifest_and_text(path)
        self.at_clinic("tenant", "erase", "--confirm", CLINIC)
        before = self.state()
        mine, theirs = CLINIC_UUID.encode(), HOTEL_UUID.encode()
        for bad in (text.replace(mine, theirs, 1), text[:text.rindex(mine)] + theirs + text[text.rindex(mine) + 36:],
                    text.replace(b"\t" + mine, b"\t", 1), text.replace(b"domain_uuid", b"call_uuid", 1)):
            self.assertNotEqual(bad, text)
            with open(path, "wb") as file:
                file.write(sealed_by_hash(manifest, bad))
            done = self.run_raw("tenant", "import", path)
            self.assertEqual((done.returncode, done.stdout), (9, b""), done.stderr)
            self.assertEqual(self.state(), before)
        claimed = json.loads(manifest)
        for table in claimed["tables"]:
            for column in table["columns"]:
                column["type"] = "text; DROP TABLE v_domains"
        claimed["tables"][0]["columns"].append({"name": "x\" text; DROP TABLE v_domains; --", "type": "text); --", "key": False})
        with open(path, "wb") as file:
            file.write(sealed_by_hash(json.dumps(claimed).encode(), text))
        self.assertNotEqual(self.run_raw("tenant", "import", path).returncode, 0)
        self.assertEqual(self.state(), before)


if __name__ == "__main__":
    tap.main()
