//! What is counted of one tenant: the set of its calls with the AI, and the set of those without.
//!
//! Kept under the tenant's lock by `leases`; knows no time and no decision.

use super::mark::{Mark, Marks};
use crate::model::E164;

/// The live calls of one tenant.
#[derive(Debug, Default)]
pub(super) struct Book {
    with_ai: Marks,
    others: Marks,
    /// Callers of the calls whose forward leg rings.
    forwarding: Vec<(Mark, E164)>,
}

impl Book {
    /// Enters a call, or moves it if it is entered.
    pub(super) fn put(&mut self, call: Mark, with_ai: bool) {
        let (into, out_of) =
            if with_ai { (&mut self.with_ai, &mut self.others) } else { (&mut self.others, &mut self.with_ai) };
        out_of.remove(&call);
        into.insert(call);
    }

    /// Strikes a call out.
    pub(super) fn remove(&mut self, call: Mark) {
        if !self.with_ai.remove(&call) {
            self.others.remove(&call);
        }
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
        self.with_ai.is_empty() && self.others.is_empty()
    }
}
