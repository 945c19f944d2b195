//! Deliveries: what is due, what came of it, what is listed and sent again.

use jiff::Timestamp;
use sqlx::QueryBuilder;

use super::read::{Columns, json_text, plain, spelled, word};
use super::tell::{Delivery, deliver};
use super::webhooks::disable;
use super::{Db, DbRow, Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{DisabledReason, EventKind, MessageId, WebhookId};
use crate::store::cursor::{Cursor, instant, nanos};
use crate::store::event::Event;
use crate::store::{
    Ask, Attempt, DeliveryFilter, DeliveryRow, DeliveryState, Disabled, Due, FAILING_MAX, Outgoing, Page, REPLAY_MAX,
    Replay, StoreError, Then,
};

/// Finished deliveries that are removed in one write.
const FORGET_AT_ONCE: i64 = 2_000;

/// Hops along the index of pending ones from endpoint to endpoint, so that an endpoint with a long queue costs no more
/// than one with a short one, and takes as many places.
const DUE: &str = concat!(
    "WITH RECURSIVE waiting (webhook_id) AS ( \
         SELECT min(webhook_id) FROM webhook_deliveries WHERE state = 'pending' \
         UNION ALL SELECT (SELECT min(next.webhook_id) FROM webhook_deliveries AS next \
             WHERE next.state = 'pending' AND next.webhook_id > waiting.webhook_id) \
         FROM waiting WHERE waiting.webhook_id IS NOT NULL) \
     SELECT due.id, due.webhook_id, due.next_at FROM waiting \
     JOIN webhooks ON webhooks.id = waiting.webhook_id AND webhooks.enabled = 1",
    first_of_each!(
        "webhook_deliveries AS first WHERE first.webhook_id = waiting.webhook_id AND first.state = 'pending' \
         AND first.next_at <= $1 ORDER BY first.next_at, first.id LIMIT $2"
    )
);

impl Engine {
    pub(in crate::store) async fn due_deliveries(
        &self,
        now: Timestamp,
        of_each_max: u32,
    ) -> Result<Vec<Due>, StoreError> {
        within(WORK_MAX, async {
            let query = sqlx::query(DUE).bind(nanos(now)).bind(i64::from(of_each_max));
            let rows = query.fetch_all(&mut *self.read().await?).await?;
            let due = rows.iter().map(|row| {
                let columns = Columns(row);
                Ok(Due {
                    id: columns.identity("id")?,
                    webhook_id: columns.identity("webhook_id")?,
                    since: columns.at("next_at")?,
                })
            });
            due.collect()
        })
        .await
    }

    pub(in crate::store) async fn outgoing(
        &self,
        ids: &[MessageId],
        now: Timestamp,
    ) -> Result<Vec<Outgoing>, StoreError> {
        within(WORK_MAX, async {
            let query = sqlx::query(
                "SELECT d.id, d.webhook_id, d.attempts, d.payload, w.url, w.secret, w.secret_previous, \
                 w.previous_until FROM webhook_deliveries AS d JOIN webhooks AS w ON w.id = d.webhook_id \
                 WHERE d.id IN (SELECT value FROM json_each($1)) AND d.state = 'pending' AND w.enabled = 1",
            );
            let rows = query.bind(json_text(&ids)?).fetch_all(&mut *self.read().await?).await?;
            let outgoing = rows.iter().map(|row| {
                let columns = Columns(row);
                let webhook_id: WebhookId = columns.identity("webhook_id")?;
                Ok(Outgoing {
                    id: columns.identity("id")?,
                    url: columns.text("url")?,
                    secrets: self.secrets_of(row, webhook_id.as_str(), now),
                    attempts: u32::try_from(columns.integer("attempts")?).unwrap_or(u32::MAX),
                    payload: columns.text("payload")?,
                    webhook_id,
                })
            });
            outgoing.collect()
        })
        .await
    }

    pub(in crate::store) async fn record_attempts(&self, attempts: &[Attempt]) -> Result<Vec<Disabled>, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write_patiently().await?;
            let mut disabled = Vec::new();
            for attempt in attempts {
                record_delivery(&mut writing, attempt).await?;
                disabled.extend(judge_endpoint(&mut writing, attempt).await?);
            }
            writing.commit().await?;
            Ok(disabled)
        })
        .await
    }

    pub(in crate::store) async fn send_test(
        &self,
        webhook: &WebhookId,
        id: &MessageId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query = sqlx::query("SELECT 1 FROM webhooks WHERE id = $1").bind(webhook.as_str());
            query.fetch_optional(&mut *writing).await?.ok_or(StoreError::NotFound)?;
            let (webhook, id, event) = (webhook.clone(), id.clone(), &Event::test(id, webhook, now));
            deliver(&mut writing, &[Delivery { webhook, id, event, payload: event.payload().into() }]).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn deliveries(
        &self,
        webhook: &WebhookId,
        ask: &Ask<DeliveryFilter>,
    ) -> Result<Page<DeliveryRow>, StoreError> {
        let list = format!("deliveries of {webhook}");
        let mut query = QueryBuilder::<Db>::new(concat!(rows_of!(webhook_deliveries), " WHERE webhook_id = "));
        query.push_bind(webhook.to_string());
        if let Some(state) = ask.only.state {
            query.push(" AND state = ").push_bind(spelled(state));
        }
        if let Some(cursor) = Cursor::asked(&list, ask)? {
            query.push(" AND (created_at, id) < (").push_bind(cursor.nanos()?);
            query.push(", ").push_bind(cursor.id).push(")");
        }
        if let Some(words) = ask.words() {
            query.push(" AND (id = ").push_bind(words).push(" OR type = ").push_bind(words);
            query.push(" OR subject = ").push_bind(words).push(")");
        }
        self.newest(&list, query, ask, readable).await
    }

    pub(in crate::store) async fn replay_delivery(
        &self,
        webhook: &WebhookId,
        id: &MessageId,
        now: Timestamp,
    ) -> Result<DeliveryRow, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            // One that is pending already goes out as it would have, only now.
            sqlx::query(
                "UPDATE webhook_deliveries SET attempts = CASE WHEN state = 'pending' THEN attempts ELSE 0 END, \
                 state = 'pending', next_at = $3, finished_at = NULL WHERE id = $1 AND webhook_id = $2",
            )
            .bind(id.as_str())
            .bind(webhook.as_str())
            .bind(nanos(now))
            .execute(&mut *writing)
            .await?;
            let query = sqlx::query(concat!(rows_of!(webhook_deliveries), " WHERE id = $1 AND webhook_id = $2"));
            let row = query.bind(id.as_str()).bind(webhook.as_str()).fetch_optional(&mut *writing).await?;
            let row = delivery_of(&row.ok_or(StoreError::NotFound)?)?;
            writing.commit().await?;
            Ok(row)
        })
        .await
    }

    pub(in crate::store) async fn replay_deliveries(
        &self,
        webhook: &WebhookId,
        which: &Replay,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let replayed = sqlx::query(
                "UPDATE webhook_deliveries SET state = 'pending', attempts = 0, next_at = $4, finished_at = NULL \
                 WHERE id IN (SELECT id FROM webhook_deliveries WHERE webhook_id = $1 AND state = $2 \
                 AND created_at >= $3 ORDER BY created_at, id LIMIT $5)",
            )
            .bind(webhook.as_str())
            .bind(spelled(which.state))
            .bind(which.since.map_or(i64::MIN, nanos))
            .bind(nanos(now))
            .bind(i64::from(REPLAY_MAX))
            .execute(&mut *writing)
            .await?;
            writing.commit().await?;
            Ok(replayed.rows_affected())
        })
        .await
    }

    pub(in crate::store) async fn pending_deliveries(&self) -> Result<u64, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query_scalar("SELECT count(*) FROM webhook_deliveries WHERE state = 'pending'");
            let pending: i64 = query.fetch_one(&mut *self.read().await?).await?;
            Ok(pending.unsigned_abs())
        })
        .await
    }

    pub(in crate::store) async fn forget_deliveries(&self, finished_before: Timestamp) -> Result<bool, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write_patiently().await?;
            let gone = sqlx::query(
                "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries \
                 WHERE finished_at IS NOT NULL AND finished_at < $1 ORDER BY finished_at LIMIT $2)",
            )
            .bind(nanos(finished_before))
            .bind(FORGET_AT_ONCE)
            .execute(&mut *writing)
            .await?;
            writing.commit().await?;
            Ok(gone.rows_affected() == FORGET_AT_ONCE.unsigned_abs())
        })
        .await
    }
}

