//! A small disk of its own for an edge's spool, which can be filled.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Far more than waits there for a minute, and soon filled.
const SIZE: &str = "64m";

/// A small file system. Needs the right to mount.
pub struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// Nothing where this user may not mount.
    pub fn mount(at: &Path) -> Option<SmallDisk> {
        std::fs::create_dir_all(at).expect("a mount point");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={SIZE}"), "tmpfs"]).arg(at).stderr(Stdio::null());
        let mounted = mount.status().is_ok_and(|status| status.success());
        mounted.then(|| SmallDisk { at: at.to_owned() })
    }

    /// Leaves no byte free.
    pub fn fill(&self) {
        let mut ballast = std::fs::File::create(self.ballast()).expect("a file");
        let piece = [0u8; 64 * 1024];
        while std::io::Write::write_all(&mut ballast, &piece).is_ok() {}
    }

    pub fn empty(&self) {
        let _ = std::fs::remove_file(self.ballast());
    }

    fn ballast(&self) -> PathBuf {
        self.at.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).stderr(Stdio::null()).status();
    }
}
