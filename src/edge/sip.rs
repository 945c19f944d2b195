//! `/api/twilio/sip`: a call to the SIP domain. The user part of `To` names the tenant; the host is not compared.

use crate::directory::{Found, Line};
use crate::model::{Arrival, SipUri};

use super::signed::Signed;
use super::{Answer, Edge, call};

pub(super) async fn answer(edge: &Edge, signed: &Signed<'_>) -> Answer {
    let line = match SipUri::parse(signed.to()) {
        Ok(uri) => edge.directory.by_sip_user(&uri.user).await,
        Err(_) => Found::Unknown,
    };
    let line = match line {
        Found::Known(line) => match may_call(edge, signed, &line).await {
            Some(true) => Found::Known(line),
            Some(false) => {
                tracing::warn!(
                    tenant = line.tenant.slug(),
                    call_sid = signed.call_sid.as_str(),
                    "a SIP caller named a tenant that its credentials or address do not belong to"
                );
                Found::Unknown
            }
            None => Found::Trouble,
        },
        line => line,
    };
    call::answer(edge, signed, line, Arrival::Sip).await
}

/// A PBX reaches its own tenant only: by the user name it signed in with, or by the address it calls from. None if
/// nobody can tell.
async fn may_call(edge: &Edge, signed: &Signed<'_>, line: &Line) -> Option<bool> {
    let by_address = match (signed.sip_domain(), &edge.settings.sip_acl_domain) {
        (Some(domain), Some(acl_domain)) => domain.eq_ignore_ascii_case(acl_domain),
        _ => false,
    };
    if by_address {
        let Some(address) = signed.get("SipSourceIp").and_then(|text| text.parse().ok()) else { return Some(false) };
        return match edge.directory.phone_of(line.tenant.id()).await {
            Found::Known(phone) => Some(phone.calls_from(address)),
            Found::Unknown => Some(false),
            Found::Trouble => None,
        };
    }
    let Some(username) = signed.get("SipUsername") else { return Some(true) };
    match edge.directory.signs_in(&username.to_lowercase(), line.tenant.id(), edge.now).await {
        Found::Known(is_its_own) => Some(is_its_own),
        Found::Unknown => Some(false),
        Found::Trouble => None,
    }
}
