//! What each list can be narrowed to, besides words, tenant and scope.
//!
//! A filter that says nothing lets everything through. They serialise so that a cursor can be bound to them.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::DeliveryState;
use crate::model::{
    Arrival, E164, JobKind, JobState, LifeState, NumberState, OrgId, Purpose, Reason, Sid, VoicemailState,
};

/// Of the tenants.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TenantFilter {
    /// Only of this organization.
    pub org: Option<OrgId>,
    /// The one with this slug.
    pub slug: Option<String>,
    /// Only those this target answers for.
    pub target: Option<Sid>,
}

/// Of the numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NumberFilter {
    /// Only those in this state.
    pub state: Option<NumberState>,
    /// Only those for this.
    pub purpose: Option<Purpose>,
    /// Only those this Twilio account carries.
    pub account: Option<Sid>,
}

/// Of the lives of numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LifeFilter {
    /// Only those in this state.
    pub state: Option<LifeState>,
}

/// Of the jobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct JobFilter {
    /// Only those that are this far.
    pub state: Option<JobState>,
    /// Only those of this kind.
    pub kind: Option<JobKind>,
}

/// Of the calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CallFilter {
    /// Only those begun at this instant or later.
    pub since: Option<Timestamp>,
    /// Only those begun before this instant.
    pub until: Option<Timestamp>,
    /// Only those the AI was to answer, or only the others.
    pub available: Option<bool>,
    /// Only those decided for this reason.
    pub reason: Option<Reason>,
    /// Only those under way, or only the others.
    pub live: Option<LiveFilter>,
    /// Only those that ended with this status.
    pub status: Option<String>,
    /// Only those that reached us this way.
    pub arrival: Option<Arrival>,
    /// Only those of this caller.
    pub from: Option<E164>,
    /// Only those to this number.
    pub to: Option<E164>,
}

/// Calls under way are the ledger's to know: whoever asks brings them along.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveFilter {
    /// Those under way, or the others.
    pub live: bool,
    /// The calls under way now. They change while somebody turns pages, so no cursor is bound to them.
    #[serde(skip)]
    pub now: Arc<[Sid]>,
}

/// Of the voicemails.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VoicemailFilter {
    /// Only those somebody listened to, or only the others.
    pub heard: Option<bool>,
    /// Only those that are this far.
    pub state: Option<VoicemailState>,
    /// Only those left at this instant or later.
    pub since: Option<Timestamp>,
    /// Only those left before this instant.
    pub until: Option<Timestamp>,
    /// Only those of this call.
    pub call: Option<Sid>,
}

/// Of the audit log.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AuditFilter {
    /// Only what this one did.
    pub who: Option<String>,
    /// Only changes of this kind.
    pub what: Option<String>,
    /// Only what was done to this one.
    pub subject: Option<String>,
    /// Only what was done at this instant or later.
    pub since: Option<Timestamp>,
    /// Only what was done before this instant.
    pub until: Option<Timestamp>,
}

/// Of what an endpoint was sent and is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DeliveryFilter {
    /// Only those that are this far.
    pub state: Option<DeliveryState>,
}
