//! CallSids that ended a moment ago: a voice request that arrives after its own end leaves no lease behind.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;

use foldhash::fast::{FixedState, RandomState};
use jiff::Timestamp;

use crate::model::Sid;

/// How long an end is remembered, in milliseconds: two minutes. Twilio gives a webhook 15 seconds and tries a few
/// times; what is later than this is found by asking after the call.
const REMEMBERED_MS: i64 = 120_000;

/// How many ends are remembered at most: two minutes of five hundred calls a second, some four megabytes.
const REMEMBERED_MAX: usize = 65_536;

/// Calls that ended lately, each by a mark of 64 bits: of sixty thousand none is mistaken for another in the lifetime of
/// a telephone network, and a call that ends does not have to be looked at in two more places.
#[derive(Debug, Default)]
pub(super) struct Departed {
    marks: RandomState,
    ended: HashMap<u64, i64, FixedState>,
    order: VecDeque<(i64, u64)>,
}

impl Departed {
    /// Remembers an end.
    pub(super) fn remember(&mut self, sid: &Sid, now: Timestamp) {
        self.forget_old(now);
        let (mark, now) = (self.mark(sid), now.as_millisecond());
        self.ended.insert(mark, now);
        self.order.push_back((now, mark));
        while self.order.len() > REMEMBERED_MAX {
            self.forget_oldest();
        }
    }

    /// Did this call end a moment ago?
    pub(super) fn contains(&self, sid: &Sid, now: Timestamp) -> bool {
        self.ended.get(&self.mark(sid)).is_some_and(|ended| now.as_millisecond() - ended < REMEMBERED_MS)
    }

    /// Forgets what is too old to matter.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        while self.order.front().is_some_and(|(ended, _)| now.as_millisecond() - ended >= REMEMBERED_MS) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((ended, mark)) = self.order.pop_front() else { return };
        // A call that ended twice stands twice in the order; only its latest end counts.
        if self.ended.get(&mark) == Some(&ended) {
            self.ended.remove(&mark);
        }
    }

    fn mark(&self, sid: &Sid) -> u64 {
        self.marks.hash_one(sid)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sid(number: usize) -> Sid {
        Sid::parse(&format!("CA{number}")).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    #[test]
    fn an_end_is_remembered_for_two_minutes() {
        let mut departed = Departed::default();
        departed.remember(&sid(1), at(0));
        assert!(departed.contains(&sid(1), at(119)));
        assert!(!departed.contains(&sid(1), at(120)));
        assert!(!departed.contains(&sid(2), at(1)));
        departed.forget_old(at(120));
        assert!(departed.ended.is_empty() && departed.order.is_empty());
    }

    #[test]
    fn a_repeated_end_is_remembered_from_its_last_time() {
        let mut departed = Departed::default();
        departed.remember(&sid(1), at(0));
        departed.remember(&sid(1), at(60));
        departed.forget_old(at(130));
        assert!(departed.contains(&sid(1), at(130)));
    }

    #[test]
    fn memory_stays_bounded_and_the_newest_are_kept() {
        let mut departed = Departed::default();
        for number in 0..REMEMBERED_MAX + 10 {
            departed.remember(&sid(number), at(0));
        }
        assert_eq!(departed.ended.len(), REMEMBERED_MAX);
        assert!(!departed.contains(&sid(9), at(1)));
        assert!(departed.contains(&sid(10), at(1)));
    }
}
