//! The civil clock on the wall of a zone at an instant, which is all that hours and rules look at.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// What calendar and clock on the wall show. Both passes of a repeated hour look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Civil {
    pub date: Date,
    /// Minutes since midnight as the clock shows it, 0 to 1439.
    pub minute: u16,
}

impl Civil {
    pub fn at(zone: &TimeZone, now: Timestamp) -> Civil {
        Civil::from(zone.to_datetime(now))
    }
}

impl From<DateTime> for Civil {
    fn from(shown: DateTime) -> Civil {
        // Neither is ever negative.
        let minute = shown.hour().unsigned_abs() as u16 * 60 + shown.minute().unsigned_abs() as u16;
        Civil { date: shown.date(), minute }
    }
}
