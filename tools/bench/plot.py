# SPDX-License-Identifier: MIT
"""Draws results as SVG: the figures of a benchmark by unit, and how they grow with the number of records."""
from __future__ import annotations

import re
from pathlib import Path

from catalogue import without_records
from compare import name_of
from svg import COLOURS, FAINT, INK, Drawing, LogAxis, tick_text
from table import number

WIDTH = 900
LEFT = 250  # of the axis
RIGHT = 780
ROW = 22
HEAD = 30  # of a panel: its unit
FOOT = 34  # of a panel: its ticks
BAR = "#bf8700"


def positive(entry: dict) -> bool:
    return entry["median"] is not None and entry["min"] > 0


def draw_head(drawing: Drawing, title: str, results: list[dict]) -> None:
    drawing.text(12, 24, title, size=16, bold=True)
    for i, result in enumerate(results):
        y = 44 + i * 16
        drawing.circle(18, y - 4, 4, COLOURS[i % len(COLOURS)])
        machine = result["machine"]
        drawing.text(28, y, f"{name_of(result)}; {machine['processor']}, {machine['cores']} cores, {machine['system']}",
                     size=11)


def head_height(results: list[dict]) -> int:
    return 44 + len(results) * 16


def draw_scale(drawing: Drawing, axis: LogAxis, top: float, bottom: float) -> None:
    for value in axis.decades():
        x = axis.place(value)
        drawing.line(x, top, x, bottom, FAINT)
        drawing.text(x, bottom + 14, tick_text(value), "middle", 10)


def draw_row(drawing: Drawing, axis: LogAxis, y: float, entries: list[dict | None]) -> None:
    """A figure: of each result the median as a dot, smallest to largest as a line, and its bar as a stroke."""
    for i, entry in enumerate(entries):
        if entry is None:
            continue
        colour = COLOURS[i % len(COLOURS)]
        height = y + (i - (len(entries) - 1) / 2) * 5
        drawing.line(axis.place(entry["min"]), height, axis.place(entry["max"]), height, colour, 2)
        drawing.circle(axis.place(entry["median"]), height, 3.5, colour)
        bar = entry["bar"]
        if bar and bar["value"]:
            x = axis.place(bar["value"])
            drawing.line(x, y - 9, x, y + 9, BAR, 2, "" if len(entries) == 1 else "3 2")
    last = next(entry for entry in reversed(entries) if entry is not None)
    missed = last["bar"] is not None and last["bar"]["met"] is False
    drawing.text(RIGHT + 10, y + 4, number(last["median"]) + (" missed" if missed else ""), size=11)


def panel_values(rows: list[list[dict | None]]) -> list[float]:
    values = []
    for entry in (each for row in rows for each in row if each is not None):
        values += [entry["min"], entry["max"]]
        if entry["bar"] and entry["bar"]["value"]:
            values.append(entry["bar"]["value"])
    return values


def rows_by_unit(results: list[dict]) -> dict[str, list[list[dict | None]]]:
    """By unit the figures, each with an entry or None a result. What is zero or less has no place on the axis."""
    tables = [{entry["id"]: entry for entry in result["figures"] if positive(entry)} for result in results]
    units: dict[str, list[list[dict | None]]] = {}
    for id in dict.fromkeys(id for table in tables for id in table):
        row = [table.get(id) for table in tables]
        unit = next(entry["unit"] for entry in row if entry is not None)
        units.setdefault(unit, []).append(row)
    return units


def draw_figures(results: list[dict]) -> str:
    units = rows_by_unit(results)
    height = head_height(results) + sum(HEAD + ROW * len(rows) + FOOT for rows in units.values())
    drawing = Drawing(WIDTH, height)
    draw_head(drawing, f"{results[0]['benchmark']}: medians, smallest to largest, and bars (upright)", results)
    y = float(head_height(results))
    for unit, rows in units.items():
        axis = LogAxis.around(panel_values(rows), LEFT, RIGHT)
        drawing.text(12, y + 20, unit, size=12, bold=True)
        top, bottom = y + HEAD - 4, y + HEAD + ROW * len(rows)
        draw_scale(drawing, axis, top, bottom)
        for i, row in enumerate(rows):
            middle = y + HEAD + ROW * (i + 0.5)
            id = next(entry["id"] for entry in row if entry is not None)
            drawing.text(LEFT - 10, middle + 4, id, "end", 11)
            draw_row(drawing, axis, middle, row)
        y = bottom + FOOT
    return str(drawing)


def growth_of(result: dict) -> dict[str, list[tuple[float, dict]]]:
    """By figure its number of records and its entry, where there are two numbers or more."""
    lines: dict[str, list[tuple[float, dict]]] = {}
    for entry in filter(positive, result["figures"]):
        found = re.search(r"_1e(\d+)$", entry["id"])
        if found:
            lines.setdefault(without_records(entry["id"]), []).append((10.0 ** int(found.group(1)), entry))
    return {id: sorted(points, key=lambda point: point[0]) for id, points in lines.items() if len(points) > 1}


def draw_line(drawing: Drawing, across: LogAxis, up: LogAxis, points: list[tuple[float, dict]], colour: str) -> None:
    places = [(across.place(records), up.place(entry["median"])) for records, entry in points]
    for (x1, y1), (x2, y2) in zip(places, places[1:]):
        drawing.line(x1, y1, x2, y2, colour, 1.5)
    for (x, y), (_, entry) in zip(places, points):
        drawing.line(x, up.place(entry["min"]), x, up.place(entry["max"]), colour)
        drawing.circle(x, y, 3, colour)


def draw_growth(results: list[dict]) -> str | None:
    """One small chart a figure, three in a row; None if no result has figures of several numbers of records."""
    lines = [growth_of(result) for result in results]
    ids = list(dict.fromkeys(id for line in lines for id in line))
    if not ids:
        return None
    columns, chart_width, chart_height = 3, WIDTH // 3, 190
    drawing = Drawing(WIDTH, head_height(results) + chart_height * -(-len(ids) // columns) + 10)
    draw_head(drawing, f"{results[0]['benchmark']}: by the number of records", results)
    for i, id in enumerate(ids):
        left = i % columns * chart_width
        top = head_height(results) + i // columns * chart_height
        points = [point for line in lines for point in line.get(id, [])]
        across = LogAxis.around([records for records, _ in points], left + 55, left + chart_width - 20)
        values = [entry[end] for _, entry in points for end in ("min", "max")]
        up = LogAxis.around(values, top + 150, top + 34)
        drawing.text(left + 12, top + 20, f"{id}, {points[0][1]['unit']}", size=12, bold=True)
        draw_scale(drawing, across, top + 34, top + 150)
        for value in up.decades():
            drawing.line(across.begin, up.place(value), across.end, up.place(value), FAINT)
            drawing.text(left + 50, up.place(value) + 4, tick_text(value), "end", 10, INK)
        for k, line in enumerate(lines):
            draw_line(drawing, across, up, line.get(id, []), COLOURS[k % len(COLOURS)])
    return str(drawing)


def draw(results: list[dict], out: Path) -> list[Path]:
    """Writes NAME.svg for each benchmark among the results, and NAME-growth.svg where there is any; the files."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name in dict.fromkeys(result["benchmark"] for result in results):
        same = [result for result in results if result["benchmark"] == name]
        for end, text in (("", draw_figures(same)), ("-growth", draw_growth(same))):
            if text is not None:
                written.append(out / f"{name}{end}.svg")
                written[-1].write_text(text, encoding="utf-8")
    return written
