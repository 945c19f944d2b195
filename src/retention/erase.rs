//! Takes out everything of one person, wherever it stands.
//!
//! First what is still on its way into the store is waited for, then calls go in batches, each one transaction, then
//! what no call leads to, then the file itself is cleaned. Doing it again changes nothing.

use std::collections::HashSet;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::journal::Journal;
use crate::model::{Record, Scope, Sid};
use crate::store::{Bounds, ErasureReport, KeptPlace, PersonAsk, Store, StoreError};

/// How many calls go in one transaction: some tens of milliseconds of writing.
const BATCH_MAX: u32 = 50;

/// Longest that records on their way are waited for. They take milliseconds where the store is well.
const SETTLE_MAX: Duration = Duration::from_secs(5);

/// How long late records of what was erased are known again: providers report within hours, and journals of machines
/// that stood still come later.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Asks which calls are under way.
pub type LiveSids = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = HashSet<Sid>> + Send>> + Send + Sync>;

/// What is on its way into the store, and what was set aside there.
#[derive(Clone, Debug, Default)]
pub struct Spool(Option<Journal>);

/// Whoever erases.
#[derive(Clone)]
pub struct Eraser {
    /// Where everything is kept.
    pub store: Store,
    /// Where it comes from.
    pub spool: Spool,
    /// Which calls are under way.
    pub live: LiveSids,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Spool {
    /// That of a journal.
    pub fn of(journal: Journal) -> Spool {
        Spool(Some(journal))
    }

    async fn settle(&self) -> u64 {
        match &self.0 {
            Some(journal) => journal.settled(SETTLE_MAX).await,
            None => 0,
        }
    }

    async fn set_aside(&self) -> std::io::Result<Vec<(PathBuf, Vec<u8>)>> {
        match &self.0 {
            Some(journal) => journal.set_aside().await,
            None => Ok(Vec::new()),
        }
    }
}

impl Eraser {
    /// Erases a person, or counts what would be erased.
    pub async fn erase(&self, ask: &PersonAsk, dry: bool) -> Result<ErasureReport, StoreError> {
        let asked_at = (self.now)();
        let mut report = ErasureReport { on_the_way: self.spool.settle().await, ..ErasureReport::default() };
        let bounds = Bounds { live: (self.live)().await, asked_at, remember_until: asked_at + REMEMBERED, dry };
        let mut after: Option<Sid> = None;
        loop {
            let calls = self.store.person_calls(ask, after.as_ref().map(Sid::as_str), BATCH_MAX).await?;
            let Some(last) = calls.last() else { break };
            after = Some(last.clone());
            report.erased += self.store.erase_calls(ask, &calls, &bounds).await?;
        }
        report.erased += self.store.erase_strays(ask, dry).await?;
        report.kept = self.store.number_kept(ask).await?;
        match self.erase_set_aside(ask, dry).await {
            Ok(files) => report.erased.refused += files,
            Err(error) => {
                tracing::error!(%error, "could not look through the records set aside in spool.dir");
                report.kept.push(kept("spool.dir/refused", "the files there could not be read: look at the log"));
            }
        }
        if !dry {
            // What came meanwhile was dropped on its way in; now it goes from the disk.
            report.on_the_way = self.spool.settle().await;
            let scrubbed = self.store.scrub().await?;
            if !scrubbed.is_compact {
                report.kept.push(kept(
                    "unused space of the database",
                    "it may hold older copies until it is written over; VACUUM takes them away while patchbay is stopped",
                ));
            }
            if !scrubbed.is_log_empty {
                report
                    .kept
                    .push(kept("database log", "somebody was reading: it is emptied with the next erasure or restart"));
            }
        }
        report.kept.extend(always_kept());
        Ok(report)
    }

    /// Records the store refused, each a file for a person to look at.
    async fn erase_set_aside(&self, ask: &PersonAsk, dry: bool) -> std::io::Result<u64> {
        let mut gone = 0;
        for (path, payload) in self.spool.set_aside().await? {
            let is_meant = self.is_meant(ask, &payload).await.map_err(std::io::Error::other)?;
            if is_meant {
                gone += 1;
                if !dry {
                    std::fs::remove_file(path)?;
                }
            }
        }
        Ok(gone)
    }

    async fn is_meant(&self, ask: &PersonAsk, payload: &[u8]) -> Result<bool, StoreError> {
        let Ok(record) = serde_json::from_slice::<Record>(payload) else {
            let holds = String::from_utf8_lossy(payload).contains(ask.person.digits());
            return Ok(holds && ask.scope == Scope::All && ask.tenant.is_none());
        };
        let marks: Vec<&Sid> = record.marks().collect();
        let is_theirs = ask.person.is_in(&record) || self.store.is_erased(&marks).await?;
        Ok(is_theirs && self.store.covers(ask, record.tenant_id()).await?)
    }
}

impl std::fmt::Debug for Eraser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Eraser").finish_non_exhaustive()
    }
}

fn kept(place: &str, why: &str) -> KeptPlace {
    KeptPlace { place: place.to_owned(), why: why.to_owned() }
}

/// What no erasure here reaches.
fn always_kept() -> [KeptPlace; 4] {
    [
        kept("idempotency", "answers kept for repeated requests are sealed and gone within 24 hours"),
        kept("backups", "a backup keeps what it was made of: after restoring one, erase again"),
        kept(
            "providers",
            "Twilio and Vapi log calls themselves: recordings and AI calls are deleted there, call logs are not",
        ),
        kept("log", "with log.phone_numbers the log names callers in full, as long as whoever collects it keeps it"),
    ]
}
