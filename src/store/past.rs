//! The store's doors for looking back on a tenant's calls: how many came at once, and what each was decided by.

use jiff::Timestamp;

use super::{Store, StoreError};
use crate::model::{Arrival, Decision, NumberId, Sid, TenantId};

/// Calls of one hour that found as many others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallHeap {
    /// Which hour, counted from the beginning of what was asked for.
    pub hour: u32,
    /// Other live calls of the tenant that were not with the AI when each of these came in.
    pub others: u32,
    /// How many.
    pub calls: u64,
    /// When the first of them came in.
    pub first: Timestamp,
}

/// A call as far as its decision goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastCall {
    /// Which.
    pub sid: Sid,
    /// When it came in.
    pub at: Timestamp,
    /// When it ended; none if that is not known.
    pub ended_at: Option<Timestamp>,
    /// The caller, as the provider wrote it.
    pub from: String,
    /// How it reached us.
    pub arrival: Arrival,
    /// The number it came in on.
    pub number_id: Option<NumberId>,
    /// The settings it was decided by.
    pub tenant_version: u64,
    /// Other live calls of the tenant that were not with the AI.
    pub others: u32,
    /// How it was decided.
    pub decision: Decision,
}

impl Store {
    /// A tenant's calls from `since` to before `until`, heaped by hour and by how many others each found: the newest
    /// `calls_max` of them. In no order.
    pub async fn call_heaps(
        &self,
        tenant: &TenantId,
        since: Timestamp,
        until: Timestamp,
        calls_max: u32,
    ) -> Result<Vec<CallHeap>, StoreError> {
        each!(self, engine => engine.call_heaps(tenant, since, until, calls_max).await)
    }

    /// A tenant's calls from `since` to before `until`, oldest first, the first `calls_max` of them. A call whose
    /// beginning cannot be read is left out.
    pub async fn past_calls(
        &self,
        tenant: &TenantId,
        since: Timestamp,
        until: Timestamp,
        calls_max: u32,
    ) -> Result<Vec<PastCall>, StoreError> {
        each!(self, engine => engine.past_calls(tenant, since, until, calls_max).await)
    }
}
