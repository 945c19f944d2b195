//! One person's data over the API: counted, erased everywhere, read out; and a tenant's periods.

use patchbay::events::{Audience, Event, News};
use patchbay::model::{EndedBy, Record, TenantId, VoicemailState};
use reqwest::Method;
use serde_json::{Value, json};

use crate::admin_desk::{Desk, NOW};
use crate::rig::{Rig, call_sid};
use crate::sim::Sim;
use crate::store_fixtures::{began, ended, event, news, numbered, sid};
use crate::store_person::traces;

const ANN: &str = "+16475550111";
const CLINIC: &str = "+16475550123";

async fn record(desk: &Desk, call: &str, from: &str, tenant: &str) {
    let tenant = TenantId::parse(tenant).unwrap();
    let mut beginning = began(call, Some(&tenant), 1);
    beginning.from = from.to_owned();
    let n = call.bytes().map(u32::from).sum();
    let mut left = news(n, call, Some(&format!("RE{call}")), VoicemailState::Ready, 2);
    left.transcript = Some("please call me".to_owned());
    left.from = Some(from.to_owned());
    let records = [
        Record::CallBegan(beginning),
        Record::CallEvent(event(call, "ai-leg", 1)),
        Record::Voicemail(left),
        Record::CallEnded(ended(call, patchbay::model::EndedBy::Status, 3)),
    ];
    desk.store.apply(call, &numbered(1, &records)).await.unwrap();
}

fn counts(report: &Value) -> [u64; 5] {
    ["calls", "events", "voicemails", "news", "live"].map(|name| report[name].as_u64().unwrap())
}

#[tokio::test]
async fn a_person_is_counted_then_erased_and_the_report_stays() {
    let desk = Desk::new().await;
    let tenant = desk.tenant("Smile Dental").await;
    desk.number(CLINIC, &tenant).await;
    let events = json!(["call.ended", "voicemail.created"]);
    desk.post("/api/webhooks", json!({"url": "https://hooks.example.com/", "events": events})).await.expect(201);
    record(&desk, "CA1", "sip:+16475550111@pbx.example.com", &tenant).await;
    record(&desk, "CA2", "+14165550112", &tenant).await;

    let dry = desk.post("/api/erasures", json!({"number": ANN, "dryRun": true})).await.expect(200);
    assert_eq!((counts(&dry), &dry["id"], &dry["dryRun"]), ([1, 1, 1, 1, 0], &Value::Null, &json!(true)));
    assert!(desk.get("/api/erasures").await.expect(200)["data"].as_array().unwrap().is_empty());

    let done = desk.post("/api/erasures", json!({"number": ANN})).await.expect(200);
    assert_eq!(
        (counts(&done), &done["state"], &done["remote"]["queued"]),
        ([1, 1, 1, 1, 0], &json!("done"), &json!(1))
    );
    assert_eq!((&dry["deliveries"], &done["deliveries"]), (&json!(2), &json!(2)), "what webhooks were to be told");
    let kept: Vec<&str> = done["kept"].as_array().unwrap().iter().map(|kept| kept["where"].as_str().unwrap()).collect();
    assert_eq!(kept, ["idempotency", "backups", "providers", "log"]);
    let id = done["id"].as_str().unwrap();
    let read = desk.get(&format!("/api/erasures/{id}")).await.expect(200);
    assert_eq!(read, done);
    let again = desk.post("/api/erasures", json!({"number": ANN})).await.expect(200);
    assert_eq!(counts(&again), [0; 5]);
    for path in ["/api/erasures", "/api/audit", "/api/calls", "/api/voicemails", "/api/erasures/pending"] {
        let text = desk.get(path).await.text;
        assert!(!text.contains("6475550111"), "{path}: {text}");
    }
    let pending = desk.get("/api/erasures/pending").await.expect(200);
    assert_eq!((&pending["data"][0]["provider"], &pending["data"][0]["sid"]), (&json!("twilio"), &json!("RECA1")));
    desk.get("/api/calls/CA1").await.expect(404);
    desk.get("/api/calls/CA2").await.expect(200);

    let line = desk.post("/api/erasures", json!({"number": CLINIC, "dryRun": true})).await.expect(200);
    assert_eq!(counts(&line), [0; 5], "calls to a line are other people's");
    assert_eq!(line["kept"][0]["where"], "numbers");
    assert_eq!(desk.post("/api/erasures", json!({"number": "ann"})).await.faults(), ["/number not_e164"]);
}

