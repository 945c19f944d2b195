//! Every key of the settings at its limits: what is accepted, doubted and refused, and where a fault is said to be.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::{E164, FallbackKind, NoAnswer, Ring};

/// The settings every tenant begins with.
fn standard() -> Value {
    json!({
        "mode": "always",
        "afterHours": {"enabled": false},
        "highVolume": {"enabled": false, "threshold": 5},
        "customSchedule": {"enabled": false, "rules": []}
    })
}

fn week(hours: Value) -> Value {
    json!({"schedule": {"monday": hours}})
}

fn with_hours(business: Value) -> Value {
    json!({"mode": "after-hours-only", "afterHours": {"businessHours": business}})
}

fn with_fallback(fallback: Value) -> Value {
    json!({"mode": "always", "fallback": fallback})
}

fn with_rule(rule: Value) -> Value {
    json!({"mode": "scheduled", "customSchedule": {"rules": [rule]}})
}

fn places(faults: &[Fault]) -> Vec<(&str, &str)> {
    faults.iter().map(|fault| (fault.pointer.as_str(), fault.code.as_str())).collect()
}

/// What a save is refused for.
#[track_caller]
fn refused(given: Value, expected: &[(&str, &str)]) {
    let faults = Availability::read(&given, Strictness::Save).unwrap_err();
    assert_eq!(places(&faults), expected, "{given}");
}

/// What a save warns of.
#[track_caller]
fn accepted(given: Value, expected: &[(&str, &str)]) -> Availability {
    let reading = Availability::read(&given, Strictness::Save).unwrap();
    assert_eq!(places(&reading.warnings), expected, "{given}");
    reading.availability
}

#[test]
fn the_settings_of_a_new_tenant_are_accepted_without_a_word() {
    let availability = accepted(standard(), &[]);
    assert_eq!(availability.mode, Mode::Always);
    assert_eq!(availability.fallback, Fallback::default());
}

#[test]
fn every_key_of_the_source_documents_is_accepted() {
    let day = json!({"open": "09:00", "close": "17:00"});
    let given = json!({
        "mode": "after-hours-only",
        "afterHours": {
            "enabled": true,
            "businessHours": {
                "timezone": "America/Toronto",
                "schedule": {
                    "monday": day, "tuesday": day, "wednesday": day, "thursday": day, "friday": day,
                    "saturday": null, "sunday": null
                },
                "holidays": ["2026-12-25"]
            }
        },
        "highVolume": {"enabled": true, "threshold": 3, "estimatedWaitMinutes": 5},
        "customSchedule": {
            "enabled": true,
            "rules": [{"dayOfWeek": 0, "startTime": "09:00", "endTime": "17:00", "action": "enable"}]
        },
        "fallback": {"type": "forward", "forwardNumber": "+14165550123", "voicemailGreeting": "Please leave a message."}
    });
    let availability = accepted(given, &[("/highVolume/estimatedWaitMinutes", "not_supported")]);
    assert_eq!(availability.high_volume.threshold, 3);
    assert_eq!(availability.fallback.forward, [E164::parse("+14165550123").unwrap()]);
}

#[test]
fn what_is_absent_or_null_has_its_default() {
    let availability = accepted(
        json!({"mode": "overflow-only", "afterHours": null, "highVolume": {"threshold": null}, "fallback": null}),
        &[],
    );
    assert_eq!(availability.high_volume.threshold, 5);
    assert!(!availability.high_volume.enabled);
    assert!(availability.custom_schedule.rules.is_empty());
    assert!(availability.after_hours.hours.is_none());
    assert_eq!(availability.fallback.kind, FallbackKind::Voicemail);
}

#[test]
fn all_faults_are_named_at_once_each_with_its_place() {
    refused(
        json!({
            "mode": "sometimes",
            "afterHours": {"enabled": "yes", "businessHours": {
                "timezone": "Mars/Olympus",
                "schedule": {"monday": {"open": "9:00", "close": "17:00"}, "friday": 3},
                "holidays": ["2026-02-29"]
            }},
            "highVolume": {"threshold": -1},
            "customSchedule": {"rules": [{"dayOfWeek": 7, "startTime": "09:00", "endTime": "09:00", "action": "off"}]},
            "fallback": {"type": "forward"}
        }),
        &[
            ("/mode", "unknown_value"),
            ("/afterHours/enabled", "type"),
            ("/afterHours/businessHours/timezone", "timezone"),
            ("/afterHours/businessHours/holidays/0", "date"),
            ("/afterHours/businessHours/schedule/monday/open", "time"),
            ("/afterHours/businessHours/schedule/friday", "type"),
            ("/highVolume/threshold", "range"),
            ("/customSchedule/rules/0/dayOfWeek", "range"),
            ("/customSchedule/rules/0/endTime", "equal_times"),
            ("/customSchedule/rules/0/action", "unknown_value"),
            ("/fallback/forwardNumber", "required"),
        ],
    );
}

