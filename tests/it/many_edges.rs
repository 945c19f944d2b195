//! Several processes on one store: what one changes all obey, what one does for all is done once, and a store that is away
//! costs no call.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::receiver::{Receiver, Reply};
use crate::rig::{Rig, call_sid};
use crate::servers::gate::Gate;
use crate::servers::postgres::{database, server};

const NUMBER: &str = "+16475550121";
pub const KEY: (&str, &str) = ("PATCHBAY_SECRETS__KEY", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
const ALLOW: (&str, &str) = ("PATCHBAY_WEBHOOKS__ALLOW_NETWORKS", "127.0.0.0/8");

async fn edge(store: &str) -> Rig {
    Rig::start_with(&[("PATCHBAY_STORE__URL", store), KEY, ALLOW]).await
}

/// Whom a call gets.
async fn answered_by(rig: &Rig, number: &str) -> &'static str {
    let heard = rig.voice("+14165550101", number, &call_sid()).await;
    assert_eq!(heard.status, 200, "{heard:?}");
    match heard.body {
        body if body.contains("sip:desk@sip.vapi.ai") => "ai",
        body if body.contains("<Record") => "voicemail",
        body if body.contains("<Say") => "words",
        body => panic!("{body}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_made_on_one_edge_is_obeyed_by_the_others_within_a_second() {
    let store = database().await;
    let (one, other) = tokio::join!(edge(&store), edge(&store));
    assert_eq!(answered_by(&other, NUMBER).await, "words", "nobody has the number yet");
    let tenant = one.tenant("Smile Dental", NUMBER, json!({"mode": "always"})).await;
    let mut worst = Duration::ZERO;
    for (round, (mode, who)) in [("always", "ai"), ("disabled", "voicemail")].into_iter().cycle().take(10).enumerate() {
        if round > 0 {
            one.availability(&tenant, json!({"mode": mode, "fallback": {"type": "voicemail"}})).await;
        }
        let changed = Instant::now();
        while answered_by(&other, NUMBER).await != who {
            assert!(changed.elapsed() < Duration::from_secs(1), "round {round}: not within a second");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        worst = worst.max(changed.elapsed());
    }
    println!("ten changes, the slowest obeyed after {worst:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_go_out_once_however_many_edges_there_are() {
    let store = database().await;
    let mut receiver = Receiver::answering(Reply::Status(200)).await;
    let (one, other) = tokio::join!(edge(&store), edge(&store));
    let tenant = one.tenant("Smile Dental", NUMBER, json!({"mode": "always"})).await;
    let body = json!({"url": receiver.url(), "events": ["call.ended"], "tenantId": tenant});
    let (status, webhook) = one.admin(Method::POST, "/api/webhooks", Some(body)).await;
    assert_eq!(status, 201, "{webhook}");
    let mut told: HashMap<String, u32> = HashMap::new();
    for number in 0..20 {
        let (begins, ends) = if number % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let sid = call_sid();
        begins.voice("+14165550101", NUMBER, &sid).await;
        ends.ended(&sid).await;
        told.insert(sid, 0);
    }
    for _ in 0..told.len() {
        let hit = receiver.next().await.json();
        *told.get_mut(hit["data"]["sid"].as_str().expect("a call")).expect("one of these") += 1;
    }
    // Whoever else sends would have sent by then.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(told.values().all(|times| *times == 1), "{told:?}");
    assert!(receiver.waiting().is_empty(), "a second time");
}

/// Waits until the last directory holds this tenant.
async fn kept(rig: &Rig, spool: &Path, tenant: &str) {
    rig.eventually("the directory is kept", async || {
        std::fs::read_to_string(spool.join("directory")).ok().filter(|kept| kept.contains(tenant)).map(drop)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_starts_while_the_store_is_away_answers_from_the_last_directory() {
    let gate = Gate::to(server().port).await;
    let store = database().await.replace(&format!(":{}", server().port), &format!(":{}", gate.address.port()));
    let settings = [("PATCHBAY_STORE__URL", store.as_str()), KEY, ALLOW];
    let rig = Rig::start_with(&settings).await;
    let tenant = rig.tenant("Smile Dental", NUMBER, json!({"mode": "always"})).await;
    let spool = rig.dir.path().join("spool");
    kept(&rig, &spool, &tenant).await;
    kept(&rig, &spool, NUMBER).await;
    let text = std::fs::read_to_string(spool.join("directory")).unwrap();
    assert!(!text.contains("a-password-of-twenty-and-more"), "what is secret stays sealed");

    gate.shut();
    let rig = rig.restart(&settings).await;
    assert_eq!(answered_by(&rig, NUMBER).await, "ai");
    assert_eq!(answered_by(&rig, "+16475550122").await, "words", "what is not in it is not known");
    let (status, _) = rig.admin(Method::GET, "/api/tenants", None).await;
    assert_eq!(status, 503, "people are told that the store is away");
    let ready = rig.http.get(format!("{}/readyz", rig.base())).send().await.unwrap();
    assert_eq!(ready.status().as_u16(), 200, "calls can be answered");
    // What must be kept is kept here meanwhile.
    let sid = call_sid();
    rig.voice("+14165550101", NUMBER, &sid).await;
    rig.ended(&sid).await;

    gate.open();
    rig.eventually("the store is back", async || {
        let (status, call) = rig.admin(Method::GET, &format!("/api/calls/{sid}"), None).await;
        (status == 200 && call["endedAt"].is_string()).then_some(())
    })
    .await;
    rig.availability(&tenant, json!({"mode": "disabled", "fallback": {"type": "voicemail"}})).await;
    assert_eq!(answered_by(&rig, NUMBER).await, "voicemail", "the store says so, and not the last directory");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_last_directory_is_said_and_costs_no_start() {
    let gate = Gate::to(server().port).await;
    let store = database().await.replace(&format!(":{}", server().port), &format!(":{}", gate.address.port()));
    let settings = [("PATCHBAY_STORE__URL", store.as_str()), KEY];
    let rig = Rig::start_with(&settings).await;
    let tenant = rig.tenant("Smile Dental", NUMBER, json!({"mode": "always"})).await;
    let spool = rig.dir.path().join("spool");
    kept(&rig, &spool, &tenant).await;
    rig.running.stop().await;
    gate.shut();
    let dir = rig.dir;
    let file = spool.join("directory");
    let whole = std::fs::read(&file).unwrap();
    let damaged: [Vec<u8>; 4] = [
        whole[..whole.len() / 2].to_vec(),
        whole.iter().map(|byte| if *byte == b'S' { b'T' } else { *byte }).collect(),
        vec![0xff; 300],
        Vec::new(),
    ];
    let mut dir = Some(dir);
    for bytes in damaged {
        std::fs::write(&file, bytes).unwrap();
        let rig = Rig::start_in(dir.take().unwrap(), &settings).await;
        assert_eq!(answered_by(&rig, NUMBER).await, "words");
        rig.running.stop().await;
        dir = Some(rig.dir);
    }
    std::fs::write(&file, whole).unwrap();
    let rig = Rig::start_in(dir.take().unwrap(), &settings).await;
    assert_eq!(answered_by(&rig, NUMBER).await, "ai", "the whole one is used");
}
