//! The directory: who has it, what is left in it, and the segments being written. The only place that creates files.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::frame::{self, Next};

/// Records tell who called whom: like the store, they are for their owner alone.
const OWNERS_FILE: u32 = 0o600;
const OWNERS_DIR: u32 = 0o700;

/// Where segments are written: one at a time. A test puts a failing one in its place.
pub(super) trait Disk: Send + 'static {
    /// Begins a segment; when this returns, its name is durable.
    fn create(&mut self, path: &Path) -> io::Result<()>;
    /// Writes to the end of the segment begun last.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes what was written durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// The disk as it is.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    file: Option<File>,
}

/// A segment the drain may read.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) id: Arc<str>,
    pub(super) path: PathBuf,
    /// So many bytes of it.
    pub(super) readable: u64,
    /// It grows no more.
    pub(super) is_sealed: bool,
}

/// What earlier runs left behind.
#[derive(Debug)]
pub(super) struct LeftOver {
    pub(super) segments: VecDeque<Segment>,
    /// Records in them.
    pub(super) records: u64,
}

impl Files {
    pub(super) fn new(dir: &Path) -> Files {
        Files { dir: dir.to_owned(), file: None }
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| io::Error::other("no segment is begun"))
    }
}

impl Disk for Files {
    fn create(&mut self, path: &Path) -> io::Result<()> {
        self.file = None;
        let file = OpenOptions::new().append(true).create_new(true).mode(OWNERS_FILE).open(path)?;
        File::open(&self.dir)?.sync_all()?;
        self.file = Some(file);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file()?.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file()?.sync_data()
    }
}

/// Makes a directory for its owner alone; one that is there stays as it is.
fn make_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(OWNERS_DIR).create(dir)
}

/// Takes the directory for this process, for as long as the file is open.
pub(super) fn take(dir: &Path) -> io::Result<File> {
    let said = |what: &str, error: io::Error| {
        io::Error::new(error.kind(), format!("could not {what} the spool directory {}: {error}", dir.display()))
    };
    make_dir(dir).map_err(|error| said("make", error))?;
    let path = dir.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(OWNERS_FILE).open(&path);
    let file = file.map_err(|error| said("open the lock of", error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            format!(
                "another patchbay process is using the spool directory {}: stop it; each needs a store and a spool \
                 directory of its own",
                dir.display()
            ),
        )),
        Err(TryLockError::Error(error)) => Err(said("lock", error)),
    }
}

/// The file of a segment.
pub(super) fn path(dir: &Path, number: u64, id: &str) -> PathBuf {
    dir.join(format!("{number:012}-{id}.log"))
}

/// Finds the segments of earlier runs, oldest first, and counts their records.
pub(super) fn left_over(dir: &Path) -> io::Result<LeftOver> {
    let mut left = LeftOver { segments: VecDeque::new(), records: 0 };
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let Some((number, id)) = path.file_name().and_then(|name| parse_name(name.to_str()?)) else { continue };
        let readable = fs::metadata(&path)?.len();
        match fs::read(&path) {
            Ok(bytes) => left.records += count(&bytes),
            Err(error) => tracing::error!(%error, segment = %path.display(), "could not read a part of the journal"),
        }
        left.segments.push_back(Segment { number, id, path, readable, is_sealed: true });
    }
    left.segments.make_contiguous().sort_by_key(|segment| segment.number);
    Ok(left)
}

fn parse_name(name: &str) -> Option<(u64, Arc<str>)> {
    let (number, id) = name.strip_suffix(".log")?.split_once('-')?;
    Some((number.parse().ok()?, id.into()))
}

fn count(mut bytes: &[u8]) -> u64 {
    let mut records = 0;
    loop {
        match frame::next(bytes, true) {
            Next::Frame { len, .. } => {
                records += 1;
                bytes = &bytes[len..];
            }
            Next::Damaged { len } => bytes = &bytes[len..],
            Next::Torn { .. } | Next::NeedMore | Next::End => return records,
        }
    }
}

/// Reads a part of a segment.
pub(super) fn read(path: &Path, from: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(len).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where a record the store refuses is kept for a person to look at.
pub(super) fn refused_path(dir: &Path, id: &str, seq: u64) -> PathBuf {
    dir.join("refused").join(format!("{id}-{seq}.json"))
}

/// Every record that was set aside: its file and what is in it.
pub(super) fn all_refused(dir: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let entries = match fs::read_dir(dir.join("refused")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "json") {
            found.push((path.clone(), fs::read(path)?));
        }
    }
    Ok(found)
}

/// Keeps such a record, durably. Doing it again changes nothing.
pub(super) fn set_aside(path: &Path, payload: &[u8]) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        make_dir(dir)?;
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(OWNERS_FILE).open(path)?;
    file.write_all(payload)?;
    file.sync_all()
}
