//! A check for each boundary of each mode: hours, holidays, exceptions, rules, counts, overrides and clock changes.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::model::{Forced, Override};
use crate::routing::next_change;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn rules(availability: Value) -> Rules {
    rules_of("", availability)
}

fn rules_of(tenant_zone: &str, availability: Value) -> Rules {
    let (rules, doubts) = Rules::compile_stored(&availability, None, tenant_zone);
    assert!(!rules.is_broken(), "{:?}", doubts);
    rules
}

/// Decides at an instant with nobody else on the line.
#[track_caller]
fn check(rules: &Rules, now: &str, expected: Reason) {
    check_with(rules, 0, now, expected);
}

#[track_caller]
fn check_with(rules: &Rules, others: u32, now: &str, expected: Reason) {
    let mut trace = Vec::new();
    let decision = decide(rules, others, false, at(now), &mut trace);
    assert_eq!(decision.reason, expected, "{now}: {trace:#?}");
    assert!(trace.last().is_some_and(|last| last.said.ends_with(expected.as_str())), "{trace:#?}");
    assert_eq!(decide(rules, others, false, at(now), &mut NoTrace), decision);
    assert_eq!(verdicts(rules, false, at(now)).pick(others), decision);
}

#[track_caller]
fn check_change(rules: &Rules, from: &str, expected: Option<&str>) {
    assert_eq!(next_change(rules, 0, false, at(from)), expected.map(at), "from {from}");
}

fn clinic(business_hours: Value) -> Rules {
    rules(json!({"mode": "after-hours-only", "afterHours": {"businessHours": business_hours}}))
}

fn every_day(hours: Value) -> Value {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    Value::Object(days.iter().map(|day| ((*day).to_owned(), hours.clone())).collect())
}

fn forced(state: Forced, until: Option<&str>) -> Override {
    Override { state, until: until.map(at), note: None }
}

#[test]
fn always_and_disabled_look_at_nothing() {
    check_with(&rules(json!({"mode": "always"})), 99, "2026-03-02T12:00:00Z", Reason::AlwaysOn);
    check_with(&rules(json!({"mode": "disabled"})), 99, "2026-03-02T12:00:00Z", Reason::Disabled);
}

#[test]
fn opening_minute_is_inside_and_closing_minute_is_not() {
    // A Monday.
    let clinic = clinic(json!({"schedule": {"monday": {"open": "09:00", "close": "17:00"}}}));
    check(&clinic, "2026-03-02T08:59:59.999999999Z", Reason::AfterHours);
    check(&clinic, "2026-03-02T09:00:00Z", Reason::BusinessHours);
    check(&clinic, "2026-03-02T16:59:59.999999999Z", Reason::BusinessHours);
    check(&clinic, "2026-03-02T17:00:00Z", Reason::AfterHours);
    check(&clinic, "2026-03-03T12:00:00Z", Reason::AfterHours);
    check_change(&clinic, "2026-03-02T08:59:59Z", Some("2026-03-02T09:00:00Z"));
    check_change(&clinic, "2026-03-02T09:00:00Z", Some("2026-03-02T17:00:00Z"));
    check_change(&clinic, "2026-03-02T17:00:00Z", Some("2026-03-09T09:00:00Z"));
}

#[test]
fn hours_are_read_in_their_own_zone_then_the_tenants_then_utc() {
    let open = json!({"schedule": every_day(json!({"open": "09:00", "close": "17:00"}))});
    let settings = |hours: Value| json!({"mode": "after-hours-only", "afterHours": {"businessHours": hours}});
    let mut own = open.clone();
    own["timezone"] = json!("America/Toronto");
    let half_past_nine_in_toronto = "2026-03-02T14:30:00Z";
    let half_past_nine_in_tokyo = "2026-03-02T00:30:00Z";
    check(&rules_of("Asia/Tokyo", settings(own)), half_past_nine_in_toronto, Reason::BusinessHours);
    check(&rules_of("Asia/Tokyo", settings(open.clone())), half_past_nine_in_tokyo, Reason::BusinessHours);
    check(&rules_of("", settings(open)), "2026-03-02T09:30:00Z", Reason::BusinessHours);
}

