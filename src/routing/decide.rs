//! Decides whether the AI answers.
//!
//! One evaluation serves all who ask: the clock is read first, and what it leaves open is only how many other calls
//! there are. When the answer changes next is `next_change`'s business.

use jiff::Timestamp;

use super::forced::Standing;
use super::hours::Hours;
use super::overflow::{Overflow, Unsettled};
use super::rules::{AfterHours, Combined, Engine};
use super::schedule::Schedule;
use super::trace::{opening, stretch, wall_clock};
use super::{NoTrace, Rules, Trace, Traced};
use crate::model::{Decision, Reason, Verdicts};

/// Decides whether the AI answers.
///
/// `others` counts the tenant's live calls that are not with the AI, this one left out. `already_overflowed` says
/// that the number called receives only what staff could not take.
pub fn decide(
    rules: &Rules,
    others: u32,
    already_overflowed: bool,
    now: Timestamp,
    trace: &mut impl Trace,
) -> Decision {
    rules.unsettled(already_overflowed, now, trace).settle(others, trace)
}

/// The two answers for one instant, for the ledger to pick from.
pub fn verdicts(rules: &Rules, already_overflowed: bool, now: Timestamp) -> Verdicts {
    rules.unsettled(already_overflowed, now, &mut NoTrace).verdicts()
}

impl Rules {
    /// All that an instant settles.
    fn unsettled(&self, already_overflowed: bool, now: Timestamp, trace: &mut impl Trace) -> Unsettled {
        if let Some(decision) = self.forced.as_deref().and_then(|forced| ask_forced(*forced, now, trace)) {
            return Unsettled::Not(decision);
        }
        match &self.engine {
            Engine::NotConfigured => {
                by_mode("the stored settings cannot be read", Decision::fallback(Reason::NotConfigured), trace)
            }
            Engine::Always => by_mode("always", Decision::ai(Reason::AlwaysOn), trace),
            Engine::Disabled => by_mode("disabled", Decision::fallback(Reason::Disabled), trace),
            Engine::AfterHours(AfterHours::Known(hours)) => Unsettled::Not(after_hours(hours, now, trace)),
            Engine::AfterHours(AfterHours::Missing) => Unsettled::Not(hours_missing(trace)),
            Engine::Overflow { threshold } => Unsettled::ByCount(Overflow {
                threshold: *threshold,
                already: already_overflowed,
                otherwise: Decision::fallback(Reason::UnderCapacity),
            }),
            Engine::Scheduled(schedule) => Unsettled::Not(scheduled(schedule, now, trace)),
            Engine::Combined(sections) => combined(sections, already_overflowed, now, trace),
        }
    }
}

fn by_mode(saw: &str, decision: Decision, trace: &mut impl Trace) -> Unsettled {
    trace.note(|| Traced::settled("mode", saw.to_owned(), decision));
    Unsettled::Not(decision)
}

fn ask_forced(forced: Standing, now: Timestamp, trace: &mut impl Trace) -> Option<Decision> {
    let decision = forced.holds(now).then(|| forced.decision());
    trace.note(|| {
        let saw = match (forced.until, decision) {
            (None, _) => "set without an end".to_owned(),
            (Some(until), Some(_)) => format!("set until {until}, now {now}"),
            (Some(until), None) => format!("over since {until}, now {now}"),
        };
        Traced::either("override", saw, decision)
    });
    decision
}

fn after_hours(hours: &Hours, now: Timestamp, trace: &mut impl Trace) -> Decision {
    let open = hours.open_at(now);
    let decision = match open {
        Some(_) => Decision::fallback(Reason::BusinessHours),
        None => Decision::ai(Reason::AfterHours),
    };
    trace.note(|| Traced::settled("afterHours", opening(hours, open, now), decision));
    decision
}

fn hours_missing(trace: &mut impl Trace) -> Decision {
    let decision = Decision::ai(Reason::HoursMissing);
    trace.note(|| Traced::settled("afterHours", "no business hours were ever given".to_owned(), decision));
    decision
}

fn scheduled(schedule: &Schedule, now: Timestamp, trace: &mut impl Trace) -> Decision {
    let matches = schedule.matches(now);
    let decision = match (matches.disable, matches.enable) {
        (Some(_), _) => Decision::fallback(Reason::ScheduledOff),
        (None, Some(_)) => Decision::ai(Reason::ScheduledOn),
        // Where rules only switch off, the rest of the week is on.
        (None, None) if schedule.enable.is_empty() => Decision::ai(Reason::ScheduledOn),
        (None, None) => Decision::fallback(Reason::ScheduledOff),
    };
    trace.note(|| {
        let clock = wall_clock(&schedule.zone, now);
        let saw = match (matches.disable, matches.enable) {
            (Some(held), _) => format!("{clock}: disabled {}", stretch(held)),
            (None, Some(held)) => format!("{clock}: enabled {}", stretch(held)),
            (None, None) if schedule.enable.is_empty() => format!("{clock}: no rule matches, and none enables"),
            (None, None) => format!("{clock}: no rule matches, and some enable"),
        };
        Traced::settled("customSchedule", saw, decision)
    });
    decision
}

/// The first that holds of: a disable rule, closing time, an enable rule, too many other calls.
fn combined(sections: &Combined, already_overflowed: bool, now: Timestamp, trace: &mut impl Trace) -> Unsettled {
    let schedule = sections.schedule.as_ref().map(|schedule| (schedule, schedule.matches(now)));
    if let Some((schedule, matches)) = schedule {
        let decision = matches.disable.map(|_| Decision::fallback(Reason::ScheduledOff));
        trace.note(|| {
            let said = matches
                .disable
                .map_or_else(|| "no disable rule matches".to_owned(), |held| format!("disabled {}", stretch(held)));
            Traced::either("customSchedule", format!("{}: {said}", wall_clock(&schedule.zone, now)), decision)
        });
        if let Some(decision) = decision {
            return Unsettled::Not(decision);
        }
    }
    match &sections.after_hours {
        None => {}
        Some(AfterHours::Missing) => return Unsettled::Not(hours_missing(trace)),
        Some(AfterHours::Known(hours)) => {
            let open = hours.open_at(now);
            let decision = open.is_none().then_some(Decision::ai(Reason::AfterHours));
            trace.note(|| Traced::either("afterHours", opening(hours, open, now), decision));
            if let Some(decision) = decision {
                return Unsettled::Not(decision);
            }
        }
    }
    if let Some((schedule, matches)) = schedule {
        let decision = matches.enable.map(|_| Decision::ai(Reason::ScheduledOn));
        trace.note(|| {
            let said = matches
                .enable
                .map_or_else(|| "no enable rule matches".to_owned(), |held| format!("enabled {}", stretch(held)));
            Traced::either("customSchedule", format!("{}: {said}", wall_clock(&schedule.zone, now)), decision)
        });
        if let Some(decision) = decision {
            return Unsettled::Not(decision);
        }
    }
    let otherwise = Decision::fallback(Reason::NoneMatched);
    match sections.threshold {
        Some(threshold) => Unsettled::ByCount(Overflow { threshold, already: already_overflowed, otherwise }),
        None => by_mode("combined, and no enabled section applies", otherwise, trace),
    }
}

#[cfg(test)]
mod tests;
