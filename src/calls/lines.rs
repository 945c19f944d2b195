//! Vapi's lines: how many calls may be with the AI at once, all tenants together.

use std::sync::atomic::{AtomicU64, Ordering};

use super::places::{Place, Places};

/// How many lines there are where nobody knows.
const UNKNOWN: u64 = u64::MAX;

/// The lines. Counted even where no limit is known: one may be learned at any time.
#[derive(Debug)]
pub(super) struct Lines {
    limit: AtomicU64,
    places: Places,
}

impl Lines {
    /// No line taken yet.
    pub(super) fn new(limit: Option<u32>) -> Lines {
        let lines = Lines { limit: AtomicU64::new(UNKNOWN), places: Places::default() };
        lines.set_limit(limit);
        lines
    }

    /// How many lines there are. Whoever has one keeps it.
    pub(super) fn set_limit(&self, limit: Option<u32>) {
        self.limit.store(limit.map_or(UNKNOWN, u64::from), Ordering::Relaxed);
    }

    /// True if a line is free.
    pub(super) fn has_room(&self) -> bool {
        self.taken() < self.limit.load(Ordering::Relaxed)
    }

    /// Takes a line, if one is free.
    pub(super) fn admit(&self) -> Option<Place> {
        self.places.take_below(self.limit.load(Ordering::Relaxed))
    }

    /// Takes a line, whatever the limit says: the call had it before we could count.
    pub(super) fn hold(&self) -> Place {
        self.places.take()
    }

    /// How many lines are taken.
    pub(super) fn taken(&self) -> u64 {
        self.places.taken()
    }
}
