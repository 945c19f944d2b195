//! How a tenant is reached: forwarded by its carrier to a number of ours, or from its own telephone system over SIP.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{E164, Sid};

/// A tenant's way of being reached, before and after it is set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PhoneIntegration {
    /// Which way.
    pub method: PhoneMethod,
    /// The number the tenant is known by.
    pub clinic_number: E164,
    /// What its telephone system is, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pbx_type: Option<String>,
    /// Where a number is looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_code: Option<String>,
    /// A number of ours is needed.
    pub needs_phone_number: bool,
    /// When it was last configured.
    pub configured_at: Timestamp,
    /// The number of ours, once it is set up; over SIP it may do without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<E164>,
    /// When it was set up; none before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup_completed_at: Option<Timestamp>,
    /// The password of its name on the SIP domain is another than Twilio has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub password_is_new: bool,
    /// Where Twilio keeps its name on the SIP domain.
    #[serde(skip)]
    pub seat: Option<SipSeat>,
}

/// The ways there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PhoneMethod {
    /// The carrier sends calls on.
    Forwarded,
    /// The telephone system sends them over SIP.
    Sip,
}

impl PhoneMethod {
    /// The word the outside sees.
    pub fn as_str(self) -> &'static str {
        match self {
            PhoneMethod::Forwarded => "forwarded",
            PhoneMethod::Sip => "sip",
        }
    }
}

/// Where Twilio keeps a name and its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipSeat {
    /// In which account.
    pub account: Sid,
    /// In which list of it.
    pub list: Sid,
    /// As what.
    pub credential: Sid,
}
