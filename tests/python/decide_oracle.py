"""An oracle for `patchbay decide`: random questions, answered a second time by slow and simple means.

Availability is worked out here from its definition: naive civil intervals laid on the calendar, and the clock on the
wall read by `zoneinfo` from PyPI's `tzdata`, the release that is compiled into the binary. `nextChange` is checked by
looking just before it, at it, and at the minutes on the way.

    python tests/python/decide_oracle.py target/debug/patchbay --cases 100000 --seed 1
"""

import argparse
import importlib.resources
import json
import random
import subprocess
import sys
import zoneinfo
from bisect import bisect_right
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache

# Only the rules of the tzdata package count, never the machine's.
zoneinfo.reset_tzpath(to=[])

UTC = timezone.utc
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
HORIZON = 400 * DAY
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
BATCH = 5_000


# --- What the contract says ------------------------------------------------------------------------------------------


@lru_cache(maxsize=None)
def zone(name):
    return zoneinfo.ZoneInfo(name)


@lru_cache(maxsize=4096)
def clock(text):
    """`HH:MM` as a distance from midnight."""
    hour, minute = text.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


@lru_cache(maxsize=65536)
def day(text):
    return date.fromisoformat(text)


def wall(instant, name):
    return instant.astimezone(zone(name)).replace(tzinfo=None)


def covers(begins_on, opens, closes, local):
    """Whether the interval that begins on a date covers a reading of the wall clock."""
    midnight = datetime.combine(begins_on, time())
    first, end = midnight + clock(opens), midnight + clock(closes)
    if end < first:
        end += DAY
    return first <= local < end


def as_list(hours):
    if hours is None:
        return []
    return hours if isinstance(hours, list) else [hours]


def hours_of(business, on):
    """The intervals that begin on a date."""
    exceptions = business.get("exceptions") or []
    for entry in reversed(exceptions):
        if "date" in entry and day(entry["date"]) == on:
            return as_list(entry["hours"])
    for entry in reversed(exceptions):
        if "from" in entry and day(entry["from"]) <= on <= day(entry["to"]):
            return as_list(entry["hours"])
    holidays = business.get("holidays") or []
    if on.isoformat() in holidays or on.strftime("--%m-%d") in holidays:
        return []
    return as_list(business["schedule"].get(WEEKDAYS[on.weekday()]))


def is_open(business, local):
    for begins_on in (local.date(), local.date() - DAY):
        for hours in hours_of(business, begins_on):
            if covers(begins_on, hours["open"], hours["close"], local):
                return True
    return False


def rule_matches(rules, action, local):
    for rule in rules:
        if rule["action"] != action:
            continue
        for begins_on in (local.date(), local.date() - DAY):
            sunday_zero = (begins_on.weekday() + 1) % 7
            if rule["dayOfWeek"] == sunday_zero and covers(begins_on, rule["startTime"], rule["endTime"], local):
                return True
    return False


def decide(question, at):
    """The answer the contract asks for: (available, reason)."""
    settings = question["availability"]
    forced = settings.get("override")
    if forced and (forced.get("until") is None or at < instant_of(forced["until"])):
        return (True, "override-on") if forced["state"] == "force-ai" else (False, "override-off")

    after = settings.get("afterHours") or {}
    volume = settings.get("highVolume") or {}
    custom = settings.get("customSchedule") or {}
    business = after.get("businessHours")
    tenant_zone = question.get("timezone") or "UTC"
    business_zone = (business or {}).get("timezone") or tenant_zone
    custom_zone = custom.get("timezone") or business_zone
    rules = custom.get("rules") or []
    threshold = volume.get("threshold", 5)
    crowded = question["activeCalls"] >= threshold or question.get("alreadyOverflowed", False)
    mode = settings["mode"]

    if mode == "always":
        return True, "always-on"
    if mode == "disabled":
        return False, "disabled"
    if mode == "after-hours-only":
        if business is None:
            return True, "hours-missing"
        opened = is_open(business, wall(at, business_zone))
        return (False, "business-hours") if opened else (True, "after-hours")
    if mode == "overflow-only":
        return (True, "overflow") if crowded else (False, "under-capacity")
    if mode == "scheduled":
        local = wall(at, custom_zone)
        if rule_matches(rules, "disable", local):
            return False, "scheduled-off"
        if rule_matches(rules, "enable", local):
            return True, "scheduled-on"
        some_enable = any(rule["action"] == "enable" for rule in rules)
        return (False, "scheduled-off") if some_enable else (True, "scheduled-on")

    assert mode == "combined", mode
    scheduled = custom.get("enabled", False)
    if scheduled and rule_matches(rules, "disable", wall(at, custom_zone)):
        return False, "scheduled-off"
    if after.get("enabled", False):
        if business is None:
            return True, "hours-missing"
        if not is_open(business, wall(at, business_zone)):
            return True, "after-hours"
    if scheduled and rule_matches(rules, "enable", wall(at, custom_zone)):
        return True, "scheduled-on"
    if volume.get("enabled", False) and crowded:
        return True, "overflow"
    return False, "none-matched"


