"""patchbay's requests to Twilio and Vapi, and the simulator's answers, held against the providers' own documents.

    python tests/python/provider_specs.py PATH_TO_PATCHBAY PATH_TO_PORTS --specs DIRECTORY --prism DIRECTORY
        [--logs DIRECTORY]

It starts the simulator, a validating proxy in front of it for each document, and `patchbay serve` behind them; then it
gets numbers in every way there is, wires, removes and releases them, and deploys tenants. PORTS (`examples/ports.rs`) asks
for numbers of other carriers. A request or an answer that the documents do not allow, or a path they do not know, ends it
with status 1. SPECS holds the documents and the script that writes them in the form a proxy can use.
"""

import argparse
import collections
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from api_fuzz import OPERATOR, TWILIO, VAPI, Api, Started

ASSISTANT = "00000000-0000-4000-8000-000000000001"
SQUAD = "00000000-0000-4000-8000-000000000002"
ACCOUNT = TWILIO["TWILIO_ACCOUNT_SID"]
PATIENCE_SECONDS = 60
DOCUMENTS = {
    "twilio": "twilio_api_v2010.json",
    "numbers": "twilio_numbers_v1.json",
    "pricing": "twilio_pricing.json",
    "vapi": "vapi-subset.json",
}


class Town(Api):
    """The admin API, and jobs that are waited for."""

    def over(self, job):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = self.ask("GET", f"/api/jobs/{job}")
            if found["state"] not in ("queued", "running", "waiting"):
                if found["state"] != "succeeded":
                    sys.exit(f"a job did not succeed:\n{json.dumps(found, indent=2, ensure_ascii=False)}")
                return found
            time.sleep(0.05)
        sys.exit(f"a job did not end:\n{json.dumps(found, indent=2, ensure_ascii=False)}")

    def job(self, path, body=None):
        return self.over(self.ask("POST", path, body)["jobId"])

    def tenant(self, name, **more):
        target = {"kind": "assistant", "id": ASSISTANT}
        return self.ask("POST", "/api/tenants", {"name": name, "target": target, **more})


def drive(town, simulator):
    """Every saga there is, and every question."""
    free = town.tenant("Free", assignPhone=True)
    town.over(free["jobId"])
    bought = town.tenant("Bought")
    town.over(town.ask("POST", "/api/numbers", {"projectId": bought["id"]})["jobId"])
    named = town.tenant("Named", country="CA")
    town.ask("POST", "/api/numbers", {"projectId": named["id"], "areaCode": "416", "number": "+14165550107"})
    ways = [("forwarded", "+16475550186", {}), ("sip", "+16475550187", {}), ("sip", "+16475550188", {"sourceIps": ["203.0.113.7"]})]
    for method, known, more in ways:
        made = town.tenant(f"By {method} {known[-2:]}")
        put = {"method": method, "clinicNumber": known, **more}
        town.ask("PUT", f"/api/tenants/{made['id']}/phone-integration", put)
        town.job(f"/api/tenants/{made['id']}/deploy")
        again = {**put, "renewSipPassword": method == "sip"}
        if more:
            again["sourceIps"] = ["203.0.113.8"]
        town.ask("PUT", f"/api/tenants/{made['id']}/phone-integration", again)
        town.job(f"/api/tenants/{made['id']}/deploy")
        if method == "sip":
            town.ask("DELETE", f"/api/tenants/{made['id']}")
            town.over(town.ask("GET", "/api/jobs?kind=vacate")["data"][0]["id"])
    target = {"target": {"kind": "squad", "id": SQUAD}}
    town.ask("PATCH", f"/api/tenants/{bought['id']}", target)
    town.over(town.ask("GET", "/api/jobs?kind=target")["data"][0]["id"])
    own = {"accountSid": ACCOUNT, "phoneNumber": "+12055550177"}
    tell(simulator, "numbers", own)
    owned = town.job("/api/numbers/owned", {"e164": "+12055550177", "tenantId": free["id"], "accountSid": ACCOUNT, "wire": True})
    number = owned["result"]["numberId"]
    town.job(f"/api/numbers/{number}/remove-from-vapi")
    town.job(f"/api/numbers/{number}/rewire")
    for listed in town.ask("GET", "/api/numbers/owned")["data"]:
        if listed["tenantId"] == free["id"]:
            town.ask("DELETE", f"/api/numbers/{listed['id']}")
            town.job(f"/api/numbers/{listed['id']}/release", {"confirm": listed["e164"]})
    for question in ["/api/costs", "/api/numbers/available?areaCode=205", "/api/numbers/available?country=GB", "/api/vapi/free-numbers"]:
        town.ask("GET", question)
    town.ask("POST", "/api/numbers/sync", {})


def prices(specs, out):
    """Twilio's prices: one host and two documents, which say numbers where the answers, and their own examples, hold texts."""
    one, other = (json.loads((specs / f"twilio/twilio_pricing_v{version}.json").read_text()) for version in (1, 2))
    one["paths"].update(other["paths"])
    one["components"]["schemas"].update(other["components"]["schemas"])

    def as_answered(node, name=""):
        if isinstance(node, dict):
            if name in ("base_price", "current_price") and node.get("type") == "number":
                node["type"] = "string"
            for key, value in node.items():
                as_answered(value, key)
        elif isinstance(node, list):
            for value in node:
                as_answered(value, name)

    as_answered(one)
    out.write_text(json.dumps(one))


