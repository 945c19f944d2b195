// The worst comes first, and a setting says where it is written.
import { expect, test } from "vitest";
import { grouped, whereToSet } from "./words";

const check = (grade: "ok" | "warning" | "fault", subject: string) => ({ grade, subject, detail: "" });

test("the group with the worst comes first, and in it the worst", () => {
  const groups = grouped([
    check("ok", "store"),
    check("warning", "edge.public_url"),
    check("ok", "vapi.api_key"),
    check("fault", "vapi.default_target"),
    check("ok", "something.new"),
  ]);
  expect(groups.map(({ name }) => name)).toEqual(["Vapi", "How calls come in", "What is kept, and where", "Other"]);
  expect(groups[0]?.checks.map(({ subject }) => subject)).toEqual(["vapi.default_target", "vapi.api_key"]);
});

test("a setting is written in the file or in the environment", () => {
  expect(whereToSet("edge.public_url")).toEqual({ file: "[edge] public_url", env: "PATCHBAY_EDGE__PUBLIC_URL" });
  expect(whereToSet("edge.tls.cert")?.env).toBe("PATCHBAY_EDGE__TLS__CERT");
  expect(whereToSet("numbers")).toBeUndefined();
});
