// The arithmetic of the week: reading and writing hours, drawing, moving, stretching, over midnight and Sunday.
import { describe, expect, test } from "vitest";
import { timeOf, typedTime } from "./days";
import {
  added,
  beginningAt,
  blocksOf,
  copied,
  drawn,
  endingAt,
  type Interval,
  intervalText,
  movedTo,
  nudged,
  readWeek,
  roomOn,
  writeWeek,
} from "./week";
import { daysWords, weekWords } from "./words";

const at = (day: number, from: number, to: number): Interval => ({ day, from, to, given: {} });
const bare = ({ day, from, to }: Interval) => [day, from, to];
const H = 60;

describe("times", () => {
  test("as people type them", () => {
    const typed: [string, string | undefined][] = [
      ["9", "09:00"],
      ["9:30", "09:30"],
      ["930", "09:30"],
      ["0930", "09:30"],
      ["17.15", "17:15"],
      ["9 am", "09:00"],
      ["12am", "00:00"],
      ["5:30 p.m.", "17:30"],
      ["24", "24:00"],
      ["24:00", "24:00"],
      ["24:01", undefined],
      ["25", undefined],
      ["13 pm", undefined],
      ["9:60", undefined],
      ["", undefined],
      ["noon", undefined],
    ];
    for (const [text, time] of typed) expect(typedTime(text), text).toBe(time);
  });

  test("midnight ends a day, and later is the next", () => {
    expect([0, 545, 1440, 1800].map(timeOf)).toEqual(["00:00", "09:05", "24:00", "06:00"]);
  });
});

describe("forms", () => {
  const schedule = {
    monday: { open: "09:00", close: "17:00", note: "kept" },
    tuesday: [
      { open: "13:00", close: "17:00" },
      { open: "09:00", close: "12:00" },
    ],
    saturday: null,
    sunday: { open: "22:00", close: "06:00" },
    someday: 1,
  };

  test("every form of a day is read", () => {
    expect(readWeek(schedule).map(bare)).toEqual([
      [0, 540, 1020],
      [1, 540, 720],
      [1, 780, 1020],
      [6, 1320, 1800],
    ]);
    expect(readWeek(undefined)).toEqual([]);
  });

  test("what is not changed is written as it was", () => {
    expect(writeWeek(schedule, readWeek(schedule))).toEqual(schedule);
  });

  test("a changed day keeps what else its hours hold", () => {
    const week = readWeek(schedule).map((one) => (one.day === 0 ? endingAt(one, 18 * H) : one));
    expect(writeWeek(schedule, week).monday).toEqual({ open: "09:00", close: "18:00", note: "kept" });
  });

  test("a day without hours is null, two are a list, an end at midnight is 24:00", () => {
    const week = [at(2, 9 * H, 12 * H), at(2, 20 * H, 24 * H)];
    const written = writeWeek(schedule, week);
    expect(written.monday).toBeNull();
    expect(written.saturday).toBeNull();
    expect(written.wednesday).toEqual([
      { open: "09:00", close: "12:00" },
      { open: "20:00", close: "24:00" },
    ]);
    expect(written.someday).toBe(1);
  });
});

describe("drawing", () => {
  const draw = (a: [number, number], b: [number, number]) =>
    bare(drawn({ day: a[0], minute: a[1] }, { day: b[0], minute: b[1] }));

  test("down, up, and at least a step", () => {
    expect(draw([0, 541], [0, 1018])).toEqual([0, 540, 1020]);
    expect(draw([0, 1018], [0, 541])).toEqual([0, 540, 1020]);
    expect(draw([0, 600], [0, 601])).toEqual([0, 600, 615]);
    expect(draw([0, 1439], [0, 1440])).toEqual([0, 1425, 1440]);
  });

  test("into the next day runs over midnight, Sunday into Monday", () => {
    expect(draw([0, 22 * H], [1, 6 * H])).toEqual([0, 1320, 1800]);
    expect(draw([6, 22 * H], [0, 6 * H])).toEqual([6, 1320, 1800]);
  });

  test("further than a day is not reached", () => {
    expect(draw([0, 9 * H], [1, 12 * H])).toEqual([0, 540, 540 + 1440 - 15]);
    expect(draw([0, 9 * H], [3, 12 * H])).toEqual([0, 540, 1440]);
    expect(draw([1, 9 * H], [0, 12 * H])).toEqual([1, 0, 540]);
    expect(draw([0, 0], [1, 5])).toEqual([0, 0, 1440]);
  });

  test("a new one swallows what it touches on its day", () => {
    const week = [at(0, 540, 720), at(0, 780, 1020), at(1, 540, 720)];
    const { week: now, at: which } = added(week, at(0, 700, 790));
    expect(now.map(bare)).toEqual([
      [0, 540, 1020],
      [1, 540, 720],
    ]);
    expect(which).toBe(0);
  });
});

