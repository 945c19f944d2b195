//! Events of a whole patchbay: what calls, messages and changes are heard as, over restarts, outages and its end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use patchbay::health::AiDial;
use patchbay::model::Target;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Executor};

use crate::ears::{Ears, Heard, ask};
use crate::rig::{OPERATOR, Rig, call_sid, http_client};

const CALLER: &str = "+14165550101";
const CLINIC: &str = "+16475550111";

async fn listen(rig: &Rig, query: &str, last_id: &str) -> Ears {
    Ears::open(&rig.http, rig.running.admin, OPERATOR, query, last_id).await
}

/// Holds an event against the schema that the document has for its name.
fn fits_the_document(heard: &Heard) {
    let document: Value = serde_json::from_str(&patchbay::admin::document().to_json().unwrap()).unwrap();
    let messages = document["components"]["schemas"]["EventMessage"]["oneOf"].as_array().expect("messages");
    let message = messages.iter().find(|message| message["properties"]["event"]["enum"][0] == heard.name.as_str());
    let message = message.unwrap_or_else(|| panic!("{} is not in the document", heard.name));
    let (mut known, mut needed) = (BTreeSet::new(), BTreeSet::new());
    members(&message["properties"]["data"], &document, &mut known, &mut needed);
    let told: BTreeSet<String> = heard.data.as_object().expect("an object").keys().cloned().collect();
    assert!(told.is_subset(&known), "{}: {told:?} is not all of {known:?}", heard.name);
    assert!(needed.is_subset(&told), "{}: {needed:?} is not all in {told:?}", heard.name);
}

/// The members of a schema, put together from its parts.
fn members(schema: &Value, document: &Value, known: &mut BTreeSet<String>, needed: &mut BTreeSet<String>) {
    if let Some(target) = schema["$ref"].as_str() {
        return members(document.pointer(&target[1..]).expect("a schema"), document, known, needed);
    }
    schema["allOf"].as_array().into_iter().flatten().for_each(|part| members(part, document, known, needed));
    known.extend(schema["properties"].as_object().into_iter().flat_map(|members| members.keys().cloned()));
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    needed.extend(required.map(str::to_owned));
}

#[tokio::test(flavor = "multi_thread")]
async fn first_comes_how_everything_stands_and_then_what_happens() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let before = call_sid();
    rig.voice(CALLER, CLINIC, &before).await;
    let mut ears = listen(&rig, "", "").await;
    for (name, value) in [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(ears.response.headers()[name], value);
    }
    let snapshot = ears.next().await.expect("a snapshot");
    fits_the_document(&snapshot);
    assert_eq!((snapshot.name.as_str(), &snapshot.data["because"]), ("snapshot", &json!("new")));
    assert_eq!(snapshot.data["live"][0]["callSid"], before.as_str());
    assert_eq!((&snapshot.data["liveCount"], &snapshot.data["ai"]["state"]), (&json!(1), &json!("closed")));
    assert_eq!(snapshot.data["warnings"], json!([]));

    let sid = call_sid();
    rig.voice(CALLER, CLINIC, &sid).await;
    let began = loop {
        let began = ears.next_of("call.began").await;
        if began.data["callSid"] == sid.as_str() {
            break began;
        }
    };
    fits_the_document(&began);
    assert_eq!(began.data["decision"], json!({"available": true, "reason": "always-on"}));
    assert_eq!((&began.data["tenantId"], &began.data["to"]), (&json!(tenant), &json!(CLINIC)));
    assert!(began.data["orgId"].is_string());
    // Whoever hears of it finds it.
    assert_eq!(rig.admin(Method::GET, &format!("/api/calls/{sid}"), None).await.0, 200);

    let leg = [("CallSid", sid.as_str()), ("From", CALLER), ("To", CLINIC), ("DialCallStatus", "no-answer")];
    let first = rig.voice(CALLER, CLINIC, &sid).await;
    rig.post_url(&crate::rig::attribute(&first.body, "action").expect("an action"), &leg).await;
    let event = ears.next_of("call.event").await;
    fits_the_document(&event);
    assert_eq!((&event.data["callSid"], &event.data["tenantId"]), (&json!(sid), &json!(tenant)));

    let message = [("CallSid", sid.as_str()), ("RecordingSid", "RE1"), ("RecordingStatus", "completed")];
    rig.post("/api/twilio/voicemail", &message).await;
    let voicemail = ears.next_of("voicemail").await;
    fits_the_document(&voicemail);
    assert_eq!((&voicemail.data["state"], &voicemail.data["heard"]), (&json!("ready"), &json!(false)));
    assert_eq!(voicemail.data["tenantId"], tenant.as_str());
    let path = format!("/api/voicemails/{}", voicemail.data["id"].as_str().expect("an id"));
    assert_eq!(rig.admin(Method::PATCH, &path, Some(json!({"heard": true}))).await.0, 200);
    let heard = ears.next_of("voicemail").await;
    assert_eq!((&heard.data["id"], &heard.data["heard"]), (&voicemail.data["id"], &json!(true)));

    rig.ended(&sid).await;
    let ended = ears.next_of("call.ended").await;
    fits_the_document(&ended);
    assert_eq!((&ended.data["callSid"], &ended.data["status"]), (&json!(sid), &json!("completed")));
    assert_eq!((&ended.data["tenantId"], &ended.data["by"]), (&json!(tenant), &json!("status")));

    rig.availability(&tenant, json!({"mode": "disabled"})).await;
    let changed = ears.next_of("changed").await;
    fits_the_document(&changed);
    assert_eq!((&changed.data["what"], &changed.data["tenantId"]), (&json!("tenant"), &json!(tenant)));
    rig.owned(&tenant, "+16475550112", json!({})).await;
    loop {
        let changed = ears.next_of("changed").await;
        if changed.data["what"] == "number" {
            assert!(changed.data["numberId"].is_string());
            break;
        }
    }
    let ids: Vec<_> = [snapshot, began, event, voicemail, ended].into_iter().map(|heard| number(&heard.id)).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
}

