//! Webhooks from a whole patchbay: a call that ends is told, and `kill -9` between sending and writing down loses
//! nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use patchbay::model::SigningSecret;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::{Process, WITH_ACCOUNTS};
use crate::receiver::{Receiver, Reply};
use crate::rig::{OPERATOR, Rig, call_sid};

const NUMBER: &str = "+16475550121";
const ALLOW: (&str, &str) = ("PATCHBAY_WEBHOOKS__ALLOW_NETWORKS", "127.0.0.0/8");

fn secret_of(webhook: &Value) -> SigningSecret {
    SigningSecret::parse(webhook["secret"].as_str().expect("a secret")).expect("well spelled")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_ends_and_a_voicemail_that_is_there_are_told_with_the_words_of_the_api() {
    let mut receiver = Receiver::answering(Reply::Status(200)).await;
    let rig = Rig::start_with(&[ALLOW]).await;
    let tenant = rig.tenant("Smile Dental", NUMBER, json!({"mode": "always", "fallback": {"type": "voicemail"}})).await;
    let body = json!({"url": receiver.url(), "events": ["call.ended", "voicemail.created"], "tenantId": tenant});
    let (status, webhook) = rig.admin(Method::POST, "/api/webhooks", Some(body)).await;
    assert_eq!(status, 201, "{webhook}");
    let sid = call_sid();
    assert_eq!(rig.voice("+14165550101", NUMBER, &sid).await.status, 200);
    rig.ended(&sid).await;
    let ended = receiver.next().await;
    assert_eq!(ended.signatures_by(&secret_of(&webhook)), 1);
    let (_, call) = rig.admin(Method::GET, &format!("/api/calls/{sid}"), None).await;
    let told = ended.json();
    assert_eq!(told["type"], "call.ended");
    let members = told["data"].as_object().expect("an object");
    assert_eq!(members.len(), 10);
    for (name, value) in members {
        assert_eq!(value, &call[name], "{name} as /api/calls says it");
    }
    let recorded = [
        ("CallSid", sid.as_str()),
        ("RecordingSid", "RE77"),
        ("RecordingStatus", "completed"),
        ("RecordingDuration", "9"),
    ];
    for _ in 0..2 {
        assert_eq!(rig.post("/api/twilio/voicemail", &recorded).await.status, 204);
    }
    let told = receiver.next().await.json();
    assert_eq!(told["type"], "voicemail.created");
    let id = told["data"]["id"].as_str().expect("an id");
    let (_, voicemail) = rig.admin(Method::GET, &format!("/api/voicemails/{id}"), None).await;
    for (name, value) in told["data"].as_object().expect("an object") {
        assert_eq!(value, &voicemail[name], "{name} as /api/voicemails says it");
    }
    let path = format!("/api/webhooks/{}/deliveries?state=delivered", webhook["id"].as_str().expect("an id"));
    rig.eventually("both are written down", async || {
        let (_, page) = rig.admin(Method::GET, &path, None).await;
        (page["data"].as_array()?.len() == 2).then_some(())
    })
    .await;
    rig.running.stop().await;
    assert!(receiver.waiting().is_empty(), "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_url_is_refused_when_it_is_kept() {
    let rig = Rig::start().await;
    let refused = async |url: &str| {
        let body = json!({"url": url, "events": ["call.ended"]});
        let (status, problem) = rig.admin(Method::POST, "/api/webhooks", Some(body)).await;
        (status, problem["code"].as_str().unwrap_or_default().to_owned())
    };
    for (url, code) in [
        ("https://127.0.0.1/", "private_address"),
        ("https://169.254.169.254/latest/meta-data/", "private_address"),
        ("https://0x7f.1/", "private_address"),
        ("https://localhost/", "private_address"),
        ("http://hooks.example.com/", "scheme"),
        ("https://user:word@hooks.example.com/", "credentials"),
        ("hooks.example.com", "url"),
    ] {
        assert_eq!(refused(url).await, (422, code.to_owned()), "{url}");
    }
    rig.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_between_sending_and_writing_it_down_sends_it_again_under_the_same_id() {
    let well = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let answer = move |_: &_| if is_well.load(Ordering::Relaxed) { Reply::Status(200) } else { Reply::Never };
    let mut receiver = Receiver::start(([127, 0, 0, 1], 0).into(), answer).await;
    let dir = TempDir::new().expect("a directory");
    // A proxy of the environment is not for webhooks: it could lead where no check looks.
    let proxy = [ALLOW, ("HTTP_PROXY", "http://127.0.0.1:9"), ("ALL_PROXY", "http://127.0.0.1:9")];
    let env: Vec<(&str, &str)> = WITH_ACCOUNTS.into_iter().chain(proxy).collect();
    let mut process = Process::start(dir.path(), &env);
    let body = json!({"url": receiver.url(), "events": ["call.ended"]});
    let (status, webhook) = process.admin("POST", "/api/webhooks", OPERATOR, body).await;
    assert_eq!(status, 201, "{webhook}");
    let path = format!("/api/webhooks/{}", webhook["id"].as_str().expect("an id"));
    let (status, sent) = process.admin("POST", &format!("{path}/test"), OPERATOR, Value::Null).await;
    assert_eq!(status, 202, "{sent}");
    for _ in 0..2 {
        let hit = receiver.next().await;
        assert_eq!(hit.id(), sent["id"].as_str().expect("an id"));
        assert_eq!(hit.signatures_by(&secret_of(&webhook)), 1);
        process.signal("KILL");
        process.ended();
        process = Process::start(dir.path(), &env);
    }
    // The third hangs until its deadline in the process that is told to stop: a stop does not wait for it.
    assert_eq!(receiver.next().await.id(), sent["id"].as_str().expect("an id"));
    process.signal("TERM");
    assert!(process.ended().success());
    well.store(true, Ordering::Relaxed);
    let process = Process::start(dir.path(), &env);
    assert_eq!(receiver.next().await.id(), sent["id"].as_str().expect("an id"));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let page = process.admin("GET", &format!("{path}/deliveries"), OPERATOR, Value::Null).await.1;
        if page["data"][0]["state"] == "delivered" {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{page}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let metrics = process.metrics().await;
    assert!(metrics.contains("patchbay_outgoing_webhooks_total{outcome=\"delivered\"} 1"), "{metrics}");
    let log = crate::binary::logged(dir.path());
    let secret = webhook["secret"].as_str().expect("a secret");
    assert!(!log.contains(secret) && !log.contains("whsec_"), "a secret is in the log");
}
