//! `kill -9` in the middle of load, again and again: what was acknowledged is there afterwards, once.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::binary::{Process, WITH_ACCOUNTS};
use crate::load::{Acknowledged, each_once, leave_messages};

const NUMBER: &str = "+16475550111";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9_under_load_exactly_once() {
    let rounds: u32 = std::env::var("PATCHBAY_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3);
    let dir = TempDir::new().expect("a directory");
    let mut process = Process::start(dir.path(), &WITH_ACCOUNTS);
    process.tenant(NUMBER, json!({"via": "sip", "sipUri": "sip:desk@sip.vapi.ai"})).await;
    let (mut voicemails, mut calls) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let heard = Arc::<Mutex<Acknowledged>>::default();
        let load: Vec<_> = (0..8)
            .map(|caller| {
                let (http, name, heard) = (process.http.clone(), format!("{round}-{caller}"), Arc::clone(&heard));
                tokio::spawn(leave_messages(http, process.edge, NUMBER, name, heard))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(1_300 + 211 * u64::from(round % 5))).await;
        process.signal("KILL");
        process.ended();
        let killed = Instant::now();
        for caller in load {
            caller.await.expect("no wrong answer before the kill");
        }
        let heard = heard.lock().unwrap();
        voicemails.extend_from_slice(&heard.voicemails);
        calls.extend(heard.durable_calls(killed));
        process = Process::start(dir.path(), &WITH_ACCOUNTS);
    }
    assert!(voicemails.len() > 50 && calls.len() > 50, "{} voicemails, {} calls", voicemails.len(), calls.len());
    process.drained().await;
    each_once("voicemails", &voicemails, &process.all("/api/voicemails").await, "recordingSid");
    each_once("live calls", &calls, &process.all("/api/live").await, "callSid");
    println!("{rounds} kills: {} voicemails and {} live calls, each there once", voicemails.len(), calls.len());
}
