"""A server of the database that is killed while documents are stored: run again, the command ends well, and every passage is there once."""
from command import CLINIC
from faults import OwnCluster
from test_ingest import Ingestion
import tap

PASSAGES = 400
MOMENTS = 6


class ServerKilled(OwnCluster, Ingestion):
    """A cluster of its own, whose server is killed at moments spread over the work."""

    CLUSTER = "ingest"

    def setUp(self):
        super().setUp()
        self.change("unhurried", batch_size=20, parallel=4)

    def text(self, word):
        return "".join(f"# {word} {n}\n\nO preço do {word} número {n} é de {n} reais.\n\n" for n in range(PASSAGES))

    def passages(self):
        return self.sql("SELECT split_part(content, E'\\n', 1) FROM v_voice_document_chunks ORDER BY chunk_index")

    def killed_while(self, *args):
        """Runs the command and kills the server after more and more requests, as long as that comes in time; yields its status."""
        stopped = 0
        for moment in range(1, 10 * MOMENTS):
            before = len(self.sent())
            run = self.start(*args)
            self.wait_for(lambda run=run, wanted=before + 2 * moment: len(self.sent()) >= wanted or run.poll() is not None, "requests")
            self.kill_server(run)
            _, said = run.communicate()
            stopped += run.returncode != 0
            yield run.returncode, said
            if stopped >= MOMENTS or run.returncode == 0:
                break
        self.assertGreater(stopped, 1, "the server was never killed in time")

    def complete(self, word):
        self.assertEqual(self.passages(), [[f"{word} {n}"] for n in range(PASSAGES)])
        self.assertEqual(self.sql("SELECT processing_status, chunk_count FROM v_voice_documents"), [["ready", str(PASSAGES)]])

    def test_document_add(self):
        path = self.write("a.md", self.text("corte"))
        self.at_clinic("document", "add", path)
        self.write("a.md", self.text("banho"))
        for status, said in self.killed_while("--domain", CLINIC, "document", "add", path):
            self.assertIn(status, (0, 6), said)
            self.complete("corte" if status == 6 else "banho")
        self.at_clinic("document", "add", path)
        self.complete("banho")
        self.assertEqual(self.sql("SELECT count(*) FROM v_voice_embeddings e JOIN v_voice_document_chunks c "
                                  "ON e.content_sha256 = sha256(convert_to(c.content, 'UTF8'))"), [["0"]])

    def test_document_run(self):
        uuid = self.pending("a.md", self.text("corte"))
        for status, said in self.killed_while("--domain", CLINIC, "document", "run", "--once"):
            self.assertIn(status, (0, 6), said)
            if status == 6:
                self.assertEqual(self.passages(), [])
            self.sql("UPDATE v_voice_documents SET processing_until = now() WHERE processing_status <> 'ready'")
        self.at_clinic("document", "run", "--once")
        self.assertEqual(self.state_of(uuid), ["ready", str(PASSAGES), "0", "", ""])
        self.complete("corte")

    def test_a_worker_outlives_it(self):
        """Without --once it waits for the server to come back."""
        self.change("good")
        worker = self.start("--domain", CLINIC, "document", "run", "--lease", "1")
        first = self.pending("first", "Um texto.")
        self.wait_for(lambda: self.state_of(first)[0] == "ready", "the first document")
        self.kill_server(worker)
        second = self.pending("second", "Outro texto.")
        self.wait_for(lambda: self.state_of(second)[0] == "ready", "the second document")
        self.assertIsNone(worker.poll())


if __name__ == "__main__":
    tap.main()
