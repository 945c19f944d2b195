"""What needs more than rounds: changes under load, idle connections, a million tenants, the journal's lag."""

import json
import threading
import time
import urllib.request

from . import tables
from .campaign import Campaign, order, told
from .scenarios import CLOSED, compare
from .servers import LOOPBACK, SECRETS, Failed, Server


class Admin:
    """What is asked of a server's private side."""

    def __init__(self, server: Server):
        self.base = f"http://127.0.0.1:{server.admin_port}"

    def ask(self, path: str, method: str = "GET", body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        request.add_header("Authorization", f"Bearer {SECRETS['BENCH_ADMIN_TOKEN']}")
        request.add_header("Content-Type", "application/json")
        with LOOPBACK.open(request, timeout=30) as answer:
            return answer.read()

    def metrics(self) -> dict:
        """Each series of /metrics by its name and labels."""
        series = {}
        for line in self.ask("/metrics").decode().splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                series[name] = float(value)
        return series

    def tenant_ids(self, count: int) -> list:
        ids, cursor = [], ""
        while len(ids) < count:
            page = json.loads(self.ask(f"/api/tenants?limit=200{cursor}"))
            ids += [tenant["id"] for tenant in page["data"]]
            if not page.get("nextCursor"):
                break
            cursor = f"&cursor={page['nextCursor']}"
        return ids[:count]


def lookups(metrics: dict, result: str) -> float:
    return sum(value for name, value in metrics.items() if "directory_lookups_total" in name and f'"{result}"' in name)


# Changes under way at a time. A change takes some milliseconds, more when the core is full; they must not wait in a row.
HANDS = 16


class Changing:
    """Changes so many tenants a second, one after the other, from entering to leaving."""

    def __init__(self, admin: Admin, ids: list, rate: float):
        self.admin, self.ids, self.rate = admin, ids, rate
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.begun, self.done, self.late_seconds, self.fault = 0, 0, 0.0, None
        self.began = 0.0

    def __enter__(self):
        self.began = time.monotonic()
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(HANDS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _work(self):
        while not self.over.is_set() and not self.fault:
            with self.lock:
                number = self.begun
                self.begun += 1
            due = self.began + number / self.rate
            if self.over.wait(max(0.0, due - time.monotonic())):
                return
            tenant = self.ids[number % len(self.ids)]
            try:
                # The name is spoken, so that the tenant's settings have to be compiled again.
                self.admin.ask(f"/api/tenants/{tenant}", "PATCH", {"name": f"Smile Dental {number}"})
            except OSError as error:
                self.fault = f"a change of {tenant} failed: {error}"
                return
            with self.lock:
                self.done += 1
                self.late_seconds = max(self.late_seconds, time.monotonic() - due)


def changes(campaign: Campaign) -> None:
    """A hundred tenants changed every second: only they are loaded again, and nothing else moves."""
    options = campaign.options
    numbers = campaign.numbers(options.numbers)
    size = campaign.twiml_bytes(numbers)
    names = ["bare", "patchbay", "patchbay-changing"]
    for round_number in range(1, options.rounds + 1):
        for name in order(names, round_number):
            binaries = campaign.binaries
            starting = binaries.bare(size) if name == "bare" else binaries.patchbay(numbers, name=name)
            with starting as server:
                if name == "bare":
                    words = ["--secs", options.secs, *CLOSED]
                    told(tables.brief(campaign.measure(server, numbers, words, round=round_number)))
                    continue
                _changes(campaign, server, numbers, round_number)
    print(tables.side_by_side(campaign.lines))
    compare(campaign.lines, "patchbay", ["patchbay-changing"])
    for line in campaign.lines:
        if "changes" in line:
            told_of = line["changes"]
            print(
                f"round {line['round']}: {told_of['done']} changes, {told_of['loads']:.0f} loads of the directory in the"
                f" same time; a change was there at most {told_of['late_ms']:.0f} ms after it was due"
            )


def _changes(campaign: Campaign, server: Server, numbers, round_number: int) -> None:
    """Every tenant is called once, so that a load can only come of a change; then the round."""
    admin = Admin(server)
    campaign.measure(server, numbers, ["--touch", 1_000_000_000], round=0, phase="touch")
    campaign.lines.pop()
    before = lookups(admin.metrics(), "miss")
    words, told_with = ["--secs", campaign.options.secs, *CLOSED], {"round": round_number}
    told_of = {"done": 0, "late_ms": 0.0}
    if server.name == "patchbay-changing":
        ids = admin.tenant_ids(campaign.options.numbers)
        with Changing(admin, ids, campaign.options.changes) as changing:
            line = campaign.measure(server, numbers, words, **told_with)
        if changing.fault:
            raise Failed(f"{changing.fault}\n{server.tail()}")
        told_of = {"done": changing.done, "late_ms": round(changing.late_seconds * 1000, 1)}
    else:
        line = campaign.measure(server, numbers, words, **told_with)
    line["changes"] = {**told_of, "loads": lookups(admin.metrics(), "miss") - before}
    campaign.keep({"label": server.name, "round": round_number, "phase": "changes", **line["changes"]})
    campaign.lines.pop()
    told(tables.brief(line))


def idle(campaign: Campaign) -> None:
    """Connections that say nothing: what they cost in memory, and what they cost the calls beside them."""
    options = campaign.options
    numbers = campaign.numbers(options.numbers)
    size = campaign.twiml_bytes(numbers)
    names = ["bare", "bare-idle", "patchbay", "patchbay-idle"]
    for round_number in range(1, options.rounds + 1):
        for name in order(names, round_number):
            binaries = campaign.binaries
            starting = binaries.bare(size) if name.startswith("bare") else binaries.patchbay(numbers, name=name)
            with starting as server:
                server.name = name
                words = ["--secs", options.secs, *CLOSED]
                words += ["--idle", options.idle] if name.endswith("-idle") else []
                line = campaign.measure(server, numbers, words, round=round_number)
                told(tables.brief(line) + (f"  idle {line['idle']}" if "idle" in line else ""))
    print(tables.side_by_side(campaign.lines))
    compare(campaign.lines, "patchbay", ["patchbay-idle"])
    compare(campaign.lines, "bare", ["bare-idle"])
    for name in ("bare-idle", "patchbay-idle"):
        lines = [line for line in campaign.lines if line["label"] == name]
        grown = tables.of(lines, lambda line: line["idle"]["rss_mib_with"] - line["idle"]["rss_mib_before"])
        still = tables.of(lines, lambda line: line["idle"]["open_at_end"])
        print(f"{name}: {options.idle} were opened, {still:.0f} were open at the end, memory grew by {grown:.0f} MiB")


def memory(campaign: Campaign) -> None:
    """A store of many tenants: from start to ready, the first call of a tenant, and memory when all have been called."""
    rows = []
    for count in campaign.options.counts:
        numbers = campaign.numbers(count)
        told(f"{count:,} tenants: the store is filled")
        with campaign.binaries.patchbay(numbers, name=f"patchbay-{count}", keep=True) as server:
            fresh = server.memory_mib("VmRSS")
            first = min(count, campaign.options.first)
            # One connection: what a call takes, and nothing that waits behind another call.
            alone = ["--touch", first, "--connections", 1]
            cold = campaign.measure(server, numbers, alone, round=1, tenants=count, phase="cold")
            warm = campaign.measure(server, numbers, alone, round=1, tenants=count, phase="warm")
            told(f"{count:,} tenants: each is called once")
            campaign.measure(server, numbers, ["--touch", count], round=1, tenants=count, phase="all")
            after = {"tenants": count, "phase": "memory", "ready_s": round(server.ready_seconds, 3), "rss_mib_fresh": fresh}
            after["rss_mib"], after["peak_rss_mib"] = server.memory_mib("VmRSS"), server.memory_mib("VmHWM")
            campaign.keep(after)
            rows.append(_memory_row(count, server.ready_seconds, cold, warm, after))
    head = ["tenants", "start to ready", "first call p50", "p99", "second call p50", "lookup p50", "RSS at start", "all called", "peak"]
    print(tables.table(head, rows))
    print("lookup: first call less second call, one connection, medians; times in us, memory in MiB")


def _memory_row(count: int, ready: float, cold: dict, warm: dict, after: dict) -> list:
    first, second = cold["latency_us"]["voice"], warm["latency_us"]["voice"]
    return [
        f"{count:,}",
        f"{ready:.2f} s",
        f"{first['p50']:,.0f}",
        f"{first['p99']:,.0f}",
        f"{second['p50']:,.0f}",
        f"{first['p50'] - second['p50']:,.0f}",
        after["rss_mib_fresh"],
        after["rss_mib"],
        after["peak_rss_mib"],
    ]


def lag(campaign: Campaign) -> None:
    """How far the store is behind the calls at saturation, and how long it takes to catch up."""
    options = campaign.options
    numbers = campaign.numbers(options.numbers)
    with campaign.binaries.patchbay(numbers) as server:
        admin = Admin(server)
        depths = []
        over = threading.Event()
        began = time.monotonic()

        def watch():
            while not over.is_set():
                depth = admin.metrics().get("patchbay_spool_depth", float("nan"))
                depths.append((round(time.monotonic() - began, 2), depth))
                over.wait(0.25)

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        try:
            line = campaign.measure(server, numbers, ["--secs", options.secs, *CLOSED], round=1)
            asked_until = time.monotonic() - began
            told(tables.brief(line))
            told(f"the calls are over; the store catches up, at most {options.patience} s are waited")
            while depths[-1][1] > 0 and time.monotonic() - began - asked_until < options.patience:
                time.sleep(0.5)
        finally:
            over.set()
            watching.join()
    campaign.keep({"phase": "lag", "asked_until": round(asked_until, 2), "depths": depths})
    peak = max(depth for _, depth in depths)
    left = depths[-1][1]
    caught_up = next((at for at, depth in depths if at > asked_until and depth == 0), None)
    print(f"deepest: {peak:,.0f} records")
    if caught_up:
        print(f"caught up {caught_up - asked_until:.1f} s after the last call: {peak / max(caught_up - asked_until, 0.01):,.0f} records/s")
    else:
        drained = (peak - left) / max(depths[-1][0] - asked_until, 0.01)
        print(f"not caught up: {left:,.0f} records were left, drained at {drained:,.0f} records/s when nobody called")
    print("processor time a request by thread, us:")
    for name, time_us in sorted(line["server"]["threads_us"].items(), key=lambda item: -item[1]):
        print(f"  {name:<16} {time_us:7.3f}{'  (drain)' if name in tables.DRAIN_THREADS else ''}")