#[test]
fn an_overnight_stretch_belongs_to_the_day_it_began() {
    // Friday evening into Saturday; the Saturday is a holiday, the Sunday is not open.
    let bar = clinic(json!({
        "schedule": {"friday": {"open": "22:00", "close": "06:00"}, "saturday": {"open": "22:00", "close": "06:00"}},
        "holidays": ["2026-03-07"]
    }));
    check(&bar, "2026-03-06T21:59:00Z", Reason::AfterHours);
    check(&bar, "2026-03-06T22:00:00Z", Reason::BusinessHours);
    check(&bar, "2026-03-07T05:59:00Z", Reason::BusinessHours);
    check(&bar, "2026-03-07T06:00:00Z", Reason::AfterHours);
    check(&bar, "2026-03-07T23:00:00Z", Reason::AfterHours);
    check(&bar, "2026-03-08T05:00:00Z", Reason::AfterHours);
    check_change(&bar, "2026-03-06T23:00:00Z", Some("2026-03-07T06:00:00Z"));
    check_change(&bar, "2026-03-07T06:00:00Z", Some("2026-03-13T22:00:00Z"));
}

#[test]
fn a_day_may_end_at_24_and_touching_days_are_one_stretch() {
    let shop = clinic(json!({"schedule": every_day(json!({"open": "00:00", "close": "24:00"}))}));
    check(&shop, "2026-03-06T23:59:59Z", Reason::BusinessHours);
    check(&shop, "2026-03-07T00:00:00Z", Reason::BusinessHours);
    check_change(&shop, "2026-03-06T12:00:00Z", None);
}

#[test]
fn overlapping_stretches_of_a_day_count_as_one() {
    let shop = clinic(json!({"schedule": {"monday": [
        {"open": "13:00", "close": "18:00"}, {"open": "09:00", "close": "12:00"}, {"open": "11:00", "close": "14:00"}
    ]}}));
    check(&shop, "2026-03-02T12:30:00Z", Reason::BusinessHours);
    check_change(&shop, "2026-03-02T09:00:00Z", Some("2026-03-02T18:00:00Z"));
}

#[test]
fn a_holiday_is_closed_once_or_every_year() {
    let clinic = clinic(json!({
        "schedule": every_day(json!({"open": "09:00", "close": "17:00"})),
        "holidays": ["2026-07-01", "--12-25", "--02-29"]
    }));
    check(&clinic, "2026-07-01T12:00:00Z", Reason::AfterHours);
    check(&clinic, "2027-07-01T12:00:00Z", Reason::BusinessHours);
    check(&clinic, "2026-12-25T12:00:00Z", Reason::AfterHours);
    check(&clinic, "2027-12-25T12:00:00Z", Reason::AfterHours);
    check(&clinic, "2028-02-29T12:00:00Z", Reason::AfterHours);
    check(&clinic, "2027-02-28T12:00:00Z", Reason::BusinessHours);
    check_change(&clinic, "2026-12-24T17:00:00Z", Some("2026-12-26T09:00:00Z"));
}

#[test]
fn an_exception_comes_before_a_holiday_and_a_date_before_a_range() {
    let hours = |open: &str| json!({"open": open, "close": "23:00"});
    let clinic = clinic(json!({
        "schedule": every_day(hours("08:00")),
        "holidays": ["2026-12-25", "2026-12-24"],
        "exceptions": [
            {"date": "2026-12-25", "hours": hours("10:00")},
            {"from": "2026-12-24", "to": "2026-12-26", "hours": hours("12:00")},
            {"from": "2026-12-26", "to": "2026-12-28", "hours": null},
            {"date": "2026-12-28", "hours": hours("14:00")},
            {"date": "2026-12-28", "hours": hours("16:00")}
        ]
    }));
    for (day, opens) in [("23", 8), ("24", 12), ("25", 10), ("28", 16), ("29", 8)] {
        check(&clinic, &format!("2026-12-{day}T{:02}:59:00Z", opens - 1), Reason::AfterHours);
        check(&clinic, &format!("2026-12-{day}T{opens:02}:00:00Z"), Reason::BusinessHours);
    }
    for closed in ["26", "27"] {
        check(&clinic, &format!("2026-12-{closed}T18:00:00Z"), Reason::AfterHours);
    }
}

