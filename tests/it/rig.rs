//! A whole patchbay in this process, on free loopback ports, with a throw-away store: what the tests talk to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use patchbay::app::{self, Running};
use patchbay::config::Settings;
use patchbay::edge::Form;
use patchbay::model::{Clock, Secret, SigningKey};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const TOKEN: &str = "an-invented-auth-token";
pub const OPERATOR: &str = "an-invented-operator-token";
pub const VAPI_SECRET: &str = "an-invented-webhook-secret";

pub struct Rig {
    pub dir: TempDir,
    pub running: Running,
    pub http: reqwest::Client,
}

/// An answer to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub status: u16,
    pub content_type: String,
    pub body: String,
}

pub fn call_sid() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("CA{:032x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn settings(dir: &std::path::Path, extra: &[(&str, &str)]) -> Settings {
    let store = format!("sqlite:{}", dir.join("patchbay.db").display());
    let spool = dir.join("spool").display().to_string();
    let mut env: BTreeMap<String, String> = [
        ("PATCHBAY_EDGE__LISTEN", "127.0.0.1:0"),
        ("PATCHBAY_ADMIN__LISTEN", "127.0.0.1:0"),
        ("PATCHBAY_ADMIN__TOKEN", OPERATOR),
        ("PATCHBAY_STORE__URL", &store),
        ("PATCHBAY_SPOOL__DIR", &spool),
        ("TWILIO_ACCOUNT_SID", ACCOUNT),
        ("TWILIO_AUTH_TOKEN", TOKEN),
        ("TWILIO_PHONE_NUMBER", "+16475550199"),
        ("VAPI_WEBHOOK_SECRET", VAPI_SECRET),
        // Nothing listens there: a test that needs a provider names the simulator's address.
        ("PATCHBAY_TWILIO__API_BASE", "http://127.0.0.1:9"),
        ("PATCHBAY_VAPI__API_BASE", "http://127.0.0.1:9"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    for (name, value) in extra {
        env.insert((*name).to_owned(), (*value).to_owned());
    }
    Settings::load(None, env.into_iter()).unwrap_or_else(|faults| panic!("{faults}"))
}

impl Rig {
    pub async fn start() -> Rig {
        Rig::start_with(&[]).await
    }

    pub async fn start_with(extra: &[(&str, &str)]) -> Rig {
        let dir = TempDir::new().expect("a temporary directory");
        Rig::start_in(dir, extra).await
    }

    pub async fn start_in(dir: TempDir, extra: &[(&str, &str)]) -> Rig {
        Rig::start_at(dir, extra, Timestamp::now).await
    }

    pub async fn start_at(dir: TempDir, extra: &[(&str, &str)], clock: Clock) -> Rig {
        let started = app::start_at(settings(dir.path(), extra), clock).await;
        let running = started.unwrap_or_else(|failure| panic!("{failure:#}"));
        let http = http_client();
        Rig { dir, running, http }
    }

    /// Stops in order and starts again on the same store.
    pub async fn restart(self, extra: &[(&str, &str)]) -> Rig {
        self.running.stop().await;
        Rig::start_in(self.dir, extra).await
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.running.edge)
    }

    pub async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("http://{}{path}", self.running.admin);
        let mut request = self.http.request(method, url).bearer_auth(OPERATOR);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("the admin API answers");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// A tenant with a number, connected to Vapi by SIP.
    pub async fn tenant(&self, name: &str, number: &str, availability: Value) -> String {
        let (status, tenant) = self
            .admin(
                Method::POST,
                "/api/tenants",
                Some(json!({
                    "name": name,
                    "timezone": "America/Toronto",
                    "country": "CA",
                    "target": {"kind": "assistant", "id": "asst-1"},
                    "connect": {
                        "via": "sip",
                        "sipUri": "sip:desk@sip.vapi.ai",
                        "username": "a-user-name-of-twenty-chars",
                        "password": "a-password-of-twenty-and-more"
                    }
                })),
            )
            .await;
        assert_eq!(status, 201, "{tenant}");
        let id = tenant["id"].as_str().expect("an id").to_owned();
        self.owned(&id, number, json!({})).await;
        self.availability(&id, availability).await;
        id
    }

    pub async fn owned(&self, tenant: &str, number: &str, extra: Value) {
        let mut body = json!({"e164": number, "tenantId": tenant, "accountSid": ACCOUNT});
        for (key, value) in extra.as_object().expect("an object") {
            body[key] = value.clone();
        }
        let (status, answer) = self.admin(Method::POST, "/api/numbers/owned", Some(body)).await;
        assert_eq!(status, 201, "{answer}");
    }

    pub async fn availability(&self, tenant: &str, availability: Value) {
        let path = format!("/api/tenants/{tenant}/availability");
        let (status, answer) = self.admin(Method::PUT, &path, Some(availability)).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// A signed POST to the edge.
    pub async fn post(&self, path_and_query: &str, fields: &[(&str, &str)]) -> Heard {
        let url = format!("{}{path_and_query}", self.base());
        self.post_url(&url, fields).await
    }

    /// A signed POST to a URL that an answer named; its fragment stays here.
    pub async fn post_url(&self, url: &str, fields: &[(&str, &str)]) -> Heard {
        let url = url.split('#').next().expect("a URL");
        let mut all = vec![("AccountSid", ACCOUNT), ("ApiVersion", "2010-04-01")];
        all.extend_from_slice(fields);
        let signature = sign(url, &all);
        let request = self.http.post(url).header("X-Twilio-Signature", signature).form(&all);
        let answer = request.send().await.expect("the edge answers");
        Heard {
            status: answer.status().as_u16(),
            content_type: answer
                .headers()
                .get("content-type")
                .map(|value| value.to_str().expect("text").to_owned())
                .unwrap_or_default(),
            body: answer.text().await.expect("a body"),
        }
    }

    pub async fn voice(&self, from: &str, to: &str, sid: &str) -> Heard {
        self.post(
            "/api/twilio/voice",
            &[("CallSid", sid), ("From", from), ("To", to), ("CallStatus", "ringing"), ("Direction", "inbound")],
        )
        .await
    }

    pub async fn ended(&self, sid: &str) {
        let heard = self
            .post("/api/twilio/status", &[("CallSid", sid), ("CallStatus", "completed"), ("CallDuration", "12")])
            .await;
        assert_eq!(heard.status, 204);
    }

    /// Waits for something that becomes true behind the path (the journal drains, a gauge is set).
    pub async fn eventually<T>(&self, what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        loop {
            if let Some(found) = probe().await {
                return found;
            }
            assert!(std::time::Instant::now() < deadline, "never came true: {what}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

/// The value of an attribute in an answer, with the escapes of XML undone.
pub fn attribute(twiml: &str, name: &str) -> Option<String> {
    let start = twiml.find(&format!(" {name}=\""))? + name.len() + 3;
    let end = start + twiml[start..].find('"')?;
    Some(twiml[start..end].replace("&amp;", "&"))
}

/// The signature of a POST to this URL with these fields; of a GET, without fields.
pub fn sign(url: &str, fields: &[(&str, &str)]) -> String {
    sign_with(TOKEN, url, fields)
}

/// The same with another account's token.
pub fn sign_with(token: &str, url: &str, fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let form = Form::parse(pairs.join("&").as_bytes()).expect("a form");
    patchbay::edge::sign(url, Some(&form).filter(|form| !form.is_empty()), &SigningKey::new(&Secret::new(token)))
}

/// An HTTP client like the product's own.
pub fn http_client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().tls_certs_only([]).no_proxy().build().expect("an HTTP client")
}

/// An address at which nobody listens: it was free a moment ago.
pub fn nobody() -> std::net::SocketAddr {
    crate::servers::port::free_address()
}
