//! The keys of a store: one seals, every one opens what it has sealed.
//!
//! Values name their key, so that the keys can change while the store is in use: what an older one sealed is readable
//! until it is sealed anew.

use std::fmt;
use std::sync::Arc;

use super::seal::{KeyName, Place, SealError, Sealer};
use crate::model::Secret;

/// The keys a store is opened with. `Debug` shows their names.
#[derive(Clone)]
pub struct Keyring {
    current: [u8; 32],
    older: Vec<[u8; 32]>,
}

impl Keyring {
    /// A ring in which `current` seals and all open.
    pub fn new(current: [u8; 32], older: impl IntoIterator<Item = [u8; 32]>) -> Keyring {
        Keyring { current, older: older.into_iter().collect() }
    }

    /// The names of all keys, the one that seals first.
    pub fn names(&self) -> Vec<KeyName> {
        std::iter::once(&self.current).chain(&self.older).map(KeyName::of).collect()
    }
}

impl From<&[u8; 32]> for Keyring {
    fn from(only: &[u8; 32]) -> Keyring {
        Keyring::new(*only, [])
    }
}

impl From<&Keyring> for Keyring {
    fn from(ring: &Keyring) -> Keyring {
        ring.clone()
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names().iter().map(|name| format_args!("{name}").to_string())).finish()
    }
}

/// A ring at work.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    current: Arc<Sealer>,
    older: Vec<Arc<Sealer>>,
    /// Keys that no value in the file names any more. Somebody may have read one before it was sealed anew and open it
    /// only now, so they open until the process ends.
    retired: Vec<Arc<Sealer>>,
}

impl Ring {
    /// Puts these keys to work.
    pub(crate) fn of(keys: &Keyring) -> Ring {
        let older = keys.older.iter().filter(|key| **key != keys.current);
        let older = older.map(|key| Arc::new(Sealer::new(key))).collect();
        Ring { current: Arc::new(Sealer::new(&keys.current)), older, retired: Vec::new() }
    }

    /// The same ring with another key that seals; the one before goes on opening.
    pub(crate) fn sealing_with(&self, key: &[u8; 32]) -> Ring {
        let current = Arc::new(Sealer::new(key));
        let before = std::iter::once(&self.current).chain(&self.older);
        let older = before.filter(|sealer| sealer.key_name() != current.key_name()).cloned().collect();
        Ring { current, older, retired: self.retired.clone() }
    }

    /// The same ring with an older key retired. The one that seals stays.
    pub(crate) fn without(&self, name: KeyName) -> Ring {
        let (gone, older): (Vec<_>, Vec<_>) = self.older.iter().cloned().partition(|sealer| sealer.key_name() == name);
        let retired = self.retired.iter().cloned().chain(gone).collect();
        Ring { current: Arc::clone(&self.current), older, retired }
    }

    /// The name of the key that seals.
    pub(crate) fn current(&self) -> KeyName {
        self.current.key_name()
    }

    /// The names of the keys that only open.
    pub(crate) fn older(&self) -> Vec<KeyName> {
        self.older.iter().map(|sealer| sealer.key_name()).collect()
    }

    /// Seals with the current key.
    pub(crate) fn seal(&self, place: Place<'_>, secret: &Secret) -> Result<Vec<u8>, SealError> {
        self.current.seal(place, secret)
    }

    /// Opens with the key the value names. Two keys may share a name by chance: then each is tried.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret, SealError> {
        let mut said = self.current.open(place, sealed);
        for sealer in self.older.iter().chain(&self.retired) {
            if said.is_ok() {
                break;
            }
            match sealer.open(place, sealed) {
                Err(SealError::OtherKey) => {}
                other => said = other,
            }
        }
        said
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PLACE: Place<'static> = Place { table: "tenants", column: "connect_password", row: "ten_a" };

    #[test]
    fn every_key_of_the_ring_opens_and_one_seals() {
        let sealed = Ring::of(&Keyring::from(&[1; 32])).seal(PLACE, &Secret::new("open sesame")).unwrap();
        let ring = Ring::of(&Keyring::new([3; 32], [[2; 32], [1; 32]]));
        assert_eq!(ring.open(PLACE, &sealed).unwrap().reveal(), "open sesame");
        let anew = ring.seal(PLACE, &Secret::new("open sesame")).unwrap();
        assert_eq!(KeyName::in_sealed(&anew), Some(KeyName::of(&[3; 32])));
        let without = ring.without(KeyName::of(&[1; 32]));
        assert_eq!(without.open(PLACE, &anew).unwrap().reveal(), "open sesame");
        let another = Ring::of(&Keyring::new([3; 32], [[2; 32]]));
        assert_eq!(another.open(PLACE, &sealed), Err(SealError::OtherKey));
    }

    #[test]
    fn what_was_read_before_its_key_left_opens_still_and_the_key_is_not_listed() {
        let ring = Ring::of(&Keyring::from(&[1; 32]));
        let sealed = ring.seal(PLACE, &Secret::new("open sesame")).unwrap();
        let ring = ring.sealing_with(&[2; 32]).without(KeyName::of(&[1; 32])).sealing_with(&[3; 32]);
        assert_eq!(ring.open(PLACE, &sealed).unwrap().reveal(), "open sesame");
        assert_eq!(ring.older(), [KeyName::of(&[2; 32])]);
    }

    #[test]
    fn the_key_that_seals_cannot_be_taken_out_and_is_listed_once() {
        let ring = Ring::of(&Keyring::new([3; 32], [[3; 32], [2; 32]]));
        assert_eq!(ring.older(), [KeyName::of(&[2; 32])]);
        let ring = ring.without(KeyName::of(&[3; 32])).sealing_with(&[2; 32]);
        assert_eq!((ring.current(), ring.older()), (KeyName::of(&[2; 32]), vec![KeyName::of(&[3; 32])]));
    }

    #[test]
    fn a_damaged_value_of_a_known_key_is_called_damaged() {
        let ring = Ring::of(&Keyring::new([3; 32], [[2; 32]]));
        let mut sealed = Ring::of(&Keyring::from(&[2; 32])).seal(PLACE, &Secret::new("open sesame")).unwrap();
        *sealed.last_mut().unwrap() ^= 1;
        assert_eq!(ring.open(PLACE, &sealed), Err(SealError::Damaged));
    }

    #[test]
    fn a_ring_shows_names_and_no_key() {
        let shown = format!("{:?}", Keyring::new([7; 32], []));
        assert_eq!(shown, format!("[\"{}\"]", KeyName::of(&[7; 32])));
    }
}
