//! How much the listener lets a stranger take: bytes, time and places.
//!
//! How long an answer may be thought about is the handler's business, not the listener's.

use std::time::Duration;

/// What a connection may cost. Every wait ends, every buffer has an end.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most connections at a time. Beyond it the longest silent ones make room; see [`crate::edge::serve`].
    pub connections_max: usize,
    /// Longest head of a request. The carrier's URLs end at some 4,000 characters; a GET adds its parameters.
    pub head_bytes_max: usize,
    /// Longest body of a form. A call's parameters are about 1 KB, with a token of the caller's identity 3 KB.
    pub body_bytes_max: usize,
    /// Paths that begin with this may send [`Limits::report_bytes_max`]: reports on a call carry its transcript.
    pub report_paths: &'static str,
    /// Longest body of a report.
    pub report_bytes_max: usize,
    /// Longest wait for the encryption to be agreed.
    pub handshake_time: Duration,
    /// Longest a connection may say nothing at first, and longest a begun head may take.
    pub head_time: Duration,
    /// Longest the body may take once the head is there.
    pub body_time: Duration,
    /// Longest the peer may take to read what has been answered.
    pub write_time: Duration,
    /// Longest a used connection may be silent. Longer than the usual 60 s of a load balancer in front, which would
    /// otherwise send a call into a connection just closed.
    pub idle_time: Duration,
    /// Streams of one HTTP/2 connection at a time.
    pub streams_max: u32,
    /// How long a refused sender is still read from (and not kept), so that it sees the refusal, not a reset.
    pub linger_time: Duration,
    /// How much of it.
    pub linger_bytes_max: usize,
    /// While draining: how long silent connections stay, for a request that may be under way on them.
    pub drain_idle_time: Duration,
    /// While draining: when whatever is still open is cut off.
    pub drain_time: Duration,
}

impl Limits {
    /// Longest body for a path.
    pub fn body_bytes_max(&self, path: &str) -> usize {
        if path.starts_with(self.report_paths) { self.report_bytes_max } else { self.body_bytes_max }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections_max: 16_384,
            head_bytes_max: 16 * 1024,
            body_bytes_max: 64 * 1024,
            report_paths: "/api/vapi/",
            report_bytes_max: 1024 * 1024,
            handshake_time: Duration::from_secs(5),
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(10),
            write_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            streams_max: 128,
            linger_time: Duration::from_secs(2),
            linger_bytes_max: 8 * 1024 * 1024,
            drain_idle_time: Duration::from_millis(500),
            drain_time: Duration::from_secs(20),
        }
    }
}

/// Why the listener itself refused a request or a connection. The name is the metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Not HTTP, or HTTP that two readers could understand differently: `400`.
    Malformed,
    /// The head is too long or has too many fields: `431` or `414`.
    HeadTooLarge,
    /// The head was not sent in time: closed.
    HeadTimeout,
    /// The body is, or claims to be, too long: `413`.
    BodyTooLarge,
    /// The body was not sent in time: `408`.
    BodyTimeout,
    /// The body ended before its time: `400`, if anybody is still there.
    BodyIncomplete,
    /// The answer was not read in time: closed.
    NotRead,
    /// The encryption could not be agreed, or not in time: closed.
    Handshake,
    /// All places are taken by connections at work: closed.
    Crowded,
}

impl Refusal {
    /// The name for metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Refusal::Malformed => "malformed",
            Refusal::HeadTooLarge => "head-too-large",
            Refusal::HeadTimeout => "head-timeout",
            Refusal::BodyTooLarge => "body-too-large",
            Refusal::BodyTimeout => "body-timeout",
            Refusal::BodyIncomplete => "body-incomplete",
            Refusal::NotRead => "not-read",
            Refusal::Handshake => "handshake",
            Refusal::Crowded => "crowded",
        }
    }
}
