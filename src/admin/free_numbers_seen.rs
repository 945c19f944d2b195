//! How many of Vapi's free numbers are used, as it was seen within the last minute: for what is looked at often and must
//! neither wait for Vapi nor fail with it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::providers::Vapi;

/// How long what was seen is good.
const GOOD_FOR: Duration = Duration::from_secs(60);

/// Longest somebody waits for Vapi who did not ask for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was seen last.
#[derive(Clone, Debug, Default)]
pub struct FreeNumbersSeen(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    asked: Option<Instant>,
    total: Option<u32>,
}

impl FreeNumbersSeen {
    /// How many there are. Where Vapi does not answer, what was seen before, and it is not asked again for a while.
    pub(super) async fn total(&self, vapi: &Vapi) -> Option<u32> {
        let mut seen = self.0.lock().await;
        if seen.asked.is_none_or(|asked| asked.elapsed() >= GOOD_FOR) {
            seen.asked = Some(Instant::now());
            match timeout(PATIENCE, vapi.free_numbers()).await {
                Ok(Ok(total)) => seen.total = Some(total),
                Ok(Err(error)) => tracing::debug!(%error, "how many free numbers are used is not known just now"),
                Err(_) => tracing::debug!("how many free numbers are used is not known just now: Vapi is slow"),
            }
        }
        seen.total
    }
}
