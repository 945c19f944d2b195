//! `businessHours`: the week, the holidays, and the days on which it is otherwise.

use jiff::civil::Date;
use serde_json::Value;

use super::reader::{Notes, Object, Path, bounded};
use super::span::Span;

pub(super) const HOLIDAY_CALENDAR: &str = "holidayCalendar";
pub(super) const CALENDAR_URL: &str = "calendarUrl";

/// Foreign calendars: refused until they are obeyed.
pub(super) const NOT_YET: [&str; 2] = [HOLIDAY_CALENDAR, CALENDAR_URL];

/// Most stretches of one day: one every half hour, more is a mistake.
const SPANS_PER_DAY_MAX: usize = 48;

/// Most holidays: some twenty a year for a century.
const HOLIDAYS_MAX: usize = 2_000;

/// Most exceptions: every day of five years by name.
const EXCEPTIONS_MAX: usize = 2_000;

/// Longest name of an exception; it is shown in lists and traces.
const NAME_CHARS_MAX: usize = 200;

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The hours of each weekday, Monday first.
pub type Week = [Vec<Span>; 7];

/// When the business is open.
#[derive(Clone, Debug)]
pub struct BusinessHours {
    /// The hours of an ordinary week; a closed day has none.
    pub week: Week,
    /// Days on which nothing begins.
    pub holidays: Vec<Holiday>,
    /// Days that go by hours of their own, as given.
    pub exceptions: Vec<Exception>,
}

/// A day on which nothing begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holiday {
    /// Once.
    On(Date),
    /// Every year that has the day.
    Yearly {
        /// 1 to 12.
        month: i8,
        /// 1 to 31.
        day: i8,
    },
}

/// Days that go by hours of their own.
#[derive(Clone, Debug)]
pub struct Exception {
    /// Which days.
    pub days: ExceptionDays,
    /// Their hours; none is closed.
    pub hours: Vec<Span>,
    /// What people call it.
    pub name: Option<String>,
}

/// The days of an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionDays {
    /// One day; beats a range.
    On(Date),
    /// From one to another, both included.
    Range(Date, Date),
}

impl BusinessHours {
    /// Reads all but the zone; none if there is no schedule, which is not the same as a closed week.
    pub(super) fn read(given: &Object<'_>, notes: &mut Notes) -> Option<BusinessHours> {
        given.refuse(&NOT_YET, notes);
        given.name_unknown(&["timezone", "schedule", "holidays", "exceptions"], &[&NOT_YET], notes);
        let holidays = read_holidays(given, notes);
        let exceptions = read_exceptions(given, notes);
        let path = given.path.key("schedule");
        let schedule = given.section(&path, notes)?;
        Some(BusinessHours { week: read_week(&schedule, notes), holidays, exceptions })
    }
}

fn read_week(schedule: &Object<'_>, notes: &mut Notes) -> Week {
    schedule.name_unknown(&WEEKDAYS, &[], notes);
    WEEKDAYS.map(|weekday| match schedule.get(weekday) {
        None => Vec::new(),
        Some(hours) => read_day(hours, &schedule.path.key(weekday), notes),
    })
}

/// `{open, close}` or a list of those.
fn read_day(hours: &Value, path: &Path<'_>, notes: &mut Notes) -> Vec<Span> {
    match hours {
        Value::Object(_) => read_span(hours, path, notes).into_iter().collect(),
        Value::Array(entries) => {
            let entries = bounded(entries, path, SPANS_PER_DAY_MAX, notes).iter().enumerate();
            entries.filter_map(|(index, entry)| read_span(entry, &path.index(index), notes)).collect()
        }
        _ => {
            notes.fault(path, "type", "must be null, `{open, close}` or a list of those");
            Vec::new()
        }
    }
}

fn read_span(given: &Value, path: &Path<'_>, notes: &mut Notes) -> Option<Span> {
    let given = Object::read(given, path, notes)?;
    given.name_unknown(&["open", "close"], &[], notes);
    Span::read(&given, "open", "close", notes)
}

