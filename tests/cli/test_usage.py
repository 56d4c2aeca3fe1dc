"""What needs no database: help of every command, usage errors, the reference, the fate of standard output."""
import os
import re
import subprocess
import unittest

from command import SOURCE, VOICEDB, Command
import tap

NOUNS = ["migrate", "tenant", "provider", "secretary", "document", "search", "eval", "transfer", "conversation", "privacy", "webhook",
         "index", "backup", "restore", "doctor", "maintain", "key", "completion", "help", "version"]
COMMANDS = """
migrate; migrate status; migrate verify; migrate adopt; migrate repair;
tenant list; tenant export; tenant import; tenant erase; provider add; provider list; provider show; provider update; provider remove; provider test; provider usage;
secretary add; secretary list; secretary show; secretary update; secretary remove; document add; document list; document show;
document remove; document enable; document disable; document index; document run; document reembed; search; eval; transfer add; transfer list; transfer remove; transfer resolve;
transfer test;
conversation start; conversation say; conversation end; conversation list; conversation show; conversation spool;
conversation sweep; privacy find; privacy export;
privacy erase; privacy retention; webhook run; webhook list; webhook retry; webhook secret; index show; index use;
backup; backup verify; backup key; restore; doctor; maintain; key init; key status; key seal; key rotate;
completion; help; version
"""
COMMANDS = [" ".join(c.split()).split() for c in COMMANDS.split(";")]
UUID = "4f1d7c1e-8a53-4be5-9d6e-0c7d2b6a9f10"


