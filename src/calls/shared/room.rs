//! What the call path and the task that speaks with Redis have in common: the mirror, what is to be told, and whether
//! Redis is to be counted on.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::super::lease::Changed;
use super::super::leases::Leases;
use super::deed::Spelled;
use super::held::{FindSettings, Held, Names};
use super::pending::{News, Pending};
use crate::model::Sid;
use crate::telemetry::Metrics;

/// How many calls Vapi takes where nobody knows.
const UNKNOWN: u64 = u64::MAX;

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Nobody has asked Redis yet.
    Starting,
    /// Redis.
    Shared,
    /// This edge, alone.
    Degraded,
}

pub(super) struct Room {
    /// The mirror: every live call of the installation, as far as is known here.
    pub(super) leases: Leases<Held>,
    pub(super) names: Names,
    pub(super) pending: Pending,
    /// Calls whose lease ran out while nobody could tell whether another edge had heard of them.
    unsettled: Mutex<Vec<Sid>>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) find: FindSettings,
    /// Tells this edge from others, and from itself before a restart.
    pub(super) edge: String,
    ai_limit: AtomicU64,
    mode: watch::Sender<Mode>,
}

impl Room {
    pub(super) fn new(ai_limit: Option<u32>, metrics: Arc<Metrics>, find: FindSettings) -> Room {
        metrics.ledger_mode("degraded");
        let room = Room {
            leases: Leases::new(ai_limit),
            names: Names::default(),
            pending: Pending::default(),
            unsettled: Mutex::default(),
            metrics,
            find,
            edge: random_name(),
            ai_limit: AtomicU64::new(UNKNOWN),
            mode: watch::Sender::new(Mode::Starting),
        };
        room.set_ai_limit(ai_limit);
        room
    }

    pub(super) fn ai_limit(&self) -> Option<u32> {
        u32::try_from(self.ai_limit.load(Ordering::Relaxed)).ok()
    }

    pub(super) fn set_ai_limit(&self, limit: Option<u32>) {
        self.ai_limit.store(limit.map_or(UNKNOWN, u64::from), Ordering::Relaxed);
        self.leases.set_ai_limit(limit);
    }

    /// The latest instant anybody told us, in milliseconds.
    pub(super) fn now(&self) -> i64 {
        self.leases.latest_told().as_millisecond().max(0)
    }

    /// Something of a live call has changed here.
    pub(super) fn changed(&self, sid: &Sid, what: Changed) {
        self.pending.changed(sid, what);
    }

    /// Takes over how a call stands elsewhere, but for what is still to be told of it.
    pub(super) fn stands(&self, lease: Spelled) {
        let sid = lease.sid.clone();
        let ours = match self.pending.of(&sid) {
            Some(News::Over) => return,
            Some(News::Changed(ours)) => ours,
            None => Changed::default(),
        };
        if !self.leases.follow(lease.image(&self.names), ours) {
            // It ended here, and whoever was told has lost that.
            self.pending.over(&sid);
        }
    }

    /// Another edge gave this call its first answer: that one stays.
    pub(super) fn was_answered_elsewhere(&self, lease: Spelled) {
        let ours = match self.pending.of(&lease.sid) {
            Some(News::Over) => return,
            Some(News::Changed(ours)) => Changed { began: false, ..ours },
            None => Changed::default(),
        };
        self.leases.follow(lease.image(&self.names), ours);
    }

    /// A call ended elsewhere.
    pub(super) fn is_over(&self, sid: &Sid) {
        self.leases.end_if(sid, |_| true);
        self.pending.forget(sid);
    }

    /// Its lease ran out elsewhere.
    pub(super) fn is_out(&self, sid: &Sid) {
        if self.pending.of(sid).is_none() {
            self.leases.drop_lease(sid);
        }
    }

    /// The lease of this call has run out here, and what became of it is asked when Redis is back.
    pub(super) fn settles_later(&self, sid: Sid) {
        self.leases.drop_lease(&sid);
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).push(sid);
    }

    /// Those that were left for later.
    pub(super) fn unsettled(&self) -> Vec<Sid> {
        std::mem::take(&mut *self.unsettled.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn is_shared(&self) -> bool {
        *self.mode.borrow() == Mode::Shared
    }

    pub(super) fn is_told(&self) -> bool {
        self.pending.is_empty()
    }

    /// Waits until it is known whether Redis is there.
    pub(super) async fn settled(&self) {
        let mut mode = self.mode.subscribe();
        // The sender lives as long as `self`.
        let _ = mode.wait_for(|mode| *mode != Mode::Starting).await;
    }

    /// Redis counts.
    pub(super) fn share(&self) {
        if self.turn(Mode::Shared) {
            self.metrics.ledger_mode("redis");
            tracing::info!(calls = self.leases.pools().all, "live calls are counted in Redis, for all edges together");
        }
    }

    /// This edge counts alone: by what it knew of all edges until now, and by its own calls from here on.
    pub(super) fn degrade(&self, why: &dyn fmt::Display) {
        if self.turn(Mode::Degraded) {
            self.metrics.ledger_mode("degraded");
            tracing::warn!(
                why = %why,
                "Redis cannot be counted on: this edge counts live calls by itself until it can; no call is refused for it"
            );
        }
        self.pending.news.notify_one();
    }

    /// True if it was another.
    fn turn(&self, to: Mode) -> bool {
        self.mode.send_if_modified(|mode| std::mem::replace(mode, to) != to)
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").field("edge", &self.edge).field("mode", &*self.mode.borrow()).finish_non_exhaustive()
    }
}

/// A name nobody else has.
pub(super) fn random_name() -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system gives random bytes, or nothing sealed or named here is safe");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
