//! Is it Vapi? By its secret header, as a bearer token, or by HMAC over time stamp and body.

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::edge::Incoming;
use crate::model::Secret;

/// How far a signed time stamp may be from ours: a recorded request is worth nothing after that.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn is_vapi(secret: Option<&Secret>, request: &Incoming, now: Timestamp) -> bool {
    let Some(secret) = secret else { return false };
    let secret = secret.reveal().as_bytes();
    let header = |name: &str| request.headers.get(name).map(|value| value.as_bytes());
    // Any of the ways will do: a proxy between may have put headers of its own beside Vapi's.
    let told = [header("x-vapi-secret"), header("authorization").and_then(bearer)];
    let is_told = told.into_iter().flatten().any(|given| given.ct_eq(secret).into());
    let is_hmac = match (header("x-signature"), header("x-timestamp")) {
        (Some(signature), Some(stamp)) => is_recent(stamp, now) && is_signed(secret, signature, stamp, &request.body),
        _ => false,
    };
    is_told || is_hmac
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
}

/// The stamp is in seconds or milliseconds; no second in this or the next century looks like a millisecond of it.
fn is_recent(stamp: &[u8], now: Timestamp) -> bool {
    let Some(number) = std::str::from_utf8(stamp).ok().and_then(|text| text.trim().parse::<i64>().ok()) else {
        return false;
    };
    let at =
        if number > 100_000_000_000 { Timestamp::from_millisecond(number) } else { Timestamp::from_second(number) };
    at.is_ok_and(|at| now.duration_since(at).abs() <= WINDOW)
}

fn is_signed(secret: &[u8], signature: &[u8], stamp: &[u8], body: &[u8]) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(stamp);
    mac.update(b".");
    mac.update(body);
    let wanted = mac.finalize().into_bytes();
    let mut hex = [0u8; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(wanted.iter()) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    signature.to_ascii_lowercase().ct_eq(&hex[..]).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::HeaderMap;

    const NOW: i64 = 1_790_000_000;

    fn request(headers: &[(&'static str, &str)], body: &'static [u8]) -> Incoming {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a header value"));
        }
        Incoming {
            method: hyper::Method::POST,
            uri: hyper::Uri::from_static("/api/vapi/webhook"),
            headers: map,
            body: bytes::Bytes::from_static(body),
            peer: ([127, 0, 0, 1], 4_000).into(),
            tls: false,
            arrived: std::time::Instant::now(),
        }
    }

    fn accepted(headers: &[(&'static str, &str)], body: &'static [u8]) -> bool {
        let now = Timestamp::from_second(NOW).expect("in range");
        is_vapi(Some(&Secret::new("a secret of ours")), &request(headers, body), now)
    }

    fn signature(stamp: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"a secret of ours").expect("any length");
        mac.update(stamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_secret_is_taken_as_header_or_bearer() {
        assert!(accepted(&[("x-vapi-secret", "a secret of ours")], b""));
        assert!(accepted(&[("authorization", "Bearer a secret of ours")], b""));
        assert!(!accepted(&[("x-vapi-secret", "another secret!!")], b""));
        assert!(!accepted(&[("authorization", "Basic a secret of ours")], b""));
        assert!(!accepted(&[], b""));
        // Two at once: the right one counts.
        assert!(accepted(&[("x-vapi-secret", ""), ("authorization", "bearer a secret of ours")], b""));
        assert!(accepted(&[("x-vapi-secret", "a secret of ours"), ("authorization", "Bearer another")], b""));
    }

    #[test]
    fn without_a_secret_of_ours_nobody_is_vapi() {
        let now = Timestamp::from_second(NOW).expect("in range");
        assert!(!is_vapi(None, &request(&[("x-vapi-secret", "")], b""), now));
    }

    #[test]
    fn a_signature_holds_for_its_body_for_five_minutes_in_seconds_or_milliseconds() {
        for (stamp, good) in [
            (NOW.to_string(), true),
            (format!("{NOW}000"), true),
            ((NOW - 300).to_string(), true),
            ((NOW - 301).to_string(), false),
            ((NOW + 301).to_string(), false),
            ("soon".to_owned(), false),
        ] {
            let signed = signature(&stamp, b"{}");
            assert_eq!(accepted(&[("x-signature", &signed), ("x-timestamp", &stamp)], b"{}"), good, "{stamp}");
            assert!(!accepted(&[("x-signature", &signed), ("x-timestamp", &stamp)], b"{ }"));
        }
    }
}
