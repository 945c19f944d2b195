//! The signature of Standard Webhooks: HMAC-SHA256 over `{id}.{timestamp}.{body}`, one per secret that is good now.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use crate::model::{MessageId, SigningSecret};

/// The value of `webhook-signature`: signatures separated by spaces, any one of which satisfies a receiver.
pub fn signatures(secrets: &[SigningSecret], id: &MessageId, at: Timestamp, body: &str) -> String {
    let each: Vec<String> = secrets.iter().map(|secret| signature(secret, id, at, body)).collect();
    each.join(" ")
}

fn signature(secret: &SigningSecret, id: &MessageId, at: Timestamp, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.key()).expect("HMAC takes a key of any length");
    mac.update(format!("{id}.{}.", at.as_second()).as_bytes());
    mac.update(body.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sign(secrets: &[SigningSecret], at: &str, body: &str) -> String {
        let id = MessageId::parse("msg_01kafbd2x0q7h3m8w5r9t2c6ze").unwrap();
        signatures(secrets, &id, at.parse().unwrap(), body)
    }

    #[test]
    fn several_secrets_sign_one_after_the_other() {
        let (new, old) = (SigningSecret::new([1; 32]), SigningSecret::new([2; 32]));
        let both = sign(&[new.clone(), old.clone()], "2026-11-20T10:00:00Z", "{}");
        let (first, second) = both.split_once(' ').unwrap();
        assert_eq!(first, sign(&[new], "2026-11-20T10:00:00Z", "{}"));
        assert_eq!(second, sign(&[old], "2026-11-20T10:00:00Z", "{}"));
        assert_ne!(first, second);
        assert!(first.starts_with("v1,") && first.len() == 3 + 44);
    }

    #[test]
    fn whole_seconds_and_every_byte_of_the_body_are_signed() {
        let secret = [SigningSecret::new([1; 32])];
        let signed = sign(&secret, "2026-11-20T10:00:00Z", "{}");
        assert_eq!(signed, sign(&secret, "2026-11-20T10:00:00.9Z", "{}"));
        assert_ne!(signed, sign(&secret, "2026-11-20T10:00:01Z", "{}"));
        assert_ne!(signed, sign(&secret, "2026-11-20T10:00:00Z", "{ }"));
    }
}
