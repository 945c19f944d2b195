//! The preflight: is all in place that an installation needs? Here on this machine, and at the providers.
//!
//! The commands print it before a start; the admin API tells the same from inside a process that runs. What the edge
//! refused for its signature is put into words here too, for it is mostly the settings that are to be mended.

mod certificate;
mod live;
mod local;
mod online;
mod server;
mod signatures;

pub use crate::edge::RefusedSignature;
pub use certificate::{grade as certificate_grade, words as certificate_words};
pub use live::live;
pub use local::local;
pub use online::{Providers, online};
pub use server::server;
pub use signatures::{Signatures, Words, words as signature_words};

/// How what was looked at is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// Something does not work for it, or soon will not.
    Fault,
}

impl Grade {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Grade::Ok => "ok",
            Grade::Warning => "warning",
            Grade::Fault => "fault",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub grade: Grade,
    /// What it is: mostly the setting it is about.
    pub subject: &'static str,
    /// What was found.
    pub detail: String,
}

/// Whether this process has the store open.
///
/// One that has must not open its file besides: closing that would let go of every lock the process has on the file,
/// those of SQLite with them, and another process could take the file to be nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFile {
    /// It has not: the file may be opened and looked into.
    Unopened,
    /// It has.
    InUse,
}

/// Something that was looked at.
pub fn finding(grade: Grade, subject: &'static str, detail: impl Into<String>) -> Finding {
    Finding { grade, subject, detail: detail.into() }
}

/// The same, where it is well or has failed.
pub fn found(subject: &'static str, result: anyhow::Result<String>) -> Finding {
    match result {
        Ok(detail) => finding(Grade::Ok, subject, detail),
        Err(error) => finding(Grade::Fault, subject, format!("{error:#}")),
    }
}
