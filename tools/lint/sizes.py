#!/usr/bin/env python3
"""Prints functions over 100 lines and files over 1000. They are notes: some table may be right as it is."""
import os
import sys

MOST_LINES, MOST_FUNCTION_LINES = 1000, 100


def functions(path, lines):
    """Yields (line, length) of each body that starts with { or ends with } in the first column."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            yield start, number - start
            start = None


def main(paths):
    for path in paths:
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")
        if len(lines) > MOST_LINES:
            print(f"{path}: {len(lines)} lines")
        if path.endswith((".c", ".h", ".sh")) or "." not in path:
            for start, length in functions(path, lines):
                if length > MOST_FUNCTION_LINES:
                    print(f"{path}:{start}: a function of {length} lines")


if __name__ == "__main__":
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    main(sys.argv[1:])
