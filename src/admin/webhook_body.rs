//! Endpoints of webhooks as the API writes and reads them; `webhooks` says what is done with them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::json::given;
use crate::model::{EventKind, Fault, OrgId, SigningSecret, TenantId, Webhook, WebhookId};

/// An endpoint that is told of events. With neither `orgId` nor `tenantId` it is told of everybody's.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebhookBody {
    #[schema(value_type = String, format = "webhook-id", example = "wh_01kafbd2x0q7h3m8w5r9t2c6ze")]
    id: WebhookId,
    /// The organization whose tenants' events it gets.
    #[schema(value_type = Option<String>, format = "org-id")]
    org_id: Option<OrgId>,
    /// The tenant whose events it gets.
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    #[schema(example = "https://hooks.example.com/patchbay")]
    url: String,
    #[schema(value_type = Vec<EventBody>)]
    events: Vec<EventKind>,
    description: Option<String>,
    /// False: nothing is sent and nothing is gathered.
    enabled: bool,
    /// Why it was disabled, where nobody did it by hand: `gone`, the receiver answered 410; `failing`, for five days
    /// nothing but failures came of it.
    #[schema(value_type = Option<String>, example = "gone")]
    disabled_reason: Option<&'static str>,
    /// Rises with every change; also in the ETag, for If-Match.
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// An endpoint with its secret, which is shown here and never again.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookWithSecret)]
pub(super) struct WithSecretBody {
    #[serde(flatten)]
    webhook: WebhookBody,
    /// What signs, as Standard Webhooks spells it.
    #[schema(example = "whsec_bm90LWEtcmVhbC1zZWNyZXQtYnV0LWxvbmctZW5vdWdo")]
    secret: String,
}

/// What an endpoint may be told of. This build tells of all but `callback.requested`.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = WebhookEvent)]
pub(super) enum EventBody {
    #[serde(rename = "call.ended")]
    CallEnded,
    #[serde(rename = "voicemail.created")]
    VoicemailCreated,
    #[serde(rename = "ai.breaker")]
    AiBreaker,
    #[serde(rename = "callback.requested")]
    CallbackRequested,
    #[serde(rename = "job.finished")]
    JobFinished,
    #[serde(rename = "number.drift")]
    NumberDrift,
    #[serde(rename = "port.changed")]
    PortChanged,
}

/// An endpoint to be.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewWebhook, example = json!({"url": "https://hooks.example.com/patchbay", "events": ["call.ended", "voicemail.created"]}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WebhookNew {
    /// Where events are sent: https, and an address of the public internet.
    #[schema(format = "webhook-url", max_length = 2048)]
    pub url: String,
    pub events: Vec<EventBody>,
    /// What it is for.
    #[schema(format = "text", max_length = 500)]
    pub description: Option<String>,
    /// Only events of this organization's tenants. A token for one organization or tenant need not say so.
    #[schema(format = "org-id")]
    pub org_id: Option<String>,
    /// Only events of this tenant.
    #[schema(format = "tenant-id")]
    pub tenant_id: Option<String>,
    /// `whsec_` and the base64 of 24 to 64 bytes; made where absent.
    #[schema(format = "webhook-secret", max_length = 200, write_only)]
    pub secret: Option<String>,
    /// True where nothing is said.
    pub enabled: Option<bool>,
}

/// What to change of an endpoint. What is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[schema(as = WebhookChange, example = json!({"enabled": true}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WebhookPatch {
    #[serde(default)]
    #[schema(value_type = String, required = false, format = "webhook-url", max_length = 2048)]
    pub url: Option<String>,
    #[serde(default)]
    #[schema(value_type = Vec<EventBody>, required = false)]
    pub events: Option<Vec<EventBody>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = "text", max_length = 500)]
    pub description: Option<Option<String>>,
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    pub enabled: Option<bool>,
}

/// The next secret; made where absent.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = WebhookRotation, example = json!({}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rotation {
    /// `whsec_` and the base64 of 24 to 64 bytes.
    #[schema(format = "webhook-secret", max_length = 200, write_only)]
    pub secret: Option<String>,
}

/// A page of endpoints.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebhookPage {
    pub data: Vec<WebhookBody>,
    /// Where the next page begins; null at the end.
    pub next_cursor: Option<String>,
}

impl WebhookBody {
    pub fn of(webhook: &Webhook) -> WebhookBody {
        WebhookBody {
            id: webhook.id.clone(),
            org_id: webhook.org_id.clone(),
            tenant_id: webhook.tenant_id.clone(),
            url: webhook.url.clone(),
            events: webhook.events.clone(),
            description: webhook.description.clone(),
            enabled: webhook.enabled,
            disabled_reason: webhook.disabled_reason.map(|reason| reason.as_str()),
            version: webhook.version,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
        }
    }
}

impl WithSecretBody {
    pub fn of(webhook: &Webhook, secret: &SigningSecret) -> WithSecretBody {
        WithSecretBody { webhook: WebhookBody::of(webhook), secret: secret.spelled().reveal().to_owned() }
    }
}

/// What an endpoint is to be told of, each once; faults where this build never tells of it, or never this endpoint.
pub(super) fn events(given: &[EventBody], is_of_installation: bool, faults: &mut Vec<Fault>) -> Vec<EventKind> {
    if given.is_empty() {
        faults.push(Fault::new("/events", "too_short", "name one event at least"));
    }
    let mut events = Vec::new();
    for (place, event) in given.iter().enumerate() {
        let pointer = format!("/events/{place}");
        let kind = match event {
            EventBody::CallEnded => EventKind::CallEnded,
            EventBody::VoicemailCreated => EventKind::VoicemailCreated,
            EventBody::AiBreaker => EventKind::AiBreaker,
            EventBody::JobFinished => EventKind::JobFinished,
            EventBody::NumberDrift => EventKind::NumberDrift,
            EventBody::PortChanged => EventKind::PortChanged,
            EventBody::CallbackRequested => {
                faults.push(Fault::new(&pointer, "not_supported", "this build never tells of it"));
                continue;
            }
        };
        if kind.is_of_installation() && !is_of_installation {
            let detail = "only an endpoint of the whole installation is told of it";
            faults.push(Fault::new(&pointer, "installation_only", detail));
        }
        if !events.contains(&kind) {
            events.push(kind);
        }
    }
    events
}

/// A secret somebody brings.
pub(super) fn secret(given: Option<&str>, faults: &mut Vec<Fault>) -> Option<SigningSecret> {
    let read = given.map(SigningSecret::parse).transpose();
    read.unwrap_or_else(|why| {
        faults.push(Fault::new("/secret", "not_a_secret", why.to_string()));
        None
    })
}
