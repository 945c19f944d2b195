//! The store's keys, changed while it is in use: which are in use, another one that seals, and the sealing anew of what
//! older ones sealed. Where keys are kept, and when an older one may go, is the process' business.

use super::{Actor, KeyName, Store, StoreError};

/// Which keys the values of a store name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysInUse {
    /// The key that seals.
    pub current: KeyName,
    /// Values under it.
    pub values: u64,
    /// Keys of the ring that only open, each with the values that still name it.
    pub older: Vec<(KeyName, u64)>,
    /// Values that name a key the ring does not have, or none.
    pub unknown: u64,
}

/// How far the sealing anew has come. The default is its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResealMark {
    /// Which of the columns.
    pub(crate) column: usize,
    /// The last row that was looked at.
    pub(crate) row: i64,
}

/// What one batch of the sealing anew came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// Values that are under the current key now.
    pub done: u64,
    /// Values that did not open, and stay as they are.
    pub unreadable: u64,
    /// Where the next batch begins; none at the end.
    pub next: Option<ResealMark>,
}

impl KeysInUse {
    /// Older keys that no value names any more.
    pub fn removable(&self) -> impl Iterator<Item = KeyName> {
        self.older.iter().filter(|(_, values)| *values == 0).map(|(name, _)| *name)
    }
}

impl Store {
    /// Seals with another key from now on; the one before goes on opening. Keep the key somewhere first.
    pub async fn seal_with(&self, key: &[u8; 32], by: &Actor) -> Result<KeyName, StoreError> {
        each!(self, engine => engine.seal_with(key, by).await)
    }

    /// Looks at up to `limit` sealed values behind the mark, and seals anew, in one transaction, those that an older
    /// key sealed. What is written meanwhile is under the current key: one walk is enough.
    pub async fn reseal(&self, mark: ResealMark, limit: u32) -> Result<Resealed, StoreError> {
        each!(self, engine => engine.reseal(mark, limit).await)
    }

    /// Counts the values under each key.
    pub async fn keys_in_use(&self) -> Result<KeysInUse, StoreError> {
        each!(self, engine => engine.keys_in_use().await)
    }

    /// True if there are keys that only open.
    pub fn has_older_keys(&self) -> bool {
        match self {
            Store::Sqlite(engine) => engine.has_older_keys(),
            Store::Postgres(engine) => engine.has_older_keys(),
        }
    }

    /// Takes an older key out of the ring. The one that seals stays.
    pub fn forget_key(&self, name: KeyName) {
        match self {
            Store::Sqlite(engine) => engine.forget_key(name),
            Store::Postgres(engine) => engine.forget_key(name),
        }
    }
}
