//! The closed sets that metric labels are drawn from.
//!
//! A label never holds a tenant, a number or free text: what is not in its set becomes `other`.

use crate::model::EndedBy;

/// The endpoints of the edge, as metric labels name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the path of the same name")]
pub enum Endpoint {
    Voice,
    Sip,
    Next,
    Refer,
    Status,
    Voicemail,
    VoicemailDone,
    Transcription,
    Fallback,
    VapiWebhook,
    Porting,
    Other,
}

impl Endpoint {
    /// Every endpoint, in the order of its variants.
    pub const ALL: [Endpoint; 12] = [
        Endpoint::Voice,
        Endpoint::Sip,
        Endpoint::Next,
        Endpoint::Refer,
        Endpoint::Status,
        Endpoint::Voicemail,
        Endpoint::VoicemailDone,
        Endpoint::Transcription,
        Endpoint::Fallback,
        Endpoint::VapiWebhook,
        Endpoint::Porting,
        Endpoint::Other,
    ];

    /// The word for the metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Endpoint::Voice => "voice",
            Endpoint::Sip => "sip",
            Endpoint::Next => "next",
            Endpoint::Refer => "refer",
            Endpoint::Status => "status",
            Endpoint::Voicemail => "voicemail",
            Endpoint::VoicemailDone => "voicemail_done",
            Endpoint::Transcription => "transcription",
            Endpoint::Fallback => "fallback",
            Endpoint::VapiWebhook => "vapi_webhook",
            Endpoint::Porting => "porting",
            Endpoint::Other => "other",
        }
    }
}

/// How a directory lookup came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words of the metric label")]
pub enum Lookup {
    Hit,
    Miss,
    Negative,
    Stale,
    Error,
}

impl Lookup {
    /// Every outcome, in the order of its variants.
    pub const ALL: [Lookup; 5] = [Lookup::Hit, Lookup::Miss, Lookup::Negative, Lookup::Stale, Lookup::Error];

    /// The word for the metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Lookup::Hit => "hit",
            Lookup::Miss => "miss",
            Lookup::Negative => "negative",
            Lookup::Stale => "stale",
            Lookup::Error => "error",
        }
    }
}

/// Every end of a lease, in the order of its variants.
pub(super) const ENDED_BY: [EndedBy; 6] =
    [EndedBy::Status, EndedBy::Action, EndedBy::Vapi, EndedBy::Asked, EndedBy::Expired, EndedBy::HungUp];

/// Kinds of pools live calls are counted in.
pub(super) const POOLS: [&str; 4] = ["number", "tenant", "org", "vapi"];

/// What was wrong with a signature.
pub(super) const SIGNATURE_CAUSES: [&str; 8] =
    ["missing", "mismatch", "unknown_account", "wrong-body", "unknown-algorithm", "no_public_url", "vapi", "other"];

/// What was amiss with a number.
pub(super) const DRIFT_KINDS: [&str; 3] = ["taken_by_vapi", "leads_elsewhere", "missing"];

/// Why the listener refused something before it was a request.
pub(super) const REFUSALS: [&str; 10] = [
    "malformed",
    "head-too-large",
    "head-timeout",
    "body-too-large",
    "body-timeout",
    "body-incomplete",
    "not-read",
    "handshake",
    "crowded",
    "other",
];

/// How an AI dial came out.
pub(super) const AI_OUTCOMES: [&str; 7] = ["answered", "busy", "failed", "no-answer", "canceled", "refused", "other"];

/// What came of sending a webhook.
pub(super) const WEBHOOK_OUTCOMES: [&str; 7] =
    ["delivered", "refused", "timeout", "unreachable", "private_address", "unsigned", "other"];

/// States of a breaker.
pub(super) const BREAKER_STATES: [&str; 3] = ["closed", "open", "half_open"];

/// Where the count of live calls is held.
pub(super) const LEDGER_MODES: [&str; 3] = ["memory", "redis", "degraded"];

/// The statuses the edge answers; the last stands for all others.
pub(super) const STATUSES: [u16; 14] = [200, 204, 302, 400, 401, 403, 404, 405, 408, 413, 431, 500, 503, 0];

/// A status as the label spells it.
pub(super) fn status_word(status: u16) -> String {
    if status == 0 { "other".to_owned() } else { status.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;

    #[test]
    fn every_variant_stands_at_its_own_place() {
        for (place, endpoint) in Endpoint::ALL.into_iter().enumerate() {
            assert_eq!(endpoint as usize, place);
        }
        for (place, lookup) in Lookup::ALL.into_iter().enumerate() {
            assert_eq!(lookup as usize, place);
        }
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place);
        }
        for (place, by) in ENDED_BY.into_iter().enumerate() {
            assert_eq!(by as usize, place);
        }
    }
}