fn read_holidays(given: &Object<'_>, notes: &mut Notes) -> Vec<Holiday> {
    let path = given.path.key("holidays");
    let entries = given.list("holidays", HOLIDAYS_MAX, notes).iter().enumerate();
    entries
        .filter_map(|(index, entry)| {
            let holiday = entry.as_str().and_then(parse_holiday);
            if holiday.is_none() {
                let detail = "must be a day of the calendar as `2026-12-25`, or `--12-25` for every year";
                notes.fault(&path.index(index), "date", detail);
            }
            holiday
        })
        .collect()
}

fn read_exceptions(given: &Object<'_>, notes: &mut Notes) -> Vec<Exception> {
    let path = given.path.key("exceptions");
    let entries = given.list("exceptions", EXCEPTIONS_MAX, notes).iter().enumerate();
    entries.filter_map(|(index, entry)| read_exception(entry, &path.index(index), notes)).collect()
}

fn read_exception(entry: &Value, path: &Path<'_>, notes: &mut Notes) -> Option<Exception> {
    let given = Object::read(entry, path, notes)?;
    given.name_unknown(&["date", "from", "to", "hours", "name"], &[], notes);
    let name = given.text("name", NAME_CHARS_MAX, notes).map(str::to_owned);
    // Closed is said with `null`: a forgotten key must not close a business.
    if !given.mentions("hours") {
        notes.fault(&path.key("hours"), "required", "`hours` is missing; `null` means closed");
    }
    let hours = given.get("hours").map(|hours| read_day(hours, &path.key("hours"), notes)).unwrap_or_default();
    Some(Exception { days: read_days(&given, notes)?, hours, name })
}

fn read_days(given: &Object<'_>, notes: &mut Notes) -> Option<ExceptionDays> {
    let ranged = given.get("from").is_some() || given.get("to").is_some();
    if given.get("date").is_some() {
        if ranged {
            notes.fault(&given.path.key("date"), "conflict", "either `date` or `from` and `to`, not both");
        }
        return read_date(given, "date", notes).map(ExceptionDays::On);
    }
    if !ranged {
        notes.fault(&given.path.key("date"), "required", "`date`, or `from` and `to`, is missing");
        return None;
    }
    let (first, last) = (read_date(given, "from", notes), read_date(given, "to", notes));
    let (first, last) = (first?, last?);
    if last < first {
        notes.fault(&given.path.key("to"), "range", "must not be before `from`");
        return None;
    }
    Some(ExceptionDays::Range(first, last))
}

fn read_date(given: &Object<'_>, key: &str, notes: &mut Notes) -> Option<Date> {
    let date = given.required(key, notes)?.as_str().and_then(parse_date);
    if date.is_none() {
        notes.fault(&given.path.key(key), "date", "must be a day of the calendar as `2026-12-25`");
    }
    date
}

fn parse_holiday(text: &str) -> Option<Holiday> {
    let Some(yearly) = text.strip_prefix("--") else { return parse_date(text).map(Holiday::On) };
    // A leap year has every day there is.
    let date = parse_date(&format!("2000-{yearly}"))?;
    Some(Holiday::Yearly { month: date.month(), day: date.day() })
}

/// `YYYY-MM-DD` and nothing else.
pub fn parse_date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(place, byte)| match place {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0i16, |number, digit| number * 10 + i16::from(digit - b'0'));
    // Two digits always fit.
    Date::new(number(&bytes[..4]), number(&bytes[5..7]) as i8, number(&bytes[8..]) as i8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_day_of_the_calendar() {
        for good in ["2026-12-25", "2024-02-29", "0001-01-01", "9999-12-31"] {
            assert!(parse_date(good).is_some(), "{good}");
        }
        for bad in ["", "2026-1-1", "2026-02-29", "2026-13-01", "2026-00-10", "2026-12-32", "26-12-25", "2026/12/25"] {
            assert!(parse_date(bad).is_none(), "{bad}");
        }
        for bad in ["2026-12-25T00:00", "+026-12-25", "２026-12-2", "20261225"] {
            assert!(parse_date(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_yearly_holiday_may_be_the_leap_day() {
        assert_eq!(parse_holiday("--02-29"), Some(Holiday::Yearly { month: 2, day: 29 }));
        assert_eq!(parse_holiday("--12-25"), Some(Holiday::Yearly { month: 12, day: 25 }));
        for bad in ["--02-30", "--1-1", "-12-25", "--", "----12-25"] {
            assert_eq!(parse_holiday(bad), None, "{bad}");
        }
    }
}
