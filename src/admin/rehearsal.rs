//! What whoever asks what would happen to a call needs: settings that were not saved, and the steps such a call would
//! walk. The same engine that answers calls; nothing is stored.

use serde::Serialize;
use utoipa::ToSchema;

use super::AdminState;
use super::availability::AvailabilityBody;
use super::error::Problem;
use crate::model::availability::{Availability, Strictness};
use crate::model::{Arrival, Decision, Fault, Secret, TenantId, Via};
use crate::routing::{self, Call, CompiledTenant, Leg, Step, Walk};
use crate::store::TenantLoad;
use crate::twiml::{self, Urls};

/// One step of a call.
#[derive(Serialize, ToSchema)]
#[schema(as = Step)]
pub(super) struct StepBody {
    #[schema(example = "voicemail")]
    step: String,
    /// What Twilio would be answered at it.
    twiml: String,
}

/// Stands for the tenant's password at Vapi, which the API never tells.
const PASSWORD: &str = "•••";

/// More steps than any call walks.
const STEPS_MAX: usize = 16;

/// Settings that were not saved, if they could be.
pub(super) fn unsaved(AvailabilityBody(given): AvailabilityBody) -> Result<serde_json::Value, Problem> {
    match Availability::read(&given, Strictness::Save) {
        Ok(_) => Ok(given),
        Err(faults) => Err(Problem::invalid(faults.into_iter().map(inside).collect())),
    }
}

/// A tenant with all that its calls need, under settings that were not saved if some are given, and without its password.
pub(super) async fn load(
    admin: &AdminState,
    id: &TenantId,
    availability: Option<AvailabilityBody>,
) -> Result<TenantLoad, Problem> {
    let mut load = admin.store.load_tenant(id).await?.ok_or_else(|| Problem::not_found("tenant", id.as_str()))?;
    if let Some(given) = availability {
        load.tenant.availability = unsaved(given)?;
    }
    load.tenant.connect.password = load.tenant.connect.password.map(|_| Secret::new(PASSWORD));
    Ok(load)
}

/// The same in the form that answers calls.
pub(super) fn compiled(admin: &AdminState, load: &TenantLoad) -> CompiledTenant {
    routing::compile(&load.tenant, &load.numbers, load.account.as_ref(), &admin.around).0
}

/// Is there anything at Vapi to dial for a call that came this way?
pub(super) fn has_ai(tenant: &CompiledTenant, arrival: Arrival) -> bool {
    match (arrival, tenant.script.ai()) {
        (Arrival::Vapi, _) => tenant.target.is_some(),
        (Arrival::Number, via) => via.is_some(),
        // Vapi's own TwiML and its redirect are for calls to numbers.
        (Arrival::Sip, via) => via == Some(Via::Sip),
    }
}

/// The steps of a call that nobody takes, and what Twilio is answered first.
pub(super) fn walked(
    admin: &AdminState,
    tenant: &CompiledTenant,
    decision: Decision,
    call: &Call<'_>,
) -> (Vec<StepBody>, String) {
    let mut walks = vec![routing::begin(tenant, decision, call)];
    while let Some(walk) = walks.last()
        && walks.len() < STEPS_MAX
        && matches!(walk.step, Step::Ai | Step::Forward | Step::Refer(_))
    {
        let next = routing::after(tenant, walk, Leg::Missed, call);
        walks.push(next);
    }
    let urls = Urls { base: &admin.public_base };
    let spoken = |walk: &Walk| String::from_utf8_lossy(&twiml::render(tenant, walk, call, &urls)).into_owned();
    let first = walks.first().map(spoken).unwrap_or_default();
    let steps = walks.iter().map(|walk| StepBody { step: walk.step.as_str().to_owned(), twiml: spoken(walk) });
    (steps.collect(), first)
}

/// A fault of the settings, seen from the body they came in.
fn inside(fault: Fault) -> Fault {
    Fault { pointer: format!("/availability{}", fault.pointer), ..fault }
}
