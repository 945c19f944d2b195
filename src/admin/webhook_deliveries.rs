//! What an endpoint was sent and is to be sent: listed, tried out, sent again.

use std::collections::HashMap;

use axum::Json as Answer;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::AdminState;
use super::error::Problem;
use super::json::OptionalJson;
use super::lists::ListQuery;
use super::narrowings::DeliveryQuery;
use super::webhooks::OfWebhook;
use crate::model::availability::parse_instant;
use crate::model::{MessageId, Webhook};
use crate::store::{DeliveryRow, DeliveryState, Replay};

/// One event for one endpoint.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryBody {
    /// The receiver sees it as `webhook-id`: the same in every attempt.
    #[schema(value_type = String, format = "message-id", example = "msg_01kafbd2x0q7h3m8w5r9t2c6ze")]
    id: MessageId,
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "call.ended")]
    kind: &'static str,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    state: DeliveryStateBody,
    /// How often it was sent since it was last put in line.
    attempts: u32,
    /// When it is sent next; null once it is finished.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    /// What the receiver last answered.
    last_status: Option<u16>,
    /// What last went wrong.
    last_error: Option<String>,
    /// The body as it is sent.
    #[schema(value_type = Object)]
    payload: Value,
}

/// How far a delivery is: to be sent or sent again; taken by the receiver; given up.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = DeliveryState)]
#[serde(rename_all = "lowercase")]
pub(super) enum DeliveryStateBody {
    Pending,
    Delivered,
    Dead,
}

/// Finished deliveries that can be sent again.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = FinishedState)]
#[serde(rename_all = "lowercase")]
pub(super) enum FinishedBody {
    Delivered,
    Dead,
}

/// A page of deliveries.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryPage {
    data: Vec<DeliveryBody>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// What was put in line.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryQueued)]
pub(super) struct QueuedBody {
    /// The delivery.
    #[schema(value_type = String, format = "message-id", example = "msg_01kafbd2x0q7h3m8w5r9t2c6ze")]
    id: MessageId,
}

/// Which deliveries to send again: the dead ones of all time where nothing is said.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = WebhookReplay, example = json!({"since": "2026-11-20T00:00:00Z"}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReplayNew {
    /// Only what happened since then.
    #[schema(format = "date-time")]
    since: Option<String>,
    /// Dead where nothing is said.
    state: Option<FinishedBody>,
}

/// How many were put in line again.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookReplayed)]
pub(super) struct ReplayedBody {
    /// At most 10000; where there are more, ask again.
    replayed: u64,
}

/// The delivery a path names behind its endpoint.
pub(super) struct OfMessage(MessageId);

impl<S: Send + Sync> FromRequestParts<S> for OfMessage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<OfMessage, Problem> {
        let nothing = || Problem::not_found("delivery", "of this name");
        let Path(named) =
            Path::<HashMap<String, String>>::from_request_parts(parts, state).await.map_err(|_| nothing())?;
        let id = named.get("messageId").and_then(|raw| MessageId::parse(raw).ok());
        id.map(OfMessage).ok_or_else(nothing)
    }
}

/// Deliveries of an endpoint, newest first
///
/// `?state=dead` lists what was given up.
#[utoipa::path(get, path = "/api/webhooks/{id}/deliveries", tag = "deliveries",
    params(DeliveryQuery),
    responses((status = 200, description = "A page", body = DeliveryPage)))]
pub(super) async fn list(
    State(admin): State<AdminState>,
    OfWebhook(webhook): OfWebhook,
    ListQuery(ask): ListQuery<DeliveryQuery>,
) -> Result<Answer<DeliveryPage>, Problem> {
    let page = admin.store.deliveries(&webhook.id, &ask).await?;
    Ok(Answer(DeliveryPage { data: page.rows.iter().map(DeliveryBody::of).collect(), next_cursor: page.next_cursor }))
}

/// Sends an event that only tries whether it arrives
#[utoipa::path(post, path = "/api/webhooks/{id}/test", tag = "deliveries",
    responses((status = 202, description = "It is in line and goes out within a second", body = QueuedBody)))]
pub(super) async fn test(
    State(admin): State<AdminState>,
    OfWebhook(webhook): OfWebhook,
) -> Result<(StatusCode, Answer<QueuedBody>), Problem> {
    refuse_if_disabled(&webhook)?;
    let seed = admin.seed();
    let id = MessageId::new(seed);
    admin.store.send_test(&webhook.id, &id, seed.at).await?;
    Ok((StatusCode::ACCEPTED, Answer(QueuedBody { id })))
}

/// Sends a delivery again
///
/// Under the same id, whatever became of it, and with as many attempts as a new one.
#[utoipa::path(post, path = "/api/webhooks/{id}/deliveries/{messageId}/replay", tag = "deliveries",
    responses((status = 202, description = "It is in line", body = DeliveryBody)))]
pub(super) async fn replay(
    State(admin): State<AdminState>,
    OfWebhook(webhook): OfWebhook,
    OfMessage(id): OfMessage,
) -> Result<(StatusCode, Answer<DeliveryBody>), Problem> {
    refuse_if_disabled(&webhook)?;
    let row = admin.store.replay_delivery(&webhook.id, &id, (admin.now)()).await?;
    Ok((StatusCode::ACCEPTED, Answer(DeliveryBody::of(&row))))
}

/// Sends what was given up again
///
/// The oldest first.
#[utoipa::path(post, path = "/api/webhooks/{id}/replay", tag = "deliveries", request_body = Option<ReplayNew>,
    responses((status = 202, description = "They are in line", body = ReplayedBody)))]
pub(super) async fn replay_all(
    State(admin): State<AdminState>,
    OfWebhook(webhook): OfWebhook,
    OptionalJson(which): OptionalJson<ReplayNew>,
) -> Result<(StatusCode, Answer<ReplayedBody>), Problem> {
    refuse_if_disabled(&webhook)?;
    let state = match which.state {
        None | Some(FinishedBody::Dead) => DeliveryState::Dead,
        Some(FinishedBody::Delivered) => DeliveryState::Delivered,
    };
    let since = which.since.as_deref().and_then(parse_instant);
    let replayed = admin.store.replay_deliveries(&webhook.id, &Replay { state, since }, (admin.now)()).await?;
    Ok((StatusCode::ACCEPTED, Answer(ReplayedBody { replayed })))
}

/// Nothing is put in line for whom nothing is sent.
fn refuse_if_disabled(webhook: &Webhook) -> Result<(), Problem> {
    if webhook.enabled { Ok(()) } else { Err(Problem::webhook_disabled()) }
}

impl DeliveryBody {
    fn of(row: &DeliveryRow) -> DeliveryBody {
        DeliveryBody {
            id: row.id.clone(),
            kind: row.kind.as_str(),
            at: row.at,
            state: match row.state {
                DeliveryState::Pending => DeliveryStateBody::Pending,
                DeliveryState::Delivered => DeliveryStateBody::Delivered,
                DeliveryState::Dead => DeliveryStateBody::Dead,
            },
            attempts: row.attempts,
            next_at: row.next_at,
            last_status: row.last_status,
            last_error: row.last_error.clone(),
            payload: serde_json::from_str(&row.payload).unwrap_or_default(),
        }
    }
}
