//! Where a request was meant to go and where it came from, when proxies stand between.
//!
//! The carrier signs the URL it called, which is not what arrives here if something in front ends TLS, changes the
//! port or strips a path. This page knows the public names; that a signature fits one of them is shown elsewhere.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use hyper::header::HOST;
use ipnet::IpNet;

use crate::edge::message::Incoming;
use crate::edge::signature::SignedUrls;

/// The public face of this edge: its names, and the proxies whose word counts.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    public: Vec<PublicUrl>,
    /// What may have been signed, for all public names.
    signed: Vec<String>,
    trusted: Vec<IpNet>,
}

/// A base URL under which the carrier reaches us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    written: String,
    signed: Vec<String>,
}

/// The text is no base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPublicUrl {
    /// It begins with neither `https://` nor `http://`.
    #[error("not a base URL: it must begin with https:// or http://")]
    Scheme,
    /// The host is missing or has characters no host has.
    #[error("not a base URL: no valid host")]
    Host,
    /// The port is no number from 1 to 65535.
    #[error("not a base URL: the port must be a number from 1 to 65535")]
    Port,
    /// It has a query, a fragment, blanks or characters that belong in no URL.
    #[error("not a base URL: a path may follow the host, but no query, no fragment and no blanks")]
    Path,
}

impl Origin {
    /// An edge known by these names, the first of which is written to providers, behind these proxies.
    pub fn new(public: Vec<PublicUrl>, trusted: Vec<IpNet>) -> Origin {
        let signed = public.iter().flat_map(|url| url.signed.iter().cloned()).collect();
        Origin { public, signed, trusted }
    }

    /// The base of the URLs we write into answers, without a slash at its end.
    ///
    /// Without a configured one it is taken from the request, and only where that cannot be a stranger's word: from a
    /// trusted proxy, or over loopback.
    pub fn base<'a>(&'a self, request: &Incoming) -> Option<Cow<'a, str>> {
        match self.public.first() {
            Some(first) => Some(Cow::Borrowed(&first.written)),
            None => self.derived(request).map(|url| Cow::Owned(url.written)),
        }
    }

    /// The URLs whose signature counts for this request; none if the public name is neither configured nor derivable.
    pub fn signed_urls<'a>(&'a self, request: &'a Incoming) -> SignedUrls<'a> {
        let bases = if self.public.is_empty() {
            Cow::Owned(self.derived(request).map(|url| url.signed).unwrap_or_default())
        } else {
            Cow::Borrowed(self.signed.as_slice())
        };
        SignedUrls { bases, path: request.path(), query: request.query() }
    }

    /// The base under which a request came in, as far as that can be seen here: what stands in front may have been called
    /// by another name.
    pub fn seen(&self, request: &Incoming) -> String {
        let scheme = if request.tls { "https" } else { "http" };
        let told = self.derived(request).or_else(|| bare_host(scheme, &host(request)?));
        told.map_or_else(|| format!("{scheme}://(no host)"), |url| url.written)
    }

    /// The address the request came from, as far back as trusted proxies tell.
    pub fn client_ip(&self, request: &Incoming) -> IpAddr {
        let mut client = request.peer.ip().to_canonical();
        if !self.trusts(client) {
            return client;
        }
        // Each proxy adds the address it heard from on the right; a forger can only write on the left.
        for hop in hops(request).into_iter().rev() {
            match hop {
                Some(address) if self.trusts(client) => client = address,
                _ => break,
            }
        }
        client
    }

    fn derived(&self, request: &Incoming) -> Option<PublicUrl> {
        let peer = request.peer.ip().to_canonical();
        let own_scheme = if request.tls { "https" } else { "http" };
        if self.trusts(peer) {
            let said = |header: &str, key: &str| last_listed(request, header).or_else(|| last_forwarded(request, key));
            let scheme = said("x-forwarded-proto", "proto").unwrap_or_else(|| own_scheme.to_owned());
            let host = said("x-forwarded-host", "host").or_else(|| host(request));
            bare_host(&scheme.to_ascii_lowercase(), &host?)
        } else if peer.is_loopback() {
            bare_host(own_scheme, &host(request)?)
        } else {
            None
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|range| range.contains(&address))
    }
}

