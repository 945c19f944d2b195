//! A desk to test the admin API at: its router over a real store in a directory of its own, a clock that stands still,
//! and a list of what it told the rest of the process.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use jiff::{SignedDuration, Timestamp};
use patchbay::admin::{
    AdminState, Audio, ConsoleFiles, Costs, EventStream, FreeNumbersSeen, Inspection, LiveCall, Pace, Pending,
    Provision, Rotation, RotationRefused, RotationState, Supply, router,
};
use patchbay::config::Settings;
use patchbay::events::{Bus, Limits};
use patchbay::model::{Change, E164, Fault, Retention, Secret, Sid, TwilioAccount};
use patchbay::preflight::{Grade, Signatures, finding};
use patchbay::providers::{Http, Twilio};
use patchbay::provisioning::Report;
use patchbay::retention::Spool;
use patchbay::routing::Surroundings;
use patchbay::store::{Actor, Store, StoreError};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// The platform's organization.
pub const PLATFORM: &str = "org_00000000000000000000000000";

pub const TOKEN: &str = "an-operators-token";

/// When every test takes place.
pub const NOW: &str = "2026-11-20T15:00:00Z";

pub struct Desk {
    pub state: AdminState,
    pub store: Store,
    pub changes: Arc<Mutex<Vec<Change>>>,
    pub live: Arc<Mutex<Vec<LiveCall>>>,
    router: TowerToHyperService<axum::Router>,
    _dir: Option<TempDir>,
}

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name}: {self:?}")).to_str().unwrap()
    }

    /// The body of an answer that must have this status.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The code of a problem that must have this status, and its faults as `pointer code`.
    pub fn problem(self, status: u16) -> (String, Vec<String>) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let id = self.header("x-request-id").to_owned();
        let body = self.expect(status);
        assert_eq!(body["status"], status);
        assert_eq!(body["requestId"], id.as_str());
        let faults = body["errors"].as_array().into_iter().flatten();
        let faults =
            faults.map(|fault| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap()));
        (body["code"].as_str().unwrap().to_owned(), faults.collect())
    }

    /// The faults of a body that was refused.
    pub fn faults(self) -> Vec<String> {
        let (code, faults) = self.problem(422);
        let kinds: std::collections::BTreeSet<_> =
            faults.iter().map(|fault| fault.split(' ').nth(1).unwrap()).collect();
        let expected = if kinds.len() == 1 { kinds.first().copied().unwrap() } else { "invalid" };
        assert_eq!(code, expected, "the code of the whole is that of all faults, where they share one");
        faults
    }
}

/// Recordings heard from a Twilio at this address.
pub fn audio_of(base: &str) -> Audio {
    Audio::new(twilio_at(base), 2, Duration::from_millis(500))
}

fn twilio_at(base: &str) -> Twilio {
    // Reading the machine's certificates for every desk would take longer than most tests.
    static HTTP: LazyLock<Http> = LazyLock::new(|| Http::new().unwrap());
    Twilio::new(&HTTP, base, Arc::default()).unwrap()
}

/// A key that comes and goes without a file.
struct OneKey(Store);

impl Rotation for OneKey {
    fn rotate(&self, by: Actor) -> Pending<Result<RotationState, RotationRefused>> {
        let store = self.0.clone();
        Box::pin(async move {
            store.seal_with(&[8; 32], &by).await.map_err(RotationRefused::Store)?;
            Ok(RotationState { keys: store.keys_in_use().await.unwrap(), unreadable: 0, is_running: true })
        })
    }

    fn state(&self) -> Pending<Result<RotationState, StoreError>> {
        let store = self.0.clone();
        Box::pin(
            async move { Ok(RotationState { keys: store.keys_in_use().await?, unreadable: 0, is_running: false }) },
        )
    }
}

