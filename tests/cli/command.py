"""What the tests of the command share: voicedb run as a user does, in a database of its own for each class."""
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))  # for tap
SOURCE = os.path.dirname(os.path.dirname(HERE))
VOICEDB = os.environ.get("VOICEDB", os.path.join(SOURCE, "build", "voicedb"))

CLINIC = "clinic.example"
HOTEL = "hotel.example"
CLINIC_UUID = "00000000-0000-4000-8000-00000000000a"
HOTEL_UUID = "00000000-0000-4000-8000-00000000000b"
NOBODY = "ffffffff-ffff-4fff-8fff-ffffffffffff"

DOMAINS = f"""
INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled)
VALUES ('{CLINIC_UUID}', '{CLINIC}', true), ('{HOTEL_UUID}', '{HOTEL}', true);
"""

# Nobody else is connected: the server has noticed that a client is gone, and handed in what its session counted.
ALONE = """NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                       AND backend_type = 'client backend')"""

HASHES = """
SELECT format('SELECT %L, count(*), md5(coalesce(string_agg(t::text, E''\\n'' ORDER BY t::text), '''')) FROM %I t',
              tablename, tablename)
FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'v\\_%' ORDER BY tablename \\gexec
"""


class Command(unittest.TestCase):
    """Runs the command; needs no database."""

    maxDiff = None
    environment = {}

    def run_raw(self, *args, **options):
        environment = os.environ | self.environment
        environment.pop("VOICEDB_DOMAIN", None)
        environment.update(options.pop("env", {}))
        options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
        if "input" in options:
            del options["stdin"]
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        return subprocess.run([VOICEDB, *args], env=environment, timeout=120, **options)

    def voicedb(self, *args, status=0, **options):
        """Runs it, wants this exit status, and returns what it printed on stdout."""
        done = self.run_raw(*args, **options)
        out = (done.stdout or b"").decode()
        self.assertEqual(done.returncode, status, f"{args}\n{out}{(done.stderr or b'').decode()}")
        return out

    def json(self, *args, **options):
        return json.loads(self.voicedb("--json", *args, **options))

    def refused(self, *args, status, message, hint, detail=None, **options):
        """A call that must fail so: its status, what is wrong, what to do; the same as JSON; nothing on stdout."""
        done = self.run_raw(*args, **options)
        lines = done.stderr.decode().splitlines()
        self.assertEqual((done.returncode, done.stdout), (status, b""), f"{args}\n{done.stderr.decode()}")
        self.assertEqual(lines[0], f"voicedb: {message}")
        self.assertRegex(lines[-1], rf"^hint: {hint}")
        self.assertRegex(lines[-1], r"^hint: [A-Z][a-z]+ .*\.$")
        self.assertLessEqual(len(lines), 3, lines)
        if detail is not None:
            self.assertRegex(lines[1], rf"^  {detail}$")
        done = self.run_raw("--json", *args, **options)
        self.assertEqual(done.returncode, status)
        error = json.loads(done.stderr)["error"]
        self.assertEqual(list(error), ["status", "exit", "message", "detail", "hint", "sqlstate"])
        self.assertEqual((error["exit"], error["message"]), (status, message))
        return error


class Database(Command):
    """A FusionPBX database with two tenants, migrated; gone when the class is done."""

    migrated = True
    count = 0

    @classmethod
    def setUpClass(cls):
        Database.count += 1
        cls.database = f"voicedb_cli_{os.getpid()}_{Database.count}"
        subprocess.run(["createdb", "--template=template0", cls.database], check=True)
        cls.addClassCleanup(subprocess.run, ["dropdb", "--force", "--if-exists", cls.database], check=True)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.master_key = os.path.join(folder.name, "master.key")
        subprocess.run([VOICEDB, "key", "init", cls.master_key], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.environment = {"PGDATABASE": cls.database, "VOICEDB_MASTER_KEY": cls.master_key}
        with open(os.path.join(SOURCE, "tests/fixtures/fusionpbx.sql"), encoding="utf-8") as fixture:
            cls.sql(fixture.read() + DOMAINS)
        if cls.migrated:
            subprocess.run([VOICEDB, "migrate"], env=os.environ | cls.environment, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @classmethod
    def sql(cls, text, env=None):
        """What psql answers: a list of rows, each a list of texts."""
        done = subprocess.run(["psql", "-XqAt", "-F", "\x1f", "-v", "ON_ERROR_STOP=1"], input=text.encode(),
                              env=os.environ | cls.environment | (env or {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode())
        return [line.split("\x1f") for line in done.stdout.decode().splitlines()]

    @classmethod
    def wait_until(cls, condition, env=None):
        """Waits until this is true in the database."""
        for _ in range(1200):
            if cls.sql(f"SELECT {condition}", env) == [["t"]]:
                return
            time.sleep(0.05)
        raise AssertionError(f"never came true: {condition}")

    def state(self, env=None):
        """Number of rows and hash of every table."""
        return self.sql(HASHES, env)

    def at_clinic(self, *args, **options):
        return self.voicedb("--domain", CLINIC, *args, **options)

    def at_hotel(self, *args, **options):
        return self.voicedb("--domain", HOTEL, *args, **options)

    def clinic_json(self, *args, **options):
        return json.loads(self.at_clinic("--json", *args, **options))

    def refused_unchanged(self, *args, domain=CLINIC, **options):
        before = self.state()
        error = self.refused("--domain", domain, *args, **options)
        self.assertEqual(self.state(), before)
        return error
