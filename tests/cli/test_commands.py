"""Every command at work: what it prints for people and for programs, and that a tenant sees its own only."""
import json
import os
import pty
import re
import struct
import subprocess
import tempfile
import fcntl
import termios

from command import CLINIC, CLINIC_UUID, HOTEL, HOTEL_UUID, NOBODY, SOURCE, VOICEDB, Database
import documents
import tap

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SECRET = "sk-very-secret-4711"


def sample(*names):
    folder = os.path.join(SOURCE, "examples/clinica-sorriso.example/documents")
    return [os.path.join(folder, name) for name in names]


class Migrate(Database):
    migrated = False

    def test_status_and_migration(self):
        self.refused("--domain", CLINIC, "provider", "list", status=7, message=self.any_message(), hint="Run `voicedb migrate`")
        done = self.run_raw("migrate", "status", "--json")
        self.assertEqual(done.returncode, 10)
        steps = json.loads(done.stdout)
        self.assertEqual({s["state"] for s in steps}, {"pending"})
        self.assertEqual(list(steps[0]), ["version", "name", "state", "applied_at", "execution_ms"])
        self.assertEqual(json.loads(done.stderr)["error"]["status"], "pending")

        self.assertEqual(self.json("migrate"), {"applied": len(steps), "sealed": 0})
        self.assertEqual(self.json("migrate"), {"applied": 0, "sealed": 0})
        self.assertEqual(self.voicedb("migrate", "--lock-timeout", "1000"), "The schema is current.\n")
        self.assertEqual({s["state"] for s in self.json("migrate", "status")}, {"applied"})

        for change, state in (("checksum = repeat('0', 64) WHERE version = 1", "changed"),
                              ("version = 9999 WHERE version = 1", "unknown")):
            before = self.sql("SELECT version, checksum FROM voicedb_migrations WHERE version = 1")[0]
            self.sql(f"UPDATE voicedb_migrations SET {change}")
            done = self.run_raw("migrate", "status")
            self.assertEqual(done.returncode, 11, done.stderr)
            self.assertRegex(done.stdout.decode(), rf"(?m)^ +\d+ +\w+ +{state} ")
            self.assertRegex(done.stderr.decode(), r"^voicedb: applied steps .*: 1\n(  .*\n)?hint: Install .*\.\n$")
            self.sql(f"UPDATE voicedb_migrations SET version = 1, checksum = '{before[1]}' WHERE version IN (1, 9999)")
        self.voicedb("migrate", "status")

    def any_message(self):
        done = self.run_raw("--domain", CLINIC, "provider", "list")
        return done.stderr.decode().splitlines()[0].removeprefix("voicedb: ")


