#!/usr/bin/env python3
"""Turns src/sql/*.sql into the query registry: queries.h and queries.c.

A query file is a comment that says who asks and how often, then one statement, runnable in psql:
    psql -v domain_uuid=... -v name=... -f src/sql/secretary_get.sql
A psql variable :'name' becomes a parameter; they are numbered by first appearance, but domain_uuid is always $1. A line
`-- scope: none` marks the few queries that are not about one tenant. What only reads is told by its first word; a line
`-- writes` says otherwise.
"""
import argparse
import pathlib
import re
import sys

VARIABLE = re.compile(r":'(\w+)'")
LITERAL = re.compile(r"'(?:[^']|'')*'")
FIRST = "domain_uuid"


def fail(path, message):
    sys.exit(f"{path}: {message}")


def parse(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if line.startswith("--")]
    body = "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip()
    if not comments:
        fail(path, "begins with no comment that says who asks")
    if not body.endswith(";") or ";" in LITERAL.sub("", body[:-1]):
        fail(path, "must hold exactly one statement that ends with a semicolon")
    body = body[:-1].rstrip()
    names = list(dict.fromkeys(VARIABLE.findall(body)))
    scoped = "-- scope: none" not in comments
    if scoped and FIRST not in names:
        fail(path, f"does not name :'{FIRST}'")
    if FIRST in names:
        names.remove(FIRST)
        names.insert(0, FIRST)
    text = VARIABLE.sub(lambda match: f"${names.index(match.group(1)) + 1}", body)
    writes = "-- writes" in comments or not re.match(r"(SELECT|WITH)\b", body) \
        or re.search(r"\b(INSERT INTO|UPDATE|DELETE FROM)\b", body) is not None
    return {"name": path.stem, "text": text, "names": names, "scoped": scoped, "reads": not writes}


def c_string(text):
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))
    return "\n".join(f'        "{line}\\n"' for line in escaped)


def header(queries):
    ids = ",\n".join(f"    QUERY_{query['name'].upper()}" for query in queries)
    return f"""/* Made by tools/queries.py from src/sql. */
#ifndef VDB_QUERIES_H
#define VDB_QUERIES_H

#include "pg/query.h"

enum query_id {{
{ids},
    QUERY_COUNT
}};

extern const query queries[QUERY_COUNT];

/* For each query whether it is about one tenant, which is its $1. */
extern const bool query_is_scoped[QUERY_COUNT];

#endif
"""


def source(queries):
    entries = "\n".join(
        f"""    {{ QUERY_{query['name'].upper()}, "{query['name']}",
{c_string(query['text'])},
        {len(query['names'])}, {str(query['reads']).lower()} }}, /* {', '.join(query['names'])} */"""
        for query in queries)
    scoped = ",\n".join(f"    {str(query['scoped']).lower()}" for query in queries)
    return f"""/* Made by tools/queries.py from src/sql. */
#include "queries.h"

_Static_assert((int)QUERY_COUNT <= (int)MOST_QUERIES, "raise MOST_QUERIES");

const query queries[QUERY_COUNT] = {{
{entries}
}};

const bool query_is_scoped[QUERY_COUNT] = {{
{scoped}
}};
"""


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("files", nargs="+", type=pathlib.Path)
    arguments.add_argument("--output", nargs=2, type=pathlib.Path, required=True, metavar=("HEADER", "SOURCE"))
    given = arguments.parse_args()
    files = sorted(given.files)
    unlisted = set(files[0].parent.glob("*.sql")) - set(files)
    if unlisted:
        fail(files[0].parent, f"meson.build does not list {', '.join(sorted(path.name for path in unlisted))}")
    queries = [parse(path) for path in files]
    given.output[0].write_text(header(queries), encoding="utf-8")
    given.output[1].write_text(source(queries), encoding="utf-8")


if __name__ == "__main__":
    main()
