"""The library exports what its header declares, and nothing else; the header stands alone."""
import os
import re
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))  # for tap
import tap  # noqa: E402

SOURCE = os.path.dirname(os.path.dirname(HERE))
LIBRARY = os.path.join(os.environ.get("VOICEDB_BUILD", os.path.join(SOURCE, "build")), "src", "libvoicedb.so")
HEADER = os.path.join(SOURCE, "include", "voicedb.h")
RUNTIME = re.compile(r"^(__(asan|ubsan|odr_asan|sanitizer|start|stop)|_(init|fini|edata|end)$|__bss_start$)")


def declarations():
    """Every VDB_API declaration without comments: name to text."""
    with open(HEADER, encoding="utf-8") as header:
        text = re.sub(r"/\*.*?\*/", " ", header.read(), flags=re.S)
    found = re.findall(r"^VDB_API\s+([^;]*?\b(vdb_\w+)\(.*?\));", text, flags=re.M | re.S)
    return {name: " ".join(declaration.split()) for declaration, name in found}


def exported():
    listed = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], check=True, capture_output=True, text=True).stdout
    names = {line.split()[-1].split("@")[0] for line in listed.splitlines()}
    return {name for name in names if not RUNTIME.match(name)}


class Exports(unittest.TestCase):
    def test_the_library_exports_what_the_header_declares(self):
        self.assertGreater(len(declarations()), 40)
        self.assertEqual(sorted(exported()), sorted(declarations()))

    def test_no_function_is_declared_without_being_exported(self):
        with open(HEADER, encoding="utf-8") as header:
            text = re.sub(r"/\*.*?\*/", " ", header.read(), flags=re.S)
        named = set(re.findall(r"\b(vdb_\w+)\s*\(", text)) - set(re.findall(r"\(\*(vdb_\w+)\)", text))
        self.assertEqual(sorted(named), sorted(declarations()))

    def test_what_can_fail_must_be_checked(self):
        for name, declaration in declarations().items():
            with self.subTest(name):
                self.assertEqual("vdb_status vdb_" in declaration, "VDB_MUST_CHECK" in declaration)

    def compile(self, language, *options):
        program = "#include <voicedb.h>\nint main(void) { return vdb_version() == 0; }\n"
        done = subprocess.run([os.environ.get("CC", "cc"), "-x", language, *options, "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                               "-fsyntax-only", f"-I{os.path.dirname(HEADER)}", "-"],
                              input=program, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_header_is_c_by_itself(self):
        for standard in "c99", "c11", "c17":
            with self.subTest(standard):
                self.compile("c", f"-std={standard}")

    @unittest.skipUnless(shutil.which("c++"), "no C++ compiler")
    def test_the_header_is_cplusplus_too(self):
        self.compile("c++", "-std=c++11")


if __name__ == "__main__":
    tap.main()
