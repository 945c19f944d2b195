//! `highVolume`: whether the other calls are too many for staff, the only rule that looks at a count.

use super::{Trace, Traced};
use crate::model::{Decision, Reason, Verdicts};

/// The `highVolume` rule, where it has the last word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overflow {
    pub threshold: u32,
    /// The number called receives only what staff could not take: the rule counts as met.
    pub already: bool,
    /// The answer where it is not met.
    pub otherwise: Decision,
}

/// A decision from which only the count may be missing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unsettled {
    /// Nothing is missing.
    Not(Decision),
    /// The count decides.
    ByCount(Overflow),
}

impl Unsettled {
    pub fn settle(self, others: u32, trace: &mut impl Trace) -> Decision {
        match self {
            Unsettled::Not(decision) => decision,
            Unsettled::ByCount(overflow) => overflow.decide(others, trace),
        }
    }

    pub fn verdicts(self) -> Verdicts {
        match self {
            Unsettled::Not(decision) => Verdicts::always(decision),
            Unsettled::ByCount(overflow) if overflow.is_met(0) => Verdicts::always(overflow.met()),
            Unsettled::ByCount(overflow) => {
                Verdicts { below: overflow.otherwise, at: overflow.met(), threshold: overflow.threshold }
            }
        }
    }
}

impl Overflow {
    /// Whether so many other calls are enough.
    pub fn is_met(self, others: u32) -> bool {
        self.already || others >= self.threshold
    }

    fn met(self) -> Decision {
        Decision::ai(Reason::Overflow)
    }

    fn decide(self, others: u32, trace: &mut impl Trace) -> Decision {
        let decision = if self.is_met(others) { self.met() } else { self.otherwise };
        trace.note(|| {
            let counts = format!("activeCallsCount {others}, threshold {}", self.threshold);
            let saw = match self.already {
                true => format!("this number receives only what staff could not take; {counts}"),
                false => format!("other live calls not with the AI: {counts}"),
            };
            Traced::settled("highVolume", saw, decision)
        });
        decision
    }
}
