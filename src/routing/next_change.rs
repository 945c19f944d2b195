//! When the clock alone changes the answer: by looking at each instant at which it could, in order.
//!
//! Between two changes of its offset a zone's civil clock runs evenly, so an answer can only change where a stretch
//! begins or ends on that clock, where the offset changes, or where an override ends.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::clock::Civil;
use super::day::{Calendar, next_edge};
use super::decide::decide;
use super::overflow::Overflow;
use super::rules::{AfterHours, Engine};
use super::schedule::Schedule;
use super::{NoTrace, Rules};
use crate::model::{Decision, Reason};

/// How far ahead is looked: a year's holidays, and then some.
const HORIZON: SignedDuration = SignedDuration::from_hours(400 * 24);

/// The first instant strictly after `at`, at most 400 days ahead, at which the clock alone changes the answer.
pub fn next_change(rules: &Rules, others: u32, already_overflowed: bool, at: Timestamp) -> Option<Timestamp> {
    let limit = at.checked_add(HORIZON).unwrap_or(Timestamp::MAX);
    let answer = |now| decide(rules, others, already_overflowed, now, &mut NoTrace).available;
    let before = answer(at);

    let mut now = at;
    if let Some(forced) = rules.forced.as_deref().filter(|forced| forced.holds(at)) {
        now = forced.until.filter(|until| *until <= limit)?;
        if answer(now) != before {
            return Some(now);
        }
    }
    let mut hands = rules.hands(others, already_overflowed).map(|hand| hand.map(|hand| (hand, hand.turns(now, limit))));
    loop {
        now = hands.iter().flatten().filter_map(|(_, turn)| *turn).min()?;
        if answer(now) != before {
            return Some(now);
        }
        for (hand, turn) in hands.iter_mut().flatten() {
            if turn.is_some_and(|turn| turn <= now) {
                *turn = hand.turns(now, limit);
            }
        }
    }
}

/// One thing that turns with the clock.
#[derive(Clone, Copy)]
struct Hand<'r> {
    zone: &'r TimeZone,
    calendar: &'r dyn Calendar,
}

impl Hand<'_> {
    /// The next instant after `now`, at most `limit`, at which this may begin or end.
    fn turns(self, now: Timestamp, limit: Timestamp) -> Option<Timestamp> {
        let shift = self.zone.following(now).next().map(|shift| shift.timestamp()).filter(|shift| *shift <= limit);
        let offset = self.zone.to_offset(now);
        let civil = |instant| offset.to_datetime(instant);
        let (from, last) = (Civil::from(civil(now)), Civil::from(civil(shift.unwrap_or(limit))));
        let edge = next_edge(self.calendar, from, last).and_then(|edge| {
            let clock = jiff::civil::Time::midnight() + SignedDuration::from_mins(edge.minute.into());
            offset.to_timestamp(edge.date.to_datetime(clock)).ok()
        });
        // The last civil minute reaches beyond its beginning, never the instant beyond the limit.
        let edge = edge.filter(|edge| *edge <= limit);
        edge.into_iter().chain(shift).min()
    }
}

impl Rules {
    /// What turns with the clock and still matters with so many other calls.
    fn hands(&self, others: u32, already: bool) -> [Option<Hand<'_>>; 3] {
        match &self.engine {
            Engine::NotConfigured | Engine::Always | Engine::Disabled | Engine::Overflow { .. } => [None; 3],
            Engine::AfterHours(after_hours) => [after_hours.hand(), None, None],
            Engine::Scheduled(schedule) => [schedule.disabling(), schedule.enabling(), None],
            Engine::Combined(sections) => {
                let disabling = sections.schedule.as_deref().and_then(Schedule::disabling);
                let otherwise = Decision::fallback(Reason::NoneMatched);
                let overflow = sections.threshold.map(|threshold| Overflow { threshold, already, otherwise });
                let missing = matches!(sections.after_hours, Some(AfterHours::Missing));
                if missing || overflow.is_some_and(|overflow| overflow.is_met(others)) {
                    // Nothing but a disable rule can keep the AI from answering.
                    return [disabling, None, None];
                }
                let enabling = sections.schedule.as_deref().and_then(Schedule::enabling);
                [disabling, enabling, sections.after_hours.as_ref().and_then(AfterHours::hand)]
            }
        }
    }
}

impl AfterHours {
    fn hand(&self) -> Option<Hand<'_>> {
        match self {
            AfterHours::Known(hours) => Some(Hand { zone: &hours.zone, calendar: hours.as_ref() }),
            AfterHours::Missing => None,
        }
    }
}

impl Schedule {
    fn enabling(&self) -> Option<Hand<'_>> {
        (!self.enable.is_empty()).then_some(Hand { zone: &self.zone, calendar: &self.enable })
    }

    fn disabling(&self) -> Option<Hand<'_>> {
        (!self.disable.is_empty()).then_some(Hand { zone: &self.zone, calendar: &self.disable })
    }
}
