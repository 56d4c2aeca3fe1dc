"""Backup, restore and import when the client, the connection or the server ends at any moment: no file that only looks good, no row
lost or doubled, and the same command run again ends well."""
import glob
import os
import signal
import time

from command import ALONE, CLINIC, CLINIC_UUID
from faults import Faults, OwnCluster
import tap


class BackupFaults(Faults):
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
            self.assertLessEqual(statuses, {0, 6, -signal.SIGKILL})
            self.voicedb("backup", path)
            self.voicedb("backup", "verify", path)
            self.assertEqual(glob.glob(path + ".partial"), [])

    def test_restore(self):
        env, whole = self.other_database(), self.state()
        length = self.duration("restore", self.backup, env=env)
        for disturb in (self.kill, self.cut(env)):
            for status in self.each_moment(length, disturb, "restore", self.backup, env=env):
                if status != 0:
                    self.voicedb("restore", self.backup, env=env)
                self.assertEqual(self.state(env), whole)
                self.assertEqual(self.indexes(env), self.indexes())
                self.on_all_tables("TRUNCATE", env)

    def test_replacing_is_all_or_nothing(self):
        env, whole = self.other_database(), self.state()
        self.voicedb("restore", self.backup, env=env)
        self.sql("DELETE FROM v_voice_messages", env)
        mark = self.state(env)
        length = self.duration("restore", "--replace", self.backup, env=env)
        for status in self.each_moment(length, self.kill, "restore", "--replace", self.backup, env=env):
            self.wait_until(ALONE, env)
            state = self.state(env)
            self.assertIn(state, (whole, mark))
            self.assertTrue(status != 0 or state == whole)
            self.sql("DELETE FROM v_voice_messages", env)

    def test_import(self):
        others, mine = self.rows_of_others(CLINIC_UUID), self.rows_of(CLINIC_UUID)
        length = self.duration("tenant", "import", "--replace", self.copy)
        for disturb in (self.kill, self.cut()):
            for status in self.each_moment(length, disturb, "tenant", "import", "--replace", self.copy):
                self.wait_until(ALONE)
                self.assertEqual(self.rows_of(CLINIC_UUID), mine)
                self.assertEqual(self.rows_of_others(CLINIC_UUID), others)
                if status != 0:
                    self.voicedb("tenant", "import", "--replace", self.copy)
            self.at_clinic("tenant", "erase", "--confirm", CLINIC)
            empty = self.rows_of(CLINIC_UUID)
            for status in self.each_moment(length, disturb, "tenant", "import", self.copy):
                self.wait_until(ALONE)
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


class ServerKilled(OwnCluster, BackupFaults):
    """The server is ended with SIGKILL."""

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
        self.on_all_tables("DROP TABLE", env)
        self.sql("DROP TABLE voicedb_migrations", env)
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
