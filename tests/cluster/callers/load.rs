//! Steady load: calls at even distances in time, each with its whole life, judged as they go.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::changes;
use super::heard::Heard;
use super::tally::{LATE, Tally, What};
use super::town::{Expected, Line, Town, caller};
use super::twilio::{Answer, STATUS, Twilio, VOICE, attribute, call_sid};
use crate::random::Random;
use crate::servers::Desk;

/// Of so many calls one is asked for twice, as Twilio does where an answer was lost on its way.
const REPEATED: u32 = 8;
/// Longest that what a caller says or hears takes, in milliseconds.
const TALK_MS: u32 = 800;
/// Calls under way beyond which no more are begun: the cluster does not answer at all.
const UNDER_WAY_MAX: usize = 4_000;

/// Load that goes on until it is stopped.
pub struct Load {
    pub tally: Arc<Mutex<Tally>>,
    stop: CancellationToken,
    calling: JoinHandle<()>,
    changing: Vec<JoinHandle<()>>,
}

impl Load {
    /// Calls all lines of the town, so many a second; the changing ones are changed meanwhile.
    pub fn start(twilio: &Twilio, town: &Town, desks: &[Desk], rate: f64, random: Random) -> Load {
        let mut changing = Vec::new();
        for line in &town.lines {
            if let Expected::Changing(changes) = &line.expected {
                let (changes, tenant, desks) = (Arc::clone(changes), line.tenant.clone(), desks.to_vec());
                changing.push(tokio::spawn(async move { changes.go_on(&tenant, &desks).await }));
            }
        }
        let (tally, stop) = (Arc::new(Mutex::new(Tally::new())), CancellationToken::new());
        let calling = call_all(twilio.clone(), town.lines.clone(), rate, random, Arc::clone(&tally), stop.clone());
        Load { tally, stop, calling: tokio::spawn(calling), changing }
    }

    pub fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().expect("nobody panicked")
    }

    /// Begins no more calls, and waits until all have ended.
    pub async fn stop(self) -> Tally {
        self.stop.cancel();
        self.changing.iter().for_each(JoinHandle::abort);
        self.calling.await.expect("no caller panicked");
        let tally = Arc::into_inner(self.tally).expect("no caller is left");
        tally.into_inner().expect("nobody panicked")
    }
}

async fn call_all(
    twilio: Twilio,
    lines: Vec<Line>,
    rate: f64,
    mut random: Random,
    tally: Arc<Mutex<Tally>>,
    stop: CancellationToken,
) {
    let mut calls = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => break,
        }
        while let Some(ended) = calls.try_join_next() {
            ended.expect("no caller panicked");
        }
        if calls.len() < UNDER_WAY_MAX {
            let line = lines[random.below(lines.len() as u32) as usize].clone();
            let call =
                Call { twilio: twilio.clone(), line, sid: call_sid(), from: caller(), tally: Arc::clone(&tally) };
            calls.spawn(call.live(Random::new(Some(random.next()))));
        }
    }
    while let Some(ended) = calls.join_next().await {
        ended.expect("no caller panicked");
    }
}

/// A call under way.
struct Call {
    twilio: Twilio,
    line: Line,
    sid: String,
    from: String,
    tally: Arc<Mutex<Tally>>,
}

impl Call {
    async fn live(self, mut random: Random) {
        let Some(twiml) = self.begin().await else { return };
        if random.below(REPEATED) == 0 {
            self.ask_again(&twiml).await;
        }
        self.talk(&mut random).await;
        let heard = Heard::of(&twiml);
        if self.is_beyond(heard) {
            self.tally().one_less_beyond();
        }
        match heard {
            Heard::Ai | Heard::Staff => {
                if let Some(action) = attribute(&twiml, "action") {
                    self.last_step(&action, &[("DialCallStatus", "completed")]).await;
                }
            }
            Heard::Message => self.leave_a_message(&twiml).await,
            Heard::Busy | Heard::Trouble | Heard::Else => {}
        }
        let url = self.twilio.url(STATUS);
        if let Some(answer) = self.callback(&url, &[("CallStatus", "completed"), ("CallDuration", "1")]).await {
            self.tally().kept.end(&self.sid, &answer);
        }
    }

