//! Calls as merged from their records, and the lists of them.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;

use super::person::{among, narrow};
use super::read::{Columns, json_text, spelled};
use super::{READ_MAX, Sqlite, WORK_MAX, Writing, call_list, within};
use crate::model::{CallBegan, CallEvent, Sid, TenantId};
use crate::store::cursor::nanos;
use crate::store::merge::KeptCall;
use crate::store::{Ask, CallFilter, CallRow, Page, PersonAsk, StoreError};

impl Sqlite {
    pub(in crate::store) async fn live_calls(&self, since: Timestamp) -> Result<Vec<CallRow>, StoreError> {
        within(WORK_MAX, async {
            let query = sqlx::query(
                "SELECT * FROM calls WHERE ended_at IS NULL AND began IS NOT NULL AND at > $1 ORDER BY at, call_sid",
            );
            let rows = query.bind(nanos(since)).fetch_all(&self.readers).await?;
            let begun = |row: &&SqliteRow| matches!(Columns(row).json::<CallBegan>("began"), Ok(Some(_)));
            self.with_events(rows.iter().filter(begun).filter_map(readable).collect()).await
        })
        .await
    }

    pub(in crate::store) async fn calls(&self, ask: &Ask<CallFilter>) -> Result<Page<CallRow>, StoreError> {
        let (stretch, walks) = call_list::asked(ask)?;
        let mut page = self.walked(call_list::CALLS, ask, stretch, &walks, readable).await?;
        page.rows = within(WORK_MAX, self.with_events(page.rows)).await?;
        Ok(page)
    }

    pub(in crate::store) async fn call(&self, sid: &Sid) -> Result<Option<CallRow>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query("SELECT * FROM calls WHERE call_sid = $1").bind(sid.as_str());
            let Some(row) = query.fetch_optional(&self.readers).await? else { return Ok(None) };
            Ok(self.with_events(vec![row_of(&row)?]).await?.pop())
        })
        .await
    }

    /// Of these calls, what somebody is shown of their own.
    pub(super) async fn calls_among(&self, ask: &PersonAsk, calls: &[Sid]) -> Result<Vec<CallRow>, StoreError> {
        let mut query = among("SELECT * FROM calls", calls)?;
        narrow(&mut query, ask);
        let rows = query.build().fetch_all(&self.readers).await?;
        self.with_events(rows.iter().filter_map(readable).collect()).await
    }

    /// Gives calls their events, oldest first; those of one instant in the order they came.
    async fn with_events(&self, mut calls: Vec<CallRow>) -> Result<Vec<CallRow>, StoreError> {
        if calls.is_empty() {
            return Ok(calls);
        }
        let sids: Vec<&str> = calls.iter().map(|call| call.began.call_sid.as_str()).collect();
        let query = sqlx::query(
            "SELECT call_sid, at, what, outcome, step FROM call_events \
             WHERE call_sid IN (SELECT value FROM json_each($1)) ORDER BY call_sid, at, id",
        );
        let rows = query.bind(json_text(&sids)?).fetch_all(&self.readers).await?;
        let mut events: HashMap<Sid, Vec<CallEvent>> = HashMap::new();
        for row in &rows {
            let columns = Columns(row);
            let call_sid: Sid = columns.identity("call_sid")?;
            events.entry(call_sid.clone()).or_default().push(CallEvent {
                call_sid,
                at: columns.at("at")?,
                what: columns.text("what")?,
                outcome: columns.text_or_none("outcome")?,
                step: columns.text_or_none("step")?,
            });
        }
        for call in &mut calls {
            call.events = events.remove(&call.began.call_sid).unwrap_or_default();
        }
        Ok(calls)
    }
}

/// The call as kept, to merge a record into.
pub(super) async fn kept_call(writing: &mut Writing, sid: &Sid) -> Result<Option<KeptCall>, StoreError> {
    let query = sqlx::query("SELECT * FROM calls WHERE call_sid = $1").bind(sid.as_str());
    let row = query.fetch_optional(&mut **writing).await?;
    row.map(|row| kept_of(&row)).transpose()
}

