//! Webhooks that go out: who is told, of what, and the secret that signs it.
//!
//! When something is told is the store's business, how it gets there the outbox's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{OrgId, Secret, TenantId, WebhookId};

/// What an endpoint may be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// A call is over.
    #[serde(rename = "call.ended")]
    CallEnded,
    /// A voicemail is there to be heard.
    #[serde(rename = "voicemail.created")]
    VoicemailCreated,
    /// A provisioning run is over.
    #[serde(rename = "job.finished")]
    JobFinished,
    /// A number is not as it should be, or is again.
    #[serde(rename = "number.drift")]
    NumberDrift,
    /// A number on its way here is further than before.
    #[serde(rename = "port.changed")]
    PortChanged,
    /// The AI cannot be reached, or can be again.
    #[serde(rename = "ai.breaker")]
    AiBreaker,
    /// Somebody tries whether it arrives; nobody subscribes to it.
    #[serde(rename = "webhook.test")]
    Test,
}

impl EventKind {
    /// What can be subscribed to.
    pub const SUBSCRIBABLE: [EventKind; 6] = [
        EventKind::CallEnded,
        EventKind::VoicemailCreated,
        EventKind::JobFinished,
        EventKind::NumberDrift,
        EventKind::PortChanged,
        EventKind::AiBreaker,
    ];

    /// The word the outside sees.
    pub fn as_str(self) -> &'static str {
        match self {
            EventKind::CallEnded => "call.ended",
            EventKind::VoicemailCreated => "voicemail.created",
            EventKind::JobFinished => "job.finished",
            EventKind::NumberDrift => "number.drift",
            EventKind::PortChanged => "port.changed",
            EventKind::AiBreaker => "ai.breaker",
            EventKind::Test => "webhook.test",
        }
    }

    /// True for what happens to the installation and belongs to no tenant.
    pub fn is_of_installation(self) -> bool {
        self == EventKind::AiBreaker
    }
}

/// An endpoint that is told of events. Its secret is kept apart and never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Who it is.
    pub id: WebhookId,
    /// The organization whose tenants' events it gets; with neither, it gets everybody's.
    pub org_id: Option<OrgId>,
    /// The tenant whose events it gets.
    pub tenant_id: Option<TenantId>,
    /// Where events are sent.
    pub url: String,
    /// What it is told of.
    pub events: Vec<EventKind>,
    /// What it is for, in its owner's words.
    pub description: Option<String>,
    /// False: nothing is sent and nothing is gathered.
    pub enabled: bool,
    /// Why it was disabled, where nobody did it by hand.
    pub disabled_reason: Option<DisabledReason>,
    /// Rises by one with each change.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Why an endpoint was disabled by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DisabledReason {
    /// The receiver answered 410: it wants no more.
    Gone,
    /// For days nothing but failures came of it.
    Failing,
}

impl DisabledReason {
    /// The word the outside sees.
    pub fn as_str(self) -> &'static str {
        match self {
            DisabledReason::Gone => "gone",
            DisabledReason::Failing => "failing",
        }
    }
}

/// What signs the webhooks of one endpoint, spelled as Standard Webhooks has it: `whsec_` and base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningSecret(Secret);

/// The text is no secret of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret is whsec_ and the base64 of 24 to 64 bytes")]
pub struct NotASigningSecret;

const PREFIX: &str = "whsec_";

impl SigningSecret {
    /// Spells one of random bytes.
    pub fn new(random: [u8; 32]) -> SigningSecret {
        SigningSecret(Secret::new(format!("{PREFIX}{}", STANDARD.encode(random))))
    }

    /// Reads one that somebody brings.
    pub fn parse(raw: &str) -> Result<SigningSecret, NotASigningSecret> {
        let key = raw.strip_prefix(PREFIX).and_then(|body| STANDARD.decode(body).ok());
        let fits = key.is_some_and(|key| (24..=64).contains(&key.len()));
        if fits { Ok(SigningSecret(Secret::new(raw))) } else { Err(NotASigningSecret) }
    }

    /// The secret as its owner writes it.
    pub fn spelled(&self) -> &Secret {
        &self.0
    }

    /// The bytes that sign.
    pub fn key(&self) -> Vec<u8> {
        let body = self.0.reveal().strip_prefix(PREFIX).unwrap_or_default();
        STANDARD.decode(body).expect("it was read before it was kept here")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_a_prefix_and_24_to_64_bytes() {
        for (bytes, fits) in [(0, false), (23, false), (24, true), (32, true), (64, true), (65, false)] {
            let text = format!("whsec_{}", STANDARD.encode(vec![7u8; bytes]));
            assert_eq!(SigningSecret::parse(&text).is_ok(), fits, "{bytes}");
        }
        let body = STANDARD.encode([7u8; 24]);
        for bad in [body.clone(), format!("whsk_{body}"), format!("whsec_{body}="), "whsec_☎".to_owned()] {
            assert_eq!(SigningSecret::parse(&bad), Err(NotASigningSecret), "{bad}");
        }
    }

    #[test]
    fn a_made_secret_is_read_back_and_never_shows() {
        let secret = SigningSecret::new([9; 32]);
        assert_eq!(SigningSecret::parse(secret.spelled().reveal()).unwrap().key(), [9; 32]);
        assert!(!format!("{secret:?}").contains("whsec"));
    }

    #[test]
    fn a_kind_is_spelled_alike_everywhere() {
        for kind in EventKind::SUBSCRIBABLE.into_iter().chain([EventKind::Test]) {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        for reason in [DisabledReason::Gone, DisabledReason::Failing] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
