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
    pub fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut text = String::with_capacity(PREFIX_LEN + NUMBER_LEN);
        spell(&mut text, self.prefix, PREFIX_LEN);
        spell(&mut text, number, NUMBER_LEN);
        text
    }
}

impl Default for RequestIds {
    fn default() -> RequestIds {
        RequestIds::new()
    }
}

fn spell(text: &mut String, value: u64, digits: usize) {
    for place in (0..digits).rev() {
        let digit = (value >> (5 * place)) & 31;
        text.push(char::from(ALPHABET[digit as usize]));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_name_is_given_twice_and_all_begin_alike() {
        let ids = RequestIds::new();
        let names: HashSet<String> = (0..2_000).map(|_| ids.next()).collect();
        assert_eq!(names.len(), 2_000);
        let prefix = ids.next()[..PREFIX_LEN].to_owned();
        assert!(names.iter().all(|name| name.len() == 14 && name.starts_with(&prefix)));
    }

    #[test]
    fn two_processes_begin_differently() {
        assert_ne!(RequestIds::new().next(), RequestIds::new().next());
    }
}
