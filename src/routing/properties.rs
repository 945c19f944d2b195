//! What must hold of every decision, whatever the settings and the instant.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NoTrace, Rules, decide, next_change, verdicts};
use crate::model::availability::zone;
use crate::model::{Forced, Override};

const ZONES: [&str; 8] = [
    "UTC",
    "America/Toronto",
    "Europe/London",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
];

fn time() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["00:00", "01:00", "01:30", "02:00", "02:30", "03:00", "23:59"])
            .prop_map(str::to_owned),
        (0..24u8, 0..60u8).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}")),
    ]
}

fn times() -> impl Strategy<Value = (String, String)> {
    let end = prop_oneof![5 => time(), 1 => Just("24:00".to_owned())];
    (time(), end).prop_filter("equal times are refused", |(open, close)| open != close)
}

fn hours() -> impl Strategy<Value = Value> {
    let stretch = times().prop_map(|(open, close)| json!({"open": open, "close": close}));
    prop_oneof![1 => Just(Value::Null), 4 => prop::collection::vec(stretch, 0..3).prop_map(Value::from)]
}

/// Around the spring change of Toronto and London in 2026.
fn date() -> impl Strategy<Value = String> {
    (1..32u8).prop_map(|day| format!("2026-03-{day:02}"))
}

fn business_hours() -> impl Strategy<Value = Value> {
    let exception = prop_oneof![
        (date(), hours()).prop_map(|(date, hours)| json!({"date": date, "hours": hours})),
        (date(), date(), hours()).prop_map(|(one, other, hours)| {
            let (from, to) = if one <= other { (one, other) } else { (other, one) };
            json!({"from": from, "to": to, "hours": hours})
        }),
    ];
    let week = prop::collection::vec(hours(), 7);
    let holidays =
        prop::collection::vec(prop_oneof![date(), date().prop_map(|date| format!("--{}", &date[5..]))], 0..3);
    let exceptions = prop::collection::vec(exception, 0..4);
    (prop::sample::select(&ZONES[..]), week, holidays, exceptions).prop_map(|(zone, week, holidays, exceptions)| {
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        let schedule: Value =
            days.iter().map(|day| (*day).to_owned()).zip(week).collect::<serde_json::Map<_, _>>().into();
        json!({"timezone": zone, "schedule": schedule, "holidays": holidays, "exceptions": exceptions})
    })
}

fn custom_schedule() -> impl Strategy<Value = Value> {
    let rule = (0..7u8, times(), prop::sample::select(vec!["enable", "disable"])).prop_map(
        |(day, (start, end), action)| json!({"dayOfWeek": day, "startTime": start, "endTime": end, "action": action}),
    );
    (any::<bool>(), prop::sample::select(&ZONES[..]), prop::collection::vec(rule, 0..5))
        .prop_map(|(enabled, zone, rules)| json!({"enabled": enabled, "timezone": zone, "rules": rules}))
}

pub(super) fn settings() -> impl Strategy<Value = Value> {
    let modes = vec!["after-hours-only", "scheduled", "combined", "combined", "overflow-only", "always", "disabled"];
    let volume = (any::<bool>(), 0..5u32);
    (prop::sample::select(modes), any::<bool>(), business_hours(), volume, custom_schedule()).prop_map(
        |(mode, enabled, hours, (busy, threshold), custom)| {
            json!({
                "mode": mode,
                "afterHours": {"enabled": enabled, "businessHours": hours},
                "highVolume": {"enabled": busy, "threshold": threshold},
                "customSchedule": custom
            })
        },
    )
}

/// March 2026 for the most part, to the second and off it.
pub(super) fn instant() -> impl Strategy<Value = Timestamp> {
    let march =
        (0..31 * 24 * 60i64, prop::sample::select(vec![0, 1, 59])).prop_map(|(m, s)| 1_772_323_200 + m * 60 + s);
    let seconds = prop_oneof![4 => march, 1 => -2_000_000_000..4_000_000_000i64];
    seconds.prop_map(|second| Timestamp::from_second(second).expect("in range"))
}