@lru_cache(maxsize=4096)
def instant_of(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


# --- Random questions ------------------------------------------------------------------------------------------------


def zone_names():
    listed = importlib.resources.files("tzdata").joinpath("zones").read_text()
    return [name for name in listed.split() if name != "Factory"]


@lru_cache(maxsize=None)
def shifts(name):
    """The instants at which a zone's offset changes, as far as this oracle asks."""
    rules, step = zone(name), timedelta(days=5)
    found, low = [], datetime(1965, 1, 1, tzinfo=UTC)
    while low.year < 2062:
        high = low + step
        if low.astimezone(rules).utcoffset() != high.astimezone(rules).utcoffset():
            first, last = low, high
            while last - first > timedelta(seconds=1):
                middle = first + (last - first) // 2
                same = middle.astimezone(rules).utcoffset() == first.astimezone(rules).utcoffset()
                first, last = (middle, last) if same else (first, middle)
            found.append(last.replace(microsecond=0))
        low = high
    return found


class Asker:
    """Makes questions, most of them where answers are easily wrong."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.zones = zone_names()
        self.favourites = ["America/Toronto", "Europe/London", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"]
        self.favourites += ["America/St_Johns", "Africa/Casablanca", "Asia/Gaza", "America/Sao_Paulo", "Africa/Cairo"]
        self.favourites += ["Pacific/Kwajalein", "Antarctica/Troll", "Asia/Beirut", "America/Godthab", "Africa/Monrovia"]

    def chance(self, probability):
        return self.dice.random() < probability

    def zone(self):
        return self.dice.choice(self.favourites if self.chance(0.4) else self.zones)

    def question(self):
        main = self.zone()
        anchor = self.anchor(main)
        local = wall(anchor, main)
        settings = {"mode": self.mode()}
        if self.chance(0.9):
            settings["afterHours"] = self.after_hours(main, local)
        if self.chance(0.8):
            settings["highVolume"] = self.volume()
        if self.chance(0.85) or settings["mode"] == "scheduled":
            settings["customSchedule"] = self.custom(main, local)
        if self.chance(0.5):
            settings["fallback"] = {"type": self.dice.choice(["voicemail", "busy-signal"])}
        at = self.at(anchor, main, settings)
        if self.chance(0.12):
            settings["override"] = self.override(at)
        question = {"availability": settings, "at": self.spelled(at), "activeCalls": self.dice.randrange(0, 8)}
        if self.chance(0.7):
            question["timezone"] = main if self.chance(0.8) else self.zone()
        if self.chance(0.06):
            question["alreadyOverflowed"] = self.chance(0.7)
        return question

    def mode(self):
        modes = ["after-hours-only", "combined", "scheduled", "overflow-only", "always", "disabled"]
        return self.dice.choices(modes, [40, 34, 20, 2, 2, 2])[0]

    def anchor(self, name):
        """An instant near which something happens: a change of the clock, a midnight, anything."""
        known = shifts(name)
        if known and self.chance(0.5):
            return self.dice.choice(known)
        span = int((datetime(2062, 1, 1) - datetime(1990, 1, 1)).total_seconds())
        anything = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=self.dice.randrange(span))
        if self.chance(0.6):
            local = anything.astimezone(zone(name))
            return local.replace(hour=0, minute=0, second=0, fold=self.dice.randrange(2)).astimezone(UTC)
        return anything

    def near(self, instant):
        kind = self.dice.randrange(6)
        if kind == 0:
            return instant
        if kind == 1:
            return instant + self.dice.choice([-1, 1]) * timedelta(seconds=self.dice.choice([1, 59, 60, 61]))
        if kind == 2:
            return instant - timedelta(microseconds=1)
        if kind == 3:
            return instant + timedelta(minutes=self.dice.randrange(-180, 181))
        if kind == 4:
            return instant + timedelta(minutes=self.dice.randrange(-2_880, 2_881), seconds=self.dice.randrange(60))
        return instant + timedelta(minutes=15 * self.dice.randrange(-400, 401))

    def at(self, anchor, main, settings):
        """Near the anchor, or on an edge of some interval of these settings."""
        edges = list(edge_times(settings))
        if edges and self.chance(0.45):
            local = wall(anchor, main).date() + self.dice.randrange(-2, 3) * DAY
            moment = datetime.combine(local, time()) + clock(self.dice.choice(edges))
            anchor = moment.replace(tzinfo=zone(main), fold=self.dice.randrange(2)).astimezone(UTC)
            if self.chance(0.7):
                return anchor + timedelta(microseconds=self.dice.choice([0, 0, -1, 1, -60_000_000, 59_999_999]))
        return self.near(anchor)

    def spelled(self, instant):
        """RFC 3339 in one of its ways."""
        if self.chance(0.6):
            return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
        offset = timezone(timedelta(minutes=15 * self.dice.randrange(-48, 57)))
        return instant.astimezone(offset).isoformat()

    def time(self, latest="23:59", near=None):
        kind = self.dice.random()
        if near is not None and kind < 0.3:
            minute = (near.hour * 60 + near.minute + self.dice.choice([-90, -60, -30, -1, 0, 1, 30, 60, 90])) % 1440
            return f"{minute // 60:02}:{minute % 60:02}"
        if kind < 0.5:
            corners = ["00:00", "00:01", "00:30", "01:00", "01:30", "02:00", "02:30", "03:00", "12:00", "23:30", "23:59"]
            return self.dice.choice(corners + (["24:00"] * 3 if latest == "24:00" else []))
        if kind < 0.8:
            return f"{self.dice.randrange(24):02}:{self.dice.choice([0, 15, 30, 45]):02}"
        return f"{self.dice.randrange(24):02}:{self.dice.randrange(60):02}"

    def pair(self, near):
        while True:
            opens, closes = self.time(near=near), self.time("24:00", near=near)
            if opens != closes:
                return opens, closes

    def interval(self, near):
        opens, closes = self.pair(near)
        return {"open": opens, "close": closes}

    def hours(self, near):
        """A day's hours in one of the shapes they may have."""
        kind = self.dice.randrange(10)
        if kind == 0:
            return None
        if kind == 1:
            return []
        if kind <= 4:
            return [self.interval(near) for _ in range(self.dice.randrange(1, 4))]
        return self.interval(near)

    def after_hours(self, main, local):
        section = {}
        if self.chance(0.9):
            section["enabled"] = self.chance(0.8)
        if self.chance(0.95):
            section["businessHours"] = self.business(main, local)
        elif self.chance(0.3):
            section["businessHours"] = None
        return section

    def business(self, main, local):
        business = {"schedule": {}}
        for weekday in WEEKDAYS:
            if self.chance(0.85):
                business["schedule"][weekday] = self.hours(local)
        if self.chance(0.05):
            business["schedule"] = {weekday: {"open": "00:00", "close": "24:00"} for weekday in WEEKDAYS}
        if self.chance(0.75):
            business["timezone"] = main
        elif self.chance(0.5):
            business["timezone"] = self.zone()
        if self.chance(0.5):
            business["holidays"] = [self.holiday(local) for _ in range(self.dice.randrange(4))]
        if self.chance(0.5):
            business["exceptions"] = [self.exception(local) for _ in range(self.dice.randrange(5))]
        return business

    def date_near(self, local):
        reach = 3 if self.chance(0.8) else 300
        return local.date() + self.dice.randrange(-reach, reach + 1) * DAY

    def holiday(self, local):
        on = self.date_near(local)
        if self.chance(0.1):
            return "--02-29"
        return on.strftime("--%m-%d") if self.chance(0.4) else on.isoformat()

    def exception(self, local):
        entry = {"hours": self.hours(local)}
        if self.chance(0.5):
            entry["date"] = self.date_near(local).isoformat()
        else:
            first = self.date_near(local)
            entry["from"], entry["to"] = first.isoformat(), (first + self.dice.choice([0, 1, 2, 9]) * DAY).isoformat()
        if self.chance(0.3):
            entry["name"] = "stock-taking"
        return entry

    def volume(self):
        section = {}
        if self.chance(0.9):
            section["enabled"] = self.chance(0.4)
        if self.chance(0.7):
            section["threshold"] = self.dice.randrange(0, 9)
        return section

    def custom(self, main, local):
        section = {}
        if self.chance(0.9):
            section["enabled"] = self.chance(0.7)
        if self.chance(0.95):
            actions = self.dice.choice([["enable"], ["disable"], ["enable", "disable"]])
            section["rules"] = [self.rule(local, actions) for _ in range(self.dice.randrange(0, 7))]
        if self.chance(0.3):
            section["timezone"] = main if self.chance(0.5) else self.zone()
        return section

    def rule(self, local, actions):
        starts, ends = self.pair(local)
        near = (local.isoweekday() + self.dice.randrange(-1, 2)) % 7
        weekday = near if self.chance(0.6) else self.dice.randrange(7)
        return {"dayOfWeek": weekday, "startTime": starts, "endTime": ends, "action": self.dice.choice(actions)}

    def override(self, at):
        forced = {"state": self.dice.choice(["force-ai", "force-fallback"])}
        if self.chance(0.85):
            away = self.dice.choice([0, 0.000001, 1, -1, 60, 3_600, 86_400, 400 * 86_400, 401 * 86_400, -86_400])
            forced["until"] = self.spelled(at + timedelta(seconds=away))
        elif self.chance(0.5):
            forced["until"] = None
        return forced

    def spoiled(self, question):
        """A question with one fault in it, and the code it should be refused with."""
        settings = question["availability"]
        kind = self.dice.randrange(9)
        if kind == 0:
            settings["mode"] = "sometimes"
            return "unknown_value"
        if kind == 1:
            question["timezone"] = "Mars/Olympus"
            return "timezone"
        if kind == 2:
            question["at"] = "yesterday"
            return "date_time"
        if kind == 3:
            settings["customSchedule"] = {
                "rules": [{"dayOfWeek": 7, "startTime": "09:00", "endTime": "10:00", "action": "enable"}]
            }
            return "range"
        if kind == 4:
            settings["fallback"] = {"type": "forward"}
            return "required"
        hours = {"open": "09:00", "close": "17:00"}
        business = {"schedule": {"monday": hours}}
        settings["afterHours"] = {"enabled": True, "businessHours": business}
        if kind == 5:
            hours["close"] = "09:00"
            return "equal_times"
        if kind == 6:
            hours["open"] = self.dice.choice(["9:00", "24:00", "09:60", "", "09:00:00"])
            return "time"
        if kind == 7:
            business["holidays"] = [self.dice.choice(["2026-02-29", "12-25", "--02-30", "2026-1-1"])]
            return "date"
        business["holidayCalendar"] = "CA-ON"
        return "not_supported"


def edge_times(settings):
    business = (settings.get("afterHours") or {}).get("businessHours") or {}
    days = list(business.get("schedule", {}).values()) + [entry["hours"] for entry in business.get("exceptions", [])]
    for hours in days:
        for interval in as_list(hours):
            yield interval["open"]
            yield interval["close"]
    for rule in (settings.get("customSchedule") or {}).get("rules", []):
        yield rule["startTime"]
        yield rule["endTime"]


# --- Comparing -------------------------------------------------------------------------------------------------------


class Wrong(Exception):
    """The two sides differ; the text says where."""


def check_answer(question, answer):
    at = instant_of(question["at"])
    expected = decide(question, at)
    if "error" in answer or (answer.get("available"), answer.get("reason")) != expected:
        raise Wrong(f"expected {expected}")
    if not answer["trace"]:
        raise Wrong("a decision without a trace")
    change = answer["nextChange"]
    if change is None:
        return
    change = instant_of(change)
    if not at < change <= at + HORIZON:
        raise Wrong("nextChange is not within 400 days after `at`")
    if decide(question, change)[0] == expected[0]:
        raise Wrong("nothing changes at nextChange")
    # An instant may be given to the nanosecond, Python counts microseconds.
    just_before = change - timedelta(microseconds=1)
    if just_before > at and decide(question, just_before)[0] != expected[0]:
        raise Wrong("it has changed before nextChange already")


def check_no_earlier_change(question, answer, dice):
    """Steps through the minutes before nextChange: all of them where it is near, else in windows."""
    at = instant_of(question["at"])
    available = answer["available"]
    end = instant_of(answer["nextChange"]) if answer["nextChange"] else at + HORIZON
    for first, last in windows(question, at, end, dice):
        minute = first.replace(second=0, microsecond=0) + MINUTE
        while minute < last:
            if decide(question, minute)[0] != available:
                raise Wrong(f"it changes at {minute.isoformat()} already")
            minute += MINUTE


def windows(question, at, end, dice):
    if end - at <= 4 * DAY:
        return [(at, end)]
    spots = [at, end - DAY, at + 2 * DAY, at + 7 * DAY]
    spots += [at + (end - at) * dice.random() for _ in range(6)]
    for name in zones_of(question):
        known = shifts(name)
        place = bisect_right(known, at)
        spots += [shift - timedelta(hours=14) for shift in known[place : place + 2]]
    forced = question["availability"].get("override")
    if forced and forced.get("until"):
        spots.append(instant_of(forced["until"]) - timedelta(hours=1))
    return [(max(spot, at), min(spot + timedelta(hours=30), end)) for spot in spots if spot < end]


def zones_of(question):
    settings = question["availability"]
    business = (settings.get("afterHours") or {}).get("businessHours") or {}
    named = {question.get("timezone"), business.get("timezone"), (settings.get("customSchedule") or {}).get("timezone")}
    return named - {None}


def ask(binary, lines):
    run = subprocess.run([binary, "decide"], input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
    answers = run.stdout.splitlines()
    if len(answers) != len(lines):
        sys.exit(f"{len(lines)} questions, {len(answers)} answers, exit code {run.returncode}\n{run.stderr}")
    return [json.loads(answer) for answer in answers], run.returncode


def main():
    options = argparse.ArgumentParser(description="Checks `patchbay decide` against an independent oracle.")
    options.add_argument("binary")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--cases", type=int, default=100_000)
    options.add_argument("--step-every", type=int, default=100, help="step through the minutes of one case in so many")
    options = options.parse_args()

    asker, dice = Asker(options.seed), random.Random(~options.seed)
    passed = failed = stepped = changes = 0
    reasons = {}
    for begin in range(0, options.cases, BATCH):
        questions, spoiled = [], {}
        for index in range(min(BATCH, options.cases - begin)):
            question = asker.question()
            if asker.chance(0.01):
                spoiled[index] = asker.spoiled(question)
            questions.append(question)
        answers, code = ask(options.binary, [json.dumps(question) for question in questions])
        if code != (1 if spoiled else 0):
            sys.exit(f"exit code {code} with {len(spoiled)} bad lines")
        for index, (question, answer) in enumerate(zip(questions, answers)):
            try:
                if index in spoiled:
                    if answer.get("error", {}).get("code") != spoiled[index]:
                        raise Wrong(f"expected the error `{spoiled[index]}`")
                else:
                    check_answer(question, answer)
                    reasons[answer["reason"]] = reasons.get(answer["reason"], 0) + 1
                    changes += answer["nextChange"] is not None
                    if index % options.step_every == 0:
                        check_no_earlier_change(question, answer, dice)
                        stepped += 1
                passed += 1
            except Wrong as wrong:
                failed += 1
                if failed <= 5:
                    print(f"case {begin + index} of seed {options.seed}: {wrong}", file=sys.stderr)
                    print(json.dumps(question, indent=2), file=sys.stderr)
                    print(json.dumps(answer, indent=2), file=sys.stderr)
    print(", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items())))
    print(f"nextChange: {changes} looked at, {stepped} stepped through by the minute")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
