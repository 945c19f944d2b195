//! Twilio and Vapi over HTTP: deadlines, error kinds, answers capped in size. The base URL is a parameter.

use std::time::Duration;

use crate::model::{Sid, Target, TwilioAccount};

mod http;
mod media;
mod twilio;
mod vapi;

pub use http::Http;
pub use media::{Media, MediaAsk, MediaFormat, Portion};
pub use twilio::{
    AccountKind, Bill, BillFormat, CustomerType, ListedPort, LosingCarrier, NOT_AVAILABLE as TWILIO_NOT_AVAILABLE,
    NotABill, NumberPrices, Offer, OwnedNumber, Port, PortAddress, PortIn, PortKind, PortNumber, PortNumberStatus,
    PortStatus, PortWebhook, Portability, PortedNumber, Search, SipAddress, SipDomain, SipList, SipListKind, Twilio,
    VoicePrices, Wiring,
};
pub use vapi::{Denial, NumberKind, SipWords, TwilioKey, Vapi, VapiNumber, VapiServer};

/// A provider did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Nobody answered, or not in time; the request may have had its effect.
    #[error("{provider} did not answer: {detail}")]
    Unreachable {
        /// Which provider.
        provider: &'static str,
        /// What happened.
        detail: String,
    },
    /// It answered no.
    #[error("{provider} refused with {status}: {message}")]
    Refused {
        /// Which provider.
        provider: &'static str,
        /// The HTTP status.
        status: u16,
        /// Its error code, where it gave one.
        code: Option<i64>,
        /// Its words.
        message: String,
        /// How long it wants to be left alone, where it said so.
        retry_after: Option<Duration>,
    },
    /// It answered something that makes no sense.
    #[error("{provider} answered nonsense: {detail}")]
    Nonsense {
        /// Which provider.
        provider: &'static str,
        /// What was wrong with it.
        detail: String,
    },
}

/// What is to be made of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// Nobody knows whether the request had its effect. Whoever asks again looks first.
    Unclear,
    /// It had none, and may have one later: after this while, where the provider said so.
    Later(Option<Duration>),
    /// The provider does not let these credentials in: somebody must mend them.
    Credentials,
    /// It had none, and asking the same again is in vain.
    Never,
}

impl ProviderError {
    /// What is to be made of it.
    pub fn outlook(&self) -> Outlook {
        match self {
            ProviderError::Unreachable { .. } | ProviderError::Nonsense { .. } => Outlook::Unclear,
            ProviderError::Refused { status: 429, retry_after, .. } => Outlook::Later(*retry_after),
            ProviderError::Refused { status: 401 | 403, .. } => Outlook::Credentials,
            ProviderError::Refused { status: 500.., .. } => Outlook::Unclear,
            ProviderError::Refused { .. } => Outlook::Never,
        }
    }

    /// The word for the metric label.
    pub fn outcome(&self) -> &'static str {
        match self {
            ProviderError::Unreachable { .. } => "unreachable",
            ProviderError::Refused { status: 429, .. } => "limited",
            ProviderError::Refused { status: 404, .. } => "absent",
            ProviderError::Refused { .. } => "refused",
            ProviderError::Nonsense { .. } => "nonsense",
        }
    }
}

/// What a provider knows of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallState {
    /// It goes on.
    Live,
    /// It is over; the status in the provider's word.
    Ended(String),
    /// The provider has no such call.
    NotFound,
}

/// A recording at Twilio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Its SID.
    pub sid: Sid,
    /// `completed`, `absent`, `failed`, `processing`…
    pub status: String,
    /// Seconds.
    pub duration_seconds: Option<u32>,
    /// Where its audio is.
    pub url: String,
}

/// What Vapi answers to a call made with the provider bypass.
#[derive(Clone, Debug)]
pub struct Bypassed {
    /// Vapi's id of the call.
    pub call_id: Sid,
    /// The TwiML that connects to it, opaque.
    pub twiml: String,
    /// How many calls the subscription allows at once, where told.
    pub concurrency_limit: Option<u32>,
}

/// A call to be created at Vapi with the provider bypass.
#[derive(Clone, Debug)]
pub struct BypassCall<'a> {
    /// Who answers.
    pub target: &'a Target,
    /// The number dialled, E.164, with its account's credentials (a transient phone number at Vapi).
    pub number: &'a str,
    /// The account that carries it.
    pub account: &'a TwilioAccount,
    /// The caller as written; left out where Vapi would refuse it.
    pub from: &'a str,
    /// Variables the assistant sees.
    pub variables: &'a [(&'a str, &'a str)],
}
