#!/usr/bin/env python3
"""Searches that are in a hurry, filtered or explained, and evaluations, over the sample tenants."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

from command import CLINIC, SOURCE, VOICEDB, Database
import tap

EXAMPLE = os.path.join(SOURCE, "examples/clinica-sorriso.example")


class Clinic(Database):
    """The sample clinic, embedded by the provider that `provider` names."""

    provider = "builtin"
    config = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        documents = os.path.join(EXAMPLE, "documents")
        cls.use(cls.provider, cls.config)
        cls.run_quietly("document", "add", *(os.path.join(documents, n) for n in sorted(os.listdir(documents))))

    @classmethod
    def run_quietly(cls, *args, given=""):
        subprocess.run([VOICEDB, "--domain", CLINIC, *args], env=os.environ | cls.environment, check=True, input=given.encode(),
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @classmethod
    def use(cls, name, config):
        """Makes this the tenant's only provider of embeddings."""
        cls.sql("DELETE FROM v_voice_ai_providers")
        cls.run_quietly("provider", "add", "--type", "embeddings", "--name", name, "--default", "--config", "-", given=json.dumps(config))

    def file(self, name, *lines):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
        return path


class InAHurry(Clinic):
    """Answers by their words where the provider of embeddings does not come in time."""

    provider = "remote"
    question = "Quanto custa uma limpeza?"

    @classmethod
    def setUpClass(cls):
        cls.server = subprocess.Popen([sys.executable, os.path.join(SOURCE, "tests/http/server.py"), "--watch-stdin"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        cls.addClassCleanup(cls.stop)
        cls.port, cls.closed_port = map(int, cls.server.stdout.readline().split())
        cls.config = cls.at("good")
        super().setUpClass()

    @classmethod
    def stop(cls):
        cls.server.stdin.close()
        cls.server.stdout.close()
        cls.server.wait(30)

    @classmethod
    def at(cls, scenario, **more):
        return {"base_url": f"http://127.0.0.1:{cls.port}/{scenario}/v1", "model": "m", "api_key": "sk-hidden-4711"} | more

    def answered_by_words(self, config, *, deadline=1500):
        self.use("remote", config)
        found = self.clinic_json("search", "--deadline", str(deadline), self.question)
        self.assertEqual((found["verdict"], found["mode"], found["strategy"], found["embedded"], found["embedding_model"]),
                         ("found", "lexical", "words", "no", ""))
        self.assertRegex(found["left_out"], "^vectors: ")
        self.assertNotIn("4711", json.dumps(found))
        self.assertIn("R$ 180,00", found["results"][0]["content"] + found["results"][1]["content"])
        self.assertIsNone(found["results"][0]["similarity"])
        return found

    def test_a_provider_that_answers(self):
        self.use("remote", self.at("good"))
        found = self.clinic_json("search", "--deadline", "60000", self.question)
        self.assertEqual((found["mode"], found["embedded"], found["left_out"]), ("hybrid", "provider", None))

    def test_a_provider_that_hangs(self):
        found = self.answered_by_words(self.at("stall", max_retries=10, timeout_ms=60000))
        self.assertIn("did not answer in time", found["left_out"])

    def test_a_provider_that_is_late(self):
        self.answered_by_words(self.at("slow", timeout_ms=60000))

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("unshare"), "needs the right to mount a file")
    def test_a_name_server_that_is_silent(self):
        """The look-up of a name cannot be broken off, and would take minutes: it is not waited for."""
        address = f"127.{os.getpid() >> 16 & 255}.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((address, 53))
            settings = self.file("resolv.conf", f"nameserver {address}\noptions timeout:30 attempts:5\n")
            self.use("remote", {"base_url": "http://nowhere.example/v1", "model": "m"})
            done = subprocess.run(["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', settings,
                                   VOICEDB, "--json", "--domain", CLINIC, "search", "--deadline", "500", self.question],
                                  env=os.environ | self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
            self.assertTrue(silent.recv(512))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(json.loads(done.stdout)["left_out"], "^vectors: the embeddings provider cannot be reached: Resolving timed out")

    def test_a_provider_that_fails(self):
        for scenario in ("error-500", "unauthorized", "cut", "hang-up", "rate-limit-hour", "nan", "short", "long", "missing"):
            with self.subTest(scenario=scenario):
                self.answered_by_words(self.at(scenario, dimensions=256, max_retries=3))

    def test_a_provider_that_refuses(self):
        self.answered_by_words(self.at("good", base_url=f"http://127.0.0.1:{self.closed_port}/v1"))

    def test_no_time_at_all(self):
        """What the caller gave is less than the search itself may take: it is answered all the same."""
        self.answered_by_words(self.at("stall"), deadline=20)

    def test_without_a_deadline_the_failure_is_told(self):
        self.use("remote", self.at("error-500", max_retries=0))
        done = self.run_raw("--domain", CLINIC, "search", self.question)
        self.assertEqual((done.returncode, done.stdout), (8, b""))

    def test_vectors_alone_have_nothing_in_their_place(self):
        self.use("remote", self.at("error-500", max_retries=0))
        done = self.run_raw("--domain", CLINIC, "search", "--mode", "vector", "--deadline", "1000", self.question)
        self.assertEqual((done.returncode, done.stdout), (8, b""))

    def test_words_alone_ask_no_provider(self):
        self.use("remote", self.at("stall", timeout_ms=600000))
        found = self.clinic_json("search", "--mode", "lexical", self.question)
        self.assertEqual((found["mode"], found["embedded"], found["left_out"]), ("lexical", "no", None))

    def test_a_question_is_embedded_once(self):
        """The server answers one request only; a second one would fail."""
        self.use("remote", self.at("good-once/remembered", max_retries=0, timeout_ms=2000))
        path = self.file("one.jsonl", {"question": self.question, "document": "precos-e-pagamento.md"})
        run = self.clinic_json("eval", "--mode", "vector", "--rounds", "3", path)["runs"][0]
        self.assertEqual(run["questions"], 1)

    def test_people_are_told(self):
        self.use("remote", self.at("stall"))
        done = self.run_raw("--domain", CLINIC, "search", "--deadline", "500", self.question)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr.decode(), r"\(lexical, words, .*\nwithout vectors: the embeddings provider did not answer in time")


class Explained(Clinic):
    """What comes with an answer when it is asked for."""

    def test_ranks_and_scores(self):
        found = self.clinic_json("search", "--explain", "quanto custa a limpeza")
        for hit in found["results"]:
            by_vector = hit["similarity"] / (60 + hit["vector_rank"]) if hit["vector_rank"] > 0 else 0
            by_words = hit["word_share"] ** 0.5 / (60 + hit["word_rank"]) if hit["word_rank"] > 0 else 0
            self.assertAlmostEqual(hit["score"], by_vector + by_words)
        self.assertEqual([h["score"] for h in found["results"]], sorted((h["score"] for h in found["results"]), reverse=True))

    def test_for_people(self):
        done = self.run_raw("--domain", CLINIC, "search", "--explain", "--top", "1", "quanto custa a limpeza")
        self.assertRegex(done.stdout.decode(), r"^1\. .*\n   similarity 0\.\d+, place \d+; words \d+ %, place \d+, BM25 [\d.]+; fused 0\.0\d+\n")
        self.assertRegex(done.stderr.decode(), r"^vector: two-stage, model builtin-lexical-2, embedding provider in [\d.]+ ms\nwords: ")
        self.assertRegex(done.stderr.decode(), r"(?s)\nplan by vector:\n   .*->  .*actual .*Execution Time.*\nplan by words:\n   .*Execution Time")

    @staticmethod
    def nodes(plan):
        """All nodes of a plan in JSON."""
        todo = [plan[0]["Plan"]]
        for node in todo:
            todo.extend(node.get("Plans", []))
        return todo

    def test_plans(self):
        """Of the queries that ran: analyzed, by parameters and not by values, with what row-level security adds."""
        found = self.clinic_json("search", "--explain", "quanto custa a limpeza")
        tables = {"vector_plan": {"v_voice_document_chunks", "v_voice_documents"},
                  "words_plan": {"v_voice_document_terms", "v_voice_documents", "v_voice_document_chunks"}}
        for member, wanted in tables.items():
            nodes = self.nodes(found[member])
            self.assertLessEqual(wanted, {node.get("Relation Name") for node in nodes})
            self.assertGreater(nodes[0]["Actual Rows"], 0)
            self.assertIn("Shared Hit Blocks", nodes[0])
            self.assertIn("$1", json.dumps(nodes))
            self.assertIn("One-Time Filter", json.dumps(nodes), "no policy of row-level security")
        self.assertEqual(len(found["results"]), 5)
        self.assertNotIn("vector_plan", self.clinic_json("search", "quanto custa a limpeza"))
        lexical = self.clinic_json("search", "--explain", "--mode", "lexical", "quanto custa a limpeza")
        self.assertIsNone(lexical["vector_plan"])
        self.assertIsNotNone(lexical["words_plan"])

    def test_plans_of_every_index_and_filter(self):
        for strategy, node in (("none", "Sort"), ("tenantvec", "Index Scan"), ("two-stage", "Limit")):
            self.voicedb("index", "use", strategy)
            for args in ([], ["--document", "convenios.md", "--type", "markdown"], ["--metadata", '{"x": "it\'s \\\\ \\"so\\""}']):
                with self.subTest(strategy=strategy, args=args):
                    found = self.clinic_json("search", "--explain", *args, "qual convênio?")
                    self.assertIn(node, [n["Node Type"] for n in self.nodes(found["vector_plan"])])
                    self.assertIsNone(found["left_out"])

    def test_filters(self):
        for args in (["--document", "convenios.md"], ["--document", "CONVENIOS"], ["--type", "text"], ["--type", "pdf"],
                     ["--metadata", '{"heading": "Convênios aceitos > Reembolso"}']):
            names = {hit["document_name"] for hit in self.clinic_json("search", *args, "--top", "20", "qual convênio?")["results"]}
            wanted = {"convenios.md": {"convenios.md"}, "text": {"perguntas-frequentes.txt", "glossario.csv"}}.get(args[1], set())
            self.assertLessEqual(names, wanted or {"convenios.md"}, args)
            self.assertEqual(bool(names), bool(wanted) or args[0] == "--metadata", args)

    def test_neighbours(self):
        found = self.clinic_json("search", "--neighbours", "1", "--top", "1", "quanto custa a limpeza")["results"][0]
        around = self.sql(f"""SELECT content FROM v_voice_document_chunks WHERE document_uuid = '{found["document_uuid"]}'
                              AND chunk_index = {found["chunk_index"]} + 1""")
        self.assertEqual(found["after"] is None, not around)
        self.assertNotIn("before", self.clinic_json("search", "--top", "1", "quanto custa a limpeza")["results"][0])

    def test_refused(self):
        self.refused_unchanged("search", "--metadata", "[1]", "x", status=9, message="the filter on metadata is JSON but no object", hint="")
        self.refused_unchanged("search", "--deadline", "5", "x", status=2, message="--deadline cannot be 5", hint="Give a number from 20")
        self.refused_unchanged("search", "--mode", "psychic", "x", status=2, message='--mode cannot be "psychic"', hint="")
        self.refused_unchanged("search", "--mode", "lexical", "o que é isso?", status=9, message="the question has no word to search by",
                               hint="Ask with a word")

    def test_terms_of_an_older_voicedb(self):
        terms = "SELECT document_uuid, first_chunk, keys, chunks FROM v_voice_document_terms ORDER BY 1, 2"
        before = self.sql(terms)
        self.sql("UPDATE v_voice_documents SET terms_version = NULL; DELETE FROM v_voice_document_terms")
        found = self.clinic_json("search", "quanto custa a limpeza")
        self.assertEqual(found["left_out"], "words of some documents: run `voicedb document index`")
        self.assertGreater(self.clinic_json("document", "index")["chunk_count"], 40)
        self.assertEqual(self.clinic_json("document", "index"), {"chunk_count": 0})
        self.assertEqual(self.sql(terms), before)


class Evaluation(Clinic):
    """`voicedb eval`, as a tenant's own regression test."""

    questions = os.path.join(EXAMPLE, "evaluation.jsonl")

    def test_the_sample(self):
        runs = {run["mode"]: run for run in self.clinic_json("eval", self.questions)["runs"]}
        self.assertEqual(list(runs), ["vector", "lexical", "hybrid"])
        for run in runs.values():
            self.assertEqual((run["questions"], run["foreign_questions"]), (50, 10))
            self.assertEqual([k["kind"] for k in run["kinds"]], ["accents", "plural", "typo"])
            recall = list(run["recall"].values())
            self.assertEqual(recall, sorted(recall))
            self.assertLessEqual(run["recall"]["1"], run["mrr"] + 1e-4)
            self.assertLessEqual(run["mrr"], run["recall"]["10"] + 1e-4)
            self.assertLess(len(run["missed"]), 10)
        self.assertGreaterEqual(runs["hybrid"]["recall"]["5"], 0.95)

    def test_worked_by_hand(self):
        """Two right passages, one of them found first; a document; nothing; an answer that is nowhere."""
        prices = "precos-e-pagamento.md"
        path = self.file("hand.jsonl", {"question": "quanto custa o clareamento?", "documents": [prices, "nowhere.md"], "kind": "half"},
                         "\n", {"question": "boleto", "expected": [{"document": prices}]},
                         {"question": "clareamento", "answer_contains": "CLAREAMENTO"},
                         {"question": "jabuticaba e ornitorrinco", "nothing": True},
                         {"question": "limpeza", "document": "nowhere.md"})
        run = self.clinic_json("eval", "--mode", "lexical", path)["runs"][0]
        self.assertEqual((run["questions"], run["foreign_questions"], run["foreign_answered"]), (4, 1, 0))
        self.assertEqual(run["kinds"][0]["recall"]["10"], 0.5)
        self.assertEqual(run["recall"]["10"], 0.625)
        self.assertEqual(run["missed"], ["quanto custa o clareamento?", "limpeza"])

    def test_for_people(self):
        done = self.run_raw("--domain", CLINIC, "eval", self.questions)
        self.assertEqual(done.returncode, 0)
        lines = done.stdout.decode().splitlines()
        self.assertRegex(lines[0], r"^mode +kind +questions +recall_1 ")
        self.assertEqual(len(lines), 1 + 3 * 4)

    def test_a_drop_is_an_exit_status(self):
        saved = self.file("saved.json", self.at_clinic("--json", "eval", self.questions))
        self.at_clinic("eval", "--compare", saved, self.questions)
        uuid = self.clinic_json("document", "show", "precos-e-pagamento.md")["document_uuid"]
        self.at_clinic("document", "disable", uuid)
        done = self.run_raw("--domain", CLINIC, "eval", "--mode", "hybrid", "--compare", saved, self.questions)
        self.assertEqual(done.returncode, 13)
        self.assertRegex(done.stderr.decode(), r"voicedb: 3 of 3 figures have dropped by more than 0\.01\n  hybrid recall@5 0\.\d+, was ")
        self.at_clinic("eval", "--compare", saved, "--tolerance", "1", self.questions)
        self.at_clinic("document", "enable", uuid)

    def test_refused(self):
        good = {"question": "xadrez", "document": "y"}
        for lines, message in ((["{\n"], "line 1: it is no JSON object"), ([good, {"document": "y"}], "line 2: `question` must be a text"),
                               ([{"question": ""}], "line 1: `question` must be a text"),
                               ([{"question": "x"}], "line 1: it does not say what answers the question"),
                               ([{"question": "x", "expected": []}], "line 1: `expected` must be a list of passages"),
                               ([{"question": "x", "documents": [1]}], "line 1: `documents` must be a list of names"), ([], "has no question")):
            path = self.file("bad.jsonl", *lines)
            done = self.run_raw("--domain", CLINIC, "eval", path)
            self.assertEqual((done.returncode, done.stdout), (9, b""), done.stderr.decode())
            self.assertIn(message, done.stderr.decode())
            self.assertRegex(done.stderr.decode(), r"\nhint: [A-Z]\w+ .*\.\n$")
        self.refused_unchanged("eval", "/nowhere.jsonl", status=9, message="/nowhere.jsonl: No such file or directory", hint="Give a file")
        self.refused_unchanged("eval", "--compare", self.file("other.json", {"a": 1}), self.file("good.jsonl", good), status=9,
                               message=f"{self.folder.name}/other.json holds no figure to compare with", hint="Give a file that")


if __name__ == "__main__":
    tap.main()
