//! What runs beside the calls: leases that run out or are asked after, recordings that never came, gauges.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::calls::{Ended, Ledger, LiveCall, Pace, Told, keep};
use crate::directory::{Directory, Found};
use crate::edge::Readiness;
use crate::health::{Health, State, Told as Breakers};
use crate::journal::Journal;
use crate::model::{Arrival, CallEnded, Clock, Record, Sid, TwilioAccount, VoicemailNews, VoicemailState};
use crate::providers::{CallState, Recording, Twilio, Vapi};
use crate::store::{Event, FINISHED_KEPT, Store, VoicemailRow};
use crate::telemetry::{Logs, Metrics};

use super::duties::Duties;

/// How often gauges are set.
const GAUGES_EVERY: Duration = Duration::from_secs(5);

/// How often the store is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(2);

/// How often voicemails without a recording are looked up.
const RECORDINGS_EVERY: Duration = Duration::from_secs(60);

/// How often breakers are looked at for endpoints that want to hear of them: sooner than one closes by a probe.
const BREAKERS_EVERY: Duration = Duration::from_secs(1);

/// How often finished deliveries of webhooks are cleared away.
const DELIVERIES_EVERY: Duration = Duration::from_secs(3600);

/// A recording that was announced this long ago and never came is looked up at Twilio.
const RECORDING_LATE: SignedDuration = SignedDuration::from_mins(10);

/// How old a call must be before a provider that does not know it is believed.
const SHOWN_AFTER: SignedDuration = SignedDuration::from_mins(2);

/// All that the keepers need.
#[derive(Clone, Debug)]
pub(super) struct Keepers {
    pub store: Store,
    pub journal: Journal,
    pub directory: Directory,
    pub ledger: Ledger,
    pub health: Arc<Health>,
    pub readiness: Arc<Readiness>,
    pub metrics: Arc<Metrics>,
    pub twilio: Twilio,
    pub vapi: Option<Vapi>,
    /// What endpoints were told of the breakers.
    pub breakers: Arc<Mutex<Breakers>>,
    pub duties: Duties,
    pub clock: Clock,
}

impl Keepers {
    /// Starts them all; each stops at the signal.
    pub fn spawn(self, tasks: &TaskTracker, stopping: &CancellationToken) {
        let each = [
            (GAUGES_EVERY, Chore::Gauges),
            (PING_EVERY, Chore::Store),
            (RECORDINGS_EVERY, Chore::Recordings),
            (BREAKERS_EVERY, Chore::Breakers),
            (DELIVERIES_EVERY, Chore::Deliveries),
        ];
        for (every, chore) in each {
            let keepers = self.clone();
            let stopping = stopping.clone();
            tasks.spawn(async move {
                let mut tick = tokio::time::interval(every);
                tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
                loop {
                    tokio::select! {
                        () = stopping.cancelled() => return,
                        _ = tick.tick() => keepers.once(chore, (keepers.clock)()).await,
                    }
                }
            });
        }
        let (asking, stopping) = (self.clone(), stopping.clone());
        let ask = move |call: LiveCall| {
            let keepers = asking.clone();
            async move { keepers.ask(call, (keepers.clock)()).await }
        };
        let journal = self.journal;
        let ended = move |end: Ended| {
            let Ended { sid: call_sid, at, by, status } = end;
            journal.append(Record::CallEnded(CallEnded { call_sid, at, status, duration_seconds: None, by }));
        };
        tasks.spawn(keep(self.ledger, self.clock, ask, ended, Pace::default(), stopping.cancelled_owned()));
    }

    async fn once(&self, chore: Chore, now: Timestamp) {
        match chore {
            Chore::Gauges => self.gauges(now).await,
            Chore::Store => {
                let answers = timeout(PING_EVERY, self.store.ping()).await.is_ok_and(|answer| answer.is_ok());
                self.metrics.store_up(answers);
                self.readiness.set_store_up(answers);
            }
            Chore::Recordings | Chore::Breakers | Chore::Deliveries if !self.duties.are_mine() => {}
            Chore::Recordings => self.recordings(now).await,
            Chore::Breakers => self.breakers(now).await,
            Chore::Deliveries => self.deliveries(now).await,
        }
    }

    async fn gauges(&self, now: Timestamp) {
        let breakers = self.health.snapshot(now);
        for state in [State::Closed, State::Open, State::HalfOpen] {
            self.metrics.ai_breaker(state.as_str(), breakers.count(state));
        }
        if let Some(logs) = Logs::installed() {
            self.metrics.log_lines_dropped(logs.dropped());
        }
        self.metrics.run_upkeep();
        if let Ok(pending) = self.store.pending_deliveries().await {
            self.metrics.outgoing_webhooks_pending(pending);
        }
    }

