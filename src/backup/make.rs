//! Making a backup of a store that may be in use.
//!
//! The spool is copied first, then the database. A record that moves from one to the other in between is in both
//! copies, and the store's cursor passes over it; the other way round it could be in neither.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::files::{self, Aside};
use super::{BackupError, DATABASE, KEYS, Manifest, SPOOL};
use crate::config::Settings;
use crate::config::key_file;
use crate::config::secrets::{self, SealingKeys};
use crate::journal::dir;
use crate::store::whole;

/// A backup that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Where it is.
    pub at: PathBuf,
    /// What is in it.
    pub manifest: Manifest,
}

/// Makes a backup in `to`, which must not be there. It has that name only once it is whole and on disk.
pub async fn make(settings: &Settings, to: &Path, with_key: bool, now: Timestamp) -> Result<Made, BackupError> {
    let store = settings.store.url.path().ok_or(BackupError::InMemory)?;
    if !store.exists() {
        return Err(BackupError::NoStore(store));
    }
    // A name that ends in a slash has nothing that could be added to it.
    let to: PathBuf = to.components().collect();
    if to.exists() || to.file_name().is_none() {
        return Err(BackupError::TargetExists(to));
    }
    files::make_dirs(&files::parent(&to))?;
    let aside = Aside::make(files::with_suffix(&to, &format!(".partial-{}", std::process::id())))?;
    let mut manifest = Manifest::new(now);
    copy_spool(&settings.spool.dir, aside.path(), &mut manifest)?;

    let keys_before = if with_key { secrets::existing_keys(settings)? } else { None };
    let database = aside.path().join(DATABASE);
    // The store's engine would let everybody read a file that it makes.
    drop(files::new_file(&database)?);
    let copied = whole::copy(&store, &database).await;
    copied.map_err(|error| BackupError::Copy { path: to.clone(), error })?;
    sync(&database)?;
    manifest.list(PathBuf::from(DATABASE), files::sum(&database)?);

    let contents = whole::contents(&database).await;
    let contents = contents.map_err(|error| BackupError::Copy { path: to.clone(), error })?;
    manifest.migration = contents.migration;
    manifest.keys = contents.keys.iter().map(ToString::to_string).collect();
    manifest.rows = contents.rows;
    if let Some(before) = keys_before {
        // Keys may have come and gone while the database was copied: all that were there are kept.
        let after = secrets::existing_keys(settings)?;
        copy_keys(&after.map_or(before.clone(), |after| after.joined_by(&before)), aside.path(), &mut manifest)?;
    }
    manifest.write(aside.path())?;
    aside.become_known_as(&to)?;
    Ok(Made { at: to, manifest })
}

fn copy_spool(spool: &Path, backup: &Path, manifest: &mut Manifest) -> Result<(), BackupError> {
    let parts = dir::parts(spool).map_err(files::failed("read", spool))?;
    for part in parts {
        let inside = Path::new(SPOOL).join(&part);
        let target = backup.join(&inside);
        files::make_dirs(&files::parent(&target))?;
        // One that is gone by now is in the database, which is copied later.
        if let Some(sum) = files::copy(&spool.join(&part), &target)? {
            manifest.list(inside, sum);
        }
    }
    Ok(())
}

fn copy_keys(keys: &SealingKeys, backup: &Path, manifest: &mut Manifest) -> Result<(), BackupError> {
    let target = backup.join(KEYS);
    key_file::write_new(&target, keys)?;
    manifest.list(PathBuf::from(KEYS), files::sum(&target)?);
    manifest.with_key = true;
    Ok(())
}

fn sync(path: &Path) -> Result<(), BackupError> {
    std::fs::File::open(path).and_then(|file| file.sync_all()).map_err(files::failed("sync", path))
}
