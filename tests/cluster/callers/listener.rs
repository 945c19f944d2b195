//! Somebody who listens at one edge to what happens at all of them, and comes back whenever the stream ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::ears::{Ears, Heard};
use crate::servers::{Desk, OPERATOR};

use super::kept::Kept;

/// How long after it is kept a call may be heard of.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Listener {
    name: String,
    listening: Arc<Mutex<Listening>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Listening {
    /// How often each call was heard of: that it began, that it ended.
    began: BTreeMap<String, u32>,
    ended: BTreeMap<String, u32>,
    /// It was told that something is missing, the first time as well.
    snapshots: u32,
}

impl Listener {
    pub async fn at(desk: Desk) -> Listener {
        let listening = Arc::<Mutex<Listening>>::default();
        let listener = Listener {
            name: desk.name.clone(),
            task: tokio::spawn(listen(desk, Arc::clone(&listening))),
            listening: Arc::clone(&listening),
        };
        while listening.lock().expect("nobody panicked").snapshots == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        listener
    }

    /// How often it had to begin anew.
    pub fn anew(&self) -> u32 {
        self.listening.lock().expect("nobody panicked").snapshots - 1
    }

    /// Where it listens.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What somebody did not hear of all that was acknowledged, or another number of times than the others: two edges may
/// both have taken a call for new. Whoever had to begin anew has not heard everything.
pub async fn unheard(listeners: &[Listener], kept: &Kept) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let faults = unheard_now(listeners, kept);
        if faults.is_empty() || Instant::now() > deadline {
            return faults;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

fn unheard_now(listeners: &[Listener], kept: &Kept) -> Vec<String> {
    let heard = listeners.iter().map(|listener| (&listener.name, listener.listening.lock().expect("nobody panicked")));
    let heard: Vec<_> = heard.filter(|(_, listening)| listening.snapshots == 1).collect();
    let mut faults = Vec::new();
    let mut check = |what: &str, sid: &str, of: fn(&Listening) -> &BTreeMap<String, u32>| {
        let counts = heard.iter().map(|(name, listening)| (*name, of(listening).get(sid).copied().unwrap_or_default()));
        let counts: Vec<_> = counts.collect();
        if counts.iter().any(|(_, count)| *count == 0 || *count != counts[0].1) {
            faults.push(format!("{what} {sid}: heard {counts:?} times"));
        }
    };
    kept.began().for_each(|sid| check("call", sid, |listening| &listening.began));
    kept.ended().for_each(|sid| check("end of call", sid, |listening| &listening.ended));
    faults
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(desk: Desk, listening: Arc<Mutex<Listening>>) {
    let mut last_id = String::new();
    loop {
        let asked = desk.web.get(format!("http://{}/api/events", desk.admin)).bearer_auth(OPERATOR);
        let answer = asked.header("Last-Event-ID", &last_id).send().await;
        if let Some(answer) = answer.ok().filter(|answer| answer.status().is_success()) {
            let mut ears = Ears::on(answer, &last_id);
            while let Some(heard) = ears.wait().await {
                last_id.clone_from(&heard.id);
                listening.lock().expect("nobody panicked").hear(&heard);
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

impl Listening {
    fn hear(&mut self, heard: &Heard) {
        let calls = match heard.name.as_str() {
            "snapshot" => return self.snapshots += 1,
            "call.began" => &mut self.began,
            "call.ended" => &mut self.ended,
            _ => return,
        };
        *calls.entry(heard.data["callSid"].as_str().expect("a call").to_owned()).or_default() += 1;
    }
}
