//! How attempts to reach the AI came out: told to the breakers and to the operator, once for each attempt.

use std::borrow::Cow;

use quick_cache::sync::{Cache, GuardResult};

use crate::health::AiDial;
use crate::model::{Sid, Target, TargetKind};
use crate::routing::CompiledTenant;

use super::Edge;

/// How many attempts are remembered as told of. A callback is repeated within seconds, Vapi's reports within the call.
const REMEMBERED_MAX: usize = 16_384;

/// The attempts that were told of lately: by call and step of its walk.
#[derive(Debug)]
pub struct AiLegs {
    told: Cache<(Sid, Box<str>), ()>,
}

impl Default for AiLegs {
    fn default() -> AiLegs {
        AiLegs { told: Cache::new(REMEMBERED_MAX) }
    }
}

impl Edge {
    /// An attempt came out; `word` is the metric's. `step` is its place on the walk of the call. A repetition is
    /// passed over.
    pub(super) fn ai_leg(
        &self,
        tenant: &CompiledTenant,
        call_sid: &Sid,
        step: &str,
        outcome: AiDial,
        word: &'static str,
    ) {
        let GuardResult::Guard(place) = self.ai_legs.told.get_value_or_guard(&(call_sid.clone(), step.into()), None)
        else {
            return;
        };
        // An error says that it was taken away meanwhile, which nobody does.
        let _ = place.insert(());
        self.metrics.ai_dial(word);
        self.health.report(&breaker_key(tenant), outcome, (self.now)());
    }

    /// The breakers let a call through that does not go to the AI after all: a probe is given back.
    pub(super) fn ai_not_dialled(&self, tenant: &CompiledTenant) {
        self.health.report(&breaker_key(tenant), AiDial::Unknown, (self.now)());
    }
}

/// What a tenant's breaker is kept under: its target, else itself (its SIP endpoint leads to one assistant).
pub(super) fn breaker_key(tenant: &CompiledTenant) -> Cow<'_, Target> {
    match &tenant.target {
        Some(target) => Cow::Borrowed(target),
        None => {
            let id = Sid::parse(tenant.id().as_str()).expect("our identifiers are short and of visible characters");
            Cow::Owned(Target { kind: TargetKind::Assistant, id })
        }
    }
}
