"""The running admin API held against its own OpenAPI document by schemathesis, with every check it has.

    python tests/python/api_fuzz.py PATH_TO_PATCHBAY [--seed N] [--examples N] [--report DIRECTORY]

It starts `patchbay serve` on a throw-away store and free loopback ports, with the simulator behind it, makes sample
businesses, has them called, and hands the address to schemathesis. What the checks get wrong about this API stands in
schemathesis.toml and api_hooks.py, each with a sentence why.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
OPERATOR = "an-invented-operator-token"
TWILIO = {"TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000001", "TWILIO_AUTH_TOKEN": "an-invented-auth-token"}
VAPI = {"VAPI_API_KEY": "an-invented-api-key", "VAPI_WEBHOOK_SECRET": "an-invented-webhook-secret"}
PATIENCE_SECONDS = 30


class Started:
    """A process that says in a line of its output where it answers; ended by its own id."""

    def __init__(self, words, env, log):
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(words, env=env, stdout=out, stderr=subprocess.STDOUT, cwd=log.parent)

    def line(self, holding):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for line in self.log.read_text(errors="replace").splitlines():
                if holding in line:
                    return line
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        sys.exit(f"it does not say {holding!r}:\n{self.log.read_text(errors='replace')}")

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)


class Api:
    def __init__(self, base):
        self.base = base

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {OPERATOR}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.loads(answer.read() or b"null")


def sample(api, patchbay, edge, env):
    """Three businesses with a number each, and calls that were answered, missed and recorded."""
    for place, (name, availability) in enumerate(
        [
            ("Smile Dental", {"mode": "always", "fallback": {"type": "voicemail"}}),
            ("Acme Pizza", {"mode": "disabled", "fallback": {"type": "voicemail", "transcribe": True}}),
            ("Corner Garage", {"mode": "disabled", "fallback": {"type": "forward", "forwardNumber": "+14165550199"}}),
        ]
    ):
        tenant = {
            "name": name,
            "timezone": "America/Toronto",
            "country": "CA",
            "target": {"kind": "assistant", "id": "front-desk"},
            "connect": {"via": "sip", "sipUri": f"sip:desk-{place}@sip.vapi.ai"},
        }
        made = api.ask("POST", "/api/tenants", tenant)
        number = f"+1647555012{place}"
        api.ask("POST", "/api/numbers/owned", {"e164": number, "tenantId": made["id"]})
        api.ask("PUT", f"/api/tenants/{made['id']}/availability", availability)
        for ai in ["answer", "busy"]:
            words = [patchbay, "call", "--edge", edge, "--to", number, "--ai", ai, "--staff", "no-answer", "--json"]
            subprocess.run(words, env=env, check=True, stdout=subprocess.DEVNULL)
    org = api.ask("POST", "/api/orgs", {"name": "Acme Reception"})
    api.ask("POST", "/api/tokens", {"name": "front desk", "role": f"org:{org['id']}", "access": "read"})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(api.ask("GET", "/api/calls")["data"]) < 6:
        if time.monotonic() > deadline:
            sys.exit("the sample calls were not kept")
        time.sleep(0.05)


def main():
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("patchbay", type=Path)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--examples", type=int, default=int(os.environ.get("PATCHBAY_FUZZ_EXAMPLES", "25")))
    reader.add_argument("--report", type=Path, help="where the log of the server and a list of all requests are left")
    asked, more = reader.parse_known_args()
    patchbay = asked.patchbay.resolve()

    with tempfile.TemporaryDirectory() as scratch:
        place = asked.report or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        place = place.resolve()
        simulator = Started([patchbay, "sim", "--listen", "127.0.0.1:0"], {}, place / "simulator.log")
        behind = simulator.line("simulated at").split()[-1]
        env = {
            **TWILIO,
            **VAPI,
            "PATCHBAY_EDGE__LISTEN": "127.0.0.1:0",
            "PATCHBAY_ADMIN__LISTEN": "127.0.0.1:0",
            "PATCHBAY_ADMIN__TOKEN": OPERATOR,
            "PATCHBAY_STORE__URL": f"sqlite:{scratch}/patchbay.db",
            "PATCHBAY_SPOOL__DIR": f"{scratch}/spool",
            "PATCHBAY_TWILIO__API_BASE": behind,
            "PATCHBAY_VAPI__API_BASE": behind,
            "PATCHBAY_LOG__FORMAT": "json",
        }
        server = Started([patchbay, "serve"], env, place / "server.log")
        try:
            said = json.loads(server.line("patchbay answers calls"))
            base = f"http://{said['admin']}"
            sample(Api(base), patchbay, f"http://{said['edge']}", env)
            status = fuzz(base, asked, more, place)
            if server.process.poll() is not None:
                sys.exit(f"the server ended with {server.process.returncode}")
        finally:
            server.stop()
            simulator.stop()
        told = [line for line in (place / "server.log").read_text().splitlines() if "panicked" in line]
        if told:
            sys.exit("the server panicked:\n" + "\n".join(told))
        sys.exit(status)


def fuzz(base, asked, more, place):
    env = {**os.environ, "SCHEMATHESIS_HOOKS": "api_hooks", "PYTHONPATH": str(HERE)}
    words = [Path(sys.executable).parent / "schemathesis", "--config-file", HERE / "schemathesis.toml", "run"]
    words += [f"{base}/openapi.json", "--checks", "all", "--seed", asked.seed, "--max-examples", asked.examples]
    words += ["--phases", "examples,coverage,fuzzing,stateful", "--header", f"Authorization: Bearer {OPERATOR}"]
    words += ["--continue-on-failure", "--generation-database", "none", "--no-color"]
    if asked.report:
        words += ["--report", "ndjson", "--report-ndjson-path", place / "requests.ndjson"]
    return subprocess.run([str(word) for word in [*words, *more]], env=env, cwd=place).returncode


if __name__ == "__main__":
    main()
