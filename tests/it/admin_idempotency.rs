//! `Idempotency-Key`: one effect and equal answers, whoever asks at once, whatever is restarted or dies in between.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use patchbay::admin::AdminState;
use patchbay::model::Secret;
use patchbay::store::Store;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::admin_desk::{Answer, Desk, NOW, TOKEN};
use crate::binary::{Process, WITH_ACCOUNTS};
use crate::rig::{OPERATOR, Rig, http_client};

/// An answer as a client sees it, with the headers that matter to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

const HEADERS: [&str; 5] = ["content-type", "etag", "location", "retry-after", "idempotency-answer-kept"];

async fn post(
    http: &reqwest::Client,
    admin: std::net::SocketAddr,
    path: &str,
    key: &str,
    body: &Value,
) -> Option<Seen> {
    let request = http.post(format!("http://{admin}{path}")).bearer_auth(OPERATOR).header("Idempotency-Key", key);
    let answer = request.json(body).send().await.ok()?;
    let status = answer.status().as_u16();
    let header = |name: &&str| Some(((*name).to_owned(), answer.headers().get(*name)?.to_str().ok()?.to_owned()));
    let headers = HEADERS.iter().filter_map(header).collect();
    Some(Seen { status, headers, body: answer.text().await.ok()? })
}

/// Sends until there is another answer than "still worked on".
async fn insist(http: &reqwest::Client, admin: std::net::SocketAddr, path: &str, key: &str, body: &Value) -> Seen {
    loop {
        let seen = post(http, admin, path, key, body).await.expect("an answer");
        if !seen.body.contains("\"in_progress\"") {
            return seen;
        }
        assert_eq!(seen.status, 409);
        assert!(seen.headers.iter().any(|(name, _)| name == "retry-after"), "{seen:?}");
    }
}

