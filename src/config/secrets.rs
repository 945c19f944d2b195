//! The key under which credentials are sealed: as given, from a file, or made once in a file beside the store.
//!
//! A key that is lost makes every sealed credential unreadable, so nothing here overwrites one, and a store whose key
//! is missing does not get a new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::Settings;
use super::values::SealingKey;

/// Where the key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The settings hold it.
    Given(SealingKey),
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

/// Where the key comes from under these settings.
pub fn source(settings: &Settings) -> KeySource {
    if let Some(key) = &settings.secrets.key {
        return KeySource::Given(key.clone());
    }
    if let Some(path) = &settings.secrets.key_file {
        return KeySource::File(path.clone());
    }
    match settings.store.url.path() {
        Some(mut path) => {
            path.as_mut_os_string().push(".key");
            KeySource::Beside(path)
        }
        None => KeySource::Fleeting,
    }
}

/// The key that holds; made if this is the first start.
pub fn key(settings: &Settings) -> Result<SealingKey, KeyError> {
    if let Some(key) = existing_key(settings)? {
        return Ok(key);
    }
    let key = random_key()?;
    match source(settings) {
        KeySource::Beside(path) => keep(&path, &key),
        KeySource::Given(_) | KeySource::File(_) | KeySource::Fleeting => Ok(key),
    }
}

/// The key that holds, if there is one yet. Makes nothing.
pub fn existing_key(settings: &Settings) -> Result<Option<SealingKey>, KeyError> {
    match source(settings) {
        KeySource::Given(key) => Ok(Some(key)),
        KeySource::Fleeting => Ok(None),
        KeySource::File(path) => read(&path).map(Some),
        KeySource::Beside(path) => match read(&path) {
            Ok(key) => Ok(Some(key)),
            Err(KeyError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                let store =
                    settings.store.url.path().filter(|store| fs::metadata(store).is_ok_and(|file| file.len() > 0));
                store.map_or(Ok(None), |store| Err(KeyError::Lost { store, path }))
            }
            Err(error) => Err(error),
        },
    }
}

fn read(path: &Path) -> Result<SealingKey, KeyError> {
    let text = fs::read_to_string(path).map_err(failed("read", path))?;
    SealingKey::parse(&text).map_err(|detail| KeyError::NotAKey { path: path.to_owned(), detail })
}

/// Writes the key so that the file is there whole or not at all, and is never one that replaced another: written
/// aside, synced, then linked to its name, which fails where the name is taken. Whoever came first holds.
fn keep(path: &Path, key: &SealingKey) -> Result<SealingKey, KeyError> {
    static ATTEMPT: AtomicU32 = AtomicU32::new(0);
    let mut aside = path.to_owned();
    let attempt = ATTEMPT.fetch_add(1, Ordering::Relaxed);
    aside.as_mut_os_string().push(format!(".{}-{attempt}.new", std::process::id()));
    write(&aside, key).map_err(failed("write", &aside))?;
    let linked = fs::hard_link(&aside, path);
    let removed = fs::remove_file(&aside);
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return read(path),
        linked => linked.and(removed).map_err(failed("make", path))?,
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed("sync", path))?;
    Ok(key.clone())
}

fn write(path: &Path, key: &SealingKey) -> io::Result<()> {
    // What a crash left under this name is not worth keeping: no key in use is ever called so.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{}", key.spell())?;
    file.sync_all()
}

fn random_key() -> Result<SealingKey, KeyError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| KeyError::NoRandomness(error.to_string()))?;
    Ok(SealingKey::new(bytes))
}

/// What to do where a file of the operator's is at fault.
fn hint(deed: &str) -> &'static str {
    match deed {
        "read" => "; put it there, readable by this process (`openssl rand -base64 32` makes a key)",
        _ => "; the directory of the store must be there and be writable",
    }
}

fn failed(deed: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyError {
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
        let made = key(&settings).expect("made");
        assert_eq!(key(&settings).expect("found again"), made);
        let mode = fs::metadata(dir.path().join("calls.db.key")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let names: Vec<_> =
            fs::read_dir(dir.path()).expect("listed").map(|file| file.expect("an entry").path()).collect();
        assert_eq!(names, [dir.path().join("calls.db.key")], "nothing is left beside it");
    }

    #[test]
    fn many_who_start_at_once_hold_one_key() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("calls.db.key");
        let keys: Vec<SealingKey> = std::thread::scope(|scope| {
            let path = &path;
            let makers: Vec<_> = (0..8u8)
                .map(|name| scope.spawn(move || keep(path, &SealingKey::new([name; 32])).expect("kept or found")))
                .collect();
            makers.into_iter().map(|maker| maker.join().expect("no panic")).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(read(&path).expect("there"), keys[0]);
    }

    #[test]
    fn a_store_whose_key_is_missing_gets_no_new_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = dir.path().join("calls.db");
        fs::write(&store, "rows").expect("written");
        let error = key(&settings(&store, &[])).expect_err("lost").to_string();
        assert!(error.contains("calls.db.key is not"), "{error}");
        assert!(!dir.path().join("calls.db.key").exists());
    }

    #[test]
    fn a_file_that_was_named_must_be_there_and_hold_a_key() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("the.key");
        let name = file.display().to_string();
        let settings = settings(&dir.path().join("calls.db"), &[("PATCHBAY_SECRETS__KEY_FILE", &name)]);
        assert!(matches!(key(&settings), Err(KeyError::File { deed: "read", .. })));
        fs::write(&file, "not a key").expect("written");
        assert!(matches!(key(&settings), Err(KeyError::NotAKey { .. })));
        fs::write(&file, SealingKey::new([5; 32]).spell()).expect("written");
        assert_eq!(key(&settings).expect("read"), SealingKey::new([5; 32]));
    }

    #[test]
    fn a_store_in_memory_has_a_key_in_memory() {
        let settings = settings(Path::new(":memory:"), &[]);
        assert_eq!(source(&settings), KeySource::Fleeting);
        assert_ne!(key(&settings).expect("made"), key(&settings).expect("made"));
    }
}