def tell(simulator, what, body):
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"{simulator}/_sim/{what}", data, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS):
        pass


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def proxy(prism, document, upstream, log):
    """A proxy that answers 500 for whatever its document does not allow, and says so."""
    port = free_port()
    words = ["node", prism / "node_modules/@stoplight/prism-cli/dist/index.js", "proxy", document, upstream]
    words += ["--port", str(port), "--host", "127.0.0.1", "--errors", "--verboseLevel", "info"]
    started = Started([str(word) for word in words], None, log)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return started, f"http://127.0.0.1:{port}"
        if started.process.poll() is not None:
            break
        time.sleep(0.1)
    sys.exit(f"the proxy did not start:\n{log.read_text(errors='replace')[-2000:]}")


def judged(logs):
    """What the proxies saw: how many requests of which kind, and what was wrong with them."""
    seen, wrong = collections.Counter(), []
    for name in DOCUMENTS:
        text = re.sub("\x1b\\[[0-9;]*m", "", (logs / f"{name}.log").read_text(errors="replace"))
        for line in text.splitlines():
            asked = re.search(r"\[HTTP SERVER\] (\w+) (\S+) .*Request received", line)
            if asked:
                # Identifiers of Twilio's, of Vapi's, and numbers, by what they are.
                path = re.sub(r"[A-Z]{2}[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}", "{id}", asked[2].split("?")[0])
                path = re.sub(r"\+[0-9]{7,15}", "{number}", path)
                seen[f"{asked[1].upper()} {path}"] += 1
            if re.search(r"violation|VIOLATIONS|NO_PATH|NO_RESOURCE|error ", line, re.IGNORECASE) and "Request received" not in line:
                wrong.append(f"{name}: {line.strip()}")
    return seen, wrong


def main():
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("patchbay", type=Path)
    reader.add_argument("ports", type=Path)
    reader.add_argument("--specs", type=Path, required=True)
    reader.add_argument("--prism", type=Path, required=True)
    reader.add_argument("--logs", type=Path)
    asked = reader.parse_args()
    patchbay = asked.patchbay.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        place = (asked.logs or Path(scratch) / "logs").resolve()
        place.mkdir(parents=True, exist_ok=True)
        documents = Path(scratch) / "documents"
        subprocess.run([sys.executable, asked.specs / "correct.py", documents], check=True, stdout=subprocess.DEVNULL)
        prices(asked.specs, documents / DOCUMENTS["pricing"])
        simulator = Started([patchbay, "sim", "--listen", "127.0.0.1:0"], {}, place / "simulator.log")
        running = [simulator]
        try:
            behind = simulator.line("simulated at").split()[-1]
            tell(behind, "vapi", {"activationMs": 0, "unavailableAreaCodes": []})
            bases = {}
            for name, document in DOCUMENTS.items():
                found = next(documents.rglob(document))
                started, bases[name] = proxy(asked.prism.resolve(), found, behind, place / f"{name}.log")
                running.append(started)
            env = {
                **TWILIO,
                **VAPI,
                "PATCHBAY_EDGE__LISTEN": "127.0.0.1:0",
                "PATCHBAY_ADMIN__LISTEN": "127.0.0.1:0",
                "PATCHBAY_ADMIN__TOKEN": OPERATOR,
                "PATCHBAY_EDGE__PUBLIC_URL": "https://edge.example.com",
                "PATCHBAY_STORE__URL": f"sqlite:{scratch}/patchbay.db",
                "PATCHBAY_SPOOL__DIR": f"{scratch}/spool",
                "PATCHBAY_TWILIO__API_BASE": bases["twilio"],
                "PATCHBAY_TWILIO__NUMBERS_BASE": bases["numbers"],
                "PATCHBAY_TWILIO__PRICING_BASE": bases["pricing"],
                # Where documents go, no document says.
                "PATCHBAY_TWILIO__UPLOAD_BASE": behind,
                "PATCHBAY_VAPI__API_BASE": bases["vapi"],
                "PATCHBAY_SIP__DOMAIN": "example.sip.twilio.com",
                "PATCHBAY_SIP__ACL_DOMAIN": "addresses.sip.twilio.com",
                "PATCHBAY_POLICY__REQUIRE_PAYMENT": "false",
                "PATCHBAY_LOG__FORMAT": "json",
            }
            server = Started([patchbay, "serve"], env, place / "server.log")
            running.append(server)
            said = json.loads(server.line("patchbay answers calls"))
            try:
                drive(Town(f"http://{said['admin']}"), behind)
                subprocess.run([asked.ports.resolve(), bases["numbers"], behind], check=True)
            except urllib.error.HTTPError as refused:
                print(f"{refused.url} answered {refused.code}: {refused.read().decode()}", file=sys.stderr)
                raise
            finally:
                seen, wrong = judged(place)
                print(f"{sum(seen.values())} requests of {len(seen)} kinds, {len(wrong)} violations or unknown paths")
                for line in sorted(seen):
                    print(f"  {seen[line]:4} {line}")
                for line in wrong:
                    print(line, file=sys.stderr)
        finally:
            for started in reversed(running):
                started.stop()
        sys.exit(1 if wrong or not seen else 0)


if __name__ == "__main__":
    main()
