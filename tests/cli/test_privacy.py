"""What is kept of callers: found, handed out, erased so that no backup brings it back, and removed when its time is over."""
import json
import os
import subprocess

from backup import Backups
from command import CLINIC, CLINIC_UUID, HOTEL, HOTEL_UUID, Database
import tap

CALLER = "+5511987654321"
SPELLINGS = [CALLER, "11987654321", "+55 (11) 98765-4321"]
OTHERS = ["+5521987654321", "987654321", "anonymous"]

CALLS = """
DELETE FROM v_voice_conversations;
INSERT INTO v_voice_conversations (domain_uuid, caller_id, summary, started_at, ended_at)
SELECT domain_uuid, caller, 'Resumo de ' || caller, now() - interval '2 days', now() - interval '2 days'
FROM v_domains, unnest(ARRAY[{callers}]) AS caller;
INSERT INTO v_voice_messages (domain_uuid, conversation_uuid, turn_number, role, content, audio_file_path, rag_chunk_uuids)
SELECT domain_uuid, conversation_uuid, n, 'user', 'Aqui fala ' || caller_id, CASE n WHEN 1 THEN '/var/' || caller_id || '.wav' END,
       CASE n WHEN 2 THEN ARRAY[gen_random_uuid()] END
FROM v_voice_conversations, generate_series(1, 3) n;
DELETE FROM v_voice_webhook_endpoints;
INSERT INTO v_voice_webhook_endpoints (domain_uuid, url) SELECT domain_uuid, 'https://crm.example/' FROM v_domains;
INSERT INTO v_voice_webhook_deliveries (domain_uuid, conversation_uuid, endpoint_uuid, state)
SELECT v.domain_uuid, v.conversation_uuid, e.endpoint_uuid, 'dead'
FROM v_voice_conversations v JOIN v_voice_webhook_endpoints e USING (domain_uuid);
DELETE FROM voicedb_erasures; DELETE FROM v_voice_tenant_settings;
""".format(callers=", ".join(f"'{c}'" for c in SPELLINGS + OTHERS))


