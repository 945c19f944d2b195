//! What one process does for all: sending webhooks, erasing what has had its time, looking after numbers and ports.
//!
//! Whoever does it holds a place in the store for a few seconds and renews it. A process that was stopped finds its time
//! over when it wakes, before it asks anybody; what it had begun is refused or done once more, as after a crash.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// For how long a place is held.
const HELD_FOR: Duration = Duration::from_secs(10);

/// How often it is renewed, and asked for by those who do not have it.
const RENEW_EVERY: Duration = Duration::from_secs(3);

/// How long before its end it is no longer relied on.
const MARGIN: Duration = Duration::from_secs(2);

/// The one place there is.
const CHORES: &str = "chores";

/// Whether this process does what one does for all. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Duties {
    store: Store,
    holder: Arc<str>,
    began: Instant,
    /// Until when it is relied on, in milliseconds since it began.
    until: Arc<AtomicU64>,
}

impl Duties {
    /// Of a process that `holder` names among all.
    pub fn new(store: Store, holder: &str) -> Duties {
        Duties { store, holder: Arc::from(holder), began: Instant::now(), until: Arc::default() }
    }

    /// Are they this process's, now?
    pub fn are_mine(&self) -> bool {
        !self.store.is_shared() || self.millis() < self.until.load(Ordering::Acquire)
    }

    /// Takes them when nobody has them, until `stopping` comes; then leaves them.
    pub async fn run(self, stopping: CancellationToken) {
        if !self.store.is_shared() {
            return;
        }
        let mut had = false;
        loop {
            let asked_at = self.millis();
            // From when it was asked for: the answer may have been long on its way.
            let until = asked_at + (HELD_FOR - MARGIN).as_millis() as u64;
            match timeout(RENEW_EVERY, self.store.hold_duty(CHORES, &self.holder, HELD_FOR)).await {
                Ok(Ok(true)) => self.until.store(until, Ordering::Release),
                Ok(Ok(false)) => self.until.store(0, Ordering::Release),
                // Nobody else can get them meanwhile before the time is over.
                Ok(Err(_)) | Err(_) => {}
            }
            if self.are_mine() != had {
                had = !had;
                tracing::info!(mine = had, "what one process does for all");
            }
            if stopping.run_until_cancelled(sleep(RENEW_EVERY)).await.is_none() {
                self.until.store(0, Ordering::Release);
                let _ = timeout(RENEW_EVERY, self.store.leave_duties(&self.holder)).await;
                return;
            }
        }
    }

    fn millis(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }
}
