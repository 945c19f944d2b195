//! Callers who leave messages until nobody answers any more, and what was acknowledged to them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rig::{ACCOUNT, sign};

/// How long after its answer a live call may still be lost.
pub const DURABLE_AFTER: Duration = Duration::from_secs(1);

/// What callers heard.
#[derive(Default)]
pub struct Acknowledged {
    /// Recordings.
    pub voicemails: Vec<String>,
    calls: Vec<(String, Instant)>,
}

impl Acknowledged {
    /// The calls that may no longer be lost at this moment.
    pub fn durable_calls(&self, now: Instant) -> Vec<String> {
        let durable = self.calls.iter().filter(|(_, at)| now.duration_since(*at) > DURABLE_AFTER);
        durable.map(|(sid, _)| sid.clone()).collect()
    }
}

/// Asks the edge as Twilio does; none if nobody answers.
pub async fn post(
    http: &reqwest::Client,
    edge: SocketAddr,
    path: &str,
    fields: &[(&str, &str)],
) -> Option<(u16, String)> {
    let url = format!("http://{edge}{path}");
    let mut all = vec![("AccountSid", ACCOUNT)];
    all.extend_from_slice(fields);
    let request = http.post(&url).header("X-Twilio-Signature", sign(&url, &all)).form(&all);
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.text().await.ok()?))
}

/// Calls this number and leaves messages, under SIDs that begin with `name`, until nobody answers any more.
pub async fn leave_messages(
    http: reqwest::Client,
    edge: SocketAddr,
    number: &str,
    name: String,
    heard: Arc<Mutex<Acknowledged>>,
) {
    for turn in 0.. {
        let (call, recording) = (format!("CA-{name}-{turn}"), format!("RE-{name}-{turn}"));
        let fields = [("CallSid", call.as_str()), ("From", "+14165550101"), ("To", number), ("CallStatus", "ringing")];
        match post(&http, edge, "/api/twilio/voice", &fields).await {
            // A caller who heard that the line has trouble has no live call.
            Some((200, twiml)) if !twiml.contains("<Dial") => {}
            Some((200, _)) => heard.lock().unwrap().calls.push((call.clone(), Instant::now())),
            Some(other) => panic!("{other:?}"),
            None => return,
        }
        let fields = [("CallSid", call.as_str()), ("RecordingSid", &recording), ("RecordingStatus", "completed")];
        match post(&http, edge, "/api/twilio/voicemail", &fields).await {
            Some((204, _)) => heard.lock().unwrap().voicemails.push(recording),
            Some(other) => panic!("{other:?}"),
            None => return,
        }
    }
}

/// Everything that was acknowledged is among these rows, under this key; and nothing is there twice.
pub fn each_once(what: &str, acknowledged: &[String], rows: &[Value], key: &str) {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for row in rows {
        *counts.entry(row[key].as_str().expect("a text")).or_default() += 1;
    }
    let lost: Vec<&String> = acknowledged.iter().filter(|sid| !counts.contains_key(sid.as_str())).collect();
    assert!(lost.is_empty(), "{} of {} {what} are lost: {lost:?}", lost.len(), acknowledged.len());
    let twice: Vec<_> = counts.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "{what}: {twice:?}");
}
