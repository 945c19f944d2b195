//! A week of days, the same every week.

use jiff::civil::{Date, Weekday};

use super::day::{Calendar, Day};
use crate::model::availability::Span;

/// The stretches of each weekday, Monday first.
#[derive(Clone, Debug)]
pub(super) struct Week([Day; 7]);

impl Week {
    pub fn compile(spans: &[Vec<Span>; 7]) -> Week {
        Week(spans.each_ref().map(|spans| Day::new(spans)))
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
        self.0.iter().all(Day::is_empty)
    }
}

impl Calendar for Week {
    fn day(&self, date: Date) -> Option<&Day> {
        self.0.get(place(date.weekday()))
    }
}

fn place(weekday: Weekday) -> usize {
    usize::from(weekday.to_monday_zero_offset().unsigned_abs())
}
