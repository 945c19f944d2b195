//! What each list can be narrowed to, as people write it after `?`: a struct a list, which is also its description.

use jiff::Timestamp;
use serde::Deserialize;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::calls::ArrivalBody;
use super::jobs::{JobKindBody, JobStateBody};
use super::lists::Narrowing;
use super::number_life::LifeStateBody;
use super::numbers::{PurposeBody, StateBody};
use super::voicemails::VoicemailStateBody;
use super::webhook_deliveries::DeliveryStateBody;
use crate::model::{
    Arrival, E164, JobKind, JobState, LifeState, NumberState, OrgId, Purpose, Reason, Sid, TenantId, VoicemailState,
};
use crate::store::{
    Ask, AuditFilter, CallFilter, DeliveryFilter, DeliveryState, JobFilter, LifeFilter, LiveFilter, NumberFilter,
    TenantFilter, VoicemailFilter,
};

/// Of a list that takes nothing besides the page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AllOfThem {}

impl Narrowing for AllOfThem {
    type Filter = ();

    fn narrow(self, _: &mut Ask) {}
}

/// Of the organizations.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OrgQuery {
    /// Part of a name, or a whole id or AccountSid.
    q: Option<String>,
}

impl Narrowing for OrgQuery {
    type Filter = ();

    fn narrow(self, ask: &mut Ask) {
        ask.q = self.q;
    }
}

/// Of the tokens.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenQuery {
    /// Part of a name, or a whole id.
    q: Option<String>,
    /// Only those of this tenant.
    #[param(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
}

impl Narrowing for TokenQuery {
    type Filter = ();

    fn narrow(self, ask: &mut Ask) {
        ask.q = self.q;
        ask.tenant = self.tenant_id;
    }
}

/// Of the endpoints of webhooks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebhookQuery {
    /// Part of a URL or description, or a whole id.
    q: Option<String>,
    /// Only those of this tenant.
    #[param(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
}

impl Narrowing for WebhookQuery {
    type Filter = ();

    fn narrow(self, ask: &mut Ask) {
        ask.q = self.q;
        ask.tenant = self.tenant_id;
    }
}

/// Of what an endpoint was sent and is to be sent.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeliveryQuery {
    /// A whole id, a type of event, or the id of what it tells of.
    q: Option<String>,
    /// Only those that are this far; `dead` are the dead letters.
    #[param(inline, value_type = Option<DeliveryStateBody>)]
    state: Option<DeliveryState>,
}

impl Narrowing for DeliveryQuery {
    type Filter = DeliveryFilter;

    fn narrow(self, ask: &mut Ask<DeliveryFilter>) {
        ask.q = self.q;
        ask.only.state = self.state;
    }
}

/// Of the tenants.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantQuery {
    /// Part of a name or slug, or a whole id.
    q: Option<String>,
    /// Only this one.
    #[param(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// Only those of this organization.
    #[param(value_type = Option<String>, format = "org-id")]
    org_id: Option<OrgId>,
    /// The one with this slug.
    #[param(max_length = 64)]
    slug: Option<String>,
    /// Only those this assistant or squad answers for.
    #[param(value_type = Option<String>, format = "sid")]
    target_id: Option<Sid>,
}

impl Narrowing for TenantQuery {
    type Filter = TenantFilter;

    fn narrow(self, ask: &mut Ask<TenantFilter>) {
        ask.q = self.q;
        ask.tenant = self.tenant_id;
        ask.only = TenantFilter { org: self.org_id, slug: self.slug, target: self.target_id };
    }
}

/// Of what tenants cost.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct CostQuery {
    /// Part of a tenant's name or slug, or a whole id.
    q: Option<String>,
    /// Only what this tenant costs.
    #[param(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// Only what tenants of this organization cost.
    #[param(value_type = Option<String>, format = "org-id")]
    org_id: Option<OrgId>,
}

impl Narrowing for CostQuery {
    type Filter = TenantFilter;

    fn narrow(self, ask: &mut Ask<TenantFilter>) {
        ask.q = self.q;
        ask.tenant = self.tenant_id;
        ask.only = TenantFilter { org: self.org_id, ..TenantFilter::default() };
    }
}

/// Of the jobs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobQuery {
    /// A whole id.
    q: Option<String>,
    /// Only those for this tenant.
    #[param(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// Only those that are this far.
    #[param(inline, value_type = Option<JobStateBody>)]
    state: Option<JobState>,
    /// Only those of this kind.
    #[param(inline, value_type = Option<JobKindBody>)]
    kind: Option<JobKind>,
}

impl Narrowing for JobQuery {
    type Filter = JobFilter;

    fn narrow(self, ask: &mut Ask<JobFilter>) {
        ask.q = self.q;
        ask.tenant = self.tenant_id;
        ask.only = JobFilter { state: self.state, kind: self.kind };
    }
}

