"""Conversations that their process has left: in a spool on disk, and going on in the database. The spool's bytes are made here, by
the description in docs/conversations.md and src/calls/format.h."""
import hashlib
import json
import os
import struct
import tempfile
import uuid

from command import CLINIC, CLINIC_UUID, HOTEL, NOBODY, Database
import tap

KEY = bytes(range(16))
AT = 1767225600_000000  # 2026-01-01T00:00:00Z
START, SAY, END = 1, 2, 3
FIELDS = {START: 4, SAY: 16, END: 5}


def blake(data, key=b""):
    return hashlib.blake2b(data, key=key, digest_size=16).digest()


def record(kind, sequence, conversation, turn=0, domain=CLINIC_UUID, fields=()):
    payload = b""
    for i in range(FIELDS[kind]):
        value = fields[i].encode() if i < len(fields) and fields[i] is not None else None
        payload += struct.pack("<I", 0xFFFFFFFF) if value is None else struct.pack("<I", len(value)) + value
    head = struct.pack("<4sIQBBHIq", b"\xf5VDr", len(payload), sequence, kind, 1, 0, turn, AT + sequence)
    head += uuid.UUID(domain).bytes + uuid.UUID(conversation).bytes + bytes(16) + blake(payload)
    return head + blake(head, KEY) + payload


def mark(offset, sequence):
    place = struct.pack("<QQ", offset, sequence)
    return place + blake(place, KEY)


def segment(*records):
    head = struct.pack("<8sII16sQq", b"VDBSPOOL", 1, 1, KEY, 1, AT)
    return head + blake(head, KEY) + mark(128 + sum(map(len, records)), len(records)) + mark(128, 0) + b"".join(records)


