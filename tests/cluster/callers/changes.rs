//! A business that changes its settings all the time, now at this edge, now at that: which of them may be in force when.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::heard::Heard;
use crate::servers::Desk;

/// How soon every edge obeys a change.
pub const OBEYED_WITHIN: Duration = Duration::from_secs(1);
/// What its callers hear by one setting and the other.
pub const SETTINGS: [Heard; 2] = [Heard::Ai, Heard::Message];
/// Between two changes.
const EVERY: Duration = Duration::from_millis(1_500);

/// The history of one business, from the setting it begins with.
#[derive(Default)]
pub struct Changes(Mutex<Vec<Change>>);

struct Change {
    asked: Instant,
    /// When it was acknowledged; nothing where nobody said so, and it may be in force or not.
    done: Option<Instant>,
    heard: Heard,
}

impl Changes {
    /// What it begins with: the AI.
    pub fn setting(&self) -> Value {
        setting(Heard::Ai)
    }

    /// Whether a caller who was answered within this time may have heard this.
    pub fn allow(&self, heard: Heard, asked: Instant, answered: Instant) -> bool {
        let changes = self.0.lock().expect("nobody panicked");
        // The last that every edge obeys for sure; what was before it is over.
        let certain = changes.iter().rposition(|change| change.done.is_some_and(|done| done + OBEYED_WITHIN < asked));
        let first = certain.map_or(Heard::Ai, |certain| changes[certain].heard);
        let since = certain.map_or(0, |certain| certain + 1);
        let later = changes[since..].iter().filter(|change| change.asked <= answered).map(|change| change.heard);
        // One whose fate nobody knows may have come before the certain one, and then it is over, by its version.
        std::iter::once(first).chain(later).any(|allowed| allowed == heard)
    }

    /// Changes it until told to stop.
    pub async fn go_on(&self, tenant: &str, desks: &[Desk]) {
        for turn in 0.. {
            tokio::time::sleep(EVERY).await;
            let desk = &desks[turn % desks.len()];
            let Some((200, now)) = desk.admin("GET", &format!("/api/tenants/{tenant}"), None).await else { continue };
            let heard = SETTINGS[(turn + 1) % 2];
            let place = {
                let mut changes = self.0.lock().expect("nobody panicked");
                changes.push(Change { asked: Instant::now(), done: None, heard });
                changes.len() - 1
            };
            // Only where nobody changed it since: one that was held up on its way does not come in late.
            let path = format!("/api/tenants/{tenant}/availability");
            let answer = desk.admin_if("PUT", &path, Some(&setting(heard)), now["version"].as_u64()).await;
            if matches!(answer, Some((200, _))) {
                self.0.lock().expect("nobody panicked")[place].done = Some(Instant::now());
            }
        }
    }
}

fn setting(heard: Heard) -> Value {
    let mode = if heard == Heard::Ai { "always" } else { "disabled" };
    json!({"mode": mode, "fallback": {"type": "voicemail"}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_may_be_in_force_from_when_it_was_asked_for_and_is_a_second_after_its_answer() {
        let begin = Instant::now();
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let change = |asked, done: Option<u64>| Change { asked: at(asked), done: done.map(at), heard: Heard::Message };
        let known = Changes(Mutex::new(vec![change(1_000, Some(1_100))]));
        let unknown = Changes(Mutex::new(vec![change(1_000, None)]));
        for (asked, answered, ai, message) in
            [(0, 900, true, false), (900, 1_000, true, true), (2_100, 2_150, true, true), (2_101, 2_150, false, true)]
        {
            assert_eq!(known.allow(Heard::Ai, at(asked), at(answered)), ai, "{asked}");
            assert_eq!(known.allow(Heard::Message, at(asked), at(answered)), message, "{asked}");
        }
        assert!(unknown.allow(Heard::Ai, at(9_000), at(9_010)) && unknown.allow(Heard::Message, at(9_000), at(9_010)));
    }
}
