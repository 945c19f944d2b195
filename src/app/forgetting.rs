//! What goes by itself: what has had its time, and what providers were asked to forget.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::calls::Ledger;
use crate::model::{Clock, Retention, Sid};
use crate::retention::{Remote, sweep};

use super::duties::Duties;

/// How often things are looked through for what has had its time.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

/// How long a sweep rests after each batch, so that the journal and settings are written meanwhile.
const SWEEP_PAUSE: Duration = Duration::from_millis(20);

/// How often the queue to the providers is worked off.
const REMOTE_EVERY: Duration = Duration::from_secs(10);

/// All that forgetting needs.
#[derive(Clone, Debug)]
pub(super) struct Forgetting {
    pub clock: Clock,
    pub periods: Retention,
    pub ledger: Ledger,
    pub duties: Duties,
    pub remote: Remote,
}

impl Forgetting {
    /// Starts; ends at the signal, between two batches or two requests to a provider.
    pub fn spawn(self, tasks: &TaskTracker, stopping: &CancellationToken) {
        let sweeping = self.clone();
        tasks.spawn(every(SWEEP_EVERY, stopping.clone(), move || {
            let sweeping = sweeping.clone();
            async move {
                if sweeping.duties.are_mine() {
                    sweeping.sweep((sweeping.clock)()).await;
                }
            }
        }));
        tasks.spawn(every(REMOTE_EVERY, stopping.clone(), move || {
            let (remote, duties, now) = (self.remote.clone(), self.duties.clone(), (self.clock)());
            async move {
                if !duties.are_mine() {
                    return;
                }
                if let Err(error) = remote.work(now).await {
                    tracing::warn!(%error, "could not work off what providers are to forget");
                }
            }
        }));
    }

    async fn sweep(&self, now: Timestamp) {
        let live: HashSet<Sid> = self.ledger.live().await.into_iter().map(|call| call.sid).collect();
        match sweep(&self.remote.store, &self.periods, &live, now, SWEEP_PAUSE).await {
            Ok(totals) if totals == Default::default() => {}
            Ok(totals) => tracing::info!(
                calls = totals.calls,
                voicemails = totals.voicemails,
                transcripts = totals.transcripts,
                audit = totals.audit,
                tenants = totals.tenants,
                recordings_queued = totals.queued,
                "what had its time is erased"
            ),
            Err(error) => tracing::warn!(%error, "could not look through what has had its time"),
        }
    }
}

async fn every<F: Future<Output = ()>>(period: Duration, stopping: CancellationToken, work: impl Fn() -> F) {
    let mut tick = tokio::time::interval(period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if stopping.run_until_cancelled(tick.tick()).await.is_none() {
            return;
        }
        // What is begun in the store is rolled back; what a provider did is asked for again, and is then done already.
        if stopping.run_until_cancelled(work()).await.is_none() {
            return;
        }
    }
}
