//! What is kept: organizations, tenants, numbers, calls, voicemails.
//!
//! One door for every engine. What the doors promise is written down once, as a battery of tests that each engine
//! passes. Who reads and who may write is decided elsewhere; a copy kept of what is read is the directory's.

/// The same of each engine.
macro_rules! each {
    ($store:expr, $engine:ident => $work:expr) => {
        match $store {
            Store::Sqlite($engine) => $work,
            // On the heap: whoever asks a file, which is almost everybody, need not have room for this.
            Store::Postgres($engine) => Box::pin(async move { $work }).await,
        }
    };
}

mod audit;
mod batch;
pub mod copy;
mod costs;
mod cursor;
mod delivery;
mod error;
mod event;
mod filters;
mod idempotent;
mod jobs;
mod keyring;
mod keys;
mod last;
mod life;
mod merge;
mod outgoing;
mod past;
mod person;
mod phone;
mod pool;
mod port;
mod postgres;
mod retention;
mod rows;
mod seal;
mod sealed;
mod session;
mod shared;
mod sip;
mod sqlite;
mod today;
mod told;
mod turn;
mod voicemail;
mod wall;
mod within;
mod words;

use jiff::Timestamp;
use tokio::runtime::Handle;

use crate::model::{Clock, E164, Number, NumberId, Org, OrgId, Secret, Sid, Tenant, TenantId, TokenId, VoicemailId};

pub use costs::{CallMonth, NumberHeap, Tenure};
pub use delivery::{
    Attempt, DeliveryRow, DeliveryState, Disabled, Due, ENDPOINTS_MAX, FAILING_MAX, FINISHED_KEPT, Outgoing,
    PREVIOUS_SECRET_KEPT, REPLAY_MAX, Replay, Then,
};
pub use event::Event;
pub use filters::{
    AuditFilter, CallFilter, DeliveryFilter, JobFilter, LifeFilter, LiveFilter, NumberFilter, TenantFilter,
    VoicemailFilter,
};
pub use idempotent::{Claimed, KEPT as ANSWERS_KEPT, Wish};
pub use jobs::{ClaimedJob, JobBounds};
pub use keyring::Keyring;
pub use keys::{KeysInUse, ResealMark, Resealed};
pub use last::{Last, LastError};
pub use life::{NumberWatch, WatchFinding};
pub use past::{CallHeap, PastCall};
pub use person::{Bounds, Erased, ErasureReport, ErasureRow, ErasureState, KeptPlace, PersonAsk, PersonCall, Scrubbed};
pub use phone::NewSipName;
pub use pool::PoolWish;
pub use postgres::{Postgres, ServerSeen, inspect};
pub use retention::{Cleared, Place, RemoteErasure, RemoteProvider, Round, SweepKind, Swept, Whose};
pub use rows::{
    Actor, Ask, AuditRow, CallRow, Numbered, Page, StoreError, TenantLoad, Token, VersionRow, VoicemailRow,
};
pub use seal::KeyName;
pub use session::{SESSIONS_MAX, Session, SessionKind};
pub use shared::{Changed, Listening, Noticed};
pub use sqlite::{Sqlite, is_in_use, whole};
pub use today::{JobCounts, Minute, TOLD_MAX, Today};
pub use told::{Told, Word};
pub use wall::seen_by;

/// The store, whichever engine is behind it.
#[derive(Clone, Debug)]
pub enum Store {
    /// One file beside the program.
    Sqlite(Sqlite),
    /// A server that several processes share.
    Postgres(Postgres),
}

impl Store {
    /// Opens the store named by `url`, migrates it, unseals with `keys`.
    ///
    /// `sqlite:PATH`, or `sqlite::memory:` for one that is gone with its last handle; `postgres://…`, which may be away:
    /// then everything asked of it is `Away` until it is there.
    pub async fn open(url: &str, keys: impl Into<Keyring>) -> Result<Store, StoreError> {
        Store::open_draining_on(url, None, keys, &Handle::current(), Timestamp::now).await
    }