/// What an endpoint was still to be sent is given up; it can be sent again later.
pub(super) async fn give_up(writing: &mut Writing, webhook: &WebhookId, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE webhook_deliveries SET state = 'dead', next_at = NULL, finished_at = $2, \
         last_error = 'the endpoint was disabled' WHERE webhook_id = $1 AND state = 'pending'",
    )
    .bind(webhook.as_str())
    .bind(nanos(at))
    .execute(&mut **writing)
    .await?;
    Ok(())
}

async fn record_delivery(writing: &mut Writing, attempt: &Attempt) -> Result<(), StoreError> {
    let (state, next_at) = match attempt.then {
        Then::Delivered => (DeliveryState::Delivered, None),
        Then::Again(at) => (DeliveryState::Pending, Some(at)),
        Then::Dead | Then::Gone => (DeliveryState::Dead, None),
    };
    // One that was given up while it was under way stays so, unless it arrived.
    sqlx::query(
        "UPDATE webhook_deliveries SET attempts = attempts + 1, last_status = $2, last_error = $3, \
         state = CASE WHEN $4 = 'pending' THEN state ELSE $4 END, \
         next_at = CASE WHEN $4 = 'pending' AND state = 'pending' THEN $5 END, \
         finished_at = CASE WHEN $4 = 'pending' THEN finished_at ELSE $6 END WHERE id = $1",
    )
    .bind(attempt.id.as_str())
    .bind(attempt.status.map(i64::from))
    .bind(attempt.error.as_deref().map(plain))
    .bind(spelled(state))
    .bind(next_at.map(nanos))
    .bind(nanos(attempt.at))
    .execute(&mut **writing)
    .await?;
    Ok(())
}

