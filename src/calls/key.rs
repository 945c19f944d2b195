//! The key of a lease: a CallSid that stands where the key stands, so that finding a lease reads no other memory.

use std::hash::{Hash, Hasher};

use crate::model::Sid;

/// Longest SID that finds room in a key: a CallSid has 34 characters, a call at Vapi 36.
const ROOM: usize = 39;

/// A CallSid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// Behind its end there is nothing but zeros, which no SID has.
    Here([u8; ROOM]),
    /// One that is too long.
    Elsewhere(Sid),
}

impl Key {
    pub(super) fn of(sid: &Sid) -> Key {
        let given = sid.as_str().as_bytes();
        let mut text = [0; ROOM];
        let Some(room) = text.get_mut(..given.len()) else { return Key::Elsewhere(sid.clone()) };
        room.copy_from_slice(given);
        Key::Here(text)
    }

    pub(super) fn sid(&self) -> Sid {
        match self {
            Key::Here(text) => {
                let text = str::from_utf8(text).ok().map(|text| text.trim_end_matches('\0'));
                text.and_then(|text| Sid::parse(text).ok()).expect("it was made of one")
            }
            Key::Elsewhere(sid) => sid.clone(),
        }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Key::Here(text) => state.write(text),
            Key::Elsewhere(sid) => sid.hash(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sid_of_any_length_comes_back_and_is_its_own_key_alone() {
        let sids: Vec<Sid> = (1..=64).filter_map(|length| Sid::parse(&"C".repeat(length)).ok()).collect();
        assert_eq!(sids.len(), 64);
        for one in &sids {
            assert_eq!(&Key::of(one).sid(), one);
            for other in &sids {
                assert_eq!(Key::of(one) == Key::of(other), one == other);
            }
        }
    }
}
