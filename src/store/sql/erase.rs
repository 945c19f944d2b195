//! Taking calls and voicemails out of their tables, with all that hangs on them. Why they go is for the callers to say.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::read::{Columns, json_text};
use super::{DbRow, Writing};
use crate::model::{Sid, TenantId};
use crate::store::cursor::nanos;
use crate::store::{RemoteProvider, StoreError};

/// A voicemail on its way out.
pub(super) struct Leaving {
    pub id: String,
    pub call_sid: Sid,
    pub tenant_id: Option<TenantId>,
    pub account: Option<Sid>,
    pub recording: Option<Sid>,
}

impl Leaving {
    /// What a `SELECT *` of voicemails says of it.
    pub(super) fn of(row: &DbRow) -> Result<Leaving, StoreError> {
        let columns = Columns(row);
        Ok(Leaving {
            id: columns.text("id")?,
            call_sid: columns.identity("call_sid")?,
            tenant_id: columns.parsed("tenant_id")?,
            account: columns.parsed("account_sid")?,
            recording: columns.parsed("recording_sid")?,
        })
    }
}

/// Something a provider is to forget.
pub(super) struct Remote<'a> {
    pub provider: RemoteProvider,
    pub account: Option<&'a Sid>,
    pub sid: &'a Sid,
    pub tenant: Option<&'a TenantId>,
}

/// Takes out calls and what happened in them. Answers how many of each went.
pub(super) async fn calls(writing: &mut Writing, sids: &[&Sid]) -> Result<(u64, u64), StoreError> {
    let list = json_text(&sids)?;
    let query = sqlx::query("DELETE FROM call_events WHERE call_sid IN (SELECT value FROM json_each($1))");
    let events = query.bind(&list).execute(&mut **writing).await?.rows_affected();
    let query = sqlx::query("DELETE FROM calls WHERE call_sid IN (SELECT value FROM json_each($1))");
    let calls = query.bind(&list).execute(&mut **writing).await?.rows_affected();
    Ok((calls, events))
}

/// Takes out voicemails and the news they were made of. News stay where other voicemails of their call stay, save what
/// names a recording that goes. Answers how many of each went.
pub(super) async fn voicemails(writing: &mut Writing, leaving: &[Leaving]) -> Result<(u64, u64), StoreError> {
    let ids: Vec<&str> = leaving.iter().map(|one| one.id.as_str()).collect();
    let query = sqlx::query("DELETE FROM voicemails WHERE id IN (SELECT value FROM json_each($1))");
    let gone = query.bind(json_text(&ids)?).execute(&mut **writing).await?.rows_affected();
    let calls: BTreeSet<&Sid> = leaving.iter().map(|one| &one.call_sid).collect();
    let query = sqlx::query(
        "DELETE FROM voicemail_news WHERE call_sid IN (SELECT value FROM json_each($1)) \
         AND NOT EXISTS (SELECT 1 FROM voicemails WHERE voicemails.call_sid = voicemail_news.call_sid)",
    );
    let mut news = query.bind(json_text(&calls)?).execute(&mut **writing).await?.rows_affected();
    let recordings: Vec<&Sid> = leaving.iter().filter_map(|one| one.recording.as_ref()).collect();
    let query = sqlx::query("DELETE FROM voicemail_news WHERE recording_sid IN (SELECT value FROM json_each($1))");
    news += query.bind(json_text(&recordings)?).execute(&mut **writing).await?.rows_affected();
    Ok((gone, news))
}

/// Queues what providers are to forget. Answers how much of it was not queued yet.
pub(super) async fn queue(writing: &mut Writing, remote: &[Remote<'_>], now: Timestamp) -> Result<u64, StoreError> {
    let mut queued = 0;
    for one in remote {
        let query = sqlx::query(
            "INSERT INTO remote_erasures (provider, account, sid, tenant_id, created_at, next_at) \
             VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (provider, sid) DO NOTHING",
        );
        queued += query
            .bind(one.provider.as_str())
            .bind(one.account.map(Sid::as_str))
            .bind(one.sid.as_str())
            .bind(one.tenant.map(TenantId::as_str))
            .bind(nanos(now))
            .execute(&mut **writing)
            .await?
            .rows_affected();
    }
    Ok(queued)
}

/// Takes out the messages to webhooks that tell of these things, sent or not.
pub(super) async fn deliveries(writing: &mut Writing, subjects: &[&str]) -> Result<u64, StoreError> {
    let query = sqlx::query("DELETE FROM webhook_deliveries WHERE subject IN (SELECT value FROM json_each($1))");
    Ok(query.bind(json_text(&subjects)?).execute(&mut **writing).await?.rows_affected())
}
