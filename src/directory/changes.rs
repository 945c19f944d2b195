//! How many changes of tenants were told of: whoever has seen a tenant can tell whether it may have changed since.
//!
//! Tenants share counters, so that all find room in a few lines of memory; a change of one sends those who share its
//! counter to look once more.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::TenantId;

const COUNTERS: usize = 256;

/// The counters.
#[derive(Debug)]
pub(super) struct Changes {
    counters: [AtomicU64; COUNTERS],
}

impl Changes {
    pub(super) fn none() -> Changes {
        Changes { counters: [const { AtomicU64::new(0) }; COUNTERS] }
    }

    /// How many there were that may have been this tenant's.
    pub(super) fn so_far(&self, tenant: &TenantId) -> u64 {
        self.counter(tenant).load(Ordering::Acquire)
    }

    /// This tenant has changed. To be called when it is no longer found: whoever found it before then has asked
    /// [`Changes::so_far`] before this.
    pub(super) fn note(&self, tenant: &TenantId) {
        self.counter(tenant).fetch_add(1, Ordering::Release);
    }

    /// Any tenant may have changed.
    pub(super) fn note_all(&self) {
        for counter in &self.counters {
            counter.fetch_add(1, Ordering::Release);
        }
    }

    /// Identifiers end in chance.
    fn counter(&self, tenant: &TenantId) -> &AtomicU64 {
        let text = tenant.as_str().bytes().rev();
        let chance = text.take(3).fold(0, |chance, letter| chance * 31 + usize::from(letter));
        &self.counters[chance % COUNTERS]
    }
}
