//! Where the console's files come from: `scripts/build-console` makes them in `console/dist`.
//!
//! A release has them inside; a debug build reads them from that directory, so that the console can be worked on without
//! compiling. Either may have none: nobody needs Node to build patchbay.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "console/dist"]
#[allow_missing = true]
struct Built;

/// One file of the console.
#[derive(Debug)]
pub(super) struct ConsoleFile {
    /// What it holds.
    pub bytes: Cow<'static, [u8]>,
    /// The SHA-256 of that.
    pub sha256: [u8; 32],
}

/// The console's files, by their paths below `console/dist`.
#[derive(Clone)]
pub struct ConsoleFiles(Arc<Find>);

type Find = dyn Fn(&str) -> Option<ConsoleFile> + Send + Sync;

impl ConsoleFiles {
    /// Those that `scripts/build-console` made.
    pub fn built() -> ConsoleFiles {
        ConsoleFiles(Arc::new(|path| {
            let file = Built::get(path)?;
            Some(ConsoleFile { sha256: file.metadata.sha256_hash(), bytes: file.data })
        }))
    }

    /// Those that somebody else has, who is asked with a path for what the file holds.
    pub fn of(find: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> ConsoleFiles {
        ConsoleFiles(Arc::new(move |path| {
            let bytes = find(path)?;
            Some(ConsoleFile { sha256: Sha256::digest(&bytes).into(), bytes: bytes.into() })
        }))
    }

    pub(super) fn get(&self, path: &str) -> Option<ConsoleFile> {
        (self.0)(path)
    }
}

impl fmt::Debug for ConsoleFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleFiles").finish_non_exhaustive()
    }
}
