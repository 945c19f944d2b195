"""Searches all output of the suite for the secrets and phone numbers that its tests plant.

    python tests/python/nothing_planted.py FILE_OR_DIRECTORY...

The secrets are read from the tests themselves, so that none is forgotten here. A number may show no more than its first
and last four digits. Where a number is the point is named below, with the reason.
"""

import base64
import re
import sys
from pathlib import Path
from urllib.parse import quote

TESTS = Path(__file__).resolve().parent.parent / "it"
NUMBER = re.compile(r"(?:\+|%2[Bb])1[2-9]\d{2}55501\d{2}(?!\d)")
SECRET = re.compile(r'"(an-invented-[a-z-]+|a-password-of-twenty-and-more|not-a-real-(?:token|key)|planted-[a-z-]+)"')

# Lines in which a number is the point.
NUMBERS_MAY_SHOW = [
    (re.compile(r"patchbay call |^\+\d+ calls |^ {2,}|^One call to|^\s*\(also --to"), "the demo shows a call to whoever placed it"),
    (re.compile(r"^test .* \.\.\. "), "the name of a test"),
]


def planted():
    found = set()
    for file in TESTS.glob("*.rs"):
        found.update(SECRET.findall(file.read_text()))
    if len(found) < 4:
        sys.exit("the tests plant hardly anything: are the secrets spelled in some other way now?")
    return sorted(found)


def forms(secret):
    yield secret
    yield secret.encode().hex()
    if quote(secret, safe="") != secret:
        yield quote(secret, safe="")
    for before in range(3):
        # The letters at either end depend on what stands beside them.
        spelled = base64.b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")
        yield spelled[[0, 2, 3][before] : -2]


def files(places):
    for place in map(Path, places):
        yield from sorted(place.rglob("*.log")) if place.is_dir() else [place]


def main(places):
    wanted = [(form, secret) for secret in planted() for form in forms(secret)]
    found, read = [], 0
    for file in files(places):
        text = file.read_text(errors="replace")
        read += len(text)
        for number, line in enumerate(text.splitlines(), 1):
            shown = [secret for form, secret in wanted if form in line]
            if NUMBER.search(line) and not any(may.search(line) for may, _ in NUMBERS_MAY_SHOW):
                shown.append("a phone number")
            found += [f"{file.name}:{number}: {what}: {line[:300]}" for what in shown]
    print(f"{read} characters searched for {len(wanted)} forms of secrets and for phone numbers: {len(found)} found")
    print("\n".join(found[:50]))
    # Nothing searched is nothing shown.
    sys.exit(1 if found or read < 1000 else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
