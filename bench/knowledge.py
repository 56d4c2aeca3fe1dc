#!/usr/bin/env python3
"""How well the sample tenants' questions are answered: Markdown on stdout.

usage: knowledge.py PROGRAM [--quick]      PROGRAM is bench-knowledge, which measures the ways to search among many tenants

`./dev bench knowledge` runs it on a migrated database; `voicedb` is on PATH.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
TENANTS = ["clinica-sorriso.example", "hotel-mirante.example"]
MODES = ["vector", "lexical", "hybrid"]
ROUGH = {"accents": "without accents", "plural": "with plurals", "typo": "with typing errors"}
SETS = {"evaluation": "with which the ranking was made", "evaluation-held-back": "held back: written before they were first asked, and the ranking is not fitted to them"}


def voicedb(*args):
    return subprocess.run(["voicedb", *args], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout


def psql(sql):
    subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-c", sql], check=True)


def fill(domain):
    psql(f"DELETE FROM v_domains WHERE domain_name = '{domain}'")
    psql(f"INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES (gen_random_uuid(), '{domain}', true)")
    voicedb("--domain", domain, "provider", "add", "--type", "embeddings", "--name", "builtin", "--default")
    voicedb("--domain", domain, "document", "add", *sorted(map(str, (TOP / "examples" / domain / "documents").iterdir())))


def questions(domain, name):
    with open(TOP / "examples" / domain / f"{name}.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def evaluate(domain, lines, *options):
    """The runs by mode."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
        file.flush()
        return {run["mode"]: run for run in json.loads(voicedb("--json", "--domain", domain, "eval", *options, file.name))["runs"]}


def mean(runs, pick):
    """Over the tenants, by their numbers of questions."""
    return sum(pick(run) * run["questions"] for run in runs) / max(sum(run["questions"] for run in runs), 1)


def recall(run, k="5"):
    return run["recall"][k]


def target(what, measured, word, wanted, unit="", decimals=3):
    met = measured <= wanted if word == "≤" else measured >= wanted if word == "≥" else measured > wanted
    print(f"| {what} | {measured:.{decimals}f}{unit} | {word} {wanted:.{decimals}f}{unit} | {'met' if met else '**missed**'} |")


def print_quality(runs):
    print("| way | recall@1 | recall@3 | recall@5 | recall@10 | MRR | nDCG@10 | p50 ms | p99 ms |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for mode in MODES:
        of = [run[mode] for run in runs]
        cells = [mean(of, lambda r, k=k: recall(r, k)) for k in ("1", "3", "5", "10")] + [mean(of, lambda r: r["mrr"]), mean(of, lambda r: r["ndcg"])]
        times = [max(run["took_ms"][p] for run in of) for p in ("p50", "p99")]
        print(f"| {mode} | " + " | ".join(f"{c:.3f}" for c in cells) + " | " + " | ".join(f"{t:.2f}" for t in times) + " |")


def print_rough(rough, plain):
    """`rough` and `plain`: by kind, the runs of both tenants."""
    print("\n| questions | " + " | ".join(f"{mode}, recall@5 | as a careful writer has them" for mode in MODES) + " |")
    print("|---|" + "---:|---:|" * len(MODES))
    for kind, name in ROUGH.items():
        cells = [f"{mean([r[mode] for r in runs[kind]], recall):.3f}" for mode in MODES for runs in (rough, plain)]
        print(f"| {name} | " + " | ".join(cells) + " |")


def print_foreign(lines):
    """How many questions about something else are answered, and how many right passages stay, by the sample's threshold."""
    print("\n| with the samples' threshold, 0.12 | recall@5 | answered though nothing answers them |\n|---|---:|---:|")
    runs = [evaluate(domain, lines[domain], "--threshold", "0.12") for domain in TENANTS]
    for mode in MODES:
        of = [run[mode] for run in runs]
        print(f"| {mode} | {mean(of, recall):.3f} | {sum(r['foreign_answered'] for r in of)} of {sum(r['foreign_questions'] for r in of)} |")


def among_many():
    """What bench-knowledge prints: its tables, and its lines of the table of targets."""
    found = subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE, text=True).stdout
    tables, _, targets = found.partition("| target | measured | must reach | |\n")
    return tables.strip(), targets.strip().split("\n", 1)[1]


def measure_set(name):
    """Prints the tables of a set of questions; returns its lines of the table of targets."""
    lines = {domain: questions(domain, name) for domain in TENANTS}
    asked = {domain: [q for q in lines[domain] if not q.get("nothing")] for domain in TENANTS}
    runs = [evaluate(domain, asked[domain], "--rounds", "20") for domain in TENANTS]
    rough = {k: [evaluate(d, [q for q in asked[d] if q.get("kind") == k]) for d in TENANTS] for k in ROUGH}
    plain = {k: [evaluate(d, [q | {"question": q["plain"]} for q in asked[d] if q.get("kind") == k]) for d in TENANTS] for k in ROUGH}
    print(f"\n`{name}.jsonl`: {sum(map(len, asked.values()))} questions, {SETS[name]}.\n")
    print_quality(runs)
    print_rough(rough, plain)
    print_foreign(lines)
    best = {mode: mean([run[mode] for run in runs], recall) for mode in MODES}
    hybrid_of = [[mean([r["hybrid"] for r in group[k]], recall) for k in ROUGH] for group in (plain, rough)]
    return [(f"{name}: recall@5 of hybrid", best["hybrid"], "≥", 0.95),
            (f"{name}: recall@5 of hybrid, above that of vector", best["hybrid"], ">", best["vector"]),
            (f"{name}: recall@5 of hybrid, above that of lexical", best["hybrid"], ">", best["lexical"]),
            (f"{name}: recall@5 lost by those written carelessly", (sum(hybrid_of[0]) - sum(hybrid_of[1])) / len(ROUGH), "≤", 0.05)]


def main():
    tables, targets_among_many = among_many()
    print(tables)
    for domain in TENANTS:
        fill(domain)
    passages = sum(found["chunk_count"] for domain in TENANTS for found in json.loads(voicedb("--json", "--domain", domain, "document", "list")))
    print(f"\nQuestions in Portuguese over the {passages} passages of the sample tenants, embedded by `builtin`.")
    targets = [line for name in SETS for line in measure_set(name)]
    print("\n| target | measured | must reach | |\n|---|---:|---:|---|")
    for line in targets:
        target(*line)
    print(targets_among_many)


if __name__ == "__main__":
    os.environ.pop("VOICEDB_DOMAIN", None)
    main()
