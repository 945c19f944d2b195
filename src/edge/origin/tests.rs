//! Which names and addresses are believed, row by row.

use std::time::Instant;

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};

use super::*;

#[test]
fn a_base_is_signed_with_and_without_its_port_the_likelier_first() {
    let check = |raw: &str, written: &str, signed: &[&str]| {
        let url = PublicUrl::parse(raw).unwrap();
        assert_eq!(url.as_str(), written);
        assert_eq!(url.signed(), signed, "{raw}");
    };
    let plain = ["https://edge.example", "https://edge.example:443"];
    check("https://edge.example", "https://edge.example", &plain);
    check("HTTPS://edge.example/", "https://edge.example", &plain);
    check("https://edge.example:443", "https://edge.example:443", &plain);
    check("https://edge.example:8443//", "https://edge.example:8443", &[plain[0], "https://edge.example:8443"]);
    check("http://edge.example", "http://edge.example", &["http://edge.example", "http://edge.example:80"]);
    check("http://edge.example:8080", "http://edge.example:8080", &["http://edge.example:8080", "http://edge.example"]);
    let prefixed = ["https://Edge.example/phone/ca", "https://Edge.example:443/phone/ca"];
    check("https://Edge.example/phone/ca/", "https://Edge.example/phone/ca", &prefixed);
    check("http://[::1]:8080", "http://[::1]:8080", &["http://[::1]:8080", "http://[::1]"]);
    let users = ["https://e.example", "https://e.example:443", "https://u:p@e.example", "https://u:p@e.example:443"];
    check("https://u:p@e.example", "https://u:p@e.example", &users);
}

#[test]
fn what_is_no_base_url_is_refused_with_its_reason() {
    for (raw, reason) in [
        ("edge.example", BadPublicUrl::Scheme),
        ("ftp://edge.example", BadPublicUrl::Scheme),
        ("", BadPublicUrl::Scheme),
        ("https://", BadPublicUrl::Host),
        ("https:///path", BadPublicUrl::Host),
        ("https://:8080", BadPublicUrl::Host),
        ("https://ed ge.example", BadPublicUrl::Path),
        ("https://edge,example", BadPublicUrl::Host),
        ("https://[::1", BadPublicUrl::Host),
        ("https://::1", BadPublicUrl::Host),
        ("https://edge.example:", BadPublicUrl::Port),
        ("https://edge.example:0", BadPublicUrl::Port),
        ("https://edge.example:65536", BadPublicUrl::Port),
        ("https://edge.example:+80", BadPublicUrl::Port),
        ("https://edge.example?a=1", BadPublicUrl::Path),
        ("https://edge.example/#ct=1", BadPublicUrl::Path),
        ("https://edge.example/\n", BadPublicUrl::Path),
    ] {
        assert_eq!(PublicUrl::parse(raw), Err(reason), "{raw}");
    }
}

#[test]
fn configured_names_count_whatever_the_request_says() {
    let edge = origin(&["https://one.example/phone", "http://two.example:8080"], &["10.0.0.0/8"]);
    for peer in ["127.0.0.1:5", "10.1.2.3:5", "203.0.113.9:5"] {
        let request = request(peer, &[("host", "evil.example"), ("x-forwarded-host", "evil.example")]);
        assert_eq!(edge.base(&request).unwrap(), "https://one.example/phone");
        let urls = edge.signed_urls(&request);
        let bases = [
            "https://one.example/phone",
            "https://one.example:443/phone",
            "http://two.example:8080",
            "http://two.example",
        ];
        assert_eq!(*urls.bases, bases.map(str::to_owned));
        assert_eq!((urls.path, urls.query), ("/api//twilio/%76oice", "a=%20&b"));
    }
}

