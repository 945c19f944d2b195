//! Making what was erased unreadable in the file itself.

use std::time::Duration;

use sqlx::Row as _;

use super::Sqlite;
use crate::store::{Scrubbed, StoreError};

/// Up to this size the file is written anew: what is erased is overwritten, but where rows were moved within a page, its
/// unused space may hold them still. Writers wait for it, about a second; what calls leave waits in the journal.
const COMPACT_BYTES_MAX: i64 = 64 * 1024 * 1024;

/// How often the log of the file is tried to be emptied, and how long between: a list that is being read ends by then.
const SCRUBS_MAX: u32 = 10;
const SCRUB_AGAIN: Duration = Duration::from_millis(50);

impl Sqlite {
    pub(in crate::store) async fn scrub(&self) -> Result<Scrubbed, StoreError> {
        let mut writer = self.writers.outside().await?;
        let size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        let size: i64 = sqlx::query_scalar(size).fetch_one(&mut *writer.connection).await?;
        let mut is_compact = size <= COMPACT_BYTES_MAX;
        if is_compact && let Err(error) = sqlx::query("VACUUM").execute(&mut *writer.connection).await {
            tracing::warn!(%error, "the database could not be written anew after an erasure");
            is_compact = false;
        }
        for attempt in 0..SCRUBS_MAX {
            if attempt > 0 {
                tokio::time::sleep(SCRUB_AGAIN).await;
            }
            let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *writer.connection).await?;
            let is_busy: i64 = row.try_get(0)?;
            if is_busy == 0 {
                return Ok(Scrubbed { is_log_empty: true, is_compact });
            }
        }
        Ok(Scrubbed { is_log_empty: false, is_compact })
    }
}
