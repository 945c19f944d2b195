"""Small pictures: bars, lines and stacks as SVG, with labels where the eye already is."""

from html import escape
from math import ceil, floor, log10

# Distinguishable without colour vision, and legible on a light ground (after Okabe and Ito).
COLOURS = {"bare": "#7a7a7a", "patchbay": "#0072b2", "quick": "#d55e00"}
PARTS = ["#0072b2", "#56b4e9", "#009e73", "#cc79a7", "#e69f00", "#8c8c8c", "#b0b0b0"]
INK, SOFT, GROUND = "#222222", "#dddddd", "#ffffff"
FONT = "font-family='Helvetica, Arial, sans-serif'"


class Picture:
    def __init__(self, width: int, height: int, title: str, note: str):
        self.width, self.height = width, height
        self.parts = [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}'"
            f" role='img' aria-label='{escape(title)}'>",
            f"<rect width='{width}' height='{height}' fill='{GROUND}'/>",
        ]
        self.text(24, 34, title, size=18, weight="bold")
        self.text(24, 54, note, size=12, colour="#555555")

    def text(self, x, y, words, size=12, anchor="start", colour=INK, weight="normal", turn=None):
        turned = f" transform='rotate({turn} {x:.1f} {y:.1f})'" if turn is not None else ""
        self.parts.append(
            f"<text x='{x:.1f}' y='{y:.1f}' {FONT} font-size='{size}' font-weight='{weight}' fill='{colour}'"
            f" text-anchor='{anchor}'{turned}>{escape(str(words))}</text>"
        )

    def line(self, x1, y1, x2, y2, colour=SOFT, width=1.0, dash=""):
        dashed = f" stroke-dasharray='{dash}'" if dash else ""
        self.parts.append(
            f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' stroke-width='{width}'{dashed}/>"
        )

    def bar(self, x, y, width, height, colour):
        self.parts.append(
            f"<rect x='{x:.1f}' y='{y:.1f}' width='{max(width, 0):.1f}' height='{max(height, 0):.1f}' fill='{colour}'/>"
        )

    def dot(self, x, y, colour, radius=3.5):
        self.parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius}' fill='{colour}'/>")

    def path(self, points, colour, width=2.0, dash=""):
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashed = f" stroke-dasharray='{dash}'" if dash else ""
        self.parts.append(f"<polyline points='{joined}' fill='none' stroke='{colour}' stroke-width='{width}'{dashed}/>")

    def done(self) -> str:
        return "\n".join([*self.parts, "</svg>"]) + "\n"


def steps(highest: float) -> list:
    """Four to eight round numbers from nothing to just beyond the highest."""
    if highest <= 0:
        return [0, 1]
    step = 10 ** floor(log10(highest))
    for part in (0.1, 0.2, 0.25, 0.5, 1.0):
        if highest / (step * part) <= 8:
            step *= part
            break
    return [number * step for number in range(ceil(highest / step) + 1)]


class Scale:
    """From figures to places, evenly or by powers."""

    def __init__(self, low, high, begin, end, powers=False):
        self.convert = (lambda value: log10(value)) if powers else (lambda value: value)
        self.low, self.high = self.convert(low), self.convert(high)
        self.begin, self.end = begin, end

    def __call__(self, value) -> float:
        share = (self.convert(value) - self.low) / ((self.high - self.low) or 1)
        return self.begin + share * (self.end - self.begin)


def short(number: float) -> str:
    """12,000 as 12k; small numbers as they are."""
    if number >= 1e6:
        return f"{number / 1e6:g}M"
    if number >= 10_000:
        return f"{number / 1e3:g}k"
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:g}"


def apart(places: list, least: float) -> list:
    """Moves labels that would lie on one another apart, up and down, in their order."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    for _ in range(50):
        for above, below in zip(order, order[1:]):
            overlap = least - (moved[below] - moved[above])
            if overlap > 0:
                moved[above] -= overlap / 2
                moved[below] += overlap / 2
    return moved