#[test]
fn a_later_range_lies_on_top_and_what_it_leaves_free_shows() {
    let shut = |from: &str, to: &str| json!({"from": from, "to": to, "hours": null});
    let open = json!({"from": "2026-12-10", "to": "2026-12-12", "hours": {"open": "00:00", "close": "24:00"}});
    let clinic = clinic(json!({
        "schedule": every_day(json!({"open": "00:00", "close": "24:00"})),
        "exceptions": [shut("2026-12-01", "2026-12-20"), open, shut("2026-12-12", "2026-12-31")]
    }));
    for (day, reason) in [
        ("2026-11-30", Reason::BusinessHours),
        ("2026-12-01", Reason::AfterHours),
        ("2026-12-09", Reason::AfterHours),
        ("2026-12-10", Reason::BusinessHours),
        ("2026-12-11", Reason::BusinessHours),
        ("2026-12-12", Reason::AfterHours),
        ("2026-12-31", Reason::AfterHours),
        ("2027-01-01", Reason::BusinessHours),
    ] {
        check(&clinic, &format!("{day}T12:00:00Z"), reason);
    }
    check_change(&clinic, "2026-12-12T00:00:00Z", Some("2027-01-01T00:00:00Z"));
}

#[test]
fn an_exceptions_hours_may_run_overnight() {
    let shop = clinic(json!({
        "schedule": {}, "exceptions": [{"date": "2026-12-31", "hours": {"open": "20:00", "close": "04:00"}}]
    }));
    check(&shop, "2027-01-01T03:59:00Z", Reason::BusinessHours);
    check(&shop, "2027-01-01T04:00:00Z", Reason::AfterHours);
}

#[test]
fn a_gap_and_both_passes_of_a_repeated_hour_go_by_the_clock_on_the_wall() {
    let clinic = clinic(json!({
        "timezone": "America/Toronto", "schedule": {"sunday": {"open": "01:30", "close": "02:30"}}
    }));
    // 2026-03-08: 02:00 becomes 03:00, so it closes when the clock jumps.
    check(&clinic, "2026-03-08T06:30:00Z", Reason::BusinessHours);
    check(&clinic, "2026-03-08T07:00:00Z", Reason::AfterHours);
    check_change(&clinic, "2026-03-08T06:30:00Z", Some("2026-03-08T07:00:00Z"));
    // 2026-11-01: 02:00 becomes 01:00 again, so it is open, shut for the second 01:00-01:30, and open again.
    check(&clinic, "2026-11-01T05:30:00Z", Reason::BusinessHours);
    check(&clinic, "2026-11-01T06:00:00Z", Reason::AfterHours);
    check(&clinic, "2026-11-01T06:30:00Z", Reason::BusinessHours);
    check_change(&clinic, "2026-11-01T05:30:00Z", Some("2026-11-01T06:00:00Z"));
    check_change(&clinic, "2026-11-01T06:00:00Z", Some("2026-11-01T06:30:00Z"));
    check_change(&clinic, "2026-11-01T06:30:00Z", Some("2026-11-01T07:30:00Z"));
}

#[test]
fn the_day_before_is_the_calendars_even_where_the_zone_skipped_it() {
    // Apia had no 2011-12-30, a Friday: its night ends on the Saturday all the same.
    let bar = clinic(json!({
        "timezone": "Pacific/Apia", "schedule": {"friday": {"open": "22:00", "close": "03:00"}}
    }));
    check(&bar, "2011-12-30T09:59:59Z", Reason::AfterHours);
    check(&bar, "2011-12-30T10:00:00Z", Reason::BusinessHours);
    check(&bar, "2011-12-30T13:00:00Z", Reason::AfterHours);
    check_change(&bar, "2011-12-29T12:00:00Z", Some("2011-12-30T10:00:00Z"));
    check_change(&bar, "2011-12-30T10:00:00Z", Some("2011-12-30T13:00:00Z"));
}

#[test]
fn missing_hours_let_the_ai_answer() {
    check(&rules(json!({"mode": "after-hours-only"})), "2026-03-02T12:00:00Z", Reason::HoursMissing);
    let combined = rules(json!({
        "mode": "combined", "afterHours": {"enabled": true},
        "customSchedule": {"enabled": true, "rules": [
            {"dayOfWeek": 1, "startTime": "12:00", "endTime": "13:00", "action": "disable"}
        ]}
    }));
    check(&combined, "2026-03-02T11:00:00Z", Reason::HoursMissing);
    check(&combined, "2026-03-02T12:00:00Z", Reason::ScheduledOff);
    check_change(&combined, "2026-03-02T12:00:00Z", Some("2026-03-02T13:00:00Z"));
}

