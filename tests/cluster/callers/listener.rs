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

    /// What it should have heard and did not, or heard twice. Where it had to begin anew, only the latter; and where edges
    /// were `parted`, so that two of them had the same call, only the former.
    pub async fn faults(&self, kept: &Kept, parted: bool) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let faults = self.faults_now(kept, parted);
            if faults.is_empty() || Instant::now() > deadline {
                return faults;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    fn faults_now(&self, kept: &Kept, parted: bool) -> Vec<String> {
        let listening = self.listening.lock().expect("nobody panicked");
        let least = u32::from(listening.snapshots == 1);
        let check = |what: &str, sid: &str, heard: &BTreeMap<String, u32>| {
            let count = heard.get(sid).copied().unwrap_or_default();
            (count < least || count > 1 && !parted)
                .then(|| format!("{what} {sid}: heard {count} times at {}", self.name))
        };
        let began = kept.began().filter_map(|sid| check("call", sid, &listening.began));
        let ended = kept.ended().filter_map(|sid| check("end of call", sid, &listening.ended));
        began.chain(ended).collect()
    }
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
