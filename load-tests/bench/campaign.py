"""A campaign: many short rounds, what they said kept line by line, and told in medians."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import machine
from .servers import ROOT, SECRETS, Binaries, Failed, Server

RAW = ROOT / "load-tests" / "raw"


def build(flags: list, already: bool) -> Path:
    """Builds what is measured as a release is built, and what measures it."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    target = target if target.is_absolute() else ROOT / target
    if already:
        return target
    if shutil.which("cargo") is None:
        raise Failed("there is no cargo: install a Rust toolchain with rustup, or use --no-build")
    examples = [word for name in ("bare", "quick", "generator", "seed") for word in ("--example", name)]
    # All in one go, as serve-bench builds it too: another choice of targets would build every dependency again.
    command = ["cargo", "build", "--locked", "--release", "--bin", "patchbay", *examples, *flags]
    told(" ".join(command))
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise Failed("the build failed")
    return target


def built(options) -> str:
    """How what is measured was built, as far as it is known."""
    if options.no_build:
        return "before, by whoever ran it"
    lto = os.environ.get("CARGO_PROFILE_RELEASE_LTO")
    return " ".join(["release", *([f"lto={lto}"] if lto else []), *options.cargo_flag])


def told(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Campaign:
    """One scenario: its temporary directory, its raw file and its options."""

    def __init__(self, options, target: Path):
        self.options = options
        self.directory = Path(tempfile.mkdtemp(prefix="patchbay-run."))
        self.binaries = Binaries(target, self.directory)
        self.lines = []
        RAW.mkdir(exist_ok=True)
        self.raw = RAW / f"{options.name or options.scenario}.jsonl"
        self.machine = machine.describe()
        head = {"scenario": options.scenario, "machine": self.machine, "began": time.strftime("%Y-%m-%d %H:%M")}
        head["build"] = built(options)
        self.raw.write_text(json.dumps(head) + "\n")
        told(machine.named(self.machine))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory, ignore_errors=True)

    def numbers(self, count: int) -> Path:
        """A file of so many numbers no country has."""
        path = self.directory / f"numbers-{count}"
        if not path.exists():
            path.write_text("".join(f"+999{number:08}\n" for number in range(count)))
        return path

    def measure(self, server: Server, numbers: Path, words: list, **told_with) -> dict:
        """One run of the generator against a server; its line, kept."""
        line = {**told_with, **self.run(server, numbers, words)}
        self.keep(line)
        return line

    def run(self, server: Server, numbers: Path, words: list) -> dict:
        """One run of the generator against a server."""
        command = ["taskset", "-c", str(machine.GENERATOR_CORE), self.binaries.generator]
        command += ["--target", f"127.0.0.1:{server.port}", "--numbers", numbers, "--pid", server.pid]
        command += ["--label", server.name, "--expect", "any" if server.name.startswith("bare") else "twiml"]
        command = [str(word) for word in [*command, *words]]
        url = {"BENCH_PUBLIC_URL": f"http://127.0.0.1:{server.port}"}
        run = subprocess.run(command, env={**os.environ, **SECRETS, **url}, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise Failed(f"the generator failed on {server.name}:\n{run.stderr}{server.name} said last:\n{server.tail()}")
        if run.stderr:
            told(f"{server.name}: {run.stderr.strip()}")
        return json.loads(run.stdout)

    def keep(self, line: dict) -> None:
        self.lines.append(line)
        with self.raw.open("a") as raw:
            raw.write(json.dumps(line) + "\n")

    def twiml_bytes(self, numbers: Path, rules: str = "week") -> int:
        """How long patchbay's documents are on average: the baseline answers as much. Nothing of this is kept."""
        with self.binaries.patchbay(numbers, rules) as server:
            probe = self.run(server, numbers, ["--secs", 0.5, "--warmup", 0.2])
        if probe["bad"]:
            raise Failed(f"patchbay answered {probe['bad']} requests with something else than 2xx:\n{server.name}")
        told(f"the baseline answers {probe['twiml_bytes']} bytes, as patchbay does on average")
        return probe["twiml_bytes"]


def order(names: list, round_number: int) -> list:
    """Odd rounds forwards, even ones back."""
    return names if round_number % 2 else names[::-1]
