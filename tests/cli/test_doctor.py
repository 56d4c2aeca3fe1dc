"""doctor: every check finds the fault that it is for and nothing else, and the command it prints mends it."""
import json
import os
import re
import stat
import subprocess
import tempfile
import time

from command import CLINIC, CLINIC_UUID, HOTEL, HOTEL_UUID, NOBODY, SOURCE, VOICEDB, Command, Database
import tap

CODES = ["server-version", "pgvector-missing", "pgvector-version", "tenantvec", "domains-key", "rows-hidden", "secret-file", "role",
         "migrations", "drift", "index-invalid", "index-unused", "maintenance", "search-plan", "chunk-embedding", "chunk-model",
         "secret-sealed", "document-terms", "document-stuck", "secretary-provider", "transfer-number", "webhook-waiting"]
CHECK = ["code", "title", "state", "reason", "took_ms"]
FINDING = ["code", "severity", "domain_uuid", "domain_name", "problem", "detail", "mend_by", "mend", "fixable", "state"]
OF_TENANTS = ["maintenance", "search-plan", "chunk-embedding", "chunk-model", "secret-sealed", "document-terms", "document-stuck",
              "secretary-provider", "transfer-number", "webhook-waiting"]


class Doctor(Database):
    """Databases that begin without any fault; what a test breaks, the command that it prints must mend."""

    healthy = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.sql("""DO $$ BEGIN CREATE ROLE voicedb_app NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$""")
        cls.environment = cls.environment | {"HOME": cls.folder, "PATH": os.path.dirname(VOICEDB) + ":" + os.environ["PATH"]}
        server = subprocess.run([VOICEDB, "--json", "doctor", "server-version"], env=os.environ | cls.environment, stdout=subprocess.PIPE,
                                check=False)
        # An old server is all that is wrong: every other check is tested on it all the same.
        cls.codes = [code for code in CODES if code != "server-version" or not json.loads(server.stdout)["findings"]]
        if cls.migrated and cls.healthy:
            cls.make_healthy(CLINIC, CLINIC_UUID)

    def run_raw(self, *args, **options):
        if "doctor" in args and self.codes != CODES:
            args += ("--except", "server-version")
        return super().run_raw(*args, **options)

    @classmethod
    def run_quietly(cls, *args):
        subprocess.run([VOICEDB, *args], env=os.environ | cls.environment, check=True, stdout=subprocess.DEVNULL)

    @classmethod
    def make_healthy(cls, name, domain):
        for kind, provider in (("stt", "ouvido"), ("tts", "voz"), ("llm", "cerebro"), ("embeddings", "builtin")):
            cls.run_quietly("--domain", name, "provider", "add", "--type", kind, "--name", provider, "--default")
        cls.run_quietly("--domain", name, "secretary", "add", "--name", "Recepção", "--stt", "ouvido", "--tts", "voz", "--llm", "cerebro")
        cls.document = os.path.join(cls.folder, "horário d'água.md")
        with open(cls.document, "w", encoding="utf-8") as file:
            file.write("\n\n".join(f"# Parte {n}\n\n" + f"Abrimos às {n} horas e fechamos à noite. " * 30 for n in range(8, 12)))
        cls.run_quietly("--domain", name, "document", "add", cls.document)
        cls.sql(f"""INSERT INTO v_extensions (extension_uuid, domain_uuid, extension, number_alias, enabled)
                    VALUES (gen_random_uuid(), '{domain}', '200', '2000', true), (gen_random_uuid(), '{domain}', '299', NULL, false)""")
        cls.run_quietly("--domain", name, "transfer", "add", "--department", "Vendas", "--extension", "200")
        cls.sql("VACUUM ANALYZE")

    def examine(self, *args, status=None, **options):
        done = self.run_raw("--json", "doctor", *args, **options)
        self.assertIn(done.returncode, (0, 12) if status is None else (status,), done.stderr.decode())
        answer = json.loads(done.stdout)
        self.assertEqual(done.returncode, 12 if answer["found"] or answer["failed"] else 0)
        self.assertEqual(answer["failed"], 0, answer["checks"])
        return answer

    def found(self, *args, **options):
        """What is wrong; a note is not."""
        return [f for f in self.examine(*args, **options)["findings"] if f["severity"] != "note" and f["state"] != "mended"]

    def lines(self, label, *args, **options):
        text = self.run_raw("doctor", *args, **options).stdout.decode()
        return re.findall(rf"(?m)^  {label}: +(.*)$", text)

    def only(self, code, problem, **expected):
        """The one thing that is wrong."""
        found = self.found()
        self.assertEqual([(f["code"], f["state"]) for f in found], [(code, "found")], found)
        self.assertRegex(found[0]["problem"], problem)
        self.assertEqual({key: found[0][key] for key in expected}, expected)
        return found[0]

    def type(self, line):
        """Types a line into a shell, as it was printed."""
        done = subprocess.run(["bash", "-ec", line], env=os.environ | self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stderr.decode()}")

    def mended_by_hand(self, code, problem, **expected):
        finding = self.only(code, problem, **expected)
        typed = [line for line in self.lines("to mend") if not line.startswith("apt-get")]
        self.assertEqual(len(typed), 1, typed)
        self.type(typed[0])
        self.assertEqual(self.found(), [])
        return finding

    def mended_by_fix(self, code, problem, **expected):
        finding = self.only(code, problem, fixable=True, **expected)
        answer = self.examine("--fix", status=0)
        self.assertEqual([(f["code"], f["state"], f["mend"]) for f in answer["findings"] if f["severity"] != "note"],
                         [(code, "mended", finding["mend"])])
        self.assertEqual((answer["found"], answer["mended"]), (0, 1))
        again = self.examine("--fix", status=0)
        self.assertEqual(again["mended"], 0)

    def not_fixed(self, code):
        """--fix leaves it alone."""
        before = self.state()
        answer = self.examine("--fix", status=12)
        self.assertEqual([f["code"] for f in answer["findings"] if f["severity"] != "note"], [code])
        self.assertEqual((answer["mended"], self.state()), (0, before))


