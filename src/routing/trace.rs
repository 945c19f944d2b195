//! How a decision explains itself: on the path the sink compiles to nothing, for people it records.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::clock::Civil;
use super::day::Held;
use super::hours::{GoesBy, Hours, Special};
use crate::model::Decision;
use crate::model::availability::{MINUTES_PER_DAY, Span};

/// Takes note of each rule tried.
pub trait Trace {
    /// Called once a rule; the closure runs only where somebody listens.
    fn note(&mut self, entry: impl FnOnce() -> Traced);
}

/// Listens to nothing and costs nothing.
pub struct NoTrace;

impl Trace for NoTrace {
    #[inline(always)]
    fn note(&mut self, _entry: impl FnOnce() -> Traced) {}
}

impl Trace for Vec<Traced> {
    fn note(&mut self, entry: impl FnOnce() -> Traced) {
        self.push(entry());
    }
}

/// One rule that was tried: which, what it saw, what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Traced {
    /// The rule: `override`, `afterHours`, `highVolume`, `customSchedule`, `mode`…
    pub rule: &'static str,
    /// What it looked at, in words and figures.
    pub saw: String,
    /// What it said.
    pub said: String,
}

impl Traced {
    /// A rule that settled the decision.
    pub(super) fn settled(rule: &'static str, saw: String, decision: Decision) -> Traced {
        let who = if decision.available { "AI answers" } else { "fallback" };
        Traced { rule, saw, said: format!("{who}: {}", decision.reason.as_str()) }
    }

    /// A rule that let the next one speak.
    pub(super) fn passed(rule: &'static str, saw: String) -> Traced {
        Traced { rule, saw, said: "does not apply".to_owned() }
    }

    /// Settled if there is a decision, passed if not.
    pub(super) fn either(rule: &'static str, saw: String, decision: Option<Decision>) -> Traced {
        match decision {
            Some(decision) => Traced::settled(rule, saw, decision),
            None => Traced::passed(rule, saw),
        }
    }
}

/// What the clock on the wall shows: `Friday 2026-03-06 16:59:30 in America/Toronto`.
pub(super) fn wall_clock(zone: &TimeZone, now: Timestamp) -> String {
    let name = zone.iana_name().unwrap_or("UTC");
    format!("{} in {name}", zone.to_datetime(now).strftime("%A %Y-%m-%d %H:%M:%S"))
}

/// A stretch and the day it belongs to: `22:00-06:00 begun on Friday 2026-03-06`.
pub(super) fn stretch(held: Held) -> String {
    format!("{} begun on {}", times(held.span), held.begun.strftime("%A %Y-%m-%d"))
}

/// What an exception is called, else what it does: `closed`, `open 10:00-14:00`.
pub(super) fn special(special: &Special) -> String {
    if let Some(name) = &special.name {
        return name.to_string();
    }
    if special.spans.is_empty() {
        return "closed".to_owned();
    }
    let spans: Vec<String> = special.spans.iter().copied().map(times).collect();
    format!("open {}", spans.join(", "))
}

fn times(span: Span) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let close = match span.to() {
        MINUTES_PER_DAY => "24:00".to_owned(),
        to => clock(to % MINUTES_PER_DAY),
    };
    format!("{}-{close}", clock(span.from()))
}

/// What opening hours saw at an instant: the clock, the stretch or none, and what the day goes by.
pub(super) fn opening(hours: &Hours, held: Option<Held>, now: Timestamp) -> String {
    let date = held.map_or_else(|| Civil::at(&hours.zone, now).date, |held| held.begun);
    let state = match held {
        Some(held) => format!("open {}", stretch(held)),
        None => "closed".to_owned(),
    };
    format!("{}: {state}{}", wall_clock(&hours.zone, now), why(hours, date))
}

fn why(hours: &Hours, date: Date) -> String {
    match hours.goes_by(date) {
        GoesBy::Weekday => String::new(),
        GoesBy::Holiday => ", a holiday".to_owned(),
        GoesBy::Exception(special) => match &special.name {
            Some(name) => format!(", by the exception \"{name}\""),
            None => ", by an exception".to_owned(),
        },
    }
}
