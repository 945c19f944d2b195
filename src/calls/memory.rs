//! The ledger in this process: leases with their compiled settings, and what the operator sees of them.

use std::sync::Arc;

use jiff::Timestamp;

use super::lease::{Call, Standing};
use super::leases::Leases;
use super::{Began, Begin, LiveCall, Restored};
use crate::model::{E164, EndedBy, Reason, Sid, TenantId};
use crate::routing::CompiledTenant;
use crate::telemetry::Metrics;

/// Leases kept in this process.
#[derive(Debug)]
pub struct MemoryLedger {
    leases: Leases<Arc<CompiledTenant>>,
    metrics: Arc<Metrics>,
}

impl MemoryLedger {
    pub(super) fn new(ai_limit: Option<u32>, metrics: Arc<Metrics>) -> MemoryLedger {
        MemoryLedger { leases: Leases::new(ai_limit), metrics }
    }

    pub(super) fn begin(&self, begin: Begin<'_>) -> Began {
        let call = Call {
            sid: begin.sid.clone(),
            tenant_id: begin.tenant.id.clone(),
            org_id: begin.tenant.org_id.clone(),
            settings: Arc::clone(begin.tenant),
            has_number: begin.number.is_some(),
            from: begin.from.into(),
            account: begin.account.cloned(),
            arrival: begin.arrival,
            began: begin.now,
        };
        let answer = self.leases.begin(call, begin.verdicts, begin.ai_refused);
        if answer.first {
            self.show();
        }
        Began {
            tenant: answer.settings,
            decision: answer.decision,
            others: answer.others,
            first: answer.first,
            foreign_answer: answer.foreign_answer,
        }
    }

    pub(super) fn settings(&self, sid: &Sid) -> Option<Arc<CompiledTenant>> {
        self.leases.settings(sid)
    }

    pub(super) fn is_with_ai(&self, sid: &Sid) -> bool {
        self.leases.is_with_ai(sid)
    }

    pub(super) fn heard(&self, sid: &Sid, now: Timestamp) {
        self.leases.heard(sid, now);
    }

    pub(super) fn end(&self, sid: &Sid, by: EndedBy) -> bool {
        let was_live = self.leases.end(sid);
        if was_live {
            self.metrics.lease_ended(by);
            self.show();
        }
        was_live
    }

    pub(super) fn ai_over(&self, sid: &Sid, now: Timestamp) {
        self.leases.ai_over(sid, now);
        self.show();
    }

    pub(super) fn ai_again(&self, sid: &Sid, now: Timestamp) -> Result<(), Reason> {
        let admitted = self.leases.ai_again(sid, now);
        self.show();
        admitted
    }

    pub(super) fn ringing(&self, sid: &Sid, numbers: &[E164], now: Timestamp) {
        self.leases.ringing(sid, numbers, now);
    }

    pub(super) fn hanging_up(&self, sid: &Sid, now: Timestamp) {
        self.leases.hanging_up(sid, now);
    }

    pub(super) fn is_ringing(&self, number: E164) -> bool {
        self.leases.is_ringing(number)
    }

    pub(super) fn caller_is_being_forwarded(&self, tenant: &TenantId, from: &str) -> bool {
        self.leases.caller_is_being_forwarded(tenant, from)
    }

    pub(super) fn others(&self, tenant: &TenantId) -> u32 {
        self.leases.others(tenant)
    }

    pub(super) fn live(&self) -> Vec<LiveCall> {
        self.leases.live()
    }

    pub(super) fn set_ai_limit(&self, limit: Option<u32>) {
        self.leases.set_ai_limit(limit);
    }

    pub(super) fn restore(&self, calls: Vec<Restored>, now: Timestamp) {
        for restored in calls {
            let call = Call {
                sid: restored.sid,
                tenant_id: restored.tenant.id.clone(),
                org_id: restored.tenant.org_id.clone(),
                settings: restored.tenant,
                has_number: restored.number.is_some(),
                from: restored.from.into(),
                account: restored.account,
                arrival: restored.arrival,
                began: restored.began,
            };
            let standing = Standing {
                decision: restored.decision,
                others: restored.others,
                with_ai: restored.with_ai,
                foreign_answer: restored.foreign_answer,
            };
            self.leases.restore(call, standing, now);
        }
        self.show();
    }

    pub(super) fn sweep(&self, now: Timestamp) -> Vec<(Sid, EndedBy)> {
        let ended = self.leases.sweep(now);
        for (_, by) in &ended {
            self.metrics.lease_ended(*by);
        }
        self.show();
        ended
    }

    pub(super) fn to_ask(&self, now: Timestamp, max: usize) -> Vec<LiveCall> {
        self.leases.to_ask(now, max)
    }

    /// Sets the gauges. `number` counts the calls that came in on a known number, `vapi` those that hold a line;
    /// every call has a tenant and so an organization. Two threads may show in the wrong order: the next sweep mends it.
    fn show(&self) {
        let pools = self.leases.pools();
        self.metrics.live_calls("number", pools.number);
        self.metrics.live_calls("tenant", pools.all);
        self.metrics.live_calls("org", pools.all);
        self.metrics.live_calls("vapi", pools.vapi);
    }
}