    /// The same, where `direct` names the server itself if `url` leads to it through a pooler, where what may take its time in writing is as important to the system as the threads of
    /// `standing_back`, and the time is what `clock` says.
    pub async fn open_draining_on(
        url: &str,
        direct: Option<&str>,
        keys: impl Into<Keyring>,
        standing_back: &Handle,
        clock: Clock,
    ) -> Result<Store, StoreError> {
        match url.split(':').next().unwrap_or_default() {
            "sqlite" => Sqlite::open(url, &keys.into(), standing_back, clock).await.map(Store::Sqlite),
            "postgres" | "postgresql" => Postgres::open(url, direct, &keys.into(), clock).await.map(Store::Postgres),
            scheme => Err(StoreError::Failed(format!(
                "could not open a store named \"{scheme}:…\": sqlite:PATH and postgres://… are known"
            ))),
        }
    }

    /// Gives back what it holds. Another handle on it finds it away.
    pub async fn close(&self) {
        each!(self, engine => engine.close().await);
    }

    /// Does it answer?
    pub async fn ping(&self) -> Result<(), StoreError> {
        each!(self, engine => engine.ping().await)
    }

    /// The platform's organization, made on first use.
    pub async fn platform_org(&self) -> Result<Org, StoreError> {
        each!(self, engine => engine.platform_org().await)
    }

    /// Keeps a new organization, its credentials sealed. `AccountTaken` if another has its Twilio account.
    pub async fn create_org(&self, org: &Org, by: &Actor) -> Result<(), StoreError> {
        each!(self, engine => engine.create_org(org, by).await)
    }

    /// Changes an organization, as [`Store::change_tenant`] does a tenant.
    pub async fn change_org(
        &self,
        id: &OrgId,
        expected: Option<u64>,
        by: &Actor,
        change: impl FnOnce(&mut Org) + Send,
    ) -> Result<Org, StoreError> {
        each!(self, engine => engine.change_org(id, expected, by, change).await)
    }

    /// Deletes an organization that has no tenant left; its tokens open nothing any more.
    pub async fn delete_org(&self, id: &OrgId, expected: Option<u64>, by: &Actor) -> Result<(), StoreError> {
        each!(self, engine => engine.delete_org(id, expected, by).await)
    }

    /// Organizations by name.
    pub async fn orgs(&self, ask: &Ask) -> Result<Page<Org>, StoreError> {
        each!(self, engine => engine.orgs(ask).await)
    }

    /// An organization.
    pub async fn org(&self, id: &OrgId) -> Result<Option<Org>, StoreError> {
        each!(self, engine => engine.org(id).await)
    }

    /// The organization that owns a Twilio account.
    pub async fn org_by_account(&self, sid: &Sid) -> Result<Option<Org>, StoreError> {
        each!(self, engine => engine.org_by_account(sid).await)
    }

    /// Keeps a new tenant.
    pub async fn create_tenant(&self, tenant: &Tenant, by: &Actor) -> Result<(), StoreError> {
        each!(self, engine => engine.create_tenant(tenant, by).await)
    }

    /// A tenant.
    pub async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StoreError> {
        each!(self, engine => engine.tenant(id).await)
    }

    /// A tenant as it was at a version.
    pub async fn tenant_at(&self, id: &TenantId, version: u64) -> Result<Option<Tenant>, StoreError> {
        each!(self, engine => engine.tenant_at(id, version).await)
    }

    /// The versions of a tenant, newest first, also when it is gone.
    pub async fn tenant_versions(&self, id: &TenantId, ask: &Ask) -> Result<Page<VersionRow>, StoreError> {
        each!(self, engine => engine.tenant_versions(id, ask).await)
    }

    /// Changes a tenant: reads it, lets `change` alter it, writes it at the next version with its audit entry, all
    /// in one transaction. `expected` guards against a change in between.
    pub async fn change_tenant(
        &self,
        id: &TenantId,
        expected: Option<u64>,
        by: &Actor,
        change: impl FnOnce(&mut Tenant) + Send,
    ) -> Result<Tenant, StoreError> {
        each!(self, engine => engine.change_tenant(id, expected, by, change).await)
    }

    /// Deletes a tenant; its numbers rest. Answers the numbers that led to it.
    pub async fn delete_tenant(
        &self,
        id: &TenantId,
        expected: Option<u64>,
        by: &Actor,
    ) -> Result<Vec<Number>, StoreError> {
        each!(self, engine => engine.delete_tenant(id, expected, by).await)
    }