class Sound(Doctor):
    def test_a_sound_database(self):
        answer = self.examine(status=0)
        self.assertEqual(list(answer), ["found", "mended", "skipped", "failed", "checks", "findings"])
        self.assertEqual([c["code"] for c in answer["checks"]], self.codes)
        for check in answer["checks"]:
            self.assertEqual(list(check), CHECK)
            self.assertEqual((check["state"], check["reason"]), ("good", None), check)
        for finding in answer["findings"]:
            self.assertEqual((list(finding), finding["severity"], finding["code"]), (FINDING, "note", "pgvector-version"))
        text = self.voicedb("doctor")
        self.assertEqual(text.splitlines()[-1], "good: " + ", ".join(self.codes))

    def test_looking_changes_nothing(self):
        before = self.state()
        self.voicedb("doctor")
        self.voicedb("doctor", "--fix")
        self.assertEqual(self.state(), before)
        self.assertEqual(self.sql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'voicedb%'"), [["0"]])

    def test_checks_can_be_chosen(self):
        self.assertEqual([c["code"] for c in self.examine("role", "drift")["checks"]], ["role", "drift"])
        self.assertEqual([c["code"] for c in self.examine("--except", "role", "--except", "drift")["checks"]],
                         [code for code in self.codes if code not in ("role", "drift")])
        self.assertEqual(self.voicedb("doctor", "role"), "good: role\n")

    def test_what_is_no_check(self):
        for args in (["rol"], ["role", "Drift"], ["--except", ""]):
            wrong = args[-1]
            self.refused("doctor", *args, status=2, message=f'there is no check "{wrong}"', hint="Give of these: server-version, ")
        self.refused("--domain", "nobody.example", "doctor", status=3, message='there is no domain "nobody.example"', hint="Run ")
        self.refused("--domain", NOBODY, "doctor", status=3, message=f'there is no domain "{NOBODY}"', hint="Run ")

    def test_another_database_is_none(self):
        self.refused("doctor", status=7, message="this database has no table v_domains", hint="Set PGDATABASE",
                     env={"PGDATABASE": "postgres"})

    def test_one_tenant(self):
        for name in (CLINIC, CLINIC_UUID, CLINIC.upper()):
            self.assertEqual(self.found("--domain", name), [])
        self.at_hotel("secretary", "add", "--name", "Hotel")
        self.addCleanup(self.at_hotel, "secretary", "remove", "Hotel")
        self.assertEqual(self.found("--domain", CLINIC), [])
        self.assertEqual([f["domain_name"] for f in self.found("--domain", HOTEL)], [HOTEL])
        self.assertEqual([f["domain_uuid"] for f in self.found()], [HOTEL_UUID])

    def test_a_name_that_several_domains_have_is_not_used_in_commands(self):
        self.sql(f"INSERT INTO v_domains (domain_uuid, domain_name) VALUES ('{NOBODY}', 'Clinic.Example')")
        self.addCleanup(self.sql, f"DELETE FROM v_domains WHERE domain_uuid = '{NOBODY}'")
        self.at_hotel("secretary", "add", "--name", "Hotel")
        self.addCleanup(self.at_hotel, "secretary", "remove", "Hotel")
        self.sql("UPDATE v_voice_ai_providers SET enabled = false WHERE provider_type = 'llm'")
        self.addCleanup(self.sql, "UPDATE v_voice_ai_providers SET enabled = true WHERE provider_type = 'llm'")
        mends = [f["mend"] for f in self.found("secretary-provider") if f["mend_by"] == "voicedb"]
        self.assertEqual([m.split(" provider ")[0] for m in mends], [f"voicedb --domain {CLINIC_UUID}"])
        self.refused("--domain", CLINIC, "doctor", status=4, message=f'several domains are named "{CLINIC}"', hint="Name")

    def test_names_reach_the_terminal_harmless(self):
        self.at_hotel("secretary", "add", "--name", "a\x1b[31m\nb")
        self.addCleanup(self.sql, f"DELETE FROM v_voice_secretaries WHERE domain_uuid = '{HOTEL_UUID}'")
        text = self.run_raw("doctor", "secretary-provider").stdout.decode()
        self.assertIn('\n  Secretary "a [31m b" has no provider for stt, tts, llm, embeddings.\n', text)

    def test_many_findings_are_cut_for_people_only(self):
        self.sql(f"INSERT INTO v_voice_secretaries (domain_uuid, name) SELECT '{HOTEL_UUID}', n FROM generate_series(1, 25) n")
        self.addCleanup(self.sql, f"DELETE FROM v_voice_secretaries WHERE domain_uuid = '{HOTEL_UUID}'")
        self.assertEqual(len(self.found()), 25)
        text = self.run_raw("doctor").stdout.decode()
        self.assertEqual(text.count("has no provider for"), 10)
        self.assertIn("… and 15 more: `voicedb --json doctor secretary-provider` lists them all.\n", text)


class Unmigrated(Doctor):
    migrated = False

    def test_the_way_to_a_sound_database(self):
        self.sql("ALTER TABLE v_domains DROP CONSTRAINT v_domains_pkey")
        found = self.found()
        self.assertEqual([f["code"] for f in found], ["pgvector-missing", "domains-key", "migrations"])
        skipped = [c["code"] for c in self.examine()["checks"] if c["state"] == "skipped"]
        self.assertEqual(skipped, ["drift", "index-unused", *OF_TENANTS])
        answer = self.examine("--fix", status=12)
        self.assertEqual([(f["code"], f["state"]) for f in answer["findings"] if f["severity"] != "note"],
                         [("pgvector-missing", "mended"), ("domains-key", "found"), ("migrations", "found")])
        self.assertEqual([f["code"] for f in self.found()], ["domains-key", "migrations"])
        for line in [line for line in self.lines("to mend") if not line.startswith("apt-get")]:
            self.type(line)
        self.assertEqual(self.found(), [])


class Adoptable(Doctor):
    migrated = False

    def test_tables_of_voice_ai_ivr(self):
        with open(os.path.join(SOURCE, "tests/fixtures/voice_ai_ivr.sql"), encoding="utf-8") as fixture:
            self.sql("DELETE FROM v_domains;" + fixture.read())
        finding = self.only("migrations", "those of voice-ai-ivr", mend="voicedb migrate adopt")
        self.assertFalse(finding["fixable"])


class Server(Doctor):
    def test_the_extension_is_elsewhere(self):
        self.sql("CREATE SCHEMA elsewhere; ALTER EXTENSION vector SET SCHEMA elsewhere")
        found = self.found("pgvector-missing")
        self.assertRegex(found[0]["problem"], "in schema elsewhere, where searches do not look")
        self.type(self.lines("to mend", "pgvector-missing")[0])
        self.sql("DROP SCHEMA elsewhere")
        self.assertEqual(self.found(), [])

    def test_definitions_of_an_older_pgvector(self):
        """As an update of the package leaves them: without what the script from 0.7.4 to 0.8.0 makes."""
        self.sql("""DO $$ DECLARE f record; BEGIN
                    FOR f IN SELECT p.oid::regprocedure AS name, p.oid FROM pg_proc p WHERE proname = 'array_to_sparsevec' LOOP
                        EXECUTE format('ALTER EXTENSION vector DROP CAST (%s AS sparsevec)', (SELECT castsource::regtype FROM pg_cast WHERE castfunc = f.oid));
                        EXECUTE format('ALTER EXTENSION vector DROP FUNCTION %s', f.name);
                        EXECUTE format('DROP FUNCTION %s CASCADE', f.name);
                    END LOOP; END $$;
                    UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector';""")
        self.mended_by_fix("pgvector-version", r"^The server has pgvector 0\.\d+\.\d+, this database works with what 0\.7\.4 defined",
                           mend="ALTER EXTENSION vector UPDATE;")

    def test_definitions_too_old_for_the_search(self):
        version = self.sql("SELECT extversion FROM pg_extension WHERE extname = 'vector'")[0][0]
        self.sql("UPDATE pg_extension SET extversion = '0.6.2' WHERE extname = 'vector'")
        self.addCleanup(self.sql, f"UPDATE pg_extension SET extversion = '{version}' WHERE extname = 'vector'")
        self.only("pgvector-version", "^pgvector 0.6.2 cannot do two-stage search", mend="ALTER EXTENSION vector UPDATE;")

    def test_faults_of_pgvector_matter_where_its_indexes_are(self):
        if self.sql("SELECT string_to_array(default_version, '.')::int[] >= '{0,8,7}' FROM pg_available_extensions WHERE name = 'vector'") == [["t"]]:
            self.skipTest("this pgvector has its fixes")
        self.assertEqual([f["severity"] for f in self.examine()["findings"]], ["note"])
        self.sql("CREATE TABLE of_the_site (v vector(3)); CREATE INDEX ON of_the_site USING hnsw (v vector_l2_ops)")
        self.only("pgvector-version", "faults in hnsw and ivfflat", severity="warning", mend_by="shell")
        self.not_fixed("pgvector-version")
        self.assertEqual(self.examine("--except", "pgvector-version", status=0)["found"], 0)
        self.sql("DROP TABLE of_the_site")
        self.assertEqual(self.found(), [])

    def test_tenantvec_that_the_server_has_lost_or_updated(self):
        self.sql("INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion) "
                 "VALUES (99990, 'tenantvec', 10, 'public'::regnamespace, true, '0.0.1')")
        self.addCleanup(self.sql, "DELETE FROM pg_extension WHERE extname = 'tenantvec'")
        if self.sql("SELECT 1 FROM pg_available_extensions WHERE name = 'tenantvec'"):
            self.only("tenantvec", r"this database works with what 0\.0\.1 defined", fixable=True, mend="ALTER EXTENSION tenantvec UPDATE;")
            answer = self.examine("--fix", status=12)  # there is no way from a version that never was
            self.assertEqual([f["state"] for f in answer["findings"] if f["code"] == "tenantvec"], ["failed"])
            self.assertRegex(self.lines("failed", "--fix")[0], "0.0.1")
        else:
            self.only("tenantvec", "the server does not", mend_by="hand")


class Roles(Doctor):
    def role(self, attributes):
        name = f"voicedb_doctor_{os.getpid()}"
        self.sql(f"CREATE ROLE {name} {attributes}")
        self.addCleanup(self.sql, f"DROP OWNED BY {name}; DROP ROLE {name}")
        return name

    def test_an_application_of_its_own_is_as_it_should_be(self):
        self.role("LOGIN IN ROLE voicedb_app")
        self.assertEqual(self.found(), [])

    def test_a_login_that_row_security_passes_by(self):
        for attribute in ("SUPERUSER", "BYPASSRLS"):
            with self.subTest(attribute=attribute):
                name = self.role(f"LOGIN {attribute} IN ROLE voicedb_app")
                self.mended_by_hand("role", f"The login {name}, a member of voicedb_app, is {attribute}", severity="error", fixable=False)
                self.doCleanups()

    def test_a_login_that_owns_a_table(self):
        name = self.role("LOGIN IN ROLE voicedb_app")
        self.sql(f"ALTER TABLE v_voice_messages OWNER TO {name}")
        self.addCleanup(self.sql, "ALTER TABLE v_voice_messages OWNER TO CURRENT_USER")
        found = self.found("role")
        self.assertRegex(found[0]["problem"], f"^The role {name} owns v_voice_messages")
        self.type(self.lines("to mend", "role")[0])
        self.assertEqual(self.found("role"), [])

    def test_a_login_that_is_a_member_of_the_owner(self):
        name = self.role("LOGIN IN ROLE voicedb_app")
        owner = f"{name}_owner"
        self.sql(f"CREATE ROLE {owner}; ALTER TABLE v_voice_messages OWNER TO {owner}; GRANT {owner} TO {name}")
        self.addCleanup(self.sql, f"ALTER TABLE v_voice_messages OWNER TO CURRENT_USER; DROP OWNED BY {owner}; DROP ROLE {owner}")
        self.mended_by_hand("role", f"The role {name} is a member of {owner}, which owns voice tables")

    def test_voicedb_app_itself(self):
        for attribute in ("LOGIN", "BYPASSRLS", "CREATEROLE"):
            with self.subTest(attribute=attribute):
                self.addCleanup(self.sql, f"ALTER ROLE voicedb_app NO{attribute}")
                self.sql(f"ALTER ROLE voicedb_app {attribute}")
                self.mended_by_fix("role", f"^voicedb_app, which calls act as, is {attribute}")

    def test_who_does_not_see_all_rows_is_told(self):
        name = self.role("LOGIN IN ROLE voicedb_app")
        answer = self.examine(status=12, env={"PGUSER": name})
        hidden = [f for f in answer["findings"] if f["code"] == "rows-hidden"]
        self.assertRegex(hidden[0]["problem"], f"hide rows from the role {name}")
        states = {c["code"]: c["state"] for c in answer["checks"]}
        self.assertEqual({states[code] for code in OF_TENANTS}, {"skipped"})
        self.assertEqual(self.lines("to do", "rows-hidden", env={"PGUSER": name})[0][:21], "Run `voicedb doctor` ")


class Files(Doctor):
    def open_file(self, name, text, mode=0o644):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        self.addCleanup(lambda: os.path.exists(path) and os.unlink(path))
        return path

    def mode(self, path):
        return stat.S_IMODE(os.stat(path).st_mode)

    def test_the_password_file(self):
        path = self.open_file(".pgpass", "h:1:d:u:secret\n")
        self.mended_by_fix("secret-file", f"^The password file {path} is open to others \\(mode 644\\)", mend_by="shell")
        self.assertEqual(self.mode(path), 0o600)

    def test_a_password_file_that_was_named(self):
        path = self.open_file("it's mine", "h:1:d:u:secret\n", 0o640)
        self.environment = self.environment | {"PGPASSFILE": path}
        self.mended_by_hand("secret-file", "The password file .* is open to others \\(mode 640\\)")
        self.assertEqual(self.mode(path), 0o600)

    def test_a_service_file_with_a_password(self):
        path = self.open_file(".pg_service.conf", "[pbx]\nhost=h\n# password=old\n")
        self.assertEqual(self.found(), [])
        with open(path, "a", encoding="utf-8") as file:
            file.write("password=secret\n")
        self.mended_by_hand("secret-file", f"^The service file {path} is open")
        self.assertEqual(self.mode(path), 0o600)

    def test_the_key_of_a_connection(self):
        self.open_file(".postgresql/postgresql.key", "-----BEGIN PRIVATE KEY-----\n")
        self.mended_by_fix("secret-file", "^The connection's key .* is open")

    def test_the_configuration_of_fusionpbx_is_left_to_the_operator(self):
        host, name = os.environ["PGHOST"], self.environment["PGDATABASE"]
        path = self.open_file("config.conf", f"database.0.host = {host}\ndatabase.0.port = {os.environ.get('PGPORT', 5432)}\n"
                              f"database.0.name = {name}\ndatabase.0.username = {os.environ['PGUSER']}\ndatabase.0.password = x\n", 0o664)
        args = ["secret-file", f"--fusionpbx={path}"]
        found = self.found(*args)
        self.assertEqual([(f["severity"], f["fixable"], f["mend"]) for f in found], [("warning", False, f"chmod o= {path}")])
        self.examine("--fix", *args, status=12)
        self.type(self.lines("to mend", *args)[0])
        self.assertEqual((self.mode(path), self.found(*args)), (0o660, []))

    def test_further_files(self):
        key = os.path.join(self.folder, "key")
        self.voicedb("backup", "key", key)
        self.assertEqual(self.found("--file", key), [])
        os.chmod(key, 0o604)
        self.assertEqual([f["mend"] for f in self.found("--file", key)], [f"chmod go= {key}"])
        self.assertEqual(self.examine("--file", key, "--fix", status=0)["mended"], 1)
        self.assertEqual(self.mode(key), 0o600)

    def test_a_further_file_that_is_not_there_is_not_taken_for_closed(self):
        done = self.run_raw("--json", "doctor", "secret-file", "--file", os.path.join(self.folder, "none"))
        self.assertEqual(done.returncode, 12)
        check = json.loads(done.stdout)["checks"][0]
        self.assertEqual(check["state"], "failed")
        self.assertRegex(check["reason"], "cannot look at .*none: No such file")


class Schema(Doctor):
    def test_a_file_that_changed_after_it_was_applied(self):
        self.sql("UPDATE voicedb_migrations SET checksum = repeat('0', 64) WHERE version = 4")
        self.mended_by_hand("migrations", "^The migration 0004_documents was applied from another file", fixable=False)

    def test_a_newer_voicedb_was_here(self):
        self.sql("INSERT INTO voicedb_migrations (version, name, checksum, execution_ms, voicedb_version) "
                 "VALUES (9000, 'later', repeat('0', 64), 1, '9.0')")
        self.addCleanup(self.sql, "DELETE FROM voicedb_migrations WHERE version = 9000")
        self.only("migrations", "^A newer voicedb has applied the migration 9000_later", mend_by="hand")

    def test_a_pending_step(self):
        last = self.sql("SELECT max(version) FROM voicedb_migrations")[0][0]
        self.sql(f"DELETE FROM voicedb_migrations WHERE version = {last}")
        self.mended_by_hand("migrations", "^Pending migrations: 1", mend="voicedb migrate")

    def test_drift(self):
        for change, problem in (
                ("ALTER TABLE v_voice_secretaries ALTER COLUMN language DROP DEFAULT", "different default: v_voice_secretaries.language"),
                ("ALTER TABLE v_voice_messages DISABLE ROW LEVEL SECURITY", "different row security: v_voice_messages"),
                ("DROP POLICY voicedb_tenant ON v_voice_documents", "missing policy: v_voice_documents.voicedb_tenant"),
                ("DROP INDEX idx_voice_documents_domain_name", "missing index: idx_voice_documents_domain_name"),
                ("CREATE OR REPLACE FUNCTION voicedb_touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                 r"different function: voicedb_touch\(\)")):
            with self.subTest(change=change):
                self.sql(change)
                self.mended_by_hand("drift", f"^{problem}\\.$", severity="error", fixable=False)

    def test_an_invalid_index(self):
        self.sql("CREATE INDEX x_half ON v_voice_messages (role); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'x_half'::regclass")
        self.addCleanup(self.sql, "DROP INDEX IF EXISTS x_half")
        self.mended_by_hand("index-invalid", "^The index x_half is invalid", mend="REINDEX INDEX CONCURRENTLY public.x_half;")

    def test_an_invalid_index_of_the_migrations_is_told_once(self):
        self.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_voice_documents_domain_name'::regclass")
        self.mended_by_fix("index-invalid", "idx_voice_documents_domain_name is invalid")

    def test_an_index_that_nobody_uses(self):
        self.sql(f"""INSERT INTO v_voice_conversations (domain_uuid, call_uuid) SELECT '{CLINIC_UUID}', gen_random_uuid() FROM generate_series(1, 30000);
                     CREATE INDEX x_idle ON v_voice_conversations (ticket_id, call_uuid)""")
        self.addCleanup(self.sql, "DROP INDEX IF EXISTS x_idle; DELETE FROM v_voice_conversations")
        self.sql("VACUUM ANALYZE v_voice_conversations")
        self.assertEqual(self.found(), [])  # it may be needed yet
        self.sql("DO $$ BEGIN FOR i IN 1..1000 LOOP PERFORM 1 FROM v_voice_conversations WHERE domain_uuid = gen_random_uuid(); END LOOP; END $$;")
        self.wait_until("seq_scan + idx_scan >= 1000 FROM pg_stat_user_tables WHERE relname = 'v_voice_conversations'")
        self.mended_by_hand("index-unused", r"^The index x_idle on v_voice_conversations \(.*\) was not used in 1\d\d\d scans", fixable=False)

    def test_a_vector_index_beside_a_better_one(self):
        self.sql("CREATE INDEX idx_chunks_embedding_ivfflat ON v_voice_document_chunks USING ivfflat (embedding vector_cosine_ops) WITH (lists = 1)")
        found = self.found("index-unused")
        self.assertRegex(found[0]["problem"], "^No search uses the index idx_chunks_embedding_ivfflat")
        self.type(self.lines("to mend", "index-unused")[0])
        self.assertEqual(self.found(), [])


CHUNKS = """
INSERT INTO v_voice_documents (domain_uuid, document_name, processing_status) VALUES ('{domain}', 'bulk', 'ready');
INSERT INTO v_voice_document_chunks (domain_uuid, document_uuid, chunk_index, content, embedding, embedding_model)
SELECT d.domain_uuid, d.document_uuid, i, 'x', v.v, 'builtin-lexical-2'
FROM v_voice_documents d CROSS JOIN generate_series(1, {count}) i
CROSS JOIN LATERAL (SELECT array_agg(((i * 7919 + n * 104729) % 1000 - 500)::real)::vector AS v FROM generate_series(1, 1536) n) v
WHERE d.domain_uuid = '{domain}' AND document_name = 'bulk';
"""


class Search(Doctor):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sql("ALTER TABLE v_voice_document_chunks SET (autovacuum_enabled = off)")
        cls.sql(CHUNKS.format(domain=CLINIC_UUID, count=1200))
        cls.vacuum()

    @classmethod
    def vacuum(cls):
        """Until every page is all-visible: a snapshot of autovacuum elsewhere in the database may stand in the way."""
        for _ in range(120):
            cls.sql("VACUUM (ANALYZE) v_voice_document_chunks")
            if cls.sql("SELECT relallvisible >= relpages FROM pg_class WHERE relname = 'v_voice_document_chunks'") == [["t"]]:
                return
            time.sleep(0.5)
        raise AssertionError("the table does not become all-visible")

    def test_a_search_without_an_index(self):
        self.voicedb("index", "use", "none")
        finding = self.only("search-plan", r"^There is no vector index: a question to clinic.example is compared with all of its 12\d\d passages",
                            mend_by="voicedb", fixable=False)
        self.assertRegex(finding["detail"], r"(?s)One-Time Filter: .*\(domain_uuid = \$1\)")
        self.not_fixed("search-plan")
        self.type("voicedb index use two-stage")
        self.assertEqual(self.found(), [])

    def test_a_planner_that_may_not(self):
        name = self.environment["PGDATABASE"]
        for setting in ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"):
            self.sql(f"ALTER DATABASE {name} SET {setting} = off")
        self.addCleanup(self.sql, f"ALTER DATABASE {name} RESET ALL")
        finding = self.only("search-plan", r"^Searches do not use their index idx_chunks_embedding_bits.* The setting enable_\w+ is off\.$")
        self.assertIn("Seq Scan on v_voice_document_chunks", finding["detail"])
        for _ in range(3):
            lines = self.lines("to mend", "search-plan")
            if lines:
                self.type(lines[0])
        self.assertEqual(self.found(), [])

    def test_a_small_tenant_needs_no_index(self):
        self.voicedb("index", "use", "none")
        self.addCleanup(self.voicedb, "index", "use", "two-stage")
        self.assertEqual(self.found("--domain", HOTEL), [])

    def test_dead_rows(self):
        self.sql("UPDATE v_voice_document_chunks SET token_count = 1")
        self.addCleanup(self.vacuum)
        self.wait_until("n_tup_upd >= 1200 FROM pg_stat_user_tables WHERE relname = 'v_voice_document_chunks'")
        found = self.found()  # with what else comes of it: bloated indexes, and what the planner makes of it
        finding = next(f for f in found if f["problem"].startswith("The table v_voice_document_chunks is due for vacuum: dead rows"))
        self.assertEqual((finding["code"], finding["mend"]), ("maintenance", "VACUUM (ANALYZE) public.v_voice_document_chunks;"))
        self.assertLessEqual({f["code"] for f in found}, {"maintenance", "search-plan"})
        self.assertEqual(self.examine("--fix")["mended"], [f["code"] for f in found].count("maintenance"))
        self.vacuum()
        self.assertEqual(self.found(), [])

    def test_a_bloated_index(self):
        self.sql(f"""INSERT INTO v_voice_conversations (domain_uuid, call_uuid) VALUES ('{CLINIC_UUID}', '{NOBODY}');
                     INSERT INTO v_voice_messages (domain_uuid, conversation_uuid, turn_number, role, content)
                     SELECT domain_uuid, conversation_uuid, n, 'tool', 'x' FROM v_voice_conversations, generate_series(1, 60000) n;
                     DELETE FROM v_voice_messages WHERE turn_number % 20 <> 0""")
        self.addCleanup(self.sql, "DELETE FROM v_voice_conversations")
        self.wait_until("n_tup_del >= 57000 FROM pg_stat_user_tables WHERE relname = 'v_voice_messages'")
        self.sql("VACUUM ANALYZE v_voice_messages")
        found = self.found()
        self.assertEqual({f["code"] for f in found}, {"maintenance"})
        self.assertIn("v_voice_messages_pkey", " ".join(f["problem"] for f in found))
        answer = self.examine("--fix", status=0)
        self.assertEqual(answer["mended"], len(found))
        self.assertEqual(self.found(), [])


class Knowledge(Doctor):
    def test_passages_without_embedding(self):
        self.sql("UPDATE v_voice_document_chunks SET embedding = NULL WHERE chunk_index = 0")
        self.mended_by_hand("chunk-embedding", "Document \"horário d'água.md\": 1 of its passages have no embedding",
                            domain_name=CLINIC, fixable=False)

    def test_passages_without_embedding_of_an_unknown_file(self):
        self.sql("UPDATE v_voice_document_chunks SET embedding = NULL WHERE chunk_index = 1; UPDATE v_voice_documents SET file_path = NULL")
        self.only("chunk-embedding", "have no embedding", mend_by="hand")
        self.at_clinic("document", "add", self.document)
        self.assertEqual(self.found(), [])

    def test_what_is_not_ready_may_lack_embeddings(self):
        self.sql(f"""INSERT INTO v_voice_documents (domain_uuid, document_name, processing_status) VALUES ('{CLINIC_UUID}', 'new', 'pending');
                     INSERT INTO v_voice_document_chunks (domain_uuid, document_uuid, chunk_index, content)
                     SELECT domain_uuid, document_uuid, 0, 'x' FROM v_voice_documents WHERE document_name = 'new'""")
        self.addCleanup(self.sql, "DELETE FROM v_voice_documents WHERE document_name = 'new'")
        self.assertEqual(self.found(), [])

    def test_models_mixed_within_a_document(self):
        self.sql("UPDATE v_voice_document_chunks SET embedding_model = 'other' WHERE chunk_index = 1")
        self.mended_by_hand("chunk-model", r"has passages of several models.*: builtin-lexical-2 \(\d+\), other \(1\)")

    def test_a_model_that_nobody_offers(self):
        self.sql("UPDATE v_voice_document_chunks SET embedding_model = 'gone'")
        self.addCleanup(self.sql, "UPDATE v_voice_document_chunks SET embedding_model = 'builtin-lexical-2'")
        self.only("chunk-model", r"^No enabled provider offers the model gone, so no search finds its \d+ passages in 1 documents", mend_by="hand")
        self.at_clinic("provider", "add", "--type", "embeddings", "--name", "old", "--config", '{"model": "gone"}')
        self.addCleanup(self.at_clinic, "provider", "remove", "old")
        self.only("chunk-model", '^Secretary "Recepção" asks with the model builtin-lexical-2; 1 documents .* other passages \\(gone\\)')
        self.mended_by_hand("chunk-model", "Recepção", mend_by="voicedb")
        self.at_clinic("secretary", "update", "Recepção", "--embeddings", "")

    def test_the_provider_that_offers_it_is_disabled(self):
        self.sql("UPDATE v_voice_secretaries SET rag_enabled = false; UPDATE v_voice_ai_providers SET enabled = false WHERE provider_type = 'embeddings'")
        self.addCleanup(self.sql, "UPDATE v_voice_secretaries SET rag_enabled = true")
        self.mended_by_hand("chunk-model", "^No enabled provider offers the model builtin-lexical-2")

    def test_a_stuck_document(self):
        self.sql(f"""ALTER TABLE v_voice_documents DISABLE TRIGGER voicedb_touch;
                     INSERT INTO v_voice_documents (domain_uuid, document_name, processing_status, updated_at)
                     VALUES ('{CLINIC_UUID}', 'stuck', 'processing', now() - interval '61 minutes'),
                            ('{CLINIC_UUID}', 'at work', 'processing', now() - interval '59 minutes'),
                            ('{CLINIC_UUID}', 'waits', 'pending', now() - interval '23 hours');
                     ALTER TABLE v_voice_documents ENABLE TRIGGER voicedb_touch""")
        self.addCleanup(self.sql, "DELETE FROM v_voice_documents WHERE processing_status <> 'ready'")
        self.mended_by_fix("document-stuck", '^Document "stuck" is processing since ')
        self.assertEqual(self.sql("SELECT document_name, processing_status FROM v_voice_documents WHERE processing_status <> 'ready' ORDER BY 1"),
                         [["at work", "processing"], ["stuck", "failed"], ["waits", "pending"]])

    def test_documents_that_words_do_not_find(self):
        self.sql("UPDATE v_voice_documents SET terms_version = NULL")
        self.mended_by_hand("document-terms", "^1 ready documents cannot be found by their words", severity="warning", domain_name=CLINIC)

    def test_a_document_that_nobody_takes_up(self):
        self.sql(f"""INSERT INTO v_voice_documents (domain_uuid, document_name, processing_status, updated_at)
                     VALUES ('{CLINIC_UUID}', 'waits', 'pending', now() - interval '25 hours')""")
        self.addCleanup(self.sql, "DELETE FROM v_voice_documents WHERE processing_status <> 'ready'")
        self.mended_by_hand("document-stuck", '^Document "waits" is pending since ', severity="warning", fixable=False)


class Notices(Doctor):
    def notice(self, state, columns="", values=""):
        self.sql(f"""INSERT INTO v_voice_webhook_endpoints (domain_uuid, url) VALUES ('{CLINIC_UUID}', 'http://127.0.0.1:1/')
                     ON CONFLICT DO NOTHING;
                     INSERT INTO v_voice_conversations (domain_uuid) VALUES ('{CLINIC_UUID}');
                     INSERT INTO v_voice_webhook_deliveries (domain_uuid, conversation_uuid, endpoint_uuid, state{columns})
                     SELECT domain_uuid, conversation_uuid, endpoint_uuid, '{state}'{values}
                     FROM v_voice_conversations JOIN v_voice_webhook_endpoints USING (domain_uuid)""")
        self.addCleanup(self.sql, "DELETE FROM v_voice_conversations; DELETE FROM v_voice_webhook_endpoints; VACUUM ANALYZE")

    def test_notices_that_nobody_sends(self):
        self.notice("pending", ", next_attempt_at", ", now() - interval '11 minutes'")
        self.only("webhook-waiting", "^1 notices of webhooks wait since .*: nobody sends them", severity="error", mend_by="hand")
        self.assertEqual(self.found("--domain", HOTEL), [])
        self.run_raw("webhook", "run", "--once", "--allow", "127.0.0.1")
        self.assertEqual(self.found("webhook-waiting"), [])

    def test_notices_that_were_given_up(self):
        self.notice("dead", ", last_error", ", 'the receiver answered 500'")
        self.mended_by_hand("webhook-waiting", "^1 notices of webhooks were given up", severity="warning", mend_by="voicedb",
                            detail="the receiver answered 500")

    def test_what_has_only_just_come_is_no_fault(self):
        self.notice("pending", ", next_attempt_at", ", now() - interval '9 minutes'")
        self.assertEqual(self.found("webhook-waiting"), [])


class Secrets(Doctor):
    SECRET = "sk-hush-4711"

    def setUp(self):
        self.addCleanup(self.sql, "DELETE FROM v_voice_ai_providers WHERE provider_name = 'hushed'; DELETE FROM v_voice_data_keys")

    def add_plain(self):
        self.sql(f"""INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name, config)
                     VALUES ('{CLINIC_UUID}', 'llm', 'hushed', '{{"api_key": "{self.SECRET}"}}')""")

    def add_sealed(self, kind="llm"):
        config = json.dumps({"api_key": self.SECRET, "url": "http://localhost:1/v1", "model": "other"}).encode()
        self.at_clinic("provider", "add", "--type", kind, "--name", "hushed", "--config", "-", input=config)

    def test_a_secret_that_is_not_sealed(self):
        self.add_plain()
        self.mended_by_fix("secret-sealed", r"^Secrets that are not sealed: 1\.$", severity="warning", mend="voicedb key seal")

    def test_a_secret_that_is_not_sealed_is_mended_by_hand(self):
        self.add_plain()
        self.assertEqual(self.found("--domain", HOTEL), [])
        self.mended_by_hand("secret-sealed", "not sealed")

    def test_a_master_key_that_is_missing(self):
        self.add_sealed()
        key_id = self.json("key", "status")["keys"][0]["key_id"]
        other = os.path.join(self.folder, "other.key")
        self.voicedb("key", "init", other)
        self.addCleanup(setattr, self, "environment", self.environment)
        self.environment = self.environment | {"VOICEDB_MASTER_KEY": other}
        self.only("secret-sealed", f"^The master key {key_id} is missing; tenants whose secrets need it: 1", severity="error",
                  mend_by="hand", mend=f"Add the line of that key to {other}.")

    def test_a_key_file_that_others_can_read(self):
        os.chmod(self.master_key, 0o644)
        self.addCleanup(os.chmod, self.master_key, 0o600)
        self.only("secret-sealed", f"^No secret can be opened: the key file {self.master_key} is open to others", severity="error")

    def test_a_value_that_was_copied_from_another_row(self):
        self.add_sealed()
        self.sql("UPDATE v_voice_ai_providers SET config = (SELECT config FROM v_voice_ai_providers WHERE provider_name = 'hushed') "
                 "WHERE provider_name = 'voz'")
        self.addCleanup(self.sql, "UPDATE v_voice_ai_providers SET config = '{}' WHERE provider_name = 'voz'")
        self.only("secret-sealed", "^Sealed values that do not open: 1", severity="error", fixable=False)

    def test_what_a_sealed_provider_offers_is_known_without_a_key(self):
        self.add_sealed("embeddings")
        self.at_clinic("secretary", "update", "Recepção", "--embeddings", "hushed")
        self.addCleanup(self.at_clinic, "secretary", "update", "Recepção", "--embeddings", "")
        problems = [f["problem"] for f in self.found("chunk-model", env={"VOICEDB_MASTER_KEY": "/nowhere"})]
        self.assertEqual(len(problems), 1, problems)
        self.assertIn("other", problems[0])


class Secretaries(Doctor):
    def test_a_missing_provider(self):
        for kind in ("stt", "tts", "llm"):
            with self.subTest(kind=kind):
                self.at_clinic("secretary", "update", "Recepção", f"--{kind}", "")
                self.mended_by_hand("secretary-provider", f'^Secretary "Recepção" has no provider for {kind}\\.$', domain_name=CLINIC)

    def test_all_missing_and_none_to_give(self):
        self.at_hotel("secretary", "add", "--name", "Hotel")
        self.addCleanup(self.at_hotel, "secretary", "remove", "Hotel")
        self.only("secretary-provider", "has no provider for stt, tts, llm, embeddings", mend_by="hand")
        self.at_hotel("secretary", "update", "Hotel", "--enabled", "off")
        self.assertEqual(self.found(), [])

    def test_a_default_takes_the_place_of_embeddings_only(self):
        self.at_clinic("provider", "update", "builtin", "--default", "off")
        self.addCleanup(self.at_clinic, "provider", "update", "builtin", "--default", "on")
        self.mended_by_hand("secretary-provider", "has no provider for embeddings")
        self.at_clinic("secretary", "update", "Recepção", "--embeddings", "")

    def test_a_disabled_provider(self):
        self.at_clinic("provider", "update", "voz", "--enabled", "off")
        self.mended_by_hand("secretary-provider", '^The tts provider "voz" is disabled, and enabled secretaries use it: "Recepção"')

    def test_a_disabled_embeddings_provider(self):
        self.at_clinic("provider", "update", "builtin", "--enabled", "off")
        self.addCleanup(self.at_clinic, "provider", "update", "builtin", "--enabled", "on")
        self.assertEqual(sorted(f["code"] for f in self.found()), ["chunk-model", "secretary-provider"])

    def test_a_provider_of_another_type(self):
        self.sql("""ALTER TABLE v_voice_secretaries DISABLE TRIGGER voicedb_secretary_provider_types;
                    UPDATE v_voice_secretaries SET llm_provider_uuid = stt_provider_uuid;
                    ALTER TABLE v_voice_secretaries ENABLE TRIGGER voicedb_secretary_provider_types""")
        self.mended_by_hand("secretary-provider", '^Secretary "Recepção" has the provider "ouvido" for llm, which is of type stt')


class Numbers(Doctor):
    """FusionPBX 5.5."""

    fixture = None
    on, off = "true", "false"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.fixture is not None:
            with open(os.path.join(SOURCE, "tests/fixtures", cls.fixture), encoding="utf-8") as fixture:
                cls.sql("DROP TABLE v_extensions, v_ring_groups, v_call_center_queues, v_voicemails, v_ivr_menus, v_fifo;" + fixture.read())
            cls.sql(f"INSERT INTO v_extensions (extension_uuid, domain_uuid, extension, number_alias, enabled) "
                    f"VALUES (gen_random_uuid(), '{CLINIC_UUID}', '200', '2000', 'true'), (gen_random_uuid(), '{CLINIC_UUID}', '299', NULL, 'false')")
        cls.sql(f"""
            INSERT INTO v_ring_groups (domain_uuid, ring_group_uuid, ring_group_extension, ring_group_enabled)
            VALUES ('{CLINIC_UUID}', gen_random_uuid(), '600', '{cls.on}'), ('{CLINIC_UUID}', gen_random_uuid(), '699', '{cls.off}');
            INSERT INTO v_call_center_queues (call_center_queue_uuid, domain_uuid, queue_extension)
            VALUES (gen_random_uuid(), '{CLINIC_UUID}', '700');
            INSERT INTO v_voicemails (domain_uuid, voicemail_uuid, voicemail_id, voicemail_enabled)
            VALUES ('{CLINIC_UUID}', gen_random_uuid(), '200', '{cls.on}'), ('{CLINIC_UUID}', gen_random_uuid(), '299', '{cls.off}');
            INSERT INTO v_ivr_menus (ivr_menu_uuid, domain_uuid, ivr_menu_extension, ivr_menu_enabled)
            VALUES (gen_random_uuid(), '{CLINIC_UUID}', '800', '{cls.on}'), (gen_random_uuid(), '{CLINIC_UUID}', '899', '{cls.off}')""")

    def rule(self, kind, number, *options):
        uuid = self.at_clinic("transfer", "add", "--department", "D", "--type", kind, "--extension", number, *options).strip()
        self.addCleanup(self.sql, f"DELETE FROM v_voice_transfer_rules WHERE transfer_rule_uuid = '{uuid}'")
        return uuid

    def test_numbers_that_are_there(self):
        for kind, number in (("extension", "200"), ("extension", "2000"), ("ring_group", "600"), ("queue", "700"), ("voicemail", "200"),
                             ("ivr_menu", "800"), ("external", "+5511999990000")):
            self.rule(kind, number, "--fallback-extension", "600")
        self.assertEqual(self.found(), [])

    def test_numbers_that_are_not_there(self):
        for kind, label in (("extension", "extension"), ("ring_group", "ring group"), ("queue", "queue"), ("voicemail", "voicemail"),
                            ("ivr_menu", "IVR menu")):
            with self.subTest(kind=kind):
                uuid = self.rule(kind, "555")
                finding = self.mended_by_hand("transfer-number", f'^Transfer rule "D" sends calls to {label} 555, which FusionPBX does not have',
                                              domain_name=CLINIC, fixable=False)
                self.assertIn(uuid, finding["mend"])

    def test_numbers_that_are_switched_off(self):
        for kind, number in (("extension", "299"), ("ring_group", "699"), ("voicemail", "299"), ("ivr_menu", "899")):
            with self.subTest(kind=kind):
                self.rule(kind, number)
                self.mended_by_hand("transfer-number", f"{number}, which is disabled in FusionPBX")

    def test_a_number_of_another_kind(self):
        self.rule("extension", "600")
        self.mended_by_hand("transfer-number", "extension 600, which is of another kind: ring group")

    def test_another_tenants_number_is_none(self):
        self.at_hotel("transfer", "add", "--department", "H", "--extension", "200")
        self.addCleanup(self.sql, f"DELETE FROM v_voice_transfer_rules WHERE domain_uuid = '{HOTEL_UUID}'")
        self.mended_by_hand("transfer-number", "extension 200, which FusionPBX does not have", domain_name=HOTEL)

    def test_a_fallback(self):
        self.rule("extension", "200", "--fallback-extension", "556")
        self.mended_by_hand("transfer-number", "falls back to 556, which FusionPBX does not have")

    def test_a_rule_that_does_not_apply(self):
        self.rule("extension", "555", "--disabled")
        self.assertEqual(self.found(), [])

    def test_a_fusionpbx_without_such_a_table(self):
        self.sql("ALTER TABLE v_ivr_menus RENAME TO gone; ALTER TABLE v_voicemails RENAME voicemail_id TO other")
        self.addCleanup(self.sql, "ALTER TABLE gone RENAME TO v_ivr_menus; ALTER TABLE v_voicemails RENAME other TO voicemail_id")
        self.rule("ivr_menu", "555")
        answer = self.examine("transfer-number", status=0)
        self.assertEqual([(c["state"], c["reason"]) for c in answer["checks"]],
                         [("skipped", "This FusionPBX has no table of these: voicemail, IVR menu")])
        self.rule("queue", "555")
        self.assertEqual(len(self.found("transfer-number")), 1)

    def test_a_fifo_queue(self):
        self.rule("queue", "900")
        self.only("transfer-number", "queue 900, which FusionPBX does not have")
        self.sql(f"INSERT INTO v_fifo (fifo_uuid, domain_uuid, fifo_extension, fifo_enabled) VALUES (gen_random_uuid(), '{CLINIC_UUID}', '900', '{self.on}')")
        self.addCleanup(self.sql, "DELETE FROM v_fifo")
        self.assertEqual(self.found(), [])


class NumbersOf54(Numbers):
    """FusionPBX 5.4."""

    fixture = "fusionpbx_5_4.sql"


class Words(Command):
    def test_every_check_is_in_the_page(self):
        with open(os.path.join(SOURCE, "docs/doctor.md"), encoding="utf-8") as page:
            self.assertEqual(re.findall(r"(?m)^\| `([a-z-]+)` \|", page.read().split("## The checks")[1]), CODES)


if __name__ == "__main__":
    tap.main()
