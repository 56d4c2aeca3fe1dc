"""A disk of the server that is full: what does not fit has not happened, and when there is room the same command ends well. Backups on
a full disk are in test_backup.py."""
import os
import shutil
import subprocess
import tempfile
import unittest

from command import CLINIC_UUID, SOURCE
from faults import Faults, OwnCluster
import tap

DISK = 320 << 20
LEFT = (4 << 20, 1 << 20, 256 << 10, 64 << 10)  # bytes; nothing fits into the last
SETTINGS = "max_wal_size = 48MB\nmin_wal_size = 32MB\nautovacuum = off\n"


def can_mount():
    with tempfile.TemporaryDirectory() as place:
        if shutil.which("mount") is None or subprocess.run(["mount", "-t", "tmpfs", "voicedb", place], stderr=subprocess.DEVNULL,
                                                           check=False).returncode != 0:
            return False
        subprocess.run(["umount", place], check=True)
        return True


@unittest.skipUnless(can_mount(), "needs the right to mount a file system")
class DiskFull(OwnCluster, Faults):
    """A cluster on a small file system in memory."""

    CLUSTER = "disk"

    @classmethod
    def unmount(cls):
        cls.dev("stop")
        subprocess.run(["umount", cls.home()], check=True)

    @classmethod
    def leave(cls):
        cls.unmount()
        super().leave()

    @classmethod
    def setUpClass(cls):
        if os.path.ismount(cls.home()):  # a test that was killed
            cls.unmount()
        os.makedirs(cls.home(), exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "voicedb", cls.home()], check=True)
        settings = tempfile.NamedTemporaryFile("w", suffix=".conf")  # pylint: disable=consider-using-with
        cls.addClassCleanup(settings.close)
        settings.write(SETTINGS)
        settings.flush()
        cls.options = ("--conf", settings.name)
        super().setUpClass()

    def each_shortage(self, *args, env=None):
        """Runs the command with less and less room; yields when there is room again, with its exit status and what it said."""
        filler = os.path.join(self.home(), "filler")
        for left in LEFT:
            self.sql("CHECKPOINT")
            with open(filler, "wb") as file:
                disk = os.fstatvfs(file.fileno())
                os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - left)
            done = self.run_raw(*args, env=env or {})
            os.unlink(filler)
            self.dev("start")  # a server that cannot write its log ends
            self.assertIn(done.returncode, (0, 6), done.stderr)
            if done.returncode == 6:
                self.assertRegex(done.stderr.decode(), r"(?m)^voicedb: .*\n(  .*\n)?hint: [A-Z].*\.$")
            yield done.returncode
        self.assertEqual(done.returncode, 6, "all fits into nothing")

    def assert_schema(self, env):
        self.assertEqual(self.voicedb("migrate", env=env), "The schema is current.\n")
        self.voicedb("migrate", "verify", env=env)

    def test_migrate(self):
        env = self.other_database()
        for _ in self.each_shortage("migrate", env=env):
            self.voicedb("migrate", env=env)
            self.assert_schema(env)
            env.update(self.other_database())

    def test_adopt(self):
        env = {}
        with open(os.path.join(SOURCE, "tests/fixtures/voice_ai_ivr.sql"), encoding="utf-8") as file:
            fixture = file.read()

        def renew():
            env.update(self.other_database(domains=False))
            self.sql(fixture, env)
            return self.state(env)

        before = renew()
        for status in self.each_shortage("migrate", "adopt", env=env):
            if status != 0:
                self.assertEqual(self.state(env), before)
            self.voicedb("migrate", "adopt", env=env)
            self.assert_schema(env)
            before = renew()

    def test_restore(self):
        env, whole = self.other_database(), self.state()
        for _ in self.each_shortage("restore", "--replace", self.backup, env=env):
            self.voicedb("restore", "--replace", self.backup, env=env)
            self.assertEqual(self.state(env), whole)
            self.assertEqual(self.indexes(env), self.indexes())

    def test_import(self):
        others, mine = self.rows_of_others(CLINIC_UUID), self.rows_of(CLINIC_UUID)
        for _ in self.each_shortage("tenant", "import", "--replace", self.copy):
            self.assertEqual(self.rows_of(CLINIC_UUID), mine)
            self.assertEqual(self.rows_of_others(CLINIC_UUID), others)
            self.voicedb("tenant", "import", "--replace", self.copy)
            self.assertEqual(self.rows_of(CLINIC_UUID), mine)
            self.assertEqual(self.rows_of_others(CLINIC_UUID), others)


if __name__ == "__main__":
    tap.main()
