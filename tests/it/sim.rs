//! The simulator of both providers with the words that tests say to it.

use patchbay::simulator::{self, Options, Simulator};
use serde_json::{Value, json};

use crate::rig::{Rig, http_client};

pub struct Sim {
    simulator: Simulator,
    web: reqwest::Client,
}

impl Sim {
    pub async fn start() -> Sim {
        Sim::start_with(Options::default()).await
    }

    pub async fn start_with(options: Options) -> Sim {
        let simulator = simulator::start_with(([127, 0, 0, 1], 0).into(), options).await.expect("a simulator");
        Sim { simulator, web: http_client() }
    }

    /// An installation with a key of Vapi's, whose providers these are.
    pub async fn rig(&self) -> Rig {
        let url = self.url();
        let bases = ["PATCHBAY_TWILIO__API_BASE", "PATCHBAY_VAPI__API_BASE"].map(|name| (name, url.as_str()));
        Rig::start_with(&[bases[0], bases[1], ("VAPI_API_KEY", "not-a-real-key")]).await
    }

    pub fn url(&self) -> String {
        self.simulator.url()
    }

    /// Says one of the words under `/_sim`.
    pub async fn tell(&self, path: &str, body: Value) {
        let response = self.web.post(format!("{}/_sim/{path}", self.url())).json(&body).send().await.expect("sent");
        assert!(response.status().is_success(), "{}", response.text().await.unwrap_or_default());
    }

    /// What `/_sim/requests`, `calls`, `faults` or `bills` lists.
    pub async fn look(&self, path: &str) -> Vec<Value> {
        let response = self.web.get(format!("{}/_sim/{path}", self.url())).send().await.expect("sent");
        response.json().await.expect("a list")
    }

    /// Forgets what was asked so far.
    pub async fn forget(&self) {
        self.web.delete(format!("{}/_sim/requests", self.url())).send().await.expect("sent");
    }

    /// Nothing goes wrong any more.
    pub async fn clear_faults(&self) {
        self.web.delete(format!("{}/_sim/faults", self.url())).send().await.expect("sent");
    }

    /// Sets a call's state.
    pub async fn call(&self, call: Value) {
        self.tell("calls", call).await;
    }

    /// The next request that matches fails in this way.
    pub async fn fault(&self, pattern: &str, kind: &str, ms: u64) {
        self.tell("faults", json!({ "match": pattern, "kind": kind, "times": 1, "ms": ms })).await;
    }

    /// How often the provider was asked this, by method and a part of the path.
    pub async fn asked(&self, method: &str, path: &str) -> usize {
        let requests = self.look("requests").await;
        let matches = |request: &&Value| {
            request["method"] == json!(method) && request["path"].as_str().is_some_and(|asked| asked.contains(path))
        };
        requests.iter().filter(matches).count()
    }
}
