//! The spool directory as somebody sees it who copies it or puts one back: what is in it, and whether it is in use.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::files;

/// A spool directory that is taken for as long as this lives: no journal can be opened in it.
#[derive(Debug)]
pub struct Taken {
    _lock: File,
}

/// Takes a directory, made if it is not there. Says so if a process uses it.
pub fn take(dir: &Path) -> io::Result<Taken> {
    files::take(dir).map(|lock| Taken { _lock: lock })
}

/// What must not be lost of a directory, as paths below it: segments, oldest first, and records set aside. The drain
/// may delete a segment at any time: then it is in the store.
pub fn parts(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut parts = Vec::new();
    for below in ["", "refused"] {
        let entries = match fs::read_dir(dir.join(below)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let name = Path::new(below).join(entry?.file_name());
            if name.extension().is_some_and(|end| end == if below.is_empty() { "log" } else { "json" }) {
                parts.push(name);
            }
        }
    }
    parts.sort();
    Ok(parts)
}