    /// Tells endpoints of breakers that opened or closed; what the store does not take now is told with the next look.
    async fn breakers(&self, now: Timestamp) {
        let mut told = self.breakers.lock().await;
        for news in told.news(&self.health) {
            let event = Event::ai_breaker(news.target.as_ref(), news.is_open, news.since, now);
            if let Err(failure) = self.store.tell(&event).await {
                tracing::debug!(%failure, "could not tell of a breaker yet");
                return;
            }
            told.tell(news);
        }
    }

    /// Clears finished deliveries away, a bounded number at a time so that other writes get their turn.
    async fn deliveries(&self, now: Timestamp) {
        loop {
            match self.store.forget_deliveries(now - FINISHED_KEPT).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(failure) => {
                    tracing::warn!(%failure, "could not clear finished webhooks away");
                    return;
                }
            }
        }
    }

    /// Asks the provider that carries a call; only a definite answer counts.
    async fn ask(&self, call: LiveCall, now: Timestamp) -> Option<Told> {
        let answer = match (call.arrival, &self.vapi) {
            (Arrival::Vapi, vapi) => vapi.as_ref()?.call_state(&call.sid).await,
            (Arrival::Number | Arrival::Sip, _) => {
                let account = self.account(call.account.as_ref()).await?;
                self.twilio.call_state(&account, &call.sid).await
            }
        };
        match answer {
            Ok(CallState::Live) => Some(Told::GoesOn),
            Ok(CallState::Ended(status)) => Some(Told::Over(Some(status))),
            // A provider may not show at once what it has just made.
            Ok(CallState::NotFound) if now.duration_since(call.began) < SHOWN_AFTER => None,
            Ok(CallState::NotFound) => Some(Told::Over(None)),
            Err(failure) => {
                // A provider that is away fails for every silent call; its metric counts, the log need not.
                tracing::debug!(%failure, call_sid = call.sid.as_str(), "could not ask after a call that has been silent");
                None
            }
        }
    }

    async fn account(&self, sid: Option<&Sid>) -> Option<TwilioAccount> {
        match self.directory.account(sid?.as_str()).await {
            Found::Known(account) => Some(account.twilio.clone()),
            Found::Unknown | Found::Trouble => None,
        }
    }

    async fn recordings(&self, now: Timestamp) {
        let late = match self.store.voicemails_without_recording(now - RECORDING_LATE).await {
            Ok(late) => late,
            Err(failure) => {
                tracing::warn!(%failure, "could not look for voicemails without a recording");
                return;
            }
        };
        for voicemail in late {
            self.look_up(voicemail, now).await;
        }
    }

    async fn look_up(&self, voicemail: VoicemailRow, now: Timestamp) {
        let Some(account) = self.account(voicemail.account_sid.as_ref()).await else { return };
        let recordings = match self.twilio.recordings(&account, &voicemail.call_sid).await {
            Ok(recordings) => recordings,
            Err(failure) => {
                tracing::warn!(%failure, call_sid = voicemail.call_sid.as_str(), "could not look up a recording");
                return;
            }
        };
        let Some((state, recording)) = outcome(recordings) else { return };
        self.journal.append(Record::Voicemail(VoicemailNews {
            id: voicemail.id,
            tenant_id: voicemail.tenant_id,
            call_sid: voicemail.call_sid,
            account_sid: voicemail.account_sid,
            recording_sid: recording.as_ref().map(|recording| recording.sid.clone()),
            recording_url: recording.as_ref().map(|recording| recording.url.clone()),
            from: None,
            duration_seconds: recording.and_then(|recording| recording.duration_seconds),
            state,
            transcript: None,
            at: now,
        }));
    }
}

/// What became of a call's recordings: the newest that can be heard, else whether there will never be one. None while
/// Twilio still works on one: it is looked up again.
fn outcome(recordings: Vec<Recording>) -> Option<(VoicemailState, Option<Recording>)> {
    let is_over = |recording: &Recording| matches!(recording.status.as_str(), "absent" | "deleted" | "failed");
    let has_failed = recordings.iter().any(|recording| recording.status == "failed");
    let all_over = recordings.iter().all(is_over);
    match recordings.into_iter().find(|recording| recording.status == "completed") {
        Some(completed) => Some((VoicemailState::Ready, Some(completed))),
        None if !all_over => None,
        None if has_failed => Some((VoicemailState::Failed, None)),
        None => Some((VoicemailState::Absent, None)),
    }
}

#[derive(Clone, Copy, Debug)]
enum Chore {
    Gauges,
    Store,
    Recordings,
    Breakers,
    Deliveries,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
