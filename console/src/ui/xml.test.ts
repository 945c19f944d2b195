// TwiML is read as people read it, and says what it does.
import { expect, test } from "vitest";
import { gist, laidOut, pretty } from "./xml";

const STAFF =
  '<?xml version="1.0" encoding="UTF-8"?><Response><Say>One &amp; two</Say><Dial timeout="20" action="https://edge.example.com/api/twilio/next?t=ten_1&amp;w=forward"><Number>+16475550170</Number></Dial></Response>';

test("each element stands on a line of its own, below what it is in", () => {
  expect(pretty(STAFF)).toBe(
    [
      "<Response>",
      "  <Say>One &amp; two</Say>",
      "  <Dial",
      '      timeout="20"',
      '      action="https://edge.example.com/api/twilio/next?t=ten_1&amp;w=forward">',
      "    <Number>+16475550170</Number>",
      "  </Dial>",
      "</Response>",
    ].join("\n"),
  );
});

test("what is no XML is shown as it is", () => {
  for (const text of ["<Response>", "</Response>", "<Response", "a < b"]) {
    expect(laidOut(text)).toEqual([[{ kind: "text", text }]]);
  }
});

test.each([
  [STAFF, "Says “One & two”, then rings +1\u00a0647\u00a0555\u00a00170 for 20 s"],
  ['<Response><Record maxLength="300"/><Hangup/></Response>', "Records up to 5 min, then hangs up"],
  ["<Response><Dial><Sip>sip:desk@sip.vapi.ai?x-tenant=1</Sip></Dial></Response>", "Rings sip:desk@sip.vapi.ai"],
  ['<Response><Reject reason="busy"/></Response>', "Gives a busy signal"],
  ["<Response/>", undefined],
])("%s is told in a sentence", (xml, told) => {
  expect(gist(xml)).toBe(told);
});
