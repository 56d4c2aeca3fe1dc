"""Backups: what they hold, that one changed byte is found, who may make them, and what a restore does and refuses."""
import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import unittest

from backup import VOICE_TABLES, Backups, manifest_and_text, sealed_by_hash
from command import CLINIC, CLINIC_UUID, HOTEL_UUID, SOURCE, VOICEDB
import tap

WITH_ZSTD = unittest.skipUnless(shutil.which("zstd"), "no zstd here")


class Making(Backups):
    def test_what_a_backup_says_of_itself(self):
        path = self.path("a.vdb")
        made = self.json("backup", path)
        self.assertEqual(made, self.json("backup", "verify", path))
        counts = {name: int(self.sql(f"SELECT count(*) FROM {name}")[0][0]) for name in VOICE_TABLES}
        self.assertEqual({t["name"]: t["rows"] for t in made["tables"]}, counts)
        self.assertEqual(made["rows"], sum(counts.values()))
        self.assertEqual((made["kind"], made["tenants"], made["encrypted"], made["database"], made["bytes"]),
                         ("database", 2, False, self.database, os.path.getsize(path)))
        self.assertEqual(made["schema_version"], int(self.sql("SELECT max(version) FROM voicedb_migrations")[0][0]))
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual([name for name in os.listdir(self.folder) if "partial" in name], [])

    def test_hashes_follow_the_rows(self):
        def hashes(name):
            return {t["name"]: t["sha256"] for t in self.json("backup", self.path(name))["tables"]}

        before = hashes("before.vdb")
        self.assertEqual(before, hashes("again.vdb"))
        self.sql("""UPDATE v_voice_document_chunks
                    SET embedding = (SELECT array_agg(CASE n WHEN 9 THEN e + 0.0001 ELSE e END ORDER BY n)::vector
                                     FROM unnest(embedding::real[]) WITH ORDINALITY u (e, n))
                    WHERE chunk_index = 1""")
        after = hashes("after.vdb")
        self.assertEqual({name for name in after if after[name] != before[name]}, {"v_voice_document_chunks"})

    def test_a_directory_gives_the_name(self):
        folder = os.path.join(self.folder, "dir")
        os.mkdir(folder)
        paths = [self.json("backup", folder)["path"] for _ in range(2)]
        self.assertEqual(sorted(paths), paths)
        for path in paths:
            self.assertRegex(path, rf"^{folder}/voicedb-{self.database}-\d{{8}}T\d{{12}}Z\.vdb$")
            self.json("backup", "verify", path)

    def test_nothing_is_written_over(self):
        path = self.path("once.vdb")
        self.voicedb("backup", path)
        with open(path, "rb") as file:
            before = file.read()
        self.refused("backup", path, status=4, message=f"{path} exists", hint="Choose another name")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_two_at_once_under_one_name(self):
        path = self.path("race.vdb")
        runs = [subprocess.Popen([VOICEDB, "backup", path], env=os.environ | self.environment, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE) for _ in range(4)]
        codes = [(run.wait(timeout=60), run.stderr.read().decode()) for run in runs]
        for run in runs:
            run.stderr.close()
        self.assertEqual(sorted(code for code, _ in codes), [0, 4, 4, 4], codes)
        self.json("backup", "verify", path)

    def test_rows_that_a_role_cannot_see_are_not_left_out(self):
        for role, grants in (("voicedb_backup_bound", "GRANT voicedb_app TO {0}"),
                             ("voicedb_backup_nobody", "GRANT USAGE ON SCHEMA public TO {0}")):
            role = f"{role}_{os.getpid()}"
            self.sql(f"CREATE ROLE {role} LOGIN; {grants.format(role)}")
            self.addCleanup(self.sql, f"DROP OWNED BY {role}; DROP ROLE {role}")
            path = self.path("bound.vdb")
            self.refused("backup", path, status=5, message="rows of v_voice_data_keys are hidden from this role",
                         hint="Connect as the tables' owner", env={"PGUSER": role})
            self.assertEqual([f for f in os.listdir(self.folder) if f.startswith("bound")], [])

    def test_a_disk_that_is_full(self):
        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))

        path = self.path("full.vdb")
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGXFSZ, before)
        done = self.run_raw("backup", path, preexec_fn=small_files, restore_signals=False)
        self.assertEqual(done.returncode, 9, done.stderr)
        self.assertRegex(done.stderr.decode(), r"^voicedb: cannot write .*full\.vdb\.partial: File too large\nhint: Free space")
        self.assertEqual([f for f in os.listdir(self.folder) if f.startswith("full")], [])
        self.json("backup", path)

    def test_places_that_cannot_be_written(self):
        self.refused("backup", "/nowhere/x.vdb", status=9, message="cannot write /nowhere/x.vdb.partial: No such file or directory",
                     hint="Check the path")

    def test_pg_dump_that_fails_or_is_missing(self):
        path = self.path("none.vdb")
        error = self.refused("backup", path, status=6, message="cannot run /nowhere/pg_dump: No such file or directory",
                             hint="Install postgresql-client", env={"VOICEDB_PG_DUMP": "/nowhere/pg_dump"})
        self.assertEqual(error["status"], "unreachable")
        false = os.path.join(self.folder, "pg_dump")
        with open(false, "w", encoding="utf-8") as script:
            script.write("#!/bin/sh\necho 'COPY public.v_voice_messages (role) FROM stdin;'\necho bad luck >&2\nexit 3\n")
        os.chmod(false, 0o755)
        self.refused("backup", path, status=6, message=f"{false} failed with status 3", detail="bad luck",
                     hint="Check that the server is running", env={"VOICEDB_PG_DUMP": false})
        with open(false, "w", encoding="utf-8") as script:
            script.write("#!/bin/sh\nexit 0\n")
        done = self.run_raw("backup", path, env={"VOICEDB_PG_DUMP": false})
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr.decode(), r"v_voice_\w+ has 0 rows instead of [1-9]")
        self.assertFalse(os.path.exists(path))

    def test_the_password_is_in_no_argument(self):
        seen = os.path.join(self.folder, "seen")
        spy = os.path.join(self.folder, "spy")
        with open(spy, "w", encoding="utf-8") as script:
            script.write(f"#!/bin/sh\necho \"$@\" >{seen}\necho \"$PGPASSWORD\" >{seen}.env\nexit 1\n")
        os.chmod(spy, 0o755)
        self.run_raw("--conninfo", f"dbname={self.database} password=sesame", "backup", self.path("x.vdb"),
                     env={"VOICEDB_PG_DUMP": spy})
        with open(seen, encoding="utf-8") as file:
            self.assertNotIn("sesame", file.read())
        with open(seen + ".env", encoding="utf-8") as file:
            self.assertEqual(file.read(), "sesame\n")

    def test_without_voice_tables(self):
        self.refused("backup", self.path("x.vdb"), status=7, message="this database has no voice tables",
                     hint="Run `voicedb migrate`", env=self.other_database())