#[test]
fn what_is_no_object_or_has_no_mode_is_refused() {
    for given in [json!(null), json!(3), json!("always"), json!([]), json!(true)] {
        refused(given, &[("", "type")]);
    }
    refused(json!({}), &[("/mode", "required")]);
    refused(json!({"mode": null}), &[("/mode", "required")]);
    refused(json!({"mode": 3}), &[("/mode", "type")]);
    refused(json!({"mode": "Always"}), &[("/mode", "unknown_value")]);
    refused(json!({"mode": "always", "afterHours": []}), &[("/afterHours", "type")]);
}

#[test]
fn a_time_of_day_is_hh_mm_and_midnight_is_24_only_as_an_end() {
    let place = "/afterHours/businessHours/schedule/monday";
    for (open, close) in [("00:00", "24:00"), ("22:00", "06:00"), ("09:00", "00:00"), ("00:00", "23:59")] {
        accepted(with_hours(week(json!({"open": open, "close": close}))), &[]);
    }
    for bad in ["24:00", "9:00", "09:60", "25:00", "", "noon", "09:00:00"] {
        let at = format!("{place}/open");
        refused(with_hours(week(json!({"open": bad, "close": "17:00"}))), &[(&at, "time")]);
    }
    let at = format!("{place}/close");
    refused(with_hours(week(json!({"open": "09:00", "close": "24:01"}))), &[(&at, "time")]);
    refused(with_hours(week(json!({"open": "09:00", "close": "09:00"}))), &[(&at, "equal_times")]);
    refused(with_hours(week(json!({"open": "00:00", "close": "00:00"}))), &[(&at, "equal_times")]);
    refused(with_hours(week(json!({"open": "09:00"}))), &[(&at, "required")]);
    refused(with_hours(week(json!({"open": "09:00", "close": 17}))), &[(&at, "type")]);
}

#[test]
fn a_weekday_is_null_one_stretch_or_a_list_of_them() {
    let lunch = json!([{"open": "09:00", "close": "12:00"}, {"open": "11:00", "close": "17:00"}]);
    for hours in [json!(null), json!([]), json!({"open": "09:00", "close": "17:00"}), lunch] {
        accepted(with_hours(week(hours)), &[]);
    }
    let place = "/afterHours/businessHours/schedule/monday";
    for bad in [json!("09:00-17:00"), json!(true), json!(9)] {
        refused(with_hours(week(bad)), &[(place, "type")]);
    }
    let second = format!("{place}/1");
    refused(with_hours(week(json!([{"open": "09:00", "close": "12:00"}, null]))), &[(&second, "type")]);
    let many = vec![json!({"open": "09:00", "close": "12:00"}); 49];
    refused(with_hours(week(json!(many))), &[(place, "too_many")]);
}

#[test]
fn hours_a_mode_needs_are_asked_for_on_save_and_lived_with_once_stored() {
    for given in [
        json!({"mode": "after-hours-only"}),
        json!({"mode": "after-hours-only", "afterHours": {"businessHours": null}}),
        json!({"mode": "after-hours-only", "afterHours": {"businessHours": {"timezone": "UTC"}}}),
        json!({"mode": "combined", "afterHours": {"enabled": true}}),
    ] {
        refused(given.clone(), &[("/afterHours/businessHours", "required")]);
        let reading = Availability::read(&given, Strictness::Stored).unwrap();
        assert_eq!(places(&reading.warnings), [("/afterHours/businessHours", "hours_missing")], "{given}");
    }
    let others_suffice = json!({"mode": "combined", "afterHours": {"enabled": false}, "highVolume": {"enabled": true}});
    accepted(others_suffice, &[]);
    accepted(json!({"mode": "overflow-only"}), &[]);
}

