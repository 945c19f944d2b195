//! Voicemails: their news, and what the news add up to.

use std::collections::HashSet;

use jiff::Timestamp;

use super::bulk::KEYS_MAX;
use super::read::{Columns, json_text, plain, spelled, word};
use super::tell::voicemail_merged;
use super::walk::{Cond, List, Order, Stretch, Walk};
use super::whose::Whose;
use super::{DbRow, Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{Sid, TenantId, VoicemailId, VoicemailNews, VoicemailState};
use crate::store::cursor::{anywhere, nanos};
use crate::store::voicemail::CallOf;
use crate::store::words::{self, Words};
use crate::store::{Ask, Page, StoreError, VoicemailFilter, VoicemailRow, voicemail};

pub(super) const VOICEMAILS: List = List { table: "voicemails", by: "created_at", id: "id", order: Order::Newest };

impl Engine {
    pub(in crate::store) async fn voicemails(
        &self,
        ask: &Ask<VoicemailFilter>,
    ) -> Result<Page<VoicemailRow>, StoreError> {
        let only = &ask.only;
        let after = VOICEMAILS.after(ask)?;
        let stretch = Stretch { after, since: only.since.map(nanos), until: only.until.map(nanos) };
        self.walked(VOICEMAILS, ask, stretch, &walks(ask), readable).await
    }

    pub(in crate::store) async fn voicemail(&self, id: &VoicemailId) -> Result<Option<VoicemailRow>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query("SELECT * FROM voicemails WHERE id = $1").bind(id.as_str());
            let row = query.fetch_optional(&mut *self.read().await?).await?;
            row.map(|row| voicemail_of(&row)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn voicemails_told(
        &self,
        call: &Sid,
        recording: Option<&Sid>,
    ) -> Result<Vec<VoicemailRow>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query("SELECT * FROM voicemails WHERE call_sid = $1 OR recording_sid = $2 ORDER BY id");
            let query = query.bind(call.as_str()).bind(recording.map(Sid::as_str));
            let rows = query.fetch_all(&mut *self.read().await?).await?;
            Ok(rows.iter().filter_map(readable).collect())
        })
        .await
    }

    pub(in crate::store) async fn set_heard(&self, id: &VoicemailId, heard: bool) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query = sqlx::query("UPDATE voicemails SET heard = $2 WHERE id = $1");
            let set = query.bind(id.as_str()).bind(i64::from(heard)).execute(&mut *writing).await?;
            if set.rows_affected() == 0 {
                return Err(StoreError::NotFound);
            }
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn voicemails_without_recording(
        &self,
        before: Timestamp,
    ) -> Result<Vec<VoicemailRow>, StoreError> {
        within(WORK_MAX, async {
            let query = sqlx::query(
                "SELECT * FROM voicemails WHERE state = 'pending' AND created_at < $1 ORDER BY created_at, id",
            );
            let rows = query.bind(nanos(before)).fetch_all(&mut *self.read().await?).await?;
            Ok(rows.iter().filter_map(readable).collect())
        })
        .await
    }
}

/// Which way the list is walked: to what is named, else along what narrows it most.
pub(super) fn walks(ask: &Ask<VoicemailFilter>) -> Vec<Walk> {
    let only = &ask.only;
    let whose = Whose::of(ask);
    if matches!(whose, Whose::Nobodys) {
        return Vec::new();
    }
    let mut judged = Vec::new();
    judged.extend(only.heard.map(|heard| Cond::sql("heard = ").integer(i64::from(heard))));
    judged.extend(only.state.map(|state| Cond::sql("state = ").text(spelled(state))));
    let of_call = |sid: &str| Cond::sql("call_sid = ").text(sid);

    if let Some(call) = &only.call {
        let walk = Walk::along("voicemails_by_call", vec![of_call(call.as_str())]).only(judged);
        return vec![walk.reading(whose.conds()).reading(ask.words().map(found_by))];
    }
    if let Some(words) = ask.words().filter(|words| matches!(words::of(words), Words::Sid(_))) {
        let names = [of_call(words), Cond::sql("recording_sid = ").text(words)];
        let walk = |name| Walk::named(name).reading(whose.conds()).reading(judged.clone());
        return names.into_iter().map(walk).collect();
    }
    let index = whose.index("voicemails_by_age", "voicemails_by_org", "voicemails_by_tenant");
    vec![Walk::along(index, whose.conds()).only(judged).reading(ask.words().map(found_by))]
}

/// In the caller's number, or in what was said.
fn found_by(words: &str) -> Cond {
    let digits = words::digits_of(words);
    let from = Cond::sql(concat!("(from_number ", like!(), " ")).text(anywhere(digits.as_deref().unwrap_or(words)));
    from.and_sql(concat!(" ESCAPE '\\' OR transcript ", like!(), " ")).text(anywhere(words)).and_sql(" ESCAPE '\\')")
}

/// Keeps a piece of news and makes the call's voicemails anew.
pub(super) async fn take_news(writing: &mut Writing, news: &VoicemailNews) -> Result<(), StoreError> {
    let recording = news.recording_sid.as_ref().map(Sid::as_str);
    // A recording told under two calls is still one voicemail: it stays with the call it was first told under.
    let query = sqlx::query("SELECT call_sid FROM voicemail_news WHERE recording_sid = $1 ORDER BY id LIMIT 1");
    let known = query.bind(recording).fetch_optional(&mut **writing).await?;
    let call_sid: Sid = match known {
        Some(row) => Columns(&row).identity("call_sid")?,
        None => news.call_sid.clone(),
    };
    sqlx::query("INSERT INTO voicemail_news (call_sid, recording_sid, news) VALUES ($1, $2, $3)")
        .bind(call_sid.as_str())
        .bind(recording)
        .bind(json_text(news)?)
        .execute(&mut **writing)
        .await?;
    merge_again(writing, &call_sid).await
}