async fn named(rig: &Rig, name: &str) -> usize {
    let (_, page) = rig.admin(Method::GET, &format!("/api/tenants?q={name}"), None).await;
    page["data"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_clients_with_one_key_one_has_its_effect_and_all_hear_the_same() {
    let rig = Rig::start().await;
    let (_, tenant) = rig.admin(Method::POST, "/api/tenants", Some(json!({"name": "Smile Dental"}))).await;
    for round in 0..12 {
        let business = json!({"name": format!("Acme-{round}-")});
        let e164 = format!("+1647555{:04}", 100 + round);
        for (path, body) in [
            ("/api/tenants", business),
            ("/api/tenants", json!({"name": ""})),
            ("/api/numbers/owned", json!({"e164": e164, "tenantId": tenant["id"]})),
            ("/api/orgs", json!({"name": "Acme"})),
            // The answer holds a secret that nobody can ask for again.
            ("/api/tokens", json!({"name": "desk", "role": "operator", "access": "read"})),
            ("/api/nothing", json!({})),
        ] {
            let key = format!("{path}-{round}-{}", body["name"].as_str().map_or(0, str::len));
            let clients: Vec<_> = (0..16)
                .map(|_| {
                    let (admin, key, body) = (rig.running.admin, key.clone(), body.clone());
                    tokio::spawn(async move { insist(&http_client(), admin, path, &key, &body).await })
                })
                .collect();
            let mut seen = BTreeSet::new();
            for client in clients {
                seen.insert(client.await.expect("a client"));
            }
            assert_eq!(seen.len(), 1, "{path} {body}: {seen:#?}");
            let repeated = post(&rig.http, rig.running.admin, path, &key, &body).await;
            assert!(seen.contains(&repeated.expect("an answer")));
        }
        assert_eq!(named(&rig, &format!("Acme-{round}-")).await, 1);
    }
    let (_, numbers) = rig.admin(Method::GET, "/api/numbers/owned?limit=200", None).await;
    assert_eq!(numbers["data"].as_array().map(Vec::len), Some(12));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_outlives_a_restart_and_lies_sealed_in_the_file() {
    let rig = Rig::start().await;
    let body = json!({"name": "Planted Name In The Answer"});
    let first = post(&rig.http, rig.running.admin, "/api/tenants", "a-planted-key", &body).await.expect("an answer");
    assert_eq!(first.status, 201);
    let rig = rig.restart(&[]).await;
    let again = post(&rig.http, rig.running.admin, "/api/tenants", "a-planted-key", &body).await.expect("an answer");
    assert_eq!(again, first);
    assert_eq!(named(&rig, "Planted").await, 1);

    let file = format!("sqlite:{}", rig.dir.path().join("patchbay.db").display());
    let raw = sqlx::SqlitePool::connect(&file).await.expect("the file");
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT key, answer FROM idempotency").fetch_all(&raw).await.expect("the table");
    assert_eq!(rows.len(), 1);
    let (key, answer) = &rows[0];
    assert!(!key.contains("planted"));
    for word in ["Planted", "createdAt", "ten_", "201", "etag"] {
        let holds = answer.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(!holds, "{word} can be read in the file");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_store_do_it_once() {
    let dir = TempDir::new().expect("a directory");
    let store = format!("sqlite:{}", dir.path().join("shared.db").display());
    let key = [
        ("PATCHBAY_STORE__URL", store.as_str()),
        ("PATCHBAY_SECRETS__KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ];
    let rigs = [Rig::start_with(&key).await, Rig::start_with(&key).await];
    for round in 0..10 {
        let clients: Vec<_> = (0..16)
            .map(|n| {
                let admin = rigs[n % 2].running.admin;
                let body = json!({"name": format!("Acme-{round}-")});
                tokio::spawn(async move {
                    insist(&http_client(), admin, "/api/tenants", &format!("key-{round}"), &body).await
                })
            })
            .collect();
        let mut seen = BTreeSet::new();
        for client in clients {
            seen.insert(client.await.expect("a client"));
        }
        assert_eq!(seen.len(), 1, "{seen:#?}");
        assert_eq!(named(&rigs[round % 2], &format!("Acme-{round}-")).await, 1);
    }
}

fn key(key: &str) -> [(&str, &str); 1] {
    [("idempotency-key", key)]
}

async fn create(desk: &Desk, with: &str) -> Answer {
    desk.ask(Method::POST, "/api/tenants", &key(with), Some(json!({"name": "Smile Dental"}))).await
}

/// A desk whose clock can be moved, and which gives up its work on the next creation halfway: after the effect, before
/// the answer.
async fn desk_with_clock() -> (Desk, Arc<Mutex<Timestamp>>) {
    let clock = Arc::new(Mutex::new(NOW.parse::<Timestamp>().unwrap()));
    let hands = Arc::clone(&clock);
    let desk = Desk::with(move |state| state.now = Arc::new(move || *hands.lock().unwrap())).await;
    (desk, clock)
}

#[tokio::test]
async fn what_broke_off_is_in_progress_for_a_minute_and_then_unknown_and_never_done_again() {
    let (desk, clock) = desk_with_clock().await;
    // The change is made, and whoever is told of it breaks off the work.
    let state = AdminState { changed: Arc::new(|_| panic!("a planted panic")), ..desk.state.clone() };
    assert_eq!(create(&desk.moved_to(state), "one-key").await.problem(500).0, "internal");
    let answer = create(&desk, "one-key").await;
    assert_eq!(answer.header("retry-after"), "2");
    assert_eq!(answer.problem(409).0, "in_progress");
    *clock.lock().unwrap() += SignedDuration::from_secs(59);
    assert_eq!(create(&desk, "one-key").await.problem(409).0, "in_progress");
    *clock.lock().unwrap() += SignedDuration::from_secs(1);
    assert_eq!(create(&desk, "one-key").await.problem(409).0, "outcome_unknown");
    *clock.lock().unwrap() += SignedDuration::from_hours(23);
    assert_eq!(create(&desk, "one-key").await.problem(409).0, "outcome_unknown");
    assert_eq!(desk.get("/api/tenants").await.expect(200)["data"].as_array().unwrap().len(), 1);
    create(&desk, "another-key").await.expect(201);
    *clock.lock().unwrap() += SignedDuration::from_hours(1);
    create(&desk, "one-key").await.expect(201);
}

#[tokio::test]
async fn the_same_key_of_another_token_is_another_key() {
    let desk = Desk::new().await;
    let org = desk.post("/api/orgs", json!({"name": "Acme"})).await.expect(201);
    let role = format!("org:{}", org["id"].as_str().unwrap());
    let made = desk.post("/api/tokens", json!({"name": "acme", "role": role, "access": "write"})).await.expect(201);
    let body = json!({"name": "Smile Dental", "orgId": org["id"]}).to_string();
    let mut ids = BTreeSet::new();
    for _ in 0..2 {
        for token in [TOKEN, made["secret"].as_str().unwrap()] {
            let request = axum::http::Request::post("/api/tenants")
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/json")
                .header("idempotency-key", "one-key");
            let answer = desk.send(request.body(axum::body::Body::from(body.clone())).unwrap()).await.expect(201);
            ids.insert(answer["id"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(ids.len(), 2, "one for each token");
}

#[tokio::test]
async fn an_answer_too_large_to_keep_is_not_worked_for_again() {
    let (desk, raw, _dir) = desk_with_file().await;
    create(&desk, "one-key").await.expect(201);
    let (key, claim): (String, String) =
        sqlx::query_as("SELECT key, claim FROM idempotency").fetch_one(&raw).await.unwrap();
    // As it is kept where the body was beyond the bound.
    let kept = Secret::new(json!({"status": 201, "headers": [], "body": null}).to_string());
    assert!(desk.store.keep_answer(&key, &claim, &kept).await.unwrap());
    assert_eq!(create(&desk, "one-key").await.problem(409).0, "answer_not_kept");
    // And one that no longer opens.
    sqlx::query("UPDATE idempotency SET answer = x'00'").execute(&raw).await.unwrap();
    assert_eq!(create(&desk, "one-key").await.problem(409).0, "outcome_unknown");
    assert_eq!(desk.get("/api/tenants").await.expect(200)["data"].as_array().unwrap().len(), 1);
}

/// A desk whose store is in a file that others can open too.
async fn desk_with_file() -> (Desk, sqlx::SqlitePool, TempDir) {
    let dir = TempDir::new().unwrap();
    let url = format!("sqlite:{}", dir.path().join("t.db").display());
    let store = Store::open(&url, &[7; 32]).await.unwrap();
    let mut desk = Desk::with(|state| state.store = store.clone()).await;
    desk.store = store;
    (desk, sqlx::SqlitePool::connect(&url).await.unwrap(), dir)
}

#[tokio::test]
async fn a_store_that_is_away_answers_503_and_nothing_is_done() {
    let (desk, lock, _dir) = desk_with_file().await;
    let held = lock.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(create(&desk, "one-key").await.problem(503).0, "store_away");
    drop(held);
    lock.close().await;
    create(&desk, "one-key").await.expect(201);
    assert_eq!(desk.get("/api/tenants").await.expect(200)["data"].as_array().unwrap().len(), 1);
}

/// What was sent under which name, and what was heard before the process died.
type Sent = Vec<(String, Option<Seen>)>;

/// Claims in the file that nobody answered.
async fn unanswered(raw: &sqlx::SqlitePool) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM idempotency WHERE answer IS NULL");
    count.fetch_one(raw).await.expect("the table")
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_between_claim_and_answer_never_does_it_twice() {
    let dir = TempDir::new().expect("a directory");
    let http = http_client();
    let (mut broken_off, mut acknowledged, mut round) = (0, Vec::new(), 0);
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut process = Process::start(dir.path(), &WITH_ACCOUNTS);
    let raw = sqlx::SqlitePool::connect(&format!("sqlite:{}", dir.path().join("patchbay.db").display())).await;
    let raw = raw.expect("the file");
    while broken_off == 0 || round < 3 {
        assert!(Instant::now() < deadline, "no process was killed between claim and answer");
        let sent: Arc<Mutex<Sent>> = Arc::default();
        let clients: Vec<_> = (0..8)
            .map(|client| {
                let (http, admin, sent) = (http.clone(), process.admin, Arc::clone(&sent));
                tokio::spawn(async move {
                    for turn in 0.. {
                        let name = format!("Acme-{round}-{client}-{turn}-");
                        let seen = post(&http, admin, "/api/tenants", &name, &json!({"name": &name})).await;
                        let is_dead = seen.is_none();
                        sent.lock().unwrap().push((name, seen));
                        if is_dead {
                            return;
                        }
                    }
                })
            })
            .collect();
        while sent.lock().unwrap().len() < 30 || unanswered(&raw).await == 0 {
            tokio::task::yield_now().await;
        }
        process.signal("KILL");
        process.ended();
        for client in clients {
            client.await.expect("a client");
        }
        broken_off += unanswered(&raw).await;
        process = Process::start(dir.path(), &WITH_ACCOUNTS);
        let sent = std::mem::take(&mut *sent.lock().unwrap());
        for (name, before) in sent {
            let after = post(&http, process.admin, "/api/tenants", &name, &json!({"name": &name})).await;
            let after = after.expect("an answer");
            match before {
                // Who was answered before the kill hears the same again.
                Some(before) => assert_eq!(after, before, "{name}"),
                // Who was not is answered now, once, or hears that it is not known.
                None => assert!(after.status == 201 || after.body.contains("\"in_progress\""), "{after:?}"),
            }
            acknowledged.push((name, after.status == 201));
        }
        round += 1;
    }
    let names: Vec<String> = sqlx::query_scalar("SELECT name FROM tenants").fetch_all(&raw).await.expect("tenants");
    drop(process);
    for (name, is_done) in &acknowledged {
        let times = names.iter().filter(|there| *there == name).count();
        assert!(times == 1 || (times == 0 && !is_done), "{name}: {times} times");
    }
    println!("{round} kills, {} requests, {broken_off} claims left without an answer", acknowledged.len());
}
