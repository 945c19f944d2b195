//! When a connection has taken too long: what it is doing, since when, and what follows.
//!
//! The limits move only when the connection's notes do, so a connection at work costs a comparison here.

use std::time::Duration;

use tokio::time::Instant;

use crate::edge::exchange::Line;
use crate::edge::limits::Refusal;
use crate::edge::pulse::{Beat, Phase};
use crate::edge::server::Handler;

/// Stands for a wait without an end of its own: while a handler thinks, or streams are open.
const NEVER: Duration = Duration::from_secs(30 * 24 * 3600);

/// The deadlines of one connection.
pub(super) struct Timetable<'a, H> {
    line: &'a Line<H>,
    seen: Beat,
    /// When the present phase has lasted too long.
    phase_due: Instant,
    /// When the peer has kept us from writing for too long.
    write_due: Option<Instant>,
    /// When a silent connection has been waited for long enough while draining.
    drain_due: Option<Instant>,
    /// The connection has been asked to wind down.
    asked: bool,
}

/// What follows when a time is up.
pub(super) enum Ring {
    /// Somebody inside has been told and will act.
    GoOn,
    /// Nothing new may begin.
    WindDown,
    /// It ends here.
    CutOff(Option<Refusal>),
}

impl<'a, H: Handler> Timetable<'a, H> {
    pub(super) fn new(line: &'a Line<H>) -> Timetable<'a, H> {
        let now = Instant::now();
        let seen = line.pulse.beat();
        let mut times = Timetable { line, seen, phase_due: now, write_due: None, drain_due: None, asked: false };
        times.enter(seen, now);
        times
    }

    /// The next time at which something is due.
    pub(super) fn next(&self) -> Instant {
        [self.write_due, self.drain_due].into_iter().flatten().fold(self.phase_due, Instant::min)
    }

    /// Takes note of what has changed; whether the connection must be asked to wind down now.
    pub(super) fn take_note(&mut self) -> bool {
        let beat = self.line.pulse.beat();
        if beat != self.seen {
            self.enter(beat, Instant::now());
        }
        if self.line.pulse.is_blocked() != self.write_due.is_some() {
            let due = || Instant::now() + self.line.shared.limits.write_time;
            self.write_due = self.line.pulse.is_blocked().then(due);
        }
        if self.asked || !self.line.shared.is_draining() {
            return false;
        }
        // HTTP/2 can say that it is leaving; HTTP/1.1 can only close, and what is on its way would be lost.
        if !self.line.http2 && matches!(beat.phase(), Phase::Fresh | Phase::Idle) {
            let due = || Instant::now() + self.line.shared.limits.drain_idle_time;
            self.drain_due.get_or_insert_with(due);
            return false;
        }
        self.ask();
        true
    }

    /// Says what follows from the time that is up.
    pub(super) fn ring(&mut self) -> Ring {
        let now = Instant::now();
        let is_up = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        if is_up(self.write_due) {
            return Ring::CutOff(Some(Refusal::NotRead));
        }
        if is_up(self.drain_due) {
            self.ask();
            return Ring::WindDown;
        }
        let grace = now + self.line.shared.limits.write_time;
        match self.seen.phase() {
            _ if now < self.phase_due => Ring::GoOn,
            Phase::Fresh | Phase::Idle if !self.asked => {
                self.ask();
                self.phase_due = grace;
                Ring::WindDown
            }
            Phase::Body if !self.line.pulse.is_overdue() => {
                self.line.pulse.body_is_overdue();
                self.phase_due = grace;
                Ring::GoOn
            }
            Phase::Head => Ring::CutOff(Some(Refusal::HeadTimeout)),
            Phase::Fresh | Phase::Idle | Phase::Body | Phase::Answer | Phase::Streams => Ring::CutOff(None),
        }
    }

    fn enter(&mut self, beat: Beat, now: Instant) {
        let limits = &self.line.shared.limits;
        self.seen = beat;
        self.phase_due = now
            + match beat.phase() {
                Phase::Fresh | Phase::Head => limits.head_time,
                Phase::Idle => limits.idle_time,
                Phase::Body => limits.body_time,
                Phase::Answer | Phase::Streams => NEVER,
            };
        if matches!(beat.phase(), Phase::Fresh | Phase::Idle) {
            self.line.pulse.note_silence(now - self.line.shared.began);
        }
    }

    fn ask(&mut self) {
        self.asked = true;
        self.drain_due = None;
    }
}
