//! What goes in and out of the store's doors for webhooks that go out: deliveries, attempts, and what is due.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::{DisabledReason, EventKind, MessageId, SigningSecret, WebhookId};

/// An endpoint of which nothing but failures came for this long is disabled: longer than all attempts of one delivery
/// take, so that it never hangs on a single event.
pub const FAILING_MAX: SignedDuration = SignedDuration::from_hours(5 * 24);

/// How long the secret before a rotation signs too.
pub const PREVIOUS_SECRET_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// How long a finished delivery is kept to be looked at and sent again.
pub const FINISHED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Most deliveries that are put back in line at once, so that no write lasts.
pub const REPLAY_MAX: u32 = 10_000;

/// Most endpoints of one owner: one call is told to at most three times as many, in a write the journal waits for.
pub const ENDPOINTS_MAX: u32 = 50;

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It is to be sent, or sent again.
    Pending,
    /// The receiver took it.
    Delivered,
    /// It was given up.
    Dead,
}

/// A delivery as kept: one event for one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Who it is; the receiver sees it.
    pub id: MessageId,
    /// For whom.
    pub webhook_id: WebhookId,
    /// What it tells of.
    pub kind: EventKind,
    /// When that happened.
    pub at: Timestamp,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: u32,
    /// When it is sent next, while it is pending.
    pub next_at: Option<Timestamp>,
    /// What the receiver last answered.
    pub last_status: Option<u16>,
    /// What last went wrong.
    pub last_error: Option<String>,
    /// The body.
    pub payload: String,
}

/// A delivery whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub id: MessageId,
    /// For whom.
    pub webhook_id: WebhookId,
    /// Since when.
    pub since: Timestamp,
}

/// All it takes to send a delivery.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Which.
    pub id: MessageId,
    /// For whom.
    pub webhook_id: WebhookId,
    /// Where to.
    pub url: String,
    /// What signs: the secret, and after a rotation the one before. Empty if what is kept does not open.
    pub secrets: Vec<SigningSecret>,
    /// How often it was sent before.
    pub attempts: u32,
    /// The body.
    pub payload: String,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Of which delivery.
    pub id: MessageId,
    /// For whom.
    pub webhook_id: WebhookId,
    /// Where it was sent; an endpoint that has moved since is not judged by it.
    pub url: String,
    /// When it was over.
    pub at: Timestamp,
    /// What the receiver answered.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// What follows.
    pub then: Then,
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing: it arrived.
    Delivered,
    /// Another attempt.
    Again(Timestamp),
    /// It is given up.
    Dead,
    /// It is given up, and with it the endpoint, which wants no more.
    Gone,
}

/// An endpoint that was disabled by what came of its deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disabled {
    /// Which.
    pub webhook_id: WebhookId,
    /// Why.
    pub reason: DisabledReason,
}

/// Which finished deliveries to send again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Only those in this state.
    pub state: DeliveryState,
    /// Only what happened at this instant or later.
    pub since: Option<Timestamp>,
}
