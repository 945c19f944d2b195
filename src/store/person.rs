//! The store's doors for one person's data: finding it, reading it out, erasing it, and the reports of that.

use std::collections::HashSet;
use std::ops::AddAssign;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{ErasureId, OrgId, Person, Scope, Sid, TenantId};

use super::{Actor, Ask, CallRow, Page, Store, StoreError, VoicemailRow};

/// Whose data is looked for, and where.
#[derive(Clone, Debug)]
pub struct PersonAsk {
    /// Who.
    pub person: Person,
    /// Only what whoever asks may see.
    pub scope: Scope,
    /// Only what belongs to this tenant.
    pub tenant: Option<TenantId>,
}

impl PersonAsk {
    /// The one tenant that is looked through, if it is only one.
    pub fn whole_tenant(&self) -> Option<&TenantId> {
        match (&self.tenant, &self.scope) {
            (Some(tenant), _) | (None, Scope::Tenant(tenant)) => Some(tenant),
            (None, Scope::All | Scope::Org(_)) => None,
        }
    }
}

/// A call somebody was in, with what was left in it.
#[derive(Clone, Debug)]
pub struct PersonCall {
    /// Its SID.
    pub sid: Sid,
    /// The call; none where only a voicemail is kept of it.
    pub call: Option<CallRow>,
    /// Its voicemails, oldest first.
    pub voicemails: Vec<VoicemailRow>,
}

/// What an erasure must not touch, and until when it remembers.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Calls under way.
    pub live: HashSet<Sid>,
    /// When that was known: what began later may be under way too.
    pub asked_at: Timestamp,
    /// Until when late records of what was erased are dropped.
    pub remember_until: Timestamp,
    /// Only count: nothing is changed.
    pub dry: bool,
}

/// How far what was erased is unreadable in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scrubbed {
    /// Its log is empty. If not, somebody reads still, and a part of the log waits for the next time.
    pub is_log_empty: bool,
    /// It was written anew, without unused space.
    pub is_compact: bool,
}

/// What was erased, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Calls, with their reports.
    pub calls: u64,
    /// What happened in them.
    pub events: u64,
    /// Voicemails, with their transcripts.
    pub voicemails: u64,
    /// The news they were made of.
    pub news: u64,
    /// Messages to webhooks, sent or not.
    pub deliveries: u64,
    /// Records set aside because they could not be applied.
    pub refused: u64,
    /// What providers are asked to forget.
    pub remote: u64,
    /// Calls left alone because they are under way.
    pub live: u64,
}

impl AddAssign for Erased {
    fn add_assign(&mut self, more: Erased) {
        self.calls += more.calls;
        self.events += more.events;
        self.voicemails += more.voicemails;
        self.news += more.news;
        self.deliveries += more.deliveries;
        self.refused += more.refused;
        self.remote += more.remote;
        self.live += more.live;
    }
}

/// Where the number stays, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPlace {
    /// Where.
    pub place: String,
    /// Why.
    pub why: String,
}

/// How far an erasure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureState {
    /// It goes on.
    Running,
    /// All is done.
    Done,
    /// It broke off: to be asked for again.
    Failed,
}

impl ErasureState {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            ErasureState::Running => "running",
            ErasureState::Done => "done",
            ErasureState::Failed => "failed",
        }
    }
}

/// What was done for one person. Of the number it holds what may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureRow {
    /// Which.
    pub id: ErasureId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The organization that was looked through, if only one.
    pub org_id: Option<OrgId>,
    /// The tenant that was looked through, if only one.
    pub tenant_id: Option<TenantId>,
    /// The number, its middle hidden.
    pub number: String,
    /// How far it is.
    pub state: ErasureState,
    /// What came of it so far.
    pub report: ErasureReport,
}

/// What an erasure came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureReport {
    /// What went.
    pub erased: Erased,
    /// Records that were still on their way into the store at the end.
    pub on_the_way: u64,
    /// Where the number stays.
    pub kept: Vec<KeptPlace>,
    /// Why it broke off.
    pub failure: Option<String>,
}

impl Store {
    /// The calls somebody was in, by SID, those after `after`.
    pub async fn person_calls(&self, ask: &PersonAsk, after: Option<&str>, limit: u32) -> Result<Vec<Sid>, StoreError> {
        each!(self, engine => engine.person_calls(ask, after, limit).await)
    }

    /// Reads out what is kept of these calls.
    pub async fn read_person(&self, ask: &PersonAsk, calls: &[Sid]) -> Result<Vec<PersonCall>, StoreError> {
        each!(self, engine => engine.read_person(ask, calls).await)
    }

    /// Erases these calls and all that hangs on them, in one transaction, and leaves tombstones.
    pub async fn erase_calls(&self, ask: &PersonAsk, calls: &[Sid], bounds: &Bounds) -> Result<Erased, StoreError> {
        each!(self, engine => engine.erase_person_calls(ask, calls, bounds).await)
    }

    /// Erases what no call leads to: records set aside, messages to webhooks.
    pub async fn erase_strays(&self, ask: &PersonAsk, dry: bool) -> Result<Erased, StoreError> {
        each!(self, engine => engine.erase_strays(ask, dry).await)
    }

    /// Was what these SIDs name erased not long ago?
    pub async fn is_erased(&self, sids: &[&Sid]) -> Result<bool, StoreError> {
        each!(self, engine => engine.is_erased(sids).await)
    }

    /// Is what belongs to this tenant, or to none, looked at?
    pub async fn covers(&self, ask: &PersonAsk, tenant: Option<&TenantId>) -> Result<bool, StoreError> {
        each!(self, engine => engine.covers(ask, tenant).await)
    }

    /// Where the number stands as a setting of a business.
    pub async fn number_kept(&self, ask: &PersonAsk) -> Result<Vec<KeptPlace>, StoreError> {
        each!(self, engine => engine.number_kept(ask).await)
    }

    /// Makes what was erased unreadable in the file itself, its log included.
    pub async fn scrub(&self) -> Result<Scrubbed, StoreError> {
        each!(self, engine => engine.scrub().await)
    }

    /// Keeps the beginning of an erasure, with its audit entry.
    pub async fn begin_erasure(&self, row: &ErasureRow, by: &Actor) -> Result<(), StoreError> {
        each!(self, engine => engine.begin_erasure(row, by).await)
    }

    /// Keeps how far an erasure is.
    pub async fn keep_erasure(
        &self,
        id: &ErasureId,
        state: ErasureState,
        report: &ErasureReport,
    ) -> Result<(), StoreError> {
        each!(self, engine => engine.keep_erasure(id, state, report).await)
    }

    /// Erasures that a run before this one left unfinished are called broken off. Answers how many.
    pub async fn fail_unfinished_erasures(&self, before: Timestamp) -> Result<u64, StoreError> {
        each!(self, engine => engine.fail_unfinished_erasures(before).await)
    }

    /// Reports, newest first.
    pub async fn erasures(&self, ask: &Ask) -> Result<Page<ErasureRow>, StoreError> {
        each!(self, engine => engine.erasures(ask).await)
    }

    /// One report.
    pub async fn erasure(&self, id: &ErasureId) -> Result<Option<ErasureRow>, StoreError> {
        each!(self, engine => engine.erasure(id).await)
    }

    /// Notes in the audit log that somebody read out a person's data.
    pub async fn note_export(&self, ask: &PersonAsk, by: &Actor) -> Result<(), StoreError> {
        each!(self, engine => engine.note_export(ask, by).await)
    }
}
