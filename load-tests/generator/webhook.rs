//! A webhook as Twilio sends it: 25 parameters, signed.
//!
//! All that is the same in every request is laid out once; a request copies it and fills in the call. The names come in
//! one of several shuffled orders, as they do from Twilio, so that whoever sorts them has to.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::calls::Call;
use super::random::Random;

/// How many orders of the names there are: a power of two, and too many for a branch predictor to learn by heart.
const ORDERS: usize = 64;

/// Room for the length of a body, right-aligned: blanks before a header's value mean nothing.
const LENGTH_ROOM: &[u8] = b"     ";
/// Room for a signature: 20 bytes in base64.
const SIGNATURE_ROOM: &[u8] = b"============================";

/// Where the requests go, and whose they are.
pub struct Sender {
    pub host: String,
    pub public_url: String,
    pub account_sid: String,
    pub token: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    CallSid,
    To,
    From,
    /// How long the call lasted, in seconds.
    Duration,
}

/// A piece of a body or of the text that is signed.
enum Piece {
    Same(Vec<u8>),
    Filled(Slot),
}

enum Value {
    Same(&'static str),
    Filled(Slot),
    Account,
}

/// One kind of webhook.
pub struct Webhook {
    head: Vec<u8>,
    signature_at: usize,
    length_at: usize,
    bodies: Vec<Vec<Piece>>,
    /// The key, the URL and the parameters up to the first that differs, already hashed.
    keyed: Hmac<Sha1>,
    signed: Vec<Piece>,
}

impl Webhook {
    /// A call to a number.
    pub fn voice(sender: &Sender) -> Webhook {
        Webhook::new(sender, "/api/twilio/voice", &VOICE)
    }

    /// The end of a call.
    pub fn status(sender: &Sender) -> Webhook {
        Webhook::new(sender, "/api/twilio/status", &STATUS)
    }

