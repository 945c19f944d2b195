//! Endpoints that are told of events, with their sealed secrets.

use jiff::Timestamp;
use sqlx::QueryBuilder;

use super::audit::{Noted, note};
use super::read::{Columns, json_text, spelled, word};
use super::{Db, DbRow, Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{DisabledReason, Scope, SigningSecret, Webhook, WebhookId};
use crate::store::cursor::{Cursor, anywhere, nanos};
use crate::store::seal::Place;
use crate::store::{Actor, Ask, ENDPOINTS_MAX, PREVIOUS_SECRET_KEPT, Page, StoreError, audit};

impl Engine {
    pub(in crate::store) async fn create_webhook(
        &self,
        webhook: &Webhook,
        secret: &SigningSecret,
        by: &Actor,
    ) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let sealed = self.seal(&writing, secret_place(webhook.id.as_str()), secret.spelled())?;
            owner_exists(&mut writing, webhook).await?;
            has_room(&mut writing, webhook).await?;
            sqlx::query(
                "INSERT INTO webhooks (id, org_id, tenant_id, url, events, description, enabled, disabled_reason, \
                 secret, version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8, $9, $10, $11)",
            )
            .bind(webhook.id.as_str())
            .bind(webhook.org_id.as_ref().map(|org| org.as_str()))
            .bind(webhook.tenant_id.as_ref().map(|tenant| tenant.as_str()))
            .bind(&webhook.url)
            .bind(json_text(&webhook.events)?)
            .bind(&webhook.description)
            .bind(i64::from(webhook.enabled))
            .bind(sealed)
            .bind(version(webhook.version))
            .bind(nanos(webhook.created_at))
            .bind(nanos(webhook.updated_at))
            .execute(&mut *writing)
            .await?;
            note_change(&mut writing, by, "webhook.create", None, Some(webhook)).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn webhook(&self, id: &WebhookId) -> Result<Option<Webhook>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(concat!(rows_of!(webhooks), " WHERE id = $1")).bind(id.as_str());
            let row = query.fetch_optional(&mut *self.read().await?).await?;
            row.map(|row| webhook_of(&row)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn webhooks(&self, ask: &Ask) -> Result<Page<Webhook>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(concat!(rows_of!(webhooks), " WHERE 1 = 1"));
        if let Some(cursor) = Cursor::asked("webhooks", ask)? {
            query.push(" AND (created_at, id) < (").push_bind(cursor.nanos()?);
            query.push(", ").push_bind(cursor.id).push(")");
        }
        match &ask.scope {
            Scope::All => {}
            Scope::Org(org) => {
                query.push(" AND (org_id = ").push_bind(org.to_string());
                query.push(" OR tenant_id IN (SELECT id FROM tenants WHERE org_id = ").push_bind(org.to_string());
                query.push("))");
            }
            Scope::Tenant(tenant) => drop(query.push(" AND tenant_id = ").push_bind(tenant.to_string())),
        }
        if let Some(tenant) = &ask.tenant {
            query.push(" AND tenant_id = ").push_bind(tenant.to_string());
        }
        if let Some(words) = ask.words() {
            let pattern = anywhere(words);
            query.push(concat!(" AND (url ", like!(), " ")).push_bind(pattern.clone()).push(" ESCAPE '\\'");
            query.push(concat!(" OR description ", like!(), " ")).push_bind(pattern).push(" ESCAPE '\\'");
            query.push(" OR id = ").push_bind(words).push(")");
        }
        self.newest("webhooks", query, ask, readable).await
    }

    pub(in crate::store) async fn change_webhook(
        &self,
        id: &WebhookId,
        expected: Option<u64>,
        by: &Actor,
        change: impl FnOnce(&mut Webhook) + Send,
    ) -> Result<Webhook, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let before = kept(&mut writing, id, expected).await?;
            let mut after = before.clone();
            change(&mut after);
            let after = Webhook {
                id: before.id.clone(),
                org_id: before.org_id.clone(),
                tenant_id: before.tenant_id.clone(),
                // Shown until somebody enables it again.
                disabled_reason: before.disabled_reason.filter(|_| !after.enabled),
                created_at: before.created_at,
                version: before.version + 1,
                ..after
            };
            write_settings(&mut writing, &after).await?;
            // Whoever moves or enables it gives it another chance.
            if after.url != before.url || after.enabled != before.enabled {
                let query = sqlx::query("UPDATE webhooks SET failing_since = NULL WHERE id = $1");
                query.bind(id.as_str()).execute(&mut *writing).await?;
            }
            if !after.enabled {
                super::deliveries::give_up(&mut writing, id, after.updated_at).await?;
            }
            note_change(&mut writing, by, "webhook.change", Some(&before), Some(&after)).await?;
            writing.commit().await?;
            Ok(after)
        })
        .await
    }

    pub(in crate::store) async fn rotate_webhook(
        &self,
        id: &WebhookId,
        expected: Option<u64>,
        secret: &SigningSecret,
        at: Timestamp,
        by: &Actor,
    ) -> Result<Webhook, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let sealed = self.seal(&writing, secret_place(id.as_str()), secret.spelled())?;
            let before = kept(&mut writing, id, expected).await?;
            let query = sqlx::query("SELECT secret FROM webhooks WHERE id = $1").bind(id.as_str());
            let row = query.fetch_one(&mut *writing).await?;
            // What does not open any more is not carried on.
            let current = Columns(&row).bytes_or_none("secret")?.unwrap_or_default();
            let previous = self.open_sealed(secret_place(id.as_str()), current).ok();
            let previous =
                previous.map(|secret| self.seal(&writing, previous_place(id.as_str()), &secret)).transpose()?;
            sqlx::query("UPDATE webhooks SET secret = $2, secret_previous = $3, previous_until = $4 WHERE id = $1")
                .bind(id.as_str())
                .bind(sealed)
                .bind(previous)
                .bind(nanos(at.saturating_add(PREVIOUS_SECRET_KEPT).unwrap_or(Timestamp::MAX)))
                .execute(&mut *writing)
                .await?;
            let after = Webhook { version: before.version + 1, updated_at: at, ..before.clone() };
            write_settings(&mut writing, &after).await?;
            note_change(&mut writing, by, "webhook.rotate", Some(&before), Some(&after)).await?;
            writing.commit().await?;
            Ok(after)
        })
        .await
    }

    pub(in crate::store) async fn delete_webhook(
        &self,
        id: &WebhookId,
        expected: Option<u64>,
        by: &Actor,
    ) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let before = kept(&mut writing, id, expected).await?;
            sqlx::query("DELETE FROM webhooks WHERE id = $1").bind(id.as_str()).execute(&mut *writing).await?;
            note_change(&mut writing, by, "webhook.delete", Some(&before), None).await?;
            writing.commit().await
        })
        .await
    }

    /// What signs for the endpoint in a row that has its columns: its secret, and the one before while that is good.
    pub(super) fn secrets_of(&self, row: &DbRow, id: &str, now: Timestamp) -> Vec<SigningSecret> {
        let columns = Columns(row);
        let open = |column, place| -> Option<SigningSecret> {
            let sealed = columns.bytes_or_none(column).ok().flatten()?;
            let opened = self.open_sealed(place, sealed);
            let opened = opened.inspect_err(|error| tracing::error!(%error, "a secret of a webhook is lost")).ok()?;
            SigningSecret::parse(opened.reveal()).ok()
        };
        let previous_until = columns.integer_or_none("previous_until").ok().flatten();
        let previous = previous_until.filter(|until| nanos(now) < *until);
        let previous = previous.and_then(|_| open("secret_previous", previous_place(id)));
        // Without the current one nothing is signed: a receiver may have been told to trust no other.
        open("secret", secret_place(id))
            .map(|current| [Some(current), previous])
            .into_iter()
            .flatten()
            .flatten()
            .collect()
    }
}

