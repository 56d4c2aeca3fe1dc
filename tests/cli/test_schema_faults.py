"""migrate and adopt when the client, the connection or the server ends at any moment: the same command run again ends well, the
schema is as it should be, and no row is lost or doubled."""
import os
import signal
import subprocess

from command import ALONE, SOURCE
from faults import Faults, OwnCluster
import tap


class SchemaFaults(Faults):
    chunks = 30
    moments = 3

    def disturbances(self, env):
        return self.kill, self.cut(env)

    def renew(self, env, template):
        """Makes a database anew, as a copy of another one."""
        subprocess.run(["dropdb", "--force", "--if-exists", env["PGDATABASE"]], check=True)
        subprocess.run(["createdb", f"--template={template['PGDATABASE']}", env["PGDATABASE"]], check=True)

    def target(self):
        return {"PGDATABASE": self.other_database()["PGDATABASE"]}

    def each_disturbed(self, template, *args):
        """For each copy of a database in which the command was disturbed: its environment and the exit status."""
        env = self.target()
        self.renew(env, template)
        length = self.duration(*args, env=env)
        for disturb in self.disturbances(env):
            self.renew(env, template)
            for status in self.each_moment(length, disturb, *args, env=env):
                self.assertIn(status, (0, 6, -signal.SIGKILL))
                self.wait_until(ALONE, env)
                yield env, status
                self.renew(env, template)

    def assert_schema(self, env):
        self.voicedb("migrate", "verify", env=env)
        self.assertEqual(self.sql("SELECT count(*) - count(DISTINCT version) FROM voicedb_migrations", env), [["0"]])

    def test_migrate_makes_the_tables(self):
        for env, _ in self.each_disturbed(self.other_database(), "migrate"):
            self.voicedb("migrate", env=env)
            self.assert_schema(env)

    def test_migrate_keeps_the_rows(self):
        """Without its ledger every step is done once more, on tables with rows; their secrets are sealed already."""
        self.voicedb("migrate")
        before = self.target()
        self.renew(before, self.environment)
        self.sql("DELETE FROM voicedb_migrations WHERE version > 1", before)
        whole = self.state()
        for env, _ in self.each_disturbed(before, "migrate"):
            self.assertEqual(self.state(env), whole)
            self.voicedb("migrate", env=env)
            self.assert_schema(env)
            self.assertEqual(self.state(env), whole)

    def test_adopt(self):
        site = self.other_database(domains=False)
        with open(os.path.join(SOURCE, "tests/fixtures/voice_ai_ivr.sql"), encoding="utf-8") as fixture:
            self.sql(fixture.read(), site)
        # Without one, conversations get the moment of their adoption, and no two runs give the same rows.
        self.sql("ALTER TABLE v_voice_conversations ADD COLUMN update_date timestamptz DEFAULT now()", site)
        before, adopted = self.state(site), self.target()
        self.renew(adopted, site)
        self.voicedb("migrate", "adopt", env=adopted)
        whole = self.state(adopted)
        self.assertNotEqual(whole, before)
        for env, status in self.each_disturbed(site, "migrate", "adopt"):
            self.assertIn(self.state(env), (whole,) if status == 0 else (before, whole))
            self.voicedb("migrate", "adopt", env=env)
            self.assertEqual(self.state(env), whole)
            self.assert_schema(env)


class ServerKilled(OwnCluster, SchemaFaults):
    """The server is ended with SIGKILL."""

    def disturbances(self, env):
        return (self.kill_server,)


if __name__ == "__main__":
    tap.main()
