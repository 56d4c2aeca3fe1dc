"""The test runner: nothing that went wrong may pass."""
import os
import subprocess
import sys
import tempfile
import unittest

import tap

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RUNNER = os.path.join(SOURCE, "tools/dev/run-tests.py")


class Runner(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.build = os.path.join(cls.place.name, "build")
        empty = os.path.join(cls.place.name, "empty")
        os.mkdir(empty)
        with open(os.path.join(empty, "meson.build"), "w") as f:
            f.write("project('empty')\ntest('from-meson', find_program('sh'),\n"
                    "  args: ['-c', 'printf \"1..1\\\\nok 1 - in meson\\\\n\"'])\n")
        subprocess.run(["meson", "setup", cls.build, empty], check=True, stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    def run_tests(self, programs, *name):
        """Returns the runner's exit status and its output, for scripts given as {name: text}."""
        with tempfile.TemporaryDirectory() as source:
            for path, text in programs.items():
                path = os.path.join(source, "tests", path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as f:
                    f.write(text)
            done = subprocess.run([sys.executable, RUNNER, "--build", self.build, "--source", source, *name],
                                  capture_output=True, text=True)
        return done.returncode, done.stdout

    def closing(self, text):
        """Exit status and closing line for one script."""
        status, out = self.run_tests({"x/test_it.sh": text}, "test_it")
        return status, out.splitlines()[-1]

    def test_counts_what_passes(self):
        status, out = self.run_tests({"x/test_a.sh": "echo 1..2; echo ok 1 - a; echo ok 2 - b"})
        self.assertEqual(status, 0)
        self.assertEqual(out.splitlines()[-1], "3 passed, 0 failed")
        self.assertIn("meson/from-meson: 1 passed", out)

    def test_a_failed_test_fails_and_is_explained(self):
        status, out = self.run_tests({"x/test_a.sh": "echo 1..2; echo not ok 1 - sums; echo '# 1 != 2'; echo ok 2 - b"})
        self.assertEqual((status, out.splitlines()[-1]), (1, "2 passed, 1 failed"))
        self.assertIn("not ok sums\n    # 1 != 2\n", out)

    def test_a_skip_needs_no_failure_and_tells_its_reason(self):
        status, out = self.run_tests({"x/test_a.sh": "echo 1..1; echo 'ok 1 - net # SKIP no network'"})
        self.assertEqual((status, out.splitlines()[-1]), (0, "1 passed, 0 failed, 1 skipped"))
        self.assertIn("skipped net: no network", out)

    def test_cmocka_skips_are_skips(self):
        status, out = self.run_tests({"x/test_a.sh": "echo 1..2; echo ok 1 - a; echo '# no network'; echo 'not ok 2 # SKIP b'"})
        self.assertEqual((status, out.splitlines()[-1]), (0, "2 passed, 0 failed, 1 skipped"))
        self.assertIn("skipped b: no network", out)

    def test_several_groups_add_their_plans(self):
        self.assertEqual(self.closing("echo 1..1; echo ok 1 - a; echo 1..1; echo ok 1 - b"), (0, "2 passed, 0 failed"))

    def test_a_crash_fails(self):
        self.assertEqual(self.closing("echo 1..1; echo ok 1 - a; kill -SEGV $$"), (1, "1 passed, 1 failed"))

    def test_an_exit_status_fails(self):
        self.assertEqual(self.closing("echo 1..1; echo ok 1 - a; exit 1"), (1, "1 passed, 1 failed"))

    def test_too_few_tests_fail(self):
        self.assertEqual(self.closing("echo 1..2; echo ok 1 - a"), (1, "1 passed, 1 failed"))

    def test_no_plan_fails(self):
        self.assertEqual(self.closing("echo ok 1 - a"), (1, "1 passed, 1 failed"))

    def test_silence_fails(self):
        self.assertEqual(self.closing(""), (1, "0 passed, 1 failed"))

    def test_bailing_out_fails(self):
        self.assertEqual(self.closing("echo 1..1; echo 'Bail out! no server'"), (1, "0 passed, 1 failed"))

    def test_only_skips_are_no_success(self):
        self.assertEqual(self.closing("echo '1..0 # SKIP no server'"), (1, "0 passed, 0 failed, 1 skipped"))

    def test_programs_can_be_interrupted_though_the_runner_is_in_the_background(self):
        script = "echo 1..1; trap 'echo ok 1 - interrupted; exit' INT; kill -INT $$; echo not ok 1"
        with tempfile.TemporaryDirectory() as source:
            os.makedirs(os.path.join(source, "tests/x"))
            with open(os.path.join(source, "tests/x/test_it.sh"), "w") as f:
                f.write(script)
            done = subprocess.run(["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, RUNNER, "--build", self.build,
                                   "--source", source, "test_it"], capture_output=True, text=True)
        self.assertEqual(done.stdout.splitlines()[-1], "1 passed, 0 failed")

    def test_a_name_picks_programs(self):
        scripts = {"x/test_a.sh": "echo 1..1; echo ok 1 - one", "x/test_b.sh": "echo 1..1; echo ok 1 - two"}
        self.assertEqual(self.run_tests(scripts, "test_b")[1].splitlines()[-1], "1 passed, 0 failed")

    def test_a_name_picks_tests_inside_programs(self):
        scripts = {"x/test_a.sh": "echo 1..2; echo ok 1 - one; echo not ok 2 - other"}
        status, out = self.run_tests(scripts, "one")
        self.assertEqual((status, out.splitlines()[-1]), (0, "1 passed, 0 failed"))

    def test_a_name_that_nothing_bears_fails(self):
        self.assertEqual(self.run_tests({}, "nothing-like-this"), (1, "0 passed, 0 failed\n"))


class Tap(unittest.TestCase):
    def run_program(self, body):
        with tempfile.NamedTemporaryFile("w", suffix=".py") as f:
            f.write("import unittest\nimport tap\nclass T(unittest.TestCase):\n" + body + "\ntap.main()\n")
            f.flush()
            done = subprocess.run([sys.executable, f.name], capture_output=True, text=True,
                                  env=os.environ | {"PYTHONPATH": os.path.join(SOURCE, "tests")})
        return done.returncode, done.stdout

    def test_passes(self):
        self.assertEqual(self.run_program("  def test_a(self):\n    print('ok 9')"), (0, "1..1\nok 1 - T.test_a\n"))

    def test_fails(self):
        status, out = self.run_program("  def test_a(self):\n    self.assertEqual(1, 2)")
        self.assertEqual(status, 1)
        self.assertIn("not ok 1 - T.test_a\n", out)
        self.assertIn("# AssertionError: 1 != 2", out)

    def test_counts_a_test_with_failing_subtests_once(self):
        status, out = self.run_program("  def test_a(self):\n    for i in 1, 2:\n      with self.subTest(i):\n"
                                       "        self.fail('x')\n  def test_b(self):\n    pass")
        self.assertEqual(status, 1)
        self.assertEqual([line for line in out.splitlines() if "ok " in line],
                         ["not ok 1 - T.test_a", "ok 2 - T.test_b"])

    def test_skips(self):
        self.assertEqual(self.run_program("  def test_a(self):\n    self.skipTest('why')"),
                         (0, "1..1\nok 1 - T.test_a # SKIP why\n"))

    def test_a_broken_set_up_fails(self):
        self.assertEqual(self.run_program("  @classmethod\n  def setUpClass(cls):\n    raise OSError\n"
                                          "  def test_a(self):\n    pass")[0], 1)


if __name__ == "__main__":
    tap.main()
