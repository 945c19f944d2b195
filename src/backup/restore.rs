//! Putting a backup in place of what is there, which is moved aside and kept.
//!
//! Everything is copied beside the store first. Then one rename says that the change has begun, and from there to the
//! end `serve` refuses to start: what a death leaves is the old store, the new one, or a sentence that says what to do.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::files::{self, Aside, failed, parent, with_suffix};
use super::verify::{Verified, verify};
use super::{BackupError, DATABASE, SPOOL};
use crate::config::Settings;
use crate::config::key_file;
use crate::config::secrets::{self, KeySource};
use crate::journal::dir;

/// The files of a database: itself and its log, which has its name with an addition.
const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

/// A backup that was put back.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What was found in it.
    pub verified: Verified,
    /// Where the store that was there is now.
    pub moved_aside: Option<PathBuf>,
}

/// Where a restore was cut off half-way, if one was: the store must not be opened then.
pub fn unfinished(settings: &Settings) -> Option<BackupError> {
    let store = settings.store.url.path()?;
    switching(&store).exists().then_some(BackupError::Unfinished(store))
}

/// Verifies a backup and puts it where these settings have their store, spool and key file.
pub async fn restore(settings: &Settings, from: &Path, replace: bool, now: Timestamp) -> Result<Restored, BackupError> {
    let store = settings.store.url.path().ok_or(BackupError::InMemory)?;
    let verified = verify(settings, from).await?;
    let spool = &settings.spool.dir;
    let _taken = dir::take(spool).map_err(BackupError::InUse)?;
    let parts = dir::parts(spool).map_err(failed("read", spool))?;
    let is_occupied = ENDINGS.iter().any(|ending| with_suffix(&store, ending).exists()) || !parts.is_empty();
    if (is_occupied || switching(&store).exists()) && !replace {
        return Err(BackupError::Occupied(store));
    }

    files::make_dirs(&parent(&store))?;
    put_keys(settings, from, &verified)?;
    let aside = copied_beside(&store, from, &verified)?;
    // One that an earlier restore left stays until the new one takes its name: `serve` must see one or the other.
    files::empty_dir(&switching(&store))?;
    aside.become_known_as(&switching(&store))?;
    let suffix = format!(".replaced-{}", now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%S%.3fZ"));
    let moved_aside = if is_occupied { move_aside(&store, spool, &parts, &suffix)? } else { None };
    let staged = switching(&store);
    put_spool(&staged.join(SPOOL), spool)?;
    fs::rename(staged.join(DATABASE), &store).map_err(failed("put in place", &store))?;
    files::sync_dir(&parent(&store))?;
    remove_dir(&staged)?;
    files::sync_dir(&parent(&store))?;
    Ok(Restored { verified, moved_aside })
}

/// Where the copy waits that takes the store's place. While it has this name, the change has begun.
fn switching(store: &Path) -> PathBuf {
    with_suffix(store, ".switching")
}

/// Copies the backup beside the store, and compares each sum once more: this copy is what will be used.
fn copied_beside(store: &Path, from: &Path, verified: &Verified) -> Result<Aside, BackupError> {
    let path = with_suffix(store, ".restoring");
    remove_dir(&path)?;
    let aside = Aside::make(path)?;
    for file in verified.manifest.files.iter().filter(|file| is_data(&file.path)) {
        let target = aside.path().join(&file.path);
        files::make_dirs(&parent(&target))?;
        let copied = files::copy(&from.join(&file.path), &target)?;
        if copied.is_none_or(|sum| sum.sha256 != file.sha256) {
            return Err(BackupError::Damaged(format!("{} changed while it was copied", file.path.display())));
        }
    }
    Ok(aside)
}

fn is_data(path: &Path) -> bool {
    path == Path::new(DATABASE) || path.starts_with(SPOOL)
}

/// Adds the backup's keys to those at hand, where it needs them. No key is ever taken away.
fn put_keys(settings: &Settings, from: &Path, verified: &Verified) -> Result<(), BackupError> {
    if !verified.needs_keys_of_backup {
        return Ok(());
    }
    let path = match secrets::source(settings) {
        KeySource::Given(_) => return Err(BackupError::KeysGiven(from.join(super::KEYS))),
        KeySource::Fleeting => return Err(BackupError::InMemory),
        KeySource::File(path) | KeySource::Beside(path) => path,
    };
    files::make_dirs(&parent(&path))?;
    if path.exists() {
        key_file::replace(&path, &verified.keys)?
    } else {
        key_file::write_new(&path, &verified.keys)?
    }
    files::sync_dir(&parent(&path))
}

/// Moves what is there aside. The database keeps its log, which goes by its name; the spool's parts stay on their disk.
fn move_aside(store: &Path, spool: &Path, parts: &[PathBuf], suffix: &str) -> Result<Option<PathBuf>, BackupError> {
    let target = with_suffix(store, suffix);
    for ending in ENDINGS {
        let from = with_suffix(store, ending);
        match fs::rename(&from, with_suffix(&target, ending)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            moved => moved.map_err(failed("move aside", &from))?,
        }
    }
    let spool_aside = spool.join(suffix.trim_start_matches('.'));
    for part in parts {
        let to = spool_aside.join(part);
        files::make_dirs(&parent(&to))?;
        fs::rename(spool.join(part), to).map_err(failed("move aside", &spool.join(part)))?;
    }
    files::sync_dir(&parent(store))?;
    Ok(Some(target))
}

/// Puts the segments where the journal finds them; their disk may be another than the store's.
fn put_spool(from: &Path, spool: &Path) -> Result<(), BackupError> {
    if !from.exists() {
        return Ok(());
    }
    for part in files::below(from)? {
        let target = spool.join(&part);
        files::make_dirs(&parent(&target))?;
        files::copy(&from.join(&part), &target)?;
        files::sync_dir(&parent(&target))?;
    }
    files::sync_dir(spool)
}

fn remove_dir(path: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(failed("remove", path)),
    }
}
