//! The ledger in this process: leases with their compiled settings, and what the operator sees of them.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::key::Key;
use super::lease::{Call, Standing, Whose};
use super::leases::{Leases, Pools};
use super::{Began, Begin, Ending, Glance, LiveCall, Restored};
use crate::model::{E164, EndedBy, OrgId, Reason, Sid, TenantId};
use crate::routing::CompiledTenant;
use crate::telemetry::Metrics;

/// Leases kept in this process.
#[derive(Debug)]
pub struct MemoryLedger {
    leases: Leases<Arc<CompiledTenant>>,
    metrics: Arc<Metrics>,
}

impl Whose for Arc<CompiledTenant> {
    fn tenant_id(&self) -> &TenantId {
        self.id()
    }

    fn org_id(&self) -> &OrgId {
        &self.org_id
    }

    fn or_known(self, _: &Self) -> Self {
        self
    }
}

impl MemoryLedger {
    pub(super) fn new(ai_limit: Option<u32>, metrics: Arc<Metrics>) -> MemoryLedger {
        MemoryLedger { leases: Leases::new(ai_limit), metrics }
    }

    pub(super) fn begin(&self, begin: Begin<'_>) -> Began {
        let call = Call {
            key: Key::of(begin.sid),
            settings: Arc::clone(begin.tenant),
            has_number: begin.number.is_some(),
            caller: begin.caller,
            account: begin.account.cloned(),
            arrival: begin.arrival,
            began: begin.now,
        };
        let answer = self.leases.begin(call, begin.verdicts, begin.ai_refused);
        Began { tenant: answer.settings, decision: answer.decision, others: answer.others, first: answer.first }
    }

    pub(super) fn look(&self, sid: &Sid) -> Option<Glance> {
        self.leases.look(sid).map(|(tenant, with_ai)| Glance { tenant, with_ai })
    }

    pub(super) fn foreign_answer(&self, sid: &Sid) -> Arc<OnceCell<Bytes>> {
        self.leases.foreign_answer(sid)
    }

    pub(super) fn heard(&self, sid: &Sid, now: Timestamp) {
        self.leases.heard(sid, now);
    }

    pub(super) fn end_if(&self, sid: &Sid, by: EndedBy, may: impl FnOnce(&CompiledTenant) -> bool) -> Ending {
        match self.leases.end_if(sid, |tenant| may(tenant)) {
            Ending::Over((tenant, with_ai)) => {
                self.metrics.lease_ended(by);
                Ending::Over(Glance { tenant, with_ai })
            }
            Ending::Disbelieved => Ending::Disbelieved,
            Ending::NotLive => Ending::NotLive,
        }
    }

    pub(super) fn ai_over(&self, sid: &Sid, now: Timestamp) {
        self.leases.ai_over(sid, now);
    }

    pub(super) fn ai_again(&self, sid: &Sid, now: Timestamp) -> Result<(), Reason> {
        self.leases.ai_again(sid, now)
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

    pub(super) fn caller_is_being_forwarded(&self, tenant: &TenantId, caller: E164) -> bool {
        self.leases.caller_is_being_forwarded(tenant, caller)
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
            let (call, standing) = Standing::of(restored, |tenant| tenant);
            self.leases.restore(call, standing, now);
        }
    }

    pub(super) fn sweep(&self, now: Timestamp) -> Vec<(Sid, EndedBy)> {
        let ended = self.leases.sweep(now);
        for (_, by) in &ended {
            self.metrics.lease_ended(*by);
        }
        ended
    }

    pub(super) fn to_ask(&self, now: Timestamp, max: usize) -> Vec<LiveCall> {
        self.leases.to_ask(now, max)
    }

    pub(super) fn show(&self) {
        show(&self.metrics, self.leases.pools());
    }
}

/// Sets the gauges. `number` counts the calls that came in on a known number, `vapi` those that hold a line;
/// every call has a tenant and so an organization.
pub(super) fn show(metrics: &Metrics, pools: Pools) {
    metrics.live_calls("number", pools.number);
    metrics.live_calls("tenant", pools.all);
    metrics.live_calls("org", pools.all);
    metrics.live_calls("vapi", pools.vapi);
}
