//! An override: somebody decided by hand, until it is over.

use jiff::Timestamp;

use crate::model::{Decision, Forced, Override, Reason};

/// An override as a decision knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub state: Forced,
    /// At this instant it is over.
    pub until: Option<Timestamp>,
}

impl Standing {
    pub fn compile(given: &Override) -> Standing {
        Standing { state: given.state, until: given.until }
    }

    pub fn holds(self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    pub fn decision(self) -> Decision {
        match self.state {
            Forced::ForceAi => Decision::ai(Reason::OverrideOn),
            Forced::ForceFallback => Decision::fallback(Reason::OverrideOff),
        }
    }
}
