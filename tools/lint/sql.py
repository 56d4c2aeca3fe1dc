#!/usr/bin/env python3
"""Migrations can run twice, drop nothing, keep to PostgreSQL 13's syntax and give every voice table its tenant; what adopts
another schema runs once, but drops nothing either. A query says in its first lines who asks it."""
import os
import re
import sys

TOKENS = re.compile(r"(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<dollar>\$(\w*)\$.*?\$\3\$)|(?P<string>'(?:[^']|'')*')", re.S)

# What a statement outside a DO block must not be, and why.
REFUSED = [
    (r"create\s+table\s+(?!if\s+not\s+exists)", "CREATE TABLE without IF NOT EXISTS"),
    (r"create\s+(unique\s+)?index\s+(?:concurrently\s+)?(?!if\s+not\s+exists)", "CREATE INDEX without IF NOT EXISTS"),
    (r"create\s+(extension|schema|sequence|materialized\s+view)\s+(?!if\s+not\s+exists)",
     "CREATE without IF NOT EXISTS"),
    (r"create\s+(function|procedure|view|aggregate)\b", "CREATE without OR REPLACE"),
    (r"create\s+(role|user|type|domain|cast|operator|collation|text\s+search)\b",
     "this CREATE fails the second time: guard it in a DO block"),
    (r"create\s+or\s+replace\s+trigger\b", "CREATE OR REPLACE TRIGGER needs PostgreSQL 14"),
    (r"alter\s+table\b.*\badd\s+column\s+(?!if\s+not\s+exists)", "ADD COLUMN without IF NOT EXISTS"),
    (r"alter\s+table\b.*\badd\s+(constraint|primary|unique|foreign|check)\b",
     "ADD CONSTRAINT fails the second time: guard it in a DO block"),
    (r"alter\s+.*\brename\b", "RENAME fails the second time: guard it in a DO block"),
    (r"(?!.*\bon\s+conflict\b)insert\s+into\b", "INSERT without ON CONFLICT"),
    (r".*\bnulls\s+not\s+distinct\b", "NULLS NOT DISTINCT needs PostgreSQL 15"),
    (r".*\bset\s+(null|default)\s*\(", "SET NULL (columns) needs PostgreSQL 15"),
    (r".*\bsecurity_invoker\b", "security_invoker needs PostgreSQL 15"),
    (r"merge\s+into\b", "MERGE needs PostgreSQL 15"),
]
REFUSED = [(re.compile(pattern, re.S), why) for pattern, why in REFUSED]
# What must not stand anywhere, DO blocks included.
DESTROYS = re.compile(r"\b(drop\s+table|drop\s+schema|drop\s+database|drop\s+column|truncate)\b", re.I)
REPEATABLE = re.compile(r"create\s+(trigger|policy)\s+(\w+).*?\bon\s+(?:public\.)?(\w+)", re.S)
TABLE = re.compile(r"create\s+table\s+(?:if\s+not\s+exists\s+)?(?:public\.)?(v_voice_\w+)\s*\((.*)\)", re.S)


def plain(text, keep_bodies=False):
    """The text in lower case without comments, strings and, unless asked for, dollar-quoted bodies; lines stay."""
    def blank(match):
        if keep_bodies and match["dollar"]:
            return plain(match[0][1:-1], True)
        return re.sub(r"[^\n]", " ", match[0])
    return TOKENS.sub(blank, text).lower()


def statements(text):
    """Yields (line, statement)."""
    start = 0
    for part in text.split(";"):
        lead = len(part) - len(part.lstrip())
        yield text.count("\n", 0, start + lead) + 1, part.strip()
        start += len(part) + 1


def check_kept(text):
    for number, line in enumerate(plain(text, True).split("\n"), 1):
        if DESTROYS.search(line):
            yield number, "a migration destroys nothing"


def check_migration(text):
    yield from check_kept(text)
    code = plain(text)
    dropped = set()
    for number, statement in statements(code):
        if match := re.match(r"drop\s+(trigger|policy)\s+if\s+exists\s+(\w+)\s+on\s+(?:public\.)?(\w+)", statement):
            dropped.add(match.groups())
        if (match := REPEATABLE.match(statement)) and match.groups() not in dropped:
            yield number, f"CREATE {match[1].upper()} fails the second time: DROP … IF EXISTS before it, or guard it"
        for pattern, why in REFUSED:
            if pattern.match(statement):
                yield number, why
        if (table := TABLE.match(statement)) and not re.search(r"\bdomain_uuid\s+uuid\s+not\s+null\b", table[2]):
            yield number, f"{table[1]} has no domain_uuid UUID NOT NULL"


def check_query(text):
    if not text.lstrip().startswith("--"):
        yield 1, "a query begins with a comment: who asks it, and how often"


def check_adoption(text):
    yield from check_kept(text)
    yield from check_query(text)


def check_numbers(paths):
    """For the files of one folder."""
    names = sorted(os.path.basename(p) for p in paths)
    for wanted, name in enumerate(names, 1):
        if not re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", name) or int(name[:4]) != wanted:
            yield f"{name}: expected {wanted:04d}_name.sql here: numbers follow each other"
            return


def main(paths):
    checks = {"migrations": check_migration, "migrations/adopt": check_adoption, "src/sql": check_query}
    found = []
    for folder, check in checks.items():
        inside = [path for path in paths if os.path.dirname(path) == folder]
        if check is not check_query:
            found += check_numbers(inside)
        for path in inside:
            with open(path, encoding="utf-8") as f:
                found += [f"{path}:{number}: {message}" for number, message in check(f.read())]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    sys.exit(main(sys.argv[1:]))
