//! Names for requests, cheap enough to give one to each: a prefix of the process and a counter, in lower-case base32.

use std::sync::atomic::{AtomicU64, Ordering};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const PREFIX_LEN: usize = 6;
const NUMBER_LEN: usize = 8;

/// Gives out names that differ within this process, and most likely from those of any other.
#[derive(Debug)]
pub struct RequestIds {
    prefix: u64,
    next: AtomicU64,
}

/// One name: ASCII, no longer than a register or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId([u8; PREFIX_LEN + NUMBER_LEN]);

impl RequestIds {
    /// Starts with a prefix drawn at random.
    pub fn new() -> RequestIds {
        let mut bytes = [0; 8];
        // Without randomness the process id has to do: names then repeat over restarts, and nothing else suffers.
        let drawn = getrandom::fill(&mut bytes).is_ok();
        let prefix = if drawn { u64::from_le_bytes(bytes) } else { u64::from(std::process::id()) };
        RequestIds { prefix, next: AtomicU64::new(0) }
    }

    /// The next name, as logs, calls and answers carry it.
    pub fn next(&self) -> RequestId {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut text = [0; PREFIX_LEN + NUMBER_LEN];
        spell(&mut text[..PREFIX_LEN], self.prefix);
        spell(&mut text[PREFIX_LEN..], number);
        RequestId(text)
    }
}

impl RequestId {
    /// The text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("its alphabet is ASCII")
    }
}

impl Default for RequestIds {
    fn default() -> RequestIds {
        RequestIds::new()
    }
}

/// Fills `text` with the last digits of a value.
fn spell(text: &mut [u8], value: u64) {
    for (place, digit) in text.iter_mut().rev().enumerate() {
        *digit = ALPHABET[(value >> (5 * place)) as usize & 31];
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_name_is_given_twice_and_all_begin_alike() {
        let ids = RequestIds::new();
        let names: HashSet<RequestId> = (0..2_000).map(|_| ids.next()).collect();
        assert_eq!(names.len(), 2_000);
        let prefix = ids.next().as_str()[..PREFIX_LEN].to_owned();
        assert!(names.iter().all(|name| name.as_str().len() == 14 && name.as_str().starts_with(&prefix)));
    }

    #[test]
    fn two_processes_begin_differently() {
        assert_ne!(RequestIds::new().next(), RequestIds::new().next());
    }
}
