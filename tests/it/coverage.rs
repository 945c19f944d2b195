//! Who answers when, through the admin API: as JSON, of settings that were not saved, and as a picture.

use axum::http::Method;
use serde_json::{Value, json};

use crate::admin_desk::Desk;

/// Open from nine to five on weekdays, with a day off; busy staff are helped.
fn hours() -> Value {
    let day = json!({"open": "09:00", "close": "17:00"});
    json!({
        "mode": "combined",
        "afterHours": {"enabled": true, "businessHours": {
            "timezone": "America/Toronto",
            "schedule": {"monday": day, "tuesday": day, "wednesday": day, "thursday": day, "friday": day},
            "holidays": ["2026-10-30"],
            "exceptions": [{"date": "2026-11-02", "hours": {"open": "10:00", "close": "12:00"}, "name": "<Inventory> & \"count\""}]
        }},
        "highVolume": {"enabled": true, "threshold": 2}
    })
}

async fn shop(desk: &Desk) -> String {
    let made = json!({"name": "Smile & <Dental>", "timezone": "America/Toronto"});
    let id = desk.post("/api/tenants", made).await.expect(201)["id"].as_str().unwrap().to_owned();
    desk.put(&format!("/api/tenants/{id}/availability"), hours()).await.expect(200);
    id
}

fn reasons(told: &Value) -> Vec<String> {
    let spans = told["spans"].as_array().unwrap().iter();
    let reason = |answer: &Value| answer["reason"].as_str().unwrap().to_owned();
    spans
        .map(|span| format!("{} {} {}", span["from"].as_str().unwrap(), reason(&span["quiet"]), reason(&span["busy"])))
        .collect()
}

#[tokio::test]
async fn days_are_covered_from_midnight_to_midnight_of_the_tenants_clock() {
    let desk = Desk::new().await;
    let id = shop(&desk).await;
    let told = desk.get(&format!("/api/tenants/{id}/coverage?from=2026-10-30&days=4")).await.expect(200);
    assert_eq!((&told["timezone"], &told["from"]), (&json!("America/Toronto"), &json!("2026-10-30")));
    assert_eq!((&told["days"], &told["threshold"]), (&json!(4), &json!(2)));
    let expected = [
        "2026-10-30T04:00:00Z after-hours after-hours",
        "2026-11-02T15:00:00Z none-matched overflow",
        "2026-11-02T17:00:00Z after-hours after-hours",
    ];
    assert_eq!(reasons(&told), expected);
    assert_eq!(told["spans"][2]["until"], "2026-11-03T05:00:00Z", "clocks have gone back meanwhile");
    assert_eq!(told["spans"][1]["busy"], json!({"available": true, "reason": "overflow"}));
    let marks = json!([
        {"at": "2026-10-30T04:00:00Z", "kind": "holiday", "label": "holiday"},
        {"at": "2026-11-01T06:00:00Z", "kind": "clock-change", "label": "clocks go back 1 hour"},
        {"at": "2026-11-02T05:00:00Z", "kind": "exception", "label": "<Inventory> & \"count\""}
    ]);
    assert_eq!(told["marks"], marks);
}

#[tokio::test]
async fn where_nothing_is_said_it_is_four_weeks_from_today() {
    let desk = Desk::new().await;
    let id = shop(&desk).await;
    let told = desk.get(&format!("/api/tenants/{id}/coverage")).await.expect(200);
    assert_eq!((&told["from"], &told["days"]), (&json!("2026-11-20"), &json!(28)));
    let posted = desk.ask(Method::POST, &format!("/api/tenants/{id}/coverage"), &[], None).await.expect(200);
    assert_eq!(posted, told);
}

#[tokio::test]
async fn settings_that_were_not_saved_are_covered_and_stay_unsaved() {
    let desk = Desk::new().await;
    let id = shop(&desk).await;
    let at = format!("/api/tenants/{id}/coverage");
    let body = json!({"availability": {"mode": "always"}, "from": "2026-11-30", "days": 1});
    let told = desk.post(&at, body).await.expect(200);
    assert_eq!(reasons(&told), ["2026-11-30T05:00:00Z always-on always-on"]);
    assert_eq!(told["threshold"], Value::Null);
    assert_eq!(desk.get(&format!("/api/tenants/{id}/availability")).await.expect(200), hours());
    let bad = json!({"availability": {"mode": "sometimes"}, "from": "2026-11-31", "days": 401, "colour": "red"});
    let faults = desk.post(&at, bad).await.faults();
    assert_eq!(faults, ["/from date", "/days range", "/colour unknown_key"]);
    let faults = desk.post(&at, json!({"availability": {"mode": "sometimes"}})).await.faults();
    assert_eq!(faults, ["/availability/mode unknown_value"]);
}

