//! How attempts to reach the AI came out: told to the breakers and to the operator, once for each attempt.

use moka::sync::Cache;

use crate::health::AiDial;
use crate::model::{Sid, Target, TargetKind};
use crate::routing::CompiledTenant;

use super::Edge;

/// How many attempts are remembered as told of. A callback is repeated within seconds, Vapi's reports within the call.
const REMEMBERED_MAX: u64 = 16_384;

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
        if !self.ai_legs.told.entry((call_sid.clone(), step.into())).or_insert(()).is_fresh() {
            return;
        }
        self.metrics.ai_dial(word);
        if let Some(key) = breaker_key(tenant) {
            self.health.report(&key, outcome, (self.now)());
        }
    }

    /// The breakers let a call through that does not go to the AI after all: a probe is given back.
    pub(super) fn ai_not_dialled(&self, tenant: &CompiledTenant) {
        if let Some(key) = breaker_key(tenant) {
            self.health.report(&key, AiDial::Unknown, (self.now)());
        }
    }
}

/// What a tenant's breaker is kept under: its target, else itself (its SIP endpoint leads to one assistant).
pub(super) fn breaker_key(tenant: &CompiledTenant) -> Option<Target> {
    tenant.target.clone().or_else(|| {
        let id = Sid::parse(tenant.id.as_str()).ok()?;
        Some(Target { kind: TargetKind::Assistant, id })
    })
}