impl Desk {
    pub async fn new() -> Desk {
        Desk::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut AdminState)) -> Desk {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}/t.db", dir.path().display()), &[7; 32]).await.unwrap();
        let changes: Arc<Mutex<Vec<Change>>> = Arc::default();
        let live: Arc<Mutex<Vec<LiveCall>>> = Arc::default();
        let (told, seen) = (Arc::clone(&changes), Arc::clone(&live));
        let (chance, secrets) = (AtomicU8::new(0), AtomicU8::new(0));
        let mut state = AdminState {
            store: store.clone(),
            around: Arc::new(Surroundings {
                global_account: Some(TwilioAccount {
                    sid: Sid::parse("AC00000000000000000000000000000001").unwrap(),
                    auth_token: Secret::new("not-a-real-token"),
                    auth_token_next: None,
                    phone_number: Some(E164::parse("+16475550199").unwrap()),
                }),
                ..Surroundings::default()
            }),
            public_base: "https://edge.example.com".to_owned(),
            brand: "patchbay".to_owned(),
            own_base: "http://127.0.0.1:8081".to_owned(),
            console: ConsoleFiles::of(|_| None),
            changed: Arc::new(move |change| told.lock().unwrap().push(change)),
            live: Arc::new(move || {
                let live = seen.lock().unwrap().clone();
                Box::pin(async move { live })
            }),
            audio: audio_of("http://127.0.0.1:9"),
            provision: Provision {
                wake: Arc::new(|| {}),
                patience: Duration::from_millis(50),
                require_payment: false,
                numbers_per_tenant: 3,
                sip_domain: Some("example.sip.twilio.com".to_owned()),
                sip_acl_domain: None,
                sip_overlap: SignedDuration::from_hours(24 * 7),
                restaurants_secret: Some(Secret::new("a-secret-of-restaurants")),
            },
            watch: Arc::new(|| Box::pin(async { Ok(Report::default()) })),
            port_look: Arc::new(|_| Box::pin(async { Ok(None) })),
            costs: Costs {
                estimates: Settings::load(None, std::iter::empty()).unwrap().costs.estimates,
                prices: Arc::new(|_, _| Box::pin(async { Err("nobody is asked at a desk".to_owned()) })),
            },
            supply: Supply {
                twilio: twilio_at("http://127.0.0.1:9"),
                vapi: None,
                free_numbers: 10,
                learned: Arc::new(|| None),
                seen: FreeNumbersSeen::default(),
            },
            periods: Retention::default(),
            spool: Spool::default(),
            rotation: Arc::new(OneKey(store.clone())),
            events: EventStream { bus: Bus::new("desk".to_owned(), Limits::default()), pace: Pace::default() },
            certificate_end: Arc::new(|| None),
            inspection: Inspection::new(
                Arc::new(|| Box::pin(async { vec![finding(Grade::Ok, "store", "it answers")] })),
                Arc::new(Signatures::default),
            ),
            metrics_text: Arc::new(|| "patchbay_store_up 1\n".to_owned()),
            token_sha256: Some(Sha256::digest(TOKEN.as_bytes()).into()),
            webhook_url: Arc::new(|url| match url.starts_with("https://") {
                true => Ok(()),
                false => Err(Fault::new("/url", "scheme", "webhooks are sent over https")),
            }),
            now: Arc::new(|| NOW.parse::<Timestamp>().unwrap()),
            random: Arc::new(move || [chance.fetch_add(1, Ordering::Relaxed); 10]),
            secret: Arc::new(move || [secrets.fetch_add(1, Ordering::Relaxed); 32]),
        };
        change(&mut state);
        let router = TowerToHyperService::new(router(state.clone()));
        Desk { state, store, changes, live, router, _dir: Some(dir) }
    }

    /// The same desk with another state; it must not outlive this one.
    pub fn moved_to(&self, state: AdminState) -> Desk {
        Desk {
            router: TowerToHyperService::new(router(state.clone())),
            state,
            store: self.store.clone(),
            changes: Arc::clone(&self.changes),
            live: Arc::clone(&self.live),
            _dir: None,
        }
    }

    /// An answer whose body comes piece by piece.
    pub async fn open(&self, request: Request<Body>) -> axum::response::Response {
        self.router.call(request).await.unwrap()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (head, body) = self.router.call(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status, headers: head.headers, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("authorization", format!("Bearer {TOKEN}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, &[], Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, &[], Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, &[], Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, &[], None).await
    }

    /// A tenant in Toronto; its id.
    pub async fn tenant(&self, name: &str) -> String {
        let body = json!({"name": name, "timezone": "America/Toronto", "country": "CA"});
        let tenant = self.post("/api/tenants", body).await.expect(201);
        tenant["id"].as_str().unwrap().to_owned()
    }

    /// A number that leads to a tenant; its id.
    pub async fn number(&self, e164: &str, tenant: &str) -> String {
        let number = self.post("/api/numbers/owned", json!({"e164": e164, "tenantId": tenant})).await.expect(201);
        number["id"].as_str().unwrap().to_owned()
    }

    /// What was told since the last time somebody asked.
    pub fn told(&self) -> Vec<Change> {
        std::mem::take(&mut self.changes.lock().unwrap())
    }
}
