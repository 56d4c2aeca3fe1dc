"""How voicedb is told where its database is."""
import os
import tempfile

from command import CLINIC, HOTEL, Database
import tap


class Connection(Database):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def config(self, **settings):
        given = {"type": "pgsql", "host": os.environ.get("PGHOST", ""), "port": os.environ.get("PGPORT", ""),
                 "name": self.database, "username": os.environ.get("PGUSER", ""), "password": "a=b'c\\d"} | settings
        path = os.path.join(self.folder.name, "config.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("# FusionPBX\n\n" + "".join(f"database.0.{key} = {value}\n" for key, value in given.items() if value)
                       + "database.1.type = sqlite\ndatabase.1.name = core.db\n")
        return path

    nowhere = {"PGHOST": "/nowhere", "PGDATABASE": "nothing", "PGUSER": "nobody", "PGPORT": "1"}

    def names(self, *args, **options):
        return [row["domain_name"] for row in self.json(*args, "tenant", "list", **options)]

    def test_environment(self):
        self.assertEqual(self.names(), [CLINIC, HOTEL])

    def test_connection_string(self):
        string = f"host='{os.environ['PGHOST']}' dbname={self.database} user={os.environ['PGUSER']} port={os.environ['PGPORT']}"
        self.assertEqual(self.names("--conninfo", string, env=self.nowhere), [CLINIC, HOTEL])
        self.refused("--conninfo", "host=", "tenant", "list", "extra", status=2, message='"extra" is one word too many', hint="Leave")

    def test_malformed_connection_string(self):
        for string in ("host='x", "x=y", "postgresql://[x/y", "dbname=x y"):
            self.refused("--conninfo", string, "tenant", "list", status=2, message="the connection string is malformed",
                         hint="Write it as")

    def test_fusionpbx(self):
        self.assertEqual(self.names(f"--fusionpbx={self.config()}", env=self.nowhere), [CLINIC, HOTEL])
        done = self.run_raw("tenant", "list", "--fusionpbx=" + self.config(host="/nowhere"))
        self.assertEqual(done.returncode, 6)
        self.assertNotIn(b"a=b", done.stderr)

    def test_fusionpbx_that_cannot_be_used(self):
        self.refused("--fusionpbx=/nowhere/config.conf", "tenant", "list", status=9,
                     message="cannot open /nowhere/config.conf: No such file or directory", hint="Give a file")
        path = self.config(type="mysql")
        self.refused(f"--fusionpbx={path}", "tenant", "list", status=9, message="FusionPBX's database is not PostgreSQL",
                     hint="Give a configuration", detail=f"read from {path}")
        path = self.config(name="")
        self.refused(f"--fusionpbx={path}", "tenant", "list", status=9, message="the configuration names no database",
                     hint="Give FusionPBX's config.conf", detail=f"read from {path}")
        if not any(os.path.exists(f"{prefix}/fusionpbx/config.conf") for prefix in ("/etc", "/usr/local/etc")):
            self.refused("--fusionpbx", "tenant", "list", status=9,
                         message="there is neither /etc/fusionpbx/config.conf nor /usr/local/etc/fusionpbx/config.conf",
                         hint="Give its place with --fusionpbx=FILE")

    def test_a_password_is_in_no_error(self):
        for string in ("host=/nowhere password=geheim4711", "postgresql://x:geheim4711@127.0.0.1:1/y", "password=geheim4711 broken",
                       "postgresql://x:geheim4711@[broken/y"):
            for flags in ([], ["--json"]):
                done = self.run_raw(*flags, "--conninfo", string, "tenant", "list")
                self.assertIn(done.returncode, (2, 6))
                self.assertNotIn(b"4711", done.stdout + done.stderr)


if __name__ == "__main__":
    tap.main()
