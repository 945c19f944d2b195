//! The last requests that were refused for their signature, for whoever looks for the cause: when, why, and the URL as it
//! was seen here. Nothing of what they carried is kept.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// How many are remembered: whoever looks for a cause tries it again and sees it.
const KEPT_MAX: usize = 20;

/// A request that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedSignature {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub cause: &'static str,
    /// What was called, as far as it can be seen here: without the query, which may hold numbers.
    pub url: String,
}

/// The last of them.
#[derive(Debug, Default)]
pub struct SignatureRefusals(Mutex<VecDeque<RefusedSignature>>);

impl SignatureRefusals {
    /// Remembers one.
    pub fn add(&self, refused: RefusedSignature) {
        // No method panics halfway, so what a poisoned lock guards is whole.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(KEPT_MAX - 1);
        kept.push_front(refused);
    }

    /// Those that are remembered, newest first.
    pub fn recent(&self) -> Vec<RefusedSignature> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_twenty_are_remembered_newest_first() {
        let refusals = SignatureRefusals::default();
        let refused = |n: usize| RefusedSignature { at: Timestamp::UNIX_EPOCH, cause: "missing", url: n.to_string() };
        (0..25).for_each(|n| refusals.add(refused(n)));
        let urls: Vec<String> = refusals.recent().into_iter().map(|refused| refused.url).collect();
        assert_eq!(urls, (5..25).rev().map(|n| n.to_string()).collect::<Vec<_>>());
    }
}
