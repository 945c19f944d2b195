//! The journal's records on their way into tables: each exactly once, whatever order they come in.

use std::time::Duration;

use sqlx::Row as _;

use super::bulk::KEYS_MAX;
use super::calls::{keep_calls, keep_events, kept_calls};
use super::read::json_text;
use super::tell::tell_all;
use super::tombstones::Tombstones;
use super::{Engine, READ_MAX, WORK_MAX, Writing, tell_others, voicemails, within};
use crate::model::Record;
use crate::store::batch::Batch;
use crate::store::{Numbered, StoreError};

/// What each record of a batch adds to the time it may take: after a long outage batches are large, and one that never
/// came to its end would hold up the journal for ever.
const RECORD_MAX: Duration = Duration::from_millis(10);

/// What a record does that cannot be applied as it is.
#[derive(Clone, Copy)]
enum Refusals {
    /// Fails the batch.
    Fail,
    /// Goes to a table of its own, so that those behind it are not held up for ever.
    SetAside,
}

impl Engine {
    pub(in crate::store) async fn apply(&self, journal: &str, records: &[Numbered]) -> Result<(), StoreError> {
        let mut in_order: Vec<&Numbered> = records.iter().collect();
        in_order.sort_by_key(|record| record.seq);
        in_order.dedup_by_key(|record| record.seq);
        let Some(last) = in_order.last().map(|record| record.seq) else { return Ok(()) };
        let limit = WORK_MAX + RECORD_MAX.saturating_mul(u32::try_from(in_order.len()).unwrap_or(u32::MAX));
        within(limit, async {
            match self.apply_batch(journal, &in_order, last, Refusals::Fail).await {
                // Something in the batch cannot be applied as it is: once more, and set that aside.
                Err(StoreError::Failed(why)) => {
                    tracing::error!(why, "a record cannot be applied");
                    self.apply_batch(journal, &in_order, last, Refusals::SetAside).await
                }
                done => done,
            }
        })
        .await
    }

    async fn apply_batch(
        &self,
        journal: &str,
        in_order: &[&Numbered],
        last: u64,
        refusals: Refusals,
    ) -> Result<(), StoreError> {
        let mut writing = self.write_patiently().await?;
        let standing = Standing::read(&mut writing, journal).await?;
        let fresh = in_order.iter().copied().filter(|record| standing.applied.is_none_or(|to| place(record.seq) > to));
        let fresh = standing.tombstones.spared(&mut writing, fresh.collect()).await?;
        let records: Vec<&Record> = fresh.iter().map(|record| &record.record).collect();
        match refusals {
            Refusals::Fail => apply_all(&mut writing, &records, standing.tells).await?,
            Refusals::SetAside => {
                for record in &fresh {
                    apply_or_set_aside(&mut writing, journal, record, standing.tells).await?;
                }
            }
        }
        tell_others(&mut writing, &records).await?;
        sqlx::query(
            "INSERT INTO journals (journal, applied_seq) VALUES ($1, $2) ON CONFLICT (journal) DO UPDATE \
             SET applied_seq = excluded.applied_seq WHERE journals.applied_seq < excluded.applied_seq",
        )
        .bind(journal)
        .bind(place(last))
        .execute(&mut *writing)
        .await?;
        writing.commit().await
    }

    pub(in crate::store) async fn applied(&self, journal: &str) -> Result<u64, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query("SELECT applied_seq FROM journals WHERE journal = $1").bind(journal);
            let Some(row) = query.fetch_optional(&mut *self.read().await?).await? else { return Ok(0) };
            let applied: i64 = row.try_get(0)?;
            Ok(applied.unsigned_abs())
        })
        .await
    }
}

/// How things stand before a batch; nobody else writes until it is applied.
struct Standing {
    /// The last record of this journal that was applied.
    applied: Option<i64>,
    tombstones: Tombstones,
    /// There are endpoints that may want to be told.
    tells: bool,
}

impl Standing {
    async fn read(writing: &mut Writing, journal: &str) -> Result<Standing, StoreError> {
        let query = sqlx::query_as(
            "SELECT (SELECT applied_seq FROM journals WHERE journal = $1), EXISTS (SELECT 1 FROM tombstones), \
             EXISTS (SELECT 1 FROM webhooks)",
        );
        let (applied, any, tells) = query.bind(journal).fetch_one(&mut **writing).await?;
        Ok(Standing { applied, tombstones: Tombstones { any }, tells })
    }
}

/// Applies records: of calls first, then of voicemails, each in their order. They come to the same in any.
async fn apply_all(writing: &mut Writing, records: &[&Record], tells: bool) -> Result<(), StoreError> {
    let (mut of_calls, mut news) = (Vec::with_capacity(records.len()), Vec::new());
    for record in records {
        match record {
            Record::Voicemail(one) => news.push(one),
            _ => of_calls.push(*record),
        }
    }
    let mut rest = of_calls.as_slice();
    while !rest.is_empty() {
        let run = Batch::run(rest);
        apply_run(writing, &rest[..run], tells).await?;
        rest = &rest[run..];
    }
    voicemails::take_news(writing, &news).await
}

/// Applies records that go together. A few are read for and merged at a time, so that a call on the same core comes in
/// between.
async fn apply_run(writing: &mut Writing, records: &[&Record], tells: bool) -> Result<(), StoreError> {
    let mut batch = Batch::new(tells);
    for some in records.chunks(KEYS_MAX) {
        let asked = batch.asks(some);
        if !asked.is_empty() {
            kept_calls(writing, &asked).await?.into_iter().for_each(|call| batch.kept(call));
        }
        some.iter().for_each(|record| batch.take(record));
    }
    let merged = batch.done();
    keep_calls(writing, &merged.calls).await?;
    keep_events(writing, &merged.events).await?;
    tell_all(writing, &merged.over).await?;
    let claimed = merged.calls.iter().filter(|call| call.has_new_tenant()).map(|call| &call.after.sid);
    voicemails::calls_have_tenants(writing, &claimed.collect::<Vec<_>>()).await
}

async fn apply_or_set_aside(
    writing: &mut Writing,
    journal: &str,
    record: &Numbered,
    tells: bool,
) -> Result<(), StoreError> {
    sqlx::query("SAVEPOINT record").execute(&mut **writing).await?;
    match apply_all(writing, &[&record.record], tells).await {
        Err(StoreError::Failed(why)) => {
            sqlx::query("ROLLBACK TO record").execute(&mut **writing).await?;
            sqlx::query("INSERT INTO refused (journal, seq, record, why) VALUES ($1, $2, $3, $4)")
                .bind(journal)
                .bind(place(record.seq))
                .bind(json_text(&record.record)?)
                .bind(why)
                .execute(&mut **writing)
                .await?;
        }
        done => done?,
    }
    sqlx::query("RELEASE record").execute(&mut **writing).await?;
    Ok(())
}

/// A place in a journal as tables keep it; no journal grows to 2^63 records.
fn place(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
