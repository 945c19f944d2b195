//! How many records go to the store at once: many while it is quick, few where it is slow, for whoever else writes there
//! waits until a batch is done.

use std::time::Duration;

/// Most records of a batch; what a transaction costs by itself is next to nothing beside them.
const MOST: usize = 256;

/// How many at first.
const FIRST: usize = 64;

/// Fewest; fewer would cost more in transactions than in records.
const FEWEST: usize = 8;

/// A batch that took longer was too large.
const LONGEST: Duration = Duration::from_millis(100);

/// A batch that took less can be larger.
const SHORT: Duration = Duration::from_millis(25);

#[derive(Debug)]
pub(super) struct Pace {
    records: usize,
    in_turn: bool,
}

impl Pace {
    pub(super) fn new() -> Pace {
        Pace { records: FIRST, in_turn: false }
    }

    /// Of a store that other processes write too, in turn. How long a batch took says how long it waited: where it is made
    /// smaller for that, each turn carries less, and the wait becomes longer still.
    pub(super) fn in_turn() -> Pace {
        Pace { records: MOST, in_turn: true }
    }

    /// The size of the next batch.
    pub(super) fn records(&self) -> usize {
        self.records
    }

    /// The last batch was of so many records and took so long. A few that were quick say nothing of many.
    pub(super) fn took(&mut self, records: usize, time: Duration) {
        if self.in_turn {
            return;
        }
        if time > LONGEST {
            self.records = (self.records / 2).max(FEWEST);
        } else if time < SHORT && records >= self.records {
            self.records = (self.records * 2).min(MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long each of so many batches takes at so long a record, beginning with the pace as it stands.
    fn batches(pace: &mut Pace, count: usize, record: Duration) -> Vec<Duration> {
        let batch = |_| {
            let time = record * u32::try_from(pace.records()).expect("few");
            pace.took(pace.records(), time);
            time
        };
        (0..count).map(batch).collect()
    }

    #[test]
    fn a_quick_store_is_given_as_much_as_a_batch_holds() {
        let mut pace = Pace::new();
        batches(&mut pace, 10, Duration::from_micros(50));
        assert_eq!(pace.records(), MOST);
    }

    #[test]
    fn a_store_that_has_become_slow_is_held_up_by_batches_of_a_tenth_of_a_second_at_most() {
        let mut pace = Pace::new();
        batches(&mut pace, 10, Duration::from_micros(50));
        let slow = batches(&mut pace, 20, Duration::from_millis(5));
        assert!(slow[5..].iter().all(|time| *time <= LONGEST), "{slow:?}");
    }

    #[test]
    fn a_turn_that_was_long_waited_for_is_used_in_full() {
        let mut pace = Pace::in_turn();
        batches(&mut pace, 20, Duration::from_millis(5));
        assert_eq!(pace.records(), MOST);
    }

    #[test]
    fn a_few_records_that_were_quick_make_no_batch_larger() {
        let mut pace = Pace::new();
        pace.took(2, Duration::from_millis(20));
        assert_eq!(pace.records(), FIRST);
    }

    #[test]
    fn the_slowest_store_is_given_a_few_at_a_time_and_recovers() {
        let mut pace = Pace::new();
        batches(&mut pace, 20, Duration::from_secs(1));
        assert_eq!(pace.records(), FEWEST);
        batches(&mut pace, 10, Duration::from_micros(50));
        assert_eq!(pace.records(), MOST);
    }
}
