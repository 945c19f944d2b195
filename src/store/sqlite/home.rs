//! Where the file lives: readable by its owner alone, and gone with the last handle where nobody gave a place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// The URL of a store that nobody wants to keep.
pub(super) const MEMORY_URL: &str = "sqlite::memory:";

/// The place of the file.
#[derive(Debug)]
pub(super) struct Home {
    file: PathBuf,
    /// The directory to remove at the end, where we made it.
    throw_away: Option<PathBuf>,
}

impl Home {
    /// A place somebody gave. The file is made here, because the engine would let everybody read it.
    pub(super) fn given(file: &Path) -> Result<Home, StoreError> {
        match make_private(file) {
            Ok(()) => Ok(Home { file: file.to_owned(), throw_away: None }),
            Err(error) => Err(StoreError::Away(format!("could not open {}: {error}", file.display()))),
        }
    }

    /// A directory of its own below the system's temporary one. A file, not memory: SQLite's shared memory databases
    /// lock whole tables and would behave unlike the real thing.
    pub(super) fn of_its_own() -> Result<Home, StoreError> {
        let failed = |error: String| StoreError::Failed(format!("could not make a temporary store: {error}"));
        let chance = getrandom::u64().map_err(|error| failed(error.to_string()))?;
        let directory = std::env::temp_dir().join(format!("patchbay-{chance:016x}"));
        make_private_directory(&directory).map_err(|error| failed(error.to_string()))?;
        Ok(Home { file: directory.join("patchbay.db"), throw_away: Some(directory) })
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(directory) = &self.throw_away {
            let _ = fs::remove_dir_all(directory);
        }
    }
}

fn make_private(file: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn make_private_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}