fn forced() -> impl Strategy<Value = Option<Override>> {
    let until = prop::option::weighted(0.8, instant());
    let state = prop::sample::select(vec![Forced::ForceAi, Forced::ForceFallback]);
    prop::option::weighted(0.2, (state, until).prop_map(|(state, until)| Override { state, until, note: None }))
}

pub(super) fn rules() -> impl Strategy<Value = Rules> {
    (settings(), forced()).prop_map(|(settings, forced)| {
        let (rules, doubts) = Rules::compile_stored(&settings, forced.as_ref(), "");
        assert!(!rules.is_broken(), "{:?}", doubts);
        rules
    })
}

fn available(rules: &Rules, others: u32, already: bool, now: Timestamp) -> bool {
    decide(rules, others, already, now, &mut NoTrace).available
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_ledgers_pick_is_the_decision_for_every_count(rules in rules(), now in instant(), already in any::<bool>()) {
        let verdicts = verdicts(&rules, already, now);
        for others in [0, 1, 2, 3, 4, 5, 6, 1_000, u32::MAX] {
            prop_assert_eq!(verdicts.pick(others), decide(&rules, others, already, now, &mut NoTrace));
        }
    }

    #[test]
    fn a_trace_is_there_and_changes_nothing(rules in rules(), now in instant(), others in 0..6u32, already in any::<bool>()) {
        let mut trace = Vec::new();
        let told = decide(&rules, others, already, now, &mut trace);
        prop_assert_eq!(told, decide(&rules, others, already, now, &mut NoTrace));
        prop_assert!(trace.last().is_some_and(|last| last.said.ends_with(told.reason.as_str())));
    }

    #[test]
    fn the_next_change_is_the_first(rules in rules(), at in instant(), others in 0..6u32, already in any::<bool>()) {
        let before = available(&rules, others, already, at);
        let limit = at + SignedDuration::from_hours(400 * 24);
        let change = next_change(&rules, others, already, at);
        if let Some(change) = change {
            prop_assert!(at < change && change <= limit);
            prop_assert_eq!(available(&rules, others, already, change), !before);
            prop_assert_eq!(available(&rules, others, already, change - SignedDuration::from_nanos(1)), before);
        }
        // Every third minute of the first eight days, on the minute.
        let end = change.unwrap_or(limit);
        let first = Timestamp::from_second(at.as_second().div_euclid(60) * 60 + 60).expect("in range");
        for step in 0..8 * 24 * 20 {
            let now = first + SignedDuration::from_mins(3 * step);
            if now >= end {
                break;
            }
            prop_assert_eq!(available(&rules, others, already, now), before, "at {}", now);
        }
    }

    #[test]
    fn both_passes_of_a_repeated_hour_are_decided_alike(settings in settings(), minute in 0..60i64, others in 0..6u32) {
        // Toronto, 2026-11-01: 01:00 to 02:00 comes twice. Every zone of the settings is made Toronto's.
        let mut settings = settings;
        for pointer in ["/afterHours/businessHours/timezone", "/customSchedule/timezone"] {
            *settings.pointer_mut(pointer).expect("generated") = json!("America/Toronto");
        }
        let (rules, _) = Rules::compile_stored(&settings, None, "");
        let first = "2026-11-01T05:00:00Z".parse::<Timestamp>().expect("an instant") + SignedDuration::from_mins(minute);
        let second = first + SignedDuration::from_hours(1);
        let ask = |now| decide(&rules, others, false, now, &mut NoTrace);
        prop_assert_eq!(ask(first), ask(second));
    }

    #[test]
    fn every_zone_and_every_instant_is_answered(place in any::<prop::sample::Index>(), now in any::<i64>(), settings in settings()) {
        let names: Vec<_> = zone::names().collect();
        let mut settings = settings;
        settings["afterHours"]["businessHours"]["timezone"] = json!(place.get(&names));
        let (rules, _) = Rules::compile_stored(&settings, None, "");
        let span = Timestamp::MAX.as_second() - Timestamp::MIN.as_second();
        let now = Timestamp::from_second(Timestamp::MIN.as_second() + now.rem_euclid(span)).expect("in range");
        decide(&rules, 0, false, now, &mut Vec::new());
        if let Some(change) = next_change(&rules, 0, false, now) {
            prop_assert!(change > now);
        }
    }
}
