//! Files and directories of a backup: for their owner alone, on disk for good before anybody relies on them, and summed
//! on the way.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::BackupError;

/// Bytes read in one go.
const PIECE: usize = 1 << 20;

/// How long a file is, and its SHA-256 in hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub bytes: u64,
    pub sha256: String,
}

/// A directory in the making: gone again unless it is kept.
#[derive(Debug)]
pub(super) struct Aside {
    path: PathBuf,
    is_kept: bool,
}

impl Aside {
    /// Makes one that is not there yet.
    pub fn make(path: PathBuf) -> Result<Aside, BackupError> {
        make_dir(&path)?;
        Ok(Aside { path, is_kept: false })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name. When this returns, it is there for good.
    pub fn become_known_as(mut self, name: &Path) -> Result<(), BackupError> {
        sync_tree(&self.path)?;
        fs::rename(&self.path, name).map_err(failed("name", name))?;
        self.is_kept = true;
        sync_dir(&parent(name))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

pub(super) fn failed(deed: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::File { deed, path, error }
}

/// The directory a path is in; the empty path means the one we are in.
pub(super) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The same path with more at its end.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.to_owned();
    path.as_mut_os_string().push(suffix);
    path
}

pub(super) fn make_dir(path: &Path) -> Result<(), BackupError> {
    DirBuilder::new().mode(0o700).create(path).map_err(failed("make", path))
}

/// Makes a directory and those above it that are missing.
pub(super) fn make_dirs(path: &Path) -> Result<(), BackupError> {
    DirBuilder::new().mode(0o700).recursive(true).create(path).map_err(failed("make", path))
}

/// Makes an empty file that nobody else may read.
pub(super) fn new_file(path: &Path) -> Result<File, BackupError> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed("make", path))
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let mut file = new_file(path)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed("write", path))
}

/// Copies a file into a new one, and sums what was copied. None if there is none any more.
pub(super) fn copy(from: &Path, to: &Path) -> Result<Option<Sum>, BackupError> {
    let source = match File::open(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        source => source.map_err(failed("read", from))?,
    };
    let mut target = new_file(to)?;
    let sum = pieces(source, from, |piece| target.write_all(piece).map_err(failed("write", to)))?;
    target.sync_all().map_err(failed("write", to))?;
    Ok(Some(sum))
}

/// Sums a file.
pub(super) fn sum(path: &Path) -> Result<Sum, BackupError> {
    let file = File::open(path).map_err(failed("read", path))?;
    pieces(file, path, |_| Ok(()))
}

pub(super) fn sum_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn pieces(
    mut file: File,
    path: &Path,
    mut each: impl FnMut(&[u8]) -> Result<(), BackupError>,
) -> Result<Sum, BackupError> {
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece).map_err(failed("read", path))?;
        if read == 0 {
            return Ok(Sum { bytes, sha256: hex(&hash.finalize()) });
        }
        hash.update(&piece[..read]);
        each(&piece[..read])?;
        bytes += read as u64;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every file below a directory, as sorted paths from it.
pub(super) fn below(dir: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let mut found = Vec::new();
    collect(dir, Path::new(""), &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(dir: &Path, inside: &Path, found: &mut Vec<PathBuf>) -> Result<(), BackupError> {
    let here = dir.join(inside);
    for entry in fs::read_dir(&here).map_err(failed("read", &here))? {
        let entry = entry.map_err(failed("read", &here))?;
        let path = inside.join(entry.file_name());
        let is_dir = entry.file_type().map_err(failed("read", &here))?.is_dir();
        if is_dir { collect(dir, &path, found)? } else { found.push(path) }
    }
    Ok(())
}

/// Takes everything out of a directory, if it is there.
pub(super) fn empty_dir(path: &Path) -> Result<(), BackupError> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed("read", path))?,
    };
    for entry in entries {
        let entry = entry.map_err(failed("read", path))?;
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_dir { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
        removed.map_err(failed("remove", &entry.path()))?;
    }
    Ok(())
}

pub(super) fn sync_dir(path: &Path) -> Result<(), BackupError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(failed("sync", path))
}

/// Makes the names in a directory and those below it durable; what is in the files is already.
fn sync_tree(path: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(path).map_err(failed("read", path))? {
        let entry = entry.map_err(failed("read", path))?;
        if entry.file_type().map_err(failed("read", path))?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    sync_dir(path)
}