fn secret_place(row: &str) -> Place<'_> {
    Place { table: "webhooks", column: "secret", row }
}

fn previous_place(row: &str) -> Place<'_> {
    Place { table: "webhooks", column: "secret_previous", row }
}

fn version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

/// Disables an endpoint that has shown it takes nothing, and gives up what it was still to be sent.
pub(super) async fn disable(
    writing: &mut Writing,
    id: &WebhookId,
    reason: DisabledReason,
    at: Timestamp,
) -> Result<(), StoreError> {
    let before = kept(writing, id, None).await?;
    let after = Webhook {
        enabled: false,
        disabled_reason: Some(reason),
        version: before.version + 1,
        updated_at: at,
        ..before.clone()
    };
    write_settings(writing, &after).await?;
    super::deliveries::give_up(writing, id, at).await?;
    note_change(writing, &Actor("patchbay".to_owned()), "webhook.disable", Some(&before), Some(&after)).await
}

/// Notes a change of an endpoint, before and after, for whoever sees the endpoint.
async fn note_change(
    writing: &mut Writing,
    by: &Actor,
    what: &'static str,
    before: Option<&Webhook>,
    after: Option<&Webhook>,
) -> Result<(), StoreError> {
    let Some(webhook) = after.or(before) else { return Ok(()) };
    let (was, is) = (before.map(audit::webhook), after.map(audit::webhook));
    let noted = Noted {
        what,
        subject: webhook.id.as_str(),
        org: webhook.org_id.as_ref(),
        tenant: webhook.tenant_id.as_ref(),
        before: was.as_ref(),
        after: is.as_ref(),
    };
    note(writing, by, noted).await
}

