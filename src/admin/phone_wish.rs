//! What is said of how a tenant is to be reached, held against what the words alone tell: the same for the API and for
//! files that are checked before anything is asked.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::phone_integration::PhonePut;
use crate::model::{E164, Fault, PhoneMethod};
use crate::routing::dialing::country_of;

/// What is wanted, as far as it can be.
pub(super) struct Wish {
    pub method: PhoneMethod,
    pub clinic_number: E164,
    pub source_ips: Vec<Ipv4Net>,
}

impl Wish {
    /// Reads it, or names every fault.
    pub fn read(put: &PhonePut) -> Result<Wish, Vec<Fault>> {
        let mut faults = Vec::new();
        let method = put.method.read();
        let (told, pointer) = match method {
            PhoneMethod::Ported => (put.phone_number.as_ref().or(put.clinic_number.as_ref()), "/phoneNumber"),
            PhoneMethod::Forwarded | PhoneMethod::Sip => (put.clinic_number.as_ref(), "/clinicNumber"),
        };
        let clinic_number = told.and_then(|text| E164::parse(text).ok());
        if clinic_number.is_none() {
            faults.push(Fault::new(pointer, "required", "this is missing"));
        }
        let source_ips = networks(put.source_ips.as_deref().unwrap_or_default(), &mut faults);
        if method != PhoneMethod::Sip && !source_ips.is_empty() {
            faults.push(Fault::new("/sourceIps", "sip_only", "a carrier is known by the number it calls"));
        }
        if let Some(number) = clinic_number.filter(|_| method == PhoneMethod::Ported)
            && country_of(number).as_deref() != Some("US")
        {
            let detail = "only numbers of the United States can be moved by request: forward the number, or ask \
                          Twilio's porting team";
            faults.push(Fault::new(pointer, "not_portable", detail));
        }
        match clinic_number {
            Some(clinic_number) if faults.is_empty() => Ok(Wish { method, clinic_number, source_ips }),
            _ => Err(faults),
        }
    }
}

/// The widest network a telephone system may call from: beyond it strangers do.
const WIDEST: u8 = 20;

/// A list at Twilio holds a hundred, and a tenant's are in one.
const NETWORKS_MAX: usize = 20;

/// Networks that calls may come from: public ones, and no wider than one business has.
pub(super) fn networks(given: &[String], faults: &mut Vec<Fault>) -> Vec<Ipv4Net> {
    let mut networks = Vec::new();
    if given.len() > NETWORKS_MAX {
        faults.push(Fault::new("/sourceIps", "too_many", format!("there may be {NETWORKS_MAX} of these at most")));
    }
    for (place, text) in given.iter().enumerate() {
        let read = text.parse::<Ipv4Net>().or_else(|_| text.parse::<Ipv4Addr>().map(Ipv4Net::from));
        let pointer = format!("/sourceIps/{place}");
        match read.map(|network| network.trunc()) {
            Err(_) => {
                let detail = "this must be an IPv4 address or network, as 203.0.113.7 or 203.0.113.0/28";
                faults.push(Fault::new(pointer, "not_a_network", detail));
            }
            Ok(network) if network.prefix_len() < WIDEST => {
                let detail = format!("a network of a business is no wider than /{WIDEST}");
                faults.push(Fault::new(pointer, "too_wide", detail));
            }
            Ok(network) if is_private(network.network()) => {
                let detail = "nobody calls Twilio from a private address: name the public one";
                faults.push(Fault::new(pointer, "private_network", detail));
            }
            Ok(network) if networks.contains(&network) => {}
            Ok(network) => networks.push(network),
        }
    }
    networks
}

fn is_private(address: Ipv4Addr) -> bool {
    address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified()
}

/// A network as it was likely written.
pub(super) fn network_told(network: &Ipv4Net) -> String {
    if network.prefix_len() == 32 { network.addr().to_string() } else { network.to_string() }
}