class Spool(Database):
    def setUp(self):
        self.sql("DELETE FROM v_voice_conversations")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def leave(self, *records):
        for name, content in (("a.lock", b"123\n"), ("a-000001.spool", segment(*records))):
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(content)

    def leave_a_call(self):
        self.call = str(uuid.uuid4())
        self.leave(record(START, 1, self.call, fields=["", "+5511987654321"]),
                   record(SAY, 2, self.call, 1, fields=["user", "Bom dia!"]),
                   record(SAY, 3, self.call, 1, fields=["assistant", "Bom dia. Em que posso ajudar?"]),
                   record(END, 4, self.call, fields=["transfer", None, "4000", "Quer falar com alguém."]))

    def spools(self, *options, **more):
        return self.json("conversation", "spool", self.folder, *options, **more)

    def test_it_is_shown(self):
        self.assertEqual(self.spools(), [])
        self.leave_a_call()
        row = self.spools()[0]
        self.assertEqual((row["name"], row["state"], row["process"], row["waiting"], row["since"]),
                         ("a", "orphan", 123, 4, "2026-01-01T00:00:00Z"))
        self.assertEqual(row["bytes"], os.path.getsize(os.path.join(self.folder, "a-000001.spool")))
        self.assertIn("orphan", self.voicedb("conversation", "spool", self.folder))

    def test_it_is_sent(self):
        self.leave_a_call()
        self.assertEqual(self.spools("--send"), [])
        self.assertEqual(os.listdir(self.folder), [])
        shown = self.clinic_json("conversation", "show", self.call)
        self.assertEqual((shown["caller_id"], shown["final_action"], shown["transfer_target"], shown["summary"]),
                         ("+5511987654321", "transfer", "4000", "Quer falar com alguém."))
        self.assertEqual((shown["started_at"], shown["ended_at"]), ("2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.000004Z"))
        self.assertEqual([(t["turn_number"], t["role"], t["content"]) for t in shown["transcript"]],
                         [(1, "user", "Bom dia!"), (1, "assistant", "Bom dia. Em que posso ajudar?")])

    def test_it_stays_while_the_database_is_away(self):
        self.leave_a_call()
        self.refused("conversation", "spool", self.folder, "--send", "--timeout", "1", "--conninfo", "host=/nonexistent", status=6,
                     message="4 records are not in the database after 1000 ms", hint="Wait for it",
                     detail=".*the database cannot be reached.*")
        self.assertEqual(self.spools()[0]["waiting"], 4)

    def test_what_is_refused_is_shown(self):
        self.leave(record(SAY, 1, NOBODY, 1, fields=["user", "Alô?"]))
        rows = self.spools("--send")
        self.assertEqual([(row["name"], row["state"], row["waiting"]) for row in rows], [("dead.jsonl", "dead", 1)])
        dead = json.loads(self.voicedb("conversation", "spool", self.folder, "--dead"))
        self.assertEqual((dead["kind"], dead["domain_uuid"], dead["conversation_uuid"], dead["turn_number"], dead["role"],
                          dead["content"], dead["at"]),
                         ("say", CLINIC_UUID, NOBODY, 1, "user", "Alô?", "2026-01-01T00:00:00.000001Z"))
        self.assertEqual(dead["reason"], f"no conversation {NOBODY} in this tenant")

    def test_what_is_damaged_is_kept(self):
        self.leave_a_call()
        with open(os.path.join(self.folder, "a-000001.spool"), "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"?")
        done = self.run_raw("conversation", "spool", self.folder, "--send")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("record 4 of a-000001.spool cannot be read: the checksum is wrong", done.stderr.decode())
        self.assertEqual([(row["name"], row["state"]) for row in self.spools()], [("a-000001.damaged", "damaged")])
        self.assertIsNone(self.clinic_json("conversation", "show", self.call)["ended_at"])

    def test_a_directory_that_is_none(self):
        misspelt = os.path.join(self.folder, "spoool")
        for options in ([], ["--send"], ["--dead"]):
            self.refused("conversation", "spool", misspelt, *options, status=9, message=f"{misspelt} cannot be read",
                         hint="Name the directory", detail="No such file or directory")
        self.assertEqual(os.listdir(self.folder), [])


class Sweep(Database):
    def begin(self, age, *turns):
        made = self.sql(f"INSERT INTO v_voice_conversations (domain_uuid, started_at) VALUES ('{CLINIC_UUID}', now() - interval '{age} s')"
                        " RETURNING conversation_uuid")[0][0]
        for number, turn in enumerate(turns, 1):
            self.sql("INSERT INTO v_voice_messages (domain_uuid, conversation_uuid, turn_number, role, content, created_at) VALUES "
                     f"('{CLINIC_UUID}', '{made}', {number}, 'user', 'x', now() - interval '{turn} s')")
        return made

    def swept(self):
        return {row[0]: tuple(row[1:]) for row in self.sql(
            "SELECT conversation_uuid, final_action, round(extract(epoch FROM now() - ended_at) / 100) FROM v_voice_conversations "
            "WHERE ended_at IS NOT NULL")}

    def setUp(self):
        self.sql("DELETE FROM v_voice_conversations")

    def test_of_all_tenants(self):
        silent, spoken, fresh, talking = self.begin(7200), self.begin(9000, 8000, 5000), self.begin(60), self.begin(9000, 10)
        self.assertEqual(self.voicedb("conversation", "sweep"), "2\n")
        self.assertEqual(self.swept(), {silent: ("abandoned", "72"), spoken: ("abandoned", "50")})
        self.assertEqual(self.json("conversation", "sweep", "--idle", "5"), {"ended": 2})
        self.assertEqual(set(self.swept()), {silent, spoken, fresh, talking})

    def test_of_one_tenant(self):
        self.begin(7200)
        self.assertEqual(self.at_hotel("conversation", "sweep"), "0\n")
        self.assertEqual(self.at_clinic("conversation", "sweep"), "1\n")

    def test_only_the_owner_sees_all_tenants(self):
        role = f"voicedb_sweep_{os.getpid()}"
        self.sql(f"CREATE ROLE {role} LOGIN IN ROLE voicedb_app")
        self.addCleanup(self.sql, f"DROP ROLE {role}")
        self.begin(7200)
        self.assertEqual(self.run_raw("conversation", "sweep", env={"PGUSER": role}).returncode, 5)
        self.assertEqual(self.at_clinic("conversation", "sweep", env={"PGUSER": role}), "1\n")

    def test_maintain_sweeps_too(self):
        old = self.begin(100000)
        self.begin(7200)
        self.voicedb("maintain")
        self.assertEqual(set(self.swept()), {old})


class Start(Database):
    def test_a_call_is_taken_up_while_it_goes_on(self):
        call = str(uuid.uuid4())
        first = self.at_clinic("conversation", "start", "--call", call, "--caller-id", "1")
        self.assertEqual(self.at_clinic("conversation", "start", "--call", call, "--caller-id", "2"), first)
        self.assertEqual(self.clinic_json("conversation", "show", call)["caller_id"], "1")
        self.assertNotEqual(self.at_hotel("conversation", "start", "--call", call), first)


class Calls(Database):
    """view_voice_calls, with the rights of whoever selects."""

    def test_conversations_with_their_call_detail_records(self):
        call = str(uuid.uuid4())
        self.at_clinic("conversation", "start", "--call", call, "--caller-id", "100")
        self.at_clinic("conversation", "say", "--call", call, "--role", "user", "Bom dia!")
        self.at_clinic("conversation", "start", "--caller-id", "200")
        self.at_hotel("conversation", "start", "--caller-id", "300")
        self.sql(f"""INSERT INTO v_xml_cdr (xml_cdr_uuid, domain_uuid, hangup_cause, duration)
                     VALUES ('{call}', '{CLINIC_UUID}', 'NORMAL_CLEARING', 61)""")
        ask = "SELECT caller_id, turns, messages, has_cdr, cdr_hangup_cause, cdr_duration FROM view_voice_calls ORDER BY caller_id"
        clinic = [["100", "1", "1", "t", "NORMAL_CLEARING", "61"], ["200", "0", "0", "f", "", ""]]
        self.assertEqual(self.sql(ask), clinic + [["300", "0", "0", "f", "", ""]])
        as_tenant = f"BEGIN; SET LOCAL ROLE voicedb_app; SET LOCAL voicedb.domain_uuid = '{CLINIC_UUID}'; {ask}; COMMIT"
        with self.assertRaisesRegex(RuntimeError, "permission denied for table v_xml_cdr"):
            self.sql(as_tenant)
        self.sql("GRANT SELECT ON v_xml_cdr TO voicedb_app")
        self.assertEqual(self.sql(as_tenant), clinic)
        with self.assertRaisesRegex(RuntimeError, "no tenant is set"):
            self.sql(f"BEGIN; SET LOCAL ROLE voicedb_app; {ask}; COMMIT")

    def test_fusionpbx_may_alter_or_drop_its_table(self):
        self.sql("BEGIN; ALTER TABLE v_xml_cdr ALTER COLUMN duration TYPE text; SELECT count(*) FROM view_voice_calls; "
                 "DROP TABLE v_xml_cdr; ROLLBACK")
        with self.assertRaisesRegex(RuntimeError, "v_xml_cdr.* does not exist"):
            self.sql("BEGIN; DROP TABLE v_xml_cdr; SELECT count(*) FROM view_voice_calls; ROLLBACK")


if __name__ == "__main__":
    tap.main()
