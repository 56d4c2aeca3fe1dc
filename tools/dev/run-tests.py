#!/usr/bin/env python3
"""Runs every test program, one after the other, reads the TAP it prints, and ends with `N passed, M failed`.

Programs are what `meson introspect --tests` names, every tests/*/test_*.py and tests/*/test_*.sh, and the extension's own
tests. A program that crashes, hangs, or reports another number of tests than it planned is a failure, whatever else it printed.
"""
import argparse
import glob
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

# A fuzzer that goes on for hours is no hanging one.
LONGER = 2 * int(os.environ.get("VOICEDB_LEAK_SECONDS") or 0) + 10 * int(os.environ.get("VOICEDB_FUZZ_SECONDS") or 0)

PLAN = re.compile(r"^1\.\.(\d+)\s*(?:#\s*(?:skip\S*)\s*(.*))?$", re.I)
POINT = re.compile(r"^(not )?ok\b\s*\d*\s*(?:-\s*)?(.*?)\s*(?:#\s*(skip)\S*\s*(.*))?$", re.I)


@dataclass
class Program:
    name: str
    command: list
    sources: list
    env: dict = field(default_factory=dict)
    workdir: str = ""
    timeout: int = 600


@dataclass
class Point:
    name: str
    outcome: str  # passed, failed, skipped
    lines: list


def meson_programs(build):
    def introspect(what):
        return json.loads(subprocess.check_output(["meson", "introspect", what, build]))

    sources = {}
    for target in introspect("--targets"):
        files = [f for group in target["target_sources"] for f in group.get("sources", [])]
        sources.update({output: files for output in target["filename"]})
    for test in introspect("--tests"):
        suite = next((s.split(":")[1] for s in test["suite"] if ":" in s), "meson")
        yield Program(f"{suite}/{test['name']}", test["cmd"], sources.get(test["cmd"][0], []), test["env"],
                      test["workdir"] or build, max(120, 4 * test["timeout"]) + LONGER)


def script_programs(source):
    for path in sorted(glob.glob(os.path.join(source, "tests/*/test_*"))):
        name = os.path.relpath(path, os.path.join(source, "tests"))
        if path.endswith(".py"):
            yield Program(name, [sys.executable, path], [path], workdir=source)
        elif path.endswith(".sh"):
            yield Program(name, ["sh", path], [path], workdir=source, timeout=600 + LONGER)


def extension_programs(source):
    run = os.path.join(source, "tests/tenantvec/run.sh")
    extension = os.path.join(source, "extension/tenantvec")
    if not os.path.isdir(extension):
        return
    for name, files in [("regress", "sql/*.sql"), ("isolation", "specs/*.spec")]:
        yield Program(f"tenantvec/{name}", ["sh", run, name], glob.glob(os.path.join(extension, files)), workdir=source)
    for path in sorted(glob.glob(os.path.join(extension, "t/*.pl"))):
        name = os.path.basename(path).removesuffix(".pl")
        yield Program(f"tenantvec/{name}", ["sh", run, name], [path], workdir=source, timeout=1200)


def mentions(program, word):
    for path in program.sources:
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                if word in f.read():
                    return True
        except OSError:
            pass
    return False


def parse(output):
    """Returns the points, the number planned (None without a plan) and the reason if all was skipped."""
    points, planned, skipped, notes = [], None, None, []
    for line in output.splitlines():
        if plan := PLAN.match(line):
            planned = (planned or 0) + int(plan[1])
            if int(plan[1]) == 0:
                skipped = plan[2] or "no reason given"
        elif line.startswith("Bail out!"):
            points.append(Point(line, "failed", notes))
        elif point := POINT.match(line):
            # cmocka marks what it skipped "not ok # SKIP".
            outcome = "skipped" if point[3] else "failed" if point[1] else "passed"
            # That of cmocka gives the name as the reason, and what the test has printed is the reason.
            reason = [point[4]] if point[2] and point[4] else []
            points.append(Point(point[2] or point[4] or "unnamed", outcome, [note.removeprefix("# ") for note in notes] + reason
                                if outcome == "skipped" else notes + reason))
            notes = []
        elif line.strip():
            # A failed test is explained after its line; what comes before one belongs to it too.
            (points[-1].lines if points and points[-1].outcome == "failed" else notes).append(line)
    return points, planned, skipped


def execute(program):
    """Runs it in a process group of its own; returns exit status, stdout, stderr. Status None: ran out of time."""
    with subprocess.Popen(program.command, env=os.environ | program.env, cwd=program.workdir, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                          start_new_session=True) as process:
        try:
            out, err = process.communicate(timeout=program.timeout)
            return process.returncode, out, err
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            return None, out, err


def verdict(status, points, planned, timeout):
    """What is wrong with the program as a whole, or nothing."""
    if status is None:
        return f"no end within {timeout} s"
    if status < 0:
        return f"ended by {signal.Signals(-status).name}"
    if planned is None:
        return f"printed no plan, exit status {status}"
    if planned != len(points):
        return f"planned {planned} tests, reported {len(points)}, exit status {status}"
    if status != 0 and not any(p.outcome == "failed" for p in points):
        return f"exit status {status} though no test failed"
    return None


def show(title, lines):
    print(f"  {title}")
    for line in lines:
        print(f"    {line}")


def run(program, word, by_name, total):
    began = time.monotonic()
    status, out, err = execute(program)
    points, planned, skipped = parse(out)
    problem = verdict(status, points, planned, program.timeout)
    if not by_name:
        points = [p for p in points if word in p.name]
        if not points and not problem:
            return
    if skipped is not None and not points:
        points = [Point(program.name, "skipped", [skipped])]
    counts = {kind: sum(p.outcome == kind for p in points) for kind in total}
    counts["failed"] += problem is not None
    for kind in total:
        total[kind] += counts[kind]
    word = "FAIL" if counts["failed"] else "skip" if not counts["passed"] else "ok"
    said = ", ".join(f"{n} {kind}" for kind, n in counts.items() if n)
    print(f"{word:<5}{program.name}: {said} ({time.monotonic() - began:.1f} s)")
    for point in points:
        if point.outcome == "skipped":
            show(f"skipped {point.name}: {' '.join(point.lines)}".rstrip(": "), [])
        elif point.outcome == "failed":
            show(f"not ok {point.name}", point.lines)
    if problem:
        show(problem, out.splitlines()[-40:] if not counts["failed"] > 1 else [])
    if counts["failed"] and err.strip():
        show("stderr:", err.splitlines()[-80:])
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("name", nargs="?", default="")
    args = parser.parse_args()
    for number in signal.SIGINT, signal.SIGQUIT:  # a shell has its background jobs ignore them, tests included
        signal.signal(number, signal.default_int_handler)
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for program in [*meson_programs(args.build), *script_programs(args.source), *extension_programs(args.source)]:
        by_name = args.name in program.name
        if by_name or mentions(program, args.name):
            run(program, args.name, by_name, total)
    if not any(total.values()):
        print(f"no test matches {args.name!r}" if args.name else "there are no tests", file=sys.stderr)
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}")
    return 0 if total["passed"] and not total["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
