"""Secrets and master keys through the command: what is kept where, what is shown nowhere, and what a copy takes along."""
import json
import os
import resource
import signal
import subprocess
import unittest

from backup import Backups
from command import CLINIC, CLINIC_UUID, HOTEL, HOTEL_UUID, VOICEDB
import tap

SECRET = "sk-hush-0815"
CONFIG = json.dumps({"api_key": SECRET, "model": "x"}).encode()
SEALED = "SELECT config->'api_key'->>'$sealed' FROM v_voice_ai_providers WHERE domain_uuid = '{}' AND provider_name = '{}'"


class Secrets(Backups):
    @classmethod
    def fill(cls, domain, chunks):
        """No rows but those that a test makes."""

    def setUp(self):
        for table in ("v_voice_secretaries", "v_voice_ai_providers", "v_voice_data_keys"):
            self.sql(f"DELETE FROM {table}")
        self.keys = 0

    def add(self, domain=CLINIC, name="openai", config=CONFIG, **options):
        return self.voicedb("--domain", domain, "provider", "add", "--type", "llm", "--name", name, "--config", "-",
                            input=config, **options).strip()

    def new_key(self, *options):
        self.keys += 1
        path = self.path(f"{self.id().rsplit('.', 1)[1]}-{self.keys}.key")
        return path, self.voicedb("key", "init", *options, path).strip()

    def opens(self, domain=CLINIC, env=None):
        """Whether every sealed value of all tenants opens: what `key status` finds."""
        done = self.run_raw("--json", "key", "status", env=env or {})
        return json.loads(done.stdout)


class Keys(Secrets):
    def test_a_key_is_made_closed_to_others_and_never_replaced(self):
        path, key = self.new_key()
        self.assertRegex(key, r"^[0-9a-f]{16}$")
        self.assertEqual(os.stat(path).st_mode & 0o7777, 0o600)
        with open(path, encoding="ascii") as file:
            before = file.read()
        self.refused("key", "init", path, status=4, message=f"the file {path} exists", hint="Choose another name")
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), before)

    def test_a_key_file_that_cannot_be_used(self):
        path, _ = self.new_key()
        self.add()
        cases = [("empty", b"", 9, f"the key file {{}} holds no key", "Make one"),
                 ("backup", b"0" * 64 + b"\n", 9, "{} is a key for backups, no file of master keys", "Make one")]
        for name, content, status, message, hint in cases:
            bad = self.path(name)
            with open(os.open(bad, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(content)
            self.refused("--master-key", bad, "key", "status", status=status, message=message.format(bad), hint=hint)
        os.chmod(path, 0o644)
        self.refused("--master-key", path, "key", "status", status=5, message=f"the key file {path} is open to others",
                     hint="Run `chmod 600`")

    def test_another_clusters_key_opens_nothing(self):
        self.add()
        self.sql("UPDATE v_voice_ai_providers SET provider_type = provider_type")
        mine = self.opens()["keys"][0]["key_id"]
        path, other = self.new_key()
        status = self.json("--master-key", path, "key", "status", status=12)
        self.assertEqual([(k["key_id"], k["state"], k["tenants"]) for k in status["keys"]],
                         [(other, "seals", 0), (mine, "missing", 1)])
        error = self.refused("--master-key", path, "--domain", CLINIC, "provider", "add", "--type", "tts", "--name", "x", "--config",
                             "-", input=CONFIG, status=5, message=f"the master key {mine} is not in {path}",
                             hint="Add the line of that key")
        self.assertNotIn(SECRET, str(error))

    def test_from_key_to_key(self):
        self.add()
        self.add(HOTEL)
        old = self.master_key
        path, key = self.new_key("--after", old)
        before = self.sql(SEALED.format(CLINIC_UUID, "openai"))
        self.assertEqual(self.json("--master-key", path, "key", "status")["keys"][1]["tenants"], 2)
        self.assertEqual(self.voicedb("--master-key", path, "key", "rotate"), "tenants 2\n")
        self.assertNotEqual(self.sql(SEALED.format(CLINIC_UUID, "openai")), before)
        status = self.json("--master-key", path, "key", "status")
        self.assertEqual([(k["state"], k["tenants"]) for k in status["keys"]], [("seals", 2), ("opens", 0)])
        self.assertEqual((status["sealed"], status["plain"], status["broken"]), (2, 0, 0))
        self.assertEqual(status["keys"][0]["key_id"], key)
        self.json("key", "status", status=12)

    def test_plain_values_are_sealed_by_migrate_and_by_seal(self):
        insert = ("INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name, config) "
                  f"VALUES ('{HOTEL_UUID}', 'llm', '%s', '{CONFIG.decode()}')")
        self.sql(insert % "a")
        self.json("key", "status", status=12)
        self.assertEqual(self.json("migrate"), {"applied": 0, "sealed": 1})
        self.assertEqual(self.json("migrate"), {"applied": 0, "sealed": 0})
        self.sql(insert % "b")
        self.assertEqual(self.json("key", "seal"), {"sealed": 1})
        self.assertEqual(self.sql(f"SELECT 1 FROM v_voice_ai_providers p WHERE p::text LIKE '%{SECRET}%'"), [])
        self.assertEqual(self.opens()["sealed"], 2)
        self.sql(insert % "c")
        nowhere = self.path("nowhere")
        done = self.run_raw("migrate", env={"VOICEDB_MASTER_KEY": nowhere})
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"Secrets were not sealed", done.stderr)
        self.assertNotIn(SECRET.encode(), done.stdout + done.stderr)


class Leaks(Secrets):
    def test_no_secret_on_the_command_line(self):
        for extra in ([], ["--json"]):
            done = self.run_raw(*extra, "--domain", CLINIC, "provider", "add", "--type", "llm", "--name", "x", "--config",
                                CONFIG.decode())
            self.assertEqual(done.returncode, 2)
            self.assertNotIn(SECRET.encode(), done.stdout + done.stderr)
        self.refused("--domain", CLINIC, "provider", "add", "--type", "llm", "--name", "x", "--config", CONFIG.decode(), status=2,
                     message="what --config gives holds a secret", hint="Write it to a file")
        self.at_clinic("provider", "add", "--type", "llm", "--name", "x", "--config", '{"model": "x"}')

    def test_the_server_never_sees_a_secret(self):
        """Not even one that writes every statement with its parameters into its log."""
        log = os.path.join(os.environ["PGHOST"], "..", "log")
        self.sql(f"ALTER DATABASE {self.database} SET log_statement = 'all'")
        self.add()
        self.at_clinic("provider", "update", "openai", "--config", "-", input=CONFIG)
        self.at_clinic("provider", "show", "openai")
        self.voicedb("key", "rotate")
        self.sql(f"ALTER DATABASE {self.database} RESET log_statement")
        with open(log, "rb") as file:
            written = file.read()
        self.assertIn(b"INSERT INTO v_voice_ai_providers", written)
        self.assertNotIn(SECRET.encode(), written)

    def test_a_backup_holds_no_secret_and_no_master_key(self):
        self.add()
        with open(self.master_key, encoding="ascii") as file:
            key = file.read().split()[-1]
        path = self.path("secrets.vdb")
        self.voicedb("backup", path)
        text = subprocess.run(["zstd", "-dqc", path], stdout=subprocess.PIPE, check=True).stdout
        self.assertIn(b"$sealed", text)
        for hidden in (SECRET, key):
            self.assertNotIn(hidden.encode(), text)

    def test_a_crash_leaves_no_core(self):
        def let_dump():
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

        fifo = self.path("fifo")
        os.mkfifo(fifo)
        process = subprocess.Popen([VOICEDB, "--domain", CLINIC, "provider", "add", "--type", "llm", "--name", "x", "--config",
                                    f"@{fifo}"], env=os.environ | self.environment, preexec_fn=let_dump, cwd=self.folder)
        with open(fifo, "wb") as writer:
            writer.write(CONFIG)
            writer.flush()
            process.send_signal(signal.SIGABRT)
            _, status = os.waitpid(process.pid, 0)
        process.returncode = status
        self.assertTrue(os.WIFSIGNALED(status) or os.WIFEXITED(status))
        self.assertFalse(os.WCOREDUMP(status))
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("core")], [])


