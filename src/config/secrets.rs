//! The keys under which credentials are sealed: as given, from a file, or made once in a file beside the store.
//!
//! A key that is lost makes every credential sealed with it unreadable, so nothing here overwrites one, and a store
//! whose key is missing does not get a new one. What a file of keys looks like is `key_file`'s business.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Settings;
use super::key_file;
use super::values::SealingKey;

/// The keys that hold: one seals, the others open what it did not seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealingKeys {
    /// The key that seals.
    pub current: SealingKey,
    /// Keys that sealed before, the latest first.
    pub previous: Vec<SealingKey>,
}

impl SealingKeys {
    /// One key and none before it.
    pub fn only(current: SealingKey) -> SealingKeys {
        SealingKeys { current, previous: Vec::new() }
    }

    /// All of them, the one that seals first.
    pub fn all(&self) -> impl Iterator<Item = &SealingKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// These keys, and behind them those of `others` that are not among them.
    pub fn joined_by(mut self, others: &SealingKeys) -> SealingKeys {
        for key in others.all() {
            if !self.all().any(|own| own == key) {
                self.previous.push(key.clone());
            }
        }
        self
    }

    /// The same keys behind another one that seals.
    pub fn behind(self, current: SealingKey) -> SealingKeys {
        let before = std::iter::once(self.current).chain(self.previous);
        SealingKeys { previous: before.filter(|key| *key != current).collect(), current }
    }
}

/// Where the keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The settings hold them.
    Given(SealingKeys),
    /// A file the operator named; it must be there.
    File(PathBuf),
    /// A file beside the store; made at the first start.
    Beside(PathBuf),
    /// Nowhere: the store is in memory, and the key goes where the store goes.
    Fleeting,
}

/// There is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read, written or made.
    #[error("could not {deed} the key file {}: {error}{}", path.display(), hint(deed))]
    File {
        /// What was tried.
        deed: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file holds something else.
    #[error("the key file {} {detail}", path.display())]
    NotAKey {
        /// Which file.
        path: PathBuf,
        /// What it must be.
        detail: String,
    },
    /// The store is there and its key is not.
    #[error(
        "the store {} is there but its key file {} is not: put the file back from your backup, or give secrets.key",
        store.display(), path.display()
    )]
    Lost {
        /// The store's file.
        store: PathBuf,
        /// Where its key should be.
        path: PathBuf,
    },
    /// The system has no randomness to make one from.
    #[error("could not make a key: the system gave no random bytes: {0}")]
    NoRandomness(String),
}

/// Where the keys come from under these settings.
pub fn source(settings: &Settings) -> KeySource {
    if let Some(key) = &settings.secrets.key {
        let previous = settings.secrets.previous.clone();
        return KeySource::Given(SealingKeys { current: key.clone(), previous });
    }
    if let Some(path) = &settings.secrets.key_file {
        return KeySource::File(path.clone());
    }
    // Refused by the settings themselves where the store is a server.
    match settings.store.url.path() {
        Some(mut path) => {
            path.as_mut_os_string().push(".key");
            KeySource::Beside(path)
        }
        None => KeySource::Fleeting,
    }
}

/// The keys that hold; one is made if this is the first start.
pub fn keys(settings: &Settings) -> Result<SealingKeys, KeyError> {
    if let Some(keys) = existing_keys(settings)? {
        return Ok(keys);
    }
    let key = random_key()?;
    match source(settings) {
        KeySource::Beside(path) => key_file::keep(&path, &key),
        KeySource::Given(_) | KeySource::File(_) | KeySource::Fleeting => Ok(SealingKeys::only(key)),
    }
}

/// The keys that hold, if there are any yet. Makes nothing.
pub fn existing_keys(settings: &Settings) -> Result<Option<SealingKeys>, KeyError> {
    match source(settings) {
        KeySource::Given(keys) => Ok(Some(keys)),
        KeySource::Fleeting => Ok(None),
        KeySource::File(path) => key_file::read(&path).map(Some),
        KeySource::Beside(path) => match key_file::read(&path) {
            Ok(keys) => Ok(Some(keys)),
            Err(KeyError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                let store =
                    settings.store.url.path().filter(|store| fs::metadata(store).is_ok_and(|file| file.len() > 0));
                store.map_or(Ok(None), |store| Err(KeyError::Lost { store, path }))
            }
            Err(error) => Err(error),
        },
    }
}

