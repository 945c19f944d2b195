// The filters of the list, as the server takes them.
import { expect, test } from "vitest";
import { commandOf, pathOf, queryOf } from "./asked";

const asked = (search: string, tenant?: string) => queryOf(new URLSearchParams(search), "America/Toronto", tenant);

test("an address narrows the list as it says", () => {
  expect(asked("q=0132&who=people&state=live&reason=after-hours&first=2026-11-01&last=2026-11-01")).toEqual({
    q: "0132",
    available: false,
    live: true,
    reason: "after-hours",
    since: "2026-11-01T00:00:00-04:00",
    until: "2026-11-02T00:00:00-05:00",
  });
  expect(asked("state=no-answer&who=ai")).toEqual({ status: "no-answer", available: true });
  expect(asked("state=gone&first=soon&arrival=boat")).toEqual({});
});

test("a tenant's list stays that tenant's", () => {
  expect(asked("tenant=ten_other", "ten_own")).toEqual({ tenantId: "ten_own" });
});

test("the same as a request, and as a command where there is one", () => {
  expect(pathOf(asked("q=%2B1416"))).toBe("/api/calls?q=%2B1416");
  expect(commandOf(asked("q=0132", "ten_own"), "smile-dental")).toBe(
    "patchbay calls list --tenant smile-dental --search 0132",
  );
  expect(commandOf(asked("state=live"), undefined)).toBeUndefined();
});