    /// Tenants by name.
    pub async fn tenants(&self, ask: &Ask<TenantFilter>) -> Result<Page<Tenant>, StoreError> {
        each!(self, engine => engine.tenants(ask).await)
    }

    /// A tenant with its numbers and account.
    pub async fn load_tenant(&self, id: &TenantId) -> Result<Option<TenantLoad>, StoreError> {
        each!(self, engine => engine.load_tenant(id).await)
    }

    /// The number with these digits.
    pub async fn number_by_e164(&self, e164: E164) -> Result<Option<Number>, StoreError> {
        each!(self, engine => engine.number_by_e164(e164).await)
    }

    /// The number with this Vapi id.
    pub async fn number_by_vapi_id(&self, id: &Sid) -> Result<Option<Number>, StoreError> {
        each!(self, engine => engine.number_by_vapi_id(id).await)
    }

    /// A number by its id.
    pub async fn number(&self, id: &NumberId) -> Result<Option<Number>, StoreError> {
        each!(self, engine => engine.number(id).await)
    }

    /// The tenant that answers to this SIP user: slug, `clinic-<tenant id>`, `sip_<8 hex>`.
    pub async fn tenant_by_sip_user(&self, user: &str) -> Result<Option<TenantId>, StoreError> {
        Ok(self.sip_user(user).await?.map(|user| user.tenant))
    }

    /// Keeps a number, new or known by its digits. `NumberTaken` if it leads to another tenant.
    pub async fn put_number(&self, number: &Number, by: &Actor) -> Result<Number, StoreError> {
        each!(self, engine => engine.put_number(number, by).await)
    }

    /// All numbers, newest first; with `ask.tenant` those of one tenant.
    pub async fn numbers(&self, ask: &Ask<NumberFilter>) -> Result<Page<Number>, StoreError> {
        each!(self, engine => engine.numbers(ask).await)
    }

    /// Applies journal records in order and moves the cursor, in one transaction: a record seen before is passed over.
    pub async fn apply(&self, journal: &str, records: &[Numbered]) -> Result<(), StoreError> {
        each!(self, engine => engine.apply(journal, records).await)
    }

    /// The last record of this journal that was applied.
    pub async fn applied(&self, journal: &str) -> Result<u64, StoreError> {
        each!(self, engine => engine.applied(journal).await)
    }

    /// Calls that began and are not known to have ended, begun after `since`.
    pub async fn live_calls(&self, since: Timestamp) -> Result<Vec<CallRow>, StoreError> {
        each!(self, engine => engine.live_calls(since).await)
    }

    /// Calls, newest first.
    pub async fn calls(&self, ask: &Ask<CallFilter>) -> Result<Page<CallRow>, StoreError> {
        each!(self, engine => engine.calls(ask).await)
    }

    /// One call with its events.
    pub async fn call(&self, sid: &Sid) -> Result<Option<CallRow>, StoreError> {
        each!(self, engine => engine.call(sid).await)
    }

    /// These calls without their events, as far as they are kept.
    pub async fn calls_named(&self, sids: &[&Sid]) -> Result<Vec<CallRow>, StoreError> {
        each!(self, engine => engine.calls_named(sids).await)
    }

    /// Voicemails, newest first.
    pub async fn voicemails(&self, ask: &Ask<VoicemailFilter>) -> Result<Page<VoicemailRow>, StoreError> {
        each!(self, engine => engine.voicemails(ask).await)
    }

    /// One voicemail.
    pub async fn voicemail(&self, id: &VoicemailId) -> Result<Option<VoicemailRow>, StoreError> {
        each!(self, engine => engine.voicemail(id).await)
    }

    /// The voicemails of these calls, and those with these recordings.
    pub async fn voicemails_told(&self, calls: &[&Sid], recordings: &[&Sid]) -> Result<Vec<VoicemailRow>, StoreError> {
        each!(self, engine => engine.voicemails_told(calls, recordings).await)
    }

