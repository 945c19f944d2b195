"""The official Twilio library and patchbay judge each other's signatures.

    python tests/python/twilio_signs.py PATH_TO_THE_SIGNATURE_EXAMPLE [HOW_MANY] [SEED]

Each random request is signed by the library over one of the URLs Twilio may sign and shown to patchbay under one of
the URLs it may arrive as; then, once more, spoiled in one place. patchbay must say of each what the library says, and
the library must accept what patchbay signs.
"""

import base64
import hashlib
import json
import random
import subprocess
import sys
from urllib.parse import quote, urlencode

from twilio.request_validator import RequestValidator

ALPHABETS = [
    "abcXYZ0189",
    " +&=%?#/:;@'\"<>\\~*",
    "éßñÅ",
    "日本語☎",
    "📞🎉",
    "\0\t\r\n",
]
NAMES = "To From CallSid CallStatus Digits Direction SipHeader_X-Foo Called Caller call callsid A a".split()


class Parameters:
    """Parameters that may repeat, in the shape the library reads."""

    def __init__(self, pairs):
        self.pairs = pairs

    def __iter__(self):
        return iter([name for name, _ in self.pairs])

    def __len__(self):
        return len(self.pairs)

    def getlist(self, wanted):
        return [value for name, value in self.pairs if name == wanted]


def text(rng, longest):
    return "".join(rng.choice(rng.choice(ALPHABETS)) for _ in range(rng.randrange(longest + 1)))


def pairs(rng):
    made = []
    for _ in range(rng.choice([0, 1, 5, 29, 60])):
        name = rng.choice(NAMES) if rng.random() < 0.8 else text(rng, 12)
        made.append((name, text(rng, 24)))
        if rng.random() < 0.2:
            made.append(rng.choice(made))
    return made


def place(rng):
    """A URL as Twilio may have signed it, and as it may look to us."""
    scheme, default = rng.choice([("https", 443), ("http", 80)])
    host = rng.choice(["edge.example", "a.b.example", "192.0.2.7", "localhost"])
    port = rng.choice([default, 8443, 1234])
    bare, full = f"{scheme}://{host}", f"{scheme}://{host}:{port}"
    signed, seen = rng.choice([(bare, bare), (bare, full), (full, full)] + [(full, bare)] * (port == default))
    path = "/" + "/".join(quote(text(rng, 8), safe="'~") for _ in range(rng.randrange(4)))
    if rng.random() < 0.6:
        query = "&".join(f"{quote(text(rng, 8))}={quote(text(rng, 12))}" for _ in range(rng.randrange(1, 5)))
        path += "?" + query
    return signed + path, seen + path


def spoiled(rng, request, parameters):
    """The same request with one thing changed; parameters change with the form."""
    request = dict(request)
    what = rng.choice(["token", "url", "signature", "form" if request.get("form") is not None else "url"])
    if what == "form":
        parameters = parameters + [("Extra", text(rng, 5))]
        request["form"] = urlencode(parameters)
    elif what == "url":
        request["url"] += "x"
    elif what == "token":
        request["token"] += "x"
    else:
        digest = bytearray(base64.b64decode(request["signature"]))
        digest[rng.randrange(len(digest))] ^= 1 << rng.randrange(8)
        request["signature"] = base64.b64encode(digest).decode()
    return request, parameters


def make(rng):
    """Requests with what the library says of each: (request, parameters or body for the library, verdict)."""
    token = text(rng, 32) or "12345"
    validator = RequestValidator(token)
    signed, seen = place(rng)
    kind = rng.choice(["post", "post", "post", "get", "json"])
    made = pairs(rng) if kind == "post" else []
    request = {"token": token, "url": seen}
    if kind == "post":
        request["form"] = urlencode(made)
    if kind == "json":
        body = json.dumps({"text": text(rng, 30)}, ensure_ascii=False)
        digest = hashlib.sha256(body.encode()).hexdigest()
        joint = "&" if "?" in seen else "?"
        request["url"] += f"{joint}bodySHA256={digest}"
        signed += f"{joint}bodySHA256={digest}"
        # A body that was changed on the way must not pass.
        request["body"] = body if rng.random() < 0.8 else body + " "
    request["signature"] = validator.compute_signature(signed, Parameters(made))
    for candidate, parameters in [(request, made), spoiled(rng, request, made)]:
        judged = candidate.get("body", Parameters(parameters))
        verdict = RequestValidator(candidate["token"]).validate(candidate["url"], judged, candidate["signature"])
        yield candidate, judged, verdict


def main():
    example, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20260101
    rng = random.Random(seed)
    rows = [row for _ in range(count) for row in make(rng)]
    lines = "".join(json.dumps(request) + "\n" for request, _, _ in rows)
    run = subprocess.run([example], input=lines, capture_output=True, text=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == len(rows), (len(answers), len(rows))

    accepted = refused = back = 0
    for (request, judged, verdict), answer in zip(rows, answers):
        assert answer["valid"] == verdict, f"the library says {verdict}, patchbay {answer['valid']}: {request}"
        accepted, refused = accepted + verdict, refused + (not verdict)
        # A body whose digest is not the one in the URL is refused whoever signs.
        if "body" in request and not request["url"].endswith(hashlib.sha256(request["body"].encode()).hexdigest()):
            continue
        validator = RequestValidator(request["token"])
        assert validator.validate(request["url"], judged, answer["signature"]), f"the library refuses ours: {request}"
        back += 1
    assert accepted > count // 2 and refused > count // 2, (accepted, refused)
    print(f"seed {seed}: {len(rows)} requests judged alike ({accepted} accepted, {refused} refused); "
          f"{back} signatures of patchbay accepted by the library")


if __name__ == "__main__":
    main()
