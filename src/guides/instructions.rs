//! What the business itself does, method by method, by the names the documents give.

use serde::Serialize;
use utoipa::ToSchema;

use super::Pbx;
use crate::model::E164;

/// What the business does, step by step; which of the three depends on the method.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Instructions {
    /// By moving its number.
    Ported(Porting),
    /// By forwarding.
    Forwarded(Forwarding),
    /// By its telephone system.
    Sip(SipSetup),
}

/// What is done to move a number.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = PortingInstructions)]
#[serde(rename_all = "camelCase")]
pub struct Porting {
    /// The business.
    #[schema(example = "Smile Dental")]
    pub clinic_name: String,
    /// The number that moves.
    #[schema(value_type = Option<String>, format = "e164")]
    pub phone_number: Option<E164>,
    /// What to have at hand.
    pub documents: Vec<String>,
    /// In this order.
    pub steps: Vec<String>,
}

/// What is done to forward calls.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ForwardingInstructions)]
#[serde(rename_all = "camelCase")]
pub struct Forwarding {
    /// The business.
    #[schema(example = "Smile Dental")]
    pub clinic_name: String,
    /// Where calls are forwarded to; null until it is deployed.
    #[schema(value_type = Option<String>, format = "e164")]
    pub forward_to_number: Option<E164>,
    /// In this order.
    pub steps: Vec<String>,
}

/// What is done at a telephone system.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = SipInstructions)]
#[serde(rename_all = "camelCase")]
pub struct SipSetup {
    /// What it comes to.
    #[schema(example = "Connect Your Phone System to patchbay")]
    pub title: String,
    /// The address the telephone system calls; null while there is none.
    #[schema(value_type = Option<String>, format = "sip-uri", example = "sip:sip_ca5ecdfd@example.sip.twilio.com")]
    pub sip_uri: Option<String>,
    /// By telephone system.
    pub steps: SipSteps,
}

/// The steps by telephone system.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub struct SipSteps {
    /// In RingCentral.
    pub ringcentral: Vec<String>,
    /// In Asterisk, and in FreePBX, which is one.
    pub asterisk: Vec<String>,
    /// In any other.
    pub generic: Vec<String>,
}

impl SipSteps {
    /// Those of this telephone system.
    pub(super) fn of(&self, pbx: Option<Pbx>) -> &[String] {
        match pbx {
            Some(Pbx::RingCentral) => &self.ringcentral,
            Some(Pbx::Asterisk | Pbx::FreePbx) => &self.asterisk,
            Some(Pbx::Generic) | None => &self.generic,
        }
    }
}
