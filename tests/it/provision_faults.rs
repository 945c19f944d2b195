//! Every provider call of every saga fails in every way, or the process is gone in the middle of it; then it converges:
//! one number a job, everything paid for listed, everything listed leading here, and the end told in words.
//!
//! In CI a part that a seed chooses; all of it with `PATCHBAY_FAULTS=all`. The count is printed.

use std::time::Duration;

use patchbay::simulator::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::provision::Town;
use crate::rig::{ACCOUNT, Rig};

/// Cases that are tried where nobody asks for all.
const SOME: usize = 60;

/// Cases at once: each is an installation and a simulator.
const AT_ONCE: usize = 12;

/// What is asked for, and over which ways it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Saga {
    /// One of Vapi's free numbers.
    Free,
    /// A number that is bought.
    Bought,
    /// A forwarded tenant is deployed.
    Forwarded,
    /// A tenant with a telephone system is deployed.
    Sip,
    /// Its new password is deployed, and one that was renewed and never used leaves.
    Rotated,
    /// The older of its names is removed.
    Retired,
    /// A number the business has is wired.
    Wired,
    /// A number leaves Vapi.
    Removed,
    /// A number is given back.
    Released,
    /// Another target answers.
    Retargeted,
    /// A tenant's own number is asked for.
    Ported,
    /// A number that was asked for has come.
    Arrived,
    /// A move is called off.
    CalledOff,
}

const SAGAS: [Saga; 13] = [
    Saga::Free,
    Saga::Bought,
    Saga::Forwarded,
    Saga::Sip,
    Saga::Rotated,
    Saga::Retired,
    Saga::Wired,
    Saga::Removed,
    Saga::Released,
    Saga::Retargeted,
    Saga::Ported,
    Saga::Arrived,
    Saga::CalledOff,
];

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Kind(&'static str),
    /// Somebody calls the job off while it is under way.
    Cancel,
    /// The process ends while it is under way.
    Gone,
}

const FAULTS: [Fault; 8] = [
    Fault::Kind("error"),
    Fault::Kind("429"),
    Fault::Kind("garbage"),
    Fault::Kind("timeout-after"),
    Fault::Kind("reset-after"),
    Fault::Kind("slow"),
    Fault::Cancel,
    Fault::Gone,
];

