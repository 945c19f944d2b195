//! What comes in and what goes out, freed of the protocol that carried it.
//!
//! An [`Incoming`] is read to the end and within its limits before a handler sees it. Who sent it, and whether it may
//! be believed, is for others to find out.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Uri};

/// A whole request.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// What is asked for.
    pub method: Method,
    /// Where it goes, as sent.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// The other end of the connection: the caller, or a proxy in front of us.
    pub peer: SocketAddr,
    /// Whether the connection is encrypted up to this process.
    pub tls: bool,
    /// When the head had been read.
    pub arrived: Instant,
}

impl Incoming {
    /// The path, byte for byte as sent: nothing is decoded or tidied, because it is signed.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// What follows the first `?`, byte for byte as sent.
    pub fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    /// A header's value, if there is exactly one and it is text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        let [value] = self.headers_named([name]);
        value
    }

    /// The same of several, found in one pass: there are few headers, and hashing a name takes longer than comparing it
    /// with all of them.
    pub fn headers_named<const N: usize>(&self, names: [&HeaderName; N]) -> [Option<&str>; N] {
        let mut found = [const { Found::None }; N];
        for (name, value) in &self.headers {
            for (wanted, found) in names.iter().zip(&mut found) {
                if name == *wanted {
                    *found = if matches!(found, Found::None) { Found::One(value) } else { Found::Several };
                }
            }
        }
        found.map(|found| if let Found::One(only) = found { only.to_str().ok() } else { None })
    }
}

/// The values of a header.
enum Found<'a> {
    None,
    One(&'a HeaderValue),
    Several,
}

/// A whole answer. It always leaves with its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Bytes,
    /// The type of the body, if there is one.
    pub content_type: Option<&'static str>,
    /// Anything else the head should say, such as `Allow`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Answer {
    /// Markup for the carrier: `200`, whatever failed behind it.
    pub fn twiml(markup: impl Into<Bytes>) -> Answer {
        Answer::new(200, Some("application/xml; charset=utf-8"), markup.into())
    }

    /// JSON, `200`.
    pub fn json(document: impl Into<Bytes>) -> Answer {
        Answer::new(200, Some("application/json"), document.into())
    }

    /// A status and nothing else.
    pub fn empty(status: u16) -> Answer {
        Answer::new(status, None, Bytes::new())
    }

    /// A status and a sentence for whoever looks at it with bare tools.
    pub fn text(status: u16, sentence: &'static str) -> Answer {
        Answer::new(status, Some("text/plain; charset=utf-8"), Bytes::from_static(sentence.as_bytes()))
    }

    /// The same answer with one more header.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Answer {
        self.headers.push((name, value));
        self
    }

    fn new(status: u16, content_type: Option<&'static str>, body: Bytes) -> Answer {
        Answer { status, body, content_type, headers: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};

    use super::*;

    #[test]
    fn a_header_has_a_value_if_it_is_there_once_and_text() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        for host in ["one", "two", "three"] {
            headers.append(HOST, HeaderValue::from_static(host));
        }
        headers.insert(USER_AGENT, HeaderValue::from_bytes(b"\xff").expect("bytes a header may have"));
        let request = Incoming {
            method: Method::GET,
            uri: Uri::from_static("/"),
            headers,
            body: Bytes::new(),
            peer: ([127, 0, 0, 1], 4_000).into(),
            tls: false,
            arrived: Instant::now(),
        };
        let own = HeaderName::from_static("x-not-there");
        let names = [&HOST, &CONTENT_TYPE, &USER_AGENT, &own, &CONTENT_TYPE];
        assert_eq!(request.headers_named(names), [None, Some("text/plain"), None, None, Some("text/plain")]);
        assert_eq!(request.header(&CONTENT_TYPE), Some("text/plain"));
    }
}