fn number(id: &str) -> u64 {
    id.split_once('-').expect("a run and a number").1.parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_filters_hears_only_that() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    rig.tenant("Corner Garage", "+16475550112", json!({"mode": "always"})).await;
    let mut ears = listen(&rig, &format!("?types=call.ended,call.began&tenantId={tenant}"), "").await;
    assert_eq!(ears.next().await.expect("a snapshot").data["liveCount"], 0);
    let (other, own) = (call_sid(), call_sid());
    rig.voice(CALLER, "+16475550112", &other).await;
    rig.voice(CALLER, CLINIC, &own).await;
    rig.availability(&tenant, json!({"mode": "disabled"})).await;
    rig.ended(&other).await;
    rig.ended(&own).await;
    for name in ["call.began", "call.ended"] {
        let heard = ears.next().await.expect("an event");
        assert_eq!((heard.name.as_str(), &heard.data["callSid"]), (name, &json!(own)));
    }
    for query in ["?types=call.began,nothing", "?tenantId=x", "?follow=perhaps"] {
        let refused = ask(&rig.http, rig.running.admin, OPERATOR, query, "").await;
        assert_eq!(refused.status(), 422, "{query}");
    }
    let once = ask(&rig.http, rig.running.admin, OPERATOR, "?follow=false", "").await;
    let text = once.text().await.expect("it ends");
    assert!(text.contains("event: snapshot\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_comes_and_goes_under_load_hears_everything_once() {
    let rig = Arc::new(Rig::start().await);
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let mut ears = listen(&rig, "", "").await;
    ears.next().await.expect("a snapshot");
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let rig = Arc::clone(&rig);
            tokio::spawn(async move {
                let mut sids = Vec::new();
                for _ in 0..60 {
                    let sid = call_sid();
                    rig.voice(CALLER, CLINIC, &sid).await;
                    rig.ended(&sid).await;
                    sids.push(sid);
                }
                sids
            })
        })
        .collect();
    let (mut began, mut ended, mut numbers) = (Vec::new(), Vec::new(), vec![number(&ears.last_id)]);
    let mut visits = 1;
    while ended.len() < 480 {
        // Each visit is of another length, and cut off wherever it is.
        for _ in 0..(visits * 7) % 40 + 1 {
            let heard = ears.next().await.expect("an event");
            assert_ne!(heard.name, "snapshot", "nothing was missed");
            numbers.push(number(&heard.id));
            match heard.name.as_str() {
                "call.began" => began.push(heard.data["callSid"].as_str().expect("a call").to_owned()),
                "call.ended" => ended.push(heard.data["callSid"].as_str().expect("a call").to_owned()),
                _ => {}
            }
            if ended.len() == 480 {
                break;
            }
        }
        let last_id = ears.last_id.clone();
        ears = listen(&rig, "", &last_id).await;
        visits += 1;
    }
    let mut called = Vec::new();
    for caller in callers {
        called.extend(caller.await.expect("a caller"));
    }
    let whole: Vec<u64> = (numbers[0]..numbers[0] + numbers.len() as u64).collect();
    assert_eq!(numbers, whole, "every number once, and in order");
    for mut heard in [began, ended] {
        heard.sort();
        called.sort();
        assert_eq!(heard, called);
    }
    assert!(visits > 10, "{visits}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_everything_begins_anew_and_says_so() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let mut ears = listen(&rig, "", "").await;
    let first = ears.next().await.expect("a snapshot");
    let sid = call_sid();
    rig.voice(CALLER, CLINIC, &sid).await;
    let began = ears.next_of("call.began").await;
    let rig = rig.restart(&[]).await;
    let again = listen(&rig, "", &began.id).await.next().await.expect("a snapshot");
    assert_eq!((again.name.as_str(), &again.data["because"]), ("snapshot", &json!("restarted")));
    assert_ne!(again.id.split_once('-').map(|id| id.0), first.id.split_once('-').map(|id| id.0));
    assert_eq!(again.data["live"][0]["callSid"], sid.as_str());
    // The call is known by its beginning in another run, and still it is heard whose it is.
    let mut ears = listen(&rig, &format!("?lastEventId={}", again.id), "").await;
    rig.ended(&sid).await;
    let ended = ears.next().await.expect("an event");
    assert_eq!((ended.name.as_str(), &ended.data["tenantId"]), ("call.ended", &began.data["tenantId"]));
    assert!(ended.data["orgId"].is_string());
    let odd = listen(&rig, "", "no id of ours").await.next().await.expect("a snapshot");
    assert_eq!(odd.data["because"], "restarted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_every_stream_and_waits_for_none() {
    let rig = Rig::start().await;
    let mut all = Vec::new();
    for _ in 0..20 {
        let mut ears = listen(&rig, "", "").await;
        ears.next().await.expect("a snapshot");
        all.push(ears);
    }
    let (began, stopping) = (Instant::now(), rig.running.stop());
    stopping.await;
    let took = began.elapsed();
    for mut ears in all {
        while ears.next().await.is_some() {}
    }
    assert!(took < Duration::from_secs(2), "the stop took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_not_told_but_that_it_cannot_is() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    rig.voice(CALLER, CLINIC, &call_sid()).await;
    let mut ears = listen(&rig, "?types=call.began,warning", "").await;
    ears.next_of("call.began").await;
    let path = rig.dir.path().join("patchbay.db");
    let mut lock = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.expect("a connection");
    lock.execute("BEGIN IMMEDIATE").await.expect("the lock");
    let sid = call_sid();
    rig.voice(CALLER, CLINIC, &sid).await;
    let warning = ears.next().await.expect("a warning");
    fits_the_document(&warning);
    assert_eq!((warning.name.as_str(), &warning.data["code"]), ("warning", &json!("store_away")));
    assert_eq!(warning.data["active"], true);
    let snapshot = listen(&rig, "", "").await.next().await.expect("a snapshot");
    assert_eq!(snapshot.data["warnings"][0]["code"], "store_away");
    lock.execute("ROLLBACK").await.expect("unlocked");
    let mut names = BTreeSet::new();
    for _ in 0..2 {
        let heard = ears.next().await.expect("an event");
        assert!(heard.data["callSid"] == sid.as_str() || heard.data["active"] == false, "{heard:?}");
        names.insert(heard.name);
    }
    assert_eq!(names.len(), 2, "that it is over, and what happened meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breaker_that_opens_is_heard_and_stands_in_the_snapshot() {
    let rig = Rig::start().await;
    let mut ears = listen(&rig, "?types=ai.breaker", "").await;
    ears.next().await.expect("a snapshot");
    let target = Target::parse("assistant:front-desk").expect("a target");
    for _ in 0..3 {
        rig.running.handler.health.report(&target, AiDial::Failed, Timestamp::now());
    }
    let opened = ears.next().await.expect("an event");
    fits_the_document(&opened);
    assert_eq!(opened.data["target"], json!({"kind": "assistant", "id": "front-desk"}));
    assert_eq!(opened.data["state"], "open");
    let snapshot = listen(&rig, "", "").await.next().await.expect("a snapshot");
    assert_eq!(snapshot.data["ai"]["targets"][0]["target"]["id"], "front-desk");
    rig.running.handler.health.report(&target, AiDial::Answered, Timestamp::now());
    loop {
        if ears.next().await.expect("an event").data["state"] == "closed" {
            return;
        }
    }
}

/// From the answer to the webhook until the event is heard.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_heard_within_a_second_of_its_webhook() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let http = http_client();
    let mut ears = Ears::open(&http, rig.running.admin, OPERATOR, "?types=call.began", "").await;
    ears.next().await.expect("a snapshot");
    let mut waits = Vec::new();
    for _ in 0..100 {
        let sid = call_sid();
        rig.voice(CALLER, CLINIC, &sid).await;
        let answered = Instant::now();
        assert_eq!(ears.next().await.expect("an event").data["callSid"], sid.as_str());
        waits.push(answered.elapsed());
    }
    waits.sort();
    println!("from webhook to event: median {:?}, longest {:?}", waits[50], waits[99]);
    assert!(waits[50] < Duration::from_secs(1), "{:?}", waits[50]);
}
