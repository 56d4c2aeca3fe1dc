"""Backup, restore and import when the client, the connection or the server ends at any moment: no file that only looks good, no row
lost or doubled, and the same command run again ends well."""
import glob
import os
import random
import shlex
import signal
import subprocess
import time

from backup import Backups
from command import CLINIC, CLINIC_UUID, SOURCE, VOICEDB
import tap

KILLS = 8


class Faults(Backups):
    chunks = 500

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backup = os.path.join(cls.folder, "whole.vdb")
        cls.copy = os.path.join(cls.folder, "clinic.vdb")
        for args in (["backup", cls.backup], ["--domain", CLINIC, "tenant", "export", cls.copy]):
            subprocess.run([VOICEDB, *args], env=os.environ | cls.environment, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)

    def start(self, *args, env=None):
        return subprocess.Popen([VOICEDB, *args], env=os.environ | self.environment | (env or {}), stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def finish(self, run):
        run.wait(timeout=120)
        run.stderr.close()
        return run.returncode

    def duration(self, *args, env=None):
        began = time.monotonic()
        self.assertEqual(self.finish(self.start(*args, env=env)), 0)
        return time.monotonic() - began

    def each_moment(self, length, disturb, *args, env=None):
        """Runs the command and disturbs it at different moments; yields its exit status each time."""
        for n in range(KILLS):
            run = self.start(*args, env=env)
            time.sleep(length * (n + random.random()) / KILLS)
            disturb(run)
            yield self.finish(run)

    def kill(self, run):
        run.send_signal(signal.SIGKILL)

    def cut(self, env=None):
        def terminate(run):
            del run
            self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'"
                        % (env or self.environment)["PGDATABASE"], {"PGDATABASE": "postgres"})
        return terminate

    def test_backup(self):
        path = self.path("b.vdb")
        length = self.duration("backup", path)
        for disturb in (self.kill, self.cut()):
            os.unlink(path)
            statuses = set()
            for status in self.each_moment(length, disturb, "backup", path):
                statuses.add(status)
                self.assertTrue(status != 0 or os.path.exists(path))
                if os.path.exists(path):
                    self.voicedb("backup", "verify", path)
                    os.unlink(path)
            self.assertTrue(statuses - {0}, "no run was disturbed")
            self.assertLessEqual(statuses, {0, 6, -signal.SIGKILL})
            self.voicedb("backup", path)
            self.voicedb("backup", "verify", path)
            self.assertEqual(glob.glob(path + ".partial"), [])

    def test_restore(self):
        env, whole = self.other_database(), self.state()
        length = self.duration("restore", self.backup, env=env)
        for disturb in (self.kill, self.cut(env)):
            statuses = set()
            for status in self.each_moment(length, disturb, "restore", self.backup, env=env):
                statuses.add(status)
                if status != 0:
                    self.voicedb("restore", self.backup, env=env)
                self.assertEqual(self.state(env), whole)
                self.assertEqual(self.indexes(env), self.indexes())
                self.sql("TRUNCATE v_voice_ai_providers CASCADE; TRUNCATE v_voice_documents CASCADE; "
                         "TRUNCATE v_voice_conversations CASCADE; TRUNCATE v_voice_transfer_rules CASCADE", env)
            self.assertTrue(statuses - {0}, "no run was disturbed")

    def test_replacing_is_all_or_nothing(self):
        env, whole = self.other_database(), self.state()
        self.voicedb("restore", self.backup, env=env)
        self.sql("DELETE FROM v_voice_messages", env)
        mark = self.state(env)
        length = self.duration("restore", "--replace", self.backup, env=env)
        for status in self.each_moment(length, self.kill, "restore", "--replace", self.backup, env=env):
            self.settle(env)
            state = self.state(env)
            self.assertIn(state, (whole, mark))
            self.assertTrue(status != 0 or state == whole)
            self.sql("DELETE FROM v_voice_messages", env)

    def settle(self, env):
        """Waits until the server has noticed that its client is gone."""
        for _ in range(600):
            if self.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                        "AND pid <> pg_backend_pid() AND backend_type = 'client backend'", env) == [["0"]]:
                return
            time.sleep(0.05)
        self.fail("a connection stays open")

    def test_import(self):
        others, mine = self.rows_of_others(CLINIC_UUID), self.rows_of(CLINIC_UUID)
        length = self.duration("tenant", "import", "--replace", self.copy)
        for disturb in (self.kill, self.cut()):
            for status in self.each_moment(length, disturb, "tenant", "import", "--replace", self.copy):
                self.settle({})
                self.assertEqual(self.rows_of(CLINIC_UUID), mine)
                self.assertEqual(self.rows_of_others(CLINIC_UUID), others)
                if status != 0:
                    self.voicedb("tenant", "import", "--replace", self.copy)
            self.at_clinic("tenant", "erase", "--confirm", CLINIC)
            empty = self.rows_of(CLINIC_UUID)
            for status in self.each_moment(length, disturb, "tenant", "import", self.copy):
                self.settle({})
                self.assertIn(self.rows_of(CLINIC_UUID), (empty, mine))
                self.assertEqual(self.rows_of_others(CLINIC_UUID), others)
                self.voicedb("tenant", "import", self.copy)
                self.assertEqual(self.rows_of(CLINIC_UUID), mine)
                self.at_clinic("tenant", "erase", "--confirm", CLINIC)
            self.voicedb("tenant", "import", self.copy)

    def test_interrupt_leaves_nothing(self):
        path = self.path("i.vdb")
        length = self.duration("backup", path)
        os.unlink(path)
        for status in self.each_moment(length, lambda run: run.send_signal(signal.SIGINT), "backup", path):
            self.assertEqual(glob.glob(path + ".partial"), [])
            if status == 0 or os.path.exists(path):
                self.voicedb("backup", "verify", path)
                os.unlink(path)


