//! The whole request in process: bytes of a signed webhook in, TwiML out, ledger, journal, metrics and log line on.

#![allow(missing_docs, clippy::disallowed_methods)]

#[allow(dead_code, reason = "each bench uses its part of the sample")]
mod sample;

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use hyper::{HeaderMap, Method};
use patchbay::app;
use patchbay::config::Settings;
use patchbay::edge::{Form, Handler, Incoming, SigningKey, sign};
use patchbay::model::Secret;
use tokio::runtime::Runtime;

/// A signed webhook with a CallSid of its own, and the status callback that ends its call.
fn call(turn: u64, key: &SigningKey) -> [Incoming; 2] {
    let sid = format!("CA{turn:032x}");
    let status =
        [("AccountSid", sample::ACCOUNT), ("CallSid", &sid), ("CallStatus", "completed"), ("CallDuration", "9")];
    let status: Vec<_> = status.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    [("/api/twilio/voice", sample::fields(&sid)), ("/api/twilio/status", status)].map(|(path, fields)| {
        let body = sample::encode(&fields);
        let form = Form::parse(&body).expect("a form");
        let signature = sign(&format!("{}{path}", sample::BASE), Some(&form), key);
        let mut headers = HeaderMap::new();
        headers.insert("x-twilio-signature", signature.parse().expect("a header"));
        headers.insert("content-type", "application/x-www-form-urlencoded".parse().expect("a header"));
        Incoming {
            method: Method::POST,
            path: path.to_owned(),
            query: String::new(),
            headers,
            body: Bytes::from(body),
            peer: ([127, 0, 0, 1], 4_000).into(),
            tls: false,
            arrived: std::time::Instant::now(),
        }
    })
}

fn settings(dir: &std::path::Path) -> Settings {
    let store = format!("sqlite:{}", dir.join("bench.db").display());
    let spool = dir.join("spool").display().to_string();
    let env = [
        ("PATCHBAY_EDGE__LISTEN", "127.0.0.1:0"),
        ("PATCHBAY_EDGE__PUBLIC_URL", sample::BASE),
        ("PATCHBAY_ADMIN__LISTEN", "127.0.0.1:0"),
        ("PATCHBAY_ADMIN__TOKEN", "an-invented-operator-token"),
        ("PATCHBAY_STORE__URL", &store),
        ("PATCHBAY_SPOOL__DIR", &spool),
        ("TWILIO_ACCOUNT_SID", sample::ACCOUNT),
        ("TWILIO_AUTH_TOKEN", sample::TOKEN),
    ];
    let env = env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Settings::load(None, env).unwrap_or_else(|faults| panic!("{faults}"))
}

fn http_client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().tls_certs_only([]).no_proxy().build().expect("an HTTP client")
}

async fn admin(
    running: &app::Running,
    method: reqwest::Method,
    path: &str,
    body: serde_json::Value,
) -> serde_json::Value {
    let http = http_client();
    let url = format!("http://{}{path}", running.admin);
    let request = http.request(method, url).bearer_auth("an-invented-operator-token").json(&body);
    request.send().await.expect("an answer").json().await.expect("JSON")
}

fn whole_request(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let dir = tempfile::TempDir::new().expect("a directory");
    let running = runtime.block_on(async {
        let running = app::start(settings(dir.path())).await.unwrap_or_else(|failure| panic!("{failure:#}"));
        let tenant = serde_json::json!({"name": "Smile Dental", "timezone": "America/Toronto", "country": "CA",
            "target": {"kind": "assistant", "id": "asst-1"},
            "connect": {"via": "sip", "sipUri": "sip:desk@sip.vapi.ai"}});
        let tenant = admin(&running, reqwest::Method::POST, "/api/tenants", tenant).await;
        let id = tenant["id"].as_str().expect("an id").to_owned();
        let owned = serde_json::json!({"e164": sample::NUMBER, "tenantId": id});
        admin(&running, reqwest::Method::POST, "/api/numbers/owned", owned).await;
        let path = format!("/api/tenants/{id}/availability");
        admin(&running, reqwest::Method::PUT, &path, sample::availability("after-hours-only")).await;
        running
    });
    let key = SigningKey::new(&Secret::new(sample::TOKEN));
    let mut turn = 0;
    let edge = &running.handler;
    for (name, which) in [("voice", 0), ("status", 1)] {
        criterion.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    turn += 1;
                    let [voice, status] = call(turn, &key);
                    if which == 1 {
                        assert_eq!(runtime.block_on(edge.answer(voice)).status, 200);
                        return status;
                    }
                    // The call before this one ends first, as calls do.
                    let [_, last] = call(turn - 1, &key);
                    assert_eq!(runtime.block_on(edge.answer(last)).status, 204);
                    voice
                },
                |request| black_box(runtime.block_on(edge.answer(request))),
                criterion::BatchSize::SmallInput,
            );
        });
    }
    runtime.block_on(running.stop());
}

criterion_group!(benches, whole_request);
criterion_main!(benches);
