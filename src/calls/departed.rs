//! Calls that ended a moment ago: a voice request that arrives after its own end leaves no lease behind.

use jiff::Timestamp;

use super::mark::{Mark, Marks};

/// How long an end is remembered at least, in milliseconds: two minutes. Twilio gives a webhook 15 seconds and tries a
/// few times; what is later than this is found by asking after the call.
pub(super) const REMEMBERED_MS: i64 = 120_000;

/// How many ends make a generation: two minutes of five hundred calls a second, some megabyte.
const GENERATION_MAX: usize = 65_536;

/// Calls that ended lately, in two generations. The older is forgotten whole, when the younger is two minutes old or
/// full: no end has to be looked for again to be forgotten.
#[derive(Debug, Default)]
pub(super) struct Departed {
    young: Marks,
    old: Marks,
    /// When the young generation began.
    since_ms: i64,
}

impl Departed {
    /// Remembers an end.
    pub(super) fn remember(&mut self, call: Mark, now: Timestamp) {
        self.forget_old(now);
        if self.young.len() >= GENERATION_MAX {
            self.turn(now);
        }
        self.young.insert(call);
    }

    /// Did this call end a moment ago?
    pub(super) fn contains(&self, call: Mark) -> bool {
        self.young.contains(&call) || self.old.contains(&call)
    }

    /// Forgets what is too old to matter.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        let age = now.as_millisecond() - self.since_ms;
        if age >= 2 * REMEMBERED_MS {
            self.turn(now);
        }
        if age >= REMEMBERED_MS {
            self.turn(now);
        }
    }

    /// The young generation grows old.
    fn turn(&mut self, now: Timestamp) {
        std::mem::swap(&mut self.young, &mut self.old);
        // Memory that a rush took is given back.
        if self.young.len() < self.young.capacity() / 4 {
            self.young = Marks::default();
        } else {
            self.young.clear();
        }
        self.since_ms = now.as_millisecond();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::key::Key;
    use super::super::mark::Marker;
    use super::*;
    use crate::model::Sid;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn marks(count: usize) -> Vec<Mark> {
        let marker = Marker::default();
        (0..count).map(|number| marker.mark(&Key::of(&Sid::parse(&format!("CA{number}")).unwrap()))).collect()
    }

    #[test]
    fn an_end_is_remembered_for_two_minutes_and_not_for_ever() {
        let marks = marks(3);
        let mut departed = Departed::default();
        departed.remember(marks[0], at(0));
        departed.remember(marks[1], at(119));
        assert!(departed.contains(marks[0]) && departed.contains(marks[1]) && !departed.contains(marks[2]));
        departed.forget_old(at(120));
        departed.forget_old(at(238));
        assert!(departed.contains(marks[1]), "two minutes are not over");
        departed.forget_old(at(240));
        assert!(!departed.contains(marks[0]) && !departed.contains(marks[1]));
    }

    #[test]
    fn after_a_long_silence_all_is_forgotten() {
        let marks = marks(1);
        let mut departed = Departed::default();
        departed.remember(marks[0], at(0));
        departed.forget_old(at(240));
        assert!(departed.young.is_empty() && departed.old.is_empty());
    }

    #[test]
    fn memory_stays_bounded_and_the_newest_are_kept() {
        let marks = marks(3 * GENERATION_MAX + 10);
        let mut departed = Departed::default();
        for mark in &marks {
            departed.remember(*mark, at(0));
        }
        assert_eq!((departed.young.len(), departed.old.len()), (10, GENERATION_MAX));
        let (forgotten, kept) = marks.split_at(2 * GENERATION_MAX);
        assert!(kept.iter().all(|mark| departed.contains(*mark)));
        assert!(!forgotten.iter().any(|mark| departed.contains(*mark)));
        departed.turn(at(1));
        departed.turn(at(2));
        assert!(departed.young.capacity() < GENERATION_MAX, "a rush's memory is given back");
    }
}
