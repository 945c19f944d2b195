//! Jobs while things are away: the process, a provider, the right to ask it, the reader of events, the other admin.

use std::time::{Duration, Instant};

use patchbay::model::Secret;
use patchbay::simulator::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::{Process, WITH_ACCOUNTS};
use crate::provision::{ASSISTANT, Town, step};
use crate::rig::{ACCOUNT, OPERATOR, TOKEN, http_client};
use crate::sim::Sim;

/// A number of the environment.
pub fn given(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|given| given.parse().ok()).unwrap_or(otherwise)
}

/// `kill -9` while the answer to the `nth` request of a purchase is on its way; another process goes on.
async fn killed_at(nth: usize) {
    let (sim, http) = (Sim::start().await, http_client());
    let url = sim.url();
    let env = [&WITH_ACCOUNTS[..], &Town::settings(&url)].concat();
    let dir = TempDir::new().expect("a directory");
    let mut process = Process::start(dir.path(), &env);
    let body = json!({ "name": "Smile Dental", "assignPhone": true, "forceTwilio": true,
        "target": { "kind": "assistant", "id": ASSISTANT } });
    sim.tell("faults", json!({ "match": ".*", "kind": "slow", "times": 1, "ms": 5_000, "after": nth })).await;
    let (_, made) = process.admin("POST", "/api/tenants", OPERATOR, body).await;
    let job = format!("/api/jobs/{}", made["jobId"].as_str().unwrap_or_else(|| panic!("{made}")));
    let until = Instant::now() + Duration::from_secs(20);
    while sim.look("requests").await.len() <= nth && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    process.signal("KILL");
    process.ended();
    let process = Process::start(dir.path(), &env);
    let began = Instant::now();
    let job = loop {
        let (_, job) = process.admin("GET", &job, OPERATOR, Value::Null).await;
        if job["state"] == "succeeded" {
            break job;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "killed at {nth}: {job:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let bills = sim.look("bills").await;
    assert_eq!(bills.len(), 1, "killed at {nth}: {bills:?} {job:#}");
    let (_, listed) = process.admin("GET", "/api/numbers/owned", OPERATOR, Value::Null).await;
    assert_eq!(listed["data"][0]["e164"], bills[0]["number"], "killed at {nth}");
    let path = format!("{url}/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json");
    let owned: Value = http.get(path).basic_auth(ACCOUNT, Some(TOKEN)).send().await.unwrap().json().await.unwrap();
    let voice = owned["incoming_phone_numbers"][0]["voice_url"].as_str().unwrap();
    assert!(voice.contains("/api/twilio/voice"), "killed at {nth}: {voice}");
}

/// How many requests a purchase makes.
const REQUESTS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_survives_kill_9_at_any_request() {
    let all = std::env::var("PATCHBAY_FAULTS").is_ok_and(|which| which == "all");
    // Those that buy and import, unless all are asked for.
    let at: Vec<usize> = if all { (0..REQUESTS).collect() } else { vec![3, 4] };
    for nth in &at {
        killed_at(*nth).await;
    }
    println!("{} kills", at.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_was_away_is_not_stormed_by_the_jobs_that_waited() {
    let jobs = given("PATCHBAY_JOBS", 60);
    let away = Duration::from_secs(given("PATCHBAY_AWAY_SECONDS", 12) as u64);
    let town = Town::with(Options::default(), &[]).await;
    for n in 0..jobs {
        town.tenant(&format!("Clinic {n}"), json!({})).await;
    }
    town.sim.tell("faults", json!({ "match": ".*", "kind": "error", "times": 4_000_000 })).await;
    town.sim.forget().await;
    let (_, begun) = town.post("/api/numbers/batch", json!({ "forceTwilio": true })).await;
    tokio::time::sleep(away).await;
    let asked = town.sim.look("requests").await.len();
    // The first ones find out; after that one probe at a time, at pauses that double up to half a minute.
    let probes = 8 + away.as_secs() as usize / 8;
    assert!(asked <= 40 + 2 * probes, "{asked} requests to a provider that is away for {away:?}");
    town.sim.clear_faults().await;
    town.sim.forget().await;
    let back = Instant::now();
    for row in begun["data"].as_array().expect("jobs") {
        // A quarter of a second is several times what a job's requests take, whichever comes last.
        let patience = Duration::from_secs(90) + Duration::from_millis(250) * jobs as u32;
        let job = town.over_within(&row["jobId"], patience).await;
        assert_eq!(job["state"], "succeeded", "{job:#}");
    }
    let took = back.elapsed();
    let requests = town.sim.look("requests").await;
    // So many in one second at most: a request every ten milliseconds is the fastest pace there is, to each of two.
    let mut by_second = std::collections::BTreeMap::new();
    for request in &requests {
        *by_second.entry(request["at"].as_str().unwrap()[..19].to_owned()).or_insert(0usize) += 1;
    }
    let busiest = by_second.values().max().copied().unwrap_or(0);
    println!(
        "{jobs} jobs, away {away:?}: {asked} requests meanwhile; back: {took:?}, {} requests, {busiest} in the busiest second",
        requests.len()
    );
    assert!(busiest <= 220, "{busiest} requests in a second");
    town.holds().await;
}

#[tokio::test]
async fn revoked_credentials_stop_a_job_with_words_and_mended_ones_let_it_go_on() {
    // Vapi takes another key than ours: what is bought is ours, listed and answered, and the rest is for a person.
    let strict = Options { vapi_key: Some(Secret::new("another-key")), ..Options::default() };
    let town = Town::with(strict, &[]).await;
    let tenant = town.tenant("Acme", json!({})).await;
    let (status, begun) = town.post("/api/numbers", json!({ "projectId": tenant })).await;
    assert_eq!((status, &begun["state"]), (202, &json!("manual")));
    let job = town.over(&begun["jobId"]).await;
    let detail = job["detail"].as_str().unwrap();
    for words in [
        "Vapi does not take our credentials: set vapi.api_key right",
        "retry this job",
        "+12055550100 is ours, listed, and leads to the tenant",
    ] {
        assert!(detail.contains(words), "{words}: {detail}");
    }
    let listed = town.get("/api/numbers/owned").await;
    assert_eq!(listed["data"][0]["e164"], "+12055550100");
    let mended = crate::rig::settings(
        town.rig.dir.path(),
        &[Town::settings(&town.sim.url()), vec![("VAPI_API_KEY", "another-key")]].concat(),
    );
    town.rig.running.stop().await;
    let running = patchbay::app::start(mended).await.expect("starts again");
    let town = Town { rig: crate::rig::Rig { dir: town.rig.dir, running, http: http_client() }, sim: town.sim };
    let job = town.done(&format!("/api/jobs/{}/retry", job["id"].as_str().unwrap()), Value::Null).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert_eq!(town.sim.look("bills").await.len(), 1, "what was done stays done");
}

#[tokio::test]
async fn wrong_credentials_of_twilio_buy_nothing_and_name_what_is_to_be_mended() {
    let strict = Options { twilio: Some((ACCOUNT.to_owned(), Secret::new("another-token"))), ..Options::default() };
    let town = Town::with(strict, &[]).await;
    let tenant = town.tenant("Acme", json!({})).await;
    let (_, begun) = town.post("/api/numbers", json!({ "projectId": tenant })).await;
    let job = town.over(&begun["jobId"]).await;
    assert_eq!(job["state"], "manual");
    assert!(job["detail"].as_str().unwrap().starts_with("Twilio does not take our credentials"), "{job:#}");
    assert!(town.sim.look("bills").await.is_empty());
}

#[tokio::test]
async fn two_admins_who_deploy_at_once_begin_one_job() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    let phone = json!({ "method": "forwarded", "clinicNumber": "+16475550188" });
    town.ask(Method::PUT, &format!("/api/tenants/{tenant}/phone-integration"), phone).await;
    let path = format!("/api/tenants/{tenant}/deploy");
    let deploy = || town.post(&path, Value::Null);
    let ((_, one), (_, two), (_, three)) = tokio::join!(deploy(), deploy(), deploy());
    assert_eq!((&one["jobId"], &two["jobId"]), (&two["jobId"], &three["jobId"]));
    assert_eq!(town.over(&one["jobId"]).await["state"], "succeeded");
    assert_eq!(town.at_twilio().await.len(), 1);
    town.holds().await;
}

#[tokio::test]
async fn a_job_called_off_before_it_bought_buys_nothing_and_after_it_leaves_the_number_in_the_pool() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    for (match_, bought) in [("GET .*AvailablePhoneNumbers", 0), ("POST .*IncomingPhoneNumbers.json", 1)] {
        town.sim.tell("faults", json!({ "match": match_, "kind": "slow", "times": 1, "ms": 600 })).await;
        town.sim.forget().await;
        let (_, begun) = town.post("/api/numbers/batch", json!({ "forceTwilio": true })).await;
        let id = begun["data"][0]["jobId"].clone();
        let path = format!("/api/jobs/{}/cancel", id.as_str().unwrap());
        let what = if bought == 0 { "AvailablePhoneNumbers" } else { "IncomingPhoneNumbers.json" };
        let method = if bought == 0 { "GET" } else { "POST" };
        while town.sim.asked(method, what).await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(town.post(&path, Value::Null).await.0, 202);
        let job = town.over(&id).await;
        assert_eq!(job["state"], "cancelled", "{job:#}");
        assert_eq!(town.sim.look("bills").await.len(), bought);
        assert_eq!(town.post(&path, Value::Null).await.1["code"], "job_state");
    }
    let listed = town.get("/api/numbers/owned").await;
    assert_eq!((&listed["data"][0]["state"], &listed["data"][0]["tenantId"]), (&json!("unassigned"), &Value::Null));
    // The next that needs one takes it.
    let (_, made) = town.post("/api/tenants", json!({ "name": "Other", "assignPhone": true })).await;
    assert_eq!(step(&town.over(&made["jobId"]).await, "pool").0, "done");
    let _ = tenant;
    town.holds().await;
}

#[tokio::test]
async fn every_step_of_a_job_is_told_as_it_happens() {
    let town = Town::new().await;
    let url = format!("http://{}/api/events?types=job", town.rig.running.admin);
    let mut stream = town.rig.http.get(url).bearer_auth(OPERATOR).send().await.expect("a stream");
    let (_, made) = town.post("/api/tenants", json!({ "name": "Acme", "assignPhone": true })).await;
    let mut heard = String::new();
    let listening = async {
        while !heard.contains("\"state\":\"succeeded\"") {
            let chunk = stream.chunk().await.expect("open").expect("more");
            heard.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    tokio::time::timeout(Duration::from_secs(20), listening).await.expect("the end is told");
    assert!(heard.contains("event: job\n") && heard.contains(made["jobId"].as_str().unwrap()), "{heard}");
    assert!(heard.contains("\"name\":\"freeVapiNumber\""), "{heard}");
}
