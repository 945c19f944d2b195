// What happened in a call, in words for people.
import { expect, test } from "vitest";
import { afterText, callbackOf, eventText, tookText } from "./words";

test.each([
  ["ai-leg", "busy", "The AI was busy", "/api/twilio/next"],
  ["forward-leg", "no-answer", "Staff did not answer", "/api/twilio/next"],
  ["refer", "accepted", "The AI transferred the call", "/api/twilio/refer"],
  ["refer-leg", "completed", "Whom the AI transferred to talked with the caller", "/api/twilio/next"],
  ["screened", "refused", "Whoever picked up declined", "/api/twilio/next"],
  ["fallback", "11200", "Twilio had trouble with an answer: error 11200", "/api/twilio/fallback"],
  ["ai-status", "ended", "Vapi told of the call: ended", "/api/vapi/webhook"],
  ["news", null, "news", undefined],
])("%s, %s: %s", (what, outcome, text, callback) => {
  expect(eventText(what, outcome)).toBe(text);
  expect(callbackOf(what)).toBe(callback);
});

test.each([
  [999, "999 µs"],
  [1000, "1.0 ms"],
  [1_500_000, "1.50 s"],
])("%d µs took %s", (us, text) => expect(tookText(us)).toBe(text));

test.each([
  [40, "+0 s"],
  [400, "+0.4 s"],
  [12_400, "+12 s"],
  [59_600, "+1 min 0 s"],
  [123_000, "+2 min 3 s"],
  [-5, "+0 s"],
])("%d ms after the beginning: %s", (ms, text) => {
  const from = "2026-11-30T05:00:00Z";
  expect(afterText(from, new Date(Date.parse(from) + ms).toISOString())).toBe(text);
});
