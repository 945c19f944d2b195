// What a job says is read without the marks of a log.
import { expect, test } from "vitest";
import { isOver, plain, stepName } from "./job-words";

test("pictures and strategy marks are taken off, digits and letters stay", () => {
  expect(plain("✅ +12055550101 is ready")).toBe("+12055550101 is ready");
  expect(plain("STRATEGY 3: Using GLOBAL Twilio fallback...")).toBe("Using GLOBAL Twilio fallback...");
  expect(plain("⚠️ Could not create FREE Vapi number: limit reached")).toBe(
    "Could not create FREE Vapi number: limit reached",
  );
  expect(plain("10/10 used, #2")).toBe("10/10 used, #2");
});

test("an unknown step keeps the name it has", () => {
  expect(stepName("wireNumber")).toBe("Make the number lead here");
  expect(stepName("somethingNew")).toBe("somethingNew");
});

test("a job that waits goes on by itself, one that needs somebody does not", () => {
  expect(isOver("waiting")).toBe(false);
  expect(isOver("manual")).toBe(true);
});
