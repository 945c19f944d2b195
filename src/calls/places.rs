//! A count that follows those who are counted: raised where a place is taken, lowered where it is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Places, and how many of them are taken.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken: Arc<AtomicU64>,
}

/// A place, as long as it is held.
#[derive(Debug)]
pub(super) struct Place {
    taken: Arc<AtomicU64>,
}

impl Places {
    /// Takes a place, however many are taken.
    pub(super) fn take(&self) -> Place {
        self.taken.fetch_add(1, Ordering::Relaxed);
        Place { taken: Arc::clone(&self.taken) }
    }

    /// Takes a place if fewer than so many are taken.
    pub(super) fn take_below(&self, limit: u64) -> Option<Place> {
        let one_more = |taken| (taken < limit).then_some(taken + 1);
        let before = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        before.is_ok().then(|| Place { taken: Arc::clone(&self.taken) })
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}