class ServerKilled(Faults):
    """On a cluster of its own, whose server is ended with SIGKILL."""

    CLUSTER = "faults"

    @classmethod
    def dev(cls, *args):
        done = subprocess.run([os.path.join(SOURCE, "dev"), "pg", "--cluster", cls.CLUSTER, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode())
        return done.stdout.decode()

    @classmethod
    def setUpClass(cls):
        before = dict(os.environ)
        cls.dev("start")
        cls.addClassCleanup(cls.dev, "drop")
        cls.addClassCleanup(os.environ.update, before)
        for word in shlex.split(cls.dev("env")):
            name, _, value = word.partition("=")
            if name in ("PGHOST", "PGPORT", "PGUSER"):
                os.environ[name] = value
        super().setUpClass()

    def kill_server(self, run):
        del run
        pid_file = os.path.join(SOURCE, ".pg/clusters", self.CLUSTER, "data/postmaster.pid")
        with open(pid_file, encoding="ascii") as file:
            os.kill(int(file.readline()), signal.SIGKILL)
        self.dev("start")

    def test_backup(self):
        path = self.path("b.vdb")
        length = self.duration("backup", path)
        for status in self.each_moment(length, self.kill_server, "backup", path):
            self.assertIn(status, (0, 6))
            if os.path.exists(path):
                self.voicedb("backup", "verify", path)
                os.unlink(path)
            self.assertEqual(glob.glob(path + "*"), [])
        self.voicedb("backup", path)

    def test_restore(self):
        env, whole = self.other_database(), self.state()
        length = self.duration("restore", self.backup, env=env)
        for status in self.each_moment(length, self.kill_server, "restore", "--replace", self.backup, env=env):
            self.assertIn(status, (0, 6))
            self.assertEqual(self.state(env), whole)
            self.voicedb("restore", "--replace", self.backup, env=env)
        self.assertEqual(self.state(env), whole)
        self.sql("DROP TABLE v_voice_messages, v_voice_conversations, v_voice_transfer_rules, v_voice_document_chunks, "
                 "v_voice_documents, v_voice_secretaries, v_voice_ai_providers, voicedb_migrations", env)
        run = self.start("restore", self.backup, env=env)
        time.sleep(length / 2)
        self.kill_server(run)
        self.assertIn(self.finish(run), (0, 6))
        self.voicedb("restore", self.backup, env=env)
        self.assertEqual(self.state(env), whole)
        self.assertEqual(self.indexes(env), self.indexes())

    def test_import(self):
        others, mine = self.rows_of_others(CLINIC_UUID), self.rows_of(CLINIC_UUID)
        length = self.duration("tenant", "import", "--replace", self.copy)
        for status in self.each_moment(length, self.kill_server, "tenant", "import", "--replace", self.copy):
            self.assertIn(status, (0, 6))
            self.assertEqual(self.rows_of(CLINIC_UUID), mine)
            self.assertEqual(self.rows_of_others(CLINIC_UUID), others)
        self.voicedb("tenant", "import", "--replace", self.copy)

    test_interrupt_leaves_nothing = None
    test_replacing_is_all_or_nothing = None


if __name__ == "__main__":
    tap.main()
