// Which number is called first, and what is looked at first where nothing arrives.
import { expect, test } from "vitest";
import type { PhoneIntegration } from "../../api/schema";
import { callable, causes } from "./call-words";

const sip: PhoneIntegration = {
  method: "sip",
  clinicNumber: "+13125550188",
  twilioSipNumber: "+12055550101",
  setupCompletedAt: "2026-11-30T05:25:53Z",
};

test("the number callers know comes first once it is set up, and none twice", () => {
  expect(callable(sip, ["+12055550101"]).map(({ number }) => number)).toEqual(["+13125550188", "+12055550101"]);
  expect(callable({ method: "sip", clinicNumber: "+13125550188" }, []).length).toBe(0);
  expect(callable(null, ["+12055550101"]).map(({ number }) => number)).toEqual(["+12055550101"]);
});

test("what is not set up is the first cause", () => {
  expect(causes("forwarded", { method: "forwarded", clinicNumber: "+13125550188" })[0]).toContain("deploy");
  expect(causes("sip", sip)[0]).toContain("phone system");
});
