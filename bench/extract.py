#!/usr/bin/env python3
"""Extraction: 100 documents of all kinds through voicedb-extract and voicedb-extract-pdf, one process each, and its PDFs in turns with pdftotext.

usage: extract.py [--quick] FOLDER      (that of the programs)
"""
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
PROCESS = TOP / "src/extract/process.c"  # it says how the library starts the programs
sys.path.insert(0, str(TOP / "tests"))
import documents  # noqa: E402

SYLLABLES = "ca de ri mo ta pe lu ção são men te cli ni pre ço ho rá rio con sul dor den gar ra fa ze mos per nam bu co".split()
KINDS = {"pdf": 40, "docx": 15, "odt": 10, "html": 15, "markdown": 10, "csv": 5, "text": 5}
PAGES, LINES = [2, 4, 8, 16, 64], 50
SETTINGS = {"GLIBC_TUNABLES": re.search(r'allocation\[\] =\s*"GLIBC_TUNABLES=(\S*)"\s*"(\S*)";', PROCESS.read_text(encoding="utf-8")).expand(r"\1\2")}


def words(r, count):
    return " ".join("".join(r.choices(SYLLABLES, k=r.randint(1, 4))) for _ in range(count))


def sections(r, count):
    return [(words(r, 4).capitalize(), [words(r, 60).capitalize() + "." for _ in range(4)]) for _ in range(count)]


def make_pdf(r):
    return documents.pdf([[(60, 800, 18, words(r, 4))] + [(60, 770 - 14 * i, 11, words(r, 12)) for i in range(LINES)]
                          for _ in range(r.choice(PAGES))], typeset=True)


def make_docx(r):
    p = documents.paragraph
    table = "".join("<w:tr>" + "".join(f"<w:tc>{p(words(r, 3))}</w:tc>" for _ in range(4)) + "</w:tr>" for _ in range(20))
    return documents.docx("".join(p(title, "Ttulo1") + "".join(map(p, texts)) for title, texts in sections(r, 40)) +
                          f"<w:tbl>{table}</w:tbl>")


def make_odt(r):
    return documents.odt("".join(f'<text:h text:outline-level="1">{title}</text:h>' + "".join(f"<text:p>{t}</text:p>" for t in texts)
                                 for title, texts in sections(r, 40)))


def make_html(r):
    return ("<html>" + "".join(f"<h1>{title}</h1>" + "".join(f"<p>{t}</p>" for t in texts)
                               for title, texts in sections(r, 40)) + "</html>").encode()


def make_markdown(r):
    return "".join(f"# {title}\n\n" + "".join(f"{t}\n\n" for t in texts) for title, texts in sections(r, 40)).encode()


def make_csv(r):
    return ("nome;preço;obs\n" + "".join(f"{words(r, 2)};{r.randint(1, 999)};{words(r, 10)}\n" for _ in range(2000))).encode("cp1252")


def make_text(r):
    return "\n\n".join(words(r, 80) + "." for _ in range(400)).encode("cp1252")


def run(command, path, environment=None):
    """Milliseconds."""
    with open(path, "rb") as file:
        before = time.perf_counter()
        subprocess.run(command, stdin=file, stdout=subprocess.DEVNULL, env=environment, check=True)
        return (time.perf_counter() - before) * 1000


def fill(folder, share):
    r, files = random.Random(7), {kind: [] for kind in KINDS}
    for kind, count in KINDS.items():
        for i in range(max(1, count // share)):
            path = os.path.join(folder, f"{kind}{i}")
            pathlib.Path(path).write_bytes(globals()[f"make_{kind}"](r))
            files[kind].append(path)
    return files


def main():
    quick = "--quick" in sys.argv
    limits = ["60", "256"]
    extract = {kind: [os.path.join(sys.argv[-1], "voicedb-extract-pdf" if kind == "pdf" else "voicedb-extract")] + limits
               for kind in KINDS}
    rounds = 2 if quick else 7
    with tempfile.TemporaryDirectory() as folder:
        files = fill(folder, 10 if quick else 1)
        ours, theirs, each = [], [], {kind: [] for kind in KINDS}
        for _ in range(rounds):
            ours.append(sum(run(extract["pdf"], path, SETTINGS) for path in files["pdf"]))
            theirs.append(sum(run(["pdftotext", path, "-"], path) for path in files["pdf"]))
            for kind, paths in files.items():
                each[kind].append(sum(run(extract[kind], path, SETTINGS) for path in paths) / len(paths))
        peak = max(peak_of(extract[kind], path) for kind, paths in files.items() for path in paths)
        sizes = {kind: sum(map(os.path.getsize, paths)) / len(paths) / 1024 for kind, paths in files.items()}
    print(f"{sum(map(len, files.values()))} documents, a process for each; {rounds} rounds, medians. A PDF has 2 to 64 pages.\n")
    print("| kind | documents | KB each | ms each |\n|---|---:|---:|---:|")
    for kind, paths in files.items():
        print(f"| {kind} | {len(paths)} | {sizes[kind]:.0f} | {statistics.median(each[kind]):.1f} |")
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"\nThe PDFs: {statistics.median(ours):.0f} ms, pdftotext {statistics.median(theirs):.0f} ms.\n")
    print("| target | measured | must reach | |\n|---|---:|---:|---|")
    print(f"| PDF, voicedb-extract-pdf / pdftotext | {ratio:.2f}× | ≤ 1.20× | {'met' if ratio <= 1.2 else '**missed**'} |")
    print(f"| largest process | {peak:.0f} MB | ≤ 256 MB | {'met' if peak <= 256 else '**missed**'} |")


def peak_of(command, path):
    with open(path, "rb") as file:
        process = subprocess.Popen(command, stdin=file, stdout=subprocess.DEVNULL, env=SETTINGS)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
