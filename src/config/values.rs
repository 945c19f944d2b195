//! The kinds of values settings have, each parsed once: inside, the type is the proof.

use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use ipnet::IpNet;
use jiff::civil::Date;

use super::reader::Refusal;
use crate::model::{Currency, E164, Money, NotMoney, Secret, Sid, Target};

/// An address to listen on: a host and a port, where port 0 lets the system choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    text: String,
    host: String,
    port: u16,
}

impl Listen {
    pub(super) fn parse(raw: &str) -> Result<Listen, Refusal> {
        let refusal = || format!("must be an address and a port, as 127.0.0.1:8080, not {raw:?}");
        let (host, port) = raw.rsplit_once(':').ok_or_else(refusal)?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let plausible = match bracketed {
            Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
            None => is_host(host),
        };
        let port = port.parse().ok().filter(|_| plausible).ok_or_else(refusal)?;
        Ok(Listen { text: raw.to_owned(), host: bracketed.unwrap_or(host).to_owned(), port })
    }

    /// Both, as they were given: what a listener binds to.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// True if only this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        self.host.parse::<IpAddr>().map_or(self.host == "localhost", |address| address.is_loopback())
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A URL that paths are added to: `http` or `https`, a host, perhaps a path; no slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    pub(super) fn parse(raw: &str) -> Result<BaseUrl, Refusal> {
        let uri = web_url(raw)?;
        if uri.query().is_some() {
            return Err(format!("must be a URL without a query, not {raw:?}"));
        }
        if raw.ends_with('/') {
            return Err(format!("must not end in a slash: write {:?}", raw.trim_end_matches('/')));
        }
        Ok(BaseUrl(raw.to_owned()))
    }

    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for `https`.
    pub fn is_https(&self) -> bool {
        self.0.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    }

    /// The host, without port and brackets.
    pub fn host(&self) -> &str {
        let authority = self.0.split("//").nth(1).unwrap_or_default();
        let authority = authority.split('/').next().unwrap_or_default();
        match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        }
    }

    /// True if it names the machine itself.
    pub fn is_loopback(&self) -> bool {
        self.host().parse::<IpAddr>().map_or(self.host() == "localhost", |address| address.is_loopback())
    }
}

impl Deref for BaseUrl {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the store is.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl(String);

impl StoreUrl {
    /// A store as it is written in settings.
    pub fn parse(raw: &str) -> Result<StoreUrl, String> {
        let url = StoreUrl(raw.to_owned());
        let is_file = raw.starts_with("sqlite:") && url.path().is_none_or(|path| !path.as_os_str().is_empty());
        if is_file || url.is_server() {
            Ok(url)
        } else {
            Err("must be sqlite: and the path of the database file, or postgres://user:password@host/database"
                .to_owned())
        }
    }

    /// One that names a server.
    pub(super) fn parse_server(raw: &str) -> Result<StoreUrl, Refusal> {
        let url = StoreUrl(raw.to_owned());
        if url.is_server() { Ok(url) } else { Err("must be postgres://user:password@host/database".to_owned()) }
    }

    /// Does it name a server, which others may use too?
    pub fn is_server(&self) -> bool {
        let rest = self.0.strip_prefix("postgres://").or_else(|| self.0.strip_prefix("postgresql://"));
        rest.is_some_and(|rest| !rest.is_empty())
    }

