#!/usr/bin/env python3
"""Prints what a measurement found, its tables in columns, and puts it into RESULTS.md in place of the section it had.

usage: report.py [--quick] NAME <FOUND      (with --quick it only prints)
"""
import datetime
import os
import pathlib
import re
import subprocess
import sys

RESULTS = pathlib.Path(__file__).with_name("RESULTS.md")
NAMES = ["search", "overhead", "ingest", "extract", "call", "webhook", "knowledge", "migrate", "backup", "doctor", "tenantvec"]
TARGETS = "| target | measured | must reach | |"
INTRODUCTION = """# Measurements

Made by `./dev bench`, section by section: a section is replaced when its measurement is run again. Every figure that is
held against a target is a ratio within one run. `docs/search.md` says what the figures mean for search.
"""


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def ask(sql):
    return output("psql", "-XAtc", sql)


def machine():
    cpu = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
    memory = re.search(r"^MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text(encoding="utf-8"), re.M)
    return (f"{cpu[1] if cpu else os.uname().machine}, {os.cpu_count()} cores, {int(memory[1]) / 2**20:.0f} GB, "
            f"Linux {os.uname().release}")


def circumstances():
    settings = ask("""SELECT string_agg(name || ' = ' || current_setting(name), ', ' ORDER BY name) FROM pg_settings
                      WHERE source = 'configuration file' AND sourcefile LIKE '%voicedb.conf' AND name !~ 'log|socket|listen|port|cluster'""")
    version = ask("SELECT regexp_replace(version(), ' on .*', '')")
    extensions = ask("""SELECT string_agg(replace(extname, 'vector', 'pgvector') || ' ' || extversion, ', ' ORDER BY extname DESC)
                        FROM pg_extension WHERE extname IN ('vector', 'tenantvec')""")
    return f"""- {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC
- {machine()}
- {version}, {extensions}; {output("cc", "--version").splitlines()[0]}, -O3
- {settings}, fsync = {ask("SHOW fsync")}"""


def aligned(table):
    """A table's lines with its columns as wide as their widest cell; numbers to the right where the rule says so."""
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]
    right = [cell.endswith(":") for cell in rows[1]]
    widths = [max(max(len(row[i]) for row in rows[:1] + rows[2:]), 4) for i in range(len(rows[0]))]
    rows[1] = ["-" * (w - 1) + (":" if r else "-") for w, r in zip(widths, right)]
    return ["| " + " | ".join(cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right)) + " |"
            for row in rows]


def columns(text):
    lines, table = [], []
    for line in text.splitlines() + [""]:
        if line.startswith("|"):
            table.append(line)
            continue
        lines += aligned(table) if table else []
        table = []
        lines.append(line)
    return "\n".join(lines).strip()


def sections(text):
    """The sections by name; what is not one of ours is left out."""
    parts = re.split(r"^## (.*)\n", text, flags=re.M)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2]) if name in NAMES}


def targets(found):
    lines = ["| measurement | target | measured | must reach | |", "|---|---|---|---|---|"]
    for name in NAMES:
        within = False
        for line in found.get(name, "").splitlines():
            row = [cell.strip() for cell in line.split("|")]
            if row[1:4] == ["target", "measured", "must reach"]:
                within = True
            elif len(row) != 6:
                within = False
            elif within and set(row[1]) != {"-"}:
                lines.append(f"| {name} | " + " | ".join(row[1:5]) + " |")
    return columns("\n".join(lines))


def main():
    quick = "--quick" in sys.argv[1:]
    name = sys.argv[-1]
    found = columns(sys.stdin.read())
    print(f"\n{name}\n\n{found}\n", flush=True)
    if quick:
        return
    old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    all_sections = sections(old)
    all_sections[name] = f"{circumstances()}\n\n{found}"
    text = INTRODUCTION + f"\n## Targets\n\n{targets(all_sections)}\n"
    for known in NAMES:
        if known in all_sections:
            text += f"\n## {known}\n\n{all_sections[known]}\n"
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
