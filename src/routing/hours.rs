//! Opening hours compiled: a week, the dates that go by hours of their own, and the holidays.

use std::hash::{Hash, Hasher};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::clock::Civil;
use super::day::{Calendar, Day, Held, joined};
use super::week::Week;
use crate::model::availability::{BusinessHours, Exception, ExceptionDays, Holiday, Span};

/// When a business is open. Every lookup is a binary search in a sorted table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hours {
    pub zone: TimeZone,
    week: Week,
    holidays: Box<[Date]>,
    /// Month and day.
    yearly: Box<[(i8, i8)]>,
    /// Few have any.
    exceptions: Option<Box<Exceptions>>,
}

/// Dates that go by hours of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Exceptions {
    /// What they say, as given.
    specials: Box<[Special]>,
    /// Dates named one by one, with the entry that won.
    dates: Box<[(Date, usize)]>,
    /// Ranges cut up so that none overlap, with the entry that won.
    ranges: Box<[Stretch]>,
}

/// The hours of an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Special {
    pub spans: Box<[Span]>,
    pub name: Option<Box<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    first: Date,
    last: Date,
    special: usize,
}

/// What a date goes by.
#[derive(Clone, Copy, Debug)]
pub(super) enum GoesBy<'h> {
    /// An exception: before holidays, before the week.
    Exception(&'h Special),
    /// A holiday: nothing begins.
    Holiday,
    /// The week.
    Weekday,
}

impl Hours {
    pub fn compile(given: &BusinessHours, zone: TimeZone) -> Hours {
        let mut holidays = Vec::new();
        let mut yearly = Vec::new();
        for holiday in &given.holidays {
            match *holiday {
                Holiday::On(date) => holidays.push(date),
                Holiday::Yearly { month, day } => yearly.push((month, day)),
            }
        }
        Hours {
            zone,
            week: Week::compile(&given.week),
            holidays: sorted(holidays),
            yearly: sorted(yearly),
            exceptions: Exceptions::compile(&given.exceptions).map(Box::new),
        }
    }

    /// The stretch in which the business is open at an instant, if it is.
    pub fn open_at(&self, now: Timestamp) -> Option<Held> {
        self.held(Civil::at(&self.zone, now))
    }

    /// What a date goes by: exception, else holiday, else the week.
    pub fn goes_by(&self, date: Date) -> GoesBy<'_> {
        if let Some(special) = self.exceptions.as_ref().and_then(|exceptions| exceptions.on(date)) {
            return GoesBy::Exception(special);
        }
        let holiday = self.holidays.binary_search(&date).is_ok()
            || self.yearly.binary_search(&(date.month(), date.day())).is_ok();
        if holiday { GoesBy::Holiday } else { GoesBy::Weekday }
    }
}

/// Where hours are looked for among others: most differ in their weeks and holidays.
impl Hash for Hours {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.zone.iana_name(), &self.week, &self.holidays, &self.yearly).hash(state);
    }
}

impl Exceptions {
    fn compile(given: &[Exception]) -> Option<Exceptions> {
        (!given.is_empty()).then(|| Exceptions {
            specials: given.iter().map(Special::compile).collect(),
            dates: dates(given),
            ranges: ranges(given),
        })
    }

    fn on(&self, date: Date) -> Option<&Special> {
        let named = self.dates.binary_search_by_key(&date, |(date, _)| *date).ok().map(|place| self.dates[place].1);
        let index = named.or_else(|| {
            let after = self.ranges.partition_point(|range| range.first <= date);
            let range = self.ranges[..after].last()?;
            (date <= range.last).then_some(range.special)
        });
        index.map(|index| &self.specials[index])
    }
}

impl Calendar for Hours {
    fn day(&self, date: Date) -> Option<Day<'_>> {
        match self.goes_by(date) {
            GoesBy::Exception(special) => Some(Day(&special.spans)),
            GoesBy::Holiday => None,
            GoesBy::Weekday => self.week.day(date),
        }
    }
}

impl Special {
    fn compile(given: &Exception) -> Special {
        Special { spans: joined(&given.hours).into(), name: given.name.as_deref().map(Box::from) }
    }
}

fn sorted<T: Ord>(mut entries: Vec<T>) -> Box<[T]> {
    entries.sort_unstable();
    entries.dedup();
    entries.into()
}

/// Dates named one by one; of two entries for one date the later wins.
fn dates(exceptions: &[Exception]) -> Box<[(Date, usize)]> {
    let named = exceptions.iter().enumerate().filter_map(|(index, exception)| match exception.days {
        ExceptionDays::On(date) => Some((date, index)),
        ExceptionDays::Range(..) => None,
    });
    let mut dates: Vec<_> = named.collect();
    dates.sort_unstable_by_key(|&(date, index)| (date, std::cmp::Reverse(index)));
    dates.dedup_by_key(|(date, _)| *date);
    dates.into()
}

/// Ranges laid over one another, the later entry on top, and cut up into stretches that do not overlap.
fn ranges(exceptions: &[Exception]) -> Box<[Stretch]> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (special, exception) in exceptions.iter().enumerate() {
        let ExceptionDays::Range(first, last) = exception.days else { continue };
        let below = std::mem::take(&mut stretches);
        for old in below {
            if let Ok(before) = first.yesterday() {
                stretches.extend((old.first <= before).then_some(Stretch { last: old.last.min(before), ..old }));
            }
            if let Ok(after) = last.tomorrow() {
                stretches.extend((after <= old.last).then_some(Stretch { first: old.first.max(after), ..old }));
            }
        }
        stretches.push(Stretch { first, last, special });
    }
    stretches.sort_unstable_by_key(|stretch| stretch.first);
    stretches.into()
}
