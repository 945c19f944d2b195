//! Times of a day and the stretch between two of them.

use serde_json::Value;

use super::reader::{Notes, Object};

/// Minutes from one midnight of the civil clock to the next.
pub const MINUTES_PER_DAY: u16 = 24 * 60;

/// A stretch of civil time that begins on one day and may run into the next.
///
/// Counted in minutes from the midnight of the day it begins: `from` is inside, `to` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    from: u16,
    to: u16,
}

impl Span {
    /// From one time of day to another; an end before the beginning is the next day's. Equal times are none.
    fn between(open: u16, close: u16) -> Option<Span> {
        match close {
            close if close == open => None,
            close if close < open => Some(Span { from: open, to: close + MINUTES_PER_DAY }),
            close => Some(Span { from: open, to: close }),
        }
    }

    /// The first minute inside.
    pub fn from(self) -> u16 {
        self.from
    }

    /// The first minute no longer inside; beyond the day's end if it runs into the next.
    pub fn to(self) -> u16 {
        self.to
    }

    /// One stretch that covers both, if they touch.
    pub fn joined(self, later: Span) -> Option<Span> {
        let touches = later.from <= self.to && self.from <= later.to;
        touches.then(|| Span { from: self.from.min(later.from), to: self.to.max(later.to) })
    }

    /// Reads the two times of an object, under the names it gives them.
    pub(super) fn read(given: &Object<'_>, open: &str, close: &str, notes: &mut Notes) -> Option<Span> {
        let from = read_time(given, open, MINUTES_PER_DAY - 1, notes);
        let to = read_time(given, close, MINUTES_PER_DAY, notes);
        let (from, to) = (from?, to?);
        let span = Span::between(from, to);
        if span.is_none() {
            let detail = format!("must differ from `{open}`; a whole day is `00:00` to `24:00`");
            notes.fault(&given.path.key(close), "equal_times", detail);
        }
        span
    }
}

fn read_time(given: &Object<'_>, key: &str, latest: u16, notes: &mut Notes) -> Option<u16> {
    let place = given.path.key(key);
    let Value::String(text) = given.required(key, notes)? else {
        notes.fault(&place, "type", "must be a text as `09:00`");
        return None;
    };
    let minute = parse_time(text).filter(|minute| *minute <= latest);
    if minute.is_none() {
        let detail = if latest == MINUTES_PER_DAY {
            "must be a time from `00:00` to `23:59`, or `24:00`"
        } else {
            "must be a time from `00:00` to `23:59`"
        };
        notes.fault(&place, "time", detail);
    }
    minute
}

/// `HH:MM` up to `24:00`, two digits each.
fn parse_time(text: &str) -> Option<u16> {
    let [h1, h2, b':', m1, m2] = *text.as_bytes() else { return None };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let (hour, minute) = (digit(h1)? * 10 + digit(h2)?, digit(m1)? * 10 + digit(m2)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= MINUTES_PER_DAY).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_two_digits_each_and_ends_at_midnight() {
        for (text, minute) in [("00:00", 0), ("09:05", 545), ("23:59", 1439), ("24:00", 1440)] {
            assert_eq!(parse_time(text), Some(minute), "{text}");
        }
        for bad in
            ["", "9:00", "09:0", "09:60", "24:01", "25:00", "0900", "09:00:00", "+9:00", "０9:00", " 9:00", "-1:00"]
        {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_end_before_the_beginning_is_the_next_days() {
        assert_eq!(Span::between(1320, 360), Some(Span { from: 1320, to: 1800 }));
        assert_eq!(Span::between(540, 0), Some(Span { from: 540, to: 1440 }));
        assert_eq!(Span::between(0, 1440), Some(Span { from: 0, to: 1440 }));
        assert_eq!(Span::between(540, 540), None);
    }
}
