//! The store's doors for what goes in its time: periods, sweeps, and what the providers still have to forget.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::model::{Sid, TenantId, TenantRetention};

use super::{Actor, Ask, Page, Store, StoreError};

/// What a sweep looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepKind {
    /// Calls with their events and reports.
    Calls,
    /// Voicemails with their news.
    Voicemails,
    /// Transcripts of voicemails that themselves stay.
    Transcripts,
    /// The AI's summaries of calls that themselves stay.
    Summaries,
}

/// Whose things a sweep looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of a tenant with a period of its own.
    Tenant(TenantId),
    /// Those of everybody else: tenants without one, tenants that are gone, nobody.
    Others,
}

/// One kind of thing of some, older than an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// What.
    pub kind: SweepKind,
    /// Of whom.
    pub whose: Whose,
    /// What is older than this goes.
    pub before: Timestamp,
}

/// How far a round has come: the age and the name of the last thing looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Nanoseconds since 1970.
    pub at: i64,
    /// What tells things of one instant apart.
    pub id: String,
}

/// What one batch of a round came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Calls, voicemails, transcripts or summaries that went.
    pub gone: u64,
    /// Recordings queued to be deleted at Twilio.
    pub queued: u64,
    /// Where to go on; none at the end of the round.
    pub next: Option<Place>,
}

/// What has no owner and an age: the rest of a sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Entries of the audit log.
    pub audit: u64,
    /// Tombstones whose time is over.
    pub tombstones: u64,
    /// Tenants that are gone whose settings no call needs any more.
    pub tenants: u64,
}

/// A thing a provider still has to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteErasure {
    /// Its place in the queue.
    pub id: i64,
    /// Who has to forget it.
    pub provider: RemoteProvider,
    /// The Twilio account that keeps it, where known.
    pub account: Option<Sid>,
    /// The recording at Twilio, or the call at Vapi.
    pub sid: Sid,
    /// Whose it was, where known.
    pub tenant_id: Option<TenantId>,
    /// How often it was tried.
    pub attempts: u32,
    /// Since when it waits.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub next_at: Timestamp,
    /// What the last try came to.
    pub last_error: Option<String>,
}

/// Whoever keeps something of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoteProvider {
    /// Recordings.
    Twilio,
    /// Calls with the AI.
    Vapi,
}

impl RemoteProvider {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            RemoteProvider::Twilio => "twilio",
            RemoteProvider::Vapi => "vapi",
        }
    }
}

impl Store {
    /// What a tenant wants instead of the installation's periods.
    pub async fn retention(&self, id: &TenantId) -> Result<TenantRetention, StoreError> {
        each!(self, engine => engine.retention(id).await)
    }

    /// Keeps what a tenant wants, at the next version, with its audit entry. `expected` guards against a change in
    /// between. Answers it as it is now.
    pub async fn put_retention(
        &self,
        wanted: &TenantRetention,
        expected: Option<u64>,
        by: &Actor,
    ) -> Result<TenantRetention, StoreError> {
        each!(self, engine => engine.put_retention(wanted, expected, by).await)
    }

    /// Every tenant that wants something of its own.
    pub async fn retentions(&self) -> Result<Vec<TenantRetention>, StoreError> {
        each!(self, engine => engine.retentions().await)
    }

    /// One batch of a round, in one short transaction; calls in `live` are left alone.
    pub async fn sweep(
        &self,
        round: &Round,
        from: Option<&Place>,
        live: &HashSet<Sid>,
        now: Timestamp,
    ) -> Result<Swept, StoreError> {
        each!(self, engine => engine.sweep(round, from, live, now).await)
    }

    /// One batch of the rest: audit entries and settings of tenants long gone, as far as they have a period, and
    /// tombstones whose time is over.
    pub async fn clear(
        &self,
        audit_before: Option<Timestamp>,
        tenants_before: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Cleared, StoreError> {
        each!(self, engine => engine.clear(audit_before, tenants_before, now).await)
    }

    /// What a provider is to be asked to forget now, at most `limit`.
    pub async fn remote_erasures_due(
        &self,
        provider: RemoteProvider,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<RemoteErasure>, StoreError> {
        each!(self, engine => engine.remote_erasures_due(provider, now, limit).await)
    }

    /// A provider has forgotten it.
    pub async fn remote_erased(&self, id: i64) -> Result<(), StoreError> {
        each!(self, engine => engine.remote_erased(id).await)
    }

    /// A provider did not: it is tried again then.
    pub async fn remote_erasure_failed(&self, id: i64, why: &str, next_at: Timestamp) -> Result<(), StoreError> {
        each!(self, engine => engine.remote_erasure_failed(id, why, next_at).await)
    }

    /// What providers still have to forget, newest first.
    pub async fn remote_erasures(&self, ask: &Ask) -> Result<Page<RemoteErasure>, StoreError> {
        each!(self, engine => engine.remote_erasures(ask).await)
    }
}
