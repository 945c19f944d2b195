"""The pictures of the results: what is drawn from which figures."""

from statistics import median

from . import machine, tables
from .svg import COLOURS, INK, PARTS, Picture, Scale, apart, short, steps

NAMES = {"bare": "bare hyper", "patchbay": "patchbay", "quick": "quick axum"}


def note(head: dict, lines: list) -> str:
    rounds = len({line["round"] for line in lines if line.get("round")})
    told = f"medians of {rounds} rounds" if rounds > 1 else "one round"
    return f"{machine.named(head['machine'])}; server on one core; {told}"


def labels(lines: list) -> list:
    return [name for name in NAMES if any(line.get("label") == name for line in lines)]


def throughput(head: dict, lines: list) -> str:
    """Requests a second at saturation, as bars; a dot for each round."""
    names = labels(lines)
    picture = Picture(760, 110 + 62 * len(names), "Requests a second at saturation", note(head, lines))
    values = {name: [line["req_s"] for line in lines if line.get("label") == name] for name in names}
    ticks = steps(max(max(row) for row in values.values()))
    x = Scale(0, ticks[-1], 120, 640)
    bottom = 80 + 62 * len(names)
    for tick in ticks:
        picture.line(x(tick), 72, x(tick), bottom - 6)
        picture.text(x(tick), bottom + 10, short(tick), anchor="middle", size=11)
    for place, name in enumerate(names):
        y = 80 + 62 * place
        middle = median(values[name])
        picture.text(110, y + 26, NAMES[name], anchor="end", size=13)
        picture.bar(x(0), y + 4, x(middle) - x(0), 34, COLOURS[name])
        for value in values[name]:
            picture.dot(x(value), y + 44, COLOURS[name], 2.2)
        beside = ""
        if name != "bare" and "bare" in values:
            ratios = tables.within_rounds(lines, name, "bare", lambda a, b: a["req_s"] / b["req_s"])
            beside = f"  ({median(ratios):.2f} x bare)"
        picture.text(x(middle) + 8, y + 26, f"{middle:,.0f}{beside}", size=13)
    picture.text(380, bottom + 26, "requests a second, calls and status callbacks; a dot is a round", anchor="middle", size=12)
    return picture.done()


def processor(head: dict, lines: list) -> str:
    """Processor time a request by thread, stacked beside the baseline."""
    names = labels(lines)
    used = {name: _by_thread([line for line in lines if line.get("label") == name]) for name in names}
    order = sorted({part for parts in used.values() for part in parts}, key=_reading_order)
    order = [part for part in order if any(used[name].get(part, 0) >= 0.005 for name in names)]
    picture = Picture(760, 480, "Processor time a request, by thread", note(head, lines))
    ticks = steps(max(sum(parts.values()) for parts in used.values()))
    y = Scale(0, ticks[-1], 420, 90)
    for tick in ticks:
        picture.line(90, y(tick), 730, y(tick))
        picture.text(82, y(tick) + 4, short(tick), anchor="end", size=11)
    picture.text(30, 255, "microseconds a request, user and system", anchor="middle", turn=-90)
    gap = 640 / len(names)
    for place, name in enumerate(names):
        left = 90 + gap * place + 14
        width = min(80, gap - 130)
        top, told = 0.0, []
        # One thread that does it all needs no colours of its own.
        if len([part for part in used[name] if used[name][part] >= 0.005]) == 1:
            total = sum(used[name].values())
            picture.bar(left, y(total), width, y(0) - y(total), COLOURS[name])
            top = total
        else:
            for part in order:
                share = used[name].get(part, 0.0)
                picture.bar(left, y(top + share), width, y(top) - y(top + share), PARTS[order.index(part) % len(PARTS)])
                if share >= 0.005:
                    told.append((y(top + share / 2), f"{_called(part)} {share:.2f}", order.index(part)))
                top += share
            for (_, words, index), at in zip(told, apart([at for at, _, _ in told], 14)):
                picture.text(left + width + 6, at + 4, words, size=11, colour=_darker(PARTS[index % len(PARTS)]))
        drained = sum(share for part, share in used[name].items() if part in tables.DRAIN_THREADS)
        if drained >= 0.005:
            # The drain may lag and is counted apart: what is below this line is the path of a call.
            picture.line(left - 6, y(top - drained), left + width, y(top - drained), colour=INK, width=1.5)
            picture.text(left - 10, y(top - drained) + 4, f"{top - drained:.2f}", anchor="end", size=13, weight="bold")
        picture.text(left + width / 2, y(top) - 8, f"{top:.2f}", anchor="middle", size=13, weight="bold")
        picture.text(left + width / 2, 442, NAMES[name], anchor="middle", size=13)
    return picture.done()


