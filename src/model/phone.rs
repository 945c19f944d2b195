//! How a tenant is reached: its own number moves here, or its carrier forwards to a number of ours, or its telephone
//! system calls over SIP.

use std::net::IpAddr;

use ipnet::Ipv4Net;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{E164, SipSeat};

/// A tenant's way of being reached, before and after it is set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PhoneIntegration {
    /// Which way.
    pub method: PhoneMethod,
    /// The number the tenant is known by.
    pub clinic_number: E164,
    /// The carrier that number is with, in the tenant's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_carrier: Option<String>,
    /// While its number is on its way another is wanted, to forward to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wants_temporary_number: bool,
    /// That other number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporary_number: Option<E164>,
    /// What its telephone system is, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pbx_type: Option<String>,
    /// Networks its telephone system calls from, in place of a password.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_ips: Vec<Ipv4Net>,
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
    /// What Twilio's lists hold of it, and are to hold: the older first.
    #[serde(skip)]
    pub seats: Vec<SipSeat>,
}

/// The ways there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PhoneMethod {
    /// The number itself moves.
    Ported,
    /// The carrier sends calls on.
    Forwarded,
    /// The telephone system sends them over SIP.
    Sip,
}

impl PhoneMethod {
    /// The word the outside sees.
    pub fn as_str(self) -> &'static str {
        match self {
            PhoneMethod::Ported => "ported",
            PhoneMethod::Forwarded => "forwarded",
            PhoneMethod::Sip => "sip",
        }
    }
}

impl PhoneIntegration {
    /// May its telephone system call from here?
    pub fn calls_from(&self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address else { return false };
        self.method == PhoneMethod::Sip && self.source_ips.iter().any(|network| network.contains(&address))
    }

    /// The name its telephone system is to sign in with. An older one may be good beside it.
    pub fn sip_name(&self) -> Option<&SipSeat> {
        SipSeat::names(&self.seats).last()
    }
}