describe("changing", () => {
  test("moving keeps the length and stays in the day", () => {
    expect(bare(movedTo(at(0, 540, 1020), 2, 1300))).toEqual([2, 960, 1440]);
    expect(bare(movedTo(at(0, 540, 1020), 0, -30))).toEqual([0, 0, 480]);
    expect(bare(movedTo(at(0, 1320, 1800), 7, 1439))).toEqual([0, 1425, 1905]);
  });

  test("ends never meet", () => {
    expect(bare(endingAt(at(0, 540, 1020), 0))).toEqual([0, 540, 555]);
    expect(bare(endingAt(at(0, 540, 1020), 9999))).toEqual([0, 540, 1965]);
    expect(bare(endingAt(at(0, 0, 1020), 9999))).toEqual([0, 0, 1440]);
    expect(bare(beginningAt(at(0, 540, 1020), 9999))).toEqual([0, 1005, 1020]);
    expect(bare(beginningAt(at(0, 1320, 1800), 0))).toEqual([0, 375, 1800]);
    expect(bare(beginningAt(at(0, 1320, 1440), -5))).toEqual([0, 0, 1440]);
  });

  test("keys go to the next quarter", () => {
    expect(bare(nudged(at(0, 545, 1020), "all", 15))).toEqual([0, 555, 1030]);
    expect(bare(nudged(at(0, 545, 1020), "all", -15))).toEqual([0, 540, 1015]);
    expect(bare(nudged(at(0, 540, 1440), "end", 15))).toEqual([0, 540, 1455]);
    expect(bare(nudged(at(0, 540, 1020), "start", 60))).toEqual([0, 600, 1020]);
  });

  test("copying replaces the other days", () => {
    const week = [at(0, 540, 1020), at(1, 60, 120), at(5, 60, 120)];
    expect(copied(week, 0, [0, 1, 2]).map(bare)).toEqual([
      [0, 540, 1020],
      [1, 540, 1020],
      [2, 540, 1020],
      [5, 60, 120],
    ]);
  });

  test("room for one more", () => {
    expect(bare(roomOn([], 0))).toEqual([0, 540, 1020]);
    expect(bare(roomOn([at(0, 540, 720)], 0))).toEqual([0, 780, 960]);
  });
});

describe("seeing", () => {
  test("over midnight it is seen on two days, Sunday and Monday too", () => {
    const blocks = blocksOf([at(6, 1320, 1800), at(0, 540, 1440)]);
    expect(blocks.map(({ day, from, to, part }) => [day, from, to, part])).toEqual([
      [6, 1320, 1440, "head"],
      [0, 0, 360, "tail"],
      [0, 540, 1440, "whole"],
    ]);
  });

  test("in words", () => {
    expect(intervalText(at(6, 1320, 1800))).toBe("Sunday 22:00 to 06:00 on Monday");
    expect(weekWords([0, 1, 2, 3, 4].map((day) => at(day, 540, 1020)))).toBe("Mon–Fri 9:00–17:00");
    expect(weekWords([at(0, 540, 720), at(0, 780, 1020), at(5, 0, 1440)])).toBe(
      "Mon 9:00–12:00, 13:00–17:00; Sat all day",
    );
    expect(daysWords([0, 1, 2, 3, 4, 5, 6])).toBe("every day");
    expect(daysWords([0, 1, 3, 4, 5])).toBe("Mon, Tue, Thu–Sat");
  });
});
