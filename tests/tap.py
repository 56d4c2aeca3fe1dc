"""Runs the unittest.TestCase classes of a test program and prints TAP: `if __name__ == "__main__": tap.main()`."""
import sys
import traceback
import unittest


def comment(out, text):
    for line in text.rstrip("\n").split("\n"):
        print(f"# {line}", file=out)


class Result(unittest.TestResult):
    def __init__(self, out):
        super().__init__()
        self.out = out
        self.count = 0

    def report(self, test, passed, note=""):
        self.count += 1
        name = test.id().removeprefix("__main__.").replace("#", "")
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}{note}", file=self.out, flush=True)

    def report_failure(self, test, error):
        self.report(test, False)
        comment(self.out, "".join(traceback.format_exception(*error)))

    def addSuccess(self, test):
        self.report(test, True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.report(test, True, f" # SKIP {reason}")

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.report_failure(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self.report_failure(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.failed_subtests = getattr(self, "failed_subtests", set()) | {test}
            comment(self.out, f"{subtest}\n" + "".join(traceback.format_exception(*error)))

    def stopTest(self, test):
        super().stopTest(test)
        if test in getattr(self, "failed_subtests", ()):
            self.report(test, False)

    def addExpectedFailure(self, test, error):
        self.report(test, False)
        comment(self.out, "expected failures are not used here: skip the test with a reason, or mend it")

    def addUnexpectedSuccess(self, test):
        self.report(test, False)


def main():
    out, sys.stdout = sys.stdout, sys.stderr  # what a test prints is no TAP
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    if suite.countTestCases() == 0:
        print("1..0 # SKIP no tests in this program", file=out)
        sys.exit(1)
    print(f"1..{suite.countTestCases()}", file=out, flush=True)
    result = Result(out)
    suite.run(result)
    sys.exit(0 if not result.failures and not result.errors else 1)
