//! Calls told apart by 64 bits each: what only counts them need not look at their SIDs.

use std::collections::HashSet;
use std::hash::BuildHasher;

use foldhash::fast::{FixedState, RandomState};

use super::key::Key;

/// Stands for a CallSid. Of a million none is mistaken for another in the lifetime of a telephone network, and nobody
/// outside can choose two that are: the marker's seed is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mark(u64);

/// Marks all calls of a ledger.
#[derive(Clone, Debug, Default)]
pub(super) struct Marker {
    seed: RandomState,
}

/// A set of calls.
pub(super) type Marks = HashSet<Mark, FixedState>;

impl Marker {
    pub(super) fn mark(&self, key: &Key) -> Mark {
        Mark(self.seed.hash_one(key))
    }
}