impl PublicUrl {
    /// Takes a base URL as configured. A path before ours is kept, slashes at the end are not.
    pub fn parse(raw: &str) -> Result<PublicUrl, BadPublicUrl> {
        let (scheme, rest) = raw.split_once("://").ok_or(BadPublicUrl::Scheme)?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => "443",
            "http" => "80",
            _ => return Err(BadPublicUrl::Scheme),
        };
        if rest.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '\\' | '"' | '<' | '>'))
        {
            return Err(BadPublicUrl::Path);
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = path.trim_end_matches('/');
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let (host, port) = split_port(place)?;

        let without_port = host.to_owned();
        let with_port = format!("{host}:{}", port.unwrap_or(default_port));
        // Over https the carrier leaves the port out, over http it keeps one that is written; now and then it does
        // otherwise, so both count.
        let places = match port {
            Some(_) if scheme == "http" => [with_port, without_port],
            _ => [without_port, with_port],
        };
        // It leaves user and password out too; its own libraries expect them kept.
        let users = [Some(String::new()), user.map(|user| format!("{user}@"))];
        let signed = users.iter().flatten().flat_map(|user| {
            let (scheme, path) = (&scheme, path);
            places.iter().map(move |place| format!("{scheme}://{user}{place}{path}"))
        });
        Ok(PublicUrl { written: format!("{scheme}://{authority}{path}"), signed: signed.collect() })
    }

    /// The base as it is written into URLs, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The bases that may have been signed in its stead, the likeliest first.
    pub fn signed(&self) -> &[String] {
        &self.signed
    }
}

/// Parts `host:port`, where the host may be an IPv6 address in brackets.
fn split_port(place: &str) -> Result<(&str, Option<&str>), BadPublicUrl> {
    let after_address = place.find(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match place[after_address..].find(':') {
        Some(colon) => (&place[..after_address + colon], Some(&place[after_address + colon + 1..])),
        None => (place, None),
    };
    let name_fits =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    let address_fits = |text: &str| text.parse::<Ipv6Addr>().is_ok();
    let host_fits = match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']').is_some_and(address_fits),
        None => name_fits(host),
    };
    if !host_fits {
        return Err(BadPublicUrl::Host);
    }
    let port_fits = |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|n| n > 0);
    if port.is_some_and(|port| !port_fits(port)) { Err(BadPublicUrl::Port) } else { Ok((host, port)) }
}

/// A base made of what a request says: nothing but a host and a port may come from there.
fn bare_host(scheme: &str, host: &str) -> Option<PublicUrl> {
    split_port(host).ok()?;
    PublicUrl::parse(&format!("{scheme}://{host}")).ok()
}

fn host(request: &Incoming) -> Option<String> {
    request.header(&HOST).map(str::to_owned)
}

/// The last of the values of a header that may list several: the word of the nearest proxy.
fn last_listed(request: &Incoming, header: &str) -> Option<String> {
    let last = request.headers.get_all(header).iter().next_back()?.to_str().ok()?;
    let last = last.rsplit(',').next().unwrap_or(last).trim();
    (!last.is_empty()).then(|| last.to_owned())
}

/// The addresses the proxies on the way have noted, the farthest first. One that cannot be read is `None`.
fn hops(request: &Incoming) -> Vec<Option<IpAddr>> {
    let listed: Vec<_> = lines(request, "x-forwarded-for").flat_map(|line| line.split(',')).map(address).collect();
    if !listed.is_empty() {
        return listed;
    }
    forwarded(request).iter().map(|element| address(&parameter(element, "for")?)).collect()
}

fn last_forwarded(request: &Incoming, key: &str) -> Option<String> {
    parameter(forwarded(request).last()?, key)
}

/// The elements of all `Forwarded` headers.
fn forwarded(request: &Incoming) -> Vec<&str> {
    lines(request, "forwarded").flat_map(|line| split_unquoted(line, ',')).collect()
}

/// One parameter of an element like `for="[2001:db8::1]:4711";proto=https`.
fn parameter(element: &str, key: &str) -> Option<String> {
    let pairs = split_unquoted(element, ';').into_iter().filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case(key)).map(|(_, value)| value.trim());
    let value = values.next()?;
    Some(value.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(value).to_owned())
}

fn split_unquoted(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    let at = move |c: char| {
        quoted ^= c == '"';
        !quoted && c == separator
    };
    text.split(at).collect()
}

fn lines<'a>(request: &'a Incoming, header: &str) -> impl Iterator<Item = &'a str> {
    request.headers.get_all(header).iter().map(|value| value.to_str().unwrap_or("unreadable"))
}

/// An address with or without a port: `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    bare.parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