async fn owner_exists(writing: &mut Writing, webhook: &Webhook) -> Result<(), StoreError> {
    let found = match (&webhook.org_id, &webhook.tenant_id) {
        (Some(org), _) => {
            let query = sqlx::query("SELECT 1 FROM organizations WHERE id = $1").bind(org.as_str());
            query.fetch_optional(&mut **writing).await?
        }
        (None, Some(tenant)) => {
            let query = sqlx::query("SELECT 1 FROM tenants WHERE id = $1").bind(tenant.as_str());
            query.fetch_optional(&mut **writing).await?
        }
        (None, None) => return Ok(()),
    };
    found.map(|_| ()).ok_or(StoreError::NotFound)
}

/// Has its owner room for one more?
async fn has_room(writing: &mut Writing, webhook: &Webhook) -> Result<(), StoreError> {
    let count: i64 = match (&webhook.org_id, &webhook.tenant_id) {
        (Some(org), _) => {
            let query = sqlx::query_scalar("SELECT count(*) FROM webhooks WHERE org_id = $1").bind(org.as_str());
            query.fetch_one(&mut **writing).await?
        }
        (None, Some(tenant)) => {
            let query = sqlx::query_scalar("SELECT count(*) FROM webhooks WHERE tenant_id = $1").bind(tenant.as_str());
            query.fetch_one(&mut **writing).await?
        }
        (None, None) => {
            let query = sqlx::query_scalar("SELECT count(*) FROM webhooks WHERE org_id IS NULL AND tenant_id IS NULL");
            query.fetch_one(&mut **writing).await?
        }
    };
    if count < i64::from(ENDPOINTS_MAX) { Ok(()) } else { Err(StoreError::TooMany(ENDPOINTS_MAX)) }
}

async fn kept(writing: &mut Writing, id: &WebhookId, expected: Option<u64>) -> Result<Webhook, StoreError> {
    let query = sqlx::query(concat!(rows_of!(webhooks), " WHERE id = $1")).bind(id.as_str());
    let row = query.fetch_optional(&mut **writing).await?.ok_or(StoreError::NotFound)?;
    let webhook = webhook_of(&row)?;
    match expected {
        Some(expected) if expected != webhook.version => Err(StoreError::VersionChanged(webhook.version)),
        _ => Ok(webhook),
    }
}

async fn write_settings(writing: &mut Writing, webhook: &Webhook) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE webhooks SET url = $2, events = $3, description = $4, enabled = $5, disabled_reason = $6, \
         version = $7, updated_at = $8 WHERE id = $1",
    )
    .bind(webhook.id.as_str())
    .bind(&webhook.url)
    .bind(json_text(&webhook.events)?)
    .bind(&webhook.description)
    .bind(i64::from(webhook.enabled))
    .bind(webhook.disabled_reason.map(spelled))
    .bind(version(webhook.version))
    .bind(nanos(webhook.updated_at))
    .execute(&mut **writing)
    .await?;
    Ok(())
}

fn readable(row: &DbRow) -> Option<Webhook> {
    webhook_of(row).inspect_err(|error| tracing::error!(%error, "a webhook is left out")).ok()
}

pub(super) fn webhook_of(row: &DbRow) -> Result<Webhook, StoreError> {
    let columns = Columns(row);
    Ok(Webhook {
        id: columns.identity("id")?,
        org_id: columns.parsed("org_id")?,
        tenant_id: columns.parsed("tenant_id")?,
        url: columns.text("url")?,
        events: columns.json("events")?.unwrap_or_default(),
        description: columns.text_or_none("description")?,
        enabled: columns.flag("enabled")?,
        disabled_reason: columns.text_or_none("disabled_reason")?.and_then(|text| word(&text)),
        version: columns.integer("version")?.unsigned_abs(),
        created_at: columns.at("created_at")?,
        updated_at: columns.at("updated_at")?,
    })
}
