//! The stretches of one day, and what a calendar of such days holds at a moment of the civil clock.

use jiff::civil::Date;

use super::clock::Civil;
use crate::model::availability::{MINUTES_PER_DAY, Span};

/// The stretches that begin on one day: sorted, joined where they touch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day<'w>(pub &'w [Span]);

/// Sorts the stretches of a day and joins those that touch.
pub(super) fn joined(spans: &[Span]) -> Vec<Span> {
    let mut sorted = spans.to_vec();
    sorted.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(sorted.len());
    for span in sorted {
        match joined.last().and_then(|last| last.joined(span)) {
            Some(both) => {
                joined.pop();
                joined.push(both);
            }
            None => joined.push(span),
        }
    }
    joined
}

impl Day<'_> {
    /// The stretch around a minute counted from this day's midnight, be it the next day's.
    fn around(&self, minute: u16) -> Option<Span> {
        self.0.iter().copied().find(|span| span.from() <= minute && minute < span.to())
    }

    /// The minutes at which something begins or ends, counted from this day's midnight.
    fn edges(self) -> impl Iterator<Item = u16> {
        self.0.iter().flat_map(|span| [span.from(), span.to()])
    }
}

/// A stretch that holds, and the day it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub span: Span,
    pub begun: Date,
}

/// Says which day of the calendar goes by which hours.
pub(super) trait Calendar {
    /// The stretches that begin on a date; none is an empty day.
    fn day(&self, date: Date) -> Option<Day<'_>>;

    /// The stretch that holds at a moment: today's, else one of the calendar's day before that is not over.
    fn held(&self, now: Civil) -> Option<Held> {
        Pair::of(self, now.date).held(now)
    }
}

/// A day and the one before it: together they say everything about the day.
struct Pair<'c> {
    yesterday: Option<(Date, Day<'c>)>,
    today: Option<Day<'c>>,
}

impl<'c> Pair<'c> {
    fn of<C: Calendar + ?Sized>(calendar: &'c C, date: Date) -> Pair<'c> {
        let yesterday = date.yesterday().ok().and_then(|date| Some((date, calendar.day(date)?)));
        Pair { yesterday, today: calendar.day(date) }
    }

    fn held(&self, now: Civil) -> Option<Held> {
        if let Some(span) = self.today.and_then(|day| day.around(now.minute)) {
            return Some(Held { span, begun: now.date });
        }
        let (begun, day) = self.yesterday?;
        day.around(now.minute + MINUTES_PER_DAY).map(|span| Held { span, begun })
    }

    /// Where on this day's clock something may begin or end, in no order.
    fn edges(&self) -> impl Iterator<Item = u16> {
        let carried = self.yesterday.into_iter().flat_map(|(_, day)| day.edges());
        let carried = carried.filter_map(|edge| edge.checked_sub(MINUTES_PER_DAY));
        let own = self.today.into_iter().flat_map(Day::edges).filter(|edge| *edge < MINUTES_PER_DAY);
        // Midnight is one by itself: what yesterday held until the end of the day may end there.
        std::iter::once(0).chain(carried).chain(own)
    }
}

/// The minutes of a date's clock at which something may begin or end, in no order; some come twice.
pub(super) fn edges_on<C: Calendar + ?Sized>(calendar: &C, date: Date) -> Vec<u16> {
    Pair::of(calendar, date).edges().collect()
}

/// The first moment of an unbroken civil clock after `from`, at most `last`, at which something begins to hold or ends.
pub(super) fn next_edge<C: Calendar + ?Sized>(calendar: &C, from: Civil, last: Civil) -> Option<Civil> {
    let held = calendar.held(from).is_some();
    let mut date = from.date;
    loop {
        let pair = Pair::of(calendar, date);
        let turns = |moment: &Civil| *moment > from && pair.held(*moment).is_some() != held;
        let edge = pair.edges().map(|minute| Civil { date, minute }).filter(turns).min();
        if edge.is_some() {
            return edge.filter(|edge| *edge <= last);
        }
        date = date.tomorrow().ok().filter(|date| *date <= last.date)?;
    }
}
