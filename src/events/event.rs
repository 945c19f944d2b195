//! An event: what happened, when, and whose business it is.

use jiff::Timestamp;

use crate::model::{
    CallBegan, CallEnded, CallEvent, Job, NumberId, OrgId, Role, Sid, Target, TenantId, VoicemailId, VoicemailState,
};

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Who may hear of it.
    pub audience: Audience,
    /// What.
    pub news: News,
}

/// Whose business an event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody's: it names neither an organization nor a tenant.
    Everybody,
    /// That of a tenant and of its organization; where both are unknown the platform's alone.
    Of {
        /// The organization.
        org: Option<OrgId>,
        /// The tenant.
        tenant: Option<TenantId>,
    },
}

impl Audience {
    /// The platform's own people.
    pub const PLATFORM: Audience = Audience::Of { org: None, tenant: None };

    /// May this role hear of it?
    pub fn includes(&self, role: &Role) -> bool {
        match self {
            Audience::Everybody => true,
            Audience::Of { org, tenant } => role.sees(org.as_ref(), tenant.as_ref()),
        }
    }

    /// The tenant it is about.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Audience::Everybody => None,
            Audience::Of { tenant, .. } => tenant.as_ref(),
        }
    }

    /// The organization it is about.
    pub fn org(&self) -> Option<&OrgId> {
        match self {
            Audience::Everybody => None,
            Audience::Of { org, .. } => org.as_ref(),
        }
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub enum News {
    /// A call began, and was decided.
    CallBegan(Box<CallBegan>),
    /// Something happened in a call.
    CallEvent(CallEvent),
    /// A call ended.
    CallEnded(CallEnded),
    /// A voicemail is new, or another than before.
    Voicemail(VoicemailNow),
    /// Something happened to a provisioning run.
    Job(Box<Job>),
    /// Settings changed.
    Changed(Changed),
    /// A breaker opened or closed; without a target, the one for the AI as a whole.
    Breaker {
        /// Whose breaker it is.
        target: Option<Target>,
        /// Its state now.
        state: &'static str,
    },
    /// Something needs a person's attention, or does no longer.
    Warning(Warning),
}

/// A voicemail as it is now, as far as an event tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoicemailNow {
    /// Who it is.
    pub id: VoicemailId,
    /// In which call.
    pub call_sid: Sid,
    /// The caller.
    pub from: Option<String>,
    /// Seconds.
    pub duration_seconds: Option<u32>,
    /// How far it is.
    pub state: VoicemailState,
    /// Somebody listened to it.
    pub heard: bool,
    /// When the first news of it came.
    pub created_at: Timestamp,
}

/// What changed: whoever shows it reads it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The audience's tenant.
    Tenant,
    /// A number.
    Number(NumberId),
    /// The audience's organization.
    Org,
}

/// Something that needs a person's attention while it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What kind of trouble.
    pub kind: WarningKind,
    /// True while it lasts; false when it is over.
    pub active: bool,
    /// A figure that tells how bad it is: records that wait, are refused or lost.
    pub records: u64,
}

/// The kinds of trouble there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WarningKind {
    /// The store does not answer: what happens is kept in the journal, and told when it is back.
    StoreAway,
    /// Records wait for the store for longer than they should.
    JournalBehind,
    /// The store refuses records: they are set aside for a person to look at.
    RecordsRefused,
    /// Neither disk nor memory had room for records.
    RecordsLost,
    /// Numbers do not lead here as they should.
    NumbersAstray,
    /// The ledger that edges share cannot be counted on: this edge counts live calls by itself.
    LedgerDegraded,
}

impl WarningKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            WarningKind::StoreAway => "store_away",
            WarningKind::JournalBehind => "journal_behind",
            WarningKind::RecordsRefused => "records_refused",
            WarningKind::RecordsLost => "records_lost",
            WarningKind::NumbersAstray => "numbers_astray",
            WarningKind::LedgerDegraded => "ledger_degraded",
        }
    }
}

/// The kinds of events, as they are named on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A call began, and was decided.
    CallBegan,
    /// Something happened in a call.
    CallEvent,
    /// A call ended.
    CallEnded,
    /// A voicemail is new, or another than before.
    Voicemail,
    /// Something happened to a provisioning run.
    Job,
    /// Settings changed.
    Changed,
    /// A breaker opened or closed.
    Breaker,
    /// Something needs attention, or does no longer.
    Warning,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 8] = [
        Kind::CallBegan,
        Kind::CallEvent,
        Kind::CallEnded,
        Kind::Voicemail,
        Kind::Job,
        Kind::Changed,
        Kind::Breaker,
        Kind::Warning,
    ];

    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::CallBegan => "call.began",
            Kind::CallEvent => "call.event",
            Kind::CallEnded => "call.ended",
            Kind::Voicemail => "voicemail",
            Kind::Job => "job",
            Kind::Changed => "changed",
            Kind::Breaker => "ai.breaker",
            Kind::Warning => "warning",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What an event weighs besides the texts in it: its place in the ring, its fields, its name.
const EVENT_BYTES: usize = 512;

impl Event {
    /// What kind of event it is.
    pub fn kind(&self) -> Kind {
        match self.news {
            News::CallBegan(_) => Kind::CallBegan,
            News::CallEvent(_) => Kind::CallEvent,
            News::CallEnded(_) => Kind::CallEnded,
            News::Voicemail(_) => Kind::Voicemail,
            News::Job(_) => Kind::Job,
            News::Changed(_) => Kind::Changed,
            News::Breaker { .. } => Kind::Breaker,
            News::Warning(_) => Kind::Warning,
        }
    }

    /// About how many bytes it takes; never much less than it does. Texts are in it twice: once as they are, once as
    /// they are told, where a character may take six.
    pub fn weight(&self) -> usize {
        let len = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let texts = match &self.news {
            News::CallBegan(began) => {
                began.from.len() + began.to.len() + began.step.len() + began.request_id.len() + len(&began.answer)
            }
            News::CallEvent(event) => event.what.len() + len(&event.outcome) + len(&event.step),
            News::CallEnded(ended) => len(&ended.status),
            News::Voicemail(voicemail) => len(&voicemail.from),
            News::Job(job) => {
                let steps = &job.standing.steps;
                steps.iter().map(|step| step.detail.len() + 128).sum::<usize>() + job.standing.detail.len()
            }
            News::Breaker { .. } | News::Changed(_) | News::Warning(_) => 0,
        };
        2 * EVENT_BYTES + 7 * texts
    }
}