#[test]
fn the_ai_answers_from_the_threshold_on() {
    let busy = rules(json!({"mode": "overflow-only", "highVolume": {"threshold": 3}}));
    let now = "2026-03-02T12:00:00Z";
    check_with(&busy, 2, now, Reason::UnderCapacity);
    check_with(&busy, 3, now, Reason::Overflow);
    check_with(&busy, u32::MAX, now, Reason::Overflow);
    check_with(&rules(json!({"mode": "overflow-only"})), 4, now, Reason::UnderCapacity);
    check_with(&rules(json!({"mode": "overflow-only"})), 5, now, Reason::Overflow);
    check_with(&rules(json!({"mode": "overflow-only", "highVolume": {"threshold": 0}})), 0, now, Reason::Overflow);
    check_change(&busy, now, None);
}

#[test]
fn both_counts_appear_in_the_trace() {
    let mut trace = Vec::new();
    let busy = rules(json!({"mode": "overflow-only", "highVolume": {"threshold": 3}}));
    decide(&busy, 2, false, at("2026-03-02T12:00:00Z"), &mut trace);
    assert_eq!(trace[0].saw, "other live calls not with the AI: activeCallsCount 2, threshold 3");
    assert_eq!(trace[0].said, "fallback: under-capacity");
}

#[test]
fn a_number_that_gets_only_overflow_meets_the_rule_without_a_count() {
    let now = at("2026-03-02T12:00:00Z");
    let ask = |rules: &Rules| {
        let decision = decide(rules, 0, true, now, &mut NoTrace);
        assert_eq!(verdicts(rules, true, now), Verdicts::always(decision));
        decision.reason
    };
    assert_eq!(ask(&rules(json!({"mode": "overflow-only"}))), Reason::Overflow);
    assert_eq!(ask(&rules(json!({"mode": "combined", "highVolume": {"enabled": true}}))), Reason::Overflow);
    assert_eq!(ask(&rules(json!({"mode": "combined", "highVolume": {"enabled": false}}))), Reason::NoneMatched);
    assert_eq!(ask(&rules(json!({"mode": "disabled"}))), Reason::Disabled);
    let disabling = json!({"enabled": true, "rules": [
        {"dayOfWeek": 1, "startTime": "00:00", "endTime": "24:00", "action": "disable"}
    ]});
    let combined = json!({"mode": "combined", "highVolume": {"enabled": true}, "customSchedule": disabling});
    assert_eq!(ask(&rules(combined)), Reason::ScheduledOff);
    let by_hand = forced(Forced::ForceFallback, None);
    let (overridden, _) = Rules::compile_stored(&json!({"mode": "overflow-only"}), Some(&by_hand), "");
    assert_eq!(ask(&overridden), Reason::OverrideOff);
}

fn scheduled(rules_given: Value) -> Rules {
    rules(json!({"mode": "scheduled", "customSchedule": {"rules": rules_given}}))
}

#[test]
fn a_disable_rule_beats_an_enable_rule() {
    let mixed = scheduled(json!([
        {"dayOfWeek": 1, "startTime": "09:00", "endTime": "17:00", "action": "enable"},
        {"dayOfWeek": 1, "startTime": "12:00", "endTime": "13:00", "action": "disable"}
    ]));
    check(&mixed, "2026-03-02T08:59:00Z", Reason::ScheduledOff);
    check(&mixed, "2026-03-02T09:00:00Z", Reason::ScheduledOn);
    check(&mixed, "2026-03-02T12:00:00Z", Reason::ScheduledOff);
    check(&mixed, "2026-03-02T13:00:00Z", Reason::ScheduledOn);
    check(&mixed, "2026-03-02T17:00:00Z", Reason::ScheduledOff);
    check_change(&mixed, "2026-03-02T09:00:00Z", Some("2026-03-02T12:00:00Z"));
}

#[test]
fn where_no_rule_enables_the_rest_of_the_week_is_on() {
    let off = scheduled(json!([{"dayOfWeek": 0, "startTime": "22:00", "endTime": "06:00", "action": "disable"}]));
    // 0 is Sunday, and its night belongs to it.
    check(&off, "2026-03-01T21:59:00Z", Reason::ScheduledOn);
    check(&off, "2026-03-01T22:00:00Z", Reason::ScheduledOff);
    check(&off, "2026-03-02T05:59:00Z", Reason::ScheduledOff);
    check(&off, "2026-03-02T06:00:00Z", Reason::ScheduledOn);
    check(&scheduled(json!([])), "2026-03-02T06:00:00Z", Reason::ScheduledOn);
}