class Providers(Database):
    def test_life_of_a_provider(self):
        uuid = self.at_clinic("provider", "add", "--type", "llm", "--name", "openai", "--display-name", "OpenAI", "--config", "-",
                              "--default", input=json.dumps({"api_key": SECRET, "model": "x", "temperature": 0.2}).encode()).strip()
        self.assertRegex(uuid, rf"^{UUID}$")
        self.assertEqual(self.sql("SELECT provider_uuid, domain_uuid, config->'api_key' ? '$sealed', config->'temperature' "
                                  "FROM v_voice_ai_providers"), [[uuid, CLINIC_UUID, "t", "0.2"]])
        self.assertEqual(self.sql(f"SELECT 1 FROM v_voice_ai_providers p WHERE p::text LIKE '%{SECRET}%'"), [])
        row = self.clinic_json("provider", "show", "openai")
        self.assertEqual(list(row), ["provider_uuid", "provider_type", "provider_name", "display_name", "config", "is_default",
                                     "enabled", "created_at", "updated_at"])
        self.assertEqual(row["config"], {"api_key": "***", "model": "x", "temperature": 0.2})
        self.assertIs(row["is_default"], True)
        self.assertEqual(self.clinic_json("provider", "show", uuid), row)
        self.assertEqual(self.clinic_json("provider", "list", "--type", "llm"), [row])
        self.assertEqual(self.clinic_json("provider", "list", "--type", "stt"), [])

        changed = self.clinic_json("provider", "update", "openai", "--enabled", "off", "--display-name", "", "--name", "other")
        self.assertEqual(changed, {"provider_uuid": uuid})
        row = self.clinic_json("provider", "show", "other")
        self.assertEqual((row["enabled"], row["display_name"], row["config"]["model"]), (False, None, "x"))
        self.assertEqual(self.at_clinic("provider", "remove", "other"), uuid + "\n")
        self.assertEqual(self.clinic_json("provider", "list"), [])

    def test_secrets_are_shown_nowhere(self):
        config = json.dumps({"api_key": SECRET, "deep": {"Authorization": SECRET}, "model": "x"})
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(config)
            file.flush()
            self.at_hotel("provider", "add", "--type", "stt", "--name", "from-file", "--config", f"@{file.name}")
        self.at_hotel("provider", "add", "--type", "tts", "--name", "from-stdin", "--config", "-", input=config.encode())
        self.at_hotel("secretary", "add", "--name", "Secret", "--stt", "from-file", "--tts", "from-stdin")
        self.assertEqual(self.sql("SELECT count(*) FROM v_voice_ai_providers WHERE config->'api_key' ? '$sealed' "
                                  "AND config->'deep'->'Authorization' ? '$sealed'"), [["2"]])
        for args in (["provider", "list"], ["provider", "show", "from-file"], ["secretary", "list"],
                     ["secretary", "show", "Secret"]):
            for flags in ([], ["--json"]):
                done = self.run_raw("--domain", HOTEL, *args, *flags)
                self.assertEqual(done.returncode, 0)
                self.assertNotIn(SECRET.encode(), done.stdout + done.stderr)
        self.assertIn('"api_key": "***"', self.at_hotel("secretary", "show", "Secret"))

    def test_a_broken_config_is_not_quoted(self):
        done = self.run_raw("--domain", CLINIC, "provider", "add", "--type", "llm", "--name", "x", "--config",
                            '{"api_key": "%s' % SECRET)
        self.assertEqual(done.returncode, 9)
        self.assertNotIn(SECRET.encode(), done.stdout + done.stderr)


class Secretaries(Database):
    def test_life_of_a_secretary(self):
        embeddings = self.at_clinic("provider", "add", "--type", "embeddings", "--name", "builtin", "--default").strip()
        uuid = self.at_clinic(
            "secretary", "add", "--name", "Recepção", "--extension", "800", "--embeddings", "builtin", "--threshold", "0.25",
            "--max-turns", "7", "--greeting", "Olá!", "--goodbye", "Até logo!", "--system-prompt", "Seja breve.\nE gentil.",
            "--voice", "ana", "--language", "pt-BR", "--rag", "on", "--webhook-url", "https://example.com/x", "--webhook", "on",
            "--description", "Atende").strip()
        row = self.clinic_json("secretary", "show", "800")
        expected = {"voice_secretary_uuid": uuid, "name": "Recepção", "description": "Atende", "extension": "800", "enabled": True,
                    "stt_provider_uuid": None, "embeddings_provider_uuid": embeddings,
                    "embeddings_provider": "builtin", "embedding_model": None, "rules": [], "rag_enabled": True,
                    "rag_similarity_threshold": 0.25, "max_conversation_turns": 7, "greeting_message": "Olá!",
                    "goodbye_message": "Até logo!", "voice_name": "ana", "webhook_url": "https://example.com/x",
                    "webhook_enabled": True, "system_prompt": "Seja breve.\nE gentil."}
        self.assertEqual({key: row[key] for key in expected}, expected)
        self.assertEqual(self.clinic_json("secretary", "show", "Recepção"), row)
        self.assertEqual(self.clinic_json("secretary", "show", uuid), row)
        self.assertIn("system_prompt             Seja breve.\n                          E gentil.\n",
                      self.at_clinic("secretary", "show", "800"))

        self.at_clinic("secretary", "update", "800", "--embeddings", "", "--threshold", "0", "--enabled", "off", "--voice", "")
        row = self.clinic_json("secretary", "show", uuid)
        self.assertEqual((row["embeddings_provider_uuid"], row["rag_similarity_threshold"], row["enabled"], row["voice_name"],
                          row["name"]), (None, 0, False, None, "Recepção"))
        self.assertEqual([(p["provider_type"], p["provider_name"], p["config"], p["fallback"]) for p in row["providers"]],
                         [("stt", None, None, "missing"), ("tts", None, None, "missing"), ("llm", None, None, "missing"),
                          ("embeddings", "builtin", {}, "missing")])
        self.assertEqual(len(self.clinic_json("secretary", "list")), 1)
        self.assertEqual(self.clinic_json("secretary", "remove", "800"), {"voice_secretary_uuid": uuid})
        self.assertEqual(self.clinic_json("secretary", "list"), [])