class Help(Command):
    def test_overview_names_every_noun_option_and_exit_status(self):
        text = self.voicedb("help")
        self.assertEqual(text, self.voicedb("--help"))
        self.assertEqual(text, self.voicedb("-h"))
        listed = re.findall(r"^  (\w+) {2,}\S", text.split("options of")[0], re.M)
        self.assertEqual(listed, NOUNS)
        self.assertEqual(re.findall(r"^  (--[a-z-]+)", text, re.M),
                         ["--json", "--domain", "--conninfo", "--fusionpbx", "--master-key", "--version", "--help"])
        self.assertEqual(re.findall(r"^  (\d+) ", text, re.M), [str(n) for n in range(14)])

    def test_every_command_explains_itself(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                text = self.voicedb(*command, "--help")
                self.assertTrue(text.startswith(f"usage: voicedb {' '.join(command)}"), text)
                self.assertEqual(text, self.voicedb("help", *command))
                self.assertEqual(text, self.voicedb("--help", *command))
                self.assertLessEqual(max(map(len, text.splitlines())), 110)

    def test_a_noun_lists_its_verbs(self):
        for noun in {c[0] for c in COMMANDS if len(c) == 2}:
            with self.subTest(noun=noun):
                text = self.voicedb(noun, "--help")
                self.assertEqual(text, self.voicedb("help", noun))
                for command in COMMANDS:
                    if command[0] == noun and len(command) == 2:
                        self.assertRegex(text, rf"(?m)^  {' '.join(command)} {{2,}}\S")

    def test_a_noun_that_is_a_command_shows_both(self):
        text = self.voicedb("migrate", "--help")
        self.assertIn("\n  --lock-timeout MS ", text)
        self.assertIn("\nfurther commands:\n  migrate status ", text)

    def test_help_wins_over_what_is_missing(self):
        self.assertIn("usage: voicedb provider add", self.voicedb("provider", "add", "--type", "stt", "--help"))

    def test_the_reference_is_current(self):
        text = self.voicedb("help", "--markdown")
        with open(os.path.join(SOURCE, "docs/commands.md"), encoding="utf-8") as reference:
            self.assertEqual(text, reference.read(), "run `voicedb help --markdown > docs/commands.md`")
        for command in COMMANDS:
            self.assertIn(f"### `voicedb {' '.join(command)}`\n", text)

    def test_version(self):
        with open(os.path.join(SOURCE, "meson.build"), encoding="utf-8") as build:
            version = re.search(r"version: '([^']+)'", build.read())[1]
        self.assertEqual(self.voicedb("version"), f"voicedb {version}\n")
        self.assertEqual(self.voicedb("--version"), f"voicedb {version}\n")
        self.assertEqual(self.json("version"), {"version": version})


class Usage(Command):
    """Each of these ends with status 2, one line that says what is wrong, and one that says what to do."""

    environment = {"PGHOST": "/nowhere"}  # none of them may come as far as a connection

    def wrong(self, *args, message, hint):
        self.refused(*args, status=2, message=message, hint=hint)

    def test_no_command(self):
        self.wrong(message="no command is given", hint="Run `voicedb help`")

    def test_misspelt_names_are_recognized(self):
        self.wrong("provdier", "add", message='there is no command "provdier"', hint="Write `voicedb provider`, or")
        self.wrong("provider", "lst", message='there is no command "provider lst"', hint="Write `voicedb provider list`, or")
        self.wrong("provider", "add", "--nmae", "x", message="there is no option --nmae here", hint="Write `--name`, or run")
        self.wrong("--jsn", "version", message="there is no option --jsn here", hint="Write `--json`, or")

    def test_names_that_are_like_none(self):
        self.wrong("zzzzzz", message='there is no command "zzzzzz"', hint="Run `voicedb --help`")
        self.wrong("migrate", "everything", message='there is no command "migrate everything"', hint="Run `voicedb migrate --help`")
        self.wrong("tenant", "list", "-q", message="there is no option -q here", hint="Run `voicedb tenant list --help`")

    def test_half_a_command(self):
        self.wrong("secretary", message="the command is not complete", hint="Write `voicedb secretary` and one of: add, list,")

    def test_options_of_a_command_stand_after_it(self):
        self.wrong("--top", "3", "search", "x", message="no option --top stands before the command", hint="Put a command's options")

    def test_values_of_options(self):
        self.wrong("provider", "add", "--name", message="--name needs a value", hint="Write its value behind it")
        self.wrong("provider", "add", "--name", "--type", "stt", message="--name needs a value", hint="Write `--name=--type` if")
        self.wrong("provider", "add", "--default=yes", message="--default takes no value", hint="Leave the value out")
        self.wrong("search", "--top", "1", "--top", "2", "x", message="--top is given twice", hint="Give it once")

    def test_missing_words(self):
        self.wrong("search", message="QUESTION is missing", hint="Run `voicedb search --help`")
        self.wrong("provider", "add", "--type", "stt", message="--name is missing", hint="Run `voicedb provider add --help`")
        self.wrong("conversation", "say", "--role", "user", "--call", UUID, message="TEXT is missing",
                   hint="Run `voicedb conversation say --help`")
        self.wrong("document", "add", message="FILE is missing", hint="Run")

    def test_words_too_many(self):
        self.wrong("provider", "list", "stt", message='"stt" is one word too many', hint="Leave it out")
        self.wrong("conversation", "show", UUID, UUID, message=f'"{UUID}" is one word too many', hint="Leave it out")

    def test_numbers(self):
        for value in ("0", "-1", "1001", "99999999999999999999"):
            self.wrong("search", "--top", value, "x", message=f"--top cannot be {value}", hint="Give a number from 1 to 1000")
        for value in ("five", "5x", "", " 5", "1.5", "0x5"):
            self.wrong("search", "--top", value, "x", message=f'--top needs a whole number, not "{value}"', hint="Write digits")
        for value in ("1.01", "-0.1", "1e9"):
            self.wrong("search", "--threshold", value, "x", message=f"--threshold cannot be {value}", hint="Give a number from 0 to 1")
        for value in ("nan", "inf", "half", "0,5", "", "0x1"):
            self.wrong("search", "--threshold", value, "x", message=f'--threshold needs a number, not "{value}"',
                       hint="Write it with a point")
        self.wrong("document", "add", "--max-bytes", "10Q", "x", message='--max-bytes needs a size, not "10Q"', hint="Write a number")
        self.wrong("document", "add", "--max-bytes", "0", "x", message="--max-bytes cannot be 0", hint="Give a number from 1")

    def test_words_of_a_list(self):
        self.wrong("provider", "add", "--type", "vision", "--name", "x", message='--type cannot be "vision"',
                   hint="Give one of: stt, tts, llm, embeddings")
        self.wrong("conversation", "say", "--role", "caller", UUID, "x", message='--role cannot be "caller"',
                   hint="Give one of: user, assistant, system, tool")
        self.wrong("index", "use", "btree", message='STRATEGY cannot be "btree"', hint="Give one of: two-stage")
        self.wrong("secretary", "add", "--name", "x", "--rag", "yes", message='--rag cannot be "yes"', hint="Write on or off")

    def test_malformed_uuids(self):
        for value in ("12", UUID[:-1], UUID + "0", UUID.replace("-", ""), UUID.replace("f", "g")):
            self.wrong("transfer", "remove", value, message=f'RULE needs a UUID, not "{value}"', hint="Write a UUID in full")
        self.wrong("conversation", "start", "--call", "x", message='--call needs a UUID, not "x"', hint="Write a UUID in full")

    def test_text_that_is_not_utf8(self):
        self.wrong("search", b"caf\xe9", message="the value of QUESTION is not UTF-8", hint="Write it in UTF-8")

    def test_no_tenant(self):
        self.wrong("search", "x", message="no tenant is given", hint="Write --domain NAME or set VOICEDB_DOMAIN")
        self.refused("search", "x", env={"VOICEDB_DOMAIN": ""}, status=2, message="no tenant is given", hint="Write --domain")

    def test_two_ways_to_connect(self):
        self.wrong("--conninfo", "host=x", "--fusionpbx", "tenant", "list",
                   message="--conninfo and --fusionpbx both say how to connect", hint="Leave one")
        self.wrong("--fusionpbx", "/etc/x.conf", "tenant", "list", message="--fusionpbx takes its file after an equals sign",
                   hint="Write `--fusionpbx=/etc/x.conf`")

    def test_no_server(self):
        done = self.run_raw("tenant", "list")
        self.assertEqual((done.returncode, done.stdout), (6, b""))
        self.assertRegex(done.stderr.decode(), r"(?s)^voicedb: .*\nhint: [A-Z].*\.\n$")


class StandardOutput(Command):
    def test_full_device(self):
        with open("/dev/full", "wb") as full:
            for args in (["help"], ["help", "--markdown"], ["completion", "bash"], ["--version"]):
                done = self.run_raw(*args, stdout=full)
                self.assertEqual(done.returncode, 9)
                self.assertRegex(done.stderr.decode(), r"^voicedb: cannot write to standard output(: No space left on device)?\n"
                                                       r"  .*\nhint: Let .*\.\n$")

    def test_closed_pipe(self):
        reader, writer = os.pipe()
        os.close(reader)
        done = self.run_raw("help", stdout=writer)
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr.decode().splitlines()[0]), (9, "voicedb: standard output is closed"))

    def test_pipe_that_closes_early(self):
        """`voicedb … | head -1`: neither a crash nor a signal, and a reader who has all that is wanted sees no message twice."""
        done = subprocess.run(["bash", "-c", f"{VOICEDB} help --markdown | head -1; echo ${{PIPESTATUS[0]}}"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        first, status = done.stdout.decode().splitlines()
        self.assertEqual(first, "# The commands of voicedb")
        self.assertIn(status, ("0", "9"))
        self.assertLessEqual(done.stderr.count(b"voicedb:"), 1)

    def test_closed_descriptors(self):
        done = subprocess.run(["bash", "-c", f"{VOICEDB} version >&-"], stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 9)
        self.assertIn(b"voicedb: standard output is closed\n", done.stderr)
        done = subprocess.run(["bash", "-c", f"{VOICEDB} version <&- 2>&-"], stdout=subprocess.PIPE, timeout=60)
        self.assertEqual((done.returncode, done.stdout[:8]), (0, b"voicedb "))


if __name__ == "__main__":
    tap.main()
