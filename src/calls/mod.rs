//! The ledger of live calls: a lease by CallSid, counted, picked and recorded in one step.
//!
//! The count is the size of a set of leases, never a number that is raised and lowered. Who asks providers after
//! old calls, and what is journalled of an end, is `app`'s to wire: see [`keep`].

mod book;
mod departed;
mod keeper;
mod key;
mod lease;
mod leases;
#[cfg(test)]
mod leases_properties;
#[cfg(test)]
mod leases_tests;
mod lines;
mod mark;
mod memory;
mod places;
mod shared;

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::OnceCell;

use crate::model::{Arrival, Decision, E164, EndedBy, NumberId, OrgId, Reason, Sid, TenantId, Verdicts};
use crate::routing::CompiledTenant;
use crate::telemetry::Metrics;

pub use keeper::{Ended, Pace, Told, keep};
pub use memory::MemoryLedger;
pub use shared::{COUNTED_WITHIN, FindSettings, RedisSeen, SharedLedger, SharedOptions, inspect};

/// The live calls of this installation.
#[derive(Clone, Debug)]
pub enum Ledger {
    /// In this process.
    Memory(Arc<MemoryLedger>),
    /// In Redis, for all edges of the installation, with a mirror in this process.
    Shared(Arc<SharedLedger>),
}

/// The same of whichever it is; what comes after `async` is awaited where the ledger is shared. Boxed, so that the way of
/// a call whose ledger is in memory does not carry its room.
macro_rules! each {
    ($ledger:expr, async $do:ident($($with:expr),*)) => {
        match $ledger {
            Ledger::Memory(ledger) => ledger.$do($($with),*),
            Ledger::Shared(ledger) => Box::pin(ledger.$do($($with),*)).await,
        }
    };
    ($ledger:expr, $do:ident($($with:expr),*)) => {
        match $ledger {
            Ledger::Memory(ledger) => ledger.$do($($with),*),
            Ledger::Shared(ledger) => ledger.$do($($with),*),
        }
    };
}

/// A call that asks for its place.
#[derive(Clone, Debug)]
pub struct Begin<'a> {
    /// Its CallSid (Vapi's call id on a free number).
    pub sid: &'a Sid,
    /// Whose it is.
    pub tenant: &'a Arc<CompiledTenant>,
    /// The number it came in on.
    pub number: Option<&'a NumberId>,
    /// The caller's number, if they tell it.
    pub caller: Option<E164>,
    /// The account that carries it.
    pub account: Option<&'a Sid>,
    /// How it arrived.
    pub arrival: Arrival,
    /// The engine's answers below and at the threshold.
    pub verdicts: Verdicts,
    /// Why the AI cannot take it although it should, if so: `ai-unavailable`, `not-configured`.
    pub ai_refused: Option<Reason>,
    /// Now.
    pub now: Timestamp,
}

/// What the ledger picked.
#[derive(Clone, Debug)]
pub struct Began {
    /// The settings that hold for this call: of its first answer, however often they changed since.
    pub tenant: Arc<CompiledTenant>,
    /// The choice.
    pub decision: Decision,
    /// Other live calls not with the AI when it was made.
    pub others: u32,
    /// False if this CallSid was live already: the first answer is to be given again.
    pub first: bool,
}

/// A live call as its next request finds it.
#[derive(Clone, Debug)]
pub struct Glance {
    /// The settings that hold for it.
    pub tenant: Arc<CompiledTenant>,
    /// True while the AI has it: it rings there or talks.
    pub with_ai: bool,
}

/// What an end came upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending<L = Glance> {
    /// A live call, as it stood; now it is over.
    Over(L),
    /// A live call whose end was not believed: it goes on.
    Disbelieved,
    /// No live call. If it begins later than it ended, it leaves no lease.
    NotLive,
}

/// A live call as the store remembers it, for a ledger that starts again.
#[derive(Clone, Debug)]
pub struct Restored {
    /// Its CallSid.
    pub sid: Sid,
    /// The settings it was decided by.
    pub tenant: Arc<CompiledTenant>,
    /// The number it came in on.
    pub number: Option<NumberId>,
    /// The caller's number, if they tell it.
    pub caller: Option<E164>,
    /// The account that carries it.
    pub account: Option<Sid>,
    /// How it arrived.
    pub arrival: Arrival,
    /// What was decided.
    pub decision: Decision,
    /// Other live calls when it was.
    pub others: u32,
    /// True if the AI has it still, as far as is known.
    pub with_ai: bool,
    /// When it began.
    pub began: Timestamp,
    /// The answer's bytes where they cannot be rendered again.
    pub foreign_answer: Option<Bytes>,
}

/// A live call, for whoever looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveCall {
    /// Its CallSid.
    pub sid: Sid,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The organization of the tenant.
    pub org_id: OrgId,
    /// The account that carries it.
    pub account: Option<Sid>,
    /// How it arrived.
    pub arrival: Arrival,
    /// True while the AI talks or rings.
    pub with_ai: bool,
    /// When it began.
    pub began: Timestamp,
    /// When we last heard of it.
    pub heard: Timestamp,
}

impl Ledger {
    /// An empty ledger in this process. `ai_limit` is how many calls Vapi takes at once, where that is known.
    pub fn memory(ai_limit: Option<u32>, metrics: Arc<Metrics>) -> Ledger {
        Ledger::Memory(Arc::new(MemoryLedger::new(ai_limit, metrics)))
    }

