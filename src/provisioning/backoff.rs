//! When a step that failed is tried again. Pure.

use jiff::SignedDuration;

/// The first pauses, in milliseconds. Together with five answers that never come, ten seconds each, they are less than a
/// minute: within it, a lost step is tried again five times.
const FIRST_MS: [i64; 5] = [500, 1_000, 2_000, 2_000, 3_000];

/// The pauses after that double from here.
const THEN_MS: i64 = 5_000;

/// The longest. Whoever waits for a provider that was away hears of its return after this at the latest.
const LONGEST_MS: i64 = 120_000;

/// How long to wait after so many failures in a row; `chance`, between 0 and 1, takes up to a fifth off, so that those
/// who failed together do not come back together. A provider that asks for rest gets it.
pub(super) fn pause(failures: u32, chance: f64, asked: Option<std::time::Duration>) -> SignedDuration {
    let place = usize::try_from(failures).unwrap_or(usize::MAX);
    let doubled = failures.saturating_sub(FIRST_MS.len() as u32).min(10);
    let whole = FIRST_MS.get(place).copied().unwrap_or_else(|| (THEN_MS << doubled).min(LONGEST_MS));
    let off = (whole as f64 * 0.2 * chance.clamp(0.0, 1.0)) as i64;
    let own = SignedDuration::from_millis(whole - off);
    let asked = asked.and_then(|asked| SignedDuration::try_from(asked).ok()).unwrap_or_default();
    own.max(asked)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_step_whose_answers_are_lost_is_tried_again_five_times_within_a_minute() {
        let lost = SignedDuration::from_secs(10);
        let fifth = (0..5).fold(SignedDuration::ZERO, |at, failures| at + lost + pause(failures, 0.0, None));
        assert!(pause(0, 0.0, None) < SignedDuration::from_secs(5), "the first within seconds");
        assert!(fifth < SignedDuration::from_secs(60), "{fifth}");
    }

    #[test]
    fn pauses_grow_to_two_minutes_and_are_never_shorter_than_asked_for() {
        let told = [5, 6, 9, 10, 1_000].map(|failures| pause(failures, 0.0, None).as_secs());
        assert_eq!(told, [5, 10, 80, 120, 120]);
        assert_eq!(pause(10, 1.0, None).as_secs(), 96);
        assert_eq!(pause(0, 1.0, Some(Duration::from_secs(30))).as_secs(), 30);
    }
}
