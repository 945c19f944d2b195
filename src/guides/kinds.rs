//! The ways of being reached and the telephone systems a guide is written for, by the words the outside sees.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::PhoneMethod;

/// A way of being reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = GuideMethod)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The number itself moves.
    Ported,
    /// The carrier sends calls on.
    Forwarded,
    /// The telephone system sends them over SIP.
    Sip,
}

/// A telephone system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = GuidePbx)]
#[serde(rename_all = "lowercase")]
pub enum Pbx {
    /// RingCentral.
    RingCentral,
    /// FreePBX, which is Asterisk with pages before it.
    FreePbx,
    /// Asterisk, with its files.
    Asterisk,
    /// Any other.
    Generic,
}

impl Method {
    /// In the order in which they are shown.
    pub const ALL: [Method; 3] = [Method::Ported, Method::Forwarded, Method::Sip];

    /// The way a tenant is configured for.
    pub fn of(method: PhoneMethod) -> Method {
        match method {
            PhoneMethod::Ported => Method::Ported,
            PhoneMethod::Forwarded => Method::Forwarded,
            PhoneMethod::Sip => Method::Sip,
        }
    }

    /// The word the outside sees.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Ported => "ported",
            Method::Forwarded => "forwarded",
            Method::Sip => "sip",
        }
    }

    /// The method of this word.
    pub fn parse(word: &str) -> Option<Method> {
        Method::ALL.into_iter().find(|method| method.as_str() == word)
    }
}

impl Pbx {
    /// Those there are words for.
    pub const ALL: [Pbx; 4] = [Pbx::RingCentral, Pbx::FreePbx, Pbx::Asterisk, Pbx::Generic];

    /// The word the outside sees.
    pub fn as_str(self) -> &'static str {
        match self {
            Pbx::RingCentral => "ringcentral",
            Pbx::FreePbx => "freepbx",
            Pbx::Asterisk => "asterisk",
            Pbx::Generic => "generic",
        }
    }

    /// The telephone system of this word.
    pub fn parse(word: &str) -> Option<Pbx> {
        Pbx::ALL.into_iter().find(|pbx| pbx.as_str() == word)
    }

    /// The one somebody named in their own words (`FreePBX 17`), if it is one we know more of than of any other.
    pub(super) fn of(named: Option<&str>) -> Pbx {
        let letters: String = named.unwrap_or_default().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let letters = letters.to_ascii_lowercase();
        let known = Pbx::ALL.into_iter().filter(|pbx| *pbx != Pbx::Generic);
        known.into_iter().find(|pbx| letters.contains(pbx.as_str())).unwrap_or(Pbx::Generic)
    }
}
