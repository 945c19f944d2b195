//! Calls as merged from their records, and the lists of them.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::Arguments as _;
use sqlx::error::BoxDynError;

use super::bulk::Bulk;
use super::costs::keep_months;
use super::person::{among, narrow};
use super::read::{Columns, json_text, plain};
use super::{DbArguments, DbRow, Engine, READ_MAX, WORK_MAX, Writing, call_list, within};
use crate::model::{CallBegan, CallEvent, Sid, TenantId};
use crate::store::batch::Changed;
use crate::store::cursor::nanos;
use crate::store::merge::KeptCall;
use crate::store::{Ask, CallFilter, CallRow, Page, PersonAsk, StoreError};

impl Engine {
    pub(in crate::store) async fn live_calls(&self, since: Timestamp) -> Result<Vec<CallRow>, StoreError> {
        within(WORK_MAX, async {
            let query = sqlx::query(concat!(
                rows_of!(calls),
                " WHERE ended_at IS NULL AND began IS NOT NULL AND at > $1 ORDER BY at, call_sid"
            ));
            let rows = query.bind(nanos(since)).fetch_all(&mut *self.read().await?).await?;
            let begun = |row: &&DbRow| matches!(Columns(row).json::<CallBegan>("began"), Ok(Some(_)));
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
            let query = sqlx::query(concat!(rows_of!(calls), " WHERE call_sid = $1")).bind(sid.as_str());
            let Some(row) = query.fetch_optional(&mut *self.read().await?).await? else { return Ok(None) };
            Ok(self.with_events(vec![row_of(&row)?]).await?.pop())
        })
        .await
    }

    /// These calls, without their events; those that are not kept are left out.
    pub(in crate::store) async fn calls_named(&self, sids: &[&Sid]) -> Result<Vec<CallRow>, StoreError> {
        within(WORK_MAX, async {
            let query = sqlx::query(concat!(rows_of!(calls), " WHERE call_sid IN (SELECT value FROM json_each($1))"));
            let rows = query.bind(json_text(&sids)?).fetch_all(&mut *self.read().await?).await?;
            Ok(rows.iter().filter_map(readable).collect())
        })
        .await
    }