/// A key nobody has had before.
pub fn random_key() -> Result<SealingKey, KeyError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| KeyError::NoRandomness(error.to_string()))?;
    Ok(SealingKey::new(bytes))
}

/// What to do where a file of the operator's is at fault.
fn hint(deed: &str) -> &'static str {
    match deed {
        "read" => "; put it there, readable by this process (`openssl rand -base64 32` makes a key)",
        "find" | "replace" => "; the process must be able to write it and its directory",
        _ => "; the directory of the store must be there and be writable",
    }
}

pub(super) fn failed(deed: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyError {
    let path = path.to_owned();
    move |error| KeyError::File { deed, path, error }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn settings(store: &Path, more: &[(&str, &str)]) -> Settings {
        let url = format!("sqlite:{}", store.display());
        let store = [("PATCHBAY_STORE__URL".to_owned(), url)];
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load(None, store.into_iter().chain(more)).expect("valid settings")
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let settings = settings(&dir.path().join("calls.db"), &[]);
        let made = keys(&settings).expect("made");
        assert_eq!(keys(&settings).expect("found again"), made);
        let mode = fs::metadata(dir.path().join("calls.db.key")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let names: Vec<_> =
            fs::read_dir(dir.path()).expect("listed").map(|file| file.expect("an entry").path()).collect();
        assert_eq!(names, [dir.path().join("calls.db.key")], "nothing is left beside it");
    }

    #[test]
    fn a_store_whose_key_is_missing_gets_no_new_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = dir.path().join("calls.db");
        fs::write(&store, "rows").expect("written");
        let error = keys(&settings(&store, &[])).expect_err("lost").to_string();
        assert!(error.contains("calls.db.key is not"), "{error}");
        assert!(!dir.path().join("calls.db.key").exists());
    }

    #[test]
    fn a_file_that_was_named_must_be_there_and_hold_a_key() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("the.key");
        let name = file.display().to_string();
        let settings = settings(&dir.path().join("calls.db"), &[("PATCHBAY_SECRETS__KEY_FILE", &name)]);
        assert!(matches!(keys(&settings), Err(KeyError::File { deed: "read", .. })));
        fs::write(&file, "not a key").expect("written");
        assert!(matches!(keys(&settings), Err(KeyError::NotAKey { .. })));
        fs::write(&file, format!("{}\n\n{}", SealingKey::new([5; 32]).spell(), SealingKey::new([4; 32]).spell()))
            .expect("written");
        let [new, old] = [5, 4].map(|byte| SealingKey::new([byte; 32]));
        assert_eq!(keys(&settings).expect("read"), SealingKeys { current: new, previous: vec![old] });
    }

    #[test]
    fn keys_that_are_given_come_with_those_before_them() {
        let dir = tempfile::tempdir().expect("a directory");
        let [new, old, oldest] = [5, 4, 3].map(|byte| SealingKey::new([byte; 32]));
        let before = format!("{},{}", old.spell(), oldest.spell());
        let more = [("PATCHBAY_SECRETS__KEY", new.spell()), ("PATCHBAY_SECRETS__PREVIOUS", before)];
        let more: Vec<(&str, &str)> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let given = SealingKeys { current: new, previous: vec![old, oldest] };
        assert_eq!(keys(&settings(&dir.path().join("calls.db"), &more)).expect("given"), given);
    }

    #[test]
    fn a_key_that_comes_to_the_front_stands_there_alone() {
        let [new, old] = [5, 4].map(|byte| SealingKey::new([byte; 32]));
        let keys = SealingKeys::only(old.clone()).behind(new.clone());
        assert_eq!(keys.clone().behind(old.clone()), SealingKeys { current: old, previous: vec![new] });
    }

    #[test]
    fn a_store_in_memory_has_a_key_in_memory() {
        let settings = settings(Path::new(":memory:"), &[]);
        assert_eq!(source(&settings), KeySource::Fleeting);
        assert_ne!(keys(&settings).expect("made"), keys(&settings).expect("made"));
    }
}
