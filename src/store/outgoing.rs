//! The store's doors for webhooks that go out: endpoints, what they are told, and what came of it.

use jiff::Timestamp;

use super::{
    Actor, Ask, Attempt, DeliveryFilter, DeliveryRow, Disabled, Due, Event, Outgoing, Page, Replay, Store, StoreError,
};
use crate::model::{MessageId, SigningSecret, Webhook, WebhookId};

impl Store {
    /// Keeps a new endpoint of webhooks, its secret sealed.
    pub async fn create_webhook(
        &self,
        webhook: &Webhook,
        secret: &SigningSecret,
        by: &Actor,
    ) -> Result<(), StoreError> {
        each!(self, engine => engine.create_webhook(webhook, secret, by).await)
    }

    /// An endpoint.
    pub async fn webhook(&self, id: &WebhookId) -> Result<Option<Webhook>, StoreError> {
        each!(self, engine => engine.webhook(id).await)
    }

    /// Endpoints, newest first.
    pub async fn webhooks(&self, ask: &Ask) -> Result<Page<Webhook>, StoreError> {
        each!(self, engine => engine.webhooks(ask).await)
    }

    /// Changes an endpoint; whose it is stays. What it was still to be sent is given up where it is disabled.
    pub async fn change_webhook(
        &self,
        id: &WebhookId,
        expected: Option<u64>,
        by: &Actor,
        change: impl FnOnce(&mut Webhook) + Send,
    ) -> Result<Webhook, StoreError> {
        each!(self, engine => engine.change_webhook(id, expected, by, change).await)
    }

    /// Gives an endpoint a new secret; the one before signs too for [`super::PREVIOUS_SECRET_KEPT`].
    pub async fn rotate_webhook(
        &self,
        id: &WebhookId,
        expected: Option<u64>,
        secret: &SigningSecret,
        at: Timestamp,
        by: &Actor,
    ) -> Result<Webhook, StoreError> {
        each!(self, engine => engine.rotate_webhook(id, expected, secret, at, by).await)
    }

    /// Deletes an endpoint with all its deliveries.
    pub async fn delete_webhook(&self, id: &WebhookId, expected: Option<u64>, by: &Actor) -> Result<(), StoreError> {
        each!(self, engine => engine.delete_webhook(id, expected, by).await)
    }

    /// Tells every endpoint that wants it, once. Of calls and voicemails [`Store::apply`] tells by itself.
    pub async fn tell(&self, event: &Event) -> Result<(), StoreError> {
        each!(self, engine => engine.tell(event).await)
    }

    /// A delivery that only tries whether it arrives.
    pub async fn send_test(&self, webhook: &WebhookId, id: &MessageId, now: Timestamp) -> Result<(), StoreError> {
        each!(self, engine => engine.send_test(webhook, id, now).await)
    }

    /// Deliveries whose time has come: of each enabled endpoint the ones longest due, at most so many.
    pub async fn due_deliveries(&self, now: Timestamp, of_each_max: u32) -> Result<Vec<Due>, StoreError> {
        each!(self, engine => engine.due_deliveries(now, of_each_max).await)
    }

    /// What it takes to send these; those that are not to be sent any more are left out.
    pub async fn outgoing(&self, ids: &[MessageId], now: Timestamp) -> Result<Vec<Outgoing>, StoreError> {
        each!(self, engine => engine.outgoing(ids, now).await)
    }

    /// Keeps what came of attempts, all in one transaction, and answers the endpoints that were disabled for it.
    pub async fn record_attempts(&self, attempts: &[Attempt]) -> Result<Vec<Disabled>, StoreError> {
        each!(self, engine => engine.record_attempts(attempts).await)
    }

    /// Deliveries of an endpoint, newest first.
    pub async fn deliveries(
        &self,
        webhook: &WebhookId,
        ask: &Ask<DeliveryFilter>,
    ) -> Result<Page<DeliveryRow>, StoreError> {
        each!(self, engine => engine.deliveries(webhook, ask).await)
    }

    /// Sends a delivery again, under the same id.
    pub async fn replay_delivery(
        &self,
        webhook: &WebhookId,
        id: &MessageId,
        now: Timestamp,
    ) -> Result<DeliveryRow, StoreError> {
        each!(self, engine => engine.replay_delivery(webhook, id, now).await)
    }

    /// Sends finished deliveries again, the oldest first and at most [`super::REPLAY_MAX`]. Answers how many.
    pub async fn replay_deliveries(
        &self,
        webhook: &WebhookId,
        which: &Replay,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        each!(self, engine => engine.replay_deliveries(webhook, which, now).await)
    }

    /// How many deliveries are still to be sent.
    pub async fn pending_deliveries(&self) -> Result<u64, StoreError> {
        each!(self, engine => engine.pending_deliveries().await)
    }

    /// Removes deliveries that were finished before this instant, a bounded number. True if there may be more.
    pub async fn forget_deliveries(&self, finished_before: Timestamp) -> Result<bool, StoreError> {
        each!(self, engine => engine.forget_deliveries(finished_before).await)
    }
}
