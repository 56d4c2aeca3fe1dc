"""maintain does what is due and nothing else; retention never removes the last good backup."""
import time
import os
import subprocess

from backup import VOICE_TABLES, Backups
from command import CLINIC_UUID, VOICEDB
import tap


class Maintain(Backups):
    """Nobody but the tests vacuums, and what they changed is counted: a session hands in its numbers when it ends, or later."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for table in VOICE_TABLES:
            cls.sql(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
            cls.counted("n_tup_ins", cls.rows(table), table)

    @classmethod
    def rows(cls, table):
        return int(cls.sql(f"SELECT count(*) FROM {table}")[0][0])

    @classmethod
    def counted(cls, what, number, table):
        cls.wait_until(f"{what} >= {number} FROM pg_stat_user_tables WHERE relname = '{table}'")

    def due(self, *args):
        return {row["name"]: row["action"] for row in self.json("maintain", *args) if row["action"] != "none"}

    def change_chunks(self):
        table = "v_voice_document_chunks"
        before = int(self.sql(f"SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = '{table}'")[0][0])
        for number in range(3):
            self.sql(f"UPDATE {table} SET token_count = {number}")
        self.counted("n_tup_upd", before + 3 * self.rows(table), table)

    def assert_soon_nothing_is_due(self):
        """A snapshot elsewhere in the database, of autovacuum in the catalogs, may have kept rows and pages from a vacuum."""
        for _ in range(60):
            due = self.due()
            if due == {}:
                return
            time.sleep(1)
        self.fail(f"still due: {due}")

    def test_a_first_run_does_what_is_due_and_a_second_finds_nothing(self):
        self.change_chunks()
        before = self.state()
        planned = self.due("--dry-run")
        self.assertIn("v_voice_document_chunks", planned)
        self.assertEqual(self.due("--dry-run"), planned)
        self.assertEqual(self.due(), planned)
        self.assert_soon_nothing_is_due()
        self.assertEqual(self.state(), before)

    def test_dead_rows(self):
        self.voicedb("maintain")
        self.change_chunks()
        row = next(r for r in self.json("maintain") if r["name"] == "v_voice_document_chunks")
        self.assertEqual((row["action"], row["reason"], row["dead_after"]), ("vacuum", "dead rows", 0))
        self.assertGreater(row["dead_before"], 50)

    def test_a_bloated_index_becomes_small(self):
        self.sql(f"""INSERT INTO v_voice_messages (domain_uuid, conversation_uuid, turn_number, role, content)
                     SELECT domain_uuid, conversation_uuid, n, 'tool', 'x' FROM v_voice_conversations, generate_series(1, 60000) n
                     WHERE domain_uuid = '{CLINIC_UUID}'""")
        self.sql("DELETE FROM v_voice_messages WHERE role = 'tool' AND turn_number % 20 <> 0")
        self.counted("n_tup_del", 57000, "v_voice_messages")
        self.voicedb("maintain")
        before = self.state()
        name = "v_voice_messages_pkey"
        self.assertEqual(self.due("--dry-run").get(name), "reindex")
        self.assertNotIn(name, self.due("--dry-run", "--bloat", "99"))
        row = next(r for r in self.json("maintain") if r["name"] == name)
        self.assertEqual(row["reason"], "bloated")
        self.assertGreater(row["bloat_percent"], 60)
        self.assertLess(row["size_after"], row["size_before"] / 4)
        self.assert_soon_nothing_is_due()
        self.assertEqual(self.state(), before)
        self.assertEqual(self.sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid"), [["0"]])

    def test_what_interrupted_builds_left(self):
        self.sql("CREATE INDEX x_pkey_ccnew ON v_voice_messages (role); CREATE INDEX x_half ON v_voice_messages (role)")
        self.addCleanup(self.sql, "DROP INDEX IF EXISTS x_half, x_pkey_ccnew")
        self.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('x_pkey_ccnew'::regclass, 'x_half'::regclass)")
        done = self.due()
        self.assertEqual((done["x_pkey_ccnew"], done["x_half"]), ("drop", "reindex"))
        self.assertEqual(self.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('x_half')"), [["t"]])
        self.assertEqual(self.sql("SELECT to_regclass('x_pkey_ccnew') IS NULL"), [["t"]])

    def test_one_at_a_time_and_only_the_owner(self):
        with subprocess.Popen(["psql", "-XqAt"], env=os.environ | self.environment, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as other:
            other.stdin.write(b"SELECT pg_advisory_lock(8247, 3) IS NULL;\n")
            other.stdin.flush()
            other.stdout.readline()
            self.refused("maintain", status=4, message="another `voicedb maintain` is at work", hint="Wait for it")
            self.voicedb("maintain", "--dry-run")
            other.stdin.close()
            other.wait(timeout=60)
        role = f"voicedb_maintain_{os.getpid()}"
        self.sql(f"CREATE ROLE {role} LOGIN IN ROLE voicedb_app")
        self.addCleanup(self.sql, f"DROP ROLE {role}")
        self.assertEqual(self.run_raw("maintain", env={"PGUSER": role}).returncode, 5)


class Retention(Backups):
    chunks = 3

    def setUp(self):
        self.dir = os.path.join(self.folder, self.id().rsplit(".", 1)[1])
        os.mkdir(self.dir)

    def backup(self, *options):
        return self.json("backup", *options, self.dir)

    def spoil(self, path):
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))

    def here(self):
        return sorted(os.path.join(self.dir, name) for name in os.listdir(self.dir))

    def test_the_newest_stay(self):
        paths = [self.backup()["path"] for _ in range(4)]
        made = self.backup("--keep", "2")
        self.assertEqual(self.here(), [paths[3], made["path"]])
        self.assertEqual([(f["path"], f["state"]) for f in made["files"]],
                         [(made["path"], "kept"), (paths[3], "kept")] + [(p, "removed") for p in reversed(paths[:3])])

    def test_a_damaged_one_counts_for_nothing(self):
        good, *bad = [self.backup()["path"] for _ in range(3)]
        for path in bad:
            self.spoil(path)
        made = self.backup("--keep", "2")
        self.assertEqual(self.here(), [good, *bad, made["path"]])
        self.assertEqual([f["state"] for f in made["files"]], ["kept", "damaged", "damaged", "kept"])

    def test_what_another_key_sealed_is_not_known_to_be_good(self):
        keys = [os.path.join(self.folder, name) for name in ("k1", "k2")]
        for key in keys:
            self.voicedb("backup", "key", key)
        old = self.backup("--key", keys[0])["path"]
        new = self.backup("--key", keys[1], "--keep", "2")["path"]
        self.assertEqual(self.here(), [old, new])

    def test_other_files_are_nobodys_business(self):
        others = ["notes.txt", f"voicedb-{self.database}-mine.vdb", f"voicedb-{self.database}-x-20200101T000000000000Z.vdb",
                  f"voicedb-{self.database}-20200101T000000000000Z.vdb.partial", "voicedb-other-20200101T000000000000Z.vdb"]
        for name in others:
            with open(os.path.join(self.dir, name), "w", encoding="ascii"):
                pass
        old = f"voicedb-{self.database}-20200101T000000000000Z.vdb"
        with open(os.path.join(self.dir, old), "w", encoding="ascii"):
            pass
        made = self.backup("--keep", "1")["path"]
        self.assertEqual(self.here(), sorted([made, *(os.path.join(self.dir, name) for name in others)]))

    def test_a_failed_backup_removes_nothing(self):
        paths = [self.backup()["path"] for _ in range(2)]
        self.assertEqual(self.run_raw("backup", "--keep", "1", self.dir, env={"VOICEDB_PG_DUMP": "/bin/false"}).returncode, 6)
        self.assertEqual(self.here(), paths)
        self.refused("backup", "--keep", "1", os.path.join(self.dir, "x.vdb"), status=2,
                     message="--keep removes files from a directory", hint="Give a directory")


if __name__ == "__main__":
    tap.main()
