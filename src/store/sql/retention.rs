//! What tenants want instead of the installation's periods.

use serde_json::{Value, json};

use super::audit::{Noted, note};
use super::read::Columns;
use super::{DbRow, Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{RecordingFate, TenantId, TenantRetention};
use crate::store::{Actor, StoreError};

impl Engine {
    pub(in crate::store) async fn retention(&self, id: &TenantId) -> Result<TenantRetention, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(concat!(rows_of!(retention), " WHERE tenant_id = $1")).bind(id.as_str());
            let row = query.fetch_optional(&mut *self.read().await?).await?;
            row.map_or_else(|| Ok(TenantRetention::unsaid(id.clone())), |row| retention_of(&row))
        })
        .await
    }

    pub(in crate::store) async fn retentions(&self) -> Result<Vec<TenantRetention>, StoreError> {
        within(WORK_MAX, async {
            let query = sqlx::query(concat!(rows_of!(retention), " ORDER BY tenant_id"));
            query.fetch_all(&mut *self.read().await?).await?.iter().map(retention_of).collect()
        })
        .await
    }

    pub(in crate::store) async fn put_retention(
        &self,
        wanted: &TenantRetention,
        expected: Option<u64>,
        by: &Actor,
    ) -> Result<TenantRetention, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let before = kept(&mut writing, &wanted.tenant_id).await?;
            if expected.is_some_and(|expected| expected != before.version) {
                return Err(StoreError::VersionChanged(before.version));
            }
            let after = TenantRetention { version: before.version + 1, ..wanted.clone() };
            sqlx::query(
                "INSERT INTO retention (tenant_id, calls_days, voicemails_days, transcripts_days, recording, version) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id) DO UPDATE SET calls_days = excluded.calls_days, \
                 voicemails_days = excluded.voicemails_days, transcripts_days = excluded.transcripts_days, \
                 recording = excluded.recording, version = excluded.version",
            )
            .bind(after.tenant_id.as_str())
            .bind(after.calls_days.map(i64::from))
            .bind(after.voicemails_days.map(i64::from))
            .bind(after.transcripts_days.map(i64::from))
            .bind(after.recording.as_str())
            .bind(i64::try_from(after.version).unwrap_or(i64::MAX))
            .execute(&mut *writing)
            .await?;
            let (was, is) = (audited(&before), audited(&after));
            let noted = Noted {
                what: "retention.put",
                subject: after.tenant_id.as_str(),
                org: None,
                tenant: Some(&after.tenant_id),
                before: Some(&was),
                after: Some(&is),
            };
            note(&mut writing, by, noted).await?;
            writing.commit().await?;
            Ok(after)
        })
        .await
    }
}

async fn kept(writing: &mut Writing, id: &TenantId) -> Result<TenantRetention, StoreError> {
    let query = sqlx::query("SELECT 1 FROM tenants WHERE id = $1").bind(id.as_str());
    if query.fetch_optional(&mut **writing).await?.is_none() {
        return Err(StoreError::NotFound);
    }
    let query = sqlx::query(concat!(rows_of!(retention), " WHERE tenant_id = $1")).bind(id.as_str());
    let row = query.fetch_optional(&mut **writing).await?;
    row.map_or_else(|| Ok(TenantRetention::unsaid(id.clone())), |row| retention_of(&row))
}

fn retention_of(row: &DbRow) -> Result<TenantRetention, StoreError> {
    let columns = Columns(row);
    let days = |column| -> Result<Option<u32>, StoreError> {
        Ok(columns.integer_or_none(column)?.and_then(|days| u32::try_from(days).ok()))
    };
    Ok(TenantRetention {
        tenant_id: columns.identity("tenant_id")?,
        calls_days: days("calls_days")?,
        voicemails_days: days("voicemails_days")?,
        transcripts_days: days("transcripts_days")?,
        recording: if columns.text("recording")? == "keep" { RecordingFate::Keep } else { RecordingFate::Delete },
        version: columns.integer("version")?.unsigned_abs(),
    })
}

fn audited(retention: &TenantRetention) -> Value {
    json!({
        "callsDays": retention.calls_days,
        "voicemailsDays": retention.voicemails_days,
        "transcriptsDays": retention.transcripts_days,
        "recordingAtTwilio": retention.recording.as_str(),
        "version": retention.version,
    })
}
