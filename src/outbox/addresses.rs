//! Which addresses are the public internet's, and which networks of its own an installation may deliver to.
//!
//! Pure. Of IPv6 only what is handed out as global unicast counts as public; an IPv4 address that is written in an
//! IPv6 one is judged as what it leads to. The registries of special-purpose addresses (IANA, after RFC 6890) are the
//! source.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// IPv4 networks that are not the public internet.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 18] = [
    // This network.
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    // Private.
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Behind a carrier's translation; clouds keep metadata there.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // Loopback.
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local, the metadata of most clouds among it.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Protocol assignments; one more cloud's metadata.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation.
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Relays and sinks that lead elsewhere.
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    // Benchmarking.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Multicast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved, broadcast among it.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    // A public address that answers machines of one cloud with what is theirs alone.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
];

/// Networks within global unicast IPv6 (2000::/3) that are not the public internet.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 3] = [
    // Protocol assignments: Teredo, benchmarking, ORCHID.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// The networks an installation may deliver to although they are not public.
#[derive(Clone, Debug, Default)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// These.
    pub fn new(networks: Vec<IpNet>) -> Networks {
        Networks(networks)
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Is it one of them?
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// May anything be sent there? Without TLS only within these networks.
    pub fn permit(&self, address: IpAddr, encrypted: bool) -> bool {
        self.contain(address) || (encrypted && is_public(address))
    }
}

/// Is this an address of the public internet?
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    !NOT_PUBLIC_V4.iter().any(|(network, length)| (bits ^ network.to_bits()) >> (32 - length) == 0)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(within) = written_in(address) {
        return is_public_v4(within);
    }
    let bits = address.to_bits();
    let is_global = bits >> 125 == 1;
    is_global && !NOT_PUBLIC_V6.iter().any(|(network, length)| (bits ^ network.to_bits()) >> (128 - length) == 0)
}

/// The IPv4 address that an IPv6 one leads to: mapped (::ffff:0:0/96), through a translator (64:ff9b::/96), through a
/// 6to4 relay (2002::/16). Other forms that hold one (compatible, translated, Teredo) are no global unicast at all.
fn written_in(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let of = |high: u16, low: u16| Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match (a, b) {
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0xffff) => of(high, low),
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => of(high, low),
        (0x2002, _) => of(b, c),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_network_that_is_not_public_ends_where_it_ends() {
        for (outside_before, first, last, outside_after) in [
            ("", "0.0.0.0", "0.255.255.255", "1.0.0.0"),
            ("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"),
            ("100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"),
            ("126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"),
            ("169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"),
            ("172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"),
            ("191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"),
            ("192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"),
            ("192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"),
            ("192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"),
            ("198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"),
            ("198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"),
            ("203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"),
            ("223.255.255.255", "224.0.0.0", "255.255.255.255", ""),
            ("168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"),
            ("2000:ffff::", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"),
            ("2001:db7:ffff::", "2001:db8::", "2001:db8:ffff:ffff::", "2001:db9::"),
            ("3ffe:ffff::", "3fff::", "3fff:fff:ffff::", "3fff:1000::"),
        ] {
            for inside in [first, last] {
                assert!(!is_public(address(inside)), "{inside}");
            }
            for outside in [outside_before, outside_after].into_iter().filter(|text| !text.is_empty()) {
                assert!(is_public(address(outside)), "{outside}");
            }
        }
    }

    #[test]
    fn of_ipv6_only_global_unicast_is_public() {
        for inside in [
            "::",
            "::1",
            "::7f00:1",
            "::8.8.8.8",
            "100::1",
            "64:ff9b:1::1",
            "::ffff:0:8.8.8.8",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
            "1fff:ffff::",
            "4000::",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        ] {
            assert!(!is_public(address(inside)), "{inside}");
        }
        for outside in ["2606:4700:4700::1111", "2a00:1450::1", "2000::1", "3ffe::1"] {
            assert!(is_public(address(outside)), "{outside}");
        }
    }

    proptest! {
        #[test]
        fn an_address_written_in_another_is_judged_alike(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let [a, b, c, d] = v4.octets();
            let hex = format!("{a:02x}{b:02x}:{c:02x}{d:02x}");
            for form in [format!("::ffff:{v4}"), format!("64:ff9b::{v4}"), format!("2002:{hex}::1")] {
                prop_assert_eq!(is_public(address(&form)), is_public(v4.into()), "{}", form);
            }
            let compatible = format!("::{v4}");
            prop_assert!(!is_public(address(&compatible)), "{}", compatible);
        }

        #[test]
        fn what_the_standard_library_knows_as_private_is_not_public(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_broadcast()
                || v4.is_documentation() || v4.is_multicast() || v4.is_unspecified();
            prop_assert!(!(special && is_public(v4.into())));
        }
    }

    #[test]
    fn a_network_of_ones_own_is_permitted_in_any_spelling_and_also_in_the_clear() {
        let own = Networks::new(vec!["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        for inside in ["10.1.0.1", "::ffff:10.1.2.3", "fd12::1"] {
            assert!(own.permit(address(inside), true) && own.permit(address(inside), false), "{inside}");
        }
        assert!(!own.permit(address("10.2.0.1"), true));
        assert!(own.permit(address("8.8.8.8"), true));
        assert!(!own.permit(address("8.8.8.8"), false), "in the clear only at home");
        assert!(!Networks::default().permit(address("127.0.0.1"), true));
    }
}