    fn new(sender: &Sender, path: &str, parameters: &[(&'static str, Value)]) -> Webhook {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n\
             Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nX-Home-Region: us1\r\n\
             X-Twilio-Signature: ",
            sender.host
        );
        let mut head = head.into_bytes();
        let signature_at = head.len();
        head.extend_from_slice(SIGNATURE_ROOM);
        head.extend_from_slice(b"\r\nContent-Length: ");
        let length_at = head.len();
        head.extend_from_slice(LENGTH_ROOM);
        head.extend_from_slice(b"\r\n\r\n");

        let mut shuffle = Random::new(Some(25));
        let bodies = (0..ORDERS).map(|_| body(parameters, &sender.account_sid, &mut shuffle)).collect();
        let mut keyed = Hmac::new_from_slice(sender.token.as_bytes()).expect("a key may have any length");
        keyed.update(sender.public_url.as_bytes());
        keyed.update(path.as_bytes());
        let mut signed = signed(parameters, &sender.account_sid);
        if let Some(Piece::Same(first)) = signed.first() {
            keyed.update(first);
            signed.remove(0);
        }
        Webhook { head, signature_at, length_at, bodies, keyed, signed }
    }

    /// Writes a whole request into `out`. `scratch` is only there to be used again.
    pub fn write(&self, call: &Call, to: &str, now: u64, order: u64, out: &mut Vec<u8>, scratch: &mut Vec<u8>) {
        let (sid, from) = (call.sid_text(), call.caller_text());
        let seconds = now.saturating_sub(call.answered) / 1_000_000_000;
        let fill = |slot: Slot, plus: &[u8], out: &mut Vec<u8>| match slot {
            Slot::CallSid => out.extend_from_slice(&sid),
            Slot::To => {
                out.extend_from_slice(plus);
                out.extend_from_slice(&to.as_bytes()[1..]);
            }
            Slot::From => {
                out.extend_from_slice(plus);
                out.extend_from_slice(&from[1..]);
            }
            Slot::Duration => push_number(seconds, out),
        };
        let lay = |pieces: &[Piece], plus: &[u8], out: &mut Vec<u8>| {
            for piece in pieces {
                match piece {
                    Piece::Same(text) => out.extend_from_slice(text),
                    Piece::Filled(slot) => fill(*slot, plus, out),
                }
            }
        };

        out.clear();
        out.extend_from_slice(&self.head);
        lay(&self.bodies[order as usize % ORDERS], b"%2B", out);
        let mut length = out.len() - self.head.len();
        for digit in out[self.length_at..self.length_at + LENGTH_ROOM.len()].iter_mut().rev() {
            if length > 0 {
                *digit = b'0' + (length % 10) as u8;
                length /= 10;
            }
        }

        scratch.clear();
        lay(&self.signed, b"+", scratch);
        let mut mac = self.keyed.clone();
        mac.update(scratch);
        let room = &mut out[self.signature_at..self.signature_at + SIGNATURE_ROOM.len()];
        STANDARD.encode_slice(mac.finalize().into_bytes(), room).expect("20 bytes are 28 characters");
    }
}

/// A body in one of the orders the names may come in.
fn body(parameters: &[(&'static str, Value)], account_sid: &str, shuffle: &mut Random) -> Vec<Piece> {
    let mut order: Vec<usize> = (0..parameters.len()).collect();
    for place in (1..order.len()).rev() {
        order.swap(place, shuffle.below(place as u32 + 1) as usize);
    }
    let mut pieces = Pieces::default();
    for (place, index) in order.into_iter().enumerate() {
        let (name, value) = &parameters[index];
        pieces.same(if place == 0 { "" } else { "&" });
        pieces.same(name);
        pieces.same("=");
        match value {
            Value::Same(text) => pieces.same(&escaped(text)),
            Value::Account => pieces.same(account_sid),
            Value::Filled(slot) => pieces.0.push(Piece::Filled(*slot)),
        }
    }
    pieces.0
}

/// What is signed after the URL: names and values, sorted, nothing between.
fn signed(parameters: &[(&'static str, Value)], account_sid: &str) -> Vec<Piece> {
    let mut sorted: Vec<_> = parameters.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    let mut pieces = Pieces::default();
    for (name, value) in sorted {
        pieces.same(name);
        match value {
            Value::Same(text) => pieces.same(text),
            Value::Account => pieces.same(account_sid),
            Value::Filled(slot) => pieces.0.push(Piece::Filled(*slot)),
        }
    }
    pieces.0
}

/// Pieces under construction: what is the same and follows one another becomes one.
#[derive(Default)]
struct Pieces(Vec<Piece>);

impl Pieces {
    fn same(&mut self, text: &str) {
        if let Some(Piece::Same(last)) = self.0.last_mut() {
            last.extend_from_slice(text.as_bytes());
        } else {
            self.0.push(Piece::Same(text.as_bytes().to_vec()));
        }
    }
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

fn push_number(number: u64, out: &mut Vec<u8>) {
    if number >= 10 {
        push_number(number / 10, out);
    }
    out.push(b'0' + (number % 10) as u8);
}

/// A call from the telephone network to one of our numbers; `CallToken` is as long as a short real one.
const VOICE: [(&str, Value); 25] = [
    ("AccountSid", Value::Account),
    ("ApiVersion", Value::Same("2010-04-01")),
    ("CallSid", Value::Filled(Slot::CallSid)),
    ("CallStatus", Value::Same("ringing")),
    (
        "CallToken",
        Value::Same(
            "{\"parentCallInfoToken\":\"aW52ZW50ZWQtaGVhZGVyLW9mLWEtdG9rZW4.aW52ZW50ZWQtY2xhaW1zLW9mLWEtdG9rZW4td2hvLWN\
             hbGxlZC1hbmQtd2hlbi1pdC1yYW5n.aW52ZW50ZWQtc2lnbmF0dXJlLW9mLWEtdG9rZW4tb3Zlci1hbGwtdGhhdC1pcy1iZWZvcmUtaXQ\",\
             \"identityHeaderTokens\":[]}",
        ),
    ),
    ("Called", Value::Filled(Slot::To)),
    ("CalledCity", Value::Same("TORONTO")),
    ("CalledCountry", Value::Same("CA")),
    ("CalledState", Value::Same("ON")),
    ("Caller", Value::Filled(Slot::From)),
    ("CallerCity", Value::Same("SAN FRANCISCO")),
    ("CallerCountry", Value::Same("US")),
    ("CallerState", Value::Same("CA")),
    ("CallerZip", Value::Same("94105")),
    ("Direction", Value::Same("inbound")),
    ("From", Value::Filled(Slot::From)),
    ("FromCity", Value::Same("SAN FRANCISCO")),
    ("FromCountry", Value::Same("US")),
    ("FromState", Value::Same("CA")),
    ("FromZip", Value::Same("94105")),
    ("StirVerstat", Value::Same("TN-Validation-Passed-A")),
    ("To", Value::Filled(Slot::To)),
    ("ToCity", Value::Same("TORONTO")),
    ("ToCountry", Value::Same("CA")),
    ("ToState", Value::Same("ON")),
];

/// The status callback of such a call when it has ended.
const STATUS: [(&str, Value); 25] = [
    ("AccountSid", Value::Account),
    ("ApiVersion", Value::Same("2010-04-01")),
    ("CallDuration", Value::Filled(Slot::Duration)),
    ("CallSid", Value::Filled(Slot::CallSid)),
    ("CallStatus", Value::Same("completed")),
    ("CallbackSource", Value::Same("call-progress-events")),
    ("Called", Value::Filled(Slot::To)),
    ("CalledCity", Value::Same("TORONTO")),
    ("CalledCountry", Value::Same("CA")),
    ("CalledState", Value::Same("ON")),
    ("Caller", Value::Filled(Slot::From)),
    ("CallerCity", Value::Same("SAN FRANCISCO")),
    ("CallerCountry", Value::Same("US")),
    ("CallerState", Value::Same("CA")),
    ("Direction", Value::Same("inbound")),
    ("Duration", Value::Same("1")),
    ("From", Value::Filled(Slot::From)),
    ("FromCity", Value::Same("SAN FRANCISCO")),
    ("FromCountry", Value::Same("US")),
    ("FromState", Value::Same("CA")),
    ("SequenceNumber", Value::Same("0")),
    ("Timestamp", Value::Same("Fri, 20 Nov 2026 09:00:00 +0000")),
    ("To", Value::Filled(Slot::To)),
    ("ToCity", Value::Same("TORONTO")),
    ("ToCountry", Value::Same("CA")),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use patchbay::edge::{Form, signature};
    use patchbay::model::Secret;
    use patchbay::model::SigningKey;

    use super::*;

    #[test]
    fn every_order_of_the_names_is_a_request_the_edge_takes_for_twilios() {
        let sender = Sender {
            host: "127.0.0.1:8080".to_owned(),
            public_url: "https://edge.example.com".to_owned(),
            account_sid: "AC00000000000000000000000000000001".to_owned(),
            token: "an-invented-auth-token".to_owned(),
        };
        let key = SigningKey::new(&Secret::new("an-invented-auth-token"));
        let (mut request, mut scratch, mut random) = (Vec::new(), Vec::new(), Random::new(Some(7)));
        for (path, webhook) in
            [("/api/twilio/voice", Webhook::voice(&sender)), ("/api/twilio/status", Webhook::status(&sender))]
        {
            for order in 0..ORDERS as u64 {
                let call = Call { answered: 1, ..Call::new(&mut random, 0) };
                webhook.write(&call, "+999000000001", 12_000_000_001, order, &mut request, &mut scratch);
                let text = String::from_utf8(request.clone()).unwrap();
                let (head, body) = text.split_once("\r\n\r\n").unwrap();
                let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
                let form = Form::parse(body.as_bytes()).unwrap();
                let expected = signature::sign(&format!("https://edge.example.com{path}"), Some(&form), &key);
                assert_eq!(header("X-Twilio-Signature:"), expected);
                assert_eq!(header("Content-Length:"), body.len().to_string());
                assert_eq!(form.pairs().count(), 25);
                assert_eq!(form.get("To"), Some("+999000000001"));
                assert_eq!(form.get("CallSid").unwrap().as_bytes(), call.sid_text());
                assert_eq!(form.get("CallDuration").unwrap_or("12"), "12");
            }
        }
    }
}
