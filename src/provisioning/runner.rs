//! Claims jobs whose time has come, runs them, a bounded number at once, and holds them as long as it works on them.
//!
//! A process that is killed holds nothing: what it had claimed is anybody's after a while, and in a store of its own at
//! the next start. One that only seemed dead finds its fence passed, and writes nothing any more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::run::Run;
use super::saga;
use super::trouble::Halt;
use crate::model::{JobId, JobState};
use crate::store::{ClaimedJob, StoreError};
use crate::telemetry::Metrics;

/// How the runner works.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often the store is asked for what is due.
    pub look_every: Duration,
    /// Jobs worked on at once.
    pub at_once_max: usize,
    /// How long a claim holds without a word: longer than a request to a provider may take.
    pub held_for: SignedDuration,
    /// How often claims are held for longer.
    pub hold_every: Duration,
    /// How long stopping waits for steps under way.
    pub stop_within: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            look_every: Duration::from_millis(500),
            at_once_max: 32,
            held_for: SignedDuration::from_secs(30),
            hold_every: Duration::from_secs(10),
            stop_within: Duration::from_secs(2),
        }
    }
}

/// The runner.
#[derive(Debug)]
pub struct Runner {
    desk: Arc<Desk>,
    metrics: Arc<Metrics>,
    pace: Pace,
    /// Somebody made a job, or wants one to go on.
    wake: Arc<Notify>,
    under_way: JoinSet<()>,
    held: HashMap<Id, (JobId, i64)>,
}

impl Runner {
    /// A runner that works on nothing yet.
    pub fn new(desk: Arc<Desk>, metrics: Arc<Metrics>, pace: Pace, wake: Arc<Notify>) -> Runner {
        Runner { desk, metrics, pace, wake, under_way: JoinSet::new(), held: HashMap::new() }
    }

    /// Works until the signal. What is under way then is left as it stands in its log.
    pub async fn run(mut self, stopping: CancellationToken) {
        let mut look = tokio::time::interval(self.pace.look_every);
        let mut hold = tokio::time::interval(self.pace.hold_every);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        hold.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                _ = look.tick() => {}
                () = self.wake.notified() => {}
                Some(done) = self.under_way.join_next_with_id() => self.done(done),
                _ = hold.tick() => {
                    self.hold().await;
                    self.count().await;
                    continue;
                }
            }
            self.begin_due().await;
        }
        let finishing = async { while self.under_way.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(self.pace.stop_within, finishing).await;
    }

    fn done(&mut self, done: Result<(Id, ()), tokio::task::JoinError>) {
        let id = match done {
            Ok((id, ())) => id,
            // The panic hook has written down what happened; the claim runs out, and the job is tried again.
            Err(panic) => panic.id(),
        };
        self.held.remove(&id);
    }

    async fn begin_due(&mut self) {
        while let Some(done) = self.under_way.try_join_next_with_id() {
            self.done(done);
        }
        let places = self.pace.at_once_max.saturating_sub(self.under_way.len());
        if places == 0 {
            return;
        }
        let now = (self.desk.now)();
        let until = now.saturating_add(self.pace.held_for).unwrap_or(Timestamp::MAX);
        let claimed = match self.desk.store.claim_jobs(now, until, places as u32).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::debug!(%error, "could not ask for jobs that are due");
                return;
            }
        };
        for job in claimed {
            let (id, fence) = (job.job.id.clone(), job.fence);
            let task = self.under_way.spawn(one(Arc::clone(&self.desk), job, Arc::clone(&self.wake)));
            self.held.insert(task.id(), (id, fence));
        }
    }

    async fn hold(&self) {
        if self.held.is_empty() {
            return;
        }
        let held: Vec<(JobId, i64)> = self.held.values().cloned().collect();
        let until = (self.desk.now)().saturating_add(self.pace.held_for).unwrap_or(Timestamp::MAX);
        if let Err(error) = self.desk.store.hold_jobs(&held, until).await {
            tracing::warn!(%error, "could not hold the jobs that are worked on");
        }
    }

    async fn count(&self) {
        if let Ok(counts) = self.desk.store.jobs_by_state().await {
            counts.into_iter().for_each(|(state, count)| self.metrics.jobs(state, count));
        }
    }
}

/// Works on one job until it waits or ends.
async fn one(desk: Arc<Desk>, claimed: ClaimedJob, wake: Arc<Notify>) {
    let (id, fence) = (claimed.job.id.clone(), claimed.fence);
    let mut run = Run::new(&desk, claimed);
    let halt = saga::run(&mut run).await;
    let halt = match halt {
        Ok(()) => return wake.notify_one(),
        Err(Halt::Cancelled) => saga::leave(&mut run, JobState::Cancelled, "it was called off".to_owned()).await.err(),
        Err(Halt::Stop(state, detail)) => saga::leave(&mut run, state, detail).await.err(),
        Err(halt) => Some(halt),
    };
    // Whatever waited behind this job may go on now.
    wake.notify_one();
    match halt {
        None | Some(Halt::Waits) => {}
        Some(Halt::PutOff(due)) => {
            if let Err(error) = desk.store.put_off_job(&id, fence, due).await {
                tracing::debug!(%error, job = %id, "could not put a job off; its claim runs out");
            }
        }
        Some(Halt::Lost(StoreError::VersionChanged(_))) => {
            tracing::warn!(job = %id, "somebody else works on this job now");
        }
        Some(Halt::Lost(error)) => tracing::warn!(%error, job = %id, "a job could not be written; its claim runs out"),
        Some(Halt::Cancelled | Halt::Stop(..)) => {
            tracing::error!(job = %id, "a job could not be put in order; its claim runs out");
        }
    }
}
