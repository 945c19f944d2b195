//! A token made ready to sign and to check with.

use std::fmt;

use hmac::{Hmac, KeyInit};
use sha1::Sha1;
use sha2::Sha256;

use super::Secret;

/// A token whose hashing has begun: what of it is the same for every request is done once, when the token is read.
#[derive(Clone)]
pub struct SigningKey {
    sha1: Hmac<Sha1>,
    sha256: Hmac<Sha256>,
}

impl SigningKey {
    /// Makes a token ready.
    pub fn new(token: &Secret) -> SigningKey {
        let token = token.reveal().as_bytes();
        SigningKey {
            sha1: Hmac::new_from_slice(token).expect("an HMAC key may have any length"),
            sha256: Hmac::new_from_slice(token).expect("an HMAC key may have any length"),
        }
    }

    /// For HMAC-SHA1: clone it, then feed it.
    pub fn sha1(&self) -> &Hmac<Sha1> {
        &self.sha1
    }

    /// For HMAC-SHA256, likewise.
    pub fn sha256(&self) -> &Hmac<Sha256> {
        &self.sha256
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}