#[tokio::test]
async fn an_override_counts_until_it_ends_and_its_end_is_marked() {
    let desk = Desk::new().await;
    let id = shop(&desk).await;
    let forced = json!({"state": "force-fallback", "until": "2026-11-20T20:00:00Z"});
    desk.put(&format!("/api/tenants/{id}/override"), forced).await.expect(200);
    let told = desk.get(&format!("/api/tenants/{id}/coverage?days=1")).await.expect(200);
    let expected = [
        "2026-11-20T05:00:00Z override-off override-off",
        "2026-11-20T20:00:00Z none-matched overflow",
        "2026-11-20T22:00:00Z after-hours after-hours",
    ];
    assert_eq!(reasons(&told), expected);
    let mark = json!({"at": "2026-11-20T20:00:00Z", "kind": "override", "label": "the override to the fallback ends"});
    assert_eq!(told["marks"], json!([mark]));
}

#[tokio::test]
async fn what_is_no_day_or_too_many_is_refused_by_name() {
    let desk = Desk::new().await;
    let id = shop(&desk).await;
    for place in ["coverage", "coverage.svg"] {
        let at = |query: &str| format!("/api/tenants/{id}/{place}?{query}");
        for good in ["days=1", "days=400", "from=2024-02-29", "from=0001-01-01", "from=1883-11-18&days=400"] {
            assert_eq!(desk.get(&at(good)).await.status, 200, "{good}");
        }
        for (bad, fault) in [
            ("days=0", "?days range"),
            ("days=401", "?days range"),
            ("from=2026-02-29", "?from date"),
            ("from=today", "?from date"),
            ("from=9999-12-31", "?from date"),
            ("until=2026-11-30", "?until unknown_parameter"),
        ] {
            assert_eq!(desk.get(&at(bad)).await.faults(), [fault], "{bad}");
        }
    }
}

#[tokio::test]
async fn the_picture_is_told_in_words_too_loads_nothing_and_escapes_what_others_wrote() {
    let desk = Desk::new().await;
    let id = shop(&desk).await;
    let answer = desk.get(&format!("/api/tenants/{id}/coverage.svg?from=2026-10-31&days=3")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "image/svg+xml");
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; style-src 'unsafe-inline'");
    let mut reader = quick_xml::Reader::from_str(&answer.text);
    reader.config_mut().check_end_names = true;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => break,
            Ok(_) => {}
            Err(error) => panic!("{error}: {}", answer.text),
        }
    }
    for foreign in ["<script", "href", "http://", "https://"] {
        let own = answer.text.replace("http://www.w3.org/2000/svg", "");
        assert!(!own.contains(foreign), "{foreign}");
    }
    insta::assert_snapshot!("coverage_picture", answer.text);
}

#[tokio::test]
async fn days_of_other_lengths_are_as_long_as_they_are() {
    let desk = Desk::new().await;
    let id = shop(&desk).await;
    let drawn = async |from: &str| desk.get(&format!("/api/tenants/{id}/coverage.svg?from={from}&days=1")).await.text;
    // An hour is 24 wide, and rows begin at 124.
    for (from, end, words) in [
        ("2026-03-08", 676.0, Some("23 hours, 03:00 clocks go forward 1 hour")),
        ("2026-11-01", 724.0, Some("25 hours, 01:00 clocks go back 1 hour")),
        ("2026-11-09", 700.0, None),
    ] {
        let svg = drawn(from).await;
        assert!(svg.contains(&format!("H{end:.1}V")), "{from}: {svg}");
        assert_eq!(words.is_some_and(|words| svg.contains(words)), words.is_some(), "{from}: {svg}");
    }
    let made = json!({"name": "Apia", "timezone": "Pacific/Apia"});
    let apia = desk.post("/api/tenants", made).await.expect(201)["id"].as_str().unwrap().to_owned();
    let svg = desk.get(&format!("/api/tenants/{apia}/coverage.svg?from=2011-12-29&days=3")).await.text;
    assert!(svg.contains("clocks passed over this day"), "{svg}");
}
