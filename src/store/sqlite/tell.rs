//! Telling endpoints: an event becomes a delivery for each that wants it, in the transaction that makes it true.

use super::read::{json_text, spelled};
use super::{Sqlite, WORK_MAX, Writing, within};
use crate::model::{MessageId, VoicemailState, WebhookId};
use crate::store::cursor::nanos;
use crate::store::event::Event;
use crate::store::merge::KeptCall;
use crate::store::{StoreError, VoicemailRow};

/// Endpoints of the installation, of the tenant's organization and of the tenant. An organization is told of a tenant
/// that is gone, too: its calls may outlive it.
const WHO_WANTS_IT: &str = "SELECT id FROM ( \
     SELECT id, events, enabled FROM webhooks WHERE org_id IS NULL AND tenant_id IS NULL \
     UNION ALL SELECT id, events, enabled FROM webhooks WHERE tenant_id = $1 \
     UNION ALL SELECT id, events, enabled FROM webhooks WHERE org_id = coalesce( \
         (SELECT org_id FROM tenants WHERE id = $1), \
         (SELECT org_id FROM tenant_versions WHERE id = $1 ORDER BY version DESC LIMIT 1))) \
     WHERE enabled = 1 AND json_valid(events) AND EXISTS (SELECT 1 FROM json_each(events) WHERE value = $2)";

impl Sqlite {
    pub(in crate::store) async fn tell(&self, event: &Event) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            tell(&mut writing, event).await?;
            Ok(writing.commit().await?)
        })
        .await
    }
}

/// A call after a record of it was merged: told as over once, when both its beginning and its end are known, in
/// whatever order they came. Whose call it is may only then become known; who was told already is not told again.
pub(super) async fn call_merged(
    writing: &mut Writing,
    before: Option<&KeptCall>,
    after: &KeptCall,
) -> Result<(), StoreError> {
    let (Some(began), Some(ending)) = (&after.began, &after.ending) else { return Ok(()) };
    let was_told = before
        .filter(|before| before.ending.is_some())
        .and_then(|before| before.began.as_ref())
        .is_some_and(|before| before.tenant_id == began.tenant_id);
    if was_told {
        return Ok(());
    }
    let ended_at = ending.at;
    tell(writing, &Event::call_ended(&after.clone().row(), ended_at)).await
}

/// A voicemail after news of it was merged: told once it can be heard, and to a tenant's endpoints once it is known
/// to be that tenant's.
pub(super) async fn voicemail_merged(
    writing: &mut Writing,
    before: Option<&VoicemailRow>,
    after: &VoicemailRow,
) -> Result<(), StoreError> {
    let was_told =
        before.is_some_and(|before| before.state == VoicemailState::Ready && before.tenant_id == after.tenant_id);
    if was_told || after.state != VoicemailState::Ready {
        return Ok(());
    }
    tell(writing, &Event::voicemail_created(after)).await
}

/// A delivery for each endpoint that wants the event and was not told of it.
async fn tell(writing: &mut Writing, event: &Event) -> Result<(), StoreError> {
    let tenant = event.tenant_id.as_ref().map(|tenant| tenant.as_str());
    let query = sqlx::query_scalar::<_, String>(WHO_WANTS_IT).bind(tenant).bind(event.kind.as_str());
    let who = query.fetch_all(&mut **writing).await?;
    let who: Vec<WebhookId> = who.iter().filter_map(|id| WebhookId::parse(id).ok()).collect();
    let deliveries: Vec<_> = who.iter().map(|webhook| (webhook, event.message_id(webhook))).collect();
    deliver(writing, event, &deliveries).await
}

/// A delivery for each of these endpoints, unless it was told of the same thing before: one statement, because the
/// journal waits for it.
pub(super) async fn deliver(
    writing: &mut Writing,
    event: &Event,
    deliveries: &[(&WebhookId, MessageId)],
) -> Result<(), StoreError> {
    if deliveries.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO webhook_deliveries (webhook_id, id, type, subject, created_at, state, next_at, payload) \
         SELECT value ->> 0, value ->> 1, $2, $3, $4, 'pending', $4, $5 FROM json_each($1) WHERE true \
         ON CONFLICT DO NOTHING",
    )
    .bind(json_text(&deliveries)?)
    .bind(spelled(event.kind))
    .bind(&event.subject)
    .bind(nanos(event.at))
    .bind(event.payload())
    .execute(&mut **writing)
    .await?;
    Ok(())
}
