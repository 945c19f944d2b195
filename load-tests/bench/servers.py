"""Servers to measure: started fresh on their core, watched until they are ready, ended by their own process id."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from . import machine

ROOT = Path(__file__).resolve().parents[2]

# Plainly invented, the same for whoever asks and whoever is asked.
SECRETS = {
    "BENCH_ACCOUNT_SID": "AC00000000000000000000000000000001",
    "BENCH_AUTH_TOKEN": "an-invented-auth-token",
    "BENCH_ADMIN_TOKEN": "an-invented-operator-token-for-load-tests",
}

# Whatever proxies the environment names, they are not for the loopback.
LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# A million tenants are seeded in minutes; a server that is filled already is ready in seconds.
READY_SECONDS = 900
# What is not drained after that is thrown away with the store.
STOP_SECONDS = 3


class Failed(Exception):
    """Something did not start, answer or end; the text says what."""


class Server:
    """A server that has been started. Use it in a `with`."""

    def __init__(self, name: str, command: list, env: dict, directory: Path, log_name: str):
        self.name = name
        self.port = free_port()
        self.admin_port = free_port()
        self.log = directory / f"{log_name}.log"
        url = f"http://127.0.0.1:{self.port}"
        given = {"BENCH_PUBLIC_URL": url, "BENCH_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}"}
        command = [str(word).replace("{port}", str(self.port)) for word in command]
        # A log that goes nowhere would be cheating: it is written to a file on disk, and removed afterwards.
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(machine.SERVER_CORE), *command],
                env={**os.environ, **SECRETS, **given, **env},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
            )
        self.pid = self.process.pid
        self.ready_seconds = None

    def __enter__(self):
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _wait_until_ready(self) -> None:
        """Waits for /readyz, and measures from the instant at which the server's own program runs."""
        deadline = time.monotonic() + READY_SECONDS
        began = None
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended with {self.process.returncode} before it was ready:\n{self.tail()}")
            if began is None and self._program() in ("patchbay", "bare", "quick"):
                began = time.monotonic()
            if began is not None and self._is_ready():
                self.ready_seconds = time.monotonic() - began
                return
            time.sleep(0.002 if began is not None else 0.005)
        raise Failed(f"{self.name} was not ready within {READY_SECONDS} s:\n{self.tail()}")

    def _program(self) -> str:
        try:
            return Path(os.readlink(f"/proc/{self.pid}/exe")).name
        except OSError:
            return ""

    def _is_ready(self) -> bool:
        try:
            with LOOPBACK.open(f"http://127.0.0.1:{self.port}/readyz", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def memory_mib(self, field: str) -> int:
        """Resident memory now (VmRSS) or at its highest (VmHWM)."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) // 1024
        return 0

    def pause(self) -> None:
        """Stands still, so that another server can be measured on the same core."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def tail(self) -> str:
        """The last of what the server said."""
        text = self.log.read_bytes()[-3000:].decode(errors="replace")
        return "\n".join("    " + line[:300] for line in text.splitlines()[-12:])

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                # Its journal may have minutes of draining left, into a store that is removed anyway.
                self.process.kill()
                self.process.wait()
        self.log.unlink(missing_ok=True)


class Binaries:
    """Where what was built lies, and how each server is started from it."""

    def __init__(self, target: Path, directory: Path):
        self.release = target / "release"
        self.directory = directory
        self.seeded = {}
        self.started = 0

    @property
    def generator(self) -> Path:
        return self.release / "examples" / "generator"

    def bare(self, document_bytes: int) -> Server:
        return self._start("bare", [self.release / "examples" / "bare", "{port}", document_bytes], {})

    def quick(self, numbers: Path) -> Server:
        return self._start("quick", [self.release / "examples" / "quick", "{port}", numbers], {})

    def patchbay(self, numbers: Path, rules: str = "week", name: str = "patchbay", keep: bool = False) -> Server:
        """`patchbay serve` on a store of its own. The first one fills a store; each gets a copy of that one, as it was
        before any call. A kept store is not copied but used again as it is: a million tenants are a gigabyte."""
        store = self._store(numbers, rules)
        if not keep:
            copy = self.directory / "store"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(store, copy)
            store = copy
        return self._start(name, self._serve(numbers), self._env(store, rules))

    def _store(self, numbers: Path, rules: str) -> Path:
        key = (str(numbers), rules)
        if key not in self.seeded:
            store = self.directory / f"seeded-{numbers.name}-{rules}"
            # Filling is part of the first start; the store that is copied later has seen no call.
            with self._start("patchbay", self._serve(numbers), self._env(store, rules)):
                pass
            self.seeded[key] = store
        return self.seeded[key]

    def _serve(self, numbers: Path) -> list:
        return [ROOT / "load-tests" / "serve-bench", "{port}", numbers]

    def _env(self, store: Path, rules: str) -> dict:
        return {"BENCH_STORE_DIR": str(store), "BENCH_RULES": rules, "BENCH_BIN_DIR": str(self.release)}

    def _start(self, name: str, command: list, env: dict) -> Server:
        self.started += 1
        return Server(name, command, env, self.directory, f"{name}-{self.started}")


def free_port() -> int:
    """A port nobody listens on now. Somebody else may take it before the server does; then the server says so."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
