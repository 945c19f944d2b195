//! One breaker: closed, open, half-open. Knows nothing of targets.

use jiff::{SignedDuration, Timestamp};

/// Failures in a row that open it. One may be chance and two bad luck; each costs a caller the dial timeout.
const FAILURES: u32 = 3;

/// How long failures count as in a row.
const IN_A_ROW: SignedDuration = SignedDuration::from_mins(10);

/// Time to the first probe.
const INTERVAL_MIN: SignedDuration = SignedDuration::from_secs(5);

/// Longest time between probes: how late a recovery may be noticed.
const INTERVAL_MAX: SignedDuration = SignedDuration::from_secs(60);

/// A probe that says nothing for this long is lost: longer than any dial timeout.
const PROBE_LOST: SignedDuration = SignedDuration::from_secs(60);

/// How far two threads' readings of one clock may seem to run backwards.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(5);

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Every call may dial.
    Closed,
    /// None may.
    Open,
    /// One may, or does, to see whether it is over.
    HalfOpen,
}

impl State {
    /// The word for the metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::Open => "open",
            State::HalfOpen => "half_open",
        }
    }
}

/// What an attempt may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Pass,
    Probe,
    Refuse,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Breaker {
    phase: Phase,
    touched: Timestamp,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed {
        failures: u32,
    },
    /// No probe before `since + interval`. `broken` is when it first opened.
    Open {
        since: Timestamp,
        interval: SignedDuration,
        broken: Timestamp,
    },
    /// A probe is under way since `probe`.
    Probing {
        probe: Timestamp,
        interval: SignedDuration,
        broken: Timestamp,
    },
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker { phase: Phase::Closed { failures: 0 }, touched: Timestamp::MIN }
    }
}

impl Breaker {
    pub(super) fn gate(&self, now: Timestamp) -> Gate {
        match self.phase {
            Phase::Closed { .. } => Gate::Pass,
            Phase::Open { since, interval, .. } if has_passed(since, interval, now) => Gate::Probe,
            Phase::Probing { probe, .. } if has_passed(probe, PROBE_LOST, now) => Gate::Probe,
            Phase::Open { .. } | Phase::Probing { .. } => Gate::Refuse,
        }
    }

    /// The attempt that `gate` let through as a probe is under way.
    pub(super) fn begin_probe(&mut self, now: Timestamp) {
        if let Phase::Open { interval, broken, .. } | Phase::Probing { interval, broken, .. } = self.phase {
            self.phase = Phase::Probing { probe: now, interval, broken };
        }
    }

    /// The probe came to nothing either way: the next attempt may be it.
    pub(super) fn give_probe_back(&mut self) {
        if let Phase::Probing { interval, broken, .. } = self.phase {
            self.phase = Phase::Open { since: Timestamp::MIN, interval, broken };
        }
    }

    /// The interval is over at once.
    pub(super) fn make_due(&mut self) {
        if let Phase::Open { interval, broken, .. } = self.phase {
            self.phase = Phase::Open { since: Timestamp::MIN, interval, broken };
        }
    }

    /// An attempt succeeded.
    pub(super) fn close(&mut self, now: Timestamp) {
        self.touched = now;
        self.close_now();
    }

    /// Closes. True if it was not closed.
    pub(super) fn close_now(&mut self) -> bool {
        let was_closed = self.is_closed();
        self.phase = Phase::Closed { failures: 0 };
        !was_closed
    }

    /// An attempt failed. While it is open, that is one that was under way before: it makes nothing worse.
    pub(super) fn fail(&mut self, now: Timestamp) {
        let quiet_for = now.duration_since(self.touched);
        self.touched = now;
        match self.phase {
            Phase::Closed { failures } => {
                let failures = if quiet_for > IN_A_ROW { 1 } else { failures + 1 };
                self.phase = Phase::Closed { failures };
                if failures >= FAILURES {
                    self.open(now);
                }
            }
            Phase::Open { .. } => {}
            Phase::Probing { .. } => self.reopen(now),
        }
    }

    pub(super) fn open(&mut self, now: Timestamp) {
        self.phase = Phase::Open { since: now, interval: INTERVAL_MIN, broken: now };
    }

    /// The probe failed: the next waits twice as long.
    pub(super) fn reopen(&mut self, now: Timestamp) {
        if let Phase::Open { interval, broken, .. } | Phase::Probing { interval, broken, .. } = self.phase {
            self.phase = Phase::Open { since: now, interval: (interval * 2).min(INTERVAL_MAX), broken };
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed { .. })
    }

    /// Since when it is not closed.
    pub(super) fn broken_since(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Closed { .. } => None,
            Phase::Open { broken, .. } | Phase::Probing { broken, .. } => Some(broken),
        }
    }

    pub(super) fn state(&self, now: Timestamp) -> State {
        match (self.phase, self.gate(now)) {
            (Phase::Closed { .. }, _) => State::Closed,
            (Phase::Probing { .. }, _) | (_, Gate::Probe) => State::HalfOpen,
            (Phase::Open { .. }, _) => State::Open,
        }
    }

    pub(super) fn touched(&self) -> Timestamp {
        self.touched
    }
}

/// True once `span` has passed since `then`, and also where `then` is well to come: somebody set the clock back, and
/// nobody is to wait for it to catch up.
fn has_passed(then: Timestamp, span: SignedDuration, now: Timestamp) -> bool {
    let passed = now.duration_since(then);
    passed >= span || passed < -CLOCK_SLACK
}