class CopiesOfSecrets(Secrets):
    def test_a_restored_secret_opens_with_the_same_key(self):
        self.add()
        path, env = self.path("whole.vdb"), self.other_database()
        self.voicedb("backup", path)
        self.voicedb("restore", path, env=env)
        self.assertEqual(self.sql(SEALED.format(CLINIC_UUID, "openai"), env), self.sql(SEALED.format(CLINIC_UUID, "openai")))
        status = self.opens(env=env)
        self.assertEqual((status["sealed"], status["broken"]), (1, 0))

    def test_a_tenants_copy_is_sealed_for_its_domain(self):
        uuid = self.add(config=json.dumps({"api_key": SECRET + '"\\\n', "n": 1, "deep": [{"token": 4711}]}).encode())
        self.sql("UPDATE v_voice_ai_providers SET config = config || '{\"exact\": 1.50, \"s\": \"a\\\\tb\\\"c\"}'")
        path = self.path("clinic.vdb")
        self.at_clinic("tenant", "export", path)
        for _ in range(2):
            self.voicedb("tenant", "import", "--into", HOTEL, path)
        rows = self.sql("SELECT domain_uuid, provider_uuid, data_key_uuid, config->'api_key', config->'exact', config->'s' "
                        "FROM v_voice_ai_providers ORDER BY domain_uuid")
        self.assertEqual([row[0] for row in rows], [CLINIC_UUID, HOTEL_UUID])
        self.assertEqual(rows[0][1], uuid)
        for column in (1, 2, 3):
            self.assertNotEqual(rows[0][column], rows[1][column])
        self.assertEqual(rows[0][4:], rows[1][4:])
        status = self.opens()
        self.assertEqual((status["tenants"], status["sealed"], status["plain"], status["broken"]), (2, 4, 0, 0))
        error = self.refused("--master-key", self.path("nowhere"), "tenant", "import", "--replace", "--into", HOTEL, path, status=5,
                             message=self.message_of("--master-key", self.path("nowhere"), "tenant", "import", "--replace",
                                                     "--into", HOTEL, path), hint="Make one")
        self.assertIn(status["keys"][0]["key_id"], error["message"])
        self.assertEqual(self.opens()["broken"], 0)

    def message_of(self, *args):
        return self.run_raw(*args).stderr.decode().splitlines()[0].removeprefix("voicedb: ")

    def test_an_erased_tenant_leaves_no_key(self):
        self.add()
        self.at_clinic("tenant", "erase", "--confirm", CLINIC)
        self.assertEqual(self.sql("SELECT count(*) FROM v_voice_data_keys"), [["0"]])


if __name__ == "__main__":
    tap.main()
