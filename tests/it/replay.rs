//! How recorded calls would have gone: of a stretch of them, and of one. Calls come in through the real edge, or are
//! records of then.

use jiff::{SignedDuration, Timestamp};
use patchbay::model::{CallBegan, CallEnded, Decision, EndedBy, Reason, Record, TenantId};
use reqwest::Method;
use serde_json::{Value, json};

use crate::admin_desk::Desk;
use crate::commands_support::Shell;
use crate::rig::{Rig, call_sid};
use crate::store_fixtures::{began, ended, numbered};

const DAY: &str = "2026-11-19T00:00:00Z";

fn on_the_day(minute: i64) -> Timestamp {
    DAY.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

/// A call of that day that lasted ten minutes.
fn call(name: &str, tenant: &str, minute: i64, others: u32, decision: Decision) -> [Record; 2] {
    let tenant = TenantId::parse(tenant).unwrap();
    let at = on_the_day(minute);
    let began = CallBegan { at, others, decision, tenant_version: 1, ..began(name, Some(&tenant), 0) };
    let over = CallEnded { at: on_the_day(minute + 10), ..ended(name, EndedBy::Status, 0) };
    [Record::CallBegan(began), Record::CallEnded(over)]
}

async fn keep(desk: &Desk, calls: Vec<[Record; 2]>) {
    let records: Vec<Record> = calls.into_iter().flatten().collect();
    for (place, part) in records.chunks(1_000).enumerate() {
        desk.store.apply("journal", &numbered(1 + place as u64 * 1_000, part)).await.unwrap();
    }
}

fn the_day(availability: Value) -> Value {
    let mut body = json!({"from": DAY, "to": on_the_day(24 * 60).to_string()});
    if !availability.is_null() {
        body["availability"] = availability;
    }
    body
}

async fn replayed(desk: &Desk, tenant: &str, availability: Value) -> Value {
    desk.post(&format!("/api/tenants/{tenant}/replay"), the_day(availability)).await.expect(200)
}

fn counts(told: &Value) -> [u64; 4] {
    ["calls", "same", "differ", "unknown"].map(|name| told[name].as_u64().unwrap())
}

/// A tenant with something at Vapi to dial.
async fn tenant(desk: &Desk, availability: Value) -> String {
    let made = json!({
        "name": "Smile Dental",
        "target": {"kind": "assistant", "id": "asst-1"},
        "connect": {"via": "sip", "sipUri": "sip:desk@sip.vapi.ai", "username": "desk", "password": "an-invented-password"}
    });
    let id = desk.post("/api/tenants", made).await.expect(201)["id"].as_str().unwrap().to_owned();
    desk.put(&format!("/api/tenants/{id}/availability"), availability).await.expect(200);
    id
}

const STAFF: Decision = Decision::fallback(Reason::Disabled);
const AI: Decision = Decision::ai(Reason::AlwaysOn);

#[tokio::test]
async fn a_replay_counts_exactly_the_calls_that_somebody_else_would_have_answered() {
    let desk = Desk::new().await;
    let id = tenant(&desk, json!({"mode": "disabled"})).await;
    // Open from nine to five: of a call every hour of that Thursday sixteen would have been the AI's.
    keep(&desk, (0..24).map(|hour| call(&format!("CA{hour:02}"), &id, hour * 60, 0, STAFF)).collect()).await;
    let schedule = json!({"thursday": {"open": "09:00", "close": "17:00"}});
    let hours =
        json!({"mode": "after-hours-only", "afterHours": {"businessHours": {"timezone": "UTC", "schedule": schedule}}});
    let told = replayed(&desk, &id, hours).await;
    assert_eq!(counts(&told), [24, 8, 16, 0]);
    assert_eq!((&told["until"], &told["truncated"]), (&told["to"], &json!(false)));
    let changes = told["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 16);
    let newest = json!({
        "sid": "CA23", "at": "2026-11-19T23:00:00Z", "from": "+16475550111", "activeCalls": 0,
        "then": {"available": false, "reason": "disabled"}, "now": {"available": true, "reason": "after-hours"}
    });
    assert_eq!((&changes[0], &changes[15]["sid"]), (&newest, &json!("CA00")));
    // What is not of that day, or not of that tenant, is not replayed.
    let body = json!({"from": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00Z"});
    let told = desk.post(&format!("/api/tenants/{id}/replay"), body).await.expect(200);
    assert_eq!(counts(&told), [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_call_that_goes_elsewhere_changes_the_count_of_those_after_it_while_it_lives() {
    let desk = Desk::new().await;
    let id = tenant(&desk, json!({"mode": "always"})).await;
    keep(
        &desk,
        vec![
            call("CA1", &id, 0, 0, AI),
            call("CA2", &id, 5, 0, AI),
            call("CA3", &id, 9, 0, AI),
            call("CA4", &id, 30, 0, AI),
        ],
    )
    .await;
    let overflow = json!({"mode": "overflow-only", "highVolume": {"enabled": true, "threshold": 2}});
    let told = replayed(&desk, &id, overflow).await;
    assert_eq!(counts(&told), [4, 1, 3, 0], "the third finds two others");
    let found: Vec<_> =
        told["changes"].as_array().unwrap().iter().map(|one| (&one["sid"], &one["activeCalls"])).collect();
    assert_eq!(found, [(&json!("CA4"), &json!(0)), (&json!("CA2"), &json!(1)), (&json!("CA1"), &json!(0))]);
}

#[tokio::test]
async fn what_was_not_decided_by_the_settings_stays_as_it_was() {
    let desk = Desk::new().await;
    let id = tenant(&desk, json!({"mode": "disabled"})).await;
    let reasons = [Reason::Loop, Reason::VoicemailNumber, Reason::OverrideOff, Reason::AiUnavailable, Reason::AiFull];
    let calls = reasons
        .into_iter()
        .enumerate()
        .map(|(place, reason)| call(&format!("CA{place}"), &id, place as i64, 0, Decision::fallback(reason)));
    keep(&desk, calls.collect()).await;
    assert_eq!(counts(&replayed(&desk, &id, json!({"mode": "always"})).await), [5, 5, 0, 0]);
    // Nor does an override that there is now take part.
    desk.put(&format!("/api/tenants/{id}/override"), json!({"state": "force-ai"})).await.expect(200);
    assert_eq!(counts(&replayed(&desk, &id, Value::Null).await), [5, 5, 0, 0]);
}

#[tokio::test]
async fn where_nothing_was_to_be_dialled_the_settings_of_then_say_why() {
    let desk = Desk::new().await;
    let id = tenant(&desk, json!({"mode": "always"})).await;
    let [known, over] = call("CA1", &id, 0, 0, Decision::fallback(Reason::NotConfigured));
    let [mut unknown, over_too] = call("CA2", &id, 1, 0, Decision::fallback(Reason::NotConfigured));
    if let Record::CallBegan(began) = &mut unknown {
        began.tenant_version = 77;
    }
    keep(&desk, vec![[known, over], [unknown, over_too]]).await;
    let told = replayed(&desk, &id, json!({"mode": "always"})).await;
    assert_eq!(counts(&told), [2, 1, 0, 1], "settings that are gone tell nothing");
    assert_eq!(counts(&replayed(&desk, &id, json!({"mode": "disabled"})).await), [2, 2, 0, 0]);
}

#[tokio::test]
async fn a_number_that_receives_what_staff_could_not_take_is_overflow_by_itself() {
    let desk = Desk::new().await;
    let id = tenant(&desk, json!({"mode": "disabled"})).await;
    let number = desk.number("+16475550123", &id).await;
    desk.ask(Method::PATCH, &format!("/api/numbers/{number}"), &[], Some(json!({"alreadyOverflowed": true})))
        .await
        .expect(200);
    let [mut began, over] = call("CA1", &id, 0, 0, STAFF);
    if let Record::CallBegan(began) = &mut began {
        began.number_id = Some(patchbay::model::NumberId::parse(&number).unwrap());
    }
    keep(&desk, vec![[began, over], call("CA2", &id, 60, 0, STAFF)]).await;
    let overflow = json!({"mode": "overflow-only", "highVolume": {"enabled": true, "threshold": 2}});
    let told = replayed(&desk, &id, overflow).await;
    assert_eq!((counts(&told), &told["changes"][0]["sid"]), ([2, 1, 1, 0], &json!("CA1")));
}

#[tokio::test]
async fn of_many_changes_the_newest_are_shown_and_all_counted() {
    let desk = Desk::new().await;
    let id = tenant(&desk, json!({"mode": "disabled"})).await;
    keep(&desk, (0..600).map(|n| call(&format!("CA{n:03}"), &id, n, 0, STAFF)).collect()).await;
    let told = replayed(&desk, &id, json!({"mode": "always"})).await;
    let changes = told["changes"].as_array().unwrap();
    assert_eq!((counts(&told), changes.len()), ([600, 0, 600, 0], 500));
    assert_eq!((&changes[0]["sid"], &changes[499]["sid"]), (&json!("CA599"), &json!("CA100")));
}

#[tokio::test]
async fn what_cannot_be_replayed_is_refused_by_name() {
    let desk = Desk::new().await;
    let id = tenant(&desk, json!({"mode": "always"})).await;
    let at = format!("/api/tenants/{id}/replay");
    let refused = async |body: Value| desk.post(&at, body).await.faults();
    assert_eq!(refused(json!({})).await, ["/from required", "/to required"]);
    let plan = json!({"from": DAY, "to": "2026-11-20T00:00:00Z", "plan": {"staffFirst": {}}});
    assert_eq!(refused(plan).await, ["/plan not_supported"]);
    for to in [DAY, "2026-11-18T00:00:00Z", "2026-12-21T00:00:00Z"] {
        assert_eq!(refused(json!({"from": DAY, "to": to})).await, ["/to range"], "{to}");
    }
    let wrong = the_day(json!({"mode": "sometimes"}));
    assert_eq!(refused(wrong).await, ["/availability/mode unknown_value"]);
    let null = json!({"from": DAY, "to": "2026-12-20T00:00:00Z", "plan": null, "availability": null});
    desk.post(&at, null).await.expect(200);
}

#[tokio::test]
async fn one_call_is_replayed_at_its_own_instant_with_rules_steps_and_words() {
    let desk = Desk::new().await;
    let id = tenant(&desk, json!({"mode": "disabled"})).await;
    keep(&desk, vec![call("CA1", &id, 0, 3, STAFF)]).await;
    let told = desk.ask(Method::POST, "/api/calls/CA1/replay", &[], None).await.expect(200);
    let staff = json!({"available": false, "reason": "disabled"});
    assert_eq!((&told["then"], &told["now"]), (&staff, &staff));
    let overflow = json!({"mode": "overflow-only", "highVolume": {"enabled": true, "threshold": 3}});
    let told = desk.post("/api/calls/CA1/replay", json!({"availability": overflow})).await.expect(200);
    assert_eq!((&told["then"], &told["now"]), (&staff, &json!({"available": true, "reason": "overflow"})));
    assert!(told["trace"][0]["saw"].as_str().unwrap().contains('3'), "{told}");
    assert_eq!(told["plan"][0]["step"], "ai");
    assert!(told["twiml"].as_str().unwrap().contains("sip:desk@sip.vapi.ai"), "{told}");
    assert!(!told.to_string().contains("an-invented-password"), "{told}");
    assert_eq!(desk.post("/api/calls/CA2/replay", json!({})).await.problem(404).0, "not_found");
    let wrong = json!({"availability": {"mode": "sometimes"}, "at": DAY});
    assert_eq!(desk.post("/api/calls/CA1/replay", wrong).await.faults(), ["/at unknown_key"]);
}

#[tokio::test]
async fn a_call_says_why_the_rules_are_not_asked_and_one_of_no_tenant_is_not_replayed() {
    let desk = Desk::new().await;
    let id = tenant(&desk, json!({"mode": "always"})).await;
    let nobodys = Record::CallBegan(began("CA2", None, 0));
    let gone = TenantId::parse("ten_01kafbd2x0q7h3m8w5r9t2c6ze").unwrap();
    let of_one_gone = Record::CallBegan(began("CA3", Some(&gone), 0));
    keep(&desk, vec![call("CA1", &id, 0, 0, Decision::fallback(Reason::AiUnavailable)), [nobodys, of_one_gone]]).await;
    let told = desk.post("/api/calls/CA1/replay", json!({})).await.expect(200);
    assert_eq!(told["now"], json!({"available": false, "reason": "ai-unavailable"}));
    let trace = told["trace"].as_array().unwrap();
    assert_eq!(trace.last().unwrap()["saw"], "the AI was wanted then and not to be had");
    for sid in ["CA2", "CA3"] {
        assert_eq!(desk.post(&format!("/api/calls/{sid}/replay"), json!({})).await.problem(409).0, "no_tenant");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_through_the_edge_do_not_differ_under_the_settings_they_came_in_with() {
    let rig = Rig::start().await;
    let number = "+16475550123";
    let overflow = json!({"mode": "overflow-only", "highVolume": {"enabled": true, "threshold": 2}, "fallback": {"type": "voicemail"}});
    let tenant = rig.tenant("Smile Dental", number, overflow).await;
    let begins = Timestamp::now();
    let mut sids = Vec::new();
    for place in 0..6 {
        let sid = call_sid();
        rig.voice(&format!("+1416555010{place}"), number, &sid).await;
        // The first is over before the others come in.
        if place == 0 {
            rig.ended(&sid).await;
        }
        sids.push(sid);
    }
    for sid in &sids {
        rig.ended(sid).await;
    }
    let path = format!("/api/calls?tenantId={tenant}");
    let kept = async || {
        let (_, page) = rig.admin(Method::GET, &path, None).await;
        let calls = page["data"].as_array().unwrap().clone();
        (calls.len() == 6 && calls.iter().all(|call| call["endedAt"].is_string())).then_some(calls)
    };
    let calls = rig.eventually("the calls are kept", kept).await;
    let to_ai = calls.iter().filter(|call| call["decision"]["available"] == true).count();
    assert_eq!(to_ai, 3, "two others are with nobody: {calls:?}");
    let mut body =
        json!({"from": begins.to_string(), "to": (Timestamp::now() + SignedDuration::from_secs(60)).to_string()});
    let replay = format!("/api/tenants/{tenant}/replay");
    let (status, told) = rig.admin(Method::POST, &replay, Some(body.clone())).await;
    assert_eq!((status, counts(&told)), (200, [6, 6, 0, 0]), "{told}");
    body["availability"] = json!({"mode": "overflow-only", "highVolume": {"enabled": true, "threshold": 3}});
    let (_, told) = rig.admin(Method::POST, &replay, Some(body)).await;
    assert_eq!(counts(&told), [6, 5, 1, 0], "the first that overflowed would have been one too few: {told}");

    // The same from a shell.
    let shell = Shell::of(&rig);
    std::fs::write(rig.dir.path().join("always.yaml"), "mode: always\n").expect("written");
    let window = ["--from".to_owned(), begins.to_string(), "--to".to_owned(), Timestamp::now().to_string()];
    let window: Vec<&str> = window.iter().map(String::as_str).collect();
    let words = [&["tenants", "replay", "smile-dental", "--availability", "always.yaml"], &window[..]].concat();
    let said = shell.run(&words).done();
    assert!(
        said.starts_with("6 calls: 3 would go as they went, 3 to somebody else, of 0 nothing can be said"),
        "{said}"
    );
    assert!(said.contains("fallback: under-capacity  AI: always-on"), "{said}");
    let said = shell.run(&["tenants", "concurrency", "smile-dental", "--days", "2"]).done();
    assert!(said.starts_with("6 calls since "), "{said}");
    assert!(said.contains("; the AI answers from 2 other calls on\n\nOTHERS"), "{said}");
    let told = shell.run(&["tenants", "concurrency", "smile-dental", "--json"]).json();
    let found = json!([{"others": 0, "calls": 2}, {"others": 1, "calls": 1}, {"others": 2, "calls": 3}]);
    assert_eq!(told["distribution"], found);
    let picture = shell.run(&["tenants", "coverage", "smile-dental", "--svg"]).done();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"), "{picture}");
}