#[test]
fn a_week_without_days_is_closed_not_missing() {
    let availability = accepted(with_hours(json!({"schedule": {}})), &[]);
    assert!(availability.after_hours.hours.is_some());
}

#[test]
fn exceptions_name_a_date_or_a_range_and_say_their_hours() {
    let given = |exception: Value| with_hours(json!({"schedule": {}, "exceptions": [exception]}));
    for good in [
        json!({"date": "2026-12-24", "hours": {"open": "09:00", "close": "12:00"}, "name": "Christmas Eve"}),
        json!({"from": "2026-12-24", "to": "2026-12-24", "hours": null}),
        json!({"from": "2026-12-24", "to": "2027-01-02", "hours": [{"open": "22:00", "close": "02:00"}]}),
    ] {
        accepted(given(good), &[]);
    }
    let place = "/afterHours/businessHours/exceptions/0";
    for (bad, key, code) in [
        (json!({"hours": null}), "date", "required"),
        (json!({"date": "2026-12-24"}), "hours", "required"),
        (json!({"from": "2026-12-24", "hours": null}), "to", "required"),
        (json!({"to": "2026-12-24", "hours": null}), "from", "required"),
        (json!({"from": "2026-12-24", "to": "2026-12-23", "hours": null}), "to", "range"),
        (json!({"date": "2026-12-24", "to": "2026-12-25", "hours": null}), "date", "conflict"),
        (json!({"date": "--12-24", "hours": null}), "date", "date"),
        (json!({"date": 20261224, "hours": null}), "date", "date"),
        (json!({"date": "2026-12-24", "hours": 9}), "hours", "type"),
        (json!({"date": "2026-12-24", "hours": null, "name": 9}), "name", "type"),
    ] {
        let at = format!("{place}/{key}");
        refused(given(bad), &[(&at, code)]);
    }
}

#[test]
fn keys_not_obeyed_yet_are_refused_never_just_stored() {
    let hours = "/afterHours/businessHours";
    for key in ["holidayCalendar", "calendarUrl"] {
        let at = format!("{hours}/{key}");
        refused(with_hours(json!({"schedule": {}, key: "CA-ON"})), &[(&at, "not_supported")]);
    }
    for key in ["plan", "staffFirst", "menu", "callback", "callers", "holidayCalendar", "calendarUrl"] {
        let at = format!("/{key}");
        refused(json!({"mode": "always", key: {}}), &[(&at, "not_supported")]);
    }
    accepted(with_hours(json!({"schedule": {}, "holidayCalendar": null})), &[]);
}

#[test]
fn an_override_is_no_part_of_saved_settings() {
    let given = json!({"mode": "always", "override": {"state": "force-ai"}});
    refused(given.clone(), &[("/override", "not_supported")]);
    let reading = Availability::read(&given, Strictness::Stored).unwrap();
    assert_eq!(places(&reading.warnings), [("/override", "unknown_key")]);
}

#[test]
fn unknown_keys_are_named_wherever_they_are() {
    let given = json!({
        "mode": "after-hours-only", "a/b~c": 1,
        "afterHours": {"x": 1, "businessHours": {"y": 1, "schedule": {"Monday": null, "monday": {
            "open": "09:00", "close": "17:00", "note": "z"
        }}, "exceptions": [{"date": "2026-12-24", "hours": null, "why": ""}]}},
        "highVolume": {"limit": 3},
        "customSchedule": {"rules": [
            {"dayOfWeek": 0, "startTime": "09:00", "endTime": "17:00", "action": "enable", "name": ""}
        ]},
        "fallback": {"type": "voicemail", "sip": ""}
    });
    accepted(
        given,
        &[
            ("/a~1b~0c", "unknown_key"),
            ("/afterHours/x", "unknown_key"),
            ("/afterHours/businessHours/y", "unknown_key"),
            ("/afterHours/businessHours/exceptions/0/why", "unknown_key"),
            ("/afterHours/businessHours/schedule/Monday", "unknown_key"),
            ("/afterHours/businessHours/schedule/monday/note", "unknown_key"),
            ("/highVolume/limit", "unknown_key"),
            ("/customSchedule/rules/0/name", "unknown_key"),
            ("/fallback/sip", "unknown_key"),
        ],
    );
}