    /// The ledger that all edges share which name this Redis. It is there at once, and counts alone until Redis answers;
    /// an error means that the URL is none. The runtime it is called on is the one that speaks with Redis.
    pub async fn shared(options: SharedOptions<'_>) -> anyhow::Result<Ledger> {
        Ok(Ledger::Shared(Arc::new(SharedLedger::open(options).await?)))
    }

    /// True while this edge counts by itself what all edges should count together.
    pub fn is_degraded(&self) -> bool {
        match self {
            Ledger::Memory(_) => false,
            Ledger::Shared(ledger) => ledger.is_degraded(),
        }
    }

    /// Nothing more will happen here: waits a moment for what others are to know of it.
    pub async fn finish(&self) {
        if let Ledger::Shared(ledger) = self {
            ledger.finish().await;
        }
    }

    /// Counts, picks and records: of any simultaneous calls exactly the first `threshold` see fewer than that many others.
    pub async fn begin(&self, call: Begin<'_>) -> Began {
        each!(self, async begin(call))
    }

    /// The lease's settings, if the call is live.
    pub async fn settings(&self, sid: &Sid) -> Option<Arc<CompiledTenant>> {
        self.look(sid).await.map(|live| live.tenant)
    }

    /// How the call stands, if it is live.
    pub async fn look(&self, sid: &Sid) -> Option<Glance> {
        each!(self, async look(sid))
    }

    /// Where the first answer's bytes are kept that cannot be rendered again (Vapi's own TwiML): the same place for
    /// every request of the call.
    pub async fn foreign_answer(&self, sid: &Sid) -> Arc<OnceCell<Bytes>> {
        each!(self, foreign_answer(sid))
    }

    /// The bytes are there: every edge gives them again from now on.
    pub async fn foreign_answer_is_kept(&self, sid: &Sid) {
        if let Ledger::Shared(ledger) = self {
            ledger.foreign_answer_is_kept(sid);
        }
    }

    /// Something was heard of this call: its lease is renewed.
    pub async fn heard(&self, sid: &Sid, now: Timestamp) {
        each!(self, heard(sid, now))
    }

    /// The call is over. True if it was live. A call that ends before it begins leaves no lease when it does.
    pub async fn end(&self, sid: &Sid, by: EndedBy) -> bool {
        match self {
            Ledger::Memory(ledger) => matches!(ledger.end_if(sid, by, |_| true), Ending::Over(_)),
            Ledger::Shared(ledger) => Box::pin(ledger.end(sid, by)).await,
        }
    }

    /// The same, unless `may` says that whoever tells of the end may not speak for the call's tenant.
    pub async fn end_if(&self, sid: &Sid, by: EndedBy, may: impl FnOnce(&CompiledTenant) -> bool) -> Ending {
        each!(self, async end_if(sid, by, may))
    }

    /// The AI leg is over: its line is free, and the call counts among those not with the AI.
    pub async fn ai_over(&self, sid: &Sid, now: Timestamp) {
        each!(self, ai_over(sid, now))
    }

    /// The call is back with the AI (a forward nobody took, `noAnswer: ai`): the reason if no line is free.
    pub async fn ai_again(&self, sid: &Sid, now: Timestamp) -> Result<(), Reason> {
        each!(self, async ai_again(sid, now))
    }

    /// These numbers ring for this call now; an empty list says that none does any more.
    pub async fn ringing(&self, sid: &Sid, numbers: &[E164], now: Timestamp) {
        each!(self, ringing(sid, numbers, now))
    }

    /// Our answer hangs up or rejects: unless more is heard, the lease ends in two minutes.
    pub async fn hanging_up(&self, sid: &Sid, now: Timestamp) {
        each!(self, hanging_up(sid, now))
    }

    /// True if some live call of ours rings this number: a call forwarded from it has come round.
    pub async fn is_ringing(&self, number: E164) -> bool {
        each!(self, is_ringing(number))
    }

    /// True if this caller is the caller of a live call of the tenant whose forward leg rings.
    ///
    /// Only a number tells callers apart: two who withhold theirs are not one call come round.
    pub async fn caller_is_being_forwarded(&self, tenant: &TenantId, caller: E164) -> bool {
        each!(self, caller_is_being_forwarded(tenant, caller))
    }

    /// Live calls of the tenant that are not with the AI.
    pub async fn others(&self, tenant: &TenantId) -> u32 {
        each!(self, others(tenant))
    }

    /// All live calls, oldest first.
    pub async fn live(&self) -> Vec<LiveCall> {
        each!(self, live())
    }

    /// How many calls Vapi takes at once, learned after the start. Calls that have a line keep it.
    pub async fn set_ai_limit(&self, limit: Option<u32>) {
        each!(self, set_ai_limit(limit))
    }

    /// Takes up calls that were live before a restart. They count at once and are the first to be asked about; one
    /// that has begun again or ended meanwhile is left as it is.
    pub async fn restore(&self, calls: Vec<Restored>, now: Timestamp) {
        each!(self, restore(calls, now))
    }

    /// Puts the number of live calls into the metrics: when somebody looks, for every call changes it.
    pub fn show(&self) {
        each!(self, show())
    }

    /// Ends the leases that have run out, and says which.
    pub async fn sweep(&self, now: Timestamp) -> Vec<(Sid, EndedBy)> {
        each!(self, async sweep(now))
    }

    /// Up to `max` calls unheard of for ten minutes, the longest unheard of first. Whoever takes them asks: they are
    /// not listed again for the next three minutes.
    pub async fn to_ask(&self, now: Timestamp, max: usize) -> Vec<LiveCall> {
        each!(self, async to_ask(now, max))
    }
}
