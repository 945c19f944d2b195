//! Takes out what has had its time, batch by batch, with a pause after each so that others come to write.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{Retention, Sid};
use crate::store::{Store, StoreError, SweepKind};

use super::plan::{ago, rounds};

/// What a sweep came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Calls that went.
    pub calls: u64,
    /// Voicemails.
    pub voicemails: u64,
    /// Transcripts and summaries.
    pub transcripts: u64,
    /// Entries of the audit log.
    pub audit: u64,
    /// Tenants long gone whose settings went.
    pub tenants: u64,
    /// Recordings queued to be deleted at Twilio.
    pub queued: u64,
}

/// Sweeps once through everything. Calls in `live` are left alone.
pub async fn sweep(
    store: &Store,
    installation: &Retention,
    live: &HashSet<Sid>,
    now: Timestamp,
    pause: Duration,
) -> Result<Totals, StoreError> {
    let mut totals = Totals::default();
    for round in rounds(installation, &store.retentions().await?, now) {
        let mut place = None;
        loop {
            let swept = store.sweep(&round, place.as_ref(), live, now).await?;
            totals.queued += swept.queued;
            match round.kind {
                SweepKind::Calls => totals.calls += swept.gone,
                SweepKind::Voicemails => totals.voicemails += swept.gone,
                SweepKind::Transcripts | SweepKind::Summaries => totals.transcripts += swept.gone,
            }
            place = swept.next;
            if place.is_none() {
                break;
            }
            tokio::time::sleep(pause).await;
        }
    }
    let audit_before = installation.audit_days.map(|days| ago(now, days));
    // A tenant that is gone falls under the installation's period, and so do its settings.
    let tenants_before = installation.calls_days.map(|days| ago(now, days));
    loop {
        let cleared = store.clear(audit_before, tenants_before, now).await?;
        totals.audit += cleared.audit;
        totals.tenants += cleared.tenants;
        if cleared.audit + cleared.tombstones + cleared.tenants == 0 {
            return Ok(totals);
        }
        tokio::time::sleep(pause).await;
    }
}
