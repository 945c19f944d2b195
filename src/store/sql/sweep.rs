//! What goes in its time. Each batch is looked for on a connection that reads and erased in one short transaction, so
//! that whoever writes besides waits for some milliseconds and no more.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;
use sqlx::QueryBuilder;

use super::erase::{self, Leaving, Remote};
use super::read::{Columns, json_text};
use super::{Db, DbRow, Engine, WORK_MAX, Writing, within};
use crate::model::Sid;
use crate::store::cursor::nanos;
use crate::store::{Cleared, Place, RemoteProvider, Round, StoreError, SweepKind, Swept, Whose};

/// How many things are looked at and erased in one go: a call with its events and indexes is some tenths of a
/// millisecond of writing, and on a core full of calls that is some hundredths of a second.
const BATCH_MAX: usize = 20;

/// How many rows without an owner go in one go: they have next to no indexes.
const CLEAR_MAX: i64 = 500;

impl Engine {
    pub(in crate::store) async fn sweep(
        &self,
        round: &Round,
        from: Option<&Place>,
        live: &HashSet<Sid>,
        now: Timestamp,
    ) -> Result<Swept, StoreError> {
        within(WORK_MAX, async {
            let rows = sought(round, from).build().fetch_all(&mut *self.read().await?).await?;
            let mut next = None;
            if let Some(last) = rows.last().filter(|_| rows.len() == BATCH_MAX) {
                next = Some(Place { at: Columns(last).integer("age")?, id: Columns(last).text("name")? });
            }
            let mut old: Vec<&DbRow> = Vec::with_capacity(rows.len());
            for row in &rows {
                // What is damaged beyond its name is erased as well.
                let sid = Columns(row).parsed::<Sid>("call_sid")?;
                if sid.is_none_or(|sid| !live.contains(&sid)) {
                    old.push(row);
                }
            }
            if old.is_empty() {
                return Ok(Swept { next, ..Swept::default() });
            }
            let mut writing = self.write_patiently().await?;
            let (gone, queued) = match round.kind {
                SweepKind::Calls => (calls(&mut writing, &old).await?, 0),
                SweepKind::Voicemails => voicemails(&mut writing, &old, now).await?,
                SweepKind::Transcripts => (transcripts(&mut writing, &old).await?, 0),
                SweepKind::Summaries => (summaries(&mut writing, &old).await?, 0),
            };
            writing.commit().await?;
            Ok(Swept { gone, queued, next })
        })
        .await
    }

