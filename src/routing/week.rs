//! A week of days, the same every week.

use jiff::civil::{Date, Weekday};

use super::day::{Calendar, Day, joined};
use crate::model::availability::Span;

/// The stretches of each weekday, Monday first: all in one place, and where each day's end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Week {
    spans: Box<[Span]>,
    ends: [u16; 7],
}

impl Week {
    pub fn compile(given: &[Vec<Span>; 7]) -> Week {
        let (mut spans, mut ends) = (Vec::new(), [0; 7]);
        for (day, end) in given.iter().zip(&mut ends) {
            spans.extend(joined(day));
            *end = u16::try_from(spans.len()).expect("a week has fewer stretches than minutes");
        }
        Week { spans: spans.into(), ends }
    }

    /// From stretches that name their weekday.
    pub fn gather(spans: impl Iterator<Item = (Weekday, Span)>) -> Week {
        let mut week: [Vec<Span>; 7] = Default::default();
        for (weekday, span) in spans {
            week[place(weekday)].push(span);
        }
        Week::compile(&week)
    }

    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}

impl Calendar for Week {
    fn day(&self, date: Date) -> Option<Day<'_>> {
        let place = place(date.weekday());
        let begin = if place == 0 { 0 } else { self.ends[place - 1] };
        Some(Day(&self.spans[usize::from(begin)..usize::from(self.ends[place])]))
    }
}

fn place(weekday: Weekday) -> usize {
    usize::from(weekday.to_monday_zero_offset().unsigned_abs())
}
