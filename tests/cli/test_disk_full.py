"""A disk of the server that is full: what does not fit has not happened, and when there is room the same command ends well. Backups on
a full disk are in test_backup.py."""
import os
import shutil
import subprocess
import tempfile
import unittest

from command import CLINIC, CLINIC_UUID, SOURCE, VOICEDB, Database
from faults import Faults, OwnCluster
import tap

DISK = 320 << 20
LEFT = (4 << 20, 1 << 20, 256 << 10, 64 << 10)  # bytes; nothing fits into the last
PASSAGES = 800
SETTINGS = "max_wal_size = 48MB\nmin_wal_size = 32MB\nautovacuum = off\n"
# sh -c … sh CHECKOUT KEPT COMMAND …: runs the command with a small /tmp in which the checkout, if it lies there, still is.
SMALL_TMP = """
mount --rbind "$1" "$2" && mount -t tmpfs -o size=1m voicedb /tmp && mkdir -p "$1" && mount --rbind "$2" "$1" || exit 125
shift 2
exec "$@"
"""


def can_mount():
    with tempfile.TemporaryDirectory() as place:
        if shutil.which("mount") is None or subprocess.run(["mount", "-t", "tmpfs", "voicedb", place], stderr=subprocess.DEVNULL,
                                                           check=False).returncode != 0:
            return False
        subprocess.run(["umount", place], check=True)
        return True


class FullDisk(OwnCluster, Faults):
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


@unittest.skipUnless(can_mount(), "needs the right to mount a file system")
class DiskFull(FullDisk):
    """Commands of the operator."""

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


@unittest.skipUnless(can_mount(), "needs the right to mount a file system")
class Documents(FullDisk):
    """Documents on their way into the database."""

    def text(self, path, word):
        """Passages for some megabytes, with their embeddings."""
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"# {word} {n}\n\nO preço do {word} número {n} é de {n} reais.\n\n" for n in range(PASSAGES))
        return word

    def passages(self):
        return self.sql("SELECT split_part(c.content, ' ', 1), count(*), count(DISTINCT chunk_index) FROM v_voice_document_chunks c "
                        "JOIN v_voice_documents USING (domain_uuid, document_uuid) WHERE document_name = 'a.md' GROUP BY 1")

    def use_builtin(self):
        self.sql(f"""UPDATE v_voice_ai_providers SET is_default = true
                     WHERE provider_type = 'embeddings' AND domain_uuid = '{CLINIC_UUID}'""")
        self.addCleanup(self.sql, "DELETE FROM v_voice_documents WHERE document_name = 'a.md'")

    def test_document_add(self):
        self.use_builtin()
        path = self.path("a.md")
        there = [[self.text(path, "corte0"), str(PASSAGES), str(PASSAGES)]]
        self.at_clinic("document", "add", path)
        wanted = self.text(path, "corte1")
        for n, status in enumerate(self.each_shortage("--domain", CLINIC, "document", "add", path)):
            complete = [[wanted, str(PASSAGES), str(PASSAGES)]]
            self.assertEqual(self.passages(), complete if status == 0 else there)
            self.at_clinic("document", "add", path)
            self.assertEqual(self.passages(), complete)
            there, wanted = complete, self.text(path, f"corte{n + 2}")

    def test_document_run(self):
        self.use_builtin()
        path = self.path("a.md")

        def wait(word):
            self.text(path, word)
            with open(path, encoding="utf-8") as file:
                self.sql("DELETE FROM v_voice_documents WHERE document_name = 'a.md'; INSERT INTO v_voice_documents (domain_uuid, "
                         f"document_name, content) VALUES ('{CLINIC_UUID}', 'a.md', $text${file.read()}$text$)")
            return [[word, str(PASSAGES), str(PASSAGES)]]

        self.sql("UPDATE v_voice_documents SET processing_status = 'failed' WHERE processing_status = 'pending'")
        complete = wait("corte")
        for n, status in enumerate(self.each_shortage("--domain", CLINIC, "document", "run", "--once")):
            self.assertEqual(self.passages(), complete if status == 0 else [])
            self.sql("UPDATE v_voice_documents SET processing_until = now() WHERE document_name = 'a.md' AND processing_status <> 'ready'")
            self.at_clinic("document", "run", "--once")
            self.assertEqual(self.passages(), complete)
            complete = wait(f"corte{n}")


@unittest.skipUnless(can_mount(), "needs the right to mount a file system")
class TemporaryFolderFull(Database):
    """No room for the text of a document on its way."""

    def test_document_add(self):
        self.at_clinic("provider", "add", "--type", "embeddings", "--name", "builtin", "--default")
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, tempfile.TemporaryDirectory(dir="/var/tmp") as kept:
            path = os.path.join(folder, "a.txt")
            with open(path, "w", encoding="utf-8") as file:
                file.write("O horário é das 8 às 18 horas.\n" * 100000)
            before = self.state()
            done = subprocess.run(["unshare", "--mount", "sh", "-c", SMALL_TMP, "sh", SOURCE, kept, VOICEDB,
                                   "--domain", CLINIC, "document", "add", path], env=os.environ | self.environment,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            self.assertEqual((done.returncode, done.stdout), (9, b""), done.stderr)
            self.assertEqual(done.stderr.decode(), "voicedb: cannot write a temporary file: No space left on device\n"
                                                   "hint: Free space in the folder for temporary files.\n")
            self.assertEqual(self.state(), before)
            self.at_clinic("document", "add", path)


if __name__ == "__main__":
    tap.main()
