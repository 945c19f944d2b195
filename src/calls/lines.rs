//! Vapi's lines: how many calls may be with the AI at once, all tenants together.

use super::mark::{Mark, Marks};

/// The calls that hold a line. Kept even where no limit is known: one may be learned at any time.
#[derive(Debug, Default)]
pub(super) struct Lines {
    limit: Option<u32>,
    held: Marks,
}

impl Lines {
    /// No line taken yet.
    pub(super) fn new(limit: Option<u32>) -> Lines {
        Lines { limit, held: Marks::default() }
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
    pub(super) fn admit(&mut self, call: Mark) -> bool {
        if self.has_room() {
            self.held.insert(call);
            return true;
        }
        self.held.contains(&call)
    }

    /// This call has a line, whatever the limit says: it was there before we could count.
    pub(super) fn hold(&mut self, call: Mark) {
        self.held.insert(call);
    }

    /// The call's line is free, if it had one.
    pub(super) fn free(&mut self, call: Mark) {
        self.held.remove(&call);
    }

    /// How many lines are taken.
    pub(super) fn taken(&self) -> u64 {
        self.held.len() as u64
    }
}