#[tokio::test]
async fn what_was_told_of_a_person_is_forgotten_too() {
    let desk = Desk::new().await;
    let bus = &desk.state.events.bus;
    let news = News::CallEnded(ended("CA1", EndedBy::Status, 1));
    bus.publish(Event { at: NOW.parse().unwrap(), audience: Audience::PLATFORM, news });
    let kept = || bus.since(jiff::Timestamp::UNIX_EPOCH).0.len();
    let erase = |dry_run: bool| desk.post("/api/erasures", json!({"number": ANN, "dryRun": dry_run}));
    erase(true).await.expect(200);
    assert_eq!(kept(), 1);
    erase(false).await.expect(200);
    assert_eq!(kept(), 0, "whoever comes back begins anew");
}

#[tokio::test]
async fn a_call_under_way_is_told_of() {
    let desk = Desk::new().await;
    let tenant = desk.tenant("Smile Dental").await;
    record(&desk, "CA1", ANN, &tenant).await;
    let read = desk.get(&format!("/api/tenants/{tenant}")).await.expect(200);
    desk.live.lock().unwrap().push(patchbay::admin::LiveCall {
        sid: sid("CA1"),
        tenant_id: TenantId::parse(&tenant).unwrap(),
        org_id: patchbay::model::OrgId::parse(read["orgId"].as_str().unwrap()).unwrap(),
        arrival: patchbay::model::Arrival::Number,
        with_ai: false,
        began: crate::store_fixtures::at(1),
        heard: crate::store_fixtures::at(1),
    });
    let report = desk.post("/api/erasures", json!({"number": ANN})).await.expect(200);
    assert_eq!(counts(&report), [0, 0, 0, 0, 1]);
    assert!(report["advice"][0].as_str().unwrap().contains("under way"), "{report}");
}

