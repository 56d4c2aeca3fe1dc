"""What the tests of faults share: a command that is disturbed at any moment, and a cluster whose server may be killed."""
import os
import random
import shlex
import signal
import subprocess
import time

from backup import Backups
from command import CLINIC, SOURCE, VOICEDB


class Faults(Backups):
    """A database with rows, a backup of it and a copy of one tenant."""

    chunks = 500
    moments = 6  # at which a command is disturbed

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
        run.communicate(timeout=120)
        return run.returncode

    def duration(self, *args, env=None):
        began = time.monotonic()
        self.assertEqual(self.finish(self.start(*args, env=env)), 0)
        return time.monotonic() - began

    def each_moment(self, length, disturb, *args, env=None):
        """Runs the command, which takes so long, and disturbs it at different moments; yields its exit status each time. It goes on
        until one run at least was stopped in its work, also on a machine that has become faster since."""
        stopped = False
        for n in range(10 * self.moments):
            if n >= self.moments and stopped:
                return
            run = self.start(*args, env=env)
            time.sleep(length * (n % self.moments + random.random()) / self.moments)
            if run.poll() is not None:
                length *= 0.8
            disturb(run)
            status = self.finish(run)
            stopped = stopped or status != 0
            yield status
        self.fail("no run was disturbed")

    def kill(self, run):
        run.send_signal(signal.SIGKILL)

    def cut(self, env=None):
        """Ends the connections to a database."""
        def terminate(run):
            del run
            self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'"
                     % (env or self.environment)["PGDATABASE"], {"PGDATABASE": "postgres"})
        return terminate


class OwnCluster:
    """Goes before a class of tests, which then has a cluster to itself."""

    CLUSTER = "faults"
    options = ()

    @classmethod
    def dev(cls, *args):
        done = subprocess.run([os.path.join(SOURCE, "dev"), "pg", "--cluster", cls.CLUSTER, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode())
        return done.stdout.decode()

    @classmethod
    def home(cls):
        return os.path.join(SOURCE, ".pg", os.environ.get("VOICEDB_DEBIAN", ""), "clusters", cls.CLUSTER)

    @classmethod
    def leave(cls):
        cls.dev("drop")

    @classmethod
    def setUpClass(cls):
        before = dict(os.environ)
        cls.addClassCleanup(cls.leave)
        cls.dev(*cls.options, "start")
        cls.addClassCleanup(os.environ.update, before)
        for word in shlex.split(cls.dev("env")):
            name, _, value = word.partition("=")
            if name in ("PGHOST", "PGPORT", "PGUSER"):
                os.environ[name] = value
        super().setUpClass()

    def kill_server(self, run):
        del run
        with open(os.path.join(self.home(), "data/postmaster.pid"), encoding="ascii") as file:
            os.kill(int(file.readline()), signal.SIGKILL)
        self.dev("start")
