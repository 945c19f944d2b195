//! A window's stretches say what the engine says at every instant of it.

use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::properties::{instant, rules};
use super::super::{NoTrace, decide};
use super::*;
use crate::model::{Override, Reason};

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn toronto() -> TimeZone {
    crate::model::availability::zone::named("America/Toronto").expect("a zone")
}

fn compiled(settings: &Value, forced: Option<&Override>) -> Rules {
    let (rules, doubts) = Rules::compile_stored(settings, forced, "America/Toronto");
    assert!(!rules.is_broken(), "{doubts:?}");
    rules
}

/// A shop that is open from nine to five, save on the days given.
fn shop(mode: &str, special: Value) -> Value {
    let day = json!({"open": "09:00", "close": "17:00"});
    let week: serde_json::Map<String, Value> = ["monday", "tuesday", "wednesday", "thursday", "friday"]
        .iter()
        .map(|name| ((*name).to_owned(), day.clone()))
        .collect();
    let mut hours = json!({"schedule": week});
    for (name, value) in special.as_object().expect("an object") {
        hours[name] = value.clone();
    }
    json!({
        "mode": mode,
        "afterHours": {"enabled": true, "businessHours": hours},
        "highVolume": {"enabled": true, "threshold": 2}
    })
}

fn told(covered: &[Covered]) -> Vec<String> {
    let word = |decision: Decision| decision.reason.as_str();
    let line = |one: &Covered| {
        let on = |at: Timestamp| at.to_zoned(toronto()).strftime("%d %H:%M").to_string();
        format!("{} to {} {}, {}", on(one.from), on(one.until), word(one.quiet), word(one.busy))
    };
    covered.iter().map(line).collect()
}

fn check(rules: &Rules, from: &str, until: &str, expected: &[&str]) {
    assert_eq!(told(&coverage(rules, at(from), at(until))), expected);
}

#[test]
fn a_day_is_cut_where_the_shop_opens_and_closes_and_staff_may_be_busy_between() {
    let rules = compiled(&shop("combined", json!({})), None);
    assert_eq!(rules.threshold(), Some(2));
    let expected = [
        "30 00:00 to 30 09:00 after-hours, after-hours",
        "30 09:00 to 30 17:00 none-matched, overflow",
        "30 17:00 to 01 00:00 after-hours, after-hours",
    ];
    check(&rules, "2026-11-30T05:00:00Z", "2026-12-01T05:00:00Z", &expected);
}

#[test]
fn where_the_clock_plays_no_part_the_window_is_one_stretch() {
    for (mode, word) in [("always", "always-on"), ("disabled", "disabled")] {
        let rules = compiled(&json!({"mode": mode}), None);
        assert_eq!(rules.threshold(), None);
        let expected = format!("30 00:00 to 01 00:00 {word}, {word}");
        check(&rules, "2026-11-30T05:00:00Z", "2026-12-01T05:00:00Z", &[&expected]);
    }
}

#[test]
fn an_override_counts_and_its_end_cuts_where_only_the_reason_changes() {
    let until = Some(at("2026-11-30T07:00:00Z"));
    let forced = Override { state: Forced::ForceAi, until, note: None };
    let rules = compiled(&shop("after-hours-only", json!({})), Some(&forced));
    let expected = [
        "30 00:00 to 30 02:00 override-on, override-on",
        "30 02:00 to 30 09:00 after-hours, after-hours",
        "30 09:00 to 30 12:00 business-hours, business-hours",
    ];
    check(&rules, "2026-11-30T05:00:00Z", "2026-11-30T17:00:00Z", &expected);
    let marks = marks(&rules, &toronto(), at("2026-11-30T05:00:00Z"), at("2026-11-30T17:00:00Z"));
    let told: Vec<_> = marks.iter().map(|mark| (mark.at, mark.kind, mark.label.as_str())).collect();
    assert_eq!(told, [(at("2026-11-30T07:00:00Z"), MarkKind::Override, "the override to the AI ends")]);
}