class Documents(Database):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for domain in (CLINIC, HOTEL):
            subprocess.run([VOICEDB, "--domain", domain, "provider", "add", "--type", "embeddings", "--name", "builtin",
                            "--default"], env=os.environ | cls.environment, check=True, stdout=subprocess.DEVNULL)

    def setUp(self):
        self.sql("DELETE FROM v_voice_documents")

    def test_life_of_a_document(self):
        files = sample("convenios.md", "urgencias.md")
        added = self.clinic_json("document", "add", *files)
        self.assertEqual([list(a) for a in added], [["file", "outcome", "document_uuid", "chunk_count", "embedding_model"]] * 2)
        self.assertEqual([a["file"] for a in added], files)
        self.assertEqual({a["outcome"] for a in added}, {"added"})
        self.assertEqual({a["outcome"] for a in self.clinic_json("document", "add", *files)}, {"unchanged"})
        listed = self.clinic_json("document", "list")
        self.assertEqual({d["document_uuid"]: d["chunk_count"] for d in listed},
                         {a["document_uuid"]: a["chunk_count"] for a in added})
        self.assertEqual({d["processing_status"] for d in listed}, {"ready"})
        self.assertTrue(all(re.fullmatch(r"[0-9a-f]{64}", d["content_sha256"]) for d in listed))

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "convenios.md")
            with open(path, "w", encoding="utf-8") as file:
                file.write("# Convênios\n\nAceitamos todos.\n")
            self.assertEqual(self.clinic_json("document", "add", path)[0]["outcome"], "replaced")
        shown = self.clinic_json("document", "show", "convenios.md", "--chunks")
        self.assertEqual(shown["document_uuid"], added[0]["document_uuid"])
        self.assertEqual(len(shown["chunks"]), shown["chunk_count"])
        self.assertIn("Aceitamos todos.", shown["chunks"][0]["content"])
        self.assertIsInstance(shown["chunks"][0]["metadata"], dict)
        self.assertNotIn("chunks", self.clinic_json("document", "show", "convenios.md"))

        self.assertEqual(self.clinic_json("document", "disable", "urgencias.md"), {"document_uuid": added[1]["document_uuid"]})
        self.assertFalse(self.clinic_json("document", "show", "urgencias.md")["enabled"])
        self.at_clinic("document", "enable", "urgencias.md")
        self.assertTrue(self.clinic_json("document", "show", "urgencias.md")["enabled"])
        for name in ("urgencias.md", added[0]["document_uuid"]):
            self.at_clinic("document", "remove", name)
        self.assertEqual(self.clinic_json("document", "list"), [])
        self.assertEqual(self.sql("SELECT count(*) FROM v_voice_document_chunks WHERE domain_uuid = "
                                  f"'{CLINIC_UUID}'"), [["0"]])

    def test_from_standard_input(self):
        done = self.at_hotel("document", "add", "-", "--name", "aviso", input="Piscina fechada até sexta.".encode())
        self.assertRegex(done, rf"^added +1 passage +{UUID}  -\n$")
        self.assertEqual(self.sql("SELECT document_name, c.content FROM v_voice_documents d JOIN v_voice_document_chunks c "
                                  f"USING (document_uuid) WHERE d.domain_uuid = '{HOTEL_UUID}'"),
                         [["aviso", "Piscina fechada até sexta."]])

    def test_one_bad_file_does_not_stop_the_others(self):
        with tempfile.TemporaryDirectory() as folder:
            def write(name, content):
                path = os.path.join(folder, name)
                with open(path, "wb") as file:
                    file.write(content)
                return path
            files = [write("a.txt", b"Primeiro texto."), write("empty.txt", b""), os.path.join(folder, "missing.txt"),
                     write("b.txt", b"Segundo texto.")]
            done = self.run_raw("--domain", HOTEL, "document", "add", *files)
            self.assertEqual(done.returncode, 9)
            self.assertEqual(re.findall(r"(?m)^added .*/(\w+\.txt)$", done.stdout.decode()), ["a.txt", "b.txt"])
            errors = done.stderr.decode()
            self.assertEqual(re.findall(rf"(?m)^voicedb: .*{folder}/(\w+\.txt)", errors), ["empty.txt", "missing.txt"])
            self.assertEqual(errors.count("hint: "), 2)
            self.assertTrue(errors.endswith("2 added, 0 replaced, 0 unchanged, 2 failed\n"))

            done = self.run_raw("--domain", HOTEL, "--json", "document", "add", *files)
            self.assertEqual(done.returncode, 9)
            results = json.loads(done.stdout)
            self.assertEqual([r["outcome"] for r in results], ["unchanged", "failed", "failed", "unchanged"])
            self.assertEqual(results[1]["error"]["exit"], 9)
            self.assertEqual(json.loads(done.stderr)["error"]["message"], results[1]["error"]["message"])
        self.assertEqual(sorted(d["document_name"] for d in json.loads(self.at_hotel("--json", "document", "list"))),
                         ["a.txt", "b.txt"])

    def test_odd_file_names(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "--json")
            with open(path, "w", encoding="utf-8") as file:
                file.write("Um texto.")
            out = subprocess.run([VOICEDB, "--domain", HOTEL, "document", "add", "--", "--json"], cwd=folder, check=True,
                                 env=os.environ | self.environment, stdout=subprocess.PIPE).stdout.decode()
            self.assertRegex(out, rf"^added +1 passage +{UUID}  --json\n$")
            self.at_hotel("document", "remove", "--", "--json")
            path = os.path.join(folder, "red\033[31m\n.txt")
            with open(path, "w", encoding="utf-8") as file:
                file.write("Outro texto.")
            self.assertNotIn("\033", self.at_hotel("document", "add", path, "--name", "\033[2Jx"))
            self.assertNotIn("\033", self.at_hotel("document", "list"))
            self.assertEqual(json.loads(self.at_hotel("--json", "document", "list"))[0]["document_name"], "\033[2Jx")


