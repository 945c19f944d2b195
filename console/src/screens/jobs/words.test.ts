// What a job says to people follows from its state and its own words.
import { expect, test } from "vitest";
import { mayRetry, waitsFor, whatIsLeft } from "./words";

test("only what has ended without success may be begun again", () => {
  const may = (["queued", "running", "waiting", "succeeded", "failed", "manual", "cancelled"] as const).filter(
    (state) => mayRetry({ state }),
  );
  expect(may).toEqual(["failed", "manual", "cancelled"]);
});

test("a job waits for its last step that waits", () => {
  const step = (name: string, state: "done" | "waiting") => ({ name, state, attempts: 1, detail: "Twilio is away" });
  const steps = [step("pool", "done"), step("purchaseTwilioNumber", "waiting")];
  expect(waitsFor({ state: "waiting", steps })).toBe("Buy the number at Twilio: Twilio is away");
  expect(waitsFor({ state: "running", steps })).toBeUndefined();
});

test("whoever must help is told what with, and to retry", () => {
  for (const detail of ["Manual assignment required", "set edge.public_url, restart", "anything else"]) {
    expect(whatIsLeft({ kind: "number", detail }).at(-1)).toContain("retry");
  }
});