def latency(head: dict, lines: list) -> str:
    """p50, p99 and p99.9 over the rate: a panel for each, a line for each server."""
    names = labels(lines)
    rates = sorted({line["rate"] for line in lines if line.get("rate")})
    if not rates:
        return ""
    picture = Picture(980, 440, "Latency at constant arrival, from the instant a request is due", note(head, lines))
    shown = {}
    for name in names:
        for rate in rates:
            mine = [line for line in lines if line.get("label") == name and line["rate"] == rate]
            # Beyond what a server can do the figure only says how long was waited.
            if mine and median(line["behind_ms"] for line in mine) <= 100:
                shown[name, rate] = {
                    part: median(line["latency_us"]["all"][part] for line in mine) for part in ("p50", "p99", "p999")
                }
    values = [value for parts in shown.values() for value in parts.values()]
    low, high = 10 ** int(_floor_log(min(values))), 10 ** int(_floor_log(max(values)) + 1)
    y = Scale(low, high, 370, 90, powers=True)
    for column, (part, title) in enumerate([("p50", "p50"), ("p99", "p99"), ("p999", "p99.9")]):
        left = 80 + 300 * column
        x = Scale(rates[0], rates[-1], left + 20, left + 180, powers=True) if len(rates) > 1 else (lambda _, at=left + 100: at)
        picture.text(left + 100, 82, title, anchor="middle", size=14, weight="bold")
        decade = low
        while decade <= high:
            picture.line(left, y(decade), left + 200, y(decade))
            if column == 0:
                picture.text(left - 8, y(decade) + 4, _time(decade), anchor="end", size=11)
            decade *= 10
        for rate in rates:
            picture.line(x(rate), 90, x(rate), 374, dash="2 3")
            picture.text(x(rate), 390, short(rate), anchor="middle", size=11)
        ends = []
        for name in names:
            points = [(x(rate), y(shown[name, rate][part])) for rate in rates if (name, rate) in shown]
            if not points:
                continue
            picture.path(points, COLOURS[name])
            for point in points:
                picture.dot(*point, COLOURS[name])
            last = max(rate for rate in rates if (name, rate) in shown)
            ends.append((points[-1], f"{NAMES[name]} {_time(shown[name, last][part])}", COLOURS[name]))
        for (point, words, colour), at in zip(ends, apart([point[1] for point, _, _ in ends], 14)):
            picture.text(point[0] + 8, at + 4, words, size=11, colour=_darker(colour))
    picture.text(490, 420, "requests a second", anchor="middle")
    return picture.done()


def memory(head: dict, lines: list) -> str:
    """Memory over the number of tenants: at the start and when all have been called."""
    rows = sorted((line for line in lines if line.get("phase") == "memory"), key=lambda line: line["tenants"])
    if not rows:
        return ""
    picture = Picture(760, 440, "Memory over the number of tenants", machine.named(head["machine"]))
    ticks = steps(max(1024, max(row["peak_rss_mib"] for row in rows)))
    counts = [row["tenants"] for row in rows]
    y = Scale(0, ticks[-1], 370, 90)
    x = Scale(counts[0], counts[-1], 130, 560, powers=True) if len(counts) > 1 else (lambda _: 345)
    for tick in ticks:
        picture.line(90, y(tick), 600, y(tick))
        picture.text(82, y(tick) + 4, short(tick), anchor="end", size=11)
    picture.line(90, y(1024), 600, y(1024), colour=INK, dash="6 4")
    picture.text(606, y(1024) + 4, "1 GiB", size=11)
    for count in counts:
        picture.text(x(count), 390, short(count), anchor="middle", size=11)
    ends = []
    for field, words, colour in [
        ("peak_rss_mib", "peak", PARTS[3]),
        ("rss_mib", "all called once", PARTS[0]),
        ("rss_mib_fresh", "at the start", PARTS[2]),
    ]:
        points = [(x(row["tenants"]), y(row[field])) for row in rows]
        picture.path(points, colour)
        for point in points:
            picture.dot(*point, colour)
        ends.append((points[-1], f"{words} {rows[-1][field]:,} MiB", colour))
    for (point, words, colour), at in zip(ends, apart([point[1] for point, _, _ in ends], 15)):
        picture.text(point[0] + 10, at + 4, words, size=12, colour=_darker(colour))
    picture.text(30, 230, "resident memory, MiB", anchor="middle", turn=-90)
    picture.text(345, 420, "tenants with weekly hours, each called once", anchor="middle")
    return picture.done()


PICTURES = {
    "throughput": ("closed", throughput),
    "processor": ("closed", processor),
    "latency": ("open", latency),
    "memory": ("memory", memory),
}

# What each thread of patchbay does.
CALLED = {
    "edge": "edge: calls",
    "journal": "journal: to disk",
    "log": "log lines",
    "patchbay-drain": "drain: runtime",
    "patchbay-back": "background",
    "sqlx-sqlite-wor": "drain: SQLite",
    "patchbay": "main",
    "tokio-rt-worker": "calls",
}


def _called(part: str) -> str:
    return CALLED.get(part, part)


def _reading_order(part: str) -> tuple:
    """The path of the call first, the drain behind it."""
    order = list(CALLED)
    return (part in tables.DRAIN_THREADS, order.index(part) if part in order else len(order), part)


def _by_thread(lines: list) -> dict:
    parts = {part for line in lines for part in line["server"]["threads_us"]}
    return {part: median(line["server"]["threads_us"].get(part, 0.0) for line in lines) for part in parts}


def _darker(colour: str) -> str:
    """The same, dark enough to be read as text."""
    channels = [int(int(colour[at : at + 2], 16) * 0.7) for at in (1, 3, 5)]
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def _time(micros: float) -> str:
    if micros >= 1e6:
        return f"{micros / 1e6:,.3g} s"
    return f"{micros / 1000:,.3g} ms" if micros >= 1000 else f"{micros:,.0f} µs"


def _floor_log(value: float) -> float:
    from math import floor, log10

    return floor(log10(value))