    /// The first request, judged. Nothing where the call has failed.
    async fn begin(&self) -> Option<String> {
        let asked = Instant::now();
        let answer = self.ask(&self.twilio.url(VOICE), &[("CallStatus", "ringing")]).await;
        let mut tally = self.tally();
        tally.calls += 1;
        let number = &self.line.number;
        let answer = match answer {
            Ok(answer) if answer.status == 200 && answer.body.contains("<Response") => answer,
            Ok(answer) => {
                tally.add(What::Failed, format!("{number}: {} {}", answer.status, answer.body));
                return None;
            }
            Err(error) => {
                tally.add(What::Failed, format!("{number}: {error}"));
                return None;
            }
        };
        tally.took.add(answer.took.as_nanos() as u64);
        if answer.took > LATE {
            tally.add(What::Late, format!("{number}: {:?}", answer.took));
        }
        let heard = Heard::of(&answer.body);
        let served_by = answer.served_by.as_deref().unwrap_or("nobody");
        let bad = match &self.line.expected {
            Expected::Settled(expected) => (heard != *expected).then_some(What::Wrong),
            Expected::Counted(expected) => (heard != *expected).then_some(What::Miscounted),
            Expected::Changing(changes) if changes.allow(heard, asked, answer.at) => None,
            Expected::Changing(_) => Some(if changes::SETTINGS.contains(&heard) { What::Stale } else { What::Wrong }),
        };
        tally.counted += u64::from(matches!(self.line.expected, Expected::Counted(_)));
        if self.is_beyond(heard) {
            tally.one_more_beyond();
        }
        if let Some(what) = bad {
            tally.add(what, format!("{number} heard {heard:?} at edge {served_by}"));
        }
        // Whoever hears that the line has trouble has no call.
        if heard != Heard::Trouble {
            tally.kept.call(&self.sid, &answer);
        }
        Some(answer.body)
    }

    /// Staff is rung where all are talking.
    fn is_beyond(&self, heard: Heard) -> bool {
        heard == Heard::Staff && matches!(self.line.expected, Expected::Counted(Heard::Ai))
    }

    /// The same request once more, which another edge may get: the answer is the same.
    async fn ask_again(&self, twiml: &str) {
        // Twilio does so when it has heard nothing for a while, and not within the moment it takes edges to tell each other.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let answer = self.ask(&self.twilio.url(VOICE), &[("CallStatus", "ringing")]).await;
        let mut tally = self.tally();
        match answer {
            Ok(answer) if answer.status == 200 && answer.body == twiml => {}
            Ok(answer) if answer.status == 200 => {
                let heard = (Heard::of(twiml), Heard::of(&answer.body));
                tally.add(What::Differs, format!("{} heard {heard:?}", self.line.number));
            }
            Ok(answer) => tally.add(What::Failed, format!("{} again: {}", self.line.number, answer.status)),
            Err(error) => tally.add(What::Failed, format!("{} again: {error}", self.line.number)),
        }
    }

    async fn leave_a_message(&self, twiml: &str) {
        let recording = format!("RE{}", &self.sid[2..]);
        if let Some(done) = attribute(twiml, "action") {
            self.last_step(&done, &[("RecordingDuration", "3")]).await;
        }
        let Some(told) = attribute(twiml, "recordingStatusCallback") else { return };
        let fields = [("RecordingSid", &*recording), ("RecordingStatus", "completed"), ("RecordingDuration", "3")];
        if self.callback(&told, &fields).await.is_some() {
            self.tally().kept.voicemail(&recording);
        }
    }

    /// A request to which the answer is the end of the call.
    async fn last_step(&self, url: &str, fields: &[(&str, &str)]) {
        if let Some(answer) = self.callback(url, fields).await
            && !answer.body.contains("<Hangup/>")
        {
            self.tally().add(What::Wrong, format!("{} goes on with {}", self.line.number, answer.body));
        }
    }

    async fn talk(&self, random: &mut Random) {
        tokio::time::sleep(Duration::from_millis(u64::from(random.below(TALK_MS)))).await;
    }

    /// A later request of the call, with its answer if that acknowledges.
    async fn callback(&self, url: &str, fields: &[(&str, &str)]) -> Option<Answer> {
        let answer = self.ask(url, fields).await.ok();
        let acknowledged = answer.filter(|answer| (200..300).contains(&answer.status));
        if acknowledged.is_none() {
            self.tally().not_kept += 1;
        }
        acknowledged
    }

    async fn ask(&self, url: &str, fields: &[(&str, &str)]) -> Result<Answer, String> {
        let call = [("CallSid", self.sid.as_str()), ("From", &self.from), ("To", &self.line.number)];
        let answer = self.twilio.ask(url, &[&call[..], fields].concat()).await?;
        self.tally().retried += u64::from(answer.retries);
        Ok(answer)
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().expect("nobody panicked")
    }
}
