//! An installation on simulated providers that gets numbers: what its tests say to it, and what must hold of it after
//! every job, however it went.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use patchbay::simulator::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::rig::{ACCOUNT, Rig};
use crate::sim::Sim;

pub struct Town {
    pub rig: Rig,
    pub sim: Sim,
}

/// Two further names than those every installation has.
pub const ASSISTANT: &str = "00000000-0000-4000-8000-000000000001";
pub const OTHER_ASSISTANT: &str = "00000000-0000-4000-8000-000000000002";

impl Town {
    pub async fn new() -> Town {
        Town::with(Options::default(), &[]).await
    }

    pub async fn with(options: Options, extra: &[(&str, &str)]) -> Town {
        let clock = options.clock.unwrap_or(Timestamp::now);
        let sim = Sim::start_with(options).await;
        sim.tell("vapi", json!({ "activationMs": 0, "unavailableAreaCodes": [] })).await;
        let url = sim.url();
        let mut settings = Town::settings(&url);
        settings.extend_from_slice(extra);
        let dir = tempfile::tempdir().expect("a directory");
        let rig = Rig::start_at(dir, &settings, clock).await;
        Town { rig, sim }
    }

    /// What such an installation is set to.
    pub fn settings(sim: &str) -> Vec<(&'static str, &str)> {
        vec![
            ("PATCHBAY_TWILIO__API_BASE", sim),
            ("PATCHBAY_TWILIO__NUMBERS_BASE", sim),
            ("PATCHBAY_TWILIO__UPLOAD_BASE", sim),
            ("PATCHBAY_VAPI__API_BASE", sim),
            ("VAPI_API_KEY", "not-a-real-key"),
            ("PATCHBAY_POLICY__REQUIRE_PAYMENT", "false"),
            ("PATCHBAY_SIP__DOMAIN", "example.sip.twilio.com"),
        ]
    }

    pub async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.rig.admin(method, path, (!body.is_null()).then_some(body)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::POST, path, body).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Every row of a list, page by page.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("{path}?limit=200{cursor}")).await;
            rows.extend(page["data"].as_array().expect("a list").iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    }

    /// A tenant that an assistant answers for, and nothing else.
    pub async fn tenant(&self, name: &str, extra: Value) -> String {
        let mut body = json!({ "name": name, "target": { "kind": "assistant", "id": ASSISTANT } });
        extra.as_object().into_iter().flatten().for_each(|(key, value)| body[key] = value.clone());
        let (status, tenant) = self.post("/api/tenants", body).await;
        assert_eq!(status, 201, "{tenant}");
        tenant["id"].as_str().expect("an id").to_owned()
    }

    /// A job as it is once it is over.
    pub async fn over(&self, id: &Value) -> Value {
        self.over_within(id, Duration::from_secs(90)).await
    }

    pub async fn over_within(&self, id: &Value, patience: Duration) -> Value {
        let id = id.as_str().unwrap_or_else(|| panic!("no job: {id}"));
        let until = std::time::Instant::now() + patience;
        loop {
            let job = self.get(&format!("/api/jobs/{id}")).await;
            if ["succeeded", "failed", "manual", "cancelled"].contains(&job["state"].as_str().expect("a state")) {
                return job;
            }
            assert!(std::time::Instant::now() < until, "never over: {job:#}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Begins what answers 202, and waits for its end.
    pub async fn done(&self, path: &str, body: Value) -> Value {
        let (status, begun) = self.post(path, body).await;
        assert_eq!(status, 202, "{begun}");
        self.over(&begun["jobId"]).await
    }

    /// What must hold whenever no job is under way: what is paid for is listed, everything listed at Twilio leads here,
    /// and every job has got one number at most.
    pub async fn holds(&self) {
        self.holds_saying("").await;
    }

    /// The same, with what is to be said where it does not hold.
    pub async fn holds_saying(&self, told: &str) {
        let listed = self.all("/api/numbers/owned").await;
        let listed: Vec<&str> = listed.iter().map(|n| n["e164"].as_str().unwrap()).collect();
        let bills = self.sim.look("bills").await;
        let open: Vec<&Value> = bills.iter().filter(|bill| bill["until"].is_null()).collect();
        for bill in &open {
            assert!(listed.contains(&bill["number"].as_str().unwrap()), "paid for and not listed: {bill} {told}");
        }
        let mut by_job: BTreeMap<String, u32> = BTreeMap::new();
        for number in self.at_twilio().await {
            let name = number["friendly_name"].as_str().unwrap_or("");
            if let Some((_, job)) = name.rsplit_once(" job_") {
                *by_job.entry(job.to_owned()).or_default() += 1;
            }
            if listed.contains(&number["phone_number"].as_str().unwrap()) {
                let url = number["voice_url"].as_str().unwrap_or("");
                assert!(url.contains("/api/twilio/voice"), "leads elsewhere: {number} {told}");
                let told = number["status_callback"].as_str().unwrap_or("");
                assert!(told.contains("/api/twilio/status"), "tells somebody else: {number} {told}");
            }
        }
        for number in self.at_vapi().await {
            let name = number["name"].as_str().unwrap_or("");
            if number["provider"] == "vapi" && number["sipUri"].is_null() {
                let digits = number["number"].as_str();
                assert!(
                    digits.is_some_and(|digits| listed.contains(&digits)),
                    "at Vapi and not listed: {number} {told}"
                );
                if let Some((_, job)) = name.rsplit_once(" job_") {
                    *by_job.entry(job.to_owned()).or_default() += 1;
                }
            }
        }
        assert!(by_job.values().all(|count| *count == 1), "two numbers for one job: {by_job:?} {told}");
    }

    /// The numbers of the global account.
    pub async fn at_twilio(&self) -> Vec<Value> {
        let path = format!("/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json?PageSize=1000");
        let page = self.provider(&path).await;
        page["incoming_phone_numbers"].as_array().expect("numbers").clone()
    }

    pub async fn at_vapi(&self) -> Vec<Value> {
        self.provider("/phone-number?limit=1000").await.as_array().expect("numbers").clone()
    }

    async fn provider(&self, path: &str) -> Value {
        let request = self.rig.http.get(format!("{}{path}", self.sim.url()));
        let request = if path.starts_with("/phone") {
            request.bearer_auth("not-a-real-key")
        } else {
            request.basic_auth(ACCOUNT, Some(crate::rig::TOKEN))
        };
        request.send().await.expect("sent").json().await.expect("JSON")
    }
}

/// The state and detail of a step of a job.
pub fn step<'j>(job: &'j Value, name: &str) -> (&'j str, &'j str) {
    let steps = job["steps"].as_array().expect("steps");
    let found = steps.iter().rev().find(|step| step["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no step {name} in {job:#}"));
    (found["state"].as_str().expect("a state"), found["detail"].as_str().expect("a detail"))
}
