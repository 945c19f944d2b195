//! Voicemails: their news, and what the news add up to.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use sqlx::Arguments as _;
use sqlx::error::BoxDynError;

use super::bulk::{Bulk, KEYS_MAX};
use super::read::{Columns, json_text, plain, spelled, word};
use super::tell::{tell_all, voicemail_is_there};
use super::walk::{Cond, List, Order, Stretch, Walk};
use super::whose::Whose;
use super::{DbArguments, DbRow, Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{Sid, TenantId, VoicemailId, VoicemailNews, VoicemailState};
use crate::store::cursor::{anywhere, nanos};
use crate::store::voicemail::CallOf;
use crate::store::words::{self, Words};
use crate::store::{Ask, Page, StoreError, VoicemailFilter, VoicemailRow, voicemail};

pub(super) const VOICEMAILS: List =
    List { table: "voicemails", rows: rows_of!(voicemails), by: "created_at", id: "id", order: Order::Newest };

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
            let query = sqlx::query(concat!(rows_of!(voicemails), " WHERE id = $1")).bind(id.as_str());
            let row = query.fetch_optional(&mut *self.read().await?).await?;
            row.map(|row| voicemail_of(&row)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn voicemails_told(
        &self,
        calls: &[&Sid],
        recordings: &[&Sid],
    ) -> Result<Vec<VoicemailRow>, StoreError> {
        within(WORK_MAX, async {
            let query = sqlx::query(concat!(
                rows_of!(voicemails),
                " WHERE id IN ( \
                     SELECT id FROM voicemails WHERE call_sid IN (SELECT value FROM json_each($1)) \
                     UNION SELECT id FROM voicemails WHERE recording_sid IN (SELECT value FROM json_each($2))) ORDER BY id"
            ));
            let query = query.bind(json_text(&calls)?).bind(json_text(&recordings)?);
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
            let query = sqlx::query(concat!(
                rows_of!(voicemails),
                " WHERE state = 'pending' AND created_at < $1 ORDER BY created_at, id"
            ));
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

/// Keeps news, in the order it came, and makes the voicemails of its calls anew.
pub(super) async fn take_news(writing: &mut Writing, news: &[&VoicemailNews]) -> Result<(), StoreError> {
    for some in news.chunks(KEYS_MAX) {
        let mut told_under = told_under(writing, some).await?;
        let mut calls: Vec<Sid> = Vec::with_capacity(some.len());
        let mut rows: Vec<(Sid, Option<&Sid>, String)> = Vec::with_capacity(some.len());
        for one in some {
            let recording = one.recording_sid.as_ref();
            // A recording told under two calls is still one voicemail: it stays with the call it was first told under.
            let known = recording.and_then(|recording| told_under.get(recording));
            let call = known.unwrap_or(&one.call_sid).clone();
            if let Some(recording) = recording {
                told_under.entry(recording.clone()).or_insert_with(|| call.clone());
            }
            if !calls.contains(&call) {
                calls.push(call.clone());
            }
            rows.push((call, recording, json_text(one)?));
        }
        static NEWS: Bulk =
            Bulk::new("INSERT INTO voicemail_news (call_sid, recording_sid, news) VALUES ", "(?, ?, ?)", "");
        NEWS.execute(writing, &rows, |(call, recording, news), row| {
            row.add(call.as_str())?;
            row.add(recording.map(Sid::as_str))?;
            row.add(news.as_str())
        })
        .await?;
        merge_again(writing, &calls.iter().collect::<Vec<_>>()).await?;
    }
    Ok(())
}

/// Under which calls these recordings were told first.
async fn told_under(writing: &mut Writing, news: &[&VoicemailNews]) -> Result<HashMap<Sid, Sid>, StoreError> {
    let recordings: Vec<&Sid> = news.iter().filter_map(|news| news.recording_sid.as_ref()).collect();
    let mut under = HashMap::new();
    if recordings.is_empty() {
        return Ok(under);
    }
    let query = "SELECT recording_sid, call_sid FROM voicemail_news \
                 WHERE recording_sid IN (SELECT value FROM json_each($1)) ORDER BY id";
    let rows = sqlx::query(query).bind(json_text(&recordings)?).fetch_all(&mut **writing).await?;
    for row in &rows {
        let (recording, call): (Sid, Sid) =
            (Columns(row).identity("recording_sid")?, Columns(row).identity("call_sid")?);
        under.entry(recording).or_insert(call);
    }
    Ok(under)
}

/// It has become known whose calls these are: voicemails that nobody claimed follow them.
pub(super) async fn calls_have_tenants(writing: &mut Writing, calls: &[&Sid]) -> Result<(), StoreError> {
    for some in calls.chunks(KEYS_MAX) {
        merge_again(writing, some).await?;
    }
    Ok(())
}

/// Makes the voicemails of a few calls anew, from all their news.
async fn merge_again(writing: &mut Writing, calls: &[&Sid]) -> Result<(), StoreError> {
    let list = json_text(&calls)?;
    let news =
        "SELECT call_sid, news FROM voicemail_news WHERE call_sid IN (SELECT value FROM json_each($1)) ORDER BY id";
    let rows = sqlx::query(news).bind(&list).fetch_all(&mut **writing).await?;
    let mut told: HashMap<Sid, Vec<VoicemailNews>> = HashMap::new();
    for row in &rows {
        let call: Sid = Columns(row).identity("call_sid")?;
        told.entry(call).or_default().extend(Columns(row).json("news")?);
    }
    if told.is_empty() {
        return Ok(());
    }
    let of_calls = "SELECT call_sid, tenant_id, CASE WHEN json_valid(began) THEN json_extract(began, '$.account_sid') END \
                    AS account_sid FROM calls WHERE call_sid IN (SELECT value FROM json_each($1))";
    let rows = sqlx::query(of_calls).bind(&list).fetch_all(&mut **writing).await?;
    let mut of_calls: HashMap<Sid, CallOf> = HashMap::new();
    for row in &rows {
        let columns = Columns(row);
        let call = CallOf { tenant: columns.parsed("tenant_id")?, account: columns.parsed("account_sid")? };
        of_calls.insert(columns.identity("call_sid")?, call);
    }
    let kept =
        concat!(rows_of!(voicemails), " WHERE call_sid IN (SELECT value FROM json_each($1)) ORDER BY created_at, id");
    let rows = sqlx::query(kept).bind(&list).fetch_all(&mut **writing).await?;
    let mut kept: HashMap<Sid, Vec<VoicemailRow>> = HashMap::new();
    for row in rows.iter().filter_map(readable) {
        kept.entry(row.call_sid.clone()).or_default().push(row);
    }

    let mut merged: Vec<VoicemailRow> = Vec::new();
    for call in calls {
        let Some(news) = told.get(*call).filter(|news| !news.is_empty()) else { continue };
        let (of_call, kept) = (of_calls.get(*call), kept.get(*call));
        let mut of_this = voicemail::merge(call, news, of_call.unwrap_or(&CallOf::default()));
        voicemail::keep_ids(&mut of_this, kept.map_or(&[], Vec::as_slice));
        merged.extend(of_this);
    }
    let before: HashMap<VoicemailId, VoicemailRow> =
        kept.into_values().flatten().map(|row| (row.id.clone(), row)).collect();
    // One that another call of the batch has is as taken as any.
    let known = |row: &VoicemailRow| before.get(&row.id).filter(|kept| kept.call_sid == row.call_sid);
    let fresh: Vec<&VoicemailId> = merged.iter().filter(|row| known(row).is_none()).map(|row| &row.id).collect();
    let mut taken = taken(writing, &fresh).await?;
    for row in merged.iter_mut().filter(|row| known(row).is_none()) {
        if taken.contains(&row.id) {
            row.id = voicemail::another_id(row);
        }
        taken.insert(row.id.clone());
    }
    WHOLE.execute(writing, &merged, whole_row).await?;
    let told = merged.iter().filter_map(|row| voicemail_is_there(known(row), row)).collect::<Vec<_>>();
    tell_all(writing, &told).await
}

/// Which of these identifiers somebody has already.
async fn taken(writing: &mut Writing, ids: &[&VoicemailId]) -> Result<HashSet<VoicemailId>, StoreError> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let query = sqlx::query("SELECT id FROM voicemails WHERE id IN (SELECT value FROM json_each($1))");
    let rows = query.bind(json_text(&ids)?).fetch_all(&mut **writing).await?;
    rows.iter().map(|row| Columns(row).identity("id")).collect()
}

/// All but `heard`, which belongs to people and not to news.
static WHOLE: Bulk = Bulk::new(
    "INSERT INTO voicemails (id, call_sid, account_sid, recording_sid, recording_url, from_number, duration_seconds, state, \
     transcript, created_at, tenant_id, org_id) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce((SELECT org_id FROM tenants WHERE id = ?), \
     (SELECT org_id FROM tenant_versions WHERE id = ? ORDER BY version DESC LIMIT 1)))",
    " ON CONFLICT (id) DO UPDATE SET tenant_id = excluded.tenant_id, org_id = excluded.org_id, \
     account_sid = excluded.account_sid, recording_sid = excluded.recording_sid, \
     recording_url = excluded.recording_url, from_number = excluded.from_number, \
     duration_seconds = excluded.duration_seconds, state = excluded.state, transcript = excluded.transcript, \
     created_at = excluded.created_at",
);

fn whole_row(voicemail: &VoicemailRow, row: &mut DbArguments) -> Result<(), BoxDynError> {
    let owned = |text: &Option<String>| text.as_deref().map(|text| plain(text).into_owned());
    row.add(voicemail.id.as_str())?;
    row.add(voicemail.call_sid.as_str())?;
    row.add(voicemail.account_sid.as_ref().map(Sid::as_str))?;
    row.add(voicemail.recording_sid.as_ref().map(Sid::as_str))?;
    row.add(owned(&voicemail.recording_url))?;
    row.add(owned(&voicemail.from))?;
    row.add(voicemail.duration_seconds.map(i64::from))?;
    row.add(spelled(voicemail.state))?;
    row.add(owned(&voicemail.transcript))?;
    row.add(nanos(voicemail.created_at))?;
    // It says whose, and twice from whom to learn which organization's.
    let tenant = voicemail.tenant_id.as_ref().map(TenantId::as_str);
    (0..3).try_for_each(|_| row.add(tenant))
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
