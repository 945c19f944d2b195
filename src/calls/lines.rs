//! Vapi's lines: how many calls may be with the AI at once, all tenants together.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use crate::model::Sid;

/// The calls that hold a line. Kept even where no limit is known: one may be learned at any time.
#[derive(Debug, Default)]
pub(super) struct Lines {
    limit: Option<u32>,
    held: HashSet<Sid, RandomState>,
}

impl Lines {
    /// No line taken yet.
    pub(super) fn new(limit: Option<u32>) -> Lines {
        Lines { limit, held: HashSet::default() }
    }

    /// How many lines there are.
    pub(super) fn set_limit(&mut self, limit: Option<u32>) {
        self.limit = limit;
    }

    /// True if a line is free.
    pub(super) fn has_room(&self) -> bool {
        self.limit.is_none_or(|limit| self.held.len() < limit as usize)
    }

    /// Takes a line for this call if one is free or it has one already.
    #[must_use]
    pub(super) fn admit(&mut self, sid: &Sid) -> bool {
        if self.held.contains(sid) {
            return true;
        }
        let admitted = self.has_room();
        if admitted {
            self.held.insert(sid.clone());
        }
        admitted
    }

    /// This call has a line, whatever the limit says: it was there before we could count.
    pub(super) fn hold(&mut self, sid: &Sid) {
        self.held.insert(sid.clone());
    }

    /// The call's line is free, if it had one.
    pub(super) fn free(&mut self, sid: &Sid) {
        self.held.remove(sid);
    }

    /// How many lines are taken.
    pub(super) fn taken(&self) -> u64 {
        self.held.len() as u64
    }
}
