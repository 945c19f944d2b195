// When a decision by hand may end, at the edges of the day and of the clock.
import { describe, expect, it } from "vitest";
import type { Availability } from "../../api/schema";
import { ends, instantOf, proposed } from "./override-ends";

const TORONTO = "America/Toronto";

function at(now: string, availability?: Availability) {
  return Object.fromEntries(ends(Date.parse(now), TORONTO, availability, "en-US").map((end) => [end.key, end]));
}

const weekdays: Availability = {
  mode: "after-hours-only",
  afterHours: { businessHours: { schedule: { monday: { open: "09:30", close: "17:00" }, friday: null } } },
};

describe("the ends that are offered", () => {
  it("are told and counted on the clock of the business", () => {
    const { soon, day, morning, never } = at("2026-11-30T17:20:00Z");
    expect(soon).toMatchObject({ label: "2:00 PM", until: "2026-11-30T19:00:00Z" });
    expect(day).toMatchObject({ until: "2026-12-01T05:00:00Z" });
    expect(morning).toMatchObject({ label: "tomorrow 8:00 AM", until: "2026-12-01T13:00:00Z" });
    expect(never).toMatchObject({ until: null });
  });

  it("leave the hour out where the day ends before it", () => {
    expect(at("2026-12-01T03:30:00Z").soon).toBeUndefined();
    expect(at("2026-12-01T02:59:00Z").soon?.until).toBe("2026-12-01T04:00:00Z");
  });

  it("know the next opening, also after a weekend", () => {
    expect(at("2026-12-04T18:00:00Z", weekdays).morning).toMatchObject({
      label: "Monday 9:30 AM",
      until: "2026-12-07T14:30:00Z",
    });
  });

  it("mean this morning while it is night", () => {
    expect(at("2026-11-30T10:59:00Z").morning).toMatchObject({
      label: "this morning 8:00 AM",
      until: "2026-11-30T13:00:00Z",
    });
    expect(at("2026-11-30T11:00:00Z").morning?.label).toBe("tomorrow 8:00 AM");
  });

  it("hold on the day the clock changes", () => {
    expect(at("2026-03-07T18:00:00Z").morning?.until).toBe("2026-03-08T12:00:00Z");
    expect(at("2026-03-08T18:00:00Z").day?.until).toBe("2026-03-09T04:00:00Z");
  });
});

describe("a time somebody typed", () => {
  it("is one of the tenant's clock", () => {
    expect(instantOf("2026-07-01T14:00", TORONTO)).toBe("2026-07-01T18:00:00Z");
    expect(instantOf("", TORONTO)).toBeUndefined();
  });

  it("is proposed as a full hour", () => {
    expect(proposed(Date.parse("2026-11-30T17:20:00Z"), TORONTO)).toBe("2026-11-30T15:00");
  });
});
