//! A running patchbay with one tenant, and requests for it: bytes of a signed webhook in, TwiML out, ledger, journal,
//! metrics and log line on, no socket.

use bytes::Bytes;
use hyper::{HeaderMap, Method, Uri};
use patchbay::app::{self, Running};
use patchbay::config::Settings;
use patchbay::edge::{Form, Incoming, sign};
use patchbay::model::SigningKey;
use tempfile::TempDir;

use super::{ACCOUNT, BASE, NUMBER, TOKEN, availability, encode, fields, sip_fields};

/// A signed webhook with a CallSid of its own, and the status callback that ends its call.
pub fn call(turn: u64, key: &SigningKey) -> [Incoming; 2] {
    let sid = format!("CA{turn:032x}");
    requests(&sid, "/api/twilio/voice", fields(&sid), key)
}

/// The same from a telephone system that has signed in as `username`.
pub fn sip_call(turn: u64, username: &str, key: &SigningKey) -> [Incoming; 2] {
    let sid = format!("CA{turn:032x}");
    requests(&sid, "/api/twilio/sip", sip_fields(&sid, username), key)
}

fn requests(sid: &str, path: &'static str, fields: Vec<(&'static str, String)>, key: &SigningKey) -> [Incoming; 2] {
    let status = [("AccountSid", ACCOUNT), ("CallSid", sid), ("CallStatus", "completed"), ("CallDuration", "9")];
    let status: Vec<_> = status.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    [(path, fields), ("/api/twilio/status", status)].map(|(path, fields)| {
        let body = encode(&fields);
        let form = Form::parse(&body).expect("a form");
        let signature = sign(&format!("{}{path}", BASE), Some(&form), key);
        let mut headers = HeaderMap::new();
        headers.insert("x-twilio-signature", signature.parse().expect("a header"));
        headers.insert("content-type", "application/x-www-form-urlencoded".parse().expect("a header"));
        Incoming {
            method: Method::POST,
            uri: Uri::from_static(path),
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
        ("PATCHBAY_EDGE__PUBLIC_URL", BASE),
        ("PATCHBAY_ADMIN__LISTEN", "127.0.0.1:0"),
        ("PATCHBAY_ADMIN__TOKEN", "an-invented-operator-token"),
        ("PATCHBAY_STORE__URL", &store),
        ("PATCHBAY_SPOOL__DIR", &spool),
        ("TWILIO_ACCOUNT_SID", ACCOUNT),
        ("TWILIO_AUTH_TOKEN", TOKEN),
        ("PATCHBAY_SIP__DOMAIN", "example.sip.twilio.com"),
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

/// Starts it, with settings decided by `mode`. Answers the name its telephone system signs in with, too.
pub async fn open(dir: &TempDir, mode: &str) -> (Running, String) {
    let running = app::start(settings(dir.path())).await.unwrap_or_else(|failure| panic!("{failure:#}"));
    let tenant = serde_json::json!({"name": "Smile Dental", "timezone": "America/Toronto", "country": "CA",
        "target": {"kind": "assistant", "id": "asst-1"},
        "connect": {"via": "sip", "sipUri": "sip:desk@sip.vapi.ai"}});
    let tenant = admin(&running, reqwest::Method::POST, "/api/tenants", tenant).await;
    let id = tenant["id"].as_str().expect("an id").to_owned();
    let owned = serde_json::json!({"e164": NUMBER, "tenantId": id});
    admin(&running, reqwest::Method::POST, "/api/numbers/owned", owned).await;
    let path = format!("/api/tenants/{id}/availability");
    admin(&running, reqwest::Method::PUT, &path, availability(mode)).await;
    let sip = serde_json::json!({"method": "sip", "clinicNumber": "+16475550188", "needsPhoneNumber": false});
    let phone = admin(&running, reqwest::Method::PUT, &format!("/api/tenants/{id}/phone-integration"), sip).await;
    (running, phone["sipUsername"].as_str().expect("a name").to_owned())
}