class Formats(Database):
    """From a document of any kind to the passage that answers, with where it stands."""

    LINES = [(50, 780, 22, "Preços"), (50, 750, 11, "A limpeza custa duzentos reais.")]
    SAMPLES = {
        "pdf": (documents.pdf([[(50, 780, 11, "Capa.")], LINES]), {"heading": "Preços", "page": 2}),
        "docx": (documents.docx(documents.paragraph("Preços", "Ttulo1") + documents.paragraph("A limpeza custa duzentos reais.")),
                 {"heading": "Preços"}),
        "odt": (documents.odt('<text:h text:outline-level="1">Preços</text:h><text:p>A limpeza custa duzentos reais.</text:p>'),
                {"heading": "Preços"}),
        "html": ("<html><h1>Preços</h1><p>A limpeza custa <b>duzentos</b> reais.</html>".encode("cp1252"), {"heading": "Preços"}),
        "markdown": ("Preços\n======\n\n## A limpeza\n\ncusta **duzentos** reais.\n".encode(), {"heading": "Preços > A limpeza"}),
        "csv": ("Serviço;Preço\nCanal;mil reais\nA limpeza;duzentos reais\n".encode("latin-1"), {"row": 3}),
        "text": ("A limpeza custa duzentos reais.\n".encode("utf-16"), {}),
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run([VOICEDB, "--domain", CLINIC, "provider", "add", "--type", "embeddings", "--name", "builtin", "--default"],
                       env=os.environ | cls.environment, check=True, stdout=subprocess.DEVNULL)

    def test_size_of_passages(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "text")
            with open(path, "w", encoding="utf-8") as file:
                file.write(" ".join(f"A sala {i} abre às {i} horas para todos." for i in range(100)))
            sizes = ["--chunk-tokens", "60", "--overlap-tokens", "20"]
            usual = self.clinic_json("document", "add", path)[0]
            small = self.clinic_json("document", "add", *sizes, path)[0]
            self.assertEqual((usual["outcome"], small["outcome"]), ("added", "replaced"))
            self.assertGreater(small["chunk_count"], 3 * usual["chunk_count"])
            shown = self.clinic_json("document", "show", "--chunks", "text")
            self.assertEqual((shown["chunk_target_tokens"], shown["chunk_overlap_tokens"]), (60, 20))
            chunks = [c["content"] for c in shown["chunks"]]
            self.assertLessEqual(max(c["token_count"] for c in shown["chunks"]), 60)
            for before, after in zip(chunks, chunks[1:]):
                repeated = after[:after.index(".") + 1]
                self.assertIn(repeated, before)
            self.assertEqual(self.clinic_json("document", "add", *sizes, path)[0]["outcome"], "unchanged")
            self.assertEqual(self.clinic_json("document", "add", path)[0]["outcome"], "replaced")
            self.refused("--domain", CLINIC, "document", "add", "--chunk-tokens", "60", "--overlap-tokens", "31", path, status=2,
                         message="chunks of 60 tokens cannot overlap by 31", hint="Choose an overlap")
            self.at_clinic("document", "remove", "text")

    def test_search_finds_what_a_document_says(self):
        for kind, (content, metadata) in self.SAMPLES.items():
            with self.subTest(kind=kind), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "document")
                with open(path, "wb") as file:
                    file.write(content)
                added = self.clinic_json("document", "add", path)[0]
                self.assertEqual((added["file"], self.clinic_json("document", "show", "document")["document_type"]), (path, kind))
                hit = self.clinic_json("search", "quanto custa a limpeza?")["results"][0]
                self.assertIn("duzentos", hit["content"])
                rows = self.sql("SELECT metadata - 'offset' - 'length' FROM v_voice_document_chunks "
                                f"WHERE chunk_uuid = '{hit['chunk_uuid']}'")
                self.assertEqual(json.loads(rows[0][0]), metadata)
                self.at_clinic("document", "remove", "document")