/// A town in which a saga can begin, and how it is begun.
async fn before(saga: Saga) -> (Town, String, Value) {
    let town = Town::with(Options::default(), &[]).await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let phone = format!("/api/tenants/{tenant}/phone-integration");
    let owned = async |wire: bool, to: Value| {
        town.sim.tell("numbers", json!({ "accountSid": ACCOUNT, "phoneNumber": "+12055550177" })).await;
        let own = json!({ "e164": "+12055550177", "tenantId": to, "accountSid": ACCOUNT, "wire": wire });
        let (status, made) = town.post("/api/numbers/owned", own).await;
        if status == 202 {
            let job = town.over(&made["jobId"]).await;
            return job["result"]["numberId"].as_str().expect("a number").to_owned();
        }
        made["id"].as_str().expect("a number").to_owned()
    };
    let (path, body) = match saga {
        Saga::Free => ("/api/numbers/batch".to_owned(), Value::Null),
        Saga::Bought => ("/api/numbers/batch".to_owned(), json!({ "forceTwilio": true })),
        Saga::Forwarded | Saga::Sip => {
            let method = if saga == Saga::Sip { "sip" } else { "forwarded" };
            let put = json!({ "method": method, "clinicNumber": "+16475550188" });
            town.ask(Method::PUT, &phone, put).await;
            (format!("/api/tenants/{tenant}/deploy"), Value::Null)
        }
        Saga::Ported | Saga::Arrived | Saga::CalledOff => {
            let path = town.ready_to_move(&tenant, "+13125550165").await;
            if saga == Saga::Ported {
                (path, Value::Null)
            } else {
                let job = town.done(&path, Value::Null).await;
                assert_eq!(job["state"], "succeeded", "{job:#}");
                let deed = if saga == Saga::CalledOff { "port/cancel" } else { "port/refresh" };
                (format!("/api/tenants/{tenant}/{deed}"), Value::Null)
            }
        }
        Saga::Rotated => {
            town.sip(&tenant, json!({})).await;
            for _ in 0..2 {
                town.deployed(&tenant).await;
                town.renewed(&tenant).await;
            }
            (format!("/api/tenants/{tenant}/deploy"), Value::Null)
        }
        Saga::Retired => {
            let (_, phone) = town.sip(&tenant, json!({})).await;
            town.deployed(&tenant).await;
            town.renewed(&tenant).await;
            town.deployed(&tenant).await;
            let older = phone["sipUsername"].as_str().expect("a name").to_owned();
            (format!("/api/tenants/{tenant}/sip-names/{older}"), Value::Null)
        }
        Saga::Wired => {
            let id = owned(false, json!(tenant)).await;
            (format!("/api/numbers/{id}/rewire"), Value::Null)
        }
        Saga::Removed => {
            let id = owned(true, json!(tenant)).await;
            (format!("/api/numbers/{id}/remove-from-vapi"), Value::Null)
        }
        Saga::Released => {
            let id = owned(true, json!(tenant)).await;
            town.ask(Method::DELETE, &format!("/api/numbers/{id}"), Value::Null).await;
            (format!("/api/numbers/{id}/release"), json!({ "confirm": "+12055550177" }))
        }
        Saga::Retargeted => {
            owned(true, json!(tenant)).await;
            (
                format!("/api/tenants/{tenant}"),
                json!({ "target": { "kind": "squad", "id": crate::provision::OTHER_ASSISTANT } }),
            )
        }
    };
    if saga == Saga::Arrived {
        town.sim.tell("ports", json!({ "phoneNumber": "+13125550165", "status": "completed" })).await;
    }
    town.sim.forget().await;
    (town, path, body)
}

/// Begins the saga and answers its job.
async fn begin(town: &Town, saga: Saga, path: &str, body: &Value) -> Value {
    if saga == Saga::Retargeted {
        town.ask(Method::PATCH, path, body.clone()).await;
        return town.get("/api/jobs?kind=target").await["data"][0]["id"].clone();
    }
    if saga == Saga::Arrived {
        return arrived(town, path).await;
    }
    let method = if saga == Saga::Retired { Method::DELETE } else { Method::POST };
    let (status, begun) = town.ask(method, path, body.clone()).await;
    assert_eq!(status, 202, "{saga:?}: {begun}");
    if begun["data"].is_array() { begun["data"][0]["jobId"].clone() } else { begun["jobId"].clone() }
}

