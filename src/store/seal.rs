//! Secrets at rest: sealed with XChaCha20-Poly1305 and bound to the place they are kept in.
//!
//! A sealed value is one byte of format, four that name the key, 24 of nonce, then the sealed text. The place (table,
//! column, row) is associated data: a value copied into another row does not open there. Several keys at once are
//! `keyring`'s business, where they come from is the configuration's.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

use crate::model::Secret;

const FORMAT: u8 = 1;
const KEY_NAME_LEN: usize = 4;
const NONCE_LEN: usize = 24;

/// What a key is called: the beginning of a hash of it, which tells nothing of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName([u8; KEY_NAME_LEN]);

/// Seals and opens with one key.
pub(crate) struct Sealer {
    cipher: XChaCha20Poly1305,
    key_name: KeyName,
}

/// Where a sealed value is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row's identity.
    pub row: &'a str,
}

/// Why a value could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealError {
    /// Another key sealed it.
    #[error("was sealed with another key")]
    OtherKey,
    /// The bytes were altered, or sealed for another place.
    #[error("does not open: it was damaged, or sealed for another row")]
    Damaged,
    /// The operating system gave no randomness for a nonce.
    #[error("could not be sealed: the system gave no randomness")]
    NoRandomness,
}

impl KeyName {
    /// The name of this key.
    pub fn of(key: &[u8; 32]) -> KeyName {
        let digest = Sha256::new().chain_update(b"patchbay key name").chain_update(key).finalize();
        let mut name = [0; KEY_NAME_LEN];
        name.copy_from_slice(&digest[..KEY_NAME_LEN]);
        KeyName(name)
    }

    /// The key that a sealed value names. None if it has not the form of one.
    pub(crate) fn in_sealed(sealed: &[u8]) -> Option<KeyName> {
        sealed.strip_prefix(&[FORMAT])?.first_chunk().copied().map(KeyName)
    }
}

impl Sealer {
    /// Seals with this key from now on.
    pub(crate) fn new(key: &[u8; 32]) -> Sealer {
        Sealer { cipher: XChaCha20Poly1305::new(&Key::from(*key)), key_name: KeyName::of(key) }
    }

    /// What its key is called.
    pub(crate) fn key_name(&self) -> KeyName {
        self.key_name
    }

    /// Seals a secret for its place.
    pub(crate) fn seal(&self, place: Place<'_>, secret: &Secret) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| SealError::NoRandomness)?;
        let payload = Payload { msg: secret.reveal().as_bytes(), aad: &place.associated() };
        let text = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Damaged)?;
        Ok([&[FORMAT][..], &self.key_name.0, &nonce, &text].concat())
    }

    /// Opens what was sealed for this place.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret, SealError> {
        if KeyName::in_sealed(sealed).ok_or(SealError::Damaged)? != self.key_name {
            return Err(SealError::OtherKey);
        }
        let rest = &sealed[1 + KEY_NAME_LEN..];
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Damaged)?;
        let payload = Payload { msg: text, aad: &place.associated() };
        let opened = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::Damaged)?;
        String::from_utf8(opened).map(Secret::new).map_err(|_| SealError::Damaged)
    }
}

impl Place<'_> {
    /// Names of tables and columns hold no NUL, so the three parts cannot run into one another.
    fn associated(&self) -> Vec<u8> {
        [self.table.as_bytes(), &[0], self.column.as_bytes(), &[0], self.row.as_bytes()].concat()
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} in {}", self.column, self.row, self.table)
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn place(row: &str) -> Place<'_> {
        Place { table: "tenants", column: "connect_password", row }
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_and_nowhere_else() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal(place("ten_a"), &Secret::new("open sesame")).unwrap();
        assert_eq!(sealer.open(place("ten_a"), &sealed).unwrap().reveal(), "open sesame");
        assert_eq!(sealer.open(place("ten_b"), &sealed), Err(SealError::Damaged));
        let other_column = Place { column: "twilio_auth_token", ..place("ten_a") };
        assert_eq!(sealer.open(other_column, &sealed), Err(SealError::Damaged));
    }

    #[test]
    fn another_key_is_called_another_key() {
        let sealed = Sealer::new(&[7; 32]).seal(place("ten_a"), &Secret::new("open sesame")).unwrap();
        assert_eq!(Sealer::new(&[8; 32]).open(place("ten_a"), &sealed), Err(SealError::OtherKey));
    }

    #[test]
    fn any_altered_byte_is_noticed() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal(place("ten_a"), &Secret::new("open sesame")).unwrap();
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(sealer.open(place("ten_a"), &altered).is_err(), "byte {at}");
            assert!(sealer.open(place("ten_a"), &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_same_secret_is_never_sealed_alike_twice_and_never_shows() {
        let sealer = Sealer::new(&[7; 32]);
        let secret = Secret::new("open sesame");
        let first = sealer.seal(place("ten_a"), &secret).unwrap();
        assert_ne!(first, sealer.seal(place("ten_a"), &secret).unwrap());
        assert!(!first.windows(4).any(|window| window == b"open"));
        assert_eq!(format!("{sealer:?}"), "Sealer(…)");
    }
}