/// What an attempt says of its endpoint.
async fn judge_endpoint(writing: &mut Writing, attempt: &Attempt) -> Result<Option<Disabled>, StoreError> {
    let id = attempt.webhook_id.as_str();
    if attempt.then == Then::Delivered {
        let query = sqlx::query("UPDATE webhooks SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL");
        query.bind(id).execute(&mut **writing).await?;
        return Ok(None);
    }
    let query = sqlx::query(
        "UPDATE webhooks SET failing_since = coalesce(failing_since, $3) \
         WHERE id = $1 AND url = $2 AND enabled = 1 RETURNING failing_since",
    );
    let row = query.bind(id).bind(&attempt.url).bind(nanos(attempt.at)).fetch_optional(&mut **writing).await?;
    let Some(row) = row else { return Ok(None) };
    let failing_since = instant(Columns(&row).integer("failing_since")?);
    let reason = if attempt.then == Then::Gone {
        DisabledReason::Gone
    } else if attempt.at.duration_since(failing_since) >= FAILING_MAX {
        DisabledReason::Failing
    } else {
        return Ok(None);
    };
    disable(writing, &attempt.webhook_id, reason, attempt.at).await?;
    Ok(Some(Disabled { webhook_id: attempt.webhook_id.clone(), reason }))
}

fn readable(row: &DbRow) -> Option<DeliveryRow> {
    delivery_of(row).inspect_err(|error| tracing::error!(%error, "a delivery is left out")).ok()
}

fn delivery_of(row: &DbRow) -> Result<DeliveryRow, StoreError> {
    let columns = Columns(row);
    Ok(DeliveryRow {
        id: columns.identity("id")?,
        webhook_id: columns.identity("webhook_id")?,
        kind: word(&columns.text("type")?).unwrap_or(EventKind::Test),
        at: columns.at("created_at")?,
        state: word(&columns.text("state")?).unwrap_or(DeliveryState::Dead),
        attempts: u32::try_from(columns.integer("attempts")?).unwrap_or(u32::MAX),
        next_at: columns.integer_or_none("next_at")?.map(instant),
        last_status: columns.integer_or_none("last_status")?.and_then(|status| u16::try_from(status).ok()),
        last_error: columns.text_or_none("last_error")?,
        payload: columns.text("payload")?,
    })
}
