#!/usr/bin/env python3
"""Embeds migrations/NNNN_name.sql, in order, with their SHA-256.

A file whose first line is `-- transaction: none` runs outside a transaction. It holds one CREATE or DROP INDEX CONCURRENTLY with
IF [NOT] EXISTS and nothing else: what fails half-way there can be healed, and its effect can be shown inside a transaction too.
"""
import argparse
import hashlib
import pathlib
import re
import sys

NO_TRANSACTION = "-- transaction: none"
CONCURRENT = re.compile(r"(CREATE (UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS|DROP INDEX CONCURRENTLY IF EXISTS) \w+\b[^;]*;")


def is_concurrent(path, text):
    lines = text.splitlines()
    if not lines or lines[0] != NO_TRANSACTION:
        return False
    statement = " ".join(line for line in lines if not line.startswith("--")).strip()
    if CONCURRENT.fullmatch(statement) is None:
        sys.exit(f"{path}: outside a transaction may run one CREATE or DROP INDEX CONCURRENTLY IF [NOT] EXISTS alone")
    return True


def entry(path, expected):
    match = re.fullmatch(r"(\d{4})_(\w+)", path.stem)
    if match is None or int(match.group(1)) != expected:
        sys.exit(f"{path}: expected {expected:04d}_name.sql: versions run without a gap")
    content = path.read_bytes()
    bytes_ = ",".join(str(byte) for byte in content)
    concurrent = str(is_concurrent(path, content.decode())).lower()
    return f"""static const char file_{expected}[] = {{ {bytes_},0 }};
""", f"""    {{ {expected}, "{match.group(2)}", file_{expected}, "{hashlib.sha256(content).hexdigest()}", {concurrent} }},
"""


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("files", nargs="+", type=pathlib.Path)
    arguments.add_argument("--output", type=pathlib.Path, required=True)
    arguments.add_argument("--list", default="migrations", help="the name of the list in C")
    given = arguments.parse_args()
    parts = [entry(path, version) for version, path in enumerate(sorted(given.files), 1)]
    given.output.write_text(f"""/* Made by tools/migrations.py. */
#include "schema/migrations.h"

{''.join(file for file, _ in parts)}
static const migration steps[] = {{
{''.join(row for _, row in parts)}}};
const migration_list {given.list} = {{ steps, sizeof steps / sizeof steps[0] }};
""", encoding="utf-8")


if __name__ == "__main__":
    main()
