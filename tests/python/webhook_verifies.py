"""The library of Standard Webhooks verifies what patchbay signs, and refuses it once anything was changed.

    python tests/python/webhook_verifies.py PATH_TO_THE_WEBHOOK_SIGNATURE_EXAMPLE [HOW_MANY] [SEED]

Each random message is signed by patchbay with one secret, or with two as after a rotation, and shown to the library
under each of them, under a foreign secret, and spoiled in one place.
"""

import base64
import json
import random
import subprocess
import sys
import time

from standardwebhooks import Webhook, WebhookVerificationError

BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
LETTERS = ["abcXYZ0189", " .,+&=%?#/:;@'\"<>\\~*", "éßñÅ", "日本語☎", "📞🎉", "\t\r\n"]
TYPES = ["call.ended", "voicemail.created", "ai.breaker", "webhook.test"]


def text(rng, longest):
    return "".join(rng.choice(rng.choice(LETTERS)) for _ in range(rng.randrange(longest + 1)))


def secret(rng):
    return "whsec_" + base64.b64encode(rng.randbytes(rng.randrange(24, 65))).decode()


def message(rng):
    data = {text(rng, 8) or "a": text(rng, 60) for _ in range(rng.randrange(6))}
    body = {"type": rng.choice(TYPES), "timestamp": "2026-11-20T10:00:00Z", "data": data}
    return {
        "secrets": [secret(rng) for _ in range(rng.choice([1, 1, 2]))],
        "id": "msg_" + "".join(rng.choice(BASE32) for _ in range(26)),
        "timestamp": int(time.time()) + rng.randrange(-60, 61),
        "body": json.dumps(body, ensure_ascii=rng.random() < 0.5, separators=(",", ":")),
    }


def verifies(secret, body, headers):
    try:
        return Webhook(secret).verify(body.encode(), headers) == json.loads(body)
    except WebhookVerificationError:
        return False


def spoiled(rng, body, headers):
    headers = dict(headers)
    what = rng.choice(["body", "webhook-id", "webhook-timestamp", "webhook-signature"])
    if what == "body":
        body = body.replace('"data"', '"dato"', 1)
    elif what == "webhook-timestamp":
        headers[what] = str(int(headers[what]) + 1)
    elif what == "webhook-id":
        headers[what] = headers[what][:-1] + ("0" if headers[what][-1] != "0" else "1")
    else:
        signatures = []
        for each in headers[what].split(" "):
            digest = bytearray(base64.b64decode(each.removeprefix("v1,")))
            digest[rng.randrange(len(digest))] ^= 1 << rng.randrange(8)
            signatures.append("v1," + base64.b64encode(digest).decode())
        headers[what] = " ".join(signatures)
    return body, headers


def main():
    example, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20260101
    rng = random.Random(seed)
    messages = [message(rng) for _ in range(count)]
    lines = "".join(json.dumps(one) + "\n" for one in messages)
    run = subprocess.run([example], input=lines, capture_output=True, text=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == len(messages), (len(answers), len(messages))

    verified = refused = 0
    for one, answer in zip(messages, answers):
        headers = {
            "webhook-id": one["id"],
            "webhook-timestamp": str(one["timestamp"]),
            "webhook-signature": answer["signature"],
        }
        assert len(answer["signature"].split(" ")) == len(one["secrets"]), answer
        for own in one["secrets"]:
            assert verifies(own, one["body"], headers), f"the library refuses ours: {one} {answer}"
            assert not verifies(own, *spoiled(rng, one["body"], headers)), f"the library takes it spoiled: {one}"
            verified, refused = verified + 1, refused + 1
        assert not verifies(secret(rng), one["body"], headers), f"a foreign secret verifies: {one}"
        refused += 1
    print(f"seed {seed}: {len(messages)} messages of patchbay; the library verified {verified} signatures, "
          f"and refused {refused} that were spoiled or foreign")


if __name__ == "__main__":
    main()
