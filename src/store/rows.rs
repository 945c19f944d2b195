//! What goes in and out of the store's doors: rows, pages, errors. No engine is known here.

use jiff::Timestamp;
use serde_json::Value;

use crate::model::{
    Access, AiReport, CallBegan, CallEvent, Number, OrgId, Record, Role, Scope, Sid, Tenant, TenantId, TokenId,
    TwilioAccount, VoicemailId, VoicemailState,
};

/// What went wrong, in the store's own words.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine cannot be reached, or did not answer in time.
    #[error("the store is away: {0}")]
    Away(String),
    /// Another tenant has this slug.
    #[error("the slug is taken")]
    SlugTaken,
    /// Another organization has this Twilio account.
    #[error("the Twilio account is taken")]
    AccountTaken,
    /// The organization has tenants, or is the platform's own.
    #[error("the organization is in use")]
    OrgInUse,
    /// The number leads elsewhere already.
    #[error("the number is taken")]
    NumberTaken,
    /// Its telephone systems sign in with two names already, and calls do with the newer.
    #[error("both names are in use")]
    BothNamesInUse,
    /// Somebody else changed it since it was read.
    #[error("it has changed: it is at version {0} now")]
    VersionChanged(u64),
    /// There are as many of these as there may be.
    #[error("there are {0} already, which is the most there may be")]
    TooMany(u32),
    /// It is not there.
    #[error("there is no such thing")]
    NotFound,
    /// The cursor was not given out by this list.
    #[error("the cursor is not one of this list")]
    BadCursor,
    /// The engine refused for a reason of its own.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows. Fewer than asked for, even none, where the search for them was long and goes on behind the cursor.
    pub rows: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}

/// What part of a list is asked for. `F` is what this list can be narrowed to besides (`filters`).
#[derive(Clone, Debug, Default)]
pub struct Ask<F = ()> {
    /// How many rows at most (1–200).
    pub limit: u32,
    /// Where the page begins.
    pub cursor: Option<String>,
    /// Words to look for.
    pub q: Option<String>,
    /// Only of this tenant.
    pub tenant: Option<TenantId>,
    /// Only what whoever asks may see.
    pub scope: Scope,
    /// What the list is narrowed to besides.
    pub only: F,
}

/// A call as kept.
#[derive(Clone, Debug)]
pub struct CallRow {
    /// How it began; a call whose beginning never arrived has only its SID.
    pub began: CallBegan,
    /// The organization of its tenant, also when the tenant is gone.
    pub org_id: Option<OrgId>,
    /// When it ended, if it has.
    pub ended_at: Option<Timestamp>,
    /// The final status.
    pub status: Option<String>,
    /// Its length.
    pub duration_seconds: Option<u32>,
    /// Vapi's report, if it came.
    pub report: Option<AiReport>,
    /// Everything that happened in it, oldest first.
    pub events: Vec<CallEvent>,
}

/// A voicemail as kept.
#[derive(Clone, Debug)]
pub struct VoicemailRow {
    /// Who it is.
    pub id: VoicemailId,
    /// Whose it is; none if nothing told.
    pub tenant_id: Option<TenantId>,
    /// The organization of its tenant, also when the tenant is gone.
    pub org_id: Option<OrgId>,
    /// In which call.
    pub call_sid: Sid,
    /// The account that keeps the recording.
    pub account_sid: Option<Sid>,
    /// The recording.
    pub recording_sid: Option<Sid>,
    /// Where Twilio keeps it.
    pub recording_url: Option<String>,
    /// The caller.
    pub from: Option<String>,
    /// Seconds.
    pub duration_seconds: Option<u32>,
    /// How far it is.
    pub state: VoicemailState,
    /// Its words.
    pub transcript: Option<String>,
    /// Somebody listened to it.
    pub heard: bool,
    /// When the first news of it came.
    pub created_at: Timestamp,
}

/// A tenant with all a load of it needs, read in one go.
#[derive(Clone, Debug)]
pub struct TenantLoad {
    /// The tenant.
    pub tenant: Tenant,
    /// Its numbers.
    pub numbers: Vec<Number>,
    /// Its organization's own account, where it has one.
    pub account: Option<TwilioAccount>,
}

/// One record of the journal with its place in it.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// Place in the journal: rises by one a record, never reused.
    pub seq: u64,
    /// The record.
    pub record: Record,
}

/// A token of the admin API. Of the secret itself only a hash is kept, which does not leave the store.
#[derive(Clone, Debug)]
pub struct Token {
    /// Who it is.
    pub id: TokenId,
    /// What people call it.
    pub name: String,
    /// For whom it speaks.
    pub role: Role,
    /// What it may do.
    pub access: Access,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this instant on it is no good.
    pub expires_at: Option<Timestamp>,
    /// Since when it is no good.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the hour or so.
    pub last_used_at: Option<Timestamp>,
}

impl Token {
    /// Does it open anything at this instant?
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A version of a tenant.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// The tenant as it was.
    pub tenant: Tenant,
    /// Who saved it; none for versions from before this was kept.
    pub saved_by: Option<String>,
}

/// Who changed something, for the audit log.
#[derive(Clone, Debug)]
pub struct Actor(pub String);

/// One entry of the audit log.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What was done: `tenant.create`, `number.put`…
    pub what: String,
    /// To whom or what: its id.
    pub subject: String,
    /// The organization whose business it is; none for the platform's.
    pub org_id: Option<OrgId>,
    /// The tenant whose business it is.
    pub tenant_id: Option<TenantId>,
    /// How it was before, without secrets.
    pub before: Option<Value>,
    /// How it is since, without secrets.
    pub after: Option<Value>,
}