#[test]
fn a_schedule_is_deaf_to_holidays_and_exceptions_but_reads_the_business_hours_zone() {
    let settings = |zone: Value| {
        rules_of(
            "Asia/Tokyo",
            json!({
                "mode": "scheduled",
                "afterHours": {"businessHours": {
                    "timezone": "America/Toronto", "schedule": {}, "holidays": ["2026-03-02"],
                    "exceptions": [{"date": "2026-03-02", "hours": null}]
                }},
                "customSchedule": {"timezone": zone, "rules": [
                    {"dayOfWeek": 1, "startTime": "09:00", "endTime": "10:00", "action": "enable"}
                ]}
            }),
        )
    };
    check(&settings(json!(null)), "2026-03-02T14:30:00Z", Reason::ScheduledOn);
    check(&settings(json!("Europe/London")), "2026-03-02T09:30:00Z", Reason::ScheduledOn);
}

#[test]
fn combined_asks_disable_then_hours_then_enable_then_the_count() {
    let all = rules(json!({
        "mode": "combined",
        "afterHours": {"enabled": true, "businessHours": {"schedule": {"monday": {"open": "09:00", "close": "17:00"}}}},
        "highVolume": {"enabled": true, "threshold": 2},
        "customSchedule": {"enabled": true, "rules": [
            {"dayOfWeek": 1, "startTime": "18:00", "endTime": "19:00", "action": "disable"},
            {"dayOfWeek": 1, "startTime": "10:00", "endTime": "11:00", "action": "enable"}
        ]}
    }));
    check_with(&all, 9, "2026-03-02T18:30:00Z", Reason::ScheduledOff);
    check_with(&all, 9, "2026-03-02T08:00:00Z", Reason::AfterHours);
    check_with(&all, 9, "2026-03-02T10:30:00Z", Reason::ScheduledOn);
    check_with(&all, 2, "2026-03-02T12:00:00Z", Reason::Overflow);
    check_with(&all, 1, "2026-03-02T12:00:00Z", Reason::NoneMatched);
    assert_eq!(next_change(&all, 1, false, at("2026-03-02T12:00:00Z")), Some(at("2026-03-02T17:00:00Z")));
    assert_eq!(next_change(&all, 2, false, at("2026-03-02T12:00:00Z")), Some(at("2026-03-02T18:00:00Z")));
}

#[test]
fn combined_hears_only_sections_that_are_enabled() {
    let none = rules(json!({
        "mode": "combined",
        "afterHours": {"enabled": false, "businessHours": {"schedule": {}}},
        "highVolume": {"threshold": 0},
        "customSchedule": {"rules": [{"dayOfWeek": 1, "startTime": "00:00", "endTime": "24:00", "action": "disable"}]}
    }));
    check_with(&none, 9, "2026-03-02T12:00:00Z", Reason::NoneMatched);
    check_change(&none, "2026-03-02T12:00:00Z", None);
}

#[test]
fn in_every_other_mode_flags_are_only_stored() {
    let hours = json!({"enabled": false, "businessHours": {"schedule": {}}});
    let rules = rules(json!({
        "mode": "after-hours-only", "afterHours": hours, "highVolume": {"enabled": true, "threshold": 0}
    }));
    check(&rules, "2026-03-02T12:00:00Z", Reason::AfterHours);
}

#[test]
fn an_override_comes_first_and_ends_by_itself() {
    let settings = json!({"mode": "disabled"});
    let by_hand = forced(Forced::ForceAi, Some("2026-03-02T12:00:00.5Z"));
    let (rules, _) = Rules::compile_stored(&settings, Some(&by_hand), "");
    check(&rules, "2026-03-02T12:00:00.499999999Z", Reason::OverrideOn);
    check(&rules, "2026-03-02T12:00:00.5Z", Reason::Disabled);
    check_change(&rules, "2026-03-02T11:00:00Z", Some("2026-03-02T12:00:00.5Z"));
    check_change(&rules, "2026-03-02T12:00:00.5Z", None);
    check_change(&rules, "2024-03-02T12:00:00Z", None);

    let (for_good, _) =
        Rules::compile_stored(&json!({"mode": "always"}), Some(&forced(Forced::ForceFallback, None)), "");
    check(&for_good, "2026-03-02T12:00:00Z", Reason::OverrideOff);
    check_change(&for_good, "2026-03-02T12:00:00Z", None);
}

