//! Calls, live calls and voicemails through the admin API.

use patchbay::admin::LiveCall;
use patchbay::model::{Arrival, CallBegan, Decision, EndedBy, OrgId, Reason, Record, Sid, TenantId, VoicemailState};
use patchbay::store::Numbered;
use serde_json::{Value, json};

use crate::admin_desk::{Desk, NOW, PLATFORM};
use crate::store_fixtures::{began, ended, event, news, report};

async fn keep(desk: &Desk, records: Vec<Record>) {
    let numbered = records.into_iter().enumerate().map(|(place, record)| Numbered { seq: place as u64 + 1, record });
    desk.store.apply("a-journal", &numbered.collect::<Vec<_>>()).await.unwrap();
}

/// A call at the desk's own time.
fn call(sid: &str, tenant: Option<&str>, decision: Decision) -> CallBegan {
    let tenant = tenant.map(|id| TenantId::parse(id).unwrap());
    CallBegan { at: NOW.parse().unwrap(), tenant_version: 1, decision, others: 0, ..began(sid, tenant.as_ref(), 0) }
}

#[tokio::test]
async fn a_call_is_told_with_every_event_and_why() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let decision = Decision::ai(Reason::AlwaysOn);
    let second = NOW.parse::<jiff::Timestamp>().unwrap().as_second();
    keep(
        &desk,
        vec![
            Record::CallBegan(call("CA1", Some(&id), decision)),
            Record::CallEvent(event("CA1", "ai-leg", second + 12)),
            Record::CallEvent(event("CA1", "voicemail-step", second + 13)),
            Record::CallEnded(ended("CA1", EndedBy::Status, second + 40)),
            Record::AiReport(report("CA1", second + 50)),
        ],
    )
    .await;
    let told = desk.get("/api/calls/CA1").await.expect(200);
    assert_eq!(told["sid"], "CA1");
    assert_eq!(told["tenantId"], id.as_str());
    assert_eq!(told["decision"], json!({"available": true, "reason": "always-on"}));
    assert_eq!(told["live"], false);
    assert!(told["endedAt"].is_string());
    assert!(told["report"].is_object());
    let events: Vec<_> =
        told["events"].as_array().unwrap().iter().map(|event| event["what"].as_str().unwrap()).collect();
    assert_eq!(events, ["ai-leg", "voicemail-step"]);
    let trace = told["trace"].as_array().unwrap();
    assert!(!trace.is_empty(), "{told}");
    assert_eq!(desk.get("/api/calls/CA2").await.problem(404).0, "not_found");
    assert_eq!(desk.get("/api/calls/a%20b").await.problem(404).0, "not_found");
}

#[tokio::test]
async fn the_trace_is_that_of_the_settings_of_then() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    keep(&desk, vec![Record::CallBegan(call("CA1", Some(&id), Decision::ai(Reason::AlwaysOn)))]).await;
    let before = desk.get("/api/calls/CA1").await.expect(200)["trace"].clone();
    desk.put(&format!("/api/tenants/{id}/availability"), json!({"mode": "disabled"})).await.expect(200);
    assert_eq!(desk.get("/api/calls/CA1").await.expect(200)["trace"], before);
}

#[tokio::test]
async fn what_came_after_the_rules_stands_at_the_end_of_the_trace() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    keep(
        &desk,
        vec![
            Record::CallBegan(call("CA1", Some(&id), Decision::fallback(Reason::AiUnavailable))),
            Record::CallBegan(call("CA2", None, Decision::fallback(Reason::UnknownNumber))),
        ],
    )
    .await;
    let last = |told: &Value| told["trace"].as_array().unwrap().last().unwrap().clone();
    let told = desk.get("/api/calls/CA1").await.expect(200);
    assert_eq!(last(&told)["said"], "ai-unavailable");
    assert!(told["trace"].as_array().unwrap().len() > 1);
    let told = desk.get("/api/calls/CA2").await.expect(200);
    assert_eq!(last(&told)["said"], "unknown-number");
    assert_eq!(told["tenantId"], Value::Null);
}

