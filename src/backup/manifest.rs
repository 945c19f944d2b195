//! The manifest of a backup: what is in it and what made it, with a sum of every file, and a sum of the manifest itself
//! beside it, as `sha256sum` writes it. Not a byte of a backup can change without one of the two showing it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::BackupError;
use super::files::{self, failed};

const FILE: &str = "manifest.json";
const SUM_FILE: &str = "manifest.json.sha256";

/// The form of backups this program makes, and the newest it reads.
const FORMAT: u32 = 1;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The form of the backup.
    pub format: u32,
    /// When it was begun: all that was acknowledged before is in it.
    pub made_at: Timestamp,
    /// The version of patchbay that made it.
    pub patchbay: String,
    /// The newest migration the database has been through.
    pub migration: i64,
    /// The names of the keys that its secrets are sealed with.
    pub keys: Vec<String>,
    /// True if the keys are in it.
    pub with_key: bool,
    /// Every file but the manifest and its sum.
    pub files: Vec<Listed>,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Where it is in the backup.
    pub path: PathBuf,
    /// How long it is.
    pub bytes: u64,
    /// Its SHA-256 in hex.
    pub sha256: String,
}

/// What only tells whether the rest can be read.
#[derive(Deserialize)]
struct Form {
    format: u32,
    patchbay: String,
}

impl Manifest {
    /// A manifest of files that are listed later.
    pub(super) fn new(made_at: Timestamp) -> Manifest {
        Manifest {
            format: FORMAT,
            made_at,
            patchbay: env!("CARGO_PKG_VERSION").to_owned(),
            migration: 0,
            keys: Vec::new(),
            with_key: false,
            files: Vec::new(),
            rows: BTreeMap::new(),
        }
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    pub(super) fn list(&mut self, path: PathBuf, sum: files::Sum) {
        self.files.push(Listed { path, bytes: sum.bytes, sha256: sum.sha256 });
    }

    /// Writes it and its sum.
    pub(super) fn write(&self, dir: &Path) -> Result<(), BackupError> {
        let mut text = serde_json::to_string_pretty(self).expect("it is made of texts and numbers");
        text.push('\n');
        files::write(&dir.join(FILE), text.as_bytes())?;
        files::write(&dir.join(SUM_FILE), sum_line(text.as_bytes()).as_bytes())
    }

    /// Reads the manifest of a backup, and believes it only if every file is there, as long and as summed as it says,
    /// and no other.
    pub(super) fn verified(dir: &Path) -> Result<Manifest, BackupError> {
        let path = dir.join(FILE);
        let text = match fs::read(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(BackupError::NotABackup(dir.to_owned()));
            }
            text => text.map_err(failed("read", &path))?,
        };
        let kept = fs::read(dir.join(SUM_FILE)).unwrap_or_default();
        if kept != sum_line(&text).as_bytes() {
            return Err(BackupError::Damaged(format!("{FILE} is not what {SUM_FILE} says")));
        }
        let unreadable = |error| BackupError::Damaged(format!("{FILE} cannot be read: {error}"));
        let form: Form = serde_json::from_slice(&text).map_err(unreadable)?;
        if form.format > FORMAT {
            return Err(BackupError::Newer(form.patchbay));
        }
        let manifest: Manifest = serde_json::from_slice(&text).map_err(unreadable)?;
        manifest.compare(dir)?;
        Ok(manifest)
    }

    fn compare(&self, dir: &Path) -> Result<(), BackupError> {
        let own = [FILE, SUM_FILE].map(PathBuf::from);
        let there: BTreeSet<PathBuf> = files::below(dir)?.into_iter().filter(|path| !own.contains(path)).collect();
        let listed: BTreeSet<PathBuf> = self.files.iter().map(|file| file.path.clone()).collect();
        if let Some(path) = there.symmetric_difference(&listed).next() {
            let what = if listed.contains(path) { "is missing" } else { "was added" };
            return Err(BackupError::Damaged(format!("{} {what}", path.display())));
        }
        for file in &self.files {
            let sum = files::sum(&dir.join(&file.path))?;
            if (sum.bytes, &sum.sha256) != (file.bytes, &file.sha256) {
                return Err(BackupError::Damaged(format!("{} is not what it was", file.path.display())));
            }
        }
        Ok(())
    }
}

/// As `sha256sum` writes it.
fn sum_line(manifest: &[u8]) -> String {
    format!("{}  {FILE}\n", files::sum_of(manifest))
}
