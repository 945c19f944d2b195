//! Requests that must not have their effect twice: what is kept of each, and what a claim may find. No engine is
//! known here.

use jiff::{SignedDuration, Timestamp};

use crate::model::Secret;

/// How long an answer is kept. After that its key is as good as new.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// A request that wants to be the first of its key.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// Hash of who asks and of their key, in hex.
    pub key: &'a str,
    /// Hash of what is asked.
    pub asked: [u8; 32],
    /// Names this piece of work; no other has the same name.
    pub claim: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It is the first: do the work, then [`keep`](crate::store::Store::keep_answer) or
    /// [`release`](crate::store::Store::release_claim).
    First,
    /// The key came before with something else.
    Reused,
    /// The work has been claimed, and has no answer yet. Whether it goes on or broke off tells its age.
    Unanswered {
        /// When it was claimed.
        since: Timestamp,
    },
    /// It is done.
    Answered {
        /// The answer as it was kept; none if it can no longer be read.
        answer: Option<Secret>,
    },
}