#[test]
fn changes_of_the_clock_holidays_and_exceptions_are_marked_where_they_play_a_part() {
    let special = json!({
        "holidays": ["2026-11-03"],
        "exceptions": [
            {"date": "2026-11-04", "hours": {"open": "10:00", "close": "14:00"}},
            {"from": "2026-10-20", "to": "2026-11-01", "hours": null, "name": "Renovation"}
        ]
    });
    let (from, until) = (at("2026-10-31T04:00:00Z"), at("2026-11-06T05:00:00Z"));
    let rules = compiled(&shop("after-hours-only", special.clone()), None);
    let told: Vec<String> = marks(&rules, &toronto(), from, until)
        .iter()
        .map(|mark| format!("{} {:?} {}", mark.at, mark.kind, mark.label))
        .collect();
    let expected = [
        "2026-10-31T04:00:00Z Exception Renovation",
        "2026-11-01T06:00:00Z ClockChange clocks go back 1 hour",
        "2026-11-03T05:00:00Z Holiday holiday",
        "2026-11-04T05:00:00Z Exception open 10:00-14:00",
    ];
    assert_eq!(told, expected);
    let rules = compiled(&shop("always", special), None);
    let kinds: Vec<MarkKind> = marks(&rules, &toronto(), from, until).iter().map(|mark| mark.kind).collect();
    assert_eq!(kinds, [MarkKind::ClockChange], "holidays do nothing where the AI always answers");
}

#[test]
fn half_an_hour_is_told_as_minutes_and_a_skipped_day_as_hours() {
    let zone = |name| crate::model::availability::zone::named(name).expect("a zone");
    let told = |name, from: &str, until: &str| {
        clock_changes(&zone(name), at(from), at(until)).into_iter().map(|mark| mark.label).collect::<Vec<_>>()
    };
    let lord_howe = told("Australia/Lord_Howe", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    assert_eq!(lord_howe, ["clocks go back 30 minutes", "clocks go forward 30 minutes"]);
    let apia = told("Pacific/Apia", "2011-12-01T00:00:00Z", "2012-01-01T00:00:00Z");
    assert_eq!(apia, ["clocks go forward 24 hours"]);
}

#[test]
fn settings_as_full_as_they_may_be_are_covered_for_a_year_in_a_moment() {
    // Five hundred stretches of a day that do not touch, none longer than a minute.
    let rule = |n: u32| {
        let (from, to) = (n * 2, n * 2 + 1);
        let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        json!({"dayOfWeek": 1, "startTime": clock(from), "endTime": clock(to), "action": "enable"})
    };
    let rules: Vec<Value> = (0..500).map(rule).collect();
    let rules = compiled(&json!({"mode": "scheduled", "customSchedule": {"enabled": true, "rules": rules}}), None);
    let from = date(2026, 1, 1).to_zoned(toronto()).expect("a day").timestamp();
    let covered = coverage(&rules, from, from + SignedDuration::from_hours(400 * 24));
    assert!(covered.len() > 57 * 1_000 - 1, "{}", covered.len());
    assert_eq!(covered[0].quiet.reason, Reason::ScheduledOff);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_stretch_says_what_the_engine_says_at_each_of_its_instants(
        rules in rules(),
        from in instant(),
        hours in 1..40 * 24i64,
        places in prop::collection::vec(0.0..1.0f64, 64),
    ) {
        let until = from + SignedDuration::from_hours(hours);
        let covered = coverage(&rules, from, until);
        prop_assert_eq!(covered.first().map(|first| first.from), Some(from));
        prop_assert_eq!(covered.last().map(|last| last.until), Some(until));
        for pair in covered.windows(2) {
            prop_assert_eq!(pair[0].until, pair[1].from, "a gap");
            prop_assert_ne!((pair[0].quiet, pair[0].busy), (pair[1].quiet, pair[1].busy), "could be longer");
        }
        let edges = covered.iter().flat_map(|one| [one.from, one.until - SignedDuration::from_nanos(1)]);
        let within = places.iter().map(|place| from + SignedDuration::from_secs_f64(hours as f64 * 3599.0 * place));
        for now in edges.chain(within) {
            let found = covered.iter().find(|one| one.from <= now && now < one.until).expect("within");
            let ask = |others| decide(&rules, others, false, now, &mut NoTrace);
            prop_assert_eq!(found.quiet, ask(0), "at {}", now);
            prop_assert_eq!(found.busy, ask(rules.threshold().unwrap_or(0)), "at {}", now);
        }
    }

    #[test]
    fn marks_are_in_order_and_within_the_window(rules in rules(), from in instant(), hours in 1..40 * 24i64) {
        let until = from + SignedDuration::from_hours(hours);
        let marks = marks(&rules, &toronto(), from, until);
        prop_assert!(marks.is_sorted_by_key(|mark| mark.at));
        prop_assert!(marks.iter().all(|mark| from <= mark.at && mark.at < until));
    }
}
