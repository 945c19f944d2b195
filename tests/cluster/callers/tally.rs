//! What came of the calls: counted, timed, and each bad one with its instant.

use std::time::{Duration, Instant};

use crate::histogram::Histogram;

use super::kept::Kept;

/// Longer than this is noted, for a person begins to doubt.
pub const LATE: Duration = Duration::from_secs(1);

pub struct Tally {
    pub calls: u64,
    /// Requests that had to be made again.
    pub retried: u64,
    /// Callbacks that were not acknowledged however often Twilio asked.
    pub not_kept: u64,
    /// How long the first answer of each call took, tries and all.
    pub took: Histogram,
    /// Calls to lines where the count decides.
    pub counted: u64,
    /// Of these, how many talked to staff at once though all staff was busy: now, and at most.
    beyond: (usize, usize),
    pub bad: Vec<Bad>,
    pub kept: Kept,
}

/// Something that should not be.
#[derive(Clone, Debug)]
pub struct Bad {
    pub at: Instant,
    pub what: What,
    /// For whoever wants to know why.
    pub told: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// No TwiML.
    Failed,
    /// Not what the settings say.
    Wrong,
    /// Not what the count says.
    Miscounted,
    /// What other settings of the business say, which are not in force any more.
    Stale,
    /// A repeated request heard something else than the first.
    Differs,
    /// The first answer took longer than a second.
    Late,
}

impl Tally {
    pub fn new() -> Tally {
        Tally {
            calls: 0,
            retried: 0,
            not_kept: 0,
            took: Histogram::new(),
            counted: 0,
            beyond: (0, 0),
            bad: Vec::new(),
            kept: Kept::default(),
        }
    }

    pub fn add(&mut self, what: What, told: String) {
        self.bad.push(Bad { at: Instant::now(), what, told });
    }

    /// One more talks to staff who should not.
    pub fn one_more_beyond(&mut self) {
        self.beyond.0 += 1;
        self.beyond.1 = self.beyond.1.max(self.beyond.0);
    }

    pub fn one_less_beyond(&mut self) {
        self.beyond.0 -= 1;
    }

    /// The most that talked to staff at once who should not.
    pub fn most_beyond(&self) -> usize {
        self.beyond.1
    }

    pub fn count(&self, what: What) -> usize {
        self.bad.iter().filter(|bad| bad.what == what).count()
    }

    /// When the last bad thing was, after an instant. What is only late does not count.
    pub fn last_bad_after(&self, instant: Instant) -> Option<Instant> {
        let bad = self.bad.iter().filter(|bad| bad.what != What::Late && bad.at > instant);
        bad.map(|bad| bad.at).max()
    }

    /// Milliseconds of the longest first answer.
    pub fn worst_ms(&self) -> u64 {
        self.took.longest() / 1_000_000
    }

    /// Milliseconds that half, and 99 of 100 first answers did not exceed.
    pub fn usual_ms(&self) -> (f64, f64) {
        let ms = |share| self.took.quantile(share) as f64 / 1e6;
        (ms(0.5), ms(0.99))
    }
}
