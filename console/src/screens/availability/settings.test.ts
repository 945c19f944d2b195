// Places in settings, what differs between two of them, and two people's changes.
import { describe, expect, test } from "vitest";
import type { Availability } from "../../api/schema";
import { become, begun, canKeepBoth, isDirty } from "./draft";
import { changesBetween, meet, pick, pointer, put, same } from "./settings";

const clinic = {
  mode: "after-hours-only",
  afterHours: { businessHours: { schedule: { monday: { open: "09:00", close: "17:00" } }, future: 1 } },
  highVolume: { threshold: 5 },
} as unknown as Availability;

const threshold = ["highVolume", "threshold"];

describe("places", () => {
  test("a change keeps all else, known or not", () => {
    const next = put(clinic, ["afterHours", "businessHours", "schedule", "friday"], null);
    expect(pick(next, ["afterHours", "businessHours", "future"])).toBe(1);
    expect(pick(next, ["afterHours", "businessHours", "schedule", "friday"])).toBeNull();
    expect(pick(clinic, ["afterHours", "businessHours", "schedule", "friday"])).toBeUndefined();
  });

  test("what is missing on the way is made, and undefined takes away", () => {
    expect(put({}, ["a", "b"], 1)).toEqual({ a: { b: 1 } });
    expect(put({ a: { b: 1, c: 2 } }, ["a", "b"], undefined)).toEqual({ a: { c: 2 } });
  });

  test("null is as good as absent", () => {
    expect(same({ a: null }, {})).toBe(true);
    expect(changesBetween({ a: { b: null } }, { a: {} })).toEqual([]);
  });

  test("a day's hours, and a list, are one place", () => {
    const after = put(clinic, ["afterHours", "businessHours", "schedule", "monday"], { open: "10:00", close: "17:00" });
    const paths = changesBetween(clinic, put(after, ["customSchedule", "rules"], [{}])).map((one) => pointer(one.path));
    expect(paths).toEqual(["/afterHours/businessHours/schedule/monday", "/customSchedule/rules"]);
  });

  test("an empty object that comes is a change", () => {
    expect(changesBetween({}, { a: {} })).toHaveLength(1);
  });

  test("a pointer escapes what would end a key", () => {
    expect(pointer(["a/b", "c~d", 0])).toBe("/a~1b/c~0d/0");
  });

  test("changes meet at a place and within it", () => {
    const at = (...path: string[]) => [{ path, before: 1, after: 2 }];
    expect(meet(at("a", "b"), at("a"))).toBe(true);
    expect(meet(at("a", "b"), at("a", "c"))).toBe(false);
  });
});

describe("drafts", () => {
  const saved = { availability: clinic, version: 3 };
  const edited = become(begun(saved), { do: "edit", settings: put(clinic, threshold, 3) });
  const other = { availability: put(clinic, ["mode"], "always" as const), version: 4 };

  test("undo goes back step by step, typing on is one step", () => {
    const first = become(begun(saved), { do: "edit", settings: put(clinic, threshold, 1), step: "t" });
    const second = become(first, { do: "edit", settings: put(clinic, threshold, 12), step: "t" });
    expect(become(second, { do: "undo" }).settings).toEqual(clinic);
  });

  test("undoing all can be undone", () => {
    const back = become(edited, { do: "undo-all" });
    expect(isDirty(back)).toBe(false);
    expect(become(back, { do: "undo" }).settings).toEqual(edited.settings);
  });

  test("what others save is taken over where nothing was changed here", () => {
    expect(become(begun(saved), { do: "arrived", saved: other }).settings.mode).toBe("always");
  });

  test("what others save stands beside what was changed here", () => {
    const both = become(edited, { do: "arrived", saved: other });
    expect(both.theirs?.version).toBe(4);
    expect(both.settings).toEqual(edited.settings);
    expect(canKeepBoth(both)).toBe(true);
    const kept = become(both, { do: "keep-both" });
    expect(kept.settings).toEqual(put(other.availability, threshold, 3));
    expect(kept.base.version).toBe(4);
    expect(become(become(both, { do: "take-theirs" }), { do: "undo" }).settings).toEqual(edited.settings);
    expect(become(both, { do: "keep-mine" })).toMatchObject({ base: other, settings: edited.settings });
  });

  test("one place changed by two cannot be kept twice", () => {
    const theirs = { availability: put(clinic, threshold, 9), version: 4 };
    expect(canKeepBoth(become(edited, { do: "arrived", saved: theirs }))).toBe(false);
  });

  test("a version that changed something else is only taken note of", () => {
    const next = become(edited, { do: "arrived", saved: { ...saved, version: 8 } });
    expect(next.theirs).toBeUndefined();
    expect(next.base.version).toBe(8);
  });

  test("one's own save that is heard of early is no quarrel", () => {
    const own = { availability: edited.settings, version: 4 };
    expect(become(edited, { do: "arrived", saved: own }).theirs).toBeUndefined();
  });

  test("what is typed while it is saved stays", () => {
    const more = become(edited, { do: "edit", settings: put(edited.settings, ["mode"], "disabled" as const) });
    const after = become(more, { do: "saved", saved: { availability: edited.settings, version: 4 } });
    expect(after.settings.mode).toBe("disabled");
    expect(isDirty(after)).toBe(true);
  });
});
