// Each way two URLs can part is told in words; what does not matter is no fault.
import { expect, test } from "vitest";
import { compare, nearest, type Piece } from "./compare";

const BASE = "https://calls.example.com";
const VOICE = `${BASE}/api/twilio/voice`;

const parts = (raw: string, base = BASE) => compare(raw, base).findings.map(({ part }) => part);
const first = (raw: string, base = BASE) => compare(raw, base).findings[0]?.what ?? "";

test("what fits is found to fit", () => {
  for (const path of ["voice", "sip", "voicemail/done", "status"])
    expect(parts(`${BASE}/api/twilio/${path}`)).toEqual([]);
  expect(parts(VOICE, `${BASE}/`)).toEqual([]);
  expect(parts("https://calls.example.com/edge/api/twilio/voice", `${BASE}/edge`)).toEqual([]);
});

test.each([
  ["http://calls.example.com/api/twilio/voice", "scheme", "by http,"],
  ["https://www.calls.example.com/api/twilio/voice", "host", "www."],
  ["https://Calls.example.com/api/twilio/voice", "host", "lower case"],
  ["https://calls.example.com./api/twilio/voice", "host", "dot"],
  ["https://other.example.net/api/twilio/voice", "host", "other.example.net"],
  ["https://me:secret@calls.example.com/api/twilio/voice", "user", "password"],
  ["https://calls.example.com:8443/api/twilio/voice", "port", "8443"],
  [`${VOICE}/`, "path", "slash at the end"],
  ["https://calls.example.com//api/twilio/voice", "path", "two slashes"],
  ["https://calls.example.com/api/Twilio/voice", "path", "lower case"],
  ["https://calls.example.com/api/twilio/vocie", "path", "nearest"],
  ["https://calls.example.com/v1/api/twilio/voice", "path", "begins with /v1"],
  ["https://calls.example.com", "path", "no path"],
  [` ${VOICE}`, "blank", "blank"],
  ["calls.example.com/api/twilio/voice", "whole", "no whole URL"],
])("%s differs in its %s", (raw, part, word) => {
  expect(parts(raw)).toEqual([part]);
  expect(first(raw)).toContain(word);
});

test("a path in front of ours is missed", () => {
  expect(first(VOICE, `${BASE}/edge`)).toContain("/edge");
});

test("the usual port, a query and a fragment are no fault", () => {
  for (const raw of ["https://calls.example.com:443/api/twilio/voice", `${VOICE}?x=1`, `${VOICE}#rc=3`]) {
    expect(parts(raw)).toEqual([]);
    expect(compare(raw, BASE).harmless).toHaveLength(1);
  }
  expect(parts(VOICE, "https://calls.example.com:8443")).toEqual([]);
});

test("several differences are all told", () => {
  expect(parts("http://example.com:81/api/twilio/voice/")).toEqual(["scheme", "host", "port", "path"]);
});

test("a slash at the end and a slip in the path are two things", () => {
  expect(parts(`${BASE}/api/twilio/vocie/`)).toEqual(["path", "path"]);
});

test("the pieces put together again are the two texts", () => {
  const text = (pieces: Piece[]) => pieces.map((piece) => piece.text).join("");
  const { called, expected } = compare(`${VOICE}/`, BASE);
  expect([text(called), text(expected)]).toEqual([`${VOICE}/`, VOICE]);
  expect(called.at(-1)).toEqual({ text: "/", same: false });
});

test("it is compared with the public URL that is nearest", () => {
  expect(nearest("https://old.example.com/api/twilio/voice", [BASE, "https://old.example.com"])).toBe(
    "https://old.example.com",
  );
  expect(nearest(VOICE, [])).toBeUndefined();
});
