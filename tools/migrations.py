#!/usr/bin/env python3
"""Embeds migrations/NNNN_name.sql, in order, with their SHA-256."""
import argparse
import hashlib
import pathlib
import re
import sys


def entry(path, expected):
    match = re.fullmatch(r"(\d{4})_(\w+)", path.stem)
    if match is None or int(match.group(1)) != expected:
        sys.exit(f"{path}: expected {expected:04d}_name.sql: versions run without a gap")
    content = path.read_bytes()
    bytes_ = ",".join(str(byte) for byte in content)
    return f"""static const char file_{expected}[] = {{ {bytes_},0 }};
""", f"""    {{ {expected}, "{match.group(2)}", file_{expected}, "{hashlib.sha256(content).hexdigest()}" }},
"""


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("files", nargs="+", type=pathlib.Path)
    arguments.add_argument("--output", type=pathlib.Path, required=True)
    given = arguments.parse_args()
    parts = [entry(path, version) for version, path in enumerate(sorted(given.files), 1)]
    given.output.write_text(f"""/* Made by tools/migrations.py. */
#include "schema/migrations.h"

{''.join(file for file, _ in parts)}
const migration migrations[] = {{
{''.join(row for _, row in parts)}}};
const size_t migration_count = sizeof migrations / sizeof migrations[0];
""", encoding="utf-8")


if __name__ == "__main__":
    main()
