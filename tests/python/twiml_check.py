#!/usr/bin/env python3
"""Checks TwiML documents with expat, a strict parser of another make than ours.

Usage: twiml_check.py DIRECTORY

Every *.xml in DIRECTORY must be well-formed, smaller than Twilio's limit and made of what the table beside the tests
allows: elements, their places, their attributes and values. Prints what is wrong; exit code 1 if anything is.
"""

import json
import pathlib
import re
import sys
import xml.parsers.expat

TABLE = pathlib.Path(__file__).resolve().parent.parent / "data" / "twiml_table.json"

# Fewer documents than this means that the enumeration broke, not that the planner got simpler.
DOCUMENTS_MIN = 200

KINDS = {
    "url": re.compile(r"https://[^\s<>\"]+#[a-z]+=[^\s<>\"]+"),
    "number": re.compile(r"\+[0-9]{7,15}"),
    "name": re.compile(r"[A-Za-z0-9._-]+"),
    "text": re.compile(r".+", re.DOTALL),
}


class Document:
    """One document as expat reads it, with every fault found on the way."""

    def __init__(self, elements):
        self.elements = elements
        self.open = []
        self.verbs = []
        self.faults = []

    def start(self, name, attributes):
        parent = self.open[-1][0] if self.open else None
        known = self.elements.get(name)
        if known is None:
            self.faults.append(f"<{name}> is not in the table")
        else:
            if (parent or None) not in (known["in"] or [None]):
                self.faults.append(f"<{name}> stands in <{parent}>")
            for attribute, value in attributes.items():
                if not fits(value, known["attributes"].get(attribute)):
                    self.faults.append(f"<{name}> has {attribute}={value!r}")
        if parent == "Response":
            self.verbs.append(name)
        self.open.append((name, []))

    def text(self, text):
        self.open[-1][1].append(text)

    def end(self, name):
        _, parts = self.open.pop()
        spoken = "".join(parts).strip()
        known = self.elements.get(name)
        if known is not None and known["text"] != bool(spoken):
            self.faults.append(f"<{name}> holds the text {spoken!r}")

    def finish(self):
        for verb in self.verbs[:-1]:
            if self.elements.get(verb, {}).get("ends"):
                self.faults.append(f"what follows <{verb}> is never run")
        if "Reject" in self.verbs[1:]:
            self.faults.append("<Reject> is not the first verb")


def fits(value, kind):
    if kind is None:
        return False
    if isinstance(kind, list):
        return value in kind
    if isinstance(kind, dict):
        lowest, highest = kind["int"]
        return value.isascii() and value.isdigit() and lowest <= int(value) <= highest
    return KINDS[kind].fullmatch(value) is not None


def check(content, table):
    """What is wrong with one document."""
    document = Document(table["elements"])
    parser = xml.parsers.expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = document.start
    parser.EndElementHandler = document.end
    parser.CharacterDataHandler = document.text
    try:
        parser.Parse(content, True)
    except xml.parsers.expat.ExpatError as error:
        return [f"not well-formed: {error}"]
    document.finish()
    if len(content) >= table["limits"]["documentBytes"]:
        document.faults.append(f"{len(content)} bytes")
    return document.faults


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    if not check(b"<Response><Say>\x00</Say></Response>", table):
        print("this parser lets NUL through: it proves nothing", file=sys.stderr)
        return 1
    files = sorted(pathlib.Path(arguments[1]).glob("*.xml"))
    broken = 0
    for file in files:
        for fault in check(file.read_bytes(), table):
            print(f"{file.name}: {fault}", file=sys.stderr)
            broken += 1
    if len(files) < DOCUMENTS_MIN:
        print(f"only {len(files)} documents in {arguments[1]}: expected at least {DOCUMENTS_MIN}", file=sys.stderr)
        return 1
    print(f"{len(files)} documents read by expat, {broken} faults")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