    /// Of these calls, what somebody is shown of their own.
    pub(super) async fn calls_among(&self, ask: &PersonAsk, calls: &[Sid]) -> Result<Vec<CallRow>, StoreError> {
        let mut query = among(rows_of!(calls), calls)?;
        narrow(&mut query, ask);
        let rows = query.build().fetch_all(&mut *self.read().await?).await?;
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
        let rows = query.bind(json_text(&sids)?).fetch_all(&mut *self.read().await?).await?;
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

/// Calls as kept, to merge records into; those that are not are left out.
pub(super) async fn kept_calls(writing: &mut Writing, sids: &[&Sid]) -> Result<Vec<KeptCall>, StoreError> {
    let query = sqlx::query(
        "SELECT call_sid, at, began, ending, report FROM calls WHERE call_sid IN (SELECT value FROM json_each($1))",
    );
    let rows = query.bind(json_text(&sids)?).fetch_all(&mut **writing).await?;
    rows.iter().map(kept_of).collect()
}

/// Writes calls back. Of one that is there only what has changed: each index is written for what stands in it, and the
/// beginning, which stands in most, is told once. What they come to by the month is written with them.
pub(super) async fn keep_calls(writing: &mut Writing, calls: &[Changed]) -> Result<(), StoreError> {
    let (mut whole, mut endings, mut reports) = (Vec::new(), Vec::new(), Vec::new());
    for Changed { before, after } in calls {
        match before {
            Some(before) if (before.at, &before.began) == (after.at, &after.began) => {
                endings.extend((before.ending != after.ending).then_some(after));
                reports.extend((before.report != after.report).then_some(after));
            }
            _ => whole.push(after),
        }
    }
    WHOLE.execute(writing, &whole, |call, row| whole_row(call, row)).await?;
    ENDINGS.execute(writing, &endings, |call, row| ending_row(call, row)).await?;
    REPORTS.execute(writing, &reports, |call, row| report_row(call, row)).await?;
    keep_months(writing, calls).await
}

static WHOLE: Bulk = Bulk::new(
    "INSERT INTO calls (call_sid, at, from_number, to_number, ended_at, began, ending, report, available, reason, \
     arrival, status, tenant_id, org_id) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce((SELECT org_id FROM tenants WHERE id = ?), \
     (SELECT org_id FROM tenant_versions WHERE id = ? ORDER BY version DESC LIMIT 1)))",
    " ON CONFLICT (call_sid) DO UPDATE SET \
     tenant_id = excluded.tenant_id, at = excluded.at, from_number = excluded.from_number, \
     to_number = excluded.to_number, ended_at = excluded.ended_at, began = excluded.began, \
     ending = excluded.ending, report = excluded.report, available = excluded.available, \
     reason = excluded.reason, arrival = excluded.arrival, status = excluded.status, org_id = excluded.org_id",
);

static ENDINGS: Bulk = Bulk::new(
    "UPDATE calls SET ended_at = column2, ending = column3, status = column4 FROM (VALUES ",
    "(?, ?, ?, ?)",
    ") AS fresh WHERE call_sid = column1",
);

static REPORTS: Bulk =
    Bulk::new("UPDATE calls SET report = column2 FROM (VALUES ", "(?, ?)", ") AS fresh WHERE call_sid = column1");

fn whole_row(call: &KeptCall, row: &mut DbArguments) -> Result<(), BoxDynError> {
    let began = call.beginning();
    let tenant = began.tenant_id.as_ref().map(TenantId::as_str);
    row.add(call.sid.as_str())?;
    row.add(nanos(call.at))?;
    row.add(plain(&began.from).into_owned())?;
    row.add(plain(&began.to).into_owned())?;
    row.add(call.ending.as_ref().map(|ending| nanos(ending.at)))?;
    row.add(call.began.as_ref().map(serde_json::to_string).transpose()?)?;
    row.add(call.ending.as_ref().map(serde_json::to_string).transpose()?)?;
    row.add(call.report.as_ref().map(serde_json::to_string).transpose()?)?;
    row.add(i64::from(began.decision.available))?;
    row.add(began.decision.reason.as_str())?;
    row.add(began.arrival.as_str())?;
    row.add(call.status())?;
    // It says whose, and twice from whom to learn which organization's.
    (0..3).try_for_each(|_| row.add(tenant))
}

fn ending_row(call: &KeptCall, row: &mut DbArguments) -> Result<(), BoxDynError> {
    row.add(call.sid.as_str())?;
    row.add(call.ending.as_ref().map(|ending| nanos(ending.at)))?;
    row.add(call.ending.as_ref().map(serde_json::to_string).transpose()?)?;
    row.add(call.status())
}

fn report_row(call: &KeptCall, row: &mut DbArguments) -> Result<(), BoxDynError> {
    row.add(call.sid.as_str())?;
    row.add(call.report.as_ref().map(serde_json::to_string).transpose()?)
}

/// Writes down what happened in calls.
pub(super) async fn keep_events(writing: &mut Writing, events: &[&CallEvent]) -> Result<(), StoreError> {
    static EVENTS: Bulk =
        Bulk::new("INSERT INTO call_events (call_sid, at, what, outcome, step) VALUES ", "(?, ?, ?, ?, ?)", "");
    EVENTS
        .execute(writing, events, |event, row| {
            row.add(event.call_sid.as_str())?;
            row.add(nanos(event.at))?;
            row.add(plain(&event.what).into_owned())?;
            row.add(event.outcome.as_deref().map(|outcome| plain(outcome).into_owned()))?;
            row.add(event.step.as_deref().map(|step| plain(step).into_owned()))
        })
        .await
}

fn readable(row: &DbRow) -> Option<CallRow> {
    row_of(row).inspect_err(|error| tracing::error!(%error, "a call is left out")).ok()
}

fn row_of(row: &DbRow) -> Result<CallRow, StoreError> {
    Ok(CallRow { org_id: Columns(row).parsed("org_id")?, ..kept_of(row)?.row() })
}

fn kept_of(row: &DbRow) -> Result<KeptCall, StoreError> {
    let columns = Columns(row);
    Ok(KeptCall {
        sid: columns.identity("call_sid")?,
        at: columns.at("at")?,
        began: columns.json("began")?,
        ending: columns.json("ending")?,
        report: columns.json("report")?,
    })
}
