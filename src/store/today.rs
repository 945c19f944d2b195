//! The store's door for how things are today: counts, and what waits for a person, of what whoever asks may see.

use jiff::Timestamp;

use super::{Store, StoreError};
use crate::model::{Job, Port, Scope, Webhook};

/// How many calls are looked at for the minutes: an hour of a hundred and more each second.
pub const CALLS_LOOKED_AT: u32 = 500_000;

/// How many voicemails are looked at for those nobody listened to, the newest first.
pub const VOICEMAILS_LOOKED_AT: u32 = 100_000;

/// How many things of a kind that wait for a person are told one by one.
pub const TOLD_MAX: u32 = 20;

/// How things are.
#[derive(Clone, Debug, Default)]
pub struct Today {
    /// The minutes asked for, oldest first. Where there were more calls than are looked at, the oldest are left out.
    pub minutes: Vec<Minute>,
    /// Jobs that have not ended, and those that are a person's now.
    pub jobs: JobCounts,
    /// One that is a person's: the one that was begun last.
    pub job_by_hand: Option<Job>,
    /// Since when the oldest of them is there.
    pub by_hand_since: Option<Timestamp>,
    /// Voicemails nobody listened to.
    pub voicemails_unheard: u64,
    /// Ports that wait for a person, the longest first.
    pub ports: Vec<Port>,
    /// Endpoints of webhooks that were disabled for what came of them, the latest first.
    pub webhooks: Vec<Webhook>,
    /// How many numbers are not as they should be, and since when the first of them.
    pub numbers_amiss: Option<(u64, Timestamp)>,
}

/// A minute, and how its calls were decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute {
    /// When it began.
    pub at: Timestamp,
    /// For the AI.
    pub ai: u64,
    /// For the fallback.
    pub fallback: u64,
}

/// How many jobs are this far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Not begun.
    pub queued: u64,
    /// At work.
    pub running: u64,
    /// Tried again by themselves.
    pub waiting: u64,
    /// A person's.
    pub manual: u64,
}

impl Store {
    /// How things are, for whoever sees this much. `since` and `until` are whole minutes.
    pub async fn today(&self, scope: &Scope, since: Timestamp, until: Timestamp) -> Result<Today, StoreError> {
        each!(self, engine => engine.today(scope, since, until).await)
    }
}
