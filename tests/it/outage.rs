//! An hour without Vapi, in simulated time: every caller reaches the business, hardly any waits for a dead AI.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use jiff::Timestamp;
use patchbay::edge::{AiLegs, Edge, EdgeSettings, Handler, Incoming, Origin, PublicUrl};
use patchbay::health::Health;
use patchbay::telemetry::RequestIds;
use serde_json::json;

use crate::rig::{ACCOUNT, Rig, attribute, call_sid, sign};

const BASE: &str = "https://edge.example.com";
const START: i64 = 1_790_000_000;

/// Seconds since the start of the simulated hour.
static CLOCK: AtomicI64 = AtomicI64::new(0);

fn now() -> Timestamp {
    Timestamp::from_second(START + CLOCK.load(Ordering::Relaxed)).expect("in range")
}

/// The rig's edge with a clock of its own.
fn edge(rig: &Rig) -> Edge {
    let handler = &rig.running.handler;
    Edge {
        directory: handler.directory.clone(),
        ledger: handler.ledger.clone(),
        health: Arc::new(Health::default()),
        ai_legs: AiLegs::default(),
        journal: handler.journal.clone(),
        metrics: Arc::clone(&handler.metrics),
        vapi: None,
        origin: Origin::new(vec![PublicUrl::parse(BASE).expect("a URL")], Vec::new()),
        settings: EdgeSettings::default(),
        readiness: Arc::default(),
        request_ids: RequestIds::new(),
        signature_refusals: Arc::default(),
        port_news: Arc::default(),
        now,
    }
}

async fn post(edge: &Edge, url: &str, fields: &[(&str, &str)]) -> String {
    let url = url.split('#').next().expect("a URL");
    let mut all = vec![("AccountSid", ACCOUNT), ("From", "+14165550101"), ("To", "+16475550111")];
    all.extend_from_slice(fields);
    let rest = url.strip_prefix(BASE).expect("our own URL");
    let mut headers = hyper::HeaderMap::new();
    headers.insert("x-twilio-signature", sign(url, &all).parse().expect("a header"));
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().expect("a header"));
    headers.insert("host", "edge.example.com".parse().expect("a header"));
    let body: Vec<String> = all.iter().map(|(name, value)| format!("{name}={}", value.replace('+', "%2B"))).collect();
    let answer = edge
        .answer(&Incoming {
            method: hyper::Method::POST,
            uri: rest.parse().expect("a path"),
            headers,
            body: Bytes::from(body.join("&")),
            peer: ([127, 0, 0, 1], 4_000).into(),
            tls: false,
            arrived: std::time::Instant::now(),
        })
        .await;
    String::from_utf8(answer.body.to_vec()).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn for_an_hour_without_vapi_every_caller_reaches_the_fallback_and_only_probes_wait() {
    let rig = Rig::start().await;
    let staff = "+14165550122";
    let availability = json!({"mode": "always", "fallback": {"type": "forward", "forwardNumber": staff}});
    rig.tenant("Smile Dental", "+16475550111", availability).await;
    let edge = edge(&rig);
    let (mut waited, mut at_once, mut waited_late) = (0, 0, 0);
    // A call every ten seconds for an hour; Vapi's leg fails after the dial timeout of 12 s.
    for second in (0..3_600).step_by(10) {
        CLOCK.store(second, Ordering::Relaxed);
        let sid = call_sid();
        let first =
            post(&edge, &format!("{BASE}/api/twilio/voice"), &[("CallSid", &sid), ("CallStatus", "ringing")]).await;
        let reached = if first.contains("sip.vapi.ai") {
            waited += 1;
            waited_late += i32::from(second > 600);
            CLOCK.store(second + 12, Ordering::Relaxed);
            let action = attribute(&first, "action").expect("an action");
            let fields = [("CallSid", sid.as_str()), ("CallStatus", "ringing"), ("DialCallStatus", "failed")];
            post(&edge, &action, &fields).await
        } else {
            at_once += 1;
            first
        };
        assert!(reached.contains(staff), "at {second} s: {reached}");
        let status = [("CallSid", sid.as_str()), ("CallStatus", "completed")];
        post(&edge, &format!("{BASE}/api/twilio/status"), &status).await;
    }
    println!("{waited} callers waited for a probe, {at_once} went to staff at once");
    assert!(waited <= 80, "{waited} of 360 waited");
    assert!(waited_late <= 60, "{waited_late} waited after the first ten minutes");
    // Vapi is back: within two minutes a probe finds it, and from then on the AI answers everyone.
    let mut answered = 0;
    for second in (3_600..3_900).step_by(10) {
        CLOCK.store(second, Ordering::Relaxed);
        let sid = call_sid();
        let first =
            post(&edge, &format!("{BASE}/api/twilio/voice"), &[("CallSid", &sid), ("CallStatus", "ringing")]).await;
        if first.contains("sip.vapi.ai") {
            let action = attribute(&first, "action").expect("an action");
            let fields = [("CallSid", sid.as_str()), ("CallStatus", "in-progress"), ("DialCallStatus", "completed")];
            post(&edge, &action, &fields).await;
            answered += 1;
        } else {
            assert!(second < 3_720, "still no AI at {second} s");
        }
        let status = [("CallSid", sid.as_str()), ("CallStatus", "completed")];
        post(&edge, &format!("{BASE}/api/twilio/status"), &status).await;
    }
    assert!(answered >= 18, "{answered}");
}

async fn readiness(edge: &Edge) -> u16 {
    let request = Incoming {
        method: hyper::Method::GET,
        uri: hyper::Uri::from_static("/readyz"),
        headers: hyper::HeaderMap::new(),
        body: Bytes::new(),
        peer: ([127, 0, 0, 1], 4_000).into(),
        tls: false,
        arrived: std::time::Instant::now(),
    };
    edge.answer(&request).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_is_ready_while_the_store_or_its_cache_can_route_calls_and_it_is_not_draining() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", "+16475550111", json!({"mode": "always"})).await;
    let edge = edge(&rig);
    assert_eq!(readiness(&edge).await, 200);
    edge.readiness.set_store_up(false);
    assert_eq!(readiness(&edge).await, 503, "no store, and nothing known");
    edge.readiness.set_store_up(true);
    assert_eq!(readiness(&edge).await, 200);
    rig.voice("+14165550101", "+16475550111", &call_sid()).await;
    edge.readiness.set_store_up(false);
    assert_eq!(readiness(&edge).await, 200, "no store, but whoever has called can be served");
    edge.readiness.drain();
    assert_eq!(readiness(&edge).await, 503);
}