    /// What may be shown of it: no password.
    pub fn shown(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://").filter(|_| self.is_server()) else { return self.0.clone() };
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        let place = place.split('?').next().unwrap_or_default();
        format!("{scheme}://{place}")
    }

    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The database file; none for a database in memory.
    pub fn path(&self) -> Option<PathBuf> {
        let rest = self.0.strip_prefix("sqlite:")?;
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let path = rest.split('?').next().unwrap_or_default();
        (path != ":memory:").then(|| PathBuf::from(path))
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StoreUrl({:?})", self.shown())
    }
}

impl Deref for StoreUrl {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Where the ledger of live calls is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiveUrl {
    /// In this process.
    Memory,
    /// In a Redis that all edges share. The URL may hold a password.
    Redis(Secret),
}

impl LiveUrl {
    pub(super) fn parse(raw: &str) -> Result<LiveUrl, Refusal> {
        const WRONG: &str =
            "must be memory:, or redis:// or rediss:// and the host of a Redis, as redis://cache:6379/0";
        if raw == "memory:" {
            return Ok(LiveUrl::Memory);
        }
        let rest = raw.strip_prefix("redis://").or_else(|| raw.strip_prefix("rediss://"));
        let host = rest.and_then(|rest| rest.split(['/', '?']).next()).and_then(|rest| rest.rsplit('@').next());
        match host {
            Some(host) if !host.is_empty() && !host.starts_with(':') => Ok(LiveUrl::Redis(Secret::new(raw))),
            _ => Err(WRONG.to_owned()),
        }
    }
}

/// A key under which credentials are sealed. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey([u8; 32]);

impl SealingKey {
    /// Takes 32 bytes as they are.
    pub fn new(bytes: [u8; 32]) -> SealingKey {
        SealingKey(bytes)
    }

    pub(super) fn parse(raw: &str) -> Result<SealingKey, Refusal> {
        let bytes = STANDARD.decode(raw.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(SealingKey)
            .ok_or_else(|| "must be 32 bytes in base64: `openssl rand -base64 32` makes them".to_owned())
    }

    pub(super) fn spell(&self) -> String {
        STANDARD.encode(self.0)
    }
}

impl Deref for SealingKey {
    type Target = [u8; 32];

