//! A copy of everything that is kept, made while patchbay runs, judged without being used, and put back.
//!
//! A backup is a directory: the database, the spool's segments, a manifest that names and sums them, a sum of the
//! manifest, and the sealing keys if they were asked for. What is in a database is the store's to say, what is in a
//! spool the journal's. Where commands get their words from is their own business.

mod error;
mod files;
mod make;
mod manifest;
mod restore;
mod verify;

pub use error::BackupError;
pub use make::{Made, make};
pub use manifest::{Listed, Manifest};
pub use restore::{Restored, restore, unfinished};
pub use verify::{Verified, verify};

/// The database in a backup.
const DATABASE: &str = "patchbay.db";

/// The spool's segments in a backup.
const SPOOL: &str = "spool";

/// The sealing keys in a backup that has them.
const KEYS: &str = "patchbay.key";
