//! How calls that were would have gone by other rules.
//!
//! The same engine is asked at the instant each call came in, with the count that was recorded then, corrected by the
//! calls before it that would now go elsewhere and were still live: one that the AI takes now no longer counts, one that
//! it no longer takes does. Ends are as recorded. Where a call was decided by something that comes before the rules, or
//! after them, that stays as it was: it does not hang on the settings.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use jiff::Timestamp;

use super::{Rules, Trace, decide};
use crate::model::{Decision, Reason};

/// A call that was, as far as it matters to the rules.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    /// When it came in.
    pub at: Timestamp,
    /// When it ended; none if it is live still.
    pub ended_at: Option<Timestamp>,
    /// Other live calls that were not with the AI.
    pub others: u32,
    /// How it was decided.
    pub decision: Decision,
    /// The number called receives only what staff could not take.
    pub already_overflowed: bool,
    /// The AI can be dialled for it. What the AI took then it could be dialled for.
    pub has_ai: bool,
    /// The settings of then could not be read; none if that is not known. It matters where that was the reason.
    pub was_broken: Option<bool>,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The decision; none where nothing can be said.
    pub now: Option<Decision>,
    /// The count it was made with.
    pub others: u32,
}

/// Replays calls in the order in which they came in.
#[derive(Debug)]
pub struct Replay<'r> {
    rules: &'r Rules,
    /// Live calls that went elsewhere than recorded: when each ends, and whether it counts now.
    live: BinaryHeap<Reverse<(Timestamp, bool)>>,
    /// How many of them count now, and how many no longer do.
    more: u32,
    less: u32,
}

impl<'r> Replay<'r> {
    /// Begins with what was recorded before as it was.
    pub fn new(rules: &'r Rules) -> Replay<'r> {
        Replay { rules, live: BinaryHeap::new(), more: 0, less: 0 }
    }

    /// The next call.
    pub fn next(&mut self, past: &Past, trace: &mut impl Trace) -> Replayed {
        while let Some(Reverse((end, counts))) = self.live.peek().copied()
            && end <= past.at
        {
            self.live.pop();
            *self.side(counts) -= 1;
        }
        let others = past.others.saturating_add(self.more).saturating_sub(self.less);
        let said = decide(self.rules, others, past.already_overflowed, past.at, trace);
        let now = self.settled(past, said);
        if let Some(now) = now
            && now.available != past.decision.available
        {
            let counts = !now.available;
            *self.side(counts) += 1;
            self.live.push(Reverse((past.ended_at.unwrap_or(Timestamp::MAX), counts)));
        }
        Replayed { now, others }
    }

    fn side(&mut self, counts: bool) -> &mut u32 {
        if counts { &mut self.more } else { &mut self.less }
    }

    /// What stands before the rules and behind them.
    fn settled(&self, past: &Past, said: Decision) -> Option<Decision> {
        let then = past.decision;
        match then.reason {
            // Before them: nobody asks the rules.
            Reason::OverrideOn
            | Reason::OverrideOff
            | Reason::BlockedCaller
            | Reason::DirectCaller
            | Reason::Loop
            | Reason::UnknownNumber
            | Reason::VoicemailNumber => Some(then),
            // Behind them: the AI was wanted and not to be had. Where it is wanted again, it is not to be had again.
            Reason::AiUnavailable => Some(if said.available { then } else { said }),
            // Save where calls that it had then have left it lines.
            Reason::AiFull if said.available && self.more > 0 => None,
            Reason::AiFull => Some(if said.available { then } else { said }),
            Reason::NotConfigured => match past.was_broken {
                _ if !said.available => Some(said),
                Some(true) => Some(if past.has_ai { said } else { then }),
                Some(false) => Some(then),
                None => None,
            },
            Reason::AlwaysOn
            | Reason::Disabled
            | Reason::AfterHours
            | Reason::BusinessHours
            | Reason::Overflow
            | Reason::UnderCapacity
            | Reason::ScheduledOn
            | Reason::ScheduledOff
            | Reason::NoneMatched
            | Reason::HoursMissing => {
                let is_to_be_had = past.has_ai || then.available || !said.available;
                Some(if is_to_be_had { said } else { Decision::fallback(Reason::NotConfigured) })
            }
        }
    }
}

#[cfg(test)]
mod tests;
