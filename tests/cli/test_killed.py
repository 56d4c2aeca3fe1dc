"""A `document add` that ends at any moment, killed or interrupted, leaves the document as before or complete; run again it
finishes the work."""
import fcntl
import hashlib
import os
import pty
import random
import signal
import struct
import subprocess
import tempfile
import termios
import time

from command import ALONE, CLINIC, CLINIC_UUID, VOICEDB, Database
import tap

KILLS = 24


def text_of(seed, paragraphs):
    words = "clínica dentista horário consulta limpeza canal raio convênio urgência sábado preço criança".split()
    chance = random.Random(seed)
    return "\n\n".join(f"Parágrafo {i} de {seed}. " + " ".join(chance.choices(words, k=120)) + "." for i in range(paragraphs))


class Killed(Database):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = os.path.join(cls.folder.name, "document.txt")
        subprocess.run([VOICEDB, "--domain", CLINIC, "provider", "add", "--type", "embeddings", "--name", "builtin",
                        "--default"], env=os.environ | cls.environment, check=True, stdout=subprocess.DEVNULL)

    def setUp(self):
        self.sql("DELETE FROM v_voice_documents")

    def write(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)
        return hashlib.sha256(text.encode()).hexdigest()

    def start(self):
        return subprocess.Popen([VOICEDB, "--domain", CLINIC, "document", "add", self.path], env=os.environ | self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def document(self):
        """The document's state and hash; with it, that its chunks are as many as it says and belong together."""
        rows = self.sql("""
            SELECT processing_status, encode(content_sha256, 'hex'), chunk_count,
                   (SELECT count(*) FROM v_voice_document_chunks c WHERE c.document_uuid = d.document_uuid),
                   (SELECT coalesce(max(chunk_index) + 1, 0) FROM v_voice_document_chunks c
                    WHERE c.document_uuid = d.document_uuid AND embedding IS NOT NULL)
            FROM v_voice_documents d""")
        self.assertLessEqual(len(rows), 1)
        if not rows:
            self.assertEqual(self.sql("SELECT count(*) FROM v_voice_document_chunks"), [["0"]])
            return None
        status, sha256, said, counted, last = rows[0]
        self.assertEqual((status, counted, last), ("ready", said, said))
        return sha256

    def finish(self, sha256):
        done = self.clinic_json("document", "add", self.path)
        self.assertEqual(self.document(), sha256)
        return done[0]

    def test_killed_at_many_moments(self):
        before, duration = None, None
        seen = set()
        for n in range(KILLS):
            after = self.write(text_of(n, 150))
            if duration is None:
                began = time.monotonic()
                self.finish(after)
                duration = time.monotonic() - began
                self.at_clinic("document", "remove", "document.txt")
            process = self.start()
            time.sleep(duration * (n + 0.5) / KILLS)
            process.kill()
            process.communicate()
            self.wait_until(ALONE)
            found = self.document()
            self.assertIn(found, (before, after), f"killed after {n + 0.5} of {KILLS} parts of {duration:.2f} s")
            seen.add("complete" if found == after else "before")
            if n % 3 == 2:
                self.assertIn(self.finish(after)["outcome"], ("added", "replaced", "unchanged"))
                found = after
            before = found
        self.assertIn("before", seen, "no kill came before the end: the test saw nothing")

    def test_interrupted(self):
        before = self.write("Um texto curto.")
        self.finish(before)
        state = self.state()
        after = self.write(text_of("long", 20000))
        process = self.start()
        self.wait_for_a_write(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out), (-signal.SIGINT, b""), err)
        self.assertEqual(err.decode(), "voicedb: interrupted\nhint: Run the same command again to finish.\n")
        self.wait_until(ALONE)
        self.assertEqual(self.state(), state)
        after = self.write(text_of("long", 50))
        self.assertEqual(self.finish(after)["outcome"], "replaced")

    def wait_for_a_write(self, process):
        """Waits until it has written something: the look-ups before that are short transactions of their own, and a
        connection that is lost between two of them is replaced."""
        for _ in range(1200):
            if self.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                        "AND backend_type = 'client backend' AND backend_xid IS NOT NULL") != [["0"]]:
                return
            self.assertIsNone(process.poll(), "it ended before it was interrupted")
            time.sleep(0.02)
        self.fail("it does not begin")

    def test_interrupt_stops_a_list_of_files(self):
        """The file in work is as before, those before it are done, those behind it were not begun."""
        names = []
        for n, paragraphs in enumerate((1, 20000, 1)):
            names.append(os.path.join(self.folder.name, f"list{n}.txt"))
            with open(names[-1], "w", encoding="utf-8") as file:
                file.write(text_of(f"list{n}", paragraphs))
        process = subprocess.Popen([VOICEDB, "--domain", CLINIC, "document", "add", *names], env=os.environ | self.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertIn(b"list0.txt", process.stdout.readline())
        self.wait_for_a_write(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out), (-signal.SIGINT, b""), err)
        self.assertRegex(err.decode(), r"list1\.txt: interrupted\nhint: .*\n1 added, 0 replaced, 0 unchanged, 1 failed\n$")
        self.wait_until(ALONE)
        self.assertEqual(self.sql(f"SELECT document_name FROM v_voice_documents WHERE domain_uuid = '{CLINIC_UUID}'"),
                         [["list0.txt"]])

    @staticmethod
    def read(terminal):
        """What is shown next; nothing once the program is gone."""
        try:
            return os.read(terminal, 4096)
        except OSError:
            return b""

    def test_progress_on_a_terminal(self):
        """A bar after a second, gone before anything else is said."""
        self.write(text_of("bar", 40000))
        master, slave = pty.openpty()
        began, shown = time.monotonic(), b""
        process = subprocess.Popen([VOICEDB, "--domain", CLINIC, "document", "add", self.path], env=os.environ | self.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave)
        os.close(slave)
        while b"%" not in shown and (block := self.read(master)):
            shown += block
        self.assertGreater(time.monotonic() - began, 1)
        process.send_signal(signal.SIGINT)
        while block := self.read(master):
            shown += block
        self.assertEqual(process.wait(60), -signal.SIGINT)
        os.close(master)
        self.assertRegex(shown.decode(), r"^\r\x1b\[K.*document\.txt \[#* *\] +\d+ %")
        self.assertRegex(shown.decode(), r"\r\x1b\[Kvoicedb: interrupted\r\n")
        self.wait_until(ALONE)

    def test_progress_of_a_folder(self):
        """One bar for all files, with what is done of them, which no line of the files' own is printed into."""
        with tempfile.TemporaryDirectory() as folder:
            for name, paragraphs in (("a.txt", 2), ("b.txt", 40000), ("c.txt", 2)):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text_of(name, paragraphs))
            master, slave = pty.openpty()
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
            shown = b""
            process = subprocess.Popen([VOICEDB, "--domain", CLINIC, "document", "add", folder], env=os.environ | self.environment,
                                       stdin=subprocess.DEVNULL, stdout=slave, stderr=slave)
            os.close(slave)
            while b"%" not in shown and (block := self.read(master)):
                shown += block
            process.send_signal(signal.SIGINT)
            while block := self.read(master):
                shown += block
            self.assertEqual(process.wait(60), -signal.SIGINT)
            os.close(master)
            self.assertRegex(shown.decode(), r"^added +\d+ passages .*/a\.txt\r\n\r\x1b\[K1/3 documents \[#* *\] +\d+ %  0\.0 of \d+\.\d MB, \d+ passages")
            bars = [line for line in shown.decode().replace("\n", "\r").split("\r") if "documents [" in line]
            self.assertLess(max(map(len, bars)), 100 + len("\x1b[K"))
            self.assertRegex(shown.decode(), r"\r\x1b\[Kvoicedb: .*/b\.txt: interrupted\r\n")
            self.wait_until(ALONE)

    def test_a_folder_without_a_terminal_has_no_bar(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, paragraphs in (("a.txt", 2), ("b.txt", 4000)):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text_of(name, paragraphs))
            done = self.run_raw("--domain", CLINIC, "document", "add", folder)
            self.assertEqual(done.stderr, b"2 added, 0 replaced, 0 unchanged, 0 failed\n")

    def test_lost_server(self):
        """A connection that the server ends in the middle of the work."""
        before = self.write("Outro texto curto.")
        self.finish(before)
        state = self.state()
        self.write(text_of("lost", 20000))
        process = self.start()
        self.wait_for_a_write(process)
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                 "AND pid <> pg_backend_pid()")
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out), (6, b""), err)
        self.assertRegex(err.decode(), r"^voicedb: .*\n(  .*\n)?hint: [A-Z].*\.\n$")
        self.wait_until(ALONE)
        self.assertEqual(self.state(), state)


if __name__ == "__main__":
    tap.main()