/// The job that a number's arrival makes: Twilio told of it, or was asked.
async fn arrived(town: &Town, path: &str) -> Value {
    for _ in 0..500 {
        if let Some(job) = town.get("/api/jobs?kind=arrive").await["data"][0].as_object() {
            return job["id"].clone();
        }
        town.post(path, Value::Null).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody noticed that the number has come")
}

/// How many calls a saga makes when all goes well.
async fn calls_of(saga: Saga) -> usize {
    let (town, path, body) = before(saga).await;
    let job = begin(&town, saga, &path, &body).await;
    let job = town.over(&job).await;
    assert_eq!(job["state"], "succeeded", "{saga:?}: {job:#}");
    town.sim.look("requests").await.len()
}

/// One case: the `nth` call of a saga meets a fault.
async fn case(saga: Saga, nth: usize, fault: Fault) {
    let (mut town, path, body) = before(saga).await;
    let kind = match fault {
        Fault::Kind(kind) => kind,
        // Time to call it off, or to go, while the answer is on its way: it has had its effect.
        Fault::Cancel | Fault::Gone => "slow",
    };
    let ms = if kind == "slow" { 700 } else { 0 };
    town.sim.tell("faults", json!({ "match": ".*", "kind": kind, "times": 1, "ms": ms, "after": nth })).await;
    let id = begin(&town, saga, &path, &body).await;
    if matches!(fault, Fault::Cancel | Fault::Gone) {
        let is_under_way = async || town.sim.look("requests").await.len() > nth;
        let until = std::time::Instant::now() + Duration::from_secs(20);
        while !is_under_way().await && std::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if fault == Fault::Cancel {
            town.post(&format!("/api/jobs/{}/cancel", id.as_str().expect("an id")), Value::Null).await;
        } else {
            town = gone(town).await;
        }
    }
    let job = town.over(&id).await;
    let told = format!("{saga:?}, call {nth}, {fault:?}: {job:#}");
    let detail = job["detail"].as_str().expect("words");
    assert!(!detail.is_empty(), "an end without a word: {told}");
    match fault {
        Fault::Cancel => assert!(job["state"] == "cancelled" || job["state"] == "succeeded", "{told}"),
        // What passes by itself is waited for.
        Fault::Kind(_) | Fault::Gone => assert_eq!(job["state"], "succeeded", "{told}"),
    }
    town.holds_saying(&told).await;
    let is_sip = matches!(saga, Saga::Sip | Saga::Rotated | Saga::Retired);
    if is_sip && job["state"] == "succeeded" {
        let tenant = job["tenantId"].as_str().expect("a tenant");
        let names = town.sip_names(tenant).await;
        let names: Vec<&str> = names.iter().map(|name| name["username"].as_str().expect("a name")).collect();
        assert_eq!(names.len(), if saga == Saga::Rotated { 2 } else { 1 }, "{told}");
        town.twilio_lets_in(&names).await;
        assert!(town.names_at_twilio().await.len() <= 1, "{told}");
        for name in names {
            assert!(town.sip_call(name, "smile-dental").await, "{name}: {told}");
        }
    }
}

/// The process is gone, without a chance to put anything in order; another starts on the same store.
async fn gone(town: Town) -> Town {
    let url = town.sim.url();
    let Rig { dir, running, http } = town.rig;
    drop(running);
    drop(http);
    let settings = crate::rig::settings(dir.path(), &Town::settings(&url));
    // What is torn away lets go of its files in its own time.
    for _ in 0..500 {
        if let Ok(running) = patchbay::app::start(settings.clone()).await {
            return Town { rig: Rig { dir, running, http: crate::rig::http_client() }, sim: town.sim };
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the files were never let go of")
}

/// Which cases: all, or some that a seed chooses.
fn chosen(all: Vec<(Saga, usize, Fault)>) -> Vec<(Saga, usize, Fault)> {
    if std::env::var("PATCHBAY_FAULTS").is_ok_and(|which| which == "all") {
        return all;
    }
    let seed: usize = std::env::var("PATCHBAY_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    // A step that shares no factor with most lengths walks through all of them.
    let step = 7_919;
    (0..SOME).map(|place| all[(seed * 104_729 + place * step) % all.len()]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_call_fails_in_whatever_way_the_job_comes_to_an_end_that_holds() {
    let mut all = Vec::new();
    for saga in SAGAS {
        for nth in 0..calls_of(saga).await {
            all.extend(FAULTS.map(|fault| (saga, nth, fault)));
        }
    }
    let count = all.len();
    let cases = chosen(all);
    let places = std::sync::Arc::new(Semaphore::new(AT_ONCE));
    let mut running = tokio::task::JoinSet::new();
    let tried = cases.len();
    for (saga, nth, fault) in cases {
        let places = std::sync::Arc::clone(&places);
        running.spawn(async move {
            let _place = places.acquire_owned().await.expect("never closed");
            case(saga, nth, fault).await;
        });
    }
    let mut failed = 0;
    while let Some(done) = running.join_next().await {
        failed += usize::from(done.is_err());
    }
    println!("{tried} of {count} cases tried, {failed} failed");
    assert_eq!(failed, 0);
}