class Damage(Backups):
    chunks = 30

    def flipped(self, path, key, positions):
        with open(path, "rb") as file:
            whole = file.read()
        copy = os.path.join(self.folder, "copy.vdb")
        for position in positions(len(whole)):
            with open(copy, "wb") as file:
                file.write(whole[:position] + bytes([whole[position] ^ (1 << position % 8)]) + whole[position + 1:])
            done = self.run_raw("backup", "verify", copy, *key)
            self.assertEqual((done.returncode, done.stdout), (9, b""), f"byte {position} of {len(whole)}: {done.stderr}")

    @staticmethod
    def everywhere(size):
        return sorted({*range(0, 80), *range(size - 60, size), *range(80, size, max(1, size // 120))})

    def test_one_flipped_byte(self):
        path = self.path("plain.vdb")
        self.voicedb("backup", path)
        self.flipped(path, [], self.everywhere)

    def test_one_flipped_byte_of_an_encrypted_one(self):
        path, key = self.path("sealed.vdb"), self.path("key")
        self.voicedb("backup", "key", key)
        self.voicedb("backup", "--key", key, path)
        self.flipped(path, ["--key", key], self.everywhere)

    def test_cut_off_added_to_and_mixed_up(self):
        key = self.path("key2")
        self.voicedb("backup", "key", key)
        for options in ([], ["--key", key]):
            path, other, copy = self.path("a.vdb"), self.path("b.vdb"), os.path.join(self.folder, "copy.vdb")
            self.voicedb("backup", *options, path)
            self.voicedb("backup", *options, other)
            with open(path, "rb") as file, open(other, "rb") as second:
                whole, also = file.read(), second.read()
            piece, head = 64 * 1024 + 17, 17 + 24
            swapped = whole[:head] + whole[head + piece:head + 2 * piece] + whole[head:head + piece] + whole[head + 2 * piece:]
            self.assertGreater(len(whole), head + 2 * piece)
            for number, bad in enumerate([whole[:n] for n in (0, 1, 17, 40, 100, len(whole) // 2, len(whole) - 32, len(whole) - 1)]
                                         + [whole + b"\0", whole + whole, swapped, whole[:1000] + also[1000:]]):
                with open(copy, "wb") as file:
                    file.write(bad)
                done = self.run_raw("backup", "verify", *options, copy)
                self.assertEqual((done.returncode, done.stdout), (9, b""), f"{options} {number}")

    def test_keys(self):
        key, other, path = self.path("k1"), self.path("k2"), self.path("k.vdb")
        self.voicedb("backup", "key", key)
        self.voicedb("backup", "key", other)
        self.assertEqual(stat.S_IMODE(os.stat(key).st_mode), 0o600)
        self.refused("backup", "key", key, status=4, message=f"{key} exists", hint="Choose another name")
        self.voicedb("backup", "--key", key, path)
        with open(path, "rb") as file:
            self.assertNotIn(b"v_voice_", file.read())
        self.assertTrue(self.json("backup", "verify", "--key", key, path)["encrypted"])
        self.refused("backup", "verify", path, status=2, message=f"{path} is encrypted", hint="Write --key FILE")
        done = self.run_raw("backup", "verify", "--key", other, path)
        self.assertEqual(done.returncode, 9)
        self.assertIn(b"this is not its key", done.stderr)
        os.chmod(other, 0o640)
        self.refused("backup", "--key", other, self.path("no.vdb"), status=5, message=f"the key file {other} is open to others",
                     hint="Run `chmod 600`")
        short = self.path("short")
        with open(short, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write("ab" * 31)
        self.refused("backup", "--key", short, self.path("no.vdb"), status=9,
                     message=f"{short} holds no key of 64 hexadecimal digits", hint="Make one with `voicedb backup key")
        self.assertEqual([f for f in os.listdir(self.folder) if f.startswith("no.")], [])

    def test_other_files(self):
        for path in (os.path.join(SOURCE, "README.md"), "/dev/null", self.folder):
            done = self.run_raw("backup", "verify", path)
            self.assertEqual((done.returncode, done.stdout), (9, b""), path)


class Restoring(Backups):
    def backup(self, *options):
        path = self.path("restore.vdb")
        self.voicedb("backup", *options, path)
        return path

    def test_into_an_empty_database(self):
        env = self.other_database()
        made = self.json("restore", self.backup(), env=env)
        self.assertEqual(made["tenants"], 2)
        self.assertEqual(self.state(env), self.state())
        self.voicedb("migrate", "status", env=env)
        self.assertEqual(self.indexes(env), self.indexes())
        self.assertIn("t", self.indexes(env)[0])
        self.assertEqual(self.json("restore", self.backup(), env=env)["rows"], made["rows"])
        self.assertEqual(self.state(env), self.state())

    def test_the_vector_index_is_that_of_the_backup(self):
        for strategy in ("ivfflat", "none", "two-stage"):
            self.voicedb("index", "use", strategy)
            path, env = self.backup(), self.other_database()
            self.voicedb("restore", path, env=env)
            used = [row["strategy"] for row in self.json("index", "show", env=env) if row["in_use"]]
            # What migrations make stays where the backup's searches had none.
            self.assertEqual(used, [strategy])
            self.assertEqual(self.state(env), self.state())

    def test_encrypted(self):
        key, env = self.path("restore.key"), self.other_database()
        self.voicedb("backup", "key", key)
        path = self.backup("--key", key)
        self.refused("restore", path, status=2, message=f"{path} is encrypted", hint="Write --key", env=env)
        self.voicedb("restore", "--key", key, path, env=env)
        self.assertEqual(self.state(env), self.state())

    def test_rows_that_are_there(self):
        path, env = self.backup(), self.other_database()
        self.voicedb("restore", path, env=env)
        self.sql("DELETE FROM v_voice_messages WHERE domain_uuid = '%s'; UPDATE v_voice_secretaries SET name = 'other'" % HOTEL_UUID, env)
        before = self.state(env)
        rows = sum(int(row[1]) for row in before if row[0] in VOICE_TABLES)
        self.refused("restore", path, status=4, message=f"the voice tables hold {rows} rows", hint="Write --replace", env=env)
        self.assertEqual(self.state(env), before)
        self.voicedb("restore", "--replace", path, env=env)
        self.assertEqual(self.state(env), self.state())
        self.assertEqual(self.indexes(env), self.indexes())

    def test_missing_tenants_stop_it_before_anything_is_touched(self):
        path, env = self.backup(), self.other_database(domains=False)
        self.sql(f"INSERT INTO v_domains (domain_uuid, domain_name) VALUES ('{CLINIC_UUID}', 'clinic.example')", env)
        done = self.run_raw("restore", path, env=env)
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"missing domain {HOTEL_UUID} hotel.example\n", done.stderr.decode())
        self.assertEqual(self.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'v\\_voice\\_%'", env), [["0"]])

    def test_a_damaged_backup_touches_nothing(self):
        path, env = self.backup(), self.other_database()
        with open(path, "r+b") as file:
            file.seek(-100, os.SEEK_END)
            file.write(b"\0\0\0\0")
        done = self.run_raw("restore", path, env=env)
        self.assertEqual(done.returncode, 9, done.stderr)
        self.assertEqual(self.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'v\\_voice\\_%'", env), [["0"]])

    def test_columns_and_tables_of_others_are_kept(self):
        self.addCleanup(self.sql, "ALTER TABLE v_voice_secretaries DROP COLUMN IF EXISTS \"Extra Col\"; DROP TABLE IF EXISTS v_voice_extra")
        self.sql("ALTER TABLE v_voice_secretaries ADD COLUMN \"Extra Col\" numeric(9,3); UPDATE v_voice_secretaries SET \"Extra Col\" = 1.25")
        path, env = self.backup(), self.other_database()
        self.voicedb("restore", path, env=env)
        self.assertEqual(self.state(env), self.state())
        self.sql("CREATE TABLE v_voice_extra (domain_uuid uuid, note text); INSERT INTO v_voice_extra VALUES ('%s', 'x')" % CLINIC_UUID)
        path, env = self.backup(), self.other_database()
        self.refused("restore", path, status=4, message="the database has no table v_voice_extra", hint="Create the table", env=env)
        self.assertEqual(self.indexes(env), self.indexes())
        self.sql("CREATE TABLE v_voice_extra (domain_uuid uuid, note text)", env)
        self.voicedb("restore", path, env=env)
        self.assertEqual(self.state(env), self.state())

    def test_values_that_are_hard_to_write_down(self):
        """Rows with vectors reach the server in binary; as text, where a column is of a type that is not expected there."""
        self.sql(r"""
            UPDATE v_voice_document_chunks
            SET content = E'a\tb\nc\\d\r\x0b\x08\x0c\\N"', metadata = E'{"\\u00e9\\n": [1.50, null, "\\\\", "\\t"]}', token_count = -chunk_index,
                created_at = (ARRAY['infinity', '-infinity', '0044-03-15 12:00:00+00 BC', '1914-01-01 00:00:00-03:06:28', NULL,
                                    '294276-12-31 23:59:59.999999+00', '2024-02-29 23:59:59.5-03'])[1 + chunk_index % 7]::timestamptz,
                embedding = (ARRAY[1e-45, 3.4028235e38, '-0', 1.1754942e-38, 16777216, 0.1, 1e-30, -1234567.9]::real[]
                             || array_fill((chunk_index / 7.0)::real, ARRAY[1528]))::vector
            WHERE chunk_index < 20;
            UPDATE v_voice_document_chunks SET metadata = NULL, embedding = NULL, token_count = NULL WHERE chunk_index = 21""")
        self.addCleanup(self.sql, "ALTER TABLE v_voice_document_chunks DROP COLUMN IF EXISTS price")
        for change in ("", "ALTER TABLE v_voice_document_chunks ADD COLUMN price numeric DEFAULT 1.50"):
            self.sql(change)
            path, env = self.backup(), self.other_database()
            self.voicedb("restore", path, env=env)
            self.assertEqual(self.state(env), self.state())

    def test_a_role_that_row_level_security_binds_may_not(self):
        role, path = f"voicedb_restore_{os.getpid()}", self.backup()
        self.sql(f"CREATE ROLE {role} LOGIN IN ROLE voicedb_app")
        self.addCleanup(self.sql, f"DROP ROLE {role}")
        before = self.state()
        done = self.run_raw("restore", "--replace", path, env={"PGUSER": role})
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertEqual(self.state(), before)

    def test_two_at_once(self):
        path, env = self.backup(), self.other_database()
        runs = [subprocess.Popen([VOICEDB, "restore", path], env=os.environ | self.environment | env, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE) for _ in range(3)]
        codes = [(run.wait(timeout=120), run.stderr.read().decode()) for run in runs]
        for run in runs:
            run.stderr.close()
        self.assertIn(0, [code for code, _ in codes])
        self.assertLessEqual({code for code, _ in codes}, {0, 4}, codes)
        self.assertEqual(self.state(env), self.state())
        self.voicedb("restore", path, env=env)
        self.assertEqual(self.indexes(env), self.indexes())

    @WITH_ZSTD
    def test_without_voicedb_it_is_sql(self):
        path, env = self.backup(), self.other_database()
        self.voicedb("migrate", env=env)
        text = subprocess.run(["zstd", "-dqc", path], stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["psql", "-XqAt1", "-v", "ON_ERROR_STOP=1"], input=text, check=True, stdout=subprocess.DEVNULL,
                       env=os.environ | self.environment | env)
        self.assertEqual(self.state(env), self.state())

    @WITH_ZSTD
    def test_a_manifest_that_lies_is_found_out(self):
        path, env = self.backup(), self.other_database()
        manifest, text = manifest_and_text(path)
        lie = json.loads(manifest)
        lie["tables"][1]["sha256"] = "0" * 64
        for change, status in ((lambda m: m, 0), (lambda m: lie, 1), (lambda m: m | {"schema_version": 9999}, 7),
                               (lambda m: m | {"tables": "x"}, 9), (lambda m: m | {"domains": [{"uuid": 1}]}, 9)):
            other = self.path("lie.vdb")
            with open(other, "wb") as file:
                file.write(sealed_by_hash(json.dumps(change(json.loads(manifest))).encode(), text))
            self.assertEqual(self.run_raw("restore", "--replace", other, env=env).returncode, status)
        self.assertEqual(self.state(env), self.state())


class PlainDumps(Backups):
    """The specification's own `pg_dump -t 'v_voice_*'`."""

    def dump(self, *options):
        path = self.path("spec.sql")
        subprocess.run(["pg_dump", "-t", "v_voice_*", "-f", path, *options], check=True, env=os.environ | self.environment)
        return path

    def test_its_rows_are_restored(self):
        for options in ([], ["--data-only"]):
            path, env = self.dump(*options), self.other_database()
            made = self.json("restore", path, env=env)
            self.assertEqual((made["kind"], made["tenants"]), ("dump", 2))
            self.assertEqual(self.state(env), self.state())
            self.assertEqual(self.indexes(env), self.indexes())

    def test_no_statement_of_it_is_run(self):
        path, env = self.dump(), self.other_database()
        with open(path, encoding="utf-8") as file:
            text = file.read()
        evil = ("CREATE TABLE evil ();\nDELETE FROM v_domains;\nCOPY public.v_domains (domain_uuid) FROM stdin;\n"
                "ffffffff-ffff-4fff-8fff-ffffffffffff\n\\.\nCOPY evil FROM PROGRAM 'touch /tmp/evil';\n")
        with open(path, "w", encoding="utf-8") as file:
            file.write(evil + text + evil)
        self.voicedb("restore", path, env=env)
        self.assertEqual(self.state(env), self.state())
        self.assertEqual(self.sql("SELECT to_regclass('evil') IS NULL", env), [["t"]])

    def test_what_cannot_be_read(self):
        env = self.other_database()
        for options, message in ((["--inserts"], "has INSERT statements"), (["-Fc"], "is an archive of pg_dump"),
                                 (["--encoding=LATIN1"], "is not in UTF-8")):
            path = self.dump(*options)
            done = self.run_raw("restore", path, env=env)
            self.assertEqual(done.returncode, 9, done.stderr)
            self.assertIn(message, done.stderr.decode())
        path = self.dump("--data-only")
        os.truncate(path, os.path.getsize(path) // 2)
        done = self.run_raw("restore", path, env=env)
        self.assertEqual(done.returncode, 9)
        self.assertIn(b"ends within the rows of a table", done.stderr)
        self.assertEqual(self.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'v\\_voice\\_%'", env), [["0"]])

    def test_a_column_that_is_not_ours(self):
        path, env = self.dump("--data-only"), self.other_database()
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("v_voice_messages (message_uuid,", "v_voice_messages (other_uuid,"))
        done = self.run_raw("restore", path, env=env)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn(b"v_voice_messages cannot take the backup's columns other_uuid", done.stderr)
        self.assertEqual(self.sql("SELECT count(*) FROM v_voice_secretaries", env), [["0"]])

    def test_rows_that_refer_to_nothing_are_refused(self):
        for table, referring in (("v_voice_documents", "v_voice_document_chunks"), ("v_voice_conversations", "v_voice_messages")):
            path, env = self.dump("--data-only"), self.other_database()
            with open(path, encoding="utf-8") as file:
                text = file.read()
            begin = text.index(f"COPY public.{table} ")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text[:begin] + text[text.index("\n\\.\n", begin) + 4:])
            done = self.run_raw("restore", path, env=env)
            self.assertEqual(done.returncode, 9, done.stderr)
            self.assertIn(f"rows of {referring} refer to what is not there", done.stderr.decode())
            self.assertEqual(self.sql("SELECT count(*) FROM v_voice_secretaries", env), [["0"]])


if __name__ == "__main__":
    tap.main()