/// It has become known whose calls these are: voicemails that nobody claimed follow them.
pub(super) async fn calls_have_tenants(writing: &mut Writing, calls: &[&Sid]) -> Result<(), StoreError> {
    for some in calls.chunks(KEYS_MAX) {
        let query = "SELECT DISTINCT call_sid FROM voicemail_news WHERE call_sid IN (SELECT value FROM json_each($1))";
        let query = sqlx::query_scalar::<_, String>(query).bind(json_text(&some)?);
        let told = query.fetch_all(&mut **writing).await?;
        for call in some.iter().filter(|call| told.iter().any(|told| told == call.as_str())) {
            merge_again(writing, call).await?;
        }
    }
    Ok(())
}

async fn merge_again(writing: &mut Writing, call_sid: &Sid) -> Result<(), StoreError> {
    let query = sqlx::query("SELECT news FROM voicemail_news WHERE call_sid = $1 ORDER BY id");
    let rows = query.bind(call_sid.as_str()).fetch_all(&mut **writing).await?;
    let mut news: Vec<VoicemailNews> = Vec::with_capacity(rows.len());
    for row in &rows {
        news.extend(Columns(row).json("news")?);
    }
    if news.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(
        "SELECT tenant_id, CASE WHEN json_valid(began) THEN json_extract(began, '$.account_sid') END AS account_sid \
         FROM calls WHERE call_sid = $1",
    );
    let call = match query.bind(call_sid.as_str()).fetch_optional(&mut **writing).await? {
        Some(row) => {
            CallOf { tenant: Columns(&row).parsed("tenant_id")?, account: Columns(&row).parsed("account_sid")? }
        }
        None => CallOf::default(),
    };
    let query = sqlx::query("SELECT * FROM voicemails WHERE call_sid = $1 ORDER BY created_at, id");
    let rows = query.bind(call_sid.as_str()).fetch_all(&mut **writing).await?;
    let kept: Vec<VoicemailRow> = rows.iter().filter_map(readable).collect();

    let mut merged = voicemail::merge(call_sid, &news, &call);
    voicemail::keep_ids(&mut merged, &kept);
    let ours: HashSet<&VoicemailId> = kept.iter().map(|row| &row.id).collect();
    for row in &mut merged {
        if !ours.contains(&row.id) && id_is_taken(writing, &row.id).await? {
            row.id = voicemail::another_id(row);
        }
        write_voicemail(writing, row).await?;
        voicemail_merged(writing, kept.iter().find(|kept| kept.id == row.id), row).await?;
    }
    Ok(())
}

async fn id_is_taken(writing: &mut Writing, id: &VoicemailId) -> Result<bool, StoreError> {
    let query = sqlx::query("SELECT 1 FROM voicemails WHERE id = $1").bind(id.as_str());
    Ok(query.fetch_optional(&mut **writing).await?.is_some())
}

/// Writes all but `heard`, which belongs to people and not to news.
async fn write_voicemail(writing: &mut Writing, row: &VoicemailRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO voicemails (id, tenant_id, call_sid, account_sid, recording_sid, recording_url, from_number, \
         duration_seconds, state, transcript, created_at, org_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, coalesce((SELECT org_id FROM tenants WHERE id = $2), \
         (SELECT org_id FROM tenant_versions WHERE id = $2 ORDER BY version DESC LIMIT 1))) \
         ON CONFLICT (id) DO UPDATE SET tenant_id = excluded.tenant_id, org_id = excluded.org_id, account_sid = excluded.account_sid, \
         recording_sid = excluded.recording_sid, recording_url = excluded.recording_url, \
         from_number = excluded.from_number, duration_seconds = excluded.duration_seconds, state = excluded.state, \
         transcript = excluded.transcript, created_at = excluded.created_at",
    )
    .bind(row.id.as_str())
    .bind(row.tenant_id.as_ref().map(TenantId::as_str))
    .bind(row.call_sid.as_str())
    .bind(row.account_sid.as_ref().map(Sid::as_str))
    .bind(row.recording_sid.as_ref().map(Sid::as_str))
    .bind(row.recording_url.as_deref().map(plain))
    .bind(row.from.as_deref().map(plain))
    .bind(row.duration_seconds.map(i64::from))
    .bind(spelled(row.state))
    .bind(row.transcript.as_deref().map(plain))
    .bind(nanos(row.created_at))
    .execute(&mut **writing)
    .await?;
    Ok(())
}

pub(super) fn readable(row: &DbRow) -> Option<VoicemailRow> {
    voicemail_of(row).inspect_err(|error| tracing::error!(%error, "a voicemail is left out")).ok()
}

pub(super) fn voicemail_of(row: &DbRow) -> Result<VoicemailRow, StoreError> {
    let columns = Columns(row);
    Ok(VoicemailRow {
        id: columns.identity("id")?,
        tenant_id: columns.parsed("tenant_id")?,
        org_id: columns.parsed("org_id")?,
        call_sid: columns.identity("call_sid")?,
        account_sid: columns.parsed("account_sid")?,
        recording_sid: columns.parsed("recording_sid")?,
        recording_url: columns.text_or_none("recording_url")?,
        from: columns.text_or_none("from_number")?,
        duration_seconds: columns.integer_or_none("duration_seconds")?.and_then(|s| u32::try_from(s).ok()),
        state: word(&columns.text("state")?).unwrap_or(VoicemailState::Pending),
        transcript: columns.text_or_none("transcript")?,
        heard: columns.flag("heard")?,
        created_at: columns.at("created_at")?,
    })
}
