//! Calls as merged from their records, and the lists of them.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite as Engine, SqliteExecutor};

use super::read::{Columns, json_text};
use super::{READ_MAX, Sqlite, WORK_MAX, Writing, within};
use crate::model::{CallEvent, E164, Scope, Sid};
use crate::store::cursor::{Cursor, anywhere, nanos, page};
use crate::store::merge::KeptCall;
use crate::store::{Ask, CallRow, Page, StoreError};

/// How a list of calls is searched: what is exact goes by an index of its own.
enum Search<'a> {
    /// A whole number: the caller's or the one called.
    Number(E164),
    /// A whole CallSid.
    Call(&'a str),
    /// A part of a number or a SID, found by reading along the index.
    Part(&'a str),
}

impl Sqlite {
    pub(in crate::store) async fn live_calls(&self, since: Timestamp) -> Result<Vec<CallRow>, StoreError> {
        within(WORK_MAX, async {
            let query = sqlx::query(
                "SELECT * FROM calls WHERE ended_at IS NULL AND began IS NOT NULL AND at > $1 ORDER BY at, call_sid",
            );
            let rows = query.bind(nanos(since)).fetch_all(&self.readers).await?;
            let calls =
                rows.iter().filter_map(readable).filter(|call| call.began.is_some()).map(KeptCall::row).collect();
            self.with_events(calls).await
        })
        .await
    }

    pub(in crate::store) async fn calls(&self, ask: &Ask) -> Result<Page<CallRow>, StoreError> {
        let after = match Cursor::asked(ask)? {
            Some(cursor) => Some((cursor.nanos()?, cursor.id)),
            None => None,
        };
        let rows_max = ask.rows_max() as i64 + 1;
        let narrow = |query: &mut QueryBuilder<Engine>| {
            if let Some((at, sid)) = &after {
                query.push(" AND (at, call_sid) < (").push_bind(*at).push(", ").push_bind(sid.clone()).push(")");
            }
            match &ask.scope {
                Scope::All => {}
                Scope::Org(org) => {
                    query.push(" AND tenant_id IN (SELECT id FROM tenants WHERE org_id = ");
                    query.push_bind(org.to_string()).push(")");
                }
                Scope::Tenant(tenant) => drop(query.push(" AND tenant_id = ").push_bind(tenant.to_string())),
            }
            if let Some(tenant) = &ask.tenant {
                query.push(" AND tenant_id = ").push_bind(tenant.as_str().to_owned());
            }
            query.push(" ORDER BY at DESC, call_sid DESC LIMIT ").push_bind(rows_max);
        };
        // The SIDs of the page come from an index alone; only then are their rows read.
        let mut query = QueryBuilder::<Engine>::new("SELECT * FROM calls WHERE call_sid IN (");
        match ask.words().map(search) {
            None => {
                query.push("SELECT call_sid FROM calls WHERE 1 = 1");
                narrow(&mut query);
            }
            Some(Search::Call(sid)) => {
                query.push("SELECT call_sid FROM calls WHERE call_sid = ").push_bind(sid);
                narrow(&mut query);
            }
            Some(Search::Number(number)) => {
                query.push("SELECT call_sid FROM (SELECT call_sid FROM calls WHERE from_number = ");
                query.push_bind(number.to_string());
                narrow(&mut query);
                query.push(") UNION SELECT call_sid FROM (SELECT call_sid FROM calls WHERE to_number = ");
                query.push_bind(number.to_string());
                narrow(&mut query);
                query.push(")");
            }
            Some(Search::Part(words)) => {
                let pattern = anywhere(words);
                query.push("SELECT call_sid FROM calls WHERE (from_number LIKE ").push_bind(pattern.clone());
                query.push(" ESCAPE '\\' OR to_number LIKE ").push_bind(pattern.clone());
                query.push(" ESCAPE '\\' OR call_sid LIKE ").push_bind(pattern).push(" ESCAPE '\\')");
                narrow(&mut query);
            }
        }
        query.push(") ORDER BY at DESC, call_sid DESC LIMIT ").push_bind(rows_max);
        within(WORK_MAX, async {
            let rows = query.build().fetch_all(&self.readers).await?;
            let read = rows.iter().map(|row| {
                let columns = Columns(row);
                let cursor = Cursor { key: columns.integer("at")?.to_string(), id: columns.text("call_sid")? };
                Ok((cursor, readable(row).map(KeptCall::row)))
            });
            let mut page = page(ask, read.collect::<Result<_, StoreError>>()?);
            page.rows = self.with_events(page.rows).await?;
            Ok(page)
        })
        .await
    }

    pub(in crate::store) async fn call(&self, sid: &Sid) -> Result<Option<CallRow>, StoreError> {
        within(READ_MAX, async {
            let Some(call) = read_call(&self.readers, sid).await? else { return Ok(None) };
            Ok(self.with_events(vec![call.row()]).await?.pop())
        })
        .await
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

fn search(words: &str) -> Search<'_> {
    let is_call_sid = words.len() == 34 && words.starts_with("CA");
    match E164::parse(words) {
        Ok(number) => Search::Number(number),
        Err(_) if is_call_sid => Search::Call(words),
        Err(_) => Search::Part(words),
    }
}

/// The call as kept, to merge a record into.
pub(super) async fn kept_call(writing: &mut Writing, sid: &Sid) -> Result<Option<KeptCall>, StoreError> {
    read_call(&mut **writing, sid).await
}

async fn read_call(from: impl SqliteExecutor<'_>, sid: &Sid) -> Result<Option<KeptCall>, StoreError> {
    let row = sqlx::query("SELECT * FROM calls WHERE call_sid = $1").bind(sid.as_str()).fetch_optional(from).await?;
    row.map(|row| kept_of(&row)).transpose()
}

/// Writes a call back.
pub(super) async fn keep_call(writing: &mut Writing, call: &KeptCall) -> Result<(), StoreError> {
    let began = call.began.as_ref();
    sqlx::query(
        "INSERT INTO calls (call_sid, tenant_id, at, from_number, to_number, ended_at, began, ending, report) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (call_sid) DO UPDATE SET \
         tenant_id = excluded.tenant_id, at = excluded.at, from_number = excluded.from_number, \
         to_number = excluded.to_number, ended_at = excluded.ended_at, began = excluded.began, \
         ending = excluded.ending, report = excluded.report",
    )
    .bind(call.sid.as_str())
    .bind(began.and_then(|began| began.tenant_id.as_ref()).map(|tenant| tenant.as_str()))
    .bind(nanos(call.at))
    .bind(began.map_or("", |began| &began.from))
    .bind(began.map_or("", |began| &began.to))
    .bind(call.ending.as_ref().map(|ending| nanos(ending.at)))
    .bind(began.map(json_text).transpose()?)
    .bind(call.ending.as_ref().map(json_text).transpose()?)
    .bind(call.report.as_ref().map(json_text).transpose()?)
    .execute(&mut **writing)
    .await?;
    Ok(())
}

fn readable(row: &SqliteRow) -> Option<KeptCall> {
    kept_of(row).inspect_err(|error| tracing::error!(%error, "a call is left out")).ok()
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
