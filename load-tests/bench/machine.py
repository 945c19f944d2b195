"""The machine: its name, and which of its cores does what."""

import os
import platform
import resource
from pathlib import Path

# The server has a core of its own, and so has whoever asks it; what is left of the machine is for everybody else.
SERVER_CORE = 0
GENERATOR_CORE = 1


def describe() -> dict:
    """What a figure must be read with."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    return {
        "model": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory_kb / 1024 / 1024, 1),
        "kernel": platform.release(),
        "congestion_control": _read("/proc/sys/net/ipv4/tcp_congestion_control"),
    }


def named(machine: dict) -> str:
    """The same in one line."""
    return f"{machine['model']}, {machine['cores']} cores, {machine['memory_gib']} GiB, Linux {machine['kernel']}"


def prepare() -> None:
    """Keeps this program off the server's core, and lets everybody have many connections."""
    if (os.cpu_count() or 1) <= max(SERVER_CORE, GENERATOR_CORE):
        raise SystemExit("this machine has one core; server and generator need one each")
    os.sched_setaffinity(0, {GENERATOR_CORE})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return "unknown"
