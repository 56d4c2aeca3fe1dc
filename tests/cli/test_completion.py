"""Completion in a real bash, as it is called when somebody presses Tab."""
import os
import shutil
import subprocess
import tempfile
import unittest

from command import VOICEDB, Command
import tap

# What bash does before it calls the function: words split at its word breaks, of which "=" is one.
PRESS_TAB = r"""
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMPREPLY=()
_voicedb
printf '%s\n' "${COMPREPLY[@]}"
"""


@unittest.skipUnless(shutil.which("bash"), "bash is not installed")
class Completion(Command):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.script = os.path.join(cls.folder.name, "voicedb.bash")
        with open(cls.script, "wb") as file:
            subprocess.run([VOICEDB, "completion", "bash"], stdout=file, check=True)
        for name in ("hours.md", "house rules.md", "prices.txt"):
            with open(os.path.join(cls.folder.name, name), "w", encoding="utf-8"):
                pass

    def bash(self, script, *args):
        done = subprocess.run(["bash", "--norc", "-c", script, "bash", *args], cwd=self.folder.name, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout.decode().splitlines()

    def complete(self, *words):
        return [line for line in self.bash(PRESS_TAB, self.script, "voicedb", *words) if line]

    def test_it_is_registered(self):
        self.assertEqual(self.bash('source "$1"; complete -p voicedb', self.script), ["complete -F _voicedb voicedb"])

    def test_nothing_else_is_defined(self):
        before = self.bash("compgen -A function; compgen -v | grep -v '^_$\\|^BASH\\|^PIPESTATUS\\|^COMP'")
        after = self.bash("source \"$1\"; compgen -A function; compgen -v | grep -v '^_$\\|^BASH\\|^PIPESTATUS\\|^COMP'", self.script)
        self.assertEqual({name for name in after if name not in before},
                         {"_voicedb", "_voicedb_command", "_voicedb_options", "_voicedb_value", "_voicedb_words"})

    def test_nouns(self):
        self.assertEqual(self.complete("se"), ["secretary", "search"])
        self.assertIn("conversation", self.complete(""))
        self.assertEqual(self.complete("--json", "--domain", "secretary", "prov"), ["provider"])

    def test_verbs(self):
        self.assertEqual(self.complete("provider", ""), ["add", "list", "show", "update", "remove", "test", "usage"])
        self.assertEqual(self.complete("document", "e"), ["enable"])
        self.assertEqual(self.complete("migrate", "s"), ["status"])
        self.assertEqual(self.complete("--domain", "=", "x.example", "index", ""), ["show", "use"])
        self.assertEqual(self.complete("--fusionpbx", "index", ""), ["show", "use"])

    def test_options(self):
        self.assertEqual(self.complete("provider", "add", "--d"), ["--domain", "--display-name", "--default", "--disabled"])
        self.assertEqual(self.complete("search", "--t"), ["--top", "--threshold", "--type"])
        self.assertEqual(self.complete("--js"), ["--json"])
        self.assertEqual(self.complete("tenant", "list", "--top"), [])

    def test_values(self):
        self.assertEqual(self.complete("provider", "add", "--type", ""), ["stt", "tts", "llm", "embeddings"])
        self.assertEqual(self.complete("provider", "add", "--type", "=", "st"), ["stt"])
        self.assertEqual(self.complete("provider", "add", "--type", "="), ["stt", "tts", "llm", "embeddings"])
        self.assertEqual(self.complete("transfer", "add", "--type", "ex"), ["extension", "external"])
        self.assertEqual(self.complete("secretary", "update", "800", "--rag", "o"), ["on", "off"])
        self.assertEqual(self.complete("conversation", "say", "--role", "a"), ["assistant"])
        self.assertEqual(self.complete("index", "use", "t"), ["two-stage", "tenantvec"])
        self.assertEqual(self.complete("completion", ""), ["bash"])
        self.assertEqual(self.complete("search", "--top", ""), [])

    def test_after_a_value_comes_a_word(self):
        self.assertEqual(self.complete("provider", "add", "--type", "stt", "--def"), ["--default"])
        self.assertEqual(self.complete("--domain", "search", "index", ""), ["show", "use"])

    def test_files(self):
        self.assertEqual(sorted(self.complete("document", "add", "ho")), ["hours.md", "house rules.md"])
        self.assertEqual(sorted(self.complete("document", "add", "hours.md", "pr")), ["prices.txt"])
        self.assertEqual(self.complete("provider", "add", "--config", "@pr"), ["@prices.txt"])
        self.assertEqual(self.complete("--fusionpbx", "=", "pr"), ["prices.txt"])
        self.assertEqual(self.complete("search", "pr"), [])


if __name__ == "__main__":
    tap.main()
