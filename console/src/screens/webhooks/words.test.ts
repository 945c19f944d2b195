// What an endpoint's owner reads of it follows from what the API says.
import { expect, test } from "vitest";
import { response, standing, whatToDo } from "./words";

test("an endpoint that was switched off by itself says why", () => {
  expect(standing({ enabled: true, disabledReason: null }).text).toBe("On");
  expect(standing({ enabled: false, disabledReason: "gone" }).why).toContain("410");
  expect(standing({ enabled: false, disabledReason: null }).why).toContain("Somebody");
});

test.each([
  [null, null, 0, "not sent yet"],
  [null, null, 1, "no answer"],
  [200, null, 1, "the receiver answered 200"],
  [500, "the receiver answered 500", 1, "the receiver answered 500"],
  [null, "no answer within 15 s", 1, "no answer within 15 s"],
] as const)("status %s, error %s, %s attempts: %s", (lastStatus, lastError, attempts, words) => {
  expect(response({ lastStatus, lastError, attempts })).toBe(words);
});

test.each([
  [200, null, undefined],
  [401, "the receiver answered 401", "rotate"],
  [404, "the receiver answered 404", "address"],
  [503, "the receiver answered 503", "mend"],
  [301, "the receiver answered 301; redirects are not followed", "leads to"],
  [null, "the URL leads to no public address", "allow_networks"],
  [null, "no answer within 15 s", "whether it is up"],
] as const)("status %s, error %s: what to do speaks of %s", (lastStatus, lastError, word) => {
  const told = whatToDo({ lastStatus, lastError });
  if (word === undefined) expect(told).toBeUndefined();
  else expect(told).toContain(word);
});
