//! What is counted of one tenant: the set of its calls that are not with the AI.
//!
//! Kept under the tenant's lock by `leases`; knows no time and no decision.

use super::mark::{Mark, Marks};
use crate::model::E164;

/// The live calls of one tenant, as far as anything hangs on them.
#[derive(Debug, Default)]
pub(super) struct Book {
    others: Marks,
    /// Callers of the calls whose forward leg rings.
    forwarding: Vec<(Mark, E164)>,
}

impl Book {
    /// Enters a call that is not with the AI.
    pub(super) fn enter(&mut self, call: Mark) {
        self.others.insert(call);
    }

    /// The call is with the AI now.
    pub(super) fn leave(&mut self, call: Mark) {
        self.others.remove(&call);
    }

    /// Strikes a call out.
    pub(super) fn remove(&mut self, call: Mark) {
        self.leave(call);
        self.set_forwarding(call, None);
    }

    /// How many calls are not with the AI.
    pub(super) fn others(&self) -> u32 {
        u32::try_from(self.others.len()).unwrap_or(u32::MAX)
    }

    /// A forward leg of this call rings, or none does any more.
    pub(super) fn set_forwarding(&mut self, call: Mark, caller: Option<E164>) {
        self.forwarding.retain(|(forwarded, _)| *forwarded != call);
        self.forwarding.extend(caller.map(|caller| (call, caller)));
    }

    /// Is this caller being forwarded? Few legs ring at once in one business, so they are looked through.
    pub(super) fn forwards(&self, caller: E164) -> bool {
        self.forwarding.iter().any(|(_, forwarded)| *forwarded == caller)
    }

    /// True if nothing is entered.
    pub(super) fn is_empty(&self) -> bool {
        self.others.is_empty() && self.forwarding.is_empty()
    }
}
