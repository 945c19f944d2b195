//! Who answers throughout a window of time: stretches of one decision, and what people should know that falls into it.
//!
//! Looked at as [`next_change`](super::next_change) does, instant by instant at which an answer could change, and cut
//! wherever the decision differs, be it only in its reason. All instants of a window are gathered first and each is
//! asked once, so that settings with hundreds of stretches a day cost no more than their number.

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::clock::Civil;
use super::day::{Calendar, edges_on};
use super::decide::verdicts;
use super::hours::{GoesBy, Special};
use super::rules::{AfterHours, Engine};
use super::{Rules, trace};
use crate::model::{Decision, Forced};

/// A stretch of time in which the answers are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant no longer in it.
    pub until: Timestamp,
    /// The decision while there is no other call.
    pub quiet: Decision,
    /// The decision with as many other calls as the overflow threshold.
    pub busy: Decision,
}

/// Something that falls into a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When; the window's beginning where it began before.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: MarkKind,
    /// What people call it, else what it does.
    pub label: String,
}

/// What is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// Clocks are changed.
    ClockChange,
    /// A day on which nothing begins.
    Holiday,
    /// Days that go by hours of their own.
    Exception,
    /// What was decided by hand is over.
    Override,
}

impl Rules {
    /// How many other calls it takes until the AI answers; none where their number plays no part.
    pub fn threshold(&self) -> Option<u32> {
        match &self.engine {
            Engine::Overflow { threshold } => Some(*threshold),
            Engine::Combined(sections) => sections.threshold,
            Engine::NotConfigured
            | Engine::Always
            | Engine::Disabled
            | Engine::AfterHours(_)
            | Engine::Scheduled(_) => None,
        }
    }

    /// Everything of the settings that turns with a clock, with the zone of that clock.
    fn calendars(&self) -> Vec<(&TimeZone, &dyn Calendar)> {
        let (after_hours, schedule) = match &self.engine {
            Engine::AfterHours(after_hours) => (Some(after_hours), None),
            Engine::Scheduled(schedule) => (None, Some(schedule)),
            Engine::Combined(sections) => (sections.after_hours.as_ref(), sections.schedule.as_ref()),
            Engine::NotConfigured | Engine::Always | Engine::Disabled | Engine::Overflow { .. } => (None, None),
        };
        let mut found: Vec<(&TimeZone, &dyn Calendar)> = Vec::new();
        if let Some(AfterHours::Known(hours)) = after_hours {
            found.push((&hours.zone, hours.as_ref()));
        }
        if let Some(schedule) = schedule {
            found.push((&schedule.zone, &schedule.enable));
            found.push((&schedule.zone, &schedule.disable));
        }
        found
    }
}

/// Who answers from one instant to another: stretches that follow each other without a gap, each as long as it can be.
pub fn coverage(rules: &Rules, from: Timestamp, until: Timestamp) -> Vec<Covered> {
    let mut instants = vec![from];
    for (zone, calendar) in rules.calendars() {
        gather(zone, calendar, from, until, &mut instants);
    }
    instants.extend(rules.forced.as_deref().and_then(|forced| forced.until));
    instants.retain(|at| from <= *at && *at < until);
    instants.sort_unstable();
    instants.dedup();

    let mut covered: Vec<Covered> = Vec::new();
    for at in instants {
        let verdicts = verdicts(rules, false, at);
        let (quiet, busy) = (verdicts.pick(0), verdicts.pick(rules.threshold().unwrap_or(0)));
        match covered.last_mut() {
            Some(last) if (last.quiet, last.busy) == (quiet, busy) => {}
            last => {
                if let Some(last) = last {
                    last.until = at;
                }
                covered.push(Covered { from: at, until, quiet, busy });
            }
        }
    }
    covered
}

/// What falls into a window, in order: changes of the clock of `zone`, days that go by something else than the week, and
/// the end of what was decided by hand. Only what plays a part in the decision is told.
pub fn marks(rules: &Rules, zone: &TimeZone, from: Timestamp, until: Timestamp) -> Vec<Mark> {
    let mut marks = clock_changes(zone, from, until);
    marks.extend(special_days(rules, from, until));
    if let Some(forced) = rules.forced.as_deref()
        && let Some(at) = forced.until.filter(|at| from <= *at && *at < until)
    {
        let to = match forced.state {
            Forced::ForceAi => "the AI",
            Forced::ForceFallback => "the fallback",
        };
        marks.push(Mark { at, kind: MarkKind::Override, label: format!("the override to {to} ends") });
    }
    // Of one instant in the order they were found.
    marks.sort_by_key(|mark| mark.at);
    marks
}