class Privacy(Backups):
    def setUp(self):
        super().setUp()
        self.sql(CALLS)
        self.key = self.path("erasure.key")
        self.voicedb("backup", "key", self.key)

    def erase(self, caller=CALLER, domain=CLINIC):
        return json.loads(self.voicedb("--json", "--domain", domain, "privacy", "erase", "--caller", caller, "--erasure-key", self.key))

    def callers(self, domain=CLINIC_UUID):
        return sorted(row[0] for row in self.sql(f"SELECT caller_id FROM v_voice_conversations WHERE domain_uuid = '{domain}'"))

    def traces_of_caller(self, domain=CLINIC_UUID):
        """Tables of the tenant in which a row still speaks of the caller."""
        tables = [row[0] for row in self.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename ~ '^(v_voice_|voicedb_)'")]
        return [t for t in tables if t != "voicedb_migrations" and self.sql(
            f"SELECT 1 FROM {t} t WHERE domain_uuid = '{domain}' AND t::text ~ '11.{{0,2}}98765-?4321'")]


class Rights(Privacy):
    def test_find_counts_by_spelling(self):
        rows = self.clinic_json("privacy", "find", "--caller", "+55 11 98765 4321")
        self.assertEqual([r["caller_id"] for r in rows], sorted(SPELLINGS))
        for row in rows:
            self.assertEqual([row[name] for name in ("conversations", "summaries", "messages", "recordings", "traces", "notices")],
                             [1, 1, 3, 1, 1, 1])
        self.assertEqual([r["caller_id"] for r in self.clinic_json("privacy", "find", "--caller", "987654321")], ["987654321"])
        self.assertEqual([r["caller_id"] for r in self.clinic_json("privacy", "find", "--caller", "anonymous")], ["anonymous"])
        self.assertEqual(self.clinic_json("privacy", "find", "--caller", "+5531987654321"), [])

    def test_export_holds_everything(self):
        copy = json.loads(self.at_clinic("privacy", "export", "--caller", CALLER))
        self.assertEqual((copy["domain_name"], copy["caller"], len(copy["conversations"])), (CLINIC, CALLER, 3))
        one = next(c for c in copy["conversations"] if c["conversation"]["caller_id"] == CALLER)
        self.assertEqual(one["conversation"]["summary"], f"Resumo de {CALLER}")
        self.assertEqual([m["content"] for m in one["messages"]], [f"Aqui fala {CALLER}"] * 3)
        self.assertEqual(one["messages"][0]["audio_file_path"], f"/var/{CALLER}.wav")
        self.assertEqual([n["state"] for n in one["notices"]], ["dead"])

    def test_erase_leaves_nothing_of_the_caller_and_all_of_others(self):
        hotel = self.rows_of(HOTEL_UUID)
        erased = self.erase()
        self.assertEqual(erased, {"conversations": 3, "messages": 9, "notices": 3,
                                  "recordings": sorted(f"/var/{s}.wav" for s in SPELLINGS)})
        self.assertEqual(self.callers(), sorted(OTHERS))
        self.assertEqual(self.traces_of_caller(), [])
        self.assertEqual(self.rows_of(HOTEL_UUID), hotel)
        self.assertEqual(self.erase(), {"conversations": 0, "messages": 0, "notices": 0, "recordings": []})

    def test_the_ledger_tells_nothing_without_its_key(self):
        for domain in (CLINIC, HOTEL):
            self.erase(domain=domain)
            self.erase("11987654321", domain=domain)
        hashes = [row[0] for row in self.sql("SELECT encode(substr(caller_hashes, n * 16 + 1, 16), 'hex') FROM voicedb_erasures, "
                                             "generate_series(0, octet_length(caller_hashes) / 16 - 1) n")]
        self.assertEqual(len(hashes), 2 * (4 + 2))
        self.assertEqual(len(set(hashes)), 2 * 4, "within a tenant ends meet, two tenants' never")
        for guess in SPELLINGS + ["5511987654321"]:
            for digest in self.sql(f"SELECT left(md5('{guess}'), 32), left(encode(sha256('{guess}'), 'hex'), 32)")[0]:
                self.assertNotIn(digest, hashes)

    def test_bad_input(self):
        for caller in ("", "1" * 300):
            self.refused_unchanged("privacy", "find", "--caller", caller, status=2, message=f'"{caller[:64]}" is no caller', hint="Give the number")
        self.refused_unchanged("privacy", "erase", "--caller", CALLER, "--erasure-key", self.path("none"), status=9,
                               message=f"cannot read {self.path('none')}: No such file or directory", hint="")
        os.chmod(self.key, 0o644)
        self.addCleanup(os.chmod, self.key, 0o600)
        self.refused_unchanged("privacy", "erase", "--caller", CALLER, "--erasure-key", self.key, status=5,
                               message=f"the key file {self.key} is open to others", hint="Run `chmod 600`")

    def test_a_members_login_may(self):
        role = f"voicedb_privacy_{os.getpid()}"
        self.sql(f"CREATE ROLE {role} LOGIN IN ROLE voicedb_app")
        self.addCleanup(self.sql, f"DROP ROLE {role}")
        done = self.at_clinic("--json", "privacy", "erase", "--caller", CALLER, "--erasure-key", self.key, env={"PGUSER": role})
        self.assertEqual(json.loads(done)["conversations"], 3)
        self.assertEqual(len(self.callers(HOTEL_UUID)), 6)


class BroughtBack(Privacy):
    """Backups and copies from before an erasure."""

    def test_a_restore_leaves_out_the_erased(self):
        backup = self.path("before.vdb")
        self.voicedb("backup", backup)
        hotel = self.rows_of(HOTEL_UUID)
        self.erase()
        self.sql(f"""INSERT INTO v_voice_conversations (domain_uuid, caller_id, started_at) VALUES ('{CLINIC_UUID}', '{CALLER}', now())""")
        self.refused_unchanged("restore", "--replace", backup, domain=CLINIC, status=2, hint="Write --erasure-key",
                               message="callers were erased here, and must not come back: the key "
                                       f"{self.sql('SELECT key_id FROM voicedb_erasures')[0][0]} of the ledger is needed")
        self.voicedb("restore", "--replace", "--erasure-key", self.key, backup)
        self.assertEqual(self.callers(), sorted(OTHERS))
        self.assertEqual(self.traces_of_caller(), [])
        self.assertEqual(self.rows_of(HOTEL_UUID), hotel)
        self.assertEqual(self.sql("SELECT count(*) FROM voicedb_erasures"), [["1"]])

    def test_who_calls_again_after_it_is_kept(self):
        self.erase()
        self.sql(f"""INSERT INTO v_voice_conversations (domain_uuid, caller_id, started_at)
                     VALUES ('{CLINIC_UUID}', '{CALLER}', now() + interval '1 second')""")
        backup = self.path("after.vdb")
        self.voicedb("backup", backup)
        self.voicedb("restore", "--replace", "--erasure-key", self.key, backup)
        self.assertIn(CALLER, self.callers())

    def test_another_key_is_not_enough_and_several_may_be_given(self):
        backup, other = self.path("before.vdb"), self.path("other.key")
        self.voicedb("backup", backup)
        self.voicedb("backup", "key", other)
        self.erase()
        self.at_clinic("privacy", "erase", "--caller", "anonymous", "--erasure-key", other)
        self.assertEqual(self.run_raw("restore", "--replace", "--erasure-key", other, backup).returncode, 2)
        self.voicedb("restore", "--replace", "--erasure-key", other, "--erasure-key", self.key, backup)
        self.assertEqual(self.callers(), sorted(set(OTHERS) - {"anonymous"}))

    def test_spellings_that_only_the_backup_has(self):
        backup = self.path("before.vdb")
        self.voicedb("backup", backup)
        self.sql("DELETE FROM v_voice_conversations")
        self.erase("1987654321")
        self.voicedb("restore", "--replace", "--erasure-key", self.key, backup)
        self.assertEqual(self.callers(), sorted(OTHERS[1:]), "a number of ten digits is the end of those")
        self.assertEqual(len(self.callers(HOTEL_UUID)), 6)

    def test_an_import_leaves_out_the_erased(self):
        copy = self.path("clinic.vdb")
        self.at_clinic("tenant", "export", copy)
        self.erase()
        self.assertEqual(self.run_raw("tenant", "import", "--replace", copy).returncode, 2)
        self.voicedb("tenant", "import", "--replace", "--erasure-key", self.key, copy)
        self.assertEqual(self.callers(), sorted(OTHERS))
        self.voicedb("tenant", "import", "--replace", "--into", HOTEL, "--erasure-key", self.key, copy)
        self.assertEqual(self.callers(HOTEL_UUID), sorted(OTHERS), "nor by way of another domain")
        self.assertEqual(self.traces_of_caller(HOTEL_UUID), [])

    def test_a_plain_dump_leaves_out_the_erased(self):
        dump = self.path("before.sql")
        subprocess.run(["pg_dump", "-t", "v_voice_*", "-f", dump, self.database], check=True)
        self.erase()
        self.voicedb("restore", "--replace", "--erasure-key", self.key, dump)
        self.assertEqual(self.callers(), sorted(OTHERS))


class Retention(Privacy):
    def terms(self):
        return {r["name"]: (r["action"], r["dead_before"], r["dead_after"]) for r in self.json("maintain") if r["kind"] == "term"}

    def counts(self, domain=CLINIC_UUID):
        return [int(n) for n in self.sql(f"""SELECT count(DISTINCT v.conversation_uuid), count(m), count(m.audio_file_path), count(m.rag_chunk_uuids)
            FROM v_voice_conversations v LEFT JOIN v_voice_messages m USING (domain_uuid, conversation_uuid) WHERE v.domain_uuid = '{domain}'""")[0]]

    def age(self, days):
        self.sql(f"UPDATE v_voice_conversations SET started_at = now() - interval '{days} days' WHERE caller_id = '{CALLER}'")

    def test_each_kind_has_its_term(self):
        self.assertEqual(self.clinic_json("privacy", "retention"),
                         {"messages_days": 0, "recordings_days": 0, "traces_days": 0, "conversations_days": 0})
        self.assertEqual(self.terms(), {})
        for kind, wanted in (("traces", [6, 18, 6, 5]), ("recordings", [6, 18, 5, 5]), ("messages", [6, 15, 5, 5]), ("conversations", [5, 15, 5, 5])):
            self.age(31)
            self.at_clinic("privacy", "retention", f"--{kind}", "30")
            planned = {r["name"]: (r["action"], r["dead_before"], r["reason"]) for r in self.json("maintain", "--dry-run") if r["kind"] == "term"}
            gone = 3 if kind == "messages" else 1
            self.assertEqual(planned[f"{CLINIC} {kind}"], ("remove", gone, "older than 30 days"))
            self.assertEqual(self.terms()[f"{CLINIC} {kind}"], ("remove", gone, 0))
            self.assertEqual(self.counts(), wanted)
            self.assertEqual(self.terms()[f"{CLINIC} {kind}"], ("none", 0, 0))
        self.assertEqual(self.counts(HOTEL_UUID), [6, 18, 6, 6])

    def test_more_than_one_statement_removes(self):
        self.sql(f"""INSERT INTO v_voice_conversations (domain_uuid, caller_id, started_at)
                     SELECT '{CLINIC_UUID}', 'old', now() - interval '40 days' FROM generate_series(1, 12000)""")
        self.at_clinic("privacy", "retention", "--conversations", "30")
        self.assertEqual(self.terms(), {f"{CLINIC} conversations": ("remove", 12000, 0)})
        self.assertEqual(self.callers(), sorted(SPELLINGS + OTHERS))

    def test_terms_are_set_one_by_one_and_ended(self):
        self.at_clinic("privacy", "retention", "--messages", "90", "--conversations", "730")
        self.assertEqual(self.clinic_json("privacy", "retention", "--messages", "0"),
                         {"messages_days": 0, "recordings_days": 0, "traces_days": 0, "conversations_days": 730})
        self.refused_unchanged("privacy", "retention", "--messages", "-1", status=2, message="--messages cannot be -1", hint="")


if __name__ == "__main__":
    tap.main()