class Search(Database):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        def voicedb(*args):
            subprocess.run([VOICEDB, *args], env=os.environ | cls.environment, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        for domain, folder in ((CLINIC, "clinica-sorriso.example"), (HOTEL, "hotel-mirante.example")):
            path = os.path.join(SOURCE, "examples", folder, "documents")
            voicedb("--domain", domain, "provider", "add", "--type", "embeddings", "--name", "builtin", "--default")
            voicedb("--domain", domain, "secretary", "add", "--name", "Recepção", "--extension", "800", "--threshold", "0.2")
            voicedb("--domain", domain, "document", "add", *(os.path.join(path, n) for n in sorted(os.listdir(path))))

    def test_json_shape(self):
        found = self.clinic_json("search", "--top", "2", "--secretary", "800", "--threshold", "0", "Quanto", "custa", "uma limpeza?")
        self.assertEqual(list(found), ["domain_uuid", "question", "verdict", "mode", "left_out", "embedding_model", "embedded", "strategy",
                                       "took_ms", "results", "duplicates", "below_threshold", "best_below_threshold"])
        self.assertEqual((found["verdict"], found["mode"], found["left_out"], found["embedded"]), ("found", "hybrid", None, "provider"))
        self.assertEqual((found["domain_uuid"], found["question"]), (CLINIC_UUID, "Quanto custa uma limpeza?"))
        self.assertEqual(list(found["took_ms"]), ["embed", "search", "total"])
        self.assertEqual(len(found["results"]), 2)
        for hit in found["results"]:
            self.assertEqual(list(hit), ["chunk_uuid", "document_uuid", "document_name", "chunk_index", "content", "metadata", "similarity",
                                         "word_share", "score"])
            self.assertIsInstance(hit["similarity"], float)
        self.assertGreaterEqual(found["results"][0]["score"], found["results"][1]["score"])

    def test_each_tenant_answers_from_its_own_documents(self):
        owner = dict(self.sql("SELECT document_uuid, domain_uuid FROM v_voice_documents"))
        for domain, uuid in ((CLINIC, CLINIC_UUID), (HOTEL, HOTEL_UUID)):
            for question in ("Qual é o horário?", "Posso levar meu cachorro?", "Quanto custa?", "Como cancelo?"):
                found = json.loads(self.voicedb("--json", "--domain", domain, "search", "--top", "50", question))
                self.assertGreater(len(found["results"]), 5)
                self.assertEqual({owner[hit["document_uuid"]] for hit in found["results"]}, {uuid})

    def test_for_people(self):
        done = self.run_raw("--domain", CLINIC, "search", "--top", "1", "Vocês atendem no sábado?")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout.decode(), r"^1\. 0\.\d{3}  [\w-]+\.\w+, passage \d+\n   ")
        self.assertRegex(done.stderr.decode(), r"^1 passage \(hybrid, [\w-]+, question embedded in [\d.]+ ms, searched in [\d.]+ ms\)\n$")

    def test_threshold(self):
        question = "Quem atende em Marte no sábado, o astronauta?"
        found = self.clinic_json("search", "--threshold", "1", question)
        self.assertEqual((found["verdict"], found["results"]), ("not_good_enough", []))
        self.assertEqual(found["below_threshold"], 5)
        self.assertTrue(0 < found["best_below_threshold"] < 1)
        done = self.run_raw("--domain", CLINIC, "search", "--threshold", "1", question)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.assertRegex(done.stderr.decode(), r"^0 passages .*\nhint: Lower --threshold .*\.\n$")

    def test_domain_by_uuid_and_by_environment(self):
        names = [self.json("--domain", CLINIC_UUID, "search", "x y")["domain_uuid"],
                 self.json("search", "x y", "--domain", CLINIC.upper())["domain_uuid"],
                 self.json("search", "x y", env={"VOICEDB_DOMAIN": CLINIC})["domain_uuid"],
                 self.json("search", "x y", "--domain", CLINIC, env={"VOICEDB_DOMAIN": HOTEL})["domain_uuid"]]
        self.assertEqual(names, [CLINIC_UUID] * 4)

    def test_tenants_with_their_sizes(self):
        rows = self.json("tenant", "list")
        self.assertEqual([r["domain_name"] for r in rows], [CLINIC, HOTEL])
        self.assertEqual(list(rows[0]), ["domain_uuid", "domain_name", "domain_enabled", "secretaries", "documents", "chunks",
                                         "conversations"])
        self.assertEqual((rows[0]["secretaries"], rows[0]["documents"]), (1, 13))
        self.assertEqual(str(sum(r["chunks"] for r in rows)), self.sql("SELECT count(*) FROM v_voice_document_chunks")[0][0])

    def test_index(self):
        rows = self.json("index", "show")
        self.assertEqual(list(rows[0]), ["strategy", "index_name", "available", "in_use", "valid", "size_bytes", "reason"])
        self.assertEqual([r["strategy"] for r in rows if r["in_use"]], ["two-stage"])
        self.assertEqual([r["strategy"] for r in self.json("index", "use", "none") if r["in_use"]], ["none"])
        self.assertEqual(self.clinic_json("search", "limpeza")["strategy"], "exact")
        rows = self.json("index", "use", "tenantvec")
        self.assertEqual([r["strategy"] for r in rows if r["in_use"]], ["tenantvec"])
        self.assertIn("One index scan", rows[0]["reason"])
        self.assertEqual([r["size_bytes"] > 0 for r in rows], [True, False, False, False, False])
        self.assertEqual(self.clinic_json("search", "limpeza")["strategy"], "tenantvec")
        self.assertEqual([r["strategy"] for r in self.json("index", "use", "two-stage") if r["in_use"]], ["two-stage"])

    def terminal(self, columns, *args):
        """What voicedb shows on a terminal of this width."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen([VOICEDB, *args], env=os.environ | self.environment, stdin=subprocess.DEVNULL, stdout=slave,
                                   stderr=subprocess.DEVNULL)
        os.close(slave)
        shown = b""
        while True:
            try:
                block = os.read(master, 65536)
            except OSError:
                break
            if not block:
                break
            shown += block
        os.close(master)
        self.assertEqual(process.wait(60), 0)
        return shown.decode().replace("\r\n", "\n").splitlines()

    def test_tables_fit_the_terminal_and_are_whole_elsewhere(self):
        wide = self.at_clinic("document", "list").splitlines()
        self.assertGreater(max(map(len, wide)), 120)
        narrow = self.terminal(120, "--domain", CLINIC, "document", "list")
        self.assertEqual(len(narrow), len(wide))
        self.assertLessEqual(max(map(len, narrow)), 120)
        self.assertIn("…", narrow[1] + narrow[4])
        self.assertEqual(self.terminal(400, "--domain", CLINIC, "document", "list"), wide)


class Transfers(Database):
    def test_life_of_a_rule(self):
        hours = {"timezone": "America/Sao_Paulo", "mon": ["09:00-16:00"]}
        self.sql("DELETE FROM v_voice_transfer_rules")
        self.at_clinic("secretary", "add", "--name", "Ana", "--extension", "800")
        uuid = self.at_clinic("transfer", "add", "--department", "Financeiro", "--keyword", "boleto", "--keyword", "nota fiscal",
                              "--pattern", "segunda via", "--type", "queue", "--extension", "203", "--secretary", "Ana",
                              "--message", "Um momento.", "--working-hours", json.dumps(hours), "--fallback-action", "voicemail",
                              "--fallback-extension", "204", "--priority", "30").strip()
        row = self.clinic_json("transfer", "list")[0]
        expected = {"transfer_rule_uuid": uuid, "department_name": "Financeiro", "intent_keywords": ["boleto", "nota fiscal"],
                    "intent_patterns": ["segunda via"], "destination_type": "queue", "transfer_extension": "203",
                    "transfer_message": "Um momento.", "working_hours": hours, "fallback_action": "voicemail",
                    "fallback_extension": "204", "priority": 30, "enabled": True}
        self.assertEqual({key: row[key] for key in expected}, expected)
        off = self.at_clinic("transfer", "add", "--department", "Nada", "--keyword", "carteira", "--extension", "1",
                             "--disabled").strip()
        self.assertEqual([r["enabled"] for r in self.clinic_json("transfer", "list") if r["transfer_rule_uuid"] == off], [False])

        shown = self.clinic_json("secretary", "show", "Ana")
        self.assertEqual(shown["rules"], [row])
        self.refused("--domain", HOTEL, "transfer", "remove", uuid, status=3,
                     message=f'no transfer rule "{uuid}" in this tenant', hint="Run `voicedb transfer list`")
        self.assertEqual(self.clinic_json("transfer", "remove", uuid), {"transfer_rule_uuid": uuid})
        self.assertEqual(len(self.clinic_json("transfer", "list")), 1)

    DECISION = ["outcome", "action", "destination_type", "number", "message", "matched_by", "matched", "why", "instant", "rule"]
    MONDAY, SUNDAY = "2026-11-23T10:00-03:00", "2026-11-22T10:00-03:00"

    def add_departments(self):
        self.sql("DELETE FROM v_voice_transfer_rules; DELETE FROM v_extensions; DELETE FROM v_voicemails; "
                 "INSERT INTO v_extensions (extension_uuid, domain_uuid, extension, enabled) "
                 f"VALUES (gen_random_uuid(), '{CLINIC_UUID}', '203', true); "
                 "INSERT INTO v_voicemails (voicemail_uuid, domain_uuid, voicemail_id, voicemail_enabled) "
                 f"VALUES (gen_random_uuid(), '{CLINIC_UUID}', '204', true)")
        hours = '{"timezone": "America/Sao_Paulo", "mon-fri": "08:00-18:00"}'
        self.at_clinic("transfer", "add", "--department", "Financeiro", "--keyword", "boleto", "--extension", "203", "--message",
                       "Um momento.", "--working-hours", hours, "--fallback-action", "voicemail", "--fallback-extension", "204",
                       "--priority", "30")
        self.at_clinic("transfer", "add", "--department", "Vendas", "--keyword", "comprar", "--extension", "299")

    def test_a_decision(self):
        self.add_departments()
        found = self.clinic_json("transfer", "resolve", "--at", self.MONDAY, "preciso", "dos", "BOLETOS,", "por favor")
        self.assertEqual(list(found), self.DECISION)
        self.assertEqual([found[key] for key in self.DECISION[:-1]],
                         ["transfer", "transfer", "extension", "203", "Um momento.", "keyword", "boleto",
                          'meant by the keyword "boleto"', "2026-11-23T13:00:00Z"])
        self.assertEqual(found["rule"]["department_name"], "Financeiro")
        found = self.clinic_json("transfer", "resolve", "--at", self.SUNDAY, "boleto")
        self.assertEqual((found["outcome"], found["action"], found["destination_type"], found["number"], found["message"]),
                         ("fallback", "voicemail", "voicemail", "204", None))
        self.assertRegex(self.at_clinic("transfer", "resolve", "--at", self.SUNDAY, "boleto"), r"(?m)^number +204$")

    def test_a_decision_explained(self):
        self.add_departments()
        found = self.clinic_json("transfer", "test", "--at", self.SUNDAY, "comprar boleto")
        self.assertEqual(list(found), self.DECISION + ["steps"])
        self.assertEqual([(s["department_name"], s["verdict"]) for s in found["steps"]], [("Financeiro", "fallback"), ("Vendas", "passed")])
        self.assertEqual(found["steps"][1]["why"], 'meant by the keyword "comprar", but FusionPBX has no extension 299')
        text = self.at_clinic("transfer", "test", "--at", self.SUNDAY, "boleto")
        self.assertRegex(text, r"(?m)^ +30  Financeiro +fallback +meant by .* closed at 2026-11-22 10:00 \(America/Sao_Paulo\)$")
        self.assertTrue(text.endswith("\nFinanceiro: voicemail to voicemail 204 (fallback).\n"), text)
        self.assertTrue(self.at_clinic("transfer", "test", "x").endswith("\nNowhere: no rule is meant by it.\n"))

    def test_what_leads_nowhere(self):
        self.add_departments()
        self.refused("--domain", CLINIC, "transfer", "resolve", "carteira", status=3,
                     message='"carteira" leads nowhere: no rule is meant by it', hint="Run `voicedb transfer test`")
        self.refused("--domain", CLINIC, "transfer", "resolve", "comprar", status=3,
                     message='"comprar" leads nowhere: no rule that is meant can take the call now', hint="Run `voicedb transfer test`")


class Conversations(Database):
    CALL = "4f1d7c1e-8a53-4be5-9d6e-0c7d2b6a9f10"

    def test_life_of_a_conversation(self):
        self.at_clinic("secretary", "add", "--name", "Ana", "--extension", "800")
        uuid = self.at_clinic("conversation", "start", "--call", self.CALL, "--caller-id", "+5511987654321", "--caller-name",
                              "João", "--secretary", "Ana", "--metadata", '{"lang": "pt"}').strip()
        self.assertEqual(self.at_clinic("conversation", "say", "--call", self.CALL, "--role", "user", "Bom", "dia!"), "1\n")
        self.assertEqual(self.at_clinic("conversation", "say", uuid, "--role", "assistant", "Bom dia, João."), "1\n")
        self.assertEqual(self.clinic_json("conversation", "say", self.CALL, "--role", "user", "Tchau"),
                         {"conversation_uuid": uuid, "turn_number": 2})
        self.assertEqual(self.at_clinic("conversation", "say", uuid, "--role", "tool", "--turn", "7", "--", "--json"), "7\n")
        self.assertEqual(self.clinic_json("conversation", "end", "--call", self.CALL, "--action", "transfer", "--target", "203",
                                          "--summary", "Queria um boleto"), {"conversation_uuid": uuid})
        shown = self.clinic_json("conversation", "show", self.CALL)
        expected = {"conversation_uuid": uuid, "call_uuid": self.CALL, "caller_id": "+5511987654321", "caller_name": "João",
                    "secretary_name": "Ana", "final_action": "transfer", "transfer_target": "203", "messages": 4,
                    "summary": "Queria um boleto", "metadata": {"lang": "pt"}}
        self.assertEqual({key: shown[key] for key in expected}, expected)
        self.assertEqual([(m["turn_number"], m["role"], m["content"]) for m in shown["transcript"]],
                         [(1, "user", "Bom dia!"), (1, "assistant", "Bom dia, João."), (2, "user", "Tchau"), (7, "tool", "--json")])
        self.assertEqual([c["conversation_uuid"] for c in self.clinic_json("conversation", "list", "--caller", "+5511987654321")],
                         [uuid])
        self.assertEqual(self.clinic_json("conversation", "list", "--caller", "+55"), [])
        self.assertEqual(json.loads(self.at_hotel("--json", "conversation", "list")), [])
        self.assertRegex(self.at_clinic("conversation", "show", uuid), r"(?m)^ +2  user +\S+ \S+Z  Tchau$")

    def test_newest_first_and_limited(self):
        uuids = [self.at_hotel("conversation", "start", "--caller-id", "1").strip() for _ in range(3)]
        listed = json.loads(self.at_hotel("--json", "conversation", "list", "--limit", "2"))
        self.assertEqual([c["conversation_uuid"] for c in listed], uuids[:0:-1])
        self.refused("--domain", CLINIC, "conversation", "show", uuids[0], status=3,
                     message=f'no conversation "{uuids[0]}" in this tenant', hint="Run `voicedb conversation list`")
        self.refused("--domain", HOTEL, "conversation", "show", NOBODY, status=3,
                     message=f'no conversation "{NOBODY}" in this tenant', hint="Run `voicedb conversation list`")


if __name__ == "__main__":
    tap.main()