#[test]
fn without_a_configured_name_only_loopback_and_trusted_proxies_are_believed() {
    let edge = origin(&[], &["10.0.0.0/8"]);
    let base = |peer: &str, headers: &[(&'static str, &str)]| {
        let request = request(peer, headers);
        let base = edge.base(&request).map(Cow::into_owned);
        assert_eq!(edge.signed_urls(&request).bases.is_empty(), base.is_none());
        base.unwrap_or_default()
    };
    let forwarded = [("host", "inner:8080"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "edge.example")];
    check_each(&[
        (base("127.0.0.1:5", &[("host", "localhost:8080")]), "http://localhost:8080"),
        (base("[::1]:5", &[("host", "[::1]:8080")]), "http://[::1]:8080"),
        (base("[::ffff:127.0.0.1]:5", &[("host", "localhost")]), "http://localhost"),
        // Loopback is not a trusted proxy unless it is named.
        (base("127.0.0.1:5", &forwarded), "http://inner:8080"),
        (base("10.1.2.3:5", &forwarded), "https://edge.example"),
        (base("[::ffff:10.1.2.3]:5", &forwarded), "https://edge.example"),
        (base("10.1.2.3:5", &[("host", "edge.example")]), "http://edge.example"),
        (
            base(
                "10.1.2.3:5",
                &[("forwarded", r#"for=1.2.3.4;proto=http;host=x, for=x;Proto=https;host="edge.example:444""#)],
            ),
            "https://edge.example:444",
        ),
        (
            base("10.1.2.3:5", &[("x-forwarded-host", "evil.example, edge.example"), ("x-forwarded-proto", "HTTPS")]),
            "https://edge.example",
        ),
        (base("203.0.113.9:5", &forwarded), ""),
        (base("203.0.113.9:5", &[("host", "localhost")]), ""),
        (base("127.0.0.1:5", &[]), ""),
        (base("127.0.0.1:5", &[("host", "localhost/evil")]), ""),
        (base("127.0.0.1:5", &[("host", "user@localhost")]), ""),
        (base("127.0.0.1:5", &[("host", "one"), ("host", "two")]), ""),
        (base("10.1.2.3:5", &[("x-forwarded-proto", "gopher"), ("host", "edge.example")]), ""),
    ]);
}

#[test]
fn the_client_is_the_first_address_from_the_right_that_is_not_a_trusted_proxy() {
    let edge = origin(&[], &["10.0.0.0/8", "2001:db8::/32"]);
    let client = |peer: &str, headers: &[(&'static str, &str)]| edge.client_ip(&request(peer, headers)).to_string();
    check_each(&[
        (client("203.0.113.9:5", &[("x-forwarded-for", "198.51.100.1")]), "203.0.113.9"),
        (client("10.0.0.1:5", &[("x-forwarded-for", "198.51.100.1")]), "198.51.100.1"),
        (client("[::ffff:10.0.0.1]:5", &[("x-forwarded-for", "::ffff:198.51.100.1")]), "198.51.100.1"),
        (client("10.0.0.1:5", &[("x-forwarded-for", "6.6.6.6, 198.51.100.1, 10.0.0.2")]), "198.51.100.1"),
        (
            client("10.0.0.1:5", &[("x-forwarded-for", "6.6.6.6, 198.51.100.1"), ("x-forwarded-for", "10.0.0.2")]),
            "198.51.100.1",
        ),
        (client("10.0.0.1:5", &[("x-forwarded-for", "198.51.100.1:4711")]), "198.51.100.1"),
        (client("10.0.0.1:5", &[("forwarded", r#"for=6.6.6.6, for="[2001:db9::7]:47""#)]), "2001:db9::7"),
        (client("10.0.0.1:5", &[("forwarded", "for=198.51.100.1;proto=https,for=10.0.0.2")]), "198.51.100.1"),
        // Beyond a word nobody can read, nothing is believed.
        (client("10.0.0.1:5", &[("x-forwarded-for", "198.51.100.1, unknown, 10.0.0.2")]), "10.0.0.2"),
        (client("10.0.0.1:5", &[("x-forwarded-for", "")]), "10.0.0.1"),
        (client("10.0.0.1:5", &[]), "10.0.0.1"),
    ]);
}

fn check_each(rows: &[(String, &str)]) {
    for (index, (seen, expected)) in rows.iter().enumerate() {
        assert_eq!(seen, expected, "row {index}");
    }
}

fn origin(public: &[&str], trusted: &[&str]) -> Origin {
    let public = public.iter().map(|url| PublicUrl::parse(url).unwrap()).collect();
    Origin::new(public, trusted.iter().map(|range| range.parse().unwrap()).collect())
}

fn request(peer: &str, headers: &[(&'static str, &str)]) -> Incoming {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    Incoming {
        method: Method::POST,
        uri: hyper::Uri::from_static("/api//twilio/%76oice?a=%20&b"),
        headers: map,
        body: Bytes::new(),
        peer: peer.parse().unwrap(),
        tls: false,
        arrived: Instant::now(),
    }
}
