//! Requests and replies as the simulator's handlers see them, and the small codecs they share.

use bytes::Bytes;
use hyper::{HeaderMap, Method, StatusCode, header};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

/// A request, read whole.
pub(super) struct Request {
    pub method: Method,
    /// The path as it was sent.
    pub path: String,
    /// The parts of the path, decoded.
    pub segments: Vec<String>,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What goes back.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub status: StatusCode,
    pub body: Bytes,
    pub content_type: &'static str,
    /// What else the head says.
    pub headers: Vec<(header::HeaderName, String)>,
}

impl Request {
    pub fn new(parts: hyper::http::request::Parts, body: Bytes) -> Request {
        let path = parts.uri.path().to_owned();
        let segments = path.split('/').skip(1).map(percent_decode).collect();
        let query = pairs(parts.uri.query().unwrap_or(""));
        Request { method: parts.method, path, segments, query, headers: parts.headers, body }
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    pub fn form(&self) -> Vec<(String, String)> {
        pairs(&String::from_utf8_lossy(&self.body))
    }

    /// The body as JSON; nothing at all counts as `{}`.
    pub fn json(&self) -> Result<Value, String> {
        if self.body.is_empty() {
            return Ok(Value::Object(Default::default()));
        }
        serde_json::from_slice(&self.body).map_err(|error| error.to_string())
    }
}

impl Reply {
    pub fn json(status: StatusCode, body: &Value) -> Reply {
        Reply::of(status, body.to_string().into(), "application/json")
    }

    pub fn of(status: StatusCode, body: Bytes, content_type: &'static str) -> Reply {
        Reply { status, body, content_type, headers: Vec::new() }
    }

    pub fn empty(status: StatusCode) -> Reply {
        Reply::of(status, Bytes::new(), "application/json")
    }
}

/// A form or a query, decoded.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let decode = |raw: &str| percent_decode(&raw.replace('+', " "));
            (decode(name), decode(value))
        })
        .collect()
}

/// A form or a query, encoded the way Twilio does it.
pub(super) fn encode(pairs: &[(String, String)]) -> String {
    let escape = |raw: &str| -> String {
        raw.bytes()
            .map(|byte| match byte {
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'*' => char::from(byte).to_string(),
                b' ' => "+".to_owned(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>().join("&")
}

/// `%41` becomes `A`; what is no escape stays as it is.
pub(super) fn percent_decode(raw: &str) -> String {
    let bytes = raw.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A fresh identifier: a prefix and 32 hex digits.
pub(super) fn fresh_sid(prefix: &str) -> String {
    format!("{prefix}{}", fresh_hex())
}

/// A fresh identifier as Vapi makes them.
pub(super) fn fresh_uuid() -> String {
    let hex = fresh_hex();
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

fn fresh_hex() -> String {
    let mut random = [0u8; 16];
    getrandom::fill(&mut random).expect("the system gives random bytes");
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An instant as Twilio writes it: `Fri, 20 Nov 2026 09:00:00 +0000`.
pub(super) fn rfc2822(at: Timestamp) -> String {
    jiff::fmt::rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).expect("an instant of our time has an RFC 2822 form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_survive_encoding_and_decoding() {
        let form = vec![
            ("To".to_owned(), "sip:a+b@example.com;x=1".to_owned()),
            ("Città".to_owned(), "São Paulo & 100% *~".to_owned()),
            ("Empty".to_owned(), String::new()),
        ];
        assert_eq!(pairs(&encode(&form)), form);
        assert_eq!(percent_decode("%zz%4"), "%zz%4");
    }

    #[test]
    fn fresh_identifiers_have_the_providers_shapes() {
        let uuid = fresh_uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.bytes().filter(|&byte| byte == b'-').count(), 4);
        assert_eq!(fresh_sid("CA").len(), 34);
    }

    #[test]
    fn instants_are_written_as_twilio_writes_them() {
        assert_eq!(rfc2822(Timestamp::UNIX_EPOCH), "Thu, 1 Jan 1970 00:00:00 +0000");
    }
}
