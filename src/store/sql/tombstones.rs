//! Marks left by what was erased: a record that comes late is dropped, lest it bring somebody back.
//!
//! A mark is a hash: it tells nothing of whose call it was, and is enough to know a SID again.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::bulk::KEYS_MAX;
use super::read::json_text;
use super::{Engine, READ_MAX, Writing, within};
use crate::model::Sid;
use crate::store::copy::hex;
use crate::store::cursor::nanos;
use crate::store::{Numbered, StoreError};

/// Whether there is any mark at all: mostly there is none, and no record need be looked up.
#[derive(Clone, Copy)]
pub(super) struct Tombstones {
    pub(super) any: bool,
}

impl Tombstones {
    /// The records that are not of something that was erased.
    pub(super) async fn spared<'r>(
        self,
        writing: &mut Writing,
        mut records: Vec<&'r Numbered>,
    ) -> Result<Vec<&'r Numbered>, StoreError> {
        if !self.any {
            return Ok(records);
        }
        let mut found: HashSet<String> = HashSet::new();
        for some in records.chunks(KEYS_MAX) {
            let marks: Vec<String> = some.iter().flat_map(|record| record.record.marks()).map(mark).collect();
            let query = "SELECT mark FROM tombstones WHERE mark IN (SELECT value FROM json_each($1))";
            found.extend(
                sqlx::query_scalar::<_, String>(query).bind(json_text(&marks)?).fetch_all(&mut **writing).await?,
            );
        }
        if !found.is_empty() {
            records.retain(|record| !record.record.marks().any(|sid| found.contains(&mark(sid))));
        }
        Ok(records)
    }
}

impl Engine {
    pub(in crate::store) async fn is_erased(&self, sids: &[&Sid]) -> Result<bool, StoreError> {
        within(READ_MAX, async {
            let marks: Vec<String> = sids.iter().map(|sid| mark(sid)).collect();
            let query = sqlx::query("SELECT 1 FROM tombstones WHERE mark IN (SELECT value FROM json_each($1)) LIMIT 1");
            Ok(query.bind(json_text(&marks)?).fetch_optional(&mut *self.read().await?).await?.is_some())
        })
        .await
    }
}

/// Leaves marks for what these SIDs name.
pub(super) async fn bury<'a>(
    writing: &mut Writing,
    sids: impl Iterator<Item = &'a Sid>,
    until: Timestamp,
) -> Result<(), StoreError> {
    // Each once: Postgres does not write one row twice in one statement.
    let marks: BTreeSet<String> = sids.map(mark).collect();
    let query = sqlx::query(
        "INSERT INTO tombstones (mark, until) SELECT value, $2 FROM json_each($1) WHERE true \
         ON CONFLICT (mark) DO UPDATE \
         SET until = CASE WHEN tombstones.until > excluded.until THEN tombstones.until ELSE excluded.until END",
    );
    query.bind(json_text(&marks)?).bind(nanos(until)).execute(&mut **writing).await?;
    Ok(())
}

fn mark(sid: &Sid) -> String {
    let sum = Sha256::new().chain_update(b"erased\0").chain_update(sid.as_str()).finalize();
    hex(&sum[..16])
}
