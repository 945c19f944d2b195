"""What is measured side by side, round by round: saturation, constant arrival, tenants, rules."""

from contextlib import contextmanager

from . import tables
from .campaign import Campaign, order, told

# A call of the closed loop: calls and ends take turns, so that calls last longer than this, about three seconds.
CLOSED = ["--hang-up-after", "1..3"]


def closed(campaign: Campaign) -> None:
    """Saturation: 64 connections, each with one request under way."""
    options = campaign.options
    numbers = campaign.numbers(options.numbers)
    size = campaign.twiml_bytes(numbers)
    words = ["--secs", options.secs, *CLOSED]
    for round_number in range(1, options.rounds + 1):
        for name in order(options.servers, round_number):
            with warm(campaign, name, numbers, size) as server:
                told(tables.brief(campaign.measure(server, numbers, words, round=round_number)))
    print(tables.side_by_side(campaign.lines))


def open_loop(campaign: Campaign) -> None:
    """Constant arrival, at each of the rates."""
    options = campaign.options
    numbers = campaign.numbers(options.numbers)
    size = campaign.twiml_bytes(numbers)
    for rate in options.rates:
        for round_number in range(1, options.rounds + 1):
            for name in order(options.servers, round_number):
                with warm(campaign, name, numbers, size) as server:
                    words = ["--secs", options.secs, "--rate", rate]
                    line = campaign.measure(server, numbers, words, round=round_number)
                    disturbed = line["generator"]["had_its_core"] < 0.985
                    told(tables.brief(line) + ("  disturbed: the generator lost its core" if disturbed else ""))
    for rate in options.rates:
        print(f"\n{rate:,.0f} requests a second")
        at_rate = [line for line in campaign.lines if line["rate"] == rate]
        print(tables.side_by_side(at_rate))
        behind = {line["label"] for line in at_rate if line["behind_ms"] > 100}
        for label in sorted(behind):
            print(f"{label}: this rate is beyond it, requests were due longer and longer")


def tenants(campaign: Campaign) -> None:
    """Processor time a request over the number of tenants, all of them called alike. The servers stand side by side and
    only the one that is measured runs: filling the caches of a million tenants takes too long for every round."""
    options = campaign.options
    size = campaign.twiml_bytes(campaign.numbers(10_000))
    files = {f"patchbay-{count}": campaign.numbers(count) for count in options.counts}
    files["bare"] = campaign.numbers(10_000)
    servers = {}
    try:
        for name, numbers in files.items():
            starting = (
                campaign.binaries.bare(size)
                if name == "bare"
                else campaign.binaries.patchbay(numbers, name=name, keep=True)
            )
            servers[name] = starting.__enter__()
            if name != "bare":
                told(f"{name} is ready after {servers[name].ready_seconds:.2f} s; every tenant is called once")
                words = ["--touch", 1_000_000_000]
                told(tables.brief(campaign.measure(servers[name], numbers, words, round=0)))
            servers[name].pause()
        for round_number in range(1, options.rounds + 1):
            for name in order(list(files), round_number):
                server = servers[name]
                server.go_on()
                words = ["--secs", options.secs, *CLOSED]
                told(tables.brief(campaign.measure(server, files[name], words, round=round_number)))
                server.pause()
    finally:
        for server in servers.values():
            server.stop()
    measured = [line for line in campaign.lines if line["round"] > 0]
    print(tables.side_by_side(measured))
    compare(measured, f"patchbay-{options.counts[0]}", [f"patchbay-{count}" for count in options.counts[1:]])


def rules(campaign: Campaign) -> None:
    """One schedule rule a tenant, or forty."""
    options = campaign.options
    numbers = campaign.numbers(options.numbers)
    size = campaign.twiml_bytes(numbers, "1")
    names = {"bare": None, "patchbay-1-rule": "1", "patchbay-40-rules": "40"}
    for round_number in range(1, options.rounds + 1):
        for name in order(list(names), round_number):
            rules_of = names[name]
            starting = (
                campaign.binaries.bare(size)
                if rules_of is None
                else campaign.binaries.patchbay(numbers, rules_of, name=name)
            )
            with starting as server:
                words = ["--secs", options.secs, *CLOSED]
                told(tables.brief(campaign.measure(server, numbers, words, round=round_number)))
    print(tables.side_by_side(campaign.lines))
    compare(campaign.lines, "patchbay-1-rule", ["patchbay-40-rules"])


@contextmanager
def warm(campaign: Campaign, name: str, numbers, size: int):
    """A fresh server of that name, every tenant of which was called once: what is measured is no tenant's first call."""
    with start(campaign, name, numbers, size) as server:
        if name != "bare":
            campaign.run(server, numbers, ["--touch", campaign.options.numbers])
        yield server


def start(campaign: Campaign, name: str, numbers, size: int):
    """A fresh server of that name."""
    binaries = campaign.binaries
    return {"bare": lambda: binaries.bare(size), "quick": lambda: binaries.quick(numbers)}.get(
        name, lambda: binaries.patchbay(numbers)
    )()


def compare(lines: list, first: str, others: list) -> None:
    """Processor time of the path beside that of the first, round by round."""
    print()
    for other in others:
        ratios = tables.within_rounds(lines, other, first, lambda a, b: tables.path_us(a) / tables.path_us(b))
        print(f"processor time of the path, {other} over {first}: x {tables.span(ratios, '{:.3f}')}")
