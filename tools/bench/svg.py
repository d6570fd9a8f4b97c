# SPDX-License-Identifier: MIT
"""A small writer of SVG: lines, circles, text, and logarithmic axes."""
from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape

FONT = "ui-sans-serif, system-ui, sans-serif"
INK = "#24292f"
FAINT = "#d0d7de"
COLOURS = ("#0969da", "#cf222e", "#1a7f37", "#8250df", "#bf8700", "#57606a")


@dataclass
class Drawing:
    """Pixels from the upper left corner."""
    width: int
    height: int
    parts: list[str] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str = INK, width: float = 1, dash: str = "") -> None:
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
                          f'stroke-width="{width}"{dashes}/>')

    def circle(self, x: float, y: float, radius: float, colour: str) -> None:
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>')

    def text(self, x: float, y: float, words: str, anchor: str = "start", size: int = 12, colour: str = INK,
             bold: bool = False) -> None:
        weight = ' font-weight="600"' if bold else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
                          f'fill="{colour}"{weight}>{escape(words)}</text>')

    def __str__(self) -> str:
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
                f'viewBox="0 0 {self.width} {self.height}" font-family="{FONT}">\n'
                f'<rect width="{self.width}" height="{self.height}" fill="#ffffff"/>\n' + "\n".join(self.parts) + "\n</svg>\n")


@dataclass(frozen=True)
class LogAxis:
    """Values, all positive, to pixels; whole decades around them."""
    low: int
    high: int
    begin: float
    end: float

    @staticmethod
    def around(values: list[float], begin: float, end: float) -> LogAxis:
        low = math.floor(math.log10(min(values)) + 1e-9)
        high = math.ceil(math.log10(max(values)) - 1e-9)
        return LogAxis(low, max(high, low + 1), begin, end)

    def place(self, value: float) -> float:
        return self.begin + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.begin)

    def decades(self) -> list[float]:
        return [10.0 ** power for power in range(self.low, self.high + 1)]


def tick_text(value: float) -> str:
    for size, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{name}"
    return f"{value:g}"
