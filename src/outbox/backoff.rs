//! When a delivery that failed is tried again. Pure: chance and the receiver's wish come in as arguments.

use jiff::{SignedDuration, Timestamp};

/// The waits between attempts, as Standard Webhooks suggests; after the last attempt a delivery is dead. Three days in
/// all, so that a receiver that broke on a Friday evening is told on Monday.
const WAITS: [SignedDuration; 9] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(14),
    SignedDuration::from_hours(20),
    SignedDuration::from_hours(24),
];

/// Longest wait a receiver may ask for.
const ASKED_MAX: SignedDuration = SignedDuration::from_hours(24);

/// How much longer chance makes a wait at most: what failed together does not come back together.
const JITTER: f64 = 0.1;

/// When the next attempt is after this many, the last of which failed at `now`; none if that was the last.
///
/// `chance` is between 0 and 1. A receiver may ask for a longer wait, never for a shorter one.
pub fn next_attempt(attempts: u32, now: Timestamp, chance: f64, asked: Option<SignedDuration>) -> Option<Timestamp> {
    let wait = *WAITS.get(usize::try_from(attempts).ok()?.checked_sub(1)?)?;
    let longer = SignedDuration::try_from_secs_f64(wait.as_secs_f64() * JITTER * chance.clamp(0.0, 1.0));
    let wait = wait + longer.unwrap_or_default();
    let asked = asked.unwrap_or_default().min(ASKED_MAX);
    now.checked_add(wait.max(asked)).ok()
}

/// `Retry-After`: seconds, or a date.
pub fn retry_after(value: &str, now: Timestamp) -> Option<SignedDuration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(SignedDuration::from_secs(value.parse().unwrap_or(i64::MAX)));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(date.duration_since(now).max(SignedDuration::ZERO))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    #[test]
    fn ten_attempts_wait_as_the_specification_suggests() {
        let expected = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        for (attempts, seconds) in (1..).zip(expected) {
            assert_eq!(next_attempt(attempts, at(0), 0.0, None), Some(at(seconds)), "after {attempts}");
        }
        assert_eq!(next_attempt(10, at(0), 0.0, None), None);
        assert_eq!(next_attempt(u32::MAX, at(0), 0.0, None), None);
        assert_eq!(next_attempt(0, at(0), 0.0, None), None, "nothing failed");
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_up_to_a_day_and_never_for_less() {
        let asks = |seconds| next_attempt(2, at(0), 0.0, Some(SignedDuration::from_secs(seconds))).unwrap();
        assert_eq!(asks(1), at(300));
        assert_eq!(asks(301), at(301));
        assert_eq!(asks(86_400), at(86_400));
        assert_eq!(asks(86_401), at(86_400));
        assert_eq!(asks(i64::MAX), at(86_400));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        for (value, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("99999999999999999999", Some(i64::MAX)),
            ("Fri, 20 Nov 2026 10:02:00 GMT", Some(120)),
            ("Fri, 20 Nov 2026 09:00:00 GMT", Some(0)),
            ("", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(value, now), seconds.map(SignedDuration::from_secs), "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn chance_makes_a_wait_longer_by_a_tenth_at_most(attempts in 1u32..10, chance in 0.0f64..1.0) {
            let plain = next_attempt(attempts, at(0), 0.0, None).unwrap().duration_since(at(0)).as_secs_f64();
            let with = next_attempt(attempts, at(0), chance, None).unwrap().duration_since(at(0)).as_secs_f64();
            prop_assert!(plain <= with && with <= plain * 1.1 + 0.001);
        }
    }
}
