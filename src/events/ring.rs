//! The last events, in order, within a bound of number and memory.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use super::event::Event;

/// An event with its number.
#[derive(Debug)]
pub struct Kept {
    /// Its number in this run.
    pub seq: u64,
    /// The event.
    pub event: Event,
    text: OnceLock<String>,
}

impl Kept {
    /// The event as it is told: spelled once, however many hear it, and not at all while nobody does.
    pub fn told(&self, spell: impl FnOnce(&Kept) -> String) -> &str {
        self.text.get_or_init(|| spell(self))
    }
}

/// The ring.
#[derive(Debug)]
pub(super) struct Ring {
    kept: VecDeque<Arc<Kept>>,
    bytes: usize,
    next: u64,
    count_max: usize,
    bytes_max: usize,
}

impl Ring {
    pub(super) fn new(count_max: usize, bytes_max: usize) -> Ring {
        Ring { kept: VecDeque::new(), bytes: 0, next: 1, count_max, bytes_max }
    }

    /// The number of the last event; 0 before the first.
    pub(super) fn last(&self) -> u64 {
        self.next - 1
    }

    pub(super) fn push(&mut self, event: Event) {
        self.bytes += event.weight();
        self.kept.push_back(Arc::new(Kept { seq: self.next, event, text: OnceLock::new() }));
        self.next += 1;
        while self.kept.len() > self.count_max || self.bytes > self.bytes_max {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.bytes -= oldest.event.weight();
        }
    }

    /// Something happened that nobody can tell of: whoever has not heard all so far has missed something.
    pub(super) fn gap(&mut self) {
        self.kept.clear();
        self.bytes = 0;
        self.next += 1;
    }

    /// Up to `max` events after this number, or nothing if some of them are gone.
    pub(super) fn after(&self, seq: u64, max: usize) -> Option<Vec<Arc<Kept>>> {
        let first = self.next - self.kept.len() as u64;
        let is_whole = seq.checked_add(1).is_some_and(|wanted| wanted >= first) && seq < self.next;
        if !is_whole {
            return None;
        }
        // Numbers follow each other without a gap, so the place is known.
        let from = usize::try_from(seq + 1 - first).unwrap_or(usize::MAX);
        Some(self.kept.iter().skip(from).take(max).map(Arc::clone).collect())
    }

    /// All there are, oldest first.
    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &Arc<Kept>> {
        self.kept.iter()
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::super::event::{Audience, News, Warning, WarningKind};
    use super::*;

    fn event(records: u64) -> Event {
        let news = News::Warning(Warning { kind: WarningKind::StoreAway, active: true, records });
        Event { at: Timestamp::UNIX_EPOCH, audience: Audience::PLATFORM, news }
    }

    fn seqs(kept: &[Arc<Kept>]) -> Vec<u64> {
        kept.iter().map(|kept| kept.seq).collect()
    }

    #[test]
    fn both_bounds_hold() {
        let weight = event(0).weight();
        for (count_max, bytes_max, kept) in [(3, usize::MAX, 3), (100, 5 * weight, 5), (100, 5 * weight - 1, 4)] {
            let mut ring = Ring::new(count_max, bytes_max);
            (0..50).for_each(|n| ring.push(event(n)));
            assert_eq!(ring.all().count(), kept);
            assert_eq!(ring.bytes(), kept * weight);
            assert_eq!(ring.last(), 50);
        }
    }

    #[test]
    fn whoever_has_heard_the_event_before_the_oldest_goes_on_and_one_earlier_does_not() {
        let mut ring = Ring::new(3, usize::MAX);
        assert_eq!(seqs(&ring.after(0, 10).unwrap()), [0; 0]);
        assert!(ring.after(1, 10).is_none(), "nobody has heard what has not happened");
        (0..5).for_each(|n| ring.push(event(n)));
        assert!(ring.after(1, 10).is_none());
        assert_eq!(seqs(&ring.after(2, 10).unwrap()), [3, 4, 5]);
        assert_eq!(seqs(&ring.after(3, 1).unwrap()), [4]);
        assert_eq!(seqs(&ring.after(5, 10).unwrap()), [0; 0]);
        assert!(ring.after(6, 10).is_none() && ring.after(u64::MAX, 10).is_none());
    }

    proptest! {
        #[test]
        fn what_is_read_on_is_all_that_happened_or_nothing(
            steps in prop::collection::vec(prop_oneof![9 => Just(false), 1 => Just(true)], 0..60),
            heard in 0u64..70,
        ) {
            let mut ring = Ring::new(10, usize::MAX);
            let mut happened = Vec::new();
            for (n, is_gap) in steps.into_iter().enumerate() {
                if is_gap { ring.gap() } else { ring.push(event(n as u64)) }
                happened.push((ring.last(), is_gap));
            }
            let missed: Vec<_> = happened.into_iter().filter(|(seq, _)| *seq > heard).collect();
            match ring.after(heard, usize::MAX) {
                Some(kept) => {
                    prop_assert!(missed.iter().all(|(_, is_gap)| !is_gap));
                    prop_assert_eq!(seqs(&kept), missed.into_iter().map(|(seq, _)| seq).collect::<Vec<_>>());
                }
                None => prop_assert!(
                    heard > ring.last() || missed.len() > 10 || missed.iter().any(|(_, is_gap)| *is_gap)
                ),
            }
        }
    }
}