#[tokio::test]
async fn calls_are_listed_newest_first_and_live_ones_marked() {
    let desk = Desk::new().await;
    let (one, two) = (desk.tenant("Smile Dental").await, desk.tenant("Acme Pizza").await);
    let decision = Decision::ai(Reason::AlwaysOn);
    let at = |sid: &str, tenant: &str, second: i64| {
        let at = jiff::Timestamp::from_second(1_790_000_000 + second).unwrap();
        Record::CallBegan(CallBegan { at, ..call(sid, Some(tenant), decision) })
    };
    keep(&desk, vec![at("CA1", &one, 1), at("CA2", &two, 2), at("CA3", &one, 3)]).await;
    let live = |sid: &str, with_ai: bool, second: i64| LiveCall {
        sid: Sid::parse(sid).unwrap(),
        tenant_id: TenantId::parse(&one).unwrap(),
        org_id: OrgId::parse(PLATFORM).unwrap(),
        arrival: Arrival::Sip,
        with_ai,
        began: jiff::Timestamp::from_second(1_790_000_000 + second).unwrap(),
        heard: NOW.parse().unwrap(),
    };
    desk.live.lock().unwrap().extend([live("CA1", false, 1), live("CA3", true, 3)]);

    let sids = |page: &Value, flag: &str| -> Vec<String> {
        let rows = page["data"].as_array().unwrap().iter();
        rows.map(|row| format!("{} {}", row[flag].as_str().unwrap(), row["live"])).collect()
    };
    let page = desk.get("/api/calls").await.expect(200);
    assert_eq!(sids(&page, "sid"), ["CA3 true", "CA2 false", "CA1 true"]);
    let page = desk.get(&format!("/api/calls?tenantId={two}")).await.expect(200);
    assert_eq!(sids(&page, "sid"), ["CA2 false"]);
    let page = desk.get("/api/calls?limit=1").await.expect(200);
    let next = desk.get(&format!("/api/calls?limit=1&cursor={}", page["nextCursor"].as_str().unwrap())).await;
    assert_eq!(sids(&next.expect(200), "sid"), ["CA2 false"]);

    let now = desk.get("/api/live").await.expect(200);
    assert_eq!(now["nextCursor"], Value::Null);
    let rows: Vec<_> = now["data"].as_array().unwrap().iter().map(|row| (&row["callSid"], &row["withAi"])).collect();
    assert_eq!(rows, [(&json!("CA3"), &json!(true)), (&json!("CA1"), &json!(false))]);
}

#[tokio::test]
async fn a_voicemail_is_listed_read_and_marked_heard() {
    let desk = Desk::new().await;
    let second = 1_790_000_000;
    keep(
        &desk,
        vec![
            Record::Voicemail(news(1, "CA1", Some("RE1"), VoicemailState::Ready, second)),
            Record::Voicemail(news(2, "CA2", None, VoicemailState::Pending, second + 5)),
        ],
    )
    .await;
    let page = desk.get("/api/voicemails").await.expect(200);
    let rows = page["data"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["callSid"], &rows[0]["state"]), (&json!("CA2"), &json!("pending")));
    assert_eq!((&rows[1]["recordingSid"], &rows[1]["heard"]), (&json!("RE1"), &json!(false)));

    let path = format!("/api/voicemails/{}", rows[1]["id"].as_str().unwrap());
    assert_eq!(desk.get(&path).await.expect(200), rows[1]);
    for heard in [true, true, false] {
        assert_eq!(desk.patch(&path, json!({"heard": heard})).await.expect(200)["heard"], heard);
    }
    for (body, faults) in [
        (json!({}), vec!["/heard required"]),
        (json!({"heard": "yes"}), vec!["/heard type"]),
        (json!({"heard": null}), vec!["/heard type"]),
        (json!({"heard": true, "state": "ready"}), vec!["/state unknown_key"]),
    ] {
        assert_eq!(desk.patch(&path, body.clone()).await.faults(), faults, "{body}");
    }
    let nobody = "/api/voicemails/vm_00000000000000000000000000";
    assert_eq!(desk.get(nobody).await.problem(404).0, "not_found");
    assert_eq!(desk.patch(nobody, json!({"heard": true})).await.problem(404).0, "not_found");
}
