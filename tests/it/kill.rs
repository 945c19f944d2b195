//! `kill -9` in the middle of load, again and again: what was acknowledged is there afterwards, once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rig::{ACCOUNT, OPERATOR, TOKEN, http_client, nobody, sign};

const NUMBER: &str = "+16475550111";

/// How long after its answer a live call may still be lost.
const DURABLE_AFTER: Duration = Duration::from_secs(1);

pub struct Process {
    child: Child,
    pub edge: SocketAddr,
    pub admin: SocketAddr,
}

impl Process {
    pub async fn start(dir: &Path, http: &reqwest::Client) -> Process {
        Process::start_with(dir, http, &[]).await
    }

    pub async fn start_with(dir: &Path, http: &reqwest::Client, env: &[(&str, &str)]) -> Process {
        let (edge, admin) = (nobody(), nobody());
        let log = std::fs::OpenOptions::new().create(true).append(true).open(dir.join("log")).expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_patchbay"))
            .arg("serve")
            .current_dir(dir)
            .env("PATCHBAY_EDGE__LISTEN", edge.to_string())
            .env("PATCHBAY_ADMIN__LISTEN", admin.to_string())
            .env("PATCHBAY_ADMIN__TOKEN", OPERATOR)
            .env("PATCHBAY_TWILIO__API_BASE", "http://127.0.0.1:9")
            .env("PATCHBAY_VAPI__API_BASE", "http://127.0.0.1:9")
            .env("TWILIO_ACCOUNT_SID", ACCOUNT)
            .env("TWILIO_AUTH_TOKEN", TOKEN)
            .envs(env.iter().copied())
            .stdout(Stdio::from(log.try_clone().expect("a second handle")))
            .stderr(Stdio::from(log))
            .spawn()
            .expect("the binary starts");
        let process = Process { child, edge, admin };
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let ready = http.get(format!("http://{edge}/readyz")).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return process;
            }
            if Instant::now() > deadline {
                panic!("not ready: {}", std::fs::read_to_string(dir.join("log")).unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// As dropping it does, but it has to succeed.
    pub fn kill_9(mut self) {
        self.child.kill().expect("SIGKILL is sent");
        self.child.wait().expect("the process is gone");
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub async fn admin(
        &self,
        http: &reqwest::Client,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> Value {
        let mut request = http.request(method, format!("http://{}{path}", self.admin)).bearer_auth(OPERATOR);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.expect("the admin API answers").json().await.expect("JSON")
    }

    async fn all(&self, http: &reqwest::Client, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.admin(http, reqwest::Method::GET, &format!("{path}?limit=200{cursor}"), None).await;
            rows.extend(page["data"].as_array().unwrap_or_else(|| panic!("{page}")).iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub async fn post(
    http: &reqwest::Client,
    edge: SocketAddr,
    path: &str,
    fields: &[(&str, &str)],
) -> Option<(u16, String)> {
    let url = format!("http://{edge}{path}");
    let mut all = vec![("AccountSid", ACCOUNT)];
    all.extend_from_slice(fields);
    let signature = sign(&url, &all);
    let answer = http.post(&url).header("X-Twilio-Signature", signature).form(&all).send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.text().await.ok()?))
}

#[derive(Default)]
struct Acknowledged {
    voicemails: Vec<String>,
    calls: Vec<(String, Instant)>,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9_under_load_exactly_once() {
    let rounds: u32 = std::env::var("PATCHBAY_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3);
    let dir = TempDir::new().expect("a directory");
    let http = http_client();
    let process = Process::start(dir.path(), &http).await;
    let tenant = json!({"name": "Smile Dental", "target": {"kind": "assistant", "id": "asst-1"},
        "connect": {"via": "sip", "sipUri": "sip:desk@sip.vapi.ai"}});
    let tenant = process.admin(&http, reqwest::Method::POST, "/api/tenants", Some(tenant)).await;
    let owned = json!({"e164": NUMBER, "tenantId": tenant["id"]});
    process.admin(&http, reqwest::Method::POST, "/api/numbers/owned", Some(owned)).await;
    let mut process = process;
    let mut voicemails = Vec::new();
    let mut calls = Vec::new();
    for round in 0..rounds {
        let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
        let load: Vec<_> = (0..8)
            .map(|worker| {
                let (http, edge) = (http.clone(), process.edge);
                let acknowledged = Arc::clone(&acknowledged);
                tokio::spawn(async move {
                    for turn in 0.. {
                        let call = format!("CA-{round}-{worker}-{turn}");
                        let fields = [
                            ("CallSid", call.as_str()),
                            ("From", "+14165550101"),
                            ("To", NUMBER),
                            ("CallStatus", "ringing"),
                        ];
                        match post(&http, edge, "/api/twilio/voice", &fields).await {
                            // A caller who heard that the line has trouble has no live call.
                            Some((200, twiml)) if !twiml.contains("<Dial") => {}
                            Some((200, _)) => acknowledged.lock().unwrap().calls.push((call.clone(), Instant::now())),
                            Some(other) => panic!("{other:?}"),
                            None => return,
                        }
                        let recording = format!("RE-{round}-{worker}-{turn}");
                        let fields = [
                            ("CallSid", call.as_str()),
                            ("RecordingSid", &recording),
                            ("RecordingStatus", "completed"),
                            ("RecordingDuration", "3"),
                        ];
                        match post(&http, edge, "/api/twilio/voicemail", &fields).await {
                            Some((204, _)) => acknowledged.lock().unwrap().voicemails.push(recording),
                            Some(other) => panic!("{other:?}"),
                            None => return,
                        }
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(1_300 + 211 * u64::from(round % 5))).await;
        process.kill_9();
        let killed = Instant::now();
        for worker in load {
            worker.await.expect("no wrong answer before the kill");
        }
        let acknowledged = std::mem::take(&mut *acknowledged.lock().unwrap());
        voicemails.extend(acknowledged.voicemails);
        let settled = acknowledged.calls.into_iter().filter(|(_, at)| killed.duration_since(*at) > DURABLE_AFTER);
        calls.extend(settled.map(|(sid, _)| sid));
        process = Process::start(dir.path(), &http).await;
    }
    assert!(voicemails.len() > 50 && calls.len() > 50, "{} voicemails, {} calls", voicemails.len(), calls.len());
    let mut kept: BTreeMap<String, u32> = BTreeMap::new();
    for row in process.all(&http, "/api/voicemails").await {
        *kept.entry(row["recordingSid"].as_str().expect("a recording").to_owned()).or_default() += 1;
    }
    let mut live: BTreeMap<String, u32> = BTreeMap::new();
    for row in process.all(&http, "/api/live").await {
        *live.entry(row["callSid"].as_str().expect("a call").to_owned()).or_default() += 1;
    }
    process.kill_9();
    for sid in &voicemails {
        assert_eq!(kept.get(sid), Some(&1), "voicemail {sid}");
    }
    for sid in &calls {
        assert_eq!(live.get(sid), Some(&1), "live call {sid}");
    }
    println!("{rounds} kills: {} voicemails and {} live calls, each there once", voicemails.len(), calls.len());
}
