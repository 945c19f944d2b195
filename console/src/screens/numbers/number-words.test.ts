// Numbers are read as people write them, and priced by what is known.
import { expect, test } from "vitest";
import type { Number as Num, TenantCosts } from "../../api/schema";
import { accountWord, dialled, isNumber, priceOf, stateMeaning } from "./number-words";

const bought: Num = {
  id: "num_01kafbd2x0q7h3m8w5r9t2c6ze",
  e164: "+12055550101",
  tenantId: "ten_01kafbd2x0q7h3m8w5r9t2c6ze",
  accountSid: "AC00000000000000000000000000000001",
  twilioSid: "PN1",
  vapiNumberId: "v1",
  state: "active",
  purpose: "calls",
  alreadyOverflowed: false,
  porting: "no",
};
const free: Num = { ...bought, accountSid: null, twilioSid: null };

test("what people type becomes what is dialled", () => {
  expect(dialled("(647) 555-0123")).toBe("+16475550123");
  expect(dialled("1 647 555 0123")).toBe("+16475550123");
  expect(dialled("+44 20 7946 0123")).toBe("+442079460123");
  expect(isNumber(dialled("647 555"))).toBe(false);
  expect(isNumber("+1647555012")).toBe(true);
});

test("a number of Vapi's own is free, one that is known there too is not", () => {
  expect(priceOf(free, undefined)?.text).toBe("Free");
  expect(accountWord(free)).toBe("Vapi");
  expect(priceOf(bought, undefined)).toBeUndefined();
  expect(accountWord(bought)).toBe("Twilio …0001");
});

test("where a tenant pays two prices, both are said", () => {
  const group = (text: string) => ({ each: { price: { text }, authority: "twilio", source: "Twilio" } });
  const costs = { numbers: [group("$1.15"), group("$2.15")] } as unknown as TenantCosts;
  expect(priceOf(bought, costs)).toMatchObject({ text: "$1.15 or $2.15", sure: true });
});

test("a ported number rests until a person leads it elsewhere", () => {
  expect(stateMeaning({ ...bought, state: "resting", porting: "arrived" })).toContain("only a person");
  expect(stateMeaning({ ...bought, state: "resting" })).toContain("by itself");
});
