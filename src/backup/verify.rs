//! Judging a backup without using it: every byte as it was made, the database whole, and a key at hand that opens it.

use std::io;
use std::path::{Path, PathBuf};

use super::{BackupError, DATABASE, KEYS, Manifest};
use crate::config::Settings;
use crate::config::key_file;
use crate::config::secrets::{self, KeyError, KeySource, SealingKeys};
use crate::store::{KeyName, Keyring, whole};

/// A backup that can be put back.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What is in it.
    pub manifest: Manifest,
    /// Secrets that no key at hand opens.
    pub unreadable: u64,
    /// The keys that open it.
    pub(super) keys: SealingKeys,
    /// True if some of them are in the backup alone.
    pub(super) needs_keys_of_backup: bool,
}

/// Judges a backup with the keys that `serve` would have under these settings, and with those in the backup.
pub async fn verify(settings: &Settings, from: &Path) -> Result<Verified, BackupError> {
    let manifest = Manifest::verified(from)?;
    if manifest.migration > whole::newest_migration() {
        return Err(BackupError::Newer(manifest.patchbay));
    }
    let own = own_keys(settings)?;
    let in_backup = if manifest.with_key { Some(key_file::read(&from.join(KEYS))?) } else { None };
    let has = |keys: &SealingKeys, name: &str| keys.all().any(|key| KeyName::of(key).to_string() == name);
    let missing = |name: &&String| !own.as_ref().is_some_and(|own| has(own, name));
    let is_in_backup = |name: &String| in_backup.as_ref().is_some_and(|keys| has(keys, name));
    let needs_keys_of_backup = own.is_none() || manifest.keys.iter().filter(missing).any(is_in_backup);
    let keys = match (own, in_backup) {
        (Some(own), Some(in_backup)) => Some(own.joined_by(&in_backup)),
        (own, in_backup) => own.or(in_backup),
    };
    let no_key = || BackupError::NoKey { needed: manifest.keys.join(", "), place: place(settings) };
    let keys = keys.ok_or_else(no_key)?;
    let ring = Keyring::new(*keys.current, keys.previous.iter().map(|key| **key));
    let proven = whole::prove(&from.join(DATABASE), &ring).await;
    let proof = proven.map_err(|error| BackupError::Damaged(error.to_string()))?;
    if !proof.key_fits {
        return Err(no_key());
    }
    Ok(Verified { manifest, unreadable: proof.unreadable, keys, needs_keys_of_backup })
}

/// The keys of these settings. A key file that is not there is no fault here: the backup may bring it.
fn own_keys(settings: &Settings) -> Result<Option<SealingKeys>, BackupError> {
    match secrets::existing_keys(settings) {
        Err(KeyError::Lost { .. }) => Ok(None),
        Err(KeyError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        keys => Ok(keys?),
    }
}

/// Where keys are looked for, in words.
fn place(settings: &Settings) -> String {
    match secrets::source(settings) {
        KeySource::Given(_) => "secrets.key, or in secrets.previous".to_owned(),
        KeySource::File(path) | KeySource::Beside(path) => path.display().to_string(),
        KeySource::Fleeting => PathBuf::from("secrets.key_file").display().to_string(),
    }
}