    pub(in crate::store) async fn clear(
        &self,
        audit_before: Option<Timestamp>,
        tenants_before: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Cleared, StoreError> {
        within(WORK_MAX, async {
            let tenants = match tenants_before {
                Some(before) => self.unneeded_tenants(before).await?,
                None => Vec::new(),
            };
            let mut writing = self.write_patiently().await?;
            let query = sqlx::query(
                "DELETE FROM tombstones WHERE mark IN (SELECT mark FROM tombstones WHERE until <= $1 LIMIT $2)",
            );
            let tombstones = query.bind(nanos(now)).bind(CLEAR_MAX).execute(&mut *writing).await?.rows_affected();
            let mut audit = 0;
            if let Some(before) = audit_before {
                // Entries stand in the order they were made, so the first ones are the oldest.
                let query = sqlx::query(
                    "DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT $2) AND at < $1",
                );
                audit = query.bind(nanos(before)).bind(CLEAR_MAX).execute(&mut *writing).await?.rows_affected();
            }
            let query = sqlx::query("DELETE FROM tenant_versions WHERE id IN (SELECT value FROM json_each($1))");
            query.bind(json_text(&tenants)?).execute(&mut *writing).await?;
            writing.commit().await?;
            Ok(Cleared { audit, tombstones, tenants: tenants.len() as u64 })
        })
        .await
    }

    /// Tenants that are gone and have no call left that was decided by their settings.
    async fn unneeded_tenants(&self, before: Timestamp) -> Result<Vec<String>, StoreError> {
        let query = sqlx::query(
            "SELECT id FROM tenant_versions AS old WHERE NOT EXISTS (SELECT 1 FROM tenants WHERE tenants.id = old.id) \
             AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.tenant_id = old.id) \
             GROUP BY id HAVING max(updated_at) < $1 LIMIT $2",
        );
        let rows = query.bind(nanos(before)).bind(BATCH_MAX as i64).fetch_all(&mut *self.read().await?).await?;
        rows.iter().map(|row| Columns(row).text("id")).collect()
    }
}

/// What of a round lies behind a place, the oldest first, a batch of it.
fn sought(round: &Round, from: Option<&Place>) -> QueryBuilder<Db> {
    let (select, age, name, period, words) = match round.kind {
        SweepKind::Calls => {
            ("SELECT call_sid, at AS age, call_sid AS name FROM calls", "at", "call_sid", "calls_days", "")
        }
        SweepKind::Summaries => (
            "SELECT call_sid, at AS age, call_sid AS name FROM calls",
            "at",
            "call_sid",
            "transcripts_days",
            // The words of the partial index.
            " AND instr(report, '\"summary\":{') > 0",
        ),
        SweepKind::Voicemails => (
            concat!(
                "SELECT ",
                columns_of!(voicemails),
                ", created_at AS age, id AS name, (SELECT recording FROM retention WHERE retention.tenant_id = \
                 voicemails.tenant_id) AS fate FROM voicemails"
            ),
            "created_at",
            "id",
            "voicemails_days",
            "",
        ),
        SweepKind::Transcripts => (
            "SELECT call_sid, created_at AS age, id AS name FROM voicemails",
            "created_at",
            "id",
            "transcripts_days",
            " AND transcript IS NOT NULL",
        ),
    };
    let mut query = QueryBuilder::<Db>::new(select);
    query.push(" WHERE ").push(age).push(" < ").push_bind(nanos(round.before)).push(words);
    if let Some(place) = from {
        query.push(" AND (").push(age).push(", ").push(name).push(") > (").push_bind(place.at).push(", ");
        query.push_bind(place.id.clone()).push(")");
    }
    match &round.whose {
        Whose::Tenant(tenant) => drop(query.push(" AND tenant_id = ").push_bind(tenant.to_string())),
        Whose::Others => {
            query.push(" AND (tenant_id IS NULL OR tenant_id NOT IN (SELECT tenant_id FROM retention WHERE ");
            query.push(period).push(" IS NOT NULL))");
        }
    }
    query.push(" ORDER BY ").push(age).push(", ").push(name).push(" LIMIT ").push_bind(BATCH_MAX as i64);
    query
}

/// Calls go; what they said of voicemails that stay goes over to those.
async fn calls(writing: &mut Writing, old: &[&DbRow]) -> Result<u64, StoreError> {
    let mut sids: Vec<Sid> = Vec::with_capacity(old.len());
    for row in old {
        sids.push(Columns(row).identity("call_sid")?);
    }
    let sids: Vec<&Sid> = sids.iter().collect();
    sqlx::query(
        "UPDATE voicemail_news SET news = json_set(news, '$.tenant_id', (SELECT tenant_id FROM calls WHERE \
         calls.call_sid = voicemail_news.call_sid)) WHERE call_sid IN (SELECT value FROM json_each($1)) \
         AND json_valid(news) AND json_extract(news, '$.tenant_id') IS NULL AND EXISTS (SELECT 1 FROM calls WHERE \
         calls.call_sid = voicemail_news.call_sid AND tenant_id IS NOT NULL AND json_valid(began) \
         AND coalesce(json_extract(news, '$.account_sid'), json_extract(began, '$.account_sid'), '') \
         = coalesce(json_extract(began, '$.account_sid'), json_extract(news, '$.account_sid'), ''))",
    )
    .bind(json_text(&sids)?)
    .execute(&mut **writing)
    .await?;
    Ok(erase::calls(writing, &sids).await?.0)
}

/// Voicemails go, and their recordings with them where their tenant says so.
async fn voicemails(writing: &mut Writing, old: &[&DbRow], now: Timestamp) -> Result<(u64, u64), StoreError> {
    let mut leaving: Vec<Leaving> = Vec::with_capacity(old.len());
    let mut staying: BTreeSet<String> = BTreeSet::new();
    for row in old {
        let voicemail = Leaving::of(row)?;
        if Columns(row).text_or_none("fate")?.as_deref() == Some("keep") {
            staying.insert(voicemail.id.clone());
        }
        leaving.push(voicemail);
    }
    let remote = leaving.iter().filter(|one| !staying.contains(&one.id)).filter_map(|one| {
        let (provider, account, tenant) = (RemoteProvider::Twilio, one.account.as_ref(), one.tenant_id.as_ref());
        one.recording.as_ref().map(|sid| Remote { provider, account, sid, tenant })
    });
    let remote: Vec<Remote<'_>> = remote.collect();
    let (gone, _) = erase::voicemails(writing, &leaving).await?;
    Ok((gone, erase::queue(writing, &remote, now).await?))
}

/// Words go, from the news too: the next news would bring them back.
async fn transcripts(writing: &mut Writing, old: &[&DbRow]) -> Result<u64, StoreError> {
    let mut ids: Vec<String> = Vec::with_capacity(old.len());
    let mut calls: BTreeSet<String> = BTreeSet::new();
    for row in old {
        ids.push(Columns(row).text("name")?);
        calls.insert(Columns(row).text("call_sid")?);
    }
    sqlx::query(
        "UPDATE voicemail_news SET news = json_set(news, '$.transcript', NULL) \
         WHERE call_sid IN (SELECT value FROM json_each($1)) AND json_valid(news)",
    )
    .bind(json_text(&calls)?)
    .execute(&mut **writing)
    .await?;
    let query = sqlx::query("UPDATE voicemails SET transcript = NULL WHERE id IN (SELECT value FROM json_each($1))");
    Ok(query.bind(json_text(&ids)?).execute(&mut **writing).await?.rows_affected())
}

async fn summaries(writing: &mut Writing, old: &[&DbRow]) -> Result<u64, StoreError> {
    let mut sids: Vec<String> = Vec::with_capacity(old.len());
    for row in old {
        sids.push(Columns(row).text("name")?);
    }
    let query = sqlx::query(
        "UPDATE calls SET report = CASE WHEN json_valid(report) THEN json_set(report, '$.summary', NULL) END \
         WHERE call_sid IN (SELECT value FROM json_each($1))",
    );
    Ok(query.bind(json_text(&sids)?).execute(&mut **writing).await?.rows_affected())
}