    fn deref(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// What a caller of an unknown number gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownNumber {
    /// A spoken sentence.
    Say,
    /// The call is not picked up.
    Reject,
}

impl UnknownNumber {
    pub(super) fn parse(raw: &str) -> Result<UnknownNumber, Refusal> {
        match raw {
            "say" => Ok(UnknownNumber::Say),
            "reject" => Ok(UnknownNumber::Reject),
            _ => Err(format!("must be say or reject, not {raw:?}")),
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

impl LogFormat {
    pub(super) fn parse(raw: &str) -> Result<LogFormat, Refusal> {
        match raw {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(format!("must be text or json, not {raw:?}")),
        }
    }
}

pub(super) fn level(raw: &str) -> Result<tracing::level_filters::LevelFilter, Refusal> {
    match raw {
        "error" | "warn" | "info" | "debug" | "trace" | "off" => raw.parse().map_err(|_| raw.to_owned()),
        _ => Err(format!("must be error, warn, info, debug, trace or off, not {raw:?}")),
    }
}

/// A URL as given to a provider: a query is allowed, and so is any path.
pub(super) fn callback_url(raw: &str) -> Result<String, Refusal> {
    web_url(raw).map(|_| raw.to_owned())
}

pub(super) fn network(raw: &str) -> Result<IpNet, Refusal> {
    let address = |raw: &str| raw.parse::<IpAddr>().ok().map(IpNet::from);
    let network = raw.parse().ok().or_else(|| address(raw));
    network.ok_or_else(|| format!("must be an address or a network, as 10.0.0.0/8, not {raw:?}"))
}

pub(super) fn host(raw: &str) -> Result<String, Refusal> {
    let named = is_host(raw) && raw.bytes().any(|byte| byte.is_ascii_alphabetic());
    if named { Ok(raw.to_ascii_lowercase()) } else { Err(format!("must be the name of a host, not {raw:?}")) }
}

pub(super) fn country(raw: &str) -> Result<String, Refusal> {
    let code = raw.to_ascii_uppercase();
    let known = code.len() == 2 && super::countries::ALPHA_2.split(' ').any(|known| known == code);
    if known { Ok(code) } else { Err(format!("must be countries as ISO 3166-1 alpha-2, as CA or US, not {raw:?}")) }
}

pub(super) fn phone_number(raw: &str) -> Result<E164, Refusal> {
    E164::parse(raw).map_err(|_| "must be a number in E.164 form: + and 7 to 15 digits".to_owned())
}

pub(super) fn sid(raw: &str) -> Result<Sid, Refusal> {
    Sid::parse(raw).map_err(|_| "must be 1 to 64 visible ASCII characters".to_owned())
}

pub(super) fn target(raw: &str) -> Result<Target, Refusal> {
    Target::parse(raw).ok_or_else(|| format!("must be assistant:<id> or squad:<id>, not {raw:?}"))
}

/// A secret that travels in a header: visible characters, none of them white space. The refusal does not quote it.
pub(super) fn secret(raw: &str) -> Result<Secret, Refusal> {
    let visible = !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_graphic());
    if visible { Ok(Secret::new(raw)) } else { Err("must be visible ASCII characters without white space".to_owned()) }
}

/// An amount in US dollars.
pub(super) fn dollars(raw: &str) -> Result<Money, Refusal> {
    Money::parse(raw, Currency::USD).map_err(|error: NotMoney| format!("{error}, not {raw:?}"))
}

pub(super) fn date(raw: &str) -> Result<Date, Refusal> {
    raw.parse().map_err(|_| format!("must be a day, as 2026-11-20, not {raw:?}"))
}

pub(super) fn one_line(raw: &str) -> Result<String, Refusal> {
    let fits = !raw.trim().is_empty() && raw.len() <= 100 && !raw.chars().any(char::is_control);
    if fits { Ok(raw.to_owned()) } else { Err("must be one line of 1 to 100 bytes".to_owned()) }
}

pub(super) fn path(raw: &str) -> Result<PathBuf, Refusal> {
    let fits = !raw.is_empty() && !raw.contains('\0');
    if fits { Ok(PathBuf::from(raw)) } else { Err("must be a path".to_owned()) }
}

fn web_url(raw: &str) -> Result<Uri, Refusal> {
    let refusal = || format!("must be an http or https URL with a host, not {raw:?}");
    if raw.contains(['#', '@']) {
        return Err("must be a URL without user name and without fragment".to_owned());
    }
    let uri: Uri = raw.parse().map_err(|_| refusal())?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    let hosted = uri.authority().is_some_and(|authority| {
        let after_host = &authority.as_str()[authority.host().len()..];
        let port = after_host.strip_prefix(':').map(|port| port.parse::<u16>().is_ok());
        !authority.host().is_empty() && port.unwrap_or(after_host.is_empty())
    });
    if web && hosted { Ok(uri) } else { Err(refusal()) }
}

fn is_host(raw: &str) -> bool {
    let letters = raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
    letters && !raw.is_empty() && raw.len() <= 253 && !raw.starts_with(['.', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_to_listen_on_has_a_host_and_a_port() {
        for (good, host, port) in [
            ("127.0.0.1:8080", "127.0.0.1", 8080),
            ("0.0.0.0:0", "0.0.0.0", 0),
            ("[::1]:65535", "::1", 65535),
            ("localhost:80", "localhost", 80),
        ] {
            let listen = Listen::parse(good).expect(good);
            assert_eq!((listen.host(), listen.port(), listen.to_string().as_str()), (host, port, good));
        }
        for bad in ["", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "[::1:80", "a b:80"] {
            assert!(Listen::parse(bad).is_err(), "{bad}");
        }
        let loopback = |raw| Listen::parse(raw).expect("valid").is_loopback();
        assert!(loopback("127.0.0.2:1") && loopback("[::1]:1") && loopback("localhost:1"));
        assert!(!loopback("0.0.0.0:1") && !loopback("10.0.0.1:1"));
    }

    #[test]
    fn a_base_url_is_http_with_a_host_and_without_an_end() {
        for good in ["https://edge.example.com", "http://127.0.0.1:8080", "https://[::1]:1/phone", "HTTPS://a.example"]
        {
            assert_eq!(BaseUrl::parse(good).map(|url| url.to_string()).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "edge.example.com",
            "ftp://edge.example.com",
            "https://",
            "https://edge.example.com/",
            "https:///x",
            "https://edge.example.com/a/",
            "https://edge.example.com?x=1",
            "https://edge.example.com#ct=1",
            "https://me:word@edge.example.com",
            "https://:80",
            "https://edge.example.com:",
            "https://a:99999",
        ] {
            assert!(BaseUrl::parse(bad).is_err(), "{bad}");
        }
        let url = BaseUrl::parse("https://[::1]:1/phone").expect("valid");
        assert_eq!((url.host(), url.is_https(), url.is_loopback()), ("::1", true, true));
    }

    #[test]
    fn a_store_url_tells_the_file() {
        let path = |raw: &str| StoreUrl::parse(raw).map(|url| url.path().map(|path| path.display().to_string()));
        assert_eq!(path("sqlite:patchbay.db"), Ok(Some("patchbay.db".to_owned())));
        assert_eq!(path("sqlite://data/calls.db?mode=rwc"), Ok(Some("data/calls.db".to_owned())));
        assert_eq!(path("sqlite::memory:"), Ok(None));
        assert_eq!(path("postgres://patchbay@db/patchbay"), Ok(None));
        for bad in ["", "sqlite:", "sqlite://", "patchbay.db", "postgres:db", "postgres://", "mysql://db"] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_password_of_a_store_never_shows() {
        let url =
            StoreUrl::parse("postgres://patchbay:hunter@2@db.example.com:5432/calls?sslmode=require").expect("a URL");
        assert_eq!(url.shown(), "postgres://db.example.com:5432/calls");
        assert!(!format!("{url:?}").contains("hunter"), "{url:?}");
    }

    #[test]
    fn a_sealing_key_has_thirty_two_bytes_and_never_shows() {
        let key = SealingKey::parse(&STANDARD.encode([7; 32])).expect("32 bytes");
        assert_eq!(*key, [7; 32]);
        assert_eq!(format!("{key:?}"), "SealingKey(…)");
        for bytes in [31, 33] {
            assert!(SealingKey::parse(&STANDARD.encode(vec![7; bytes])).is_err());
        }
        assert!(SealingKey::parse("not base64!").is_err());
    }

    #[test]
    fn a_country_is_one_of_the_iso_list() {
        assert_eq!(super::super::countries::ALPHA_2.split(' ').count(), 250, "ISO 3166-1 has 249, and Kosovo");
        assert_eq!(country("ca"), Ok("CA".to_owned()));
        for bad in ["", "C", "CAN", "ZZ", "UK"] {
            assert!(country(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cost_is_an_amount_and_a_day_is_a_date() {
        assert_eq!(dollars("0.0085"), Ok(Money::usd(8_500)));
        for bad in ["", "$1", "-1", "1,5", "0.0000001"] {
            assert!(dollars(bad).is_err(), "{bad}");
        }
        assert_eq!(date("2026-02-12").map(|day| day.to_string()).as_deref(), Ok("2026-02-12"));
        for bad in ["", "12.2.2026", "2026-02-30", "yesterday"] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_proxy_may_be_an_address_or_a_network() {
        assert_eq!(network("10.0.0.0/8").map(|net| net.to_string()).as_deref(), Ok("10.0.0.0/8"));
        assert_eq!(network("10.1.2.3").map(|net| net.to_string()).as_deref(), Ok("10.1.2.3/32"));
        assert_eq!(network("fd00::/8").map(|net| net.to_string()).as_deref(), Ok("fd00::/8"));
        for good in ["2001:db8::/32", "192.0.2.7", "::1"] {
            assert!(network(good).is_ok(), "{good}");
        }
        for bad in ["", "10.0.0.0/33", "localhost", "10.0.0", "*", "proxy"] {
            assert!(network(bad).is_err(), "{bad}");
        }
    }
}
