//! What was acknowledged, and whether the store holds each of it exactly once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::servers::Desk;

use super::twilio::Answer;

/// How long after its answer a call, or its end, may still be lost with the edge that answered.
const DURABLE_AFTER: Duration = Duration::from_secs(1);
/// Longest it takes until all that was spooled is in the store.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Kept {
    calls: Vec<Said>,
    ends: Vec<Said>,
    /// By their recordings.
    voicemails: Vec<String>,
    /// Edges that were killed, and when.
    killed: Vec<(String, Instant)>,
}

/// What an edge acknowledged.
struct Said {
    sid: String,
    at: Instant,
    edge: Option<String>,
}

impl Kept {
    pub fn call(&mut self, sid: &str, answer: &Answer) {
        self.calls.push(Said::of(sid, answer));
    }

    pub fn end(&mut self, sid: &str, answer: &Answer) {
        self.ends.push(Said::of(sid, answer));
    }

    pub fn voicemail(&mut self, recording: &str) {
        self.voicemails.push(recording.to_owned());
    }

    pub fn killed(&mut self, edge: &str) {
        self.killed.push((edge.to_owned(), Instant::now()));
    }

    /// How often this edge was killed.
    pub fn deaths(&self, edge: &str) -> usize {
        self.killed.iter().filter(|(killed, _)| killed == edge).count()
    }

    pub fn voicemails(&self) -> usize {
        self.voicemails.len()
    }

    /// Calls that are to be kept.
    pub fn began(&self) -> impl Iterator<Item = &str> {
        self.settled(&self.calls).map(|said| said.sid.as_str())
    }

    /// Calls whose end is to be kept.
    pub fn ended(&self) -> impl Iterator<Item = &str> {
        self.settled(&self.ends).map(|said| said.sid.as_str())
    }

    fn settled<'k>(&'k self, said: &'k [Said]) -> impl Iterator<Item = &'k Said> {
        said.iter().filter(|said| !self.may_be_lost(said))
    }

    /// Looks until all is there, and says what is missing or there twice.
    pub async fn faults(&self, desk: &Desk) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let faults = match (desk.all("/api/calls").await, desk.all("/api/voicemails").await) {
                (Some(calls), Some(voicemails)) => self.faults_of(&calls, &voicemails),
                _ => vec![format!("edge {} does not list what it keeps", desk.name)],
            };
            if faults.is_empty() || Instant::now() > deadline {
                return faults;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    fn faults_of(&self, calls: &[Value], voicemails: &[Value]) -> Vec<String> {
        let mut faults = Vec::new();
        let began = counted(calls, |row| row["sid"].as_str());
        let ended = counted(calls, |row| row["sid"].as_str().filter(|_| !row["endedAt"].is_null()));
        let recorded = counted(voicemails, |row| row["recordingSid"].as_str());
        self.began().for_each(|sid| check(&mut faults, "call", sid, &began));
        self.ended().for_each(|sid| check(&mut faults, "end of call", sid, &ended));
        for recording in &self.voicemails {
            check(&mut faults, "voicemail", recording, &recorded);
        }
        // Also what was not acknowledged is there once at most.
        faults.extend(began.iter().filter(|(_, count)| **count > 1).map(|(sid, count)| format!("call {sid}: {count}")));
        faults
    }

    fn may_be_lost(&self, said: &Said) -> bool {
        let by_it = |edge: &String| said.edge.as_ref().is_none_or(|said_by| said_by == edge);
        self.killed.iter().any(|(edge, at)| by_it(edge) && said.at <= *at && *at - said.at <= DURABLE_AFTER)
    }
}

impl Said {
    fn of(sid: &str, answer: &Answer) -> Said {
        Said { sid: sid.to_owned(), at: answer.at, edge: answer.served_by.clone() }
    }
}

fn counted<'a>(rows: &'a [Value], name: impl Fn(&'a Value) -> Option<&'a str>) -> BTreeMap<&'a str, u32> {
    let mut counts = BTreeMap::new();
    for name in rows.iter().filter_map(name) {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

fn check(faults: &mut Vec<String>, what: &str, sid: &str, counts: &BTreeMap<&str, u32>) {
    let count = counts.get(sid).copied().unwrap_or_default();
    if count != 1 {
        faults.push(format!("{what} {sid}: {count} times in the store"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(at: Instant, edge: &str) -> Answer {
        let served_by = Some(edge.to_owned());
        Answer { status: 204, body: String::new(), served_by, took: Duration::ZERO, at, retries: 0 }
    }

    #[test]
    fn what_is_missing_or_there_twice_is_told() {
        let mut kept = Kept::default();
        let at = Instant::now();
        for sid in ["CA1", "CA2"] {
            kept.call(sid, &answer(at, "a"));
            kept.end(sid, &answer(at, "a"));
        }
        kept.voicemail("RE1");
        kept.voicemail("RE2");
        let calls = [json!({"sid": "CA1", "endedAt": "2026-11-20T10:00:00Z"}), json!({"sid": "CA2", "endedAt": null})];
        let voicemails = [json!({"recordingSid": "RE1"}), json!({"recordingSid": "RE1"})];
        let faults = kept.faults_of(&calls, &voicemails);
        let expected = ["end of call CA2: 0", "voicemail RE1: 2", "voicemail RE2: 0"];
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(expected.iter().all(|part| faults.iter().any(|fault| fault.starts_with(part))), "{faults:?}");
    }

    #[test]
    fn only_what_the_killed_edge_said_in_the_last_second_may_be_lost() {
        let mut kept = Kept::default();
        kept.killed("a");
        let killed = kept.killed[0].1;
        let before = |ms| killed - Duration::from_millis(ms);
        for (at, edge, lost) in
            [(before(900), "a", true), (before(1_100), "a", false), (before(900), "b", false), (killed, "a", true)]
        {
            assert_eq!(kept.may_be_lost(&Said::of("CA1", &answer(at, edge))), lost, "{edge} {:?}", killed - at);
        }
    }
}
