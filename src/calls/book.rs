//! What is counted of one tenant: the set of its calls with the AI, and the set of those without.
//!
//! Kept under the tenant's lock by `leases`; knows no time and no decision.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::model::Sid;

/// The live calls of one tenant.
#[derive(Debug, Default)]
pub(super) struct Book {
    with_ai: HashSet<Sid, RandomState>,
    others: HashSet<Sid, RandomState>,
    /// Callers of the calls whose forward leg rings.
    forwarding: HashMap<Sid, Arc<str>, RandomState>,
}

impl Book {
    /// Enters a call, or moves it if it is entered.
    pub(super) fn put(&mut self, sid: &Sid, with_ai: bool) {
        let (into, out_of) =
            if with_ai { (&mut self.with_ai, &mut self.others) } else { (&mut self.others, &mut self.with_ai) };
        out_of.remove(sid);
        into.insert(sid.clone());
    }

    /// Strikes a call out.
    pub(super) fn remove(&mut self, sid: &Sid) {
        self.with_ai.remove(sid);
        self.others.remove(sid);
        self.forwarding.remove(sid);
    }

    /// How many calls are not with the AI.
    pub(super) fn others(&self) -> u32 {
        u32::try_from(self.others.len()).unwrap_or(u32::MAX)
    }

    /// A forward leg of this call rings, or none does any more.
    pub(super) fn set_forwarding(&mut self, sid: &Sid, caller: Option<&Arc<str>>) {
        match caller {
            Some(caller) => self.forwarding.insert(sid.clone(), Arc::clone(caller)),
            None => self.forwarding.remove(sid),
        };
    }

    /// Is this caller being forwarded? Few legs ring at once in one business, so they are looked through.
    pub(super) fn forwards(&self, caller: &str) -> bool {
        self.forwarding.values().any(|forwarded| &**forwarded == caller)
    }

    /// True if nothing is entered.
    pub(super) fn is_empty(&self) -> bool {
        self.with_ai.is_empty() && self.others.is_empty()
    }
}
