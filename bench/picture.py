#!/usr/bin/env python3
"""Draws how a search's time grows with the tenant: reads what bench-tenantvec found, writes tenantvec.svg.

usage: picture.py [--quick] [FILE.svg] <FOUND      (with --quick it writes only to a file that is named)
"""
import math
import pathlib
import re
import sys

PICTURE = pathlib.Path(__file__).with_name("tenantvec.svg")
HEADER = "chunks of the tenant"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 520, 64, 190, 64, 56
# Colours that colour-blind readers can tell apart (Okabe and Ito).
COLOURS = {"exact": "#000000", "two-stage": "#0072b2", "HNSW": "#d55e00", "tenantvec": "#009e73", "plain": "#8a8a8a"}
STYLE = """text { font: 13px system-ui, sans-serif; fill: #222 }
.title { font-size: 16px; font-weight: 600 }
.note { font-size: 12px; fill: #555 }
.axis { stroke: #ddd; stroke-width: 1 }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round }"""


def lines(found):
    """By way: the tenant's size, p99 in ms, recall@5."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in found.splitlines() if line.startswith("|")]
    start = next((i for i, row in enumerate(rows) if row[0] == HEADER), None)
    if start is None:
        return {}
    names, ways = rows[start][1:], {}
    for row in rows[start + 2:]:
        if len(row) != len(names) + 1 or not row[0].isdigit():
            break
        for name, cell in zip(names, row[1:]):
            ms, recall = re.fullmatch(r"([\d.]+) \(([\d.]+)\)", cell).groups()
            ways.setdefault(name, []).append((int(row[0]), float(ms), float(recall)))
    return ways


class Scale:
    """Logarithmic, from whole powers of ten."""

    def __init__(self, values, start, end):
        self.low, self.high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        self.start, self.end = start, end

    def at(self, value):
        share = (math.log10(value) - self.low) / max(self.high - self.low, 1)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self):
        return [10.0 ** i for i in range(self.low, self.high + 1)]


def number(value):
    return f"{value:,.0f}".replace(",", " ") if value >= 1 else f"{value:g}"


def grid(x, y):
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for tick in y.ticks():
        yield f'<path class="axis" d="M{LEFT} {y.at(tick)}H{right}"/>'
        yield f'<text x="{LEFT - 8}" y="{y.at(tick) + 4}" text-anchor="end">{number(tick)}</text>'
    for tick in x.ticks():
        yield f'<path class="axis" d="M{x.at(tick)} {TOP}V{bottom}"/>'
        yield f'<text x="{x.at(tick)}" y="{bottom + 20}" text-anchor="middle">{number(tick)}</text>'
    yield f'<text x="{(LEFT + right) // 2}" y="{HEIGHT - 12}" text-anchor="middle">chunks of the tenant</text>'


def spread(places, least):
    """The same places, moved down where two labels would touch."""
    moved, last = {}, -math.inf
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        last = moved[name] = max(place, last + least)
    return moved


def curve(name, points, x, y, label_y):
    colour = next((c for word, c in COLOURS.items() if name.startswith(word)), "#555")
    path = "L".join(f"{x.at(size)} {y.at(ms)}" for size, ms, _ in points)
    worst = min(recall for _, _, recall in points)
    dashes = ' stroke-dasharray="5 4"' if name.startswith("plain") else ""
    yield f'<path class="line" stroke="{colour}"{dashes} d="M{path}"/>'
    for size, ms, recall in points:
        fill = colour if recall >= 0.95 else "#fff"
        yield (f'<circle cx="{x.at(size)}" cy="{y.at(ms)}" r="4" stroke="{colour}" stroke-width="1.6" fill="{fill}">'
               f"<title>{number(size)} chunks: {ms:g} ms, recall@5 {recall:.3f}</title></circle>")
    place = WIDTH - RIGHT + 12
    yield f'<text x="{place}" y="{label_y + 4:.1f}" style="fill:{colour};font-weight:600">{name}</text>'
    yield f'<text class="note" x="{place}" y="{label_y + 19:.1f}">recall@5 ≥ {math.floor(worst * 1000) / 1000:.3f}</text>'


def draw(ways):
    points = [point for way in ways.values() for point in way]
    x = Scale([size for size, _, _ in points], LEFT, WIDTH - RIGHT)
    y = Scale([ms for _, ms, _ in points], HEIGHT - BOTTOM, TOP)
    labels = spread({name: y.at(way[-1][1]) for name, way in ways.items()}, 36)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
             "<title>Time of a search by the size of the tenant</title>",
             f"<style>{STYLE}</style>", f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
             f'<text class="title" x="{LEFT}" y="26">Time of a search by the size of its tenant, p99 in ms</text>',
             f'<text class="note" x="{LEFT}" y="46">1536 dimensions, five nearest, through libpq, everything in memory; '
             "hollow: recall@5 under 0.95</text>", *grid(x, y)]
    for name, way in ways.items():
        parts += curve(name, way, x, y, labels[name])
    return "\n".join(parts + ["</svg>", ""])


def main():
    named = [word for word in sys.argv[1:] if word != "--quick"]
    ways = lines(sys.stdin.read())
    if ways and (named or "--quick" not in sys.argv):
        pathlib.Path(named[0] if named else PICTURE).write_text(draw(ways), encoding="utf-8")


if __name__ == "__main__":
    main()