#[test]
fn a_threshold_is_a_whole_number_however_it_is_written() {
    let given = |threshold: Value| json!({"mode": "overflow-only", "highVolume": {"threshold": threshold}});
    for (written, threshold) in [(json!(0), 0), (json!(7), 7), (json!(3.0), 3), (json!(4_294_967_295u64), u32::MAX)] {
        assert_eq!(accepted(given(written), &[]).high_volume.threshold, threshold);
    }
    for bad in [json!(-1), json!(4_294_967_296u64), json!(-3.0), json!(1e20)] {
        refused(given(bad), &[("/highVolume/threshold", "range")]);
    }
    for bad in [json!(2.5), json!("3"), json!(true), json!([])] {
        refused(given(bad), &[("/highVolume/threshold", "type")]);
    }
}

#[test]
fn rules_name_day_times_and_action() {
    accepted(with_rule(json!({"dayOfWeek": 6, "startTime": "22:00", "endTime": "24:00", "action": "disable"})), &[]);
    let place = "/customSchedule/rules/0";
    let keys = ["dayOfWeek", "startTime", "endTime", "action"].map(|key| format!("{place}/{key}"));
    refused(with_rule(json!({})), &keys.each_ref().map(|key| (key.as_str(), "required")));
    refused(
        with_rule(json!({"dayOfWeek": "1", "startTime": "24:00", "endTime": "1:00", "action": 1})),
        &[(&keys[0], "type"), (&keys[1], "time"), (&keys[2], "time"), (&keys[3], "type")],
    );
    refused(json!({"mode": "always", "customSchedule": {"rules": {}}}), &[("/customSchedule/rules", "type")]);
}

#[test]
fn settings_that_change_nothing_are_doubted() {
    accepted(json!({"mode": "scheduled"}), &[("/customSchedule/rules", "no_rules")]);
    accepted(json!({"mode": "combined"}), &[("/mode", "nothing_enabled")]);
}

#[test]
fn a_forward_rings_one_number_or_several() {
    let one = with_fallback(json!({"type": "forward", "forwardNumber": "+16475550123"}));
    assert_eq!(accepted(one, &[]).fallback.forward.len(), 1);
    let fallback = accepted(
        with_fallback(json!({
            "type": "forward", "forwardNumber": ["+16475550123", "+16475550124", "+16475550123"],
            "ring": "in-turn", "acceptKey": true, "noAnswer": "ai"
        })),
        &[("/fallback/forwardNumber/2", "duplicate")],
    )
    .fallback;
    assert_eq!(fallback.forward.len(), 2);
    assert_eq!((fallback.ring, fallback.accept_key, fallback.no_answer), (Ring::InTurn, true, NoAnswer::Ai));
}

#[test]
fn a_forward_without_a_number_that_can_be_dialled_is_refused() {
    let place = "/fallback/forwardNumber";
    for none in [json!(null), json!([])] {
        refused(with_fallback(json!({"type": "forward", "forwardNumber": none})), &[(place, "required")]);
    }
    for bad in [json!(""), json!("6475550123"), json!("+123"), json!("+1 647 555 0123"), json!("sip:staff@example.com")]
    {
        refused(with_fallback(json!({"type": "forward", "forwardNumber": bad})), &[(place, "e164")]);
    }
    refused(with_fallback(json!({"type": "forward", "forwardNumber": 16_475_550_123u64})), &[(place, "type")]);
    let second = format!("{place}/1");
    let list = json!({"type": "forward", "forwardNumber": ["+16475550123", "x"]});
    refused(with_fallback(list), &[(&second, "e164")]);
    let eleven = json!({"type": "forward", "forwardNumber": vec!["+16475550123"; 11]});
    refused(with_fallback(eleven), &[(place, "too_many")]);
}

#[test]
fn a_number_nobody_rings_is_checked_too_but_may_be_left_blank() {
    accepted(with_fallback(json!({"type": "voicemail", "forwardNumber": ""})), &[]);
    let wrong = json!({"type": "voicemail", "forwardNumber": "staff"});
    refused(with_fallback(wrong), &[("/fallback/forwardNumber", "e164")]);
}

