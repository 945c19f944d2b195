//! Telling endpoints: an event becomes a delivery for each that wants it, in the transaction that makes it true.

use std::sync::Arc;

use sqlx::Arguments as _;

use super::bulk::{Bulk, KEYS_MAX};
use super::read::json_text;
use super::{Engine, WORK_MAX, Writing, within};
use crate::model::{MessageId, VoicemailState, WebhookId};
use crate::store::cursor::nanos;
use crate::store::event::Event;
use crate::store::{StoreError, VoicemailRow};

/// Who wants which of these events: endpoints of the installation, of the tenant's organization and of the tenant. An
/// organization is told of a tenant that is gone, too: its calls may outlive it.
const WHO_WANTS_THEM: &str = "WITH told (place, kind, tenant_id, org_id) AS MATERIALIZED ( \
         SELECT key, json_extract(value, '$[0]'), json_extract(value, '$[1]'), coalesce( \
             (SELECT org_id FROM tenants WHERE id = json_extract(value, '$[1]')), \
             (SELECT org_id FROM tenant_versions WHERE id = json_extract(value, '$[1]') ORDER BY version DESC LIMIT 1)) \
         FROM json_each($1)) \
     SELECT place, id FROM ( \
         SELECT place, kind, id, events, enabled FROM told \
             CROSS JOIN webhooks WHERE webhooks.org_id IS NULL AND webhooks.tenant_id IS NULL \
         UNION ALL SELECT place, kind, id, events, enabled FROM told \
             CROSS JOIN webhooks WHERE webhooks.tenant_id = told.tenant_id \
         UNION ALL SELECT place, kind, id, events, enabled FROM told \
             CROSS JOIN webhooks WHERE webhooks.org_id = told.org_id) AS wanted \
     WHERE enabled = 1 AND json_valid(events) AND EXISTS (SELECT 1 FROM json_each(events) WHERE value = kind)";

static DELIVERIES: Bulk = Bulk::new(
    "INSERT INTO webhook_deliveries (webhook_id, id, type, subject, created_at, next_at, payload, state) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, 'pending')",
    " ON CONFLICT DO NOTHING",
);

/// What one endpoint is told.
pub(super) struct Delivery<'e> {
    pub webhook: WebhookId,
    pub id: MessageId,
    pub event: &'e Event,
    /// As it is signed and sent, the same to everybody.
    pub payload: Arc<str>,
}

impl Engine {
    pub(in crate::store) async fn tell(&self, event: &Event) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            tell_all(&mut writing, std::slice::from_ref(event)).await?;
            writing.commit().await
        })
        .await
    }
}

/// What is to be told of a voicemail after news of it was merged: that it is there, once it can be heard, and to a tenant's
/// endpoints once it is known to be that tenant's.
pub(super) fn voicemail_is_there(before: Option<&VoicemailRow>, after: &VoicemailRow) -> Option<Event> {
    let was_told =
        before.is_some_and(|before| before.state == VoicemailState::Ready && before.tenant_id == after.tenant_id);
    (!was_told && after.state == VoicemailState::Ready).then(|| Event::voicemail_created(after))
}

/// A delivery for each endpoint that wants one of the events and was not told of it.
pub(super) async fn tell_all(writing: &mut Writing, events: &[Event]) -> Result<(), StoreError> {
    for some in events.chunks(KEYS_MAX) {
        let asked: Vec<_> = some.iter().map(|event| (event.kind, event.tenant_id.as_ref())).collect();
        let query = sqlx::query_as::<_, (i64, String)>(WHO_WANTS_THEM).bind(json_text(&asked)?);
        let who = query.fetch_all(&mut **writing).await?;
        let mut deliveries = Vec::with_capacity(who.len());
        let mut payloads: Vec<Option<Arc<str>>> = vec![None; some.len()];
        for (place, webhook) in who {
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            let (Some(event), Ok(webhook)) = (some.get(place), WebhookId::parse(&webhook)) else { continue };
            let payload = Arc::clone(payloads[place].get_or_insert_with(|| event.payload().into()));
            deliveries.push(Delivery { id: event.message_id(&webhook), webhook, event, payload });
        }
        deliver(writing, &deliveries).await?;
    }
    Ok(())
}

/// Keeps deliveries, except where an endpoint was told of the same thing before.
pub(super) async fn deliver(writing: &mut Writing, deliveries: &[Delivery<'_>]) -> Result<(), StoreError> {
    DELIVERIES
        .execute(writing, deliveries, |delivery, row| {
            row.add(delivery.webhook.as_str())?;
            row.add(delivery.id.as_str())?;
            row.add(delivery.event.kind.as_str())?;
            row.add(delivery.event.subject.as_str())?;
            // Due from when it happened.
            row.add(nanos(delivery.event.at))?;
            row.add(nanos(delivery.event.at))?;
            row.add(Arc::clone(&delivery.payload))
        })
        .await
}
