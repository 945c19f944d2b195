//! `patchbay decide`, line by line: order, errors in their place, bounds.

#![allow(clippy::unwrap_used)]

use std::io::Cursor;

use serde_json::json;

use super::*;

/// The answers to some lines, and whether one of them failed.
fn ask(input: &str) -> (Vec<Value>, bool) {
    let mut output = Vec::new();
    let failed = run(Cursor::new(input), &mut output).unwrap();
    let answers = String::from_utf8(output).unwrap();
    (answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), failed)
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("answered")
}

const GOOD: &str = r#"{"availability":{"mode":"always"},"at":"2026-03-02T12:00:00Z","activeCalls":0}"#;

#[test]
fn a_question_is_answered_with_reason_trace_and_next_change() {
    let question = json!({
        "availability": {
            "mode": "after-hours-only",
            "afterHours": {"businessHours": {"schedule": {"monday": {"open": "09:00", "close": "17:00"}}}}
        },
        "timezone": "America/Toronto", "at": "2026-03-02T12:00:00-05:00", "activeCalls": 3
    });
    let (answers, failed) = ask(&question.to_string());
    assert!(!failed);
    assert_eq!(
        answers[0],
        json!({
            "available": false, "reason": "business-hours",
            "trace": [{
                "rule": "afterHours",
                "saw": "Monday 2026-03-02 12:00:00 in America/Toronto: open 09:00-17:00 begun on Monday 2026-03-02",
                "said": "fallback: business-hours"
            }],
            "nextChange": "2026-03-02T22:00:00Z"
        })
    );
}

#[test]
fn a_bad_line_is_answered_in_its_place() {
    let wrong = r#"{"availability":{"mode":"always"},"activeCalls":0}"#;
    let (answers, failed) = ask(&[GOOD, "{", wrong, "[]", "", GOOD].join("\n"));
    let codes: Vec<_> = answers.iter().map(code).collect();
    assert_eq!(codes, ["answered", "json", "required", "type", "empty_line", "answered"]);
    assert!(failed);
    assert_eq!(answers[2]["error"]["message"], "/at: `at` is missing");
}

#[test]
fn the_last_line_may_lack_its_end_or_be_empty() {
    for input in [GOOD.to_owned(), format!("{GOOD}\n"), format!("{GOOD}\r\n\r\n"), format!("{GOOD}\n\n")] {
        let (answers, failed) = ask(&input);
        assert_eq!((answers.len(), failed), (1, false), "{input:?}");
    }
    assert_eq!(ask(""), (Vec::new(), false));
}

#[test]
fn a_line_that_is_too_long_is_refused_and_the_next_one_answered() {
    let long = "x".repeat(3 * LINE_BYTES_MAX);
    let (answers, failed) = ask(&format!("{GOOD}\n{long}\n{GOOD}\n{long}"));
    let codes: Vec<_> = answers.iter().map(code).collect();
    assert_eq!(codes, ["answered", "line_too_long", "answered", "line_too_long"]);
    assert!(failed);

    let just = format!("{GOOD}{}", " ".repeat(LINE_BYTES_MAX - GOOD.len()));
    assert_eq!(code(&ask(&just).0[0]), "answered");
    assert_eq!(code(&ask(&format!("{just} ")).0[0]), "line_too_long");
}

#[test]
fn lines_are_the_same_however_the_input_arrives() {
    let lines = format!("{GOOD}\n{{\n\n{GOOD}\n");
    let mut output = Vec::new();
    run(io::BufReader::with_capacity(7, lines.as_bytes()), &mut output).unwrap();
    let mut whole = Vec::new();
    run(Cursor::new(&lines), &mut whole).unwrap();
    assert_eq!(output, whole);
}

#[test]
fn bytes_that_are_no_text_are_an_error_in_place() {
    let mut output = Vec::new();
    assert!(run(Cursor::new(b"\xff\xfe\n{\"at\":\"\xff\"}\n"), &mut output).unwrap());
    assert_eq!(String::from_utf8(output).unwrap().lines().count(), 2);
}

#[test]
fn settings_are_checked_like_a_save_but_missing_hours_are_answered_with_a_warning() {
    let ask_one = |availability: Value| {
        let line = json!({"availability": availability, "at": "2026-03-02T12:00:00Z", "activeCalls": 0}).to_string();
        ask(&line).0.remove(0)
    };
    let missing = ask_one(json!({"mode": "after-hours-only"}));
    assert_eq!((&missing["reason"], &missing["available"]), (&json!("hours-missing"), &json!(true)));
    assert_eq!(missing["warnings"][0]["pointer"], "/availability/afterHours/businessHours");

    let calendar = json!({"mode": "after-hours-only", "afterHours": {"businessHours": {
        "schedule": {}, "holidayCalendar": "CA-ON"
    }}});
    let refused = ask_one(calendar);
    assert_eq!(code(&refused), "not_supported");
    assert_eq!(refused["error"]["errors"][0]["pointer"], "/availability/afterHours/businessHours/holidayCalendar");
    assert_eq!(code(&ask_one(json!({"mode": "always", "fallback": {"type": "forward"}}))), "required");
}

#[test]
fn availability_may_hold_an_override_here() {
    let line = |forced: Value| {
        let availability = json!({"mode": "always", "override": forced});
        json!({"availability": availability, "at": "2026-03-02T12:00:00Z", "activeCalls": 0}).to_string()
    };
    let (answers, _) = ask(&[
        line(json!({"state": "force-fallback", "until": "2026-03-02T12:00:01Z", "note": "fire drill"})),
        line(json!({"state": "force-fallback", "until": "2026-03-02T12:00:00Z"})),
        line(json!(null)),
        line(json!({"state": "off"})),
    ]
    .join("\n"));
    assert_eq!(answers[0]["reason"], "override-off");
    assert_eq!(answers[0]["nextChange"], "2026-03-02T12:00:01Z");
    assert_eq!(answers[1]["reason"], "always-on");
    assert_eq!(answers[2]["reason"], "always-on");
    assert_eq!(answers[3]["error"]["errors"][0]["pointer"], "/availability/override/state");
}

#[test]
fn every_part_of_a_question_is_checked() {
    for (key, wrong, expected) in [
        ("at", json!("2026-03-02"), "date_time"),
        ("at", json!(5), "date_time"),
        ("at", json!(null), "required"),
        ("activeCalls", json!(-1), "type"),
        ("activeCalls", json!("3"), "type"),
        ("activeCalls", json!(null), "required"),
        ("timezone", json!("Mars/Olympus"), "timezone"),
        ("timezone", json!(5), "timezone"),
        ("alreadyOverflowed", json!(1), "type"),
        ("availability", json!(null), "required"),
        ("availability", json!([]), "type"),
    ] {
        let mut question: Value = serde_json::from_str(GOOD).unwrap();
        question[key] = wrong.clone();
        let (answers, _) = ask(&question.to_string());
        assert_eq!(code(&answers[0]), expected, "{key}: {wrong}");
    }
}

#[test]
fn an_unknown_part_of_a_question_is_named() {
    let (answers, failed) = ask(
        r#"{"availability":{"mode":"always"},"at":"2026-03-02T12:00:00Z","activeCalls":18446744073709551615,"x":1}"#,
    );
    assert!(!failed);
    assert_eq!(answers[0]["warnings"][0]["pointer"], "/x");
}