#[test]
fn the_words_of_a_fallback_are_a_closed_set() {
    refused(with_fallback(json!({})), &[("/fallback/type", "required")]);
    let wrong = json!({
        "type": "fax", "ring": "all", "noAnswer": "hang-up", "acceptKey": 1, "transcribe": "no", "reject": []
    });
    let all = ["type", "ring", "acceptKey", "noAnswer", "transcribe", "reject"].map(|key| format!("/fallback/{key}"));
    let codes = ["unknown_value", "unknown_value", "type", "unknown_value", "type", "type"];
    let expected: Vec<_> = all.iter().map(String::as_str).zip(codes).collect();
    refused(with_fallback(wrong), &expected);
    let fallback = accepted(with_fallback(json!({"type": "busy-signal", "reject": true, "transcribe": true})), &[]);
    assert_eq!(fallback.fallback.kind, FallbackKind::BusySignal);
    assert!(fallback.fallback.reject && fallback.fallback.transcribe);
}

#[test]
fn a_greeting_is_any_text_that_twilio_says_in_one_go() {
    let given = |greeting: &str| with_fallback(json!({"type": "voicemail", "voicemailGreeting": greeting}));
    for text in ["Bonjour \u{1F600}", "a\0b\u{1}]]>", "\u{202E}RTL", &"é".repeat(3_000)] {
        assert_eq!(accepted(given(text), &[]).fallback.greeting.as_deref(), Some(text));
    }
    for blank in ["", "  \n"] {
        assert_eq!(accepted(given(blank), &[]).fallback.greeting, None);
    }
    refused(given(&"é".repeat(3_001)), &[("/fallback/voicemailGreeting", "too_long")]);
}

#[test]
fn a_sound_fallback_is_saved_from_broken_settings() {
    let sound = json!({"mode": "sometimes", "fallback": {"type": "busy-signal"}});
    assert_eq!(Availability::salvage_fallback(&sound).kind, FallbackKind::BusySignal);
    for broken in [json!(null), json!({}), json!({"fallback": {"type": "forward", "forwardNumber": "x"}})] {
        assert_eq!(Availability::salvage_fallback(&broken), Fallback::default(), "{broken}");
    }
}

#[test]
fn an_override_says_which_way_and_until_when() {
    let reading = read_override(&json!({"state": "force-ai", "until": "2026-12-25T09:00:00+01:00", "note": "flood"}));
    let forced = reading.unwrap().forced;
    assert_eq!(forced.until, Some("2026-12-25T08:00:00Z".parse().unwrap()));
    assert!(read_override(&json!({"state": "force-fallback", "until": null})).unwrap().forced.until.is_none());
    for (bad, expected) in [
        (json!({}), ("/state", "required")),
        (json!({"state": "on"}), ("/state", "unknown_value")),
        (json!({"state": "force-ai", "until": "tomorrow"}), ("/until", "date_time")),
        (json!({"state": "force-ai", "until": 5}), ("/until", "type")),
        (json!({"state": "force-ai", "note": 5}), ("/note", "type")),
        (json!([]), ("", "type")),
    ] {
        assert_eq!(places(&read_override(&bad).unwrap_err()), [expected], "{bad}");
    }
}

/// Any JSON, with our own keys and words among the others so that it gets deep.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "always",
        "combined",
        "after-hours-only",
        "09:00",
        "24:00",
        "2026-12-25",
        "--02-29",
        "UTC",
        "forward",
        "enable",
        "+16475550123",
        "",
        "\0",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..8u8).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    let key = prop_oneof![
        9 => prop::sample::select(vec![
            "mode", "afterHours", "businessHours", "schedule", "monday", "open", "close", "holidays", "exceptions", "date",
            "from", "to", "hours", "name", "highVolume", "threshold", "estimatedWaitMinutes", "customSchedule", "rules",
            "dayOfWeek", "startTime", "endTime", "action", "fallback", "type", "forwardNumber", "enabled", "timezone",
            "override", "state", "until", "plan",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    leaf.prop_recursive(6, 96, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused_with_places_that_exist(given in any_json()) {
        for strictness in [Strictness::Save, Strictness::Stored] {
            match Availability::read(&given, strictness) {
                Ok(reading) => {
                    for warning in reading.warnings.iter().filter(|warning| warning.code == "unknown_key") {
                        prop_assert!(given.pointer(&warning.pointer).is_some(), "{}", warning.pointer);
                    }
                }
                Err(faults) => {
                    prop_assert!(!faults.is_empty());
                    for fault in faults.iter().filter(|fault| fault.code != "required") {
                        prop_assert!(given.pointer(&fault.pointer).is_some(), "{}", fault.pointer);
                    }
                }
            }
        }
        let _ = read_override(&given);
    }
}
