//! Why a backup could not be made, believed or put back, and what to do: one sentence each.

use std::io;
use std::path::PathBuf;

use crate::config::secrets::KeyError;
use crate::store::StoreError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store is in memory, or on a server.
    #[error("store.url names no file: there is nothing to copy or to put back (a server has its own tools, pg_dump)")]
    InMemory,
    /// There is no store yet.
    #[error("there is no store at {}: nothing to back up (is --config the file that serve uses?)", .0.display())]
    NoStore(PathBuf),
    /// The place for the backup is taken.
    #[error("{} is there already: give --to a directory that is not there yet", .0.display())]
    TargetExists(PathBuf),
    /// A file or directory could not be read, written, moved.
    #[error("could not {deed} {}: {error}{}", path.display(), hint(error))]
    File {
        /// What was tried.
        deed: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The database could not be copied.
    #[error("could not copy the store to {}: {error}; is there room on its disk?", path.display())]
    Copy {
        /// Where to.
        path: PathBuf,
        /// What the store said.
        error: StoreError,
    },
    /// There is no backup at this place.
    #[error("{} is no backup: it has no manifest.json; give --from the directory that backup made", .0.display())]
    NotABackup(PathBuf),
    /// It is not as it was made.
    #[error("the backup is damaged: {0}; take another one")]
    Damaged(String),
    /// Another program made it.
    #[error("the backup was made by a newer patchbay ({0}): restore it with that one")]
    Newer(String),
    /// The keys cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No key opens it.
    #[error("no key at hand opens the backup: its secrets need {needed}; put the key file of that time in {place}")]
    NoKey {
        /// The names of its keys.
        needed: String,
        /// Where keys are looked for.
        place: String,
    },
    /// The keys are in the settings, and the backup needs others.
    #[error("the backup needs keys that secrets.key and secrets.previous do not give: take them over from {}", .0.display())]
    KeysGiven(PathBuf),
    /// Somebody uses the place.
    #[error("could not take the place: {0}")]
    InUse(io::Error),
    /// There is a store.
    #[error("there is a store at {} already: with --replace it is moved aside, and kept", .0.display())]
    Occupied(PathBuf),
    /// A restore was cut off in the middle.
    #[error(
        "a restore into {} was cut off half-way: run `patchbay restore` again with --replace; what was there before is \
         beside it, under names with `.replaced-`",
        .0.display()
    )]
    Unfinished(PathBuf),
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; make room, or name a place on another disk"
        }
        io::ErrorKind::AlreadyExists => "; if it was left by a backup that was cut off, delete it",
        io::ErrorKind::PermissionDenied => "; run it as the user that patchbay serve runs as",
        _ => "",
    }
}
