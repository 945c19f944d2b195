"""Medians of rounds, differences and ratios within a round, and tables of them."""

from statistics import median

# Threads that bring the journal into the store. It may lag, and is counted apart.
DRAIN_THREADS = ("patchbay-drain", "patchbay-back", "sqlx-sqlite-wor")


def drain_us(line: dict) -> float:
    """Processor time a request that went into draining the journal and whatever else is behind the call."""
    threads = (line["server"] or {}).get("threads_us", {})
    return sum(time for name, time in threads.items() if name in DRAIN_THREADS)


def path_us(line: dict) -> float:
    """Processor time a request of everything else: the path of the call, journal writer and log included."""
    return line["server"]["cpu_us"] - drain_us(line)


def of(lines: list, value) -> float:
    values = [value(line) for line in lines]
    return median(values) if values else float("nan")


def within_rounds(lines: list, one: str, other: str, compare) -> list:
    """`compare` of two servers, round by round, where both were measured."""
    rounds = {}
    for line in lines:
        rounds.setdefault(line["round"], {})[line["label"]] = line
    return [compare(pair[one], pair[other]) for pair in rounds.values() if one in pair and other in pair]


def span(values: list, form: str = "{:.2f}") -> str:
    """A median and, in brackets, the range."""
    if not values:
        return "-"
    ends = f"{form.format(min(values))}..{form.format(max(values))}"
    return f"{form.format(median(values))} [{ends}]"


def table(head: list, rows: list) -> str:
    """Columns as wide as they need to be: the first to the left, figures to the right."""
    rows = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    text = []
    for row in rows:
        cells = [cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(zip(row, widths))]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text)


def brief(line: dict) -> str:
    """A round in one line, while the campaign runs."""
    server, latency = line["server"], line["latency_us"]["all"]
    calls = line["voice"] / (line["requests"] or 1)
    # Where the pace changes during a run, calls and ends come out of step; a call costs more than its end.
    mix = f", {calls:.0%} calls" if line["mode"] != "touch" and abs(calls - 0.5) > 0.02 else ""
    faults = "".join(f", {line[name]} {name}" for name in ("bad", "unanswered", "reconnects") if line[name])
    return (
        f"{line['label']:<16} {line['req_s']:>9,.0f}/s  cpu {server['cpu_us']:6.2f} us (drain {drain_us(line):5.2f})"
        f"  p50 {latency['p50']:>7,.0f}  p99 {latency['p99']:>8,.0f} us"
        f"  busy {server['busy']:.2f}/{line['generator']['busy']:.2f}{mix}{faults}"
    )


def side_by_side(lines: list, base: str = "bare") -> str:
    """Everything beside the baseline."""
    labels = list(dict.fromkeys(line["label"] for line in lines))
    rows = []
    for label in sorted(labels, key=lambda label: (label != base, labels.index(label))):
        mine = [line for line in lines if line["label"] == label]
        cell = lambda compare, form="{:.2f}": "" if label == base else span(within_rounds(lines, label, base, compare), form)
        latency = lambda name: f"{of(mine, lambda line: line['latency_us']['all'][name]):,.0f}"
        rows.append([
            label,
            f"{of(mine, lambda line: line['req_s']):,.0f}",
            cell(lambda a, b: a["req_s"] / b["req_s"]),
            f"{of(mine, lambda line: line['server']['cpu_us']):.2f}",
            f"{of(mine, drain_us):.2f}",
            cell(lambda a, b: a["server"]["cpu_us"] - b["server"]["cpu_us"]),
            cell(lambda a, b: path_us(a) - path_us(b)),
            latency("p50"),
            latency("p99"),
            latency("p999"),
            f"{of(mine, lambda line: line['server']['rss_mib']):.0f}",
            f"{of(mine, lambda line: line['server']['busy']) * 100:.0f}/{of(mine, lambda line: line['generator']['busy']) * 100:.0f}",
        ])
    head = ["median of rounds", "req/s", "x bare", "cpu us", "of it drain", "all over bare us", "path over bare us"]
    head += ["p50 us", "p99 us", "p99.9 us", "RSS MiB", "srv/gen %"]
    return table(head, rows)