/// Writes a call back. Of one that is there only what has changed: each index is written for what stands in it, and the
/// beginning, which stands in most, is told once.
pub(super) async fn keep_call(
    writing: &mut Writing,
    before: Option<&KeptCall>,
    call: &KeptCall,
) -> Result<(), StoreError> {
    match before {
        Some(before) if (before.at, &before.began) == (call.at, &call.began) => {
            if before.ending != call.ending {
                keep_ending(writing, call).await?;
            }
            if before.report != call.report {
                keep_report(writing, call).await?;
            }
            Ok(())
        }
        _ => keep_whole(writing, call).await,
    }
}

async fn keep_whole(writing: &mut Writing, call: &KeptCall) -> Result<(), StoreError> {
    let row = call.clone().row();
    sqlx::query(
        "INSERT INTO calls (call_sid, tenant_id, at, from_number, to_number, ended_at, began, ending, report, \
         available, reason, arrival, status, org_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
         coalesce((SELECT org_id FROM tenants WHERE id = $2), \
         (SELECT org_id FROM tenant_versions WHERE id = $2 ORDER BY version DESC LIMIT 1))) \
         ON CONFLICT (call_sid) DO UPDATE SET \
         tenant_id = excluded.tenant_id, at = excluded.at, from_number = excluded.from_number, \
         to_number = excluded.to_number, ended_at = excluded.ended_at, began = excluded.began, \
         ending = excluded.ending, report = excluded.report, available = excluded.available, \
         reason = excluded.reason, arrival = excluded.arrival, status = excluded.status, org_id = excluded.org_id",
    )
    .bind(call.sid.as_str())
    .bind(row.began.tenant_id.as_ref().map(TenantId::as_str))
    .bind(nanos(call.at))
    .bind(&row.began.from)
    .bind(&row.began.to)
    .bind(row.ended_at.map(nanos))
    .bind(call.began.as_ref().map(json_text).transpose()?)
    .bind(call.ending.as_ref().map(json_text).transpose()?)
    .bind(call.report.as_ref().map(json_text).transpose()?)
    .bind(i64::from(row.began.decision.available))
    .bind(row.began.decision.reason.as_str())
    .bind(spelled(row.began.arrival))
    .bind(&row.status)
    .execute(&mut **writing)
    .await?;
    Ok(())
}

async fn keep_ending(writing: &mut Writing, call: &KeptCall) -> Result<(), StoreError> {
    let row = call.clone().row();
    sqlx::query("UPDATE calls SET ended_at = $2, ending = $3, status = $4 WHERE call_sid = $1")
        .bind(call.sid.as_str())
        .bind(row.ended_at.map(nanos))
        .bind(call.ending.as_ref().map(json_text).transpose()?)
        .bind(&row.status)
        .execute(&mut **writing)
        .await?;
    Ok(())
}

async fn keep_report(writing: &mut Writing, call: &KeptCall) -> Result<(), StoreError> {
    sqlx::query("UPDATE calls SET report = $2 WHERE call_sid = $1")
        .bind(call.sid.as_str())
        .bind(call.report.as_ref().map(json_text).transpose()?)
        .execute(&mut **writing)
        .await?;
    Ok(())
}

fn readable(row: &SqliteRow) -> Option<CallRow> {
    row_of(row).inspect_err(|error| tracing::error!(%error, "a call is left out")).ok()
}

fn row_of(row: &SqliteRow) -> Result<CallRow, StoreError> {
    Ok(CallRow { org_id: Columns(row).parsed("org_id")?, ..kept_of(row)?.row() })
}

fn kept_of(row: &SqliteRow) -> Result<KeptCall, StoreError> {
    let columns = Columns(row);
    Ok(KeptCall {
        sid: columns.identity("call_sid")?,
        at: columns.at("at")?,
        began: columns.json("began")?,
        ending: columns.json("ending")?,
        report: columns.json("report")?,
    })
}