#[test]
fn an_override_that_ends_where_nothing_changes_is_looked_past() {
    let settings = json!({
        "mode": "after-hours-only",
        "afterHours": {"businessHours": {"schedule": {"monday": {"open": "09:00", "close": "17:00"}}}}
    });
    let by_hand = forced(Forced::ForceFallback, Some("2026-03-02T12:00:00Z"));
    let (rules, _) = Rules::compile_stored(&settings, Some(&by_hand), "");
    check_change(&rules, "2026-03-02T06:00:00Z", Some("2026-03-02T17:00:00Z"));
}

#[test]
fn a_change_is_looked_for_400_days_ahead_and_no_further() {
    let clinic = clinic(json!({
        "schedule": {}, "exceptions": [{"date": "2027-04-06", "hours": {"open": "12:00", "close": "13:00"}}]
    }));
    check_change(&clinic, "2026-03-02T12:00:00Z", Some("2027-04-06T12:00:00Z"));
    check_change(&clinic, "2026-03-02T11:59:59Z", None);
}

#[test]
fn the_ends_of_time_are_answered_too() {
    let clinic = clinic(json!({
        "timezone": "Pacific/Kiritimati", "schedule": every_day(json!({"open": "22:00", "close": "06:00"}))
    }));
    for now in [Timestamp::MIN, Timestamp::MAX] {
        decide(&clinic, 0, false, now, &mut NoTrace);
        let change = next_change(&clinic, 0, false, now);
        assert_eq!(change.is_some(), now == Timestamp::MIN);
    }
}

#[test]
fn what_cannot_be_read_falls_back_and_says_why() {
    let (broken, doubts) = Rules::compile_stored(&json!({"mode": "sometimes"}), None, "");
    check_with(&broken, 9, "2026-03-02T12:00:00Z", Reason::NotConfigured);
    check_change(&broken, "2026-03-02T12:00:00Z", None);
    assert!(broken.is_broken());
    assert_eq!(doubts[0].pointer, "/mode");

    let (by_hand, _) = Rules::compile_stored(&json!(null), Some(&forced(Forced::ForceAi, None)), "");
    check(&by_hand, "2026-03-02T12:00:00Z", Reason::OverrideOn);
}

#[test]
fn a_tenants_zone_that_does_not_exist_matters_only_where_it_is_needed() {
    let hours = json!({"mode": "after-hours-only", "afterHours": {"businessHours": {"schedule": {}}}});
    let (broken, doubts) = Rules::compile_stored(&hours, None, "Mars/Olympus");
    check(&broken, "2026-03-02T12:00:00Z", Reason::NotConfigured);
    assert_eq!(doubts[0].pointer, "/timezone");
    assert!(!Rules::compile_stored(&json!({"mode": "always"}), None, "Mars/Olympus").0.is_broken());
}

#[test]
fn the_trace_names_each_rule_tried_what_it_saw_and_what_it_said() {
    let all = rules(json!({
        "mode": "combined",
        "afterHours": {"enabled": true, "businessHours": {
            "timezone": "America/Toronto", "schedule": {},
            "exceptions": [{"date": "2026-03-06", "hours": {"open": "22:00", "close": "06:00"}, "name": "fair"}]
        }},
        "highVolume": {"enabled": true},
        "customSchedule": {"enabled": true, "rules": []}
    }));
    let mut trace = Vec::new();
    decide(&all, 1, false, at("2026-03-07T10:30:00Z"), &mut trace);
    let lines: Vec<_> = trace.iter().map(|entry| format!("{}: {} -> {}", entry.rule, entry.saw, entry.said)).collect();
    assert_eq!(
        lines,
        [
            "customSchedule: Saturday 2026-03-07 05:30:00 in America/Toronto: no disable rule matches -> does not apply",
            "afterHours: Saturday 2026-03-07 05:30:00 in America/Toronto: open 22:00-06:00 begun on Friday 2026-03-06, \
         by the exception \"fair\" -> does not apply",
            "customSchedule: Saturday 2026-03-07 05:30:00 in America/Toronto: no enable rule matches -> does not apply",
            "highVolume: other live calls not with the AI: activeCallsCount 1, threshold 5 -> fallback: none-matched",
        ]
    );
}