/// A stretch in which a zone's clock runs evenly.
struct Even {
    offset: Offset,
    from: Timestamp,
    until: Timestamp,
}

/// The window, cut where the zone's offset changes.
fn evenly(zone: &TimeZone, from: Timestamp, until: Timestamp) -> Vec<Even> {
    let mut shifts: Vec<Timestamp> =
        zone.following(from).map(|shift| shift.timestamp()).take_while(|shift| *shift < until).collect();
    shifts.push(until);
    let mut at = from;
    shifts
        .into_iter()
        .map(|end| {
            let even = Even { offset: zone.to_offset(at), from: at, until: end };
            at = end;
            even
        })
        .collect()
}

/// Gathers the instants at which something of a calendar may begin or end.
fn gather(zone: &TimeZone, calendar: &dyn Calendar, from: Timestamp, until: Timestamp, instants: &mut Vec<Timestamp>) {
    for even in evenly(zone, from, until) {
        instants.push(even.from);
        let civil = |at| Civil::from(even.offset.to_datetime(at)).date;
        let last = civil(even.until);
        let mut date = civil(even.from);
        loop {
            let midnight = even.offset.to_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
            for minute in edges_on(calendar, date) {
                let edge = midnight
                    .as_ref()
                    .ok()
                    .and_then(|midnight| midnight.checked_add(SignedDuration::from_mins(minute.into())).ok());
                instants.extend(edge.filter(|edge| even.from < *edge && *edge < even.until));
            }
            match date.tomorrow() {
                Ok(tomorrow) if tomorrow <= last => date = tomorrow,
                _ => break,
            }
        }
    }
}

fn clock_changes(zone: &TimeZone, from: Timestamp, until: Timestamp) -> Vec<Mark> {
    let stretches = evenly(zone, from, until);
    let pairs = stretches.windows(2).filter_map(|pair| {
        let [before, after] = pair else { return None };
        let seconds = after.offset.seconds() - before.offset.seconds();
        // Some changes are of the name alone.
        let way = match seconds {
            0 => return None,
            1.. => "forward",
            _ => "back",
        };
        let label = format!("clocks go {way} {}", length(seconds.unsigned_abs()));
        Some(Mark { at: after.from, kind: MarkKind::ClockChange, label })
    });
    pairs.collect()
}

fn length(seconds: u32) -> String {
    let (count, unit) = if seconds.is_multiple_of(3600) { (seconds / 3600, "hour") } else { (seconds / 60, "minute") };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Holidays, and exceptions where they begin.
fn special_days(rules: &Rules, from: Timestamp, until: Timestamp) -> Vec<Mark> {
    let hours = match &rules.engine {
        Engine::AfterHours(AfterHours::Known(hours)) => hours,
        Engine::Combined(sections) => match &sections.after_hours {
            Some(AfterHours::Known(hours)) => hours,
            _ => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let mut marks = Vec::new();
    let mut date = Civil::at(&hours.zone, from).date;
    let mut before: Option<&Special> = None;
    while let Ok(begins) = date.to_zoned(hours.zone.clone())
        && begins.timestamp() < until
    {
        let at = begins.timestamp().max(from);
        let (now, mark) = match hours.goes_by(date) {
            GoesBy::Weekday => (None, None),
            GoesBy::Holiday => (None, Some((MarkKind::Holiday, "holiday".to_owned()))),
            GoesBy::Exception(special) => {
                let goes_on = before.is_some_and(|before| std::ptr::eq(before, special));
                (Some(special), (!goes_on).then(|| (MarkKind::Exception, trace::special(special))))
            }
        };
        marks.extend(mark.map(|(kind, label)| Mark { at, kind, label }));
        before = now;
        let Ok(tomorrow) = date.tomorrow() else { break };
        date = tomorrow;
    }
    marks
}

#[cfg(test)]
mod tests;
