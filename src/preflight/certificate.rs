//! How near the end of the edge's certificate is, and what is said of it.

use jiff::{SignedDuration, Timestamp};

use super::{Finding, Grade};

/// Those who renew certificates do so a month before their end: one that has not been by now may never be.
const WARN_WITHIN: SignedDuration = SignedDuration::from_hours(24 * 21);

/// So near the end nobody may have time any more to find out why it was not renewed.
const FAULT_WITHIN: SignedDuration = SignedDuration::from_hours(24 * 3);

/// How a certificate is that ends then.
pub fn grade(end: Timestamp, now: Timestamp) -> Grade {
    let left = end.duration_since(now);
    if left <= FAULT_WITHIN {
        Grade::Fault
    } else if left <= WARN_WITHIN {
        Grade::Warning
    } else {
        Grade::Ok
    }
}

/// The same in words.
pub fn words(end: Timestamp, now: Timestamp) -> String {
    let (left, day) = (end.duration_since(now), end.strftime("%Y-%m-%d at %H:%M UTC"));
    let days = left.as_hours().abs() / 24;
    let told = match days {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    if left.is_positive() {
        format!("the certificate ends on {day}, in {told}")
    } else {
        format!("the certificate ended on {day}, {told} ago: Twilio does not call here any more")
    }
}

pub(super) fn finding(end: Timestamp, now: Timestamp) -> Finding {
    super::finding(grade(end, now), "edge.tls", words(end, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_weeks_before_the_end_is_a_warning_and_three_days_a_fault() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let end = at("2026-12-31T12:00:00Z");
        for (now, expected, told) in [
            ("2026-12-01T12:00:00Z", Grade::Ok, "in 30 days"),
            ("2026-12-10T11:59:59Z", Grade::Ok, "in 21 days"),
            ("2026-12-10T12:00:00Z", Grade::Warning, "in 21 days"),
            ("2026-12-28T11:59:59Z", Grade::Warning, "in 3 days"),
            ("2026-12-28T12:00:00Z", Grade::Fault, "in 3 days"),
            ("2026-12-30T11:00:00Z", Grade::Fault, "in 1 day"),
            ("2026-12-31T11:59:59Z", Grade::Fault, "in less than a day"),
            ("2026-12-31T12:00:00Z", Grade::Fault, "less than a day ago"),
            ("2027-01-05T12:00:00Z", Grade::Fault, "ended on 2026-12-31 at 12:00 UTC, 5 days ago"),
        ] {
            assert_eq!(grade(end, at(now)), expected, "{now}");
            assert!(words(end, at(now)).contains(told), "{now}: {}", words(end, at(now)));
        }
    }
}
