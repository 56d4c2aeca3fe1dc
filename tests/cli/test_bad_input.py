"""Whatever is wrong with what voicedb is given: its exit status, what is wrong, what to do, and the database as it was."""
import json
import os
import subprocess
import sys
import tempfile

from command import CLINIC, CLINIC_UUID, HOTEL, NOBODY, SOURCE, VOICEDB, Database
import documents
import tap


class BadInput(Database):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.add("provider", "add", "--type", "embeddings", "--name", "builtin", "--default")
        cls.add("provider", "add", "--type", "llm", "--name", "thinker")
        cls.add("secretary", "add", "--name", "Ana", "--extension", "800")
        cls.good = cls.file("good.txt", "A clínica abre às oito.".encode())
        cls.add("document", "add", cls.good)

    @classmethod
    def add(cls, *args, domain=CLINIC):
        done = subprocess.run([VOICEDB, "--domain", domain, *args], env=os.environ | cls.environment, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return done.stdout.decode().strip()

    @classmethod
    def file(cls, name, content):
        path = os.path.join(cls.folder.name, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    # ---- tenants and references -----------------------------------------------------------------------------------

    def test_unknown_domain(self):
        for args in (["provider", "list"], ["document", "add", self.good], ["search", "x"]):
            for name in ("nowhere.example", NOBODY):
                self.refused_unchanged(*args, domain=name, status=3, message=f'there is no domain "{name}"',
                                       hint="Run `voicedb tenant list`")

    def test_domain_name_of_two_tenants(self):
        self.sql("INSERT INTO v_domains (domain_uuid, domain_name) VALUES (gen_random_uuid(), 'twin.example'), "
                 "(gen_random_uuid(), 'TWIN.example')")
        self.refused_unchanged("provider", "list", domain="twin.example", status=4,
                               message='several domains are named "twin.example"', hint="Name the domain by its UUID")
        self.sql("DELETE FROM v_domains WHERE lower(domain_name) = 'twin.example'")

    def test_malformed_domain_uuid_is_a_name_that_nobody_has(self):
        value = CLINIC_UUID[:-1]
        self.refused_unchanged("provider", "list", domain=value, status=3, message=f'there is no domain "{value}"', hint="Run")

    def test_malformed_uuid(self):
        self.refused_unchanged("transfer", "remove", "1234", status=2, message='RULE needs a UUID, not "1234"', hint="Write a UUID")
        self.refused_unchanged("conversation", "say", "1234", "--role", "user", "x", status=2,
                               message='CONVERSATION needs a UUID, not "1234"', hint="Write a UUID")

    def test_what_does_not_exist(self):
        for noun in ("provider", "secretary", "document"):
            for verb in ("show", "remove"):
                self.refused_unchanged(noun, verb, "nothing", status=3, message=f'no {noun} "nothing" in this tenant',
                                       hint=f"Run `voicedb {noun} list`")
                self.refused_unchanged(noun, verb, NOBODY, status=3, message=f'no {noun} "{NOBODY}" in this tenant', hint="Run")
        self.refused_unchanged("search", "--secretary", "Eva", "x", status=3, message='no secretary "Eva" in this tenant', hint="Run")
        self.refused_unchanged("document", "add", "--secretary", "Eva", self.good, status=3,
                               message='no secretary "Eva" in this tenant', hint="Run")

    def test_what_another_tenant_has(self):
        uuid = self.clinic_json("secretary", "show", "Ana")["voice_secretary_uuid"]
        provider = self.clinic_json("provider", "show", "thinker")["provider_uuid"]
        self.refused_unchanged("secretary", "update", uuid, "--name", "x", domain=HOTEL, status=3,
                               message=f'no secretary "{uuid}" in this tenant', hint="Run")
        self.refused_unchanged("secretary", "add", "--name", "x", "--llm", provider, domain=HOTEL, status=3,
                               message=f'no provider "{provider}" in this tenant', hint="Run `voicedb provider list`")

    def test_nothing_to_change(self):
        self.refused_unchanged("provider", "update", "thinker", status=2, message="nothing is given to change", hint="Run `voicedb")
        self.refused_unchanged("secretary", "update", "Ana", status=2, message="nothing is given to change", hint="Run `voicedb")

    # ---- conflicts ------------------------------------------------------------------------------------------------

    def test_a_name_twice(self):
        self.refused_unchanged("provider", "add", "--type", "llm", "--name", "thinker", status=4,
                               message='the tenant has a provider "thinker" of type llm', hint="Choose another name")
        self.refused_unchanged("secretary", "add", "--name", "x", "--extension", "800", status=4,
                               message='extension "800" belongs to another secretary', hint="Choose another extension")

    def test_a_provider_in_use(self):
        self.add("provider", "add", "--type", "tts", "--name", "speaker")
        self.add("secretary", "update", "Ana", "--tts", "speaker")
        self.refused_unchanged("provider", "remove", "speaker", status=4, message="a secretary uses this provider",
                               hint="Give its secretaries another provider")

    def test_a_secretary_with_documents(self):
        self.add("secretary", "add", "--name", "Rita")
        self.add("document", "add", "--secretary", "Rita", "--name", "own", self.good)
        self.refused_unchanged("secretary", "remove", "Rita", status=4, message="this secretary has documents of its own",
                               hint="Remove its documents")

    # ---- files ----------------------------------------------------------------------------------------------------

    def refused_file(self, path, *args, message, hint):
        self.refused_unchanged("document", "add", path, *args, status=9, message=message, hint=hint)
        # It must not replace what is there either.
        self.refused_unchanged("document", "add", path, "--name", "good.txt", *args, status=9, message=message, hint=hint)

    def test_empty_file(self):
        path = self.file("empty.txt", b"")
        self.refused_file(path, message=f"{path} is empty", hint="Give a file with text")
        path = self.file("spaces.txt", b" \n\t\n")
        self.refused_unchanged("document", "add", path, status=9, message="spaces.txt has no words", hint="Give a file with text")

    def test_binary_file(self):
        path = self.file("binary.txt", b"text first\n" * 20000 + b"\x00\x01")
        self.refused_file(path, message=f"{path} is binary", hint="Save it as PDF, DOCX, ODT, HTML")

    def test_damaged_text(self):
        path = self.file("cut.txt", "Olá, você".encode()[:-1])
        self.refused_file(path, message=f"{path} ends in the middle of a character", hint="Check that the file is whole")
        path = self.file("late.txt", "é texto bom. ".encode() * 20000 + b"\xff")
        self.refused_file(path, message=f"{path} is not UTF-8 all through", hint="Save it again in one encoding")

    def test_documents_without_text_for_us(self):
        for name, content, message, hint in (
                ("scanned.pdf", documents.pdf([[]]), "has pages, but no text: they are pictures", "Run text recognition"),
                ("secret.pdf", documents.encrypted_pdf(), "is protected by a password", "Save it without password"),
                ("macros.docx", documents.docx("", **{"word/vbaProject.bin": "x"}), "holds macros", "Save it without macros"),
                ("entities.docx", documents.entity_bomb(), "defines entities of its own", "Save it anew"),
                ("bomb.docx", documents.docx_bomb(300), "unpacks to more than 256 MB", "Split the document"),
                ("cut.docx", documents.docx(documents.paragraph("x"))[:-60], "is damaged", "Check that the file is whole"),
                ("sheet.xlsx", documents.package({"xl/workbook.xml": "x"}), "is of a kind that is not read", "Save it as")):
            path = self.file(name, content)
            self.refused_file(path, message=f"{path} {message}", hint=hint)

    def test_file_larger_than_the_limit(self):
        path = self.file("large.txt", b"word " * 300)
        self.refused_file(path, "--max-bytes", "1K", message=f"{path} is larger than 1024 bytes", hint="Split the file, or raise --max-bytes")

    def test_unreadable_file(self):
        path = os.path.join(self.folder.name, "missing.txt")
        self.refused_file(path, message=f"cannot read {path}: No such file or directory", hint="Check the path")
        empty = os.path.join(self.folder.name, "empty")
        os.mkdir(empty)
        self.refused_unchanged("document", "add", empty, status=9, message=f"{empty} holds no file", hint="Give a file")

    def test_standard_input(self):
        self.refused_unchanged("document", "add", "-", status=2, message="a document from standard input needs a name",
                               hint="Write --name")
        self.refused_unchanged("document", "add", "-", "--name", "x", status=9, message="standard input is empty",
                               hint="Give a file with text")
        self.refused_unchanged("document", "add", "--name", "x", self.good, self.good, status=2,
                               message="--name cannot name several files", hint="Add the files one by one")

    # ---- JSON -----------------------------------------------------------------------------------------------------

    def test_malformed_json(self):
        path = self.file("broken.json", b'{"model": ')
        for value in ('{"model": ', "model", f"@{path}"):
            self.refused_unchanged("provider", "add", "--type", "llm", "--name", "x", "--config", value, status=9,
                                   message="config is not JSON", hint="Give a JSON object")
        self.refused_unchanged("provider", "update", "thinker", "--config", "[1]", status=9, message="config is JSON but no object",
                               hint="Give a JSON object")
        self.refused_unchanged("provider", "update", "thinker", "--config", "@/nowhere", status=9,
                               message="cannot open /nowhere: No such file or directory", hint="Give a file")
        self.refused_unchanged("conversation", "start", "--metadata", "{", status=9, message="metadata is not JSON", hint="Give a JSON")

    # ---- numbers --------------------------------------------------------------------------------------------------

    def test_threshold_and_top(self):
        for value in ("1.5", "-0.5"):
            self.refused_unchanged("search", "--threshold", value, "x", status=2, message=f"--threshold cannot be {value}",
                                   hint="Give a number from 0 to 1")
            self.refused_unchanged("secretary", "update", "Ana", "--threshold", value, status=2,
                                   message=f"--threshold cannot be {value}", hint="Give a number from 0 to 1")
        self.refused_unchanged("search", "--top", "0", "x", status=2, message="--top cannot be 0", hint="Give a number from 1 to 1000")

    # ---- transfer rules and conversations -------------------------------------------------------------------------

    def test_empty_keyword(self):
        for word in ("", "  ", "?!"):
            self.refused_unchanged("transfer", "add", "--department", "x", "--extension", "1", "--keyword", "good", "--keyword", word,
                                   status=9, message=f'the keyword "{word}" is empty', hint="Give a word")

    def test_rules_that_cannot_be_used(self):
        rule = ("transfer", "add", "--department", "x", "--extension", "1")
        self.refused_unchanged(*rule, "--pattern", "(", status=9, message='the pattern "(" cannot be used', hint="Write a regular")
        for hours, message in (('{"mon": "8-18"}', 'the working hours\' span "8-18" cannot be read'),
                               ('{"mon": "08:00-18:00", "monday": []}', 'the working hours\' entry "monday" cannot be read'),
                               ('{"timezone": "America/Sao_Paulo"}', "the working hours name no day"),
                               ('{"mon-wed": [], "tue": []}', "the working hours name tue twice"),
                               ('{"mon": [], "timezone": "BRT"}', 'the working hours\' time zone "BRT" cannot be read')):
            with self.subTest(hours=hours):
                self.refused_unchanged(*rule, "--working-hours", hours, status=9, message=message,
                                       hint="Name each day once" if "twice" in message else "Write them as")
        self.refused_unchanged(*rule, "--working-hours", '{"mon": [], "timezone": "America/Atlantis"}', status=9,
                               message="there is no time zone America/Atlantis", hint="Give one by its IANA name")

    def test_instant_of_a_transfer(self):
        self.refused_unchanged("transfer", "resolve", "--at", "yesterday evening", "x", status=9,
                               message='"yesterday evening" is no instant', hint="Give one as RFC 3339 has it")

    def test_conversation_of_another_tenant(self):
        uuid = self.add("conversation", "start", "--call", "11111111-1111-4111-8111-111111111111", domain=HOTEL)
        for name in (uuid, "11111111-1111-4111-8111-111111111111"):
            self.refused_unchanged("conversation", "say", name, "--role", "user", "x", status=3,
                                   message=f'no conversation "{name}" in this tenant', hint="Run `voicedb conversation list`")
            self.refused_unchanged("conversation", "end", name, status=3, message=f'no conversation "{name}" in this tenant', hint="Run")
            self.refused_unchanged("conversation", "show", name, status=3, message=f'no conversation "{name}" in this tenant', hint="Run")

    def test_start_of_a_call_that_has_ended(self):
        call = "22222222-2222-4222-8222-222222222222"
        uuid = self.add("conversation", "start", "--call", call, "--caller-id", "1")
        self.add("conversation", "end", uuid)
        error = self.refused_unchanged("conversation", "start", "--call", call, "--caller-id", "2", status=4,
                                       message=f"the conversation of call {call} has ended", hint="Start one of another call",
                                       detail=rf"conversation {uuid}, started .*Z, ended .*Z")
        self.assertIn(uuid, error["detail"])

    def test_conversation_that_has_ended(self):
        uuid = self.add("conversation", "start")
        self.add("conversation", "say", uuid, "--role", "user", "--turn", "1", "Olá")
        self.refused_unchanged("conversation", "say", uuid, "--role", "user", "--turn", "1", "Olá", status=4,
                               message="the user has spoken in turn 1 of this conversation", hint="Leave out the turn number")
        self.add("conversation", "end", uuid)
        for args in (["say", uuid, "--role", "user", "x"], ["end", uuid]):
            before = self.state()
            done = self.run_raw("--domain", CLINIC, "conversation", *args)
            self.assertEqual(done.returncode, 4)
            self.assertRegex(done.stderr.decode(), r"^voicedb: the conversation ended at \S+Z\n(  .*\n)?hint: Start another .*\.\n$")
            self.assertEqual(self.state(), before)

    # ---- standard output ------------------------------------------------------------------------------------------

    def test_closed_pipe_on_stdout_before_anything_is_done(self):
        for args in (["provider", "add", "--type", "stt", "--name", "x"], ["document", "add", self.good, "--name", "y"],
                     ["conversation", "start"], ["search", "clínica"]):
            before = self.state()
            reader, writer = os.pipe()
            os.close(reader)
            done = self.run_raw("--domain", CLINIC, *args, stdout=writer)
            os.close(writer)
            self.assertEqual(done.returncode, 9)
            self.assertEqual(done.stderr.decode(), "voicedb: standard output is closed\n  nothing was done\n"
                             "hint: Let standard output be a file or a program that reads to the end.\n")
            self.assertEqual(self.state(), before)

    def test_full_device_says_that_the_work_is_done(self):
        with open("/dev/full", "wb") as full:
            done = self.run_raw("--domain", CLINIC, "provider", "add", "--type", "stt", "--name", "full", stdout=full)
        self.assertEqual(done.returncode, 9)
        self.assertIn("what the command had to do is done", done.stderr.decode())
        self.assertEqual(self.clinic_json("provider", "show", "full")["provider_name"], "full")


class BadProvider(Database):
    """Embeddings from a server that misbehaves as asked (tests/http/server.py)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = subprocess.Popen([sys.executable, os.path.join(SOURCE, "tests/http/server.py"), "--watch-stdin"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        cls.addClassCleanup(cls.stop)
        cls.port, cls.closed_port = map(int, cls.server.stdout.readline().split())
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = os.path.join(cls.folder.name, "text.txt")
        with open(cls.path, "w", encoding="utf-8") as file:
            file.write("A clínica abre às oito.\n")

    @classmethod
    def stop(cls):
        cls.server.stdin.close()
        cls.server.stdout.close()
        cls.server.wait(30)

    def use(self, name, base_url, **more):
        """Makes this the tenant's default provider of embeddings, and the only one."""
        self.sql("DELETE FROM v_voice_ai_providers")
        config = {"base_url": base_url, "model": "m", "api_key": "sk-hidden-4711", "max_retries": 0, "timeout_ms": 1000} | more
        self.at_clinic("provider", "add", "--type", "embeddings", "--name", name, "--default", "--config", "-",
                       input=json.dumps(config).encode())

    def both(self, status, message):
        """Neither a document nor a search gets past it, and no secret is told."""
        before = self.state()
        for args in (["document", "add", self.path], ["search", "clínica"]):
            done = self.run_raw("--domain", CLINIC, *args)
            text = done.stderr.decode()
            self.assertEqual((done.returncode, done.stdout), (status, b""), text)
            self.assertRegex(text, message)
            self.assertRegex(text, r"\nhint: [A-Z][a-z]+ .*\.\n$")
            self.assertNotIn("4711", text)
        self.assertEqual(self.state(), before)

    def test_missing(self):
        self.sql("DELETE FROM v_voice_ai_providers")
        self.both(3, "the tenant has no embeddings provider to use here")

    def test_disabled(self):
        self.use("off", f"http://127.0.0.1:{self.port}/good/v1")
        self.at_clinic("provider", "update", "off", "--enabled", "off")
        self.both(4, 'the embeddings provider "off" is disabled')

    def test_of_the_wrong_type(self):
        self.sql("DELETE FROM v_voice_ai_providers")
        uuid = self.at_clinic("provider", "add", "--type", "stt", "--name", "ear").strip()
        for name in ("ear", uuid):
            self.refused_unchanged("secretary", "add", "--name", "x", "--embeddings", name, status=3,
                                   message=f'no provider "{name}" in this tenant', hint="Run `voicedb provider list`")

    def test_down(self):
        self.use("down", f"http://127.0.0.1:{self.closed_port}/v1")
        self.both(8, "(?i)refused|connect")

    def test_that_stalls(self):
        self.use("stall", f"http://127.0.0.1:{self.port}/stall/v1")
        self.both(8, "voicedb: ")

    def test_that_fails(self):
        self.use("fails", f"http://127.0.0.1:{self.port}/error-500/v1")
        self.both(8, "500")

    def test_that_refuses_the_key_and_repeats_it(self):
        self.use("key", f"http://127.0.0.1:{self.port}/unauthorized/v1")
        self.both(8, "401|key")

    def test_with_vectors_that_are_too_long(self):
        self.use("long", f"http://127.0.0.1:{self.port}/long/v1")
        self.both(9, "3072 numbers")

    def test_with_vectors_that_are_too_short(self):
        self.use("short", f"http://127.0.0.1:{self.port}/short/v1", dimensions=256)
        self.both(8, "255 numbers where 256 were expected")

    def test_with_vectors_that_are_not_numbers(self):
        for scenario in ("nan", "infinite", "huge", "zeros", "null"):
            with self.subTest(scenario=scenario):
                self.use(scenario, f"http://127.0.0.1:{self.port}/{scenario}/v1")
                self.both(8, "voicedb: ")

    def test_provider_test_says_what_came_back(self):
        for name, address in (("good", "/v1/embeddings"), ("cohere", "/v2/embed")):
            with self.subTest(name=name):
                self.use(name, f"http://127.0.0.1:{self.port}/good/t{'/v1' if name == 'good' else ''}", dimensions=16)
                tested = self.clinic_json("provider", "test", name, "--text", "dois termos")
                self.assertEqual((tested["embedding_model"], tested["embedding_dimensions"], tested["tokens"]), ("m@16", 16, 2))
                self.assertEqual(tested["address"], f"http://127.0.0.1:{self.port}/good/t{address}")
                self.assertEqual(len(tested["first_numbers"]), 4)
                self.assertEqual(self.sql(f"SELECT requests, tokens FROM v_voice_embedding_usage WHERE provider_name = '{name}'"),
                                 [["1", "2"]])
        self.assertIn("protocol", self.at_clinic("provider", "test", "cohere"))

    def test_provider_test_says_why_it_failed(self):
        for scenario, status, message in (("unauthorized", 8, "answered 401"), ("stall", 8, "did not answer in time"),
                                          ("long", 9, "3072 numbers")):
            with self.subTest(scenario=scenario):
                self.use(scenario, f"http://127.0.0.1:{self.port}/{scenario}/v1")
                done = self.run_raw("--domain", CLINIC, "provider", "test", scenario)
                self.assertEqual((done.returncode, done.stdout), (status, b""))
                self.assertRegex(done.stderr.decode(), message)
                self.assertNotIn("4711", done.stderr.decode())
        self.refused_unchanged("provider", "test", "nobody", status=3, message='no provider "nobody" in this tenant',
                               hint="Run `voicedb provider list`")
        self.refused_unchanged("provider", "test", "long", "--text", "", status=9,
                               message="the text is empty or not UTF-8", hint="Give a short text")

    def test_that_works(self):
        """The control: the same calls, a server that answers."""
        self.use("good", f"http://127.0.0.1:{self.port}/good/v1")
        self.at_clinic("document", "add", self.path)
        found = self.clinic_json("search", "clínica")
        self.assertEqual((found["embedding_model"], len(found["results"])), ("m", 1))
        self.at_clinic("document", "remove", "text.txt")


if __name__ == "__main__":
    tap.main()
