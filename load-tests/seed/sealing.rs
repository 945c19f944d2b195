//! Seals a password as the store does (`src/store/seal.rs`), because a million of them cannot go through its doors.
//!
//! The store opens some of them before they are used; a change over there shows at once.

use anyhow::{Context, anyhow};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use patchbay::store::KeyName;

/// The store's first and so far only format.
const FORMAT: u8 = 1;

/// A key at work.
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    name: [u8; 4],
}

impl Sealer {
    pub fn new(key: &[u8; 32]) -> anyhow::Result<Sealer> {
        let name = KeyName::of(key).to_string();
        let name = u32::from_str_radix(&name, 16).context("a key is not called by four bytes any more")?;
        Ok(Sealer { cipher: XChaCha20Poly1305::new(&Key::from(*key)), name: name.to_be_bytes() })
    }

    /// Seals a tenant's password for a row of a table.
    pub fn password(&self, table: &str, row: &str, password: &str) -> anyhow::Result<Vec<u8>> {
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(|error| anyhow!("no randomness for a nonce: {error}"))?;
        let place = [table, "connect_password", row].join("\0");
        let payload = Payload { msg: password.as_bytes(), aad: place.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| anyhow!("could not seal"))?;
        Ok([&[FORMAT][..], &self.name, &nonce, &sealed].concat())
    }
}
