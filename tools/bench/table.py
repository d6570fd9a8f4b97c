# SPDX-License-Identifier: MIT
"""Plain tables and numbers for the terminal."""
from __future__ import annotations


def number(value: float | None) -> str:
    """Four significant digits, thousands apart."""
    if value is None:
        return "absent"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def percent(value: float | None) -> str:
    return "" if value is None else f"{value * 100:.1f} %"


def times(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def print_table(head: list[str], rows: list[list[str]], left: int = 1) -> None:
    """The first `left` columns and the last stand left, numbers right."""
    if not rows:
        return
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = [cell.ljust(width) if i < left or i == len(row) - 1 else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())
