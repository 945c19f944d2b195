//! The networks a telephone system calls from, as they are given and as they are told.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::model::Fault;

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
pub(super) fn told(network: &Ipv4Net) -> String {
    if network.prefix_len() == 32 { network.addr().to_string() } else { network.to_string() }
}
