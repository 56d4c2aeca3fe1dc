#!/usr/bin/env python3
"""Folders are layers: an include points downwards, the lower layers know no voice table, and no C file holds SQL."""
import os
import re
import sys

RANK = {"base": 0, "extract": 1, "secret": 1, "pg": 2, "schema": 3, "store": 3, "knowledge": 4, "calls": 4, "privacy": 4, "webhook": 4,
        "backup": 5, "doctor": 6, "cli": 7}
NO_VOICE_TABLES = {"base", "extract", "pg"}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
SQL = re.compile(
    r"^\s*(select\s+\S+.*\bfrom\b|select\s+\w+\(|insert\s+into\s+\w|update\s+\w+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s*\(|"
    r"(create|alter|drop)\s+(or\s+replace\s+)?(unique\s+)?(table|index|extension|role|schema|function|policy|trigger|view)"
    r"\s+(if\s|\w+\s*\())", re.I)


def layer_of(path):
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "src" and parts[1] in RANK else None


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def check(path, text):
    layer = layer_of(path)
    if path.startswith("src/") and not layer:
        yield 1, f"no layer: give {os.path.dirname(path)} its rank in tools/lint/layers.py"
    code = COMMENT.sub(lambda m: m[0] if m[0].startswith('"') else blank(m), text)
    for number, line in enumerate(code.split("\n"), 1):
        include = INCLUDE.match(line)
        if include:
            target = layer_of("src/" + include[1])
            if layer and target and target != layer and RANK[target] >= RANK[layer]:
                yield number, f"src/{layer} may not include {include[1]}: includes point downwards"
            continue
        if layer in NO_VOICE_TABLES and "v_voice_" in line:
            yield number, f"src/{layer} knows no voice table"
        for literal in STRING.findall(line):
            if path.startswith("src/") and SQL.match(literal):
                yield number, "SQL text belongs in src/sql/*.sql"


def main(paths):
    found = 0
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for number, message in check(path, f.read()):
                print(f"{path}:{number}: {message}")
                found += 1
    return 1 if found else 0


if __name__ == "__main__":
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    sys.exit(main(sys.argv[1:]))