#[tokio::test]
async fn a_person_is_read_out_page_by_page() {
    let desk = Desk::new().await;
    let tenant = desk.tenant("Smile Dental").await;
    for n in 0..7 {
        record(&desk, &format!("CA{n}"), ANN, &tenant).await;
        record(&desk, &format!("CB{n}"), "+14165550112", &tenant).await;
    }
    let (mut cursor, mut calls) = (Value::Null, Vec::new());
    loop {
        let page = desk.post("/api/exports", json!({"number": ANN, "limit": 3, "cursor": cursor})).await.expect(200);
        for one in page["data"].as_array().unwrap() {
            assert_eq!(one["call"]["from"], ANN);
            assert_eq!(one["events"][0]["what"], "ai-leg");
            let voicemail = &one["voicemails"][0];
            assert_eq!(voicemail["transcript"], "please call me");
            let audio = format!("/api/voicemails/{}/audio", voicemail["id"].as_str().unwrap());
            assert_eq!(voicemail["audio"], audio);
            calls.push(one["sid"].as_str().unwrap().to_owned());
        }
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(calls, (0..7).map(|n| format!("CA{n}")).collect::<Vec<_>>());
    let log = desk.get("/api/audit?q=%2B1647").await.expect(200);
    let told: Vec<&Value> = log["data"].as_array().unwrap().iter().map(|entry| &entry["what"]).collect();
    assert_eq!(told, ["person.export"], "once, with its middle hidden: {log}");
}

#[tokio::test]
async fn a_tenant_says_how_long_its_things_are_kept() {
    let desk = Desk::with(|state| state.periods.calls_days = Some(365)).await;
    let path = format!("/api/tenants/{}/retention", desk.tenant("Smile Dental").await);
    let read = desk.get(&path).await;
    assert_eq!(read.header("etag"), "\"0\"");
    let read = read.expect(200);
    assert_eq!((&read["callsDays"], &read["installation"]["callsDays"]), (&Value::Null, &json!(365)));
    assert_eq!(read["recordingAtTwilio"], "delete");
    let body = json!({"callsDays": 30, "recordingAtTwilio": "keep"});
    let put = desk.ask(Method::PUT, &path, &[("if-match", "\"0\"")], Some(body.clone())).await;
    assert_eq!(put.header("etag"), "\"1\"");
    let put = put.expect(200);
    assert_eq!(
        (&put["callsDays"], &put["recordingAtTwilio"], &put["version"]),
        (&json!(30), &json!("keep"), &json!(1))
    );
    let stale = desk.ask(Method::PUT, &path, &[("if-match", "\"0\"")], Some(body)).await;
    assert_eq!(stale.problem(412).0, "version_changed");
    for (days, fault) in [(json!(0), "range"), (json!(36_501), "range"), (json!("many"), "type")] {
        assert_eq!(desk.put(&path, json!({"callsDays": days})).await.faults(), [format!("/callsDays {fault}")]);
    }
}

/// From the caller's first ring to a file without a trace, through a whole patchbay.
#[tokio::test]
async fn after_an_erasure_neither_database_nor_spool_holds_the_number() {
    let sim = Sim::start().await;
    let rig = Rig::start_with(&[("PATCHBAY_TWILIO__API_BASE", &sim.url())]).await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "disabled"})).await;
    let (hers, his, live) = (call_sid(), call_sid(), call_sid());
    for (call, from) in [(&hers, ANN), (&his, "+14165550112"), (&live, ANN)] {
        rig.voice(from, CLINIC, call).await;
        let fields = [
            ("CallSid", call.as_str()),
            ("From", from),
            ("RecordingSid", call.as_str()),
            ("RecordingStatus", "completed"),
        ];
        assert_eq!(rig.post("/api/twilio/voicemail", &fields).await.status, 204);
    }
    rig.ended(&hers).await;
    rig.ended(&his).await;
    // One the store refused long ago, and one nobody can read.
    let refused = rig.dir.path().join("spool/refused");
    std::fs::create_dir_all(&refused).unwrap();
    let mut odd = began("CA-odd", None, 1);
    odd.from = format!("sip:{ANN}@pbx.example.com");
    std::fs::write(refused.join("a-1.json"), serde_json::to_string(&Record::CallBegan(odd)).unwrap()).unwrap();
    std::fs::write(refused.join("a-2.json"), format!("{{half a record of {ANN}")).unwrap();
    let ask = json!({"number": ANN});
    let (status, report) = rig.admin(Method::POST, "/api/erasures", Some(ask.clone())).await;
    assert_eq!(report["refused"], 2, "{report}");
    assert_eq!(
        (status, counts(&report)[0], counts(&report)[4]),
        (200, 1, 1),
        "what was on its way is waited for: {report}"
    );
    assert_eq!(report["onTheWay"], 0);
    rig.ended(&live).await;
    let (_, report) = rig.admin(Method::POST, "/api/erasures", Some(ask)).await;
    assert_eq!((counts(&report)[0], counts(&report)[4]), (1, 0), "{report}");
    // Twilio comes once more.
    let fields =
        [("CallSid", hers.as_str()), ("From", ANN), ("RecordingSid", hers.as_str()), ("RecordingStatus", "completed")];
    assert_eq!(rig.post("/api/twilio/voicemail", &fields).await.status, 204);
    let (_, report) = rig.admin(Method::POST, "/api/erasures", Some(json!({"number": ANN}))).await;
    assert_eq!(counts(&report), [0; 5]);
    for spelling in ["6475550111", "647-555-0111"] {
        assert_eq!(traces(rig.dir.path(), spelling), 0, "{spelling}");
    }
    assert!(traces(rig.dir.path(), "14165550112") > 0, "his are there still");
    rig.running.stop().await;
}
