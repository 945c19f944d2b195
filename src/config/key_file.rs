//! A file of sealing keys: one a line in base64, the first seals. Empty lines and lines that begin with `#` say nothing.
//!
//! A file is there whole or not at all: written aside, synced, then given its name, and the directory synced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::secrets::{KeyError, SealingKeys, failed};
use super::values::SealingKey;

/// The keys in a file.
pub fn read(path: &Path) -> Result<SealingKeys, KeyError> {
    let text = fs::read_to_string(path).map_err(failed("read", path))?;
    let not_a_key = |detail| KeyError::NotAKey { path: path.to_owned(), detail };
    let mut keys = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            let key = SealingKey::parse(line);
            keys.push(key.map_err(|detail| not_a_key(format!("is damaged in line {}: it {detail}", number + 1)))?);
        }
    }
    let mut keys = keys.into_iter();
    let current = keys.next().ok_or_else(|| not_a_key("holds no key".to_owned()))?;
    Ok(SealingKeys { current, previous: keys.collect() })
}

/// Writes a first key, never in place of another: it is linked to its name, which fails where the name is taken.
/// Whoever came first holds.
pub(super) fn keep(path: &Path, key: &SealingKey) -> Result<SealingKeys, KeyError> {
    let keys = SealingKeys::only(key.clone());
    let aside = write_aside(path, &keys)?;
    let linked = fs::hard_link(&aside, path);
    let removed = fs::remove_file(&aside);
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return read(path),
        linked => linked.and(removed).map_err(failed("make", path))?,
    }
    sync_directory(path)?;
    Ok(keys)
}

/// Puts these keys in place of what a file holds. Whoever calls keeps others from doing the same.
pub fn replace(path: &Path, keys: &SealingKeys) -> Result<(), KeyError> {
    // A link stays one: what it leads to is replaced.
    let path = fs::canonicalize(path).map_err(failed("find", path))?;
    let aside = write_aside(&path, keys)?;
    if let Err(error) = fs::rename(&aside, &path) {
        let _ = fs::remove_file(&aside);
        return Err(failed("replace", &path)(error));
    }
    sync_directory(&path)
}

/// Writes a file of keys where none is, as a copy of those in use.
pub fn write_new(path: &Path, keys: &SealingKeys) -> Result<(), KeyError> {
    write(path, keys).map_err(failed("write", path))
}

fn write_aside(path: &Path, keys: &SealingKeys) -> Result<PathBuf, KeyError> {
    static ATTEMPT: AtomicU32 = AtomicU32::new(0);
    let mut aside = path.to_owned();
    let attempt = ATTEMPT.fetch_add(1, Ordering::Relaxed);
    aside.as_mut_os_string().push(format!(".{}-{attempt}.new", std::process::id()));
    // What a crash left under this name is not worth keeping: no key in use is ever called so.
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("write", &aside)(error)),
        _ => {}
    }
    if let Err(error) = write(&aside, keys) {
        let _ = fs::remove_file(&aside);
        return Err(failed("write", &aside)(error));
    }
    Ok(aside)
}

fn write(path: &Path, keys: &SealingKeys) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    for key in keys.all() {
        writeln!(file, "{}", key.spell())?;
    }
    file.sync_all()
}

fn sync_directory(of: &Path) -> Result<(), KeyError> {
    let directory = of.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed("sync", of))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn key(byte: u8) -> SealingKey {
        SealingKey::new([byte; 32])
    }

    #[test]
    fn many_who_start_at_once_hold_one_key() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("calls.db.key");
        let keys: Vec<SealingKeys> = std::thread::scope(|scope| {
            let path = &path;
            let makers: Vec<_> =
                (0..8u8).map(|name| scope.spawn(move || keep(path, &key(name)).expect("kept or found"))).collect();
            makers.into_iter().map(|maker| maker.join().expect("no panic")).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(read(&path).expect("there"), keys[0]);
    }

    #[test]
    fn a_replaced_file_is_its_owners_alone_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("the.key");
        keep(&path, &key(1)).expect("kept");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
        let keys = SealingKeys { current: key(2), previous: vec![key(1)] };
        replace(&path, &keys).expect("replaced");
        assert_eq!(read(&path).expect("there"), keys);
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1);
    }

    #[test]
    fn a_link_stays_a_link() {
        let dir = tempfile::tempdir().expect("a directory");
        let (path, link) = (dir.path().join("the.key"), dir.path().join("link.key"));
        keep(&path, &key(1)).expect("kept");
        std::os::unix::fs::symlink(&path, &link).expect("linked");
        replace(&link, &SealingKeys::only(key(2))).expect("replaced");
        assert_eq!(read(&path).expect("there"), SealingKeys::only(key(2)));
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    }

    #[test]
    fn what_is_no_key_is_told_with_its_line_and_without_its_text() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("the.key");
        fs::write(&path, format!("# the latest\n{}\n\nplanted words\n", key(1).spell())).expect("written");
        let told = read(&path).expect_err("no key").to_string();
        assert!(told.contains("in line 4") && !told.contains("planted"), "{told}");
        fs::write(&path, "\n# nothing\n").expect("written");
        assert!(read(&path).expect_err("no key").to_string().ends_with("holds no key"));
    }
}
