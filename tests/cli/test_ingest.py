"""Ingestion that cannot get stuck: folders, what is embedded again and what not, workers, processes that are killed."""
import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from command import CLINIC, CLINIC_UUID, HOTEL_UUID, SOURCE, VOICEDB, Database  # noqa: E402
import tap  # noqa: E402

PATIENCE = 120


class Ingestion(Database):
    """With a server of embeddings that records what it is asked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.record = os.path.join(cls.temporary.name, "record")
        cls.server = subprocess.Popen([sys.executable, os.path.join(SOURCE, "tests/http/server.py"), "--watch-stdin",
                                       "--record", cls.record, "--dimensions", "16"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        cls.addClassCleanup(cls.stop_server)
        cls.port, _ = map(int, cls.server.stdout.readline().split())

    @classmethod
    def stop_server(cls):
        cls.server.stdin.close()
        cls.server.stdout.close()
        cls.server.wait(30)

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.temporary.name)
        self.sql("DELETE FROM v_voice_documents; DELETE FROM v_voice_embeddings; DELETE FROM v_voice_ai_providers; "
                 "DELETE FROM v_voice_embedding_usage")
        self.use("good")

    def config(self, scenario, **more):
        label = os.path.basename(self.folder)
        return json.dumps({"base_url": f"http://127.0.0.1:{self.port}/{scenario}/{label}/v1", "model": "m", "batch_size": 4,
                           "parallel": 2, "max_retries": 0, "timeout_ms": 60000} | more)

    def use(self, scenario, name="server", **more):
        """Makes this the tenant's default provider."""
        self.at_clinic("provider", "add", "--type", "embeddings", "--name", name, "--default", "--config",
                       self.config(scenario, **more))

    def use_builtin(self, providers=""):
        """Instead of these of all providers."""
        self.sql(f"DELETE FROM v_voice_ai_providers {providers}")
        self.at_clinic("provider", "add", "--type", "embeddings", "--name", "builtin", "--default")

    def change(self, scenario, **more):
        self.at_clinic("provider", "update", "server", "--type", "embeddings", "--config", self.config(scenario, **more))

    def sent(self):
        """The texts of every request of this test, in the order of the record."""
        label = os.path.basename(self.folder)
        with open(self.record, encoding="utf-8") as record:
            requests = [json.loads(line) for line in record]
        return [r["body"]["input"] for r in requests if f"/{label}/" in r["path"]]

    def texts(self):
        return [text for batch in self.sent() for text in batch]

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def pages(self, name, numbers):
        """Sections of their own, so that each is a chunk."""
        return self.write(name, "".join(f"# Assunto {n}\n\nO preço do serviço número {n} é de {n} reais.\n\n" for n in numbers))

    def documents(self):
        return {d["document_name"]: d for d in self.clinic_json("document", "list")}

    def wait_for(self, condition, what):
        until = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), until, what)
            time.sleep(0.05)

    def start(self, *args, env=None):
        process = subprocess.Popen([VOICEDB, *args], env=os.environ | self.environment | (env or {}), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def pending(self, name, content, domain=CLINIC_UUID):
        quoted = "NULL" if content is None else "'" + content.replace("'", "''") + "'"
        return self.sql(f"INSERT INTO v_voice_documents (domain_uuid, document_name, content) VALUES ('{domain}', '{name}', {quoted}) "
                        "RETURNING document_uuid")[0][0]

    def state_of(self, uuid):
        return self.sql("SELECT processing_status, chunk_count, processing_attempts, processing_error, "
                        f"processing_until > now() FROM v_voice_documents WHERE document_uuid = '{uuid}'")[0]


class Folders(Ingestion):
    def test_a_folder_stands_for_the_files_below_it(self):
        self.write("kb/preços.md", "# Preços\n\nA consulta custa 200 reais.\n")
        self.write("kb/a/b/horário.txt", "Abrimos às oito.\n")
        self.write("kb/with\nnewline.txt", "Uma linha nova no nome.\n")
        self.write("kb/.hidden.txt", "oculto")
        self.write("kb/.git/config", "oculto")
        self.write("outside.txt", "fora")
        os.symlink("..", os.path.join(self.folder, "kb/a/loop"))
        os.symlink("../../outside.txt", os.path.join(self.folder, "kb/a/link.txt"))
        added = self.clinic_json("document", "add", os.path.join(self.folder, "kb"))
        self.assertEqual({d["outcome"] for d in added}, {"added"})
        self.assertEqual(set(self.documents()), {"preços.md", "a/b/horário.txt", "with\nnewline.txt"})
        again = self.clinic_json("document", "add", os.path.join(self.folder, "kb") + "//")
        self.assertEqual({d["outcome"] for d in again}, {"unchanged"})
        self.assertEqual(len(self.texts()), 3)

    def test_one_bad_file_keeps_no_other_from_being_stored(self):
        self.write("kb/a.txt", "Um texto.\n")
        with open(os.path.join(self.folder, "kb", "b.txt"), "wb") as file:
            file.write(b"\0\1\2")
        self.write("kb/c.txt", "Outro texto.\n")
        done = self.run_raw("--domain", CLINIC, "document", "add", os.path.join(self.folder, "kb"))
        self.assertEqual(done.returncode, 9, done.stderr)
        self.assertIn(b"2 added, 0 replaced, 0 unchanged, 1 failed", done.stderr)
        self.assertEqual(set(self.documents()), {"a.txt", "c.txt"})

    def test_a_folder_has_no_name_and_cannot_be_read_without_rights(self):
        self.write("kb/a.txt", "Um texto.\n")
        self.refused_unchanged("document", "add", "--name", "x", os.path.join(self.folder, "kb"), status=2,
                               message="--name cannot name the files of a folder", hint="Leave --name out")
        missing = os.path.join(self.folder, "nowhere")
        self.refused_unchanged("document", "add", missing, status=9,
                               message=f"cannot read {missing}: No such file or directory", hint="Check the path")

    def test_ten_thousand_small_files(self):
        """By two commands at once, to be done sooner."""
        self.use_builtin()
        for n in range(10000):
            self.write(f"kb{n % 2}/{n % 100}/{n}.txt", f"O serviço número {n} custa {n} reais.\n")
        adding = [self.start("--domain", CLINIC, "--json", "document", "add", os.path.join(self.folder, f"kb{n}")) for n in range(2)]
        with concurrent.futures.ThreadPoolExecutor() as threads:
            told = [json.loads(out) for out, _ in threads.map(lambda process: process.communicate(), adding)]
        self.assertEqual([(len(documents), {d["outcome"] for d in documents}) for documents in told], [(5000, {"added"})] * 2)
        self.assertEqual(self.sql("SELECT count(*), count(DISTINCT document_name), sum(chunk_count) FROM v_voice_documents"),
                         [["10000", "10000", "10000"]])
        found = self.clinic_json("search", "--top", "1", "quanto custa o serviço número 7431?")["results"][0]
        self.assertEqual(found["document_name"], "31/7431.txt")

    def test_a_file_of_500_megabytes(self):
        """Where --max-bytes lets it in, the memory it takes does not grow with it."""
        self.use_builtin()
        path = os.path.join(self.folder, "large.txt")
        line = b"-" * 127 + b"\n"
        with open(path, "wb") as file:
            for n in range(500):
                file.write(f"O serviço número {n} custa {n} reais.\n\n".encode() + line * (8 << 10))
        self.assertGreater(os.path.getsize(path), 500 << 20)
        process = self.start("--domain", CLINIC, "document", "add", "--max-bytes", str(1 << 30), path,
                             env={"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=16"})
        most = 0
        while process.poll() is None:
            with open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as status:
                most = max([most, *(int(line.split()[1]) for line in status if line.startswith("VmHWM"))])
            time.sleep(0.02)
        self.assertEqual(process.returncode, 0, process.stderr.read())
        self.assertLess(most, 200 << 10)
        self.assertEqual(self.sql("SELECT count(*) FROM v_voice_document_chunks WHERE content ~ 'custa 499 reais'"), [["1"]])

    def test_a_file_that_is_too_large_is_not_read(self):
        """Nobody reads so much in time."""
        path = os.path.join(self.folder, "large.txt")
        with open(path, "wb") as file:
            file.truncate(1 << 42)
        self.refused_unchanged("document", "add", path, status=9, message=f"{path} is larger than 268435456 bytes",
                               hint="Split the file, or raise --max-bytes")

    def test_a_watched_folder(self):
        self.write("kb/a.txt", "Um texto.\n")
        watching = self.start("--domain", CLINIC, "document", "add", "--watch", os.path.join(self.folder, "kb"))
        self.wait_for(lambda: "a.txt" in self.documents(), "the file that was there")
        self.write("kb/b.txt", "Outro texto.\n")
        self.wait_for(lambda: "b.txt" in self.documents(), "a new file")
        before = self.documents()["a.txt"]["content_sha256"]
        self.write("kb/a.txt", "Um texto mudado.\n")
        self.wait_for(lambda: self.documents()["a.txt"]["content_sha256"] != before, "a changed file")
        watching.send_signal(signal.SIGINT)
        self.assertEqual(watching.wait(PATIENCE), -signal.SIGINT)
        self.assertEqual(len(self.texts()), 3)


class Embedding(Ingestion):
    def test_only_what_changed_is_embedded_again(self):
        path = self.pages("a.md", range(20))
        self.at_clinic("document", "add", path)
        self.assertEqual(len(self.texts()), 20)
        self.at_clinic("document", "add", path)
        self.assertEqual(len(self.texts()), 20)
        before = self.sql("SELECT md5(content), embedding FROM v_voice_document_chunks ORDER BY 1")
        self.pages("a.md", [*range(5), 99, *range(6, 20)])
        self.at_clinic("document", "add", path)
        self.assertEqual(self.texts()[20:], ["Assunto 99\nO preço do serviço número 99 é de 99 reais."])
        after = self.sql("SELECT md5(content), embedding FROM v_voice_document_chunks ORDER BY 1")
        self.assertEqual(len([row for row in after if row in before]), 19)
        self.assertEqual(self.sql("SELECT count(*) FROM v_voice_embeddings"), [["1"]], "the one whose text is gone")

    def test_the_order_of_requests_does_not_matter(self):
        self.change("shuffled")
        self.at_clinic("document", "add", self.pages("a.md", range(30)))
        rows = self.sql("SELECT split_part(content, E'\\n', 1) FROM v_voice_document_chunks ORDER BY chunk_index")
        self.assertEqual([row[0] for row in rows], [f"Assunto {n}" for n in range(30)])
        for n in (0, 17, 29):
            found = self.clinic_json("search", f"Assunto {n} O preço do serviço número {n} é de {n} reais")
            self.assertIn(f"Assunto {n}\n", found["results"][0]["content"])

    def test_what_was_paid_for_survives_a_failure(self):
        path = self.pages("a.md", range(40))
        self.change("good-five-times")
        done = self.run_raw("--domain", CLINIC, "document", "add", path)
        self.assertEqual((done.returncode, self.documents()), (8, {}), done.stderr)
        before = len(self.texts())
        self.change("good")
        self.at_clinic("document", "add", path)
        self.assertEqual(self.documents()["a.md"]["chunk_count"], 40)
        self.assertEqual(len(self.texts()) - before, 40 - 5 * 4)

    def test_killed_in_the_middle_it_loses_at_most_what_is_under_way(self):
        path = self.pages("a.md", range(40))
        self.change("unhurried")
        adding = self.start("--domain", CLINIC, "document", "add", path)
        self.wait_for(lambda: len(self.sent()) >= 5, "some requests")
        adding.kill()
        adding.wait()
        self.assertEqual(self.sql("SELECT count(*) FROM v_voice_document_chunks"), [["0"]])
        self.assertEqual(self.documents(), {})
        self.change("good")
        self.at_clinic("document", "add", path)
        self.assertEqual(self.documents()["a.md"]["chunk_count"], 40)
        self.assertEqual(len(set(self.texts())), 40)
        self.assertLessEqual(len(self.texts()), 40 + 2 * 4)
        self.assertEqual(self.sql("SELECT count(*) FROM v_voice_embeddings"), [["0"]])


class Usage(Ingestion):
    def test_requests_texts_tokens_and_cost_are_counted(self):
        self.change("good", price_per_million_tokens=0.5)
        self.at_clinic("document", "add", self.pages("a.md", range(20)))
        self.clinic_json("search", "preço do serviço")
        words = sum(len(text.split()) for text in self.texts())
        counted = self.clinic_json("provider", "usage")
        self.assertEqual([(u["provider_name"], u["embedding_model"], u["requests"], u["texts"], u["tokens"]) for u in counted],
                         [("server", "m", 6, 21, words)])
        self.assertAlmostEqual(counted[0]["cost"], words * 0.5 / 1e6)
        self.assertEqual(json.loads(self.at_hotel("--json", "provider", "usage")), [])

    def test_what_is_found_again_costs_nothing(self):
        path = self.pages("a.md", range(20))
        self.at_clinic("document", "add", path)
        self.at_clinic("document", "add", path)
        self.assertEqual(self.clinic_json("provider", "usage")[0]["texts"], 20)

    def times(self):
        label = os.path.basename(self.folder)
        with open(self.record, encoding="utf-8") as record:
            requests = [json.loads(line) for line in record]
        return sorted(r["time"] for r in requests if f"/{label}/" in r["path"])

    def test_all_processes_together_keep_to_the_limit(self):
        self.change("good", requests_per_minute=300)
        paths = [self.pages(f"{n}.md", range(20 * n, 20 * n + 20)) for n in range(2)]
        adding = [self.start("--domain", CLINIC, "document", "add", path) for path in paths]
        self.assertEqual([process.wait(PATIENCE) for process in adding], [0, 0])
        times = self.times()
        self.assertEqual(len(times), 10)
        self.assertGreater(times[-1] - times[0], 9 * 0.2 - 0.1)

    def test_a_question_does_not_wait_for_documents(self):
        self.change("good", requests_per_minute=1)
        self.sql("INSERT INTO v_voice_embedding_usage (domain_uuid, provider_name, embedding_model, paced_until) "
                 f"VALUES ('{CLINIC_UUID}', 'server', 'm', now() + interval '1 hour')")
        self.clinic_json("search", "preço do serviço")
        self.assertEqual(self.sql("SELECT requests, paced_until > now() + interval '1 hour' FROM v_voice_embedding_usage"),
                         [["1", "t"]])


class Workers(Ingestion):
    def run_once(self, *args, status=0):
        return self.voicedb("--domain", CLINIC, "document", "run", "--once", *args, status=status)

    def test_pending_documents_are_processed(self):
        uuids = [self.pending(f"d{n}", f"O serviço {n} custa {n} reais.") for n in range(3)]
        other = self.pending("h", "A diária custa 300 reais.", HOTEL_UUID)
        self.at_hotel("provider", "add", "--type", "embeddings", "--name", "builtin", "--default")
        self.addCleanup(self.sql, f"DELETE FROM v_voice_ai_providers WHERE domain_uuid = '{HOTEL_UUID}'")
        printed = self.run_once()
        self.assertEqual([line.split()[0] for line in printed.splitlines()], ["processed"] * 3)
        for uuid in uuids:
            self.assertEqual(self.state_of(uuid), ["ready", "1", "0", "", ""])
        self.assertEqual(self.state_of(other)[0], "pending")
        self.voicedb("document", "run", "--once")
        self.assertEqual(self.state_of(other)[0], "ready")
        self.assertEqual(self.run_once(), "")

    def test_tenants_take_turns(self):
        """One with very many documents does not keep the others waiting."""
        self.at_hotel("provider", "add", "--type", "embeddings", "--name", "builtin", "--default")
        self.addCleanup(self.sql, f"DELETE FROM v_voice_ai_providers WHERE domain_uuid = '{HOTEL_UUID}'")
        self.use_builtin(f"WHERE domain_uuid = '{CLINIC_UUID}'")
        self.sql(f"""INSERT INTO v_voice_documents (domain_uuid, document_name, content)
                     SELECT d, d || '-' || n, 'Um texto.' FROM generate_series(1, 25) n, unnest('{{{CLINIC_UUID},{HOTEL_UUID}}}'::uuid[]) d""")
        printed = self.voicedb("document", "run", "--once").splitlines()
        self.assertEqual(len(printed), 50)
        self.assertIn(HOTEL_UUID, printed[10])
        self.assertIn(CLINIC_UUID, printed[20])
        self.assertEqual(self.sql("SELECT DISTINCT processing_status FROM v_voice_documents"), [["ready"]])

    def test_two_workers_share_the_documents(self):
        self.change("unhurried")
        uuids = [self.pending(f"d{n}", f"O serviço {n} custa {n} reais.") for n in range(12)]
        workers = [self.start("--domain", CLINIC, "document", "run", "--once") for _ in range(3)]
        printed = [worker.communicate(timeout=PATIENCE) for worker in workers]
        self.assertEqual([worker.returncode for worker in workers], [0, 0, 0], printed)
        self.assertEqual(sum(out.count(b"processed") for out, _ in printed), 12)
        self.assertEqual({self.state_of(uuid)[0] for uuid in uuids}, {"ready"})
        self.assertEqual(len(self.texts()), 12)

    def test_a_worker_that_is_killed_leaves_its_document_to_the_next_one(self):
        self.change("unhurried")
        uuid = self.pending("long.md", "".join(f"# Assunto {n}\n\nO serviço {n} custa {n} reais.\n\n" for n in range(40)))
        worker = self.start("--domain", CLINIC, "document", "run", "--once", "--lease", "2")
        self.wait_for(lambda: len(self.sent()) >= 5, "some requests")
        worker.kill()
        worker.wait()
        status, chunks = self.state_of(uuid)[:2]
        self.assertEqual((status, chunks), ("processing", "0"))
        self.assertEqual(self.sql("SELECT count(*) FROM v_voice_document_chunks"), [["0"]])
        self.change("good")

        def processed():
            self.run_once()
            return self.state_of(uuid)[0] == "ready"
        self.wait_for(processed, "the lease's end")
        self.assertEqual(self.state_of(uuid), ["ready", "40", "0", "", ""])
        self.assertLessEqual(len(self.texts()), 40 + 2 * 4)

    def chunks(self):
        return self.sql("SELECT document_uuid, chunk_index, content, chunk_uuid FROM v_voice_document_chunks ORDER BY 1, 2")

    def stopped_at_its_request(self, uuid):
        """A worker that has the document and was stopped while it waited for the embeddings, its lease over."""
        worker = self.start("--domain", CLINIC, "document", "run", "--once", "--lease", "1")
        self.wait_for(lambda: len(self.sent()) == 1, "its request")
        worker.send_signal(signal.SIGSTOP)
        self.wait_until(f"(SELECT processing_until < now() FROM v_voice_documents WHERE document_uuid = '{uuid}')")
        return worker

    def comes_too_late(self, worker):
        """It goes on, and says that the document is another one's; nothing changes."""
        rows = "SELECT d::text, c::text FROM v_voice_documents d JOIN v_voice_document_chunks c USING (domain_uuid, document_uuid)"
        before = self.sql(rows)
        worker.send_signal(signal.SIGCONT)
        _, said = worker.communicate(timeout=PATIENCE)
        self.assertEqual(worker.returncode, 4, said)
        self.assertIn(b"the document was changed meanwhile, or taken by another worker", said)
        self.assertEqual(self.sql(rows), before)

    def test_a_worker_that_comes_too_late_stores_nothing(self):
        self.change("paired")
        uuid = self.pending("d", "O horário é das 8 às 18 horas.")
        late = self.stopped_at_its_request(uuid)
        self.run_once()
        self.assertEqual(self.state_of(uuid), ["ready", "1", "0", "", ""])
        self.comes_too_late(late)

    def test_a_worker_that_comes_too_late_brings_no_older_text_back(self):
        self.change("paired")
        uuid = self.pending("d", "O horário é das 8 às 18 horas.")
        late = self.stopped_at_its_request(uuid)
        self.sql("UPDATE v_voice_documents SET content = 'Agora é das 9 às 17 horas.', processing_status = 'pending', "
                 "processing_until = NULL")
        self.run_once()
        self.comes_too_late(late)
        self.assertEqual([row[2] for row in self.chunks()], ["Agora é das 9 às 17 horas."])
        self.assertEqual(self.sql("SELECT content FROM v_voice_documents"), [["Agora é das 9 às 17 horas."]])

    def test_a_text_that_changes_under_its_worker_is_processed_again(self):
        self.change("paired")
        uuid = self.pending("d", "O horário é das 8 às 18 horas.")
        worker = self.start("--domain", CLINIC, "document", "run", "--once")
        self.wait_for(lambda: len(self.sent()) == 1, "its request")
        self.sql("UPDATE v_voice_documents SET content = 'Agora é das 9 às 17 horas.'")
        self.clinic_json("search", "horário")
        _, said = worker.communicate(timeout=PATIENCE)
        self.assertEqual(worker.returncode, 4, said)
        self.assertEqual((self.state_of(uuid)[0], self.chunks()), ("pending", []))
        self.sql("UPDATE v_voice_documents SET processing_until = NULL")
        self.run_once()
        self.assertEqual([row[2] for row in self.chunks()], ["Agora é das 9 às 17 horas."])

    def test_two_workers_on_one_document(self):
        """Both are answered at the same moment, and only the one that has it by now stores it."""
        self.change("paired")
        uuid = self.pending("d", "O horário é das 8 às 18 horas.")
        first = self.start("--domain", CLINIC, "document", "run", "--once", "--lease", "1")
        self.wait_for(lambda: len(self.sent()) == 1, "its request")
        self.wait_until(f"(SELECT processing_until < now() FROM v_voice_documents WHERE document_uuid = '{uuid}')")
        second = self.start("--domain", CLINIC, "document", "run", "--once")
        printed = [worker.communicate(timeout=PATIENCE) for worker in (first, second)]
        self.assertEqual([worker.returncode for worker in (first, second)], [4, 0], printed)
        self.assertEqual(self.state_of(uuid), ["ready", "1", "0", "", ""])
        self.assertEqual([row[:3] for row in self.chunks()], [[uuid, "0", "O horário é das 8 às 18 horas."]])

    def test_a_worker_that_stores_is_left_alone_however_long_it_takes(self):
        self.change("unhurried")
        uuid = self.pending("d", "".join(f"# Assunto {n}\n\nO serviço {n} custa {n} reais.\n\n" for n in range(40)))
        worker = self.start("--domain", CLINIC, "document", "run", "--once", "--lease", "1")
        self.wait_until("EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND xact_start < now() "
                        "AND backend_xid IS NOT NULL AND state = 'idle in transaction')")
        worker.send_signal(signal.SIGSTOP)
        self.wait_until(f"(SELECT processing_until < now() FROM v_voice_documents WHERE document_uuid = '{uuid}')")
        self.assertEqual(self.run_once(), "")
        worker.send_signal(signal.SIGCONT)
        self.assertEqual(worker.wait(PATIENCE), 0)
        self.assertEqual(self.state_of(uuid), ["ready", "40", "0", "", ""])

    def test_a_server_that_goes_away_ends_no_worker(self):
        worker = self.start("--domain", CLINIC, "document", "run")
        first = self.pending("d1", "Um texto.")
        self.wait_for(lambda: self.state_of(first)[0] == "ready", "the first document")
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        second = self.pending("d2", "Outro texto.")
        self.wait_for(lambda: self.state_of(second)[0] == "ready", "the second document")
        worker.send_signal(signal.SIGTERM)
        self.assertEqual(worker.wait(PATIENCE), -signal.SIGTERM)

    def test_what_fails_waits_longer_each_time(self):
        self.change("error-500")
        uuid = self.pending("d", "O serviço custa 10 reais.")
        self.assertIn(b"answered 500", self.run_raw("--domain", CLINIC, "document", "run", "--once").stderr)
        status, _, attempts, error, later = self.state_of(uuid)
        self.assertEqual((status, attempts, later), ("pending", "1", "t"))
        self.assertIn("answered 500", error)
        self.assertEqual(self.run_once(), "")
        self.sql("UPDATE v_voice_documents SET processing_until = now(), processing_attempts = 7")
        self.run_once(status=8)
        self.assertEqual(self.state_of(uuid)[0], "failed")
        self.change("good")
        self.sql("UPDATE v_voice_documents SET processing_status = 'pending'")
        self.run_once()
        self.assertEqual(self.state_of(uuid), ["ready", "1", "0", "", ""])

    def test_a_document_that_ends_its_workers_is_given_up(self):
        """Whoever has it dies, again and again: the next one does not try."""
        uuid = self.pending("d", "O serviço custa 10 reais.")
        self.sql("UPDATE v_voice_documents SET processing_status = 'processing', processing_attempts = 8, "
                 f"processing_lease = '{CLINIC_UUID}', processing_until = now()")
        self.run_once(status=9)
        self.assertEqual(self.state_of(uuid)[:4], ["failed", "0", "0", "8 workers have ended while they had the document"])
        self.sql("UPDATE v_voice_documents SET processing_status = 'pending'")
        self.run_once()
        self.assertEqual(self.state_of(uuid), ["ready", "1", "0", "", ""])

    def test_what_no_try_can_mend_fails_at_once(self):
        uuid = self.pending("nothing", None)
        self.run_once(status=9)
        self.assertEqual(self.state_of(uuid)[:4], ["failed", "0", "0", "the document has no content"])

    def test_files_are_read_from_one_folder_only(self):
        inside, outside = self.write("kb/a.txt", "Dentro.\n"), self.write("b.txt", "Fora.\n")
        os.symlink(outside, os.path.join(self.folder, "kb/link.txt"))
        paths = {"in": inside, "out": outside, "up": os.path.join(self.folder, "kb/../b.txt"),
                 "link": os.path.join(self.folder, "kb/link.txt")}
        for name, path in paths.items():
            self.pending(name, None)
            self.sql(f"UPDATE v_voice_documents SET file_path = '{path}' WHERE document_name = '{name}'")
        self.run_once("--files", os.path.join(self.folder, "kb"), status=9)
        states = dict(self.sql("SELECT document_name, processing_status FROM v_voice_documents"))
        self.assertEqual(states, {"in": "ready", "out": "failed", "up": "failed", "link": "failed"})
        self.assertEqual(self.texts(), ["Dentro."])

    def test_documents_of_one_name_are_not_mixed_up(self):
        first, second = self.pending("d", "Um texto."), self.pending("d", "Outro texto.")
        self.run_once()
        self.assertEqual(dict(self.sql("SELECT document_uuid, content FROM v_voice_document_chunks")),
                         {first: "Um texto.", second: "Outro texto."})


class Reembedding(Ingestion):
    def setUp(self):
        super().setUp()
        self.at_clinic("document", "add", self.pages("a.md", range(20)))
        self.at_clinic("provider", "add", "--type", "embeddings", "--name", "next", "--config", self.config("good", model="n"))

    def models(self):
        return dict(self.sql("SELECT embedding_model, count(*) FROM v_voice_document_chunks GROUP BY 1"))

    def kept(self):
        return dict(self.sql("SELECT embedding_model, count(*) FROM v_voice_embeddings GROUP BY 1"))

    def reembed(self, provider, *args):
        return self.clinic_json("document", "reembed", "--provider", provider, *args)

    def default(self):
        return self.sql("SELECT provider_name FROM v_voice_ai_providers WHERE is_default")

    def test_the_tenant_changes_at_once_and_back_without_a_request(self):
        chunks = self.sql("SELECT chunk_uuid, embedding FROM v_voice_document_chunks ORDER BY 1")
        plan = self.reembed("next", "--dry-run")
        self.assertEqual((plan["chunks"], plan["missing"], plan["embedding_model"]), (20, 20, "n"))
        self.assertGreater(plan["disk_bytes"], 20 * 3 * 6000)
        self.assertEqual((self.models(), self.kept()), ({"m": "20"}, {}))
        self.reembed("next")
        self.assertEqual((self.models(), self.kept(), self.default()), ({"n": "20"}, {"m": "20"}, [["next"]]))
        self.assertEqual(len(self.clinic_json("search", "preço do serviço número 7")["results"]), 5)
        requests = len(self.sent())
        self.assertEqual(self.reembed("server")["missing"], 0)
        self.assertEqual((self.models(), self.kept(), self.default()), ({"m": "20"}, {"n": "20"}, [["server"]]))
        self.assertEqual(len(self.sent()), requests)
        self.assertEqual(self.sql("SELECT chunk_uuid, embedding FROM v_voice_document_chunks ORDER BY 1"), chunks)
        self.assertEqual(self.clinic_json("document", "reembed", "--discard"), {"discarded": 20})
        self.assertEqual(self.kept(), {})

    def test_a_question_at_the_moment_of_the_change(self):
        """Embedded by the old model, it finds passages that have the new one's vectors by now."""
        for mode in ("vector", "hybrid"):
            with self.subTest(mode=mode):
                self.reembed("server")
                self.change("paired", base_url=f"http://127.0.0.1:{self.port}/paired/{mode}/v1")
                asking = self.start("--json", "--domain", CLINIC, "search", "--mode", mode, "preço do serviço número 7")
                self.wait_for(lambda mode=mode: self.asked(f"/paired/{mode}/v1/embeddings"), "the question")
                self.reembed("next")
                self.answer_the_first(f"/paired/{mode}/v1/embeddings")
                out, err = asking.communicate(timeout=PATIENCE)
                self.assertEqual(asking.returncode, 0, err)
                found = json.loads(out)
                self.assertEqual((found["embedding_model"], found["mode"], len(found["results"])), ("n", mode, 5))
                self.assertNotIn(None, [hit["similarity"] for hit in found["results"]])

    def asked(self, path):
        with open(self.record, encoding="utf-8") as record:
            return any(json.loads(line)["path"] == path for line in record)

    def answer_the_first(self, path):
        with urllib.request.urlopen(urllib.request.Request(
                f"http://127.0.0.1:{self.port}{path}", json.dumps({"model": "m", "input": ["x"]}).encode(),
                {"Content-Type": "application/json", "Authorization": "Bearer x"})) as answer:
            answer.read()

    def test_secretaries_change_with_the_tenant(self):
        self.at_clinic("secretary", "add", "--name", "Ana", "--embeddings", "server")
        self.addCleanup(self.sql, "DELETE FROM v_voice_secretaries")
        self.reembed("next")
        self.assertEqual(self.clinic_json("secretary", "show", "Ana")["embeddings_provider"], "next")

    def test_killed_it_goes_on_and_searches_do_not_notice(self):
        self.at_clinic("provider", "update", "next", "--config", self.config("unhurried", model="n"))
        before = len(self.texts())
        changing = self.start("--domain", CLINIC, "document", "reembed", "--provider", "next")
        self.wait_for(lambda: len(self.texts()) >= before + 12, "some requests")
        self.assertEqual(len(self.clinic_json("search", "preço do serviço número 7")["results"]), 5)
        asked = 1
        changing.kill()
        changing.wait()
        self.assertEqual((self.models(), self.default()), ({"m": "20"}, [["server"]]))
        self.at_clinic("provider", "update", "next", "--config", self.config("good", model="n"))
        self.reembed("next")
        self.assertEqual(self.models(), {"n": "20"})
        self.assertLessEqual(len(self.texts()), before + asked + 20 + 2 * 4)

    def test_a_failing_provider_changes_nothing(self):
        for scenario, status in (("status/401", 8), ("nan", 8), ("missing", 8), ("long", 9)):
            with self.subTest(scenario=scenario):
                self.at_clinic("provider", "update", "next", "--config", self.config(scenario, model="n"))
                before = self.state()
                done = self.run_raw("--domain", CLINIC, "document", "reembed", "--provider", "next")
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertEqual(self.state(), before)

    def test_builtin_can_be_changed_to(self):
        self.at_clinic("provider", "add", "--type", "embeddings", "--name", "builtin")
        self.reembed("builtin")
        self.assertEqual(self.models(), {"builtin-lexical-2": "20"})

    def test_usage(self):
        self.refused_unchanged("document", "reembed", status=2, message="the command needs either a provider or --discard",
                               hint="Write --provider")
        self.refused_unchanged("document", "reembed", "--provider", "nobody", status=3,
                               message='no provider "nobody" in this tenant', hint="Run `voicedb provider list`")


if __name__ == "__main__":
    tap.main()
