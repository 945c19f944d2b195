//! The journal's records on their way into tables: each exactly once, whatever order they come in.

use std::time::Duration;

use sqlx::Row as _;

use super::calls::{keep_call, kept_call};
use super::read::json_text;
use super::tell::call_merged;
use super::tombstones::Tombstones;
use super::{READ_MAX, Sqlite, WORK_MAX, Writing, within};
use crate::model::{AiReport, CallBegan, CallEnded, CallEvent, Record, Sid};
use crate::store::cursor::nanos;
use crate::store::merge::KeptCall;
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

impl Sqlite {
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
        let mut writing = self.write().await?;
        let applied: Option<i64> = sqlx::query_scalar("SELECT applied_seq FROM journals WHERE journal = $1")
            .bind(journal)
            .fetch_optional(&mut *writing)
            .await?;
        let tombstones = Tombstones::standing(&mut writing).await?;
        for record in in_order.iter().filter(|record| applied.is_none_or(|applied| place(record.seq) > applied)) {
            if tombstones.cover(&mut writing, &record.record).await? {
                continue;
            }
            match refusals {
                Refusals::Fail => apply_one(&mut writing, &record.record).await?,
                Refusals::SetAside => apply_or_set_aside(&mut writing, journal, record).await?,
            }
        }
        sqlx::query(
            "INSERT INTO journals (journal, applied_seq) VALUES ($1, $2) ON CONFLICT (journal) DO UPDATE \
             SET applied_seq = excluded.applied_seq WHERE journals.applied_seq < excluded.applied_seq",
        )
        .bind(journal)
        .bind(place(last))
        .execute(&mut *writing)
        .await?;
        Ok(writing.commit().await?)
    }

    pub(in crate::store) async fn applied(&self, journal: &str) -> Result<u64, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query("SELECT applied_seq FROM journals WHERE journal = $1").bind(journal);
            let Some(row) = query.fetch_optional(&self.readers).await? else { return Ok(0) };
            let applied: i64 = row.try_get(0)?;
            Ok(applied.unsigned_abs())
        })
        .await
    }
}

async fn apply_or_set_aside(writing: &mut Writing, journal: &str, record: &Numbered) -> Result<(), StoreError> {
    sqlx::query("SAVEPOINT record").execute(&mut **writing).await?;
    match apply_one(writing, &record.record).await {
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

async fn apply_one(writing: &mut Writing, record: &Record) -> Result<(), StoreError> {
    match record {
        Record::CallBegan(began) => call_began(writing, began).await,
        Record::CallEvent(event) => call_event(writing, event).await,
        Record::CallEnded(ended) => call_ended(writing, ended).await,
        Record::AiReport(report) => ai_report(writing, report).await,
        Record::Voicemail(news) => super::voicemails::take_news(writing, news).await,
    }
}

async fn call_began(writing: &mut Writing, began: &CallBegan) -> Result<(), StoreError> {
    let kept = kept_call(writing, &began.call_sid).await?;
    let tenant_was = kept.as_ref().and_then(|call| call.began.as_ref()).and_then(|began| began.tenant_id.clone());
    let mut call = kept.clone().unwrap_or_else(|| KeptCall::unheard_of(began.call_sid.clone(), began.at));
    call.begin(began);
    keep_call(writing, kept.as_ref(), &call).await?;
    call_merged(writing, kept.as_ref(), &call).await?;
    let tenant_is = call.began.as_ref().and_then(|began| began.tenant_id.clone());
    if tenant_is != tenant_was {
        super::voicemails::call_has_tenant(writing, &began.call_sid).await?;
    }
    Ok(())
}

async fn call_event(writing: &mut Writing, event: &CallEvent) -> Result<(), StoreError> {
    change_call(writing, &event.call_sid, event.at, |call| call.heard(event.at)).await?;
    sqlx::query("INSERT INTO call_events (call_sid, at, what, outcome, step) VALUES ($1, $2, $3, $4, $5)")
        .bind(event.call_sid.as_str())
        .bind(nanos(event.at))
        .bind(&event.what)
        .bind(&event.outcome)
        .bind(&event.step)
        .execute(&mut **writing)
        .await?;
    Ok(())
}

async fn call_ended(writing: &mut Writing, ended: &CallEnded) -> Result<(), StoreError> {
    change_call(writing, &ended.call_sid, ended.at, |call| call.end(ended)).await
}

async fn ai_report(writing: &mut Writing, report: &AiReport) -> Result<(), StoreError> {
    change_call(writing, &report.call_sid, report.at, |call| call.report(report)).await
}

/// Changes what is known of a call, be it that there is one.
async fn change_call(
    writing: &mut Writing,
    sid: &Sid,
    at: jiff::Timestamp,
    change: impl FnOnce(&mut KeptCall),
) -> Result<(), StoreError> {
    let kept = kept_call(writing, sid).await?;
    let mut call = kept.clone().unwrap_or_else(|| KeptCall::unheard_of(sid.clone(), at));
    change(&mut call);
    keep_call(writing, kept.as_ref(), &call).await?;
    call_merged(writing, kept.as_ref(), &call).await
}
