//! The store's doors for jobs: kept with their logs, claimed by whoever works on them, written by nobody else meanwhile.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{Actor, Ask, JobFilter, Page, Store, StoreError};
use crate::model::{Job, JobEntry, JobId, JobState, Standing};

/// A job somebody may work on.
#[derive(Clone, Debug)]
pub struct ClaimedJob {
    /// The job.
    pub job: Job,
    /// What happened to it, in order.
    pub log: Vec<JobEntry>,
    /// What proves that it is still this claim that holds.
    pub fence: i64,
}

/// What a new job may not go beyond.
#[derive(Clone, Copy, Debug, Default)]
pub struct JobBounds {
    /// Where one of its kind for the same subject is unfinished, that one is answered instead.
    pub only_one: bool,
    /// How many numbers its tenant may have, those that unfinished jobs may bring counted in.
    pub numbers_max: Option<u32>,
}

impl Store {
    /// Keeps new jobs that have not begun, in one transaction, and answers each as it is kept. `TooMany` where the
    /// tenant has its numbers, or will have.
    pub async fn create_jobs(&self, jobs: &[Job], bounds: JobBounds, by: &Actor) -> Result<Vec<Job>, StoreError> {
        each!(self, engine => engine.create_jobs(jobs, bounds, by).await)
    }

    /// A job.
    pub async fn job(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        each!(self, engine => engine.job(id).await)
    }

    /// Jobs, newest first.
    pub async fn jobs(&self, ask: &Ask<JobFilter>) -> Result<Page<Job>, StoreError> {
        each!(self, engine => engine.jobs(ask).await)
    }

    /// Claims jobs whose time has come, the longest due first; of those on one subject only the oldest. Until
    /// `held_until` nobody else gets them.
    pub async fn claim_jobs(
        &self,
        now: Timestamp,
        held_until: Timestamp,
        most: u32,
    ) -> Result<Vec<ClaimedJob>, StoreError> {
        each!(self, engine => engine.claim_jobs(now, held_until, most).await)
    }

    /// Writes down what happened to a claimed job and answers how it stands. A job that waits or has ended is given
    /// back with it. `VersionChanged` where somebody else has claimed it.
    pub async fn write_job(
        &self,
        id: &JobId,
        fence: i64,
        entries: &[JobEntry],
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        each!(self, engine => engine.write_job(id, fence, entries, now).await)
    }

    /// Holds claimed jobs for longer.
    pub async fn hold_jobs(&self, held: &[(JobId, i64)], until: Timestamp) -> Result<(), StoreError> {
        each!(self, engine => engine.hold_jobs(held, until).await)
    }

    /// Gives a claimed job back untouched; it goes on at this instant.
    pub async fn put_off_job(&self, id: &JobId, fence: i64, due: Timestamp) -> Result<(), StoreError> {
        each!(self, engine => engine.put_off_job(id, fence, due).await)
    }

    /// Gives back every claim: for the one process of a store of its own, when it starts.
    pub async fn release_jobs(&self) -> Result<(), StoreError> {
        each!(self, engine => engine.release_jobs().await)
    }

    /// Somebody wants a job called off, or begun again where it stopped; `entry` says which. None where it is not in a
    /// state for that.
    pub async fn ask_job(
        &self,
        id: &JobId,
        entry: &JobEntry,
        now: Timestamp,
        by: &Actor,
    ) -> Result<Option<Job>, StoreError> {
        each!(self, engine => engine.ask_job(id, entry, now, by).await)
    }

    /// What jobs work on that have not ended.
    pub async fn subjects_at_work(&self) -> Result<HashSet<String>, StoreError> {
        each!(self, engine => engine.subjects_at_work().await)
    }

    /// Jobs this one has made since then.
    pub async fn jobs_made_by(&self, by: &str, since: Timestamp) -> Result<Vec<Job>, StoreError> {
        each!(self, engine => engine.jobs_made_by(by, since).await)
    }

    /// How many jobs are in each state.
    pub async fn jobs_by_state(&self) -> Result<Vec<(JobState, u64)>, StoreError> {
        each!(self, engine => engine.jobs_by_state().await)
    }
}
