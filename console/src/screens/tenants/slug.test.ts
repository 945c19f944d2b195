// The slug that is proposed for a name.
import { expect, it } from "vitest";
import { slugOf } from "./slug";

it.each([
  ["Smile Dental", "smile-dental"],
  ["  Café Zürich & Söhne ", "cafe-zurich-sohne"],
  ["Bob’s Garage", "bobs-garage"],
  ["Clinic 123", "the-clinic-123"],
  ["Clinic", "clinic"],
  ["5550100100", "t-5550100100"],
  ["!!!", ""],
  [`${"a".repeat(62)} bc`, "a".repeat(62)],
])("of %j is %j", (name, slug) => {
  expect(slugOf(name)).toBe(slug);
});
