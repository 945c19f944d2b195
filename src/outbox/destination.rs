//! Where a webhook may go, as far as its URL alone tells. What its name leads to is seen when it is sent.

use reqwest::Url;

use super::addresses::Networks;

/// Longest URL that is taken.
const LENGTH_MAX: usize = 2_048;

/// A URL that a webhook may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The URL, in the form it is requested by.
    pub url: Url,
    /// With TLS.
    pub encrypted: bool,
}

/// Why a webhook may not be sent to a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDestination {
    /// It is no URL, or none that leads anywhere.
    #[error("this is no https:// URL of at most 2048 characters with a host")]
    Unreadable,
    /// Neither https, nor http towards a network of the installation's own.
    #[error("webhooks are sent over https; http is only for networks that webhooks.allow_networks names")]
    Scheme,
    /// It carries a user name or a password.
    #[error("a URL with a user name or password is not taken; the signature tells who sends")]
    Credentials,
    /// It names an address that is not the public internet's.
    #[error("the address is a private one; networks of your own are named in webhooks.allow_networks")]
    PrivateAddress,
}

impl BadDestination {
    /// The stable code for programs.
    pub fn code(self) -> &'static str {
        match self {
            BadDestination::Unreadable => "url",
            BadDestination::Scheme => "scheme",
            BadDestination::Credentials => "credentials",
            BadDestination::PrivateAddress => "private_address",
        }
    }
}

impl Destination {
    /// Reads a URL. Hosts in decimal, octal, hexadecimal or with a dot at the end come out as the address they are.
    pub fn parse(raw: &str, networks: &Networks) -> Result<Destination, BadDestination> {
        let fits = raw.len() <= LENGTH_MAX && raw.bytes().all(|byte| byte.is_ascii_graphic());
        let url = Url::parse(raw).ok().filter(|_| fits).ok_or(BadDestination::Unreadable)?;
        let encrypted = match url.scheme() {
            "https" => true,
            "http" if !networks.is_empty() => false,
            _ => return Err(BadDestination::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadDestination::Credentials);
        }
        if url.port() == Some(0) || url.fragment().is_some() {
            return Err(BadDestination::Unreadable);
        }
        let host = url.host_str().ok_or(BadDestination::Unreadable)?;
        let address = host.trim_start_matches('[').trim_end_matches(']').parse();
        let permitted = match address {
            Ok(address) => networks.permit(address, encrypted),
            Err(_) => !is_local_name(host) || !networks.is_empty(),
        };
        if permitted { Ok(Destination { url, encrypted }) } else { Err(BadDestination::PrivateAddress) }
    }
}

/// A name that by convention leads to this machine or this house.
fn is_local_name(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    name.is_empty()
        || matches!(last, "localhost" | "local" | "internal" | "localdomain" | "lan" | "home")
        || name.ends_with("home.arpa")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> Option<BadDestination> {
        Destination::parse(url, &Networks::default()).err()
    }

    #[test]
    fn what_leads_home_is_refused_however_it_is_written() {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "0x7F.0x0.0x0.0x1",
            "127.000.000.001",
            "１２７.０.０.１",
            "127。0。0。1",
            "0",
            "0.0.0.0",
            "0x0",
            "10.0.0.1",
            "167772161",
            "0xa000001",
            "012.0.0.1",
            "10.1",
            "172.16.0.1",
            "0xac.0x10.1",
            "192.168.1.1",
            "3232235777",
            "0300.0250.1.1",
            "100.64.0.1",
            "100.100.100.200",
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
            "169.254.43518",
            "192.0.0.192",
            "168.63.129.16",
            "198.18.0.1",
            "203.0.113.7",
            "224.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[0:0:0:0:0:0:0:1]",
            "[::127.0.0.1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::10.0.0.1]",
            "[64:ff9b::a00:1]",
            "[2002:7f00:1::]",
            "[2002:a9fe:a9fe::1]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[fec0::1]",
            "[ff02::1]",
            "[2001:db8::1]",
            "[2001::1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "printer.local",
            "metadata.google.internal",
            "host.docker.internal.",
            "router.lan",
            "nas.home.arpa",
            "127.0.0.1:8443",
            "[::1]:8443",
            "localhost:8443",
        ] {
            let url = format!("https://{host}/hook");
            // Letters beyond ASCII must come as a browser would send them; they are no URL here.
            let expected = if host.is_ascii() { BadDestination::PrivateAddress } else { BadDestination::Unreadable };
            assert_eq!(refusal(&url), Some(expected), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_receiver_is_refused() {
        for (url, why) in [
            ("https://user@hooks.example.com/", BadDestination::Credentials),
            ("https://user:password@hooks.example.com/", BadDestination::Credentials),
            ("https://:password@hooks.example.com/", BadDestination::Credentials),
            ("https://127.0.0.1@hooks.example.com/", BadDestination::Credentials),
            ("http://hooks.example.com/", BadDestination::Scheme),
            ("ftp://hooks.example.com/", BadDestination::Scheme),
            ("file:///etc/hosts", BadDestination::Scheme),
            ("gopher://hooks.example.com/", BadDestination::Scheme),
            ("javascript:alert(1)", BadDestination::Scheme),
            ("hooks.example.com", BadDestination::Unreadable),
            ("", BadDestination::Unreadable),
            ("https://", BadDestination::Unreadable),
            ("https:///", BadDestination::Unreadable),
            ("https://hooks.example.com:0/", BadDestination::Unreadable),
            ("https://hooks.example.com:65536/", BadDestination::Unreadable),
            ("https://hooks.example.com/#part", BadDestination::Unreadable),
            ("https://hooks.example.com/a b", BadDestination::Unreadable),
            ("https://hooks.example.com/\n", BadDestination::Unreadable),
            ("https://1.2.3.4.5/", BadDestination::Unreadable),
            ("https://256.1.1.1/", BadDestination::Unreadable),
        ] {
            assert_eq!(refusal(url), Some(why), "{url}");
        }
        assert_eq!(
            refusal(&format!("https://hooks.example.com/{}", "a".repeat(2_100))),
            Some(BadDestination::Unreadable)
        );
    }

    #[test]
    fn a_public_receiver_is_taken() {
        for url in [
            "https://hooks.example.com/patchbay?key=1",
            "https://hooks.example.com:8443/",
            "https://8.8.8.8/",
            "https://[2606:4700:4700::1111]/",
            "https://134744072/",
            "https://xn--bcher-kva.example/",
        ] {
            assert_eq!(refusal(url), None, "{url}");
        }
    }

    #[test]
    fn in_the_clear_only_to_a_network_of_ones_own() {
        let own = Networks::new(vec!["10.0.0.0/8".parse().unwrap()]);
        for (url, expected) in [
            ("http://10.1.2.3/", None),
            ("https://10.1.2.3/", None),
            ("http://167838211/", None),
            ("http://8.8.8.8/", Some(BadDestination::PrivateAddress)),
            ("http://192.168.1.1/", Some(BadDestination::PrivateAddress)),
            ("http://receiver.internal/", None),
        ] {
            assert_eq!(Destination::parse(url, &own).err(), expected, "{url}");
        }
    }
}