    /// Marks a voicemail heard or not.
    pub async fn set_heard(&self, id: &VoicemailId, heard: bool) -> Result<(), StoreError> {
        each!(self, engine => engine.set_heard(id, heard).await)
    }

    /// Voicemails still without a recording that were announced before `before`.
    pub async fn voicemails_without_recording(&self, before: Timestamp) -> Result<Vec<VoicemailRow>, StoreError> {
        each!(self, engine => engine.voicemails_without_recording(before).await)
    }

    /// Keeps the bootstrap token under the hash that `make` gives, if there never was one. True if it was made now.
    pub async fn bootstrap_token(&self, make: impl FnOnce() -> [u8; 32] + Send) -> Result<bool, StoreError> {
        each!(self, engine => engine.bootstrap_token(make).await)
    }

    /// Keeps a new token under the SHA-256 of its secret. `NotFound` if whom it speaks for is not there.
    pub async fn create_token(&self, token: &Token, sha256: &[u8; 32], by: &Actor) -> Result<(), StoreError> {
        each!(self, engine => engine.create_token(token, sha256, by).await)
    }

    /// The token whose secret has this SHA-256, good or not.
    pub async fn token_by_hash(&self, sha256: &[u8; 32]) -> Result<Option<Token>, StoreError> {
        each!(self, engine => engine.token_by_hash(sha256).await)
    }

    /// A token by its id.
    pub async fn token(&self, id: &TokenId) -> Result<Option<Token>, StoreError> {
        each!(self, engine => engine.token(id).await)
    }

    /// Tokens, newest first.
    pub async fn tokens(&self, ask: &Ask) -> Result<Page<Token>, StoreError> {
        each!(self, engine => engine.tokens(ask).await)
    }

    /// From now on a token opens nothing.
    pub async fn revoke_token(&self, id: &TokenId, at: Timestamp, by: &Actor) -> Result<(), StoreError> {
        each!(self, engine => engine.revoke_token(id, at, by).await)
    }

    /// A token was used.
    pub async fn token_used(&self, id: &TokenId, at: Timestamp) -> Result<(), StoreError> {
        each!(self, engine => engine.token_used(id, at).await)
    }

    /// Keeps a session or a link, in place of the oldest of its token and kind where there are as many as may be.
    pub async fn keep_session(&self, session: &Session) -> Result<(), StoreError> {
        each!(self, engine => engine.keep_session(session).await)
    }

    /// The session whose secret has this SHA-256, if it is not over. Whether its token is good is another question.
    pub async fn session(&self, sha256: &[u8; 32], now: Timestamp) -> Result<Option<Session>, StoreError> {
        each!(self, engine => engine.session(sha256, now).await)
    }

    /// Takes a link away and answers the SHA-256 of its token. Of any who come with one link, one gets it.
    pub async fn take_link(&self, sha256: &[u8; 32], now: Timestamp) -> Result<Option<[u8; 32]>, StoreError> {
        each!(self, engine => engine.take_link(sha256, now).await)
    }

    /// Ends a session; one that is over already stays so.
    pub async fn end_session(&self, sha256: &[u8; 32]) -> Result<(), StoreError> {
        each!(self, engine => engine.end_session(sha256).await)
    }

    /// Claims a request, so that it has its effect once however often it comes, in whatever process on this store.
    pub async fn claim(&self, wish: &Wish<'_>) -> Result<Claimed, StoreError> {
        each!(self, engine => engine.claim(wish).await)
    }

    /// Keeps the answer to a claimed request, sealed. False if the claim is not this one's any more.
    pub async fn keep_answer(&self, key: &str, claim: &str, answer: &Secret) -> Result<bool, StoreError> {
        each!(self, engine => engine.keep_answer(key, claim, answer).await)
    }

    /// Gives a claim back: the next that comes with its key is the first.
    pub async fn release_claim(&self, key: &str, claim: &str) -> Result<(), StoreError> {
        each!(self, engine => engine.release_claim(key, claim).await)
    }

    /// The audit log, newest first; `q` looks in subjects and names.
    pub async fn audit(&self, ask: &Ask<AuditFilter>) -> Result<Page<AuditRow>, StoreError> {
        each!(self, engine => engine.audit(ask).await)
    }
}