/// Of the numbers.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct NumberQuery {
    /// Part of a number, or a whole id, here, at Twilio or at Vapi.
    q: Option<String>,
    /// Only those of this tenant.
    #[param(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// Only those in this state.
    #[param(inline, value_type = Option<StateBody>)]
    state: Option<NumberState>,
    /// Only those for this.
    #[param(inline, value_type = Option<PurposeBody>)]
    purpose: Option<Purpose>,
    /// Only those this Twilio account carries.
    #[param(value_type = Option<String>, format = "sid")]
    account_sid: Option<Sid>,
}

impl Narrowing for NumberQuery {
    type Filter = NumberFilter;

    fn narrow(self, ask: &mut Ask<NumberFilter>) {
        ask.q = self.q;
        ask.tenant = self.tenant_id;
        ask.only = NumberFilter { state: self.state, purpose: self.purpose, account: self.account_sid };
    }
}

/// Of the numbers that are ours, or were.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct LifeQuery {
    /// Part of a number, or a whole id.
    q: Option<String>,
    /// Only those that are this tenant's, or were last.
    #[param(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// Only those in this state.
    #[param(inline, value_type = Option<LifeStateBody>)]
    state: Option<LifeState>,
}

impl Narrowing for LifeQuery {
    type Filter = LifeFilter;

    fn narrow(self, ask: &mut Ask<LifeFilter>) {
        ask.q = self.q;
        ask.tenant = self.tenant_id;
        ask.only = LifeFilter { state: self.state };
    }
}

/// Of the calls.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallQuery {
    /// A whole number or CallSid, the end of a number (four digits or more), or any part of a number or SID. Looking
    /// for parts may take several pages.
    q: Option<String>,
    /// Only those of this tenant.
    #[param(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// Only those answered at this time or later (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only those answered before this time (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Whether the AI was to answer.
    available: Option<bool>,
    /// What settled it.
    #[param(inline, value_type = Option<ReasonWord>)]
    reason: Option<Reason>,
    /// Whether it is under way now.
    live: Option<bool>,
    /// The final status in the provider's word: completed, busy, failed, no-answer, canceled.
    #[param(min_length = 1, max_length = 64)]
    status: Option<String>,
    /// How it reached us.
    #[param(inline, value_type = Option<ArrivalBody>)]
    arrival: Option<Arrival>,
    /// The caller's whole number.
    #[param(value_type = Option<String>, format = "e164")]
    from: Option<E164>,
    /// The whole number called.
    #[param(value_type = Option<String>, format = "e164")]
    to: Option<E164>,
}

/// The words for all reasons.
struct ReasonWord;

impl PartialSchema for ReasonWord {
    fn schema() -> RefOr<Schema> {
        let words = Reason::ALL.map(Reason::as_str);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
    }
}

impl ToSchema for ReasonWord {}

impl Narrowing for CallQuery {
    type Filter = CallFilter;

    fn narrow(self, ask: &mut Ask<CallFilter>) {
        ask.q = self.q;
        ask.tenant = self.tenant_id;
        ask.only = CallFilter {
            since: self.since,
            until: self.until,
            available: self.available,
            reason: self.reason,
            // Which calls those are, the handler asks the ledger.
            live: self.live.map(|live| LiveFilter { live, now: [].into() }),
            status: self.status,
            arrival: self.arrival,
            from: self.from,
            to: self.to,
        };
    }
}

/// Of the voicemails.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct VoicemailQuery {
    /// Part of the caller's number or of what was said, or a whole CallSid or RecordingSid. Looking for parts may take
    /// several pages.
    q: Option<String>,
    /// Only those of this tenant.
    #[param(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// Whether somebody listened.
    heard: Option<bool>,
    /// Only those that are this far.
    #[param(inline, value_type = Option<VoicemailStateBody>)]
    state: Option<VoicemailState>,
    /// Only those left at this time or later (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only those left before this time (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Only those left in this call.
    #[param(value_type = Option<String>, format = "sid")]
    call_sid: Option<Sid>,
}

impl Narrowing for VoicemailQuery {
    type Filter = VoicemailFilter;

    fn narrow(self, ask: &mut Ask<VoicemailFilter>) {
        ask.q = self.q;
        ask.tenant = self.tenant_id;
        ask.only = VoicemailFilter {
            heard: self.heard,
            state: self.state,
            since: self.since,
            until: self.until,
            call: self.call_sid,
        };
    }
}

/// Of the audit log.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditQuery {
    /// Part of whoever did it, or of the id it was done to. Looking for parts may take several pages.
    q: Option<String>,
    /// Only what concerns this tenant.
    #[param(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// Only what this one did, as the entries spell it.
    #[param(min_length = 1, max_length = 200)]
    who: Option<String>,
    /// Only changes of this kind.
    #[param(min_length = 1, max_length = 64, example = "tenant.change")]
    what: Option<String>,
    /// Only what was done to this: its id.
    #[param(min_length = 1, max_length = 64)]
    subject: Option<String>,
    /// Only what was done at this time or later (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only what was done before this time (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl Narrowing for AuditQuery {
    type Filter = AuditFilter;

    fn narrow(self, ask: &mut Ask<AuditFilter>) {
        ask.q = self.q;
        ask.tenant = self.tenant_id;
        ask.only =
            AuditFilter { who: self.who, what: self.what, subject: self.subject, since: self.since, until: self.until };
    }
}
