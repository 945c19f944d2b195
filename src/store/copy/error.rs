//! Why a store was not copied, and what to do: one sentence each.

use std::path::PathBuf;

use crate::store::StoreError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The file is not there.
    #[error("there is no store at {}: give --from the file that serve uses, as sqlite:PATH", .0.display())]
    NoStore(PathBuf),
    /// The file is something else.
    #[error("{} is no store of patchbay: give --from the file that serve uses, as sqlite:PATH", .0.display())]
    NotAStore(PathBuf),
    /// Another program wrote it.
    #[error("the store was migrated by a newer patchbay (migration {0} is unknown here): copy it with that one")]
    Newer(i64),
    /// The snapshot could not be made.
    #[error("could not make a copy of one instant at {}: {why}; is there room on its disk, and may you write there?", at.display())]
    Snapshot {
        /// Where.
        at: PathBuf,
        /// What was said.
        why: String,
    },
    /// The source could not be read.
    #[error(
        "could not read the source: {0}; look whether the file is whole (`patchbay backup`, then `restore --check`)"
    )]
    Source(StoreError),
    /// The keys at hand are not the source's.
    #[error(
        "no key at hand opens the source: give the one it was made with, the file beside it (PATH.key) as \
         secrets.key_file, or secrets.key and secrets.previous"
    )]
    OtherKey,
    /// The target could not be reached, read or written.
    #[error("the target did not take it: {0}; mend that and call the same command again: it goes on where it was")]
    Target(StoreError),
    /// The target has rows of somebody else.
    #[error(
        "the target has rows already (in {0}) and no copy was begun in it: make an empty database (createdb), and name \
         that with --to"
    )]
    Occupied(String),
    /// A copy of another store was begun in the target.
    #[error(
        "a copy of another store was begun in the target: go on with that one, name another database, or call with \
         --anew, which takes away what it left"
    )]
    Foreign,
    /// The target is in use.
    #[error(
        "a copy into the target was finished before, and the source has changed since: the target is a store of its own \
         now, so name an empty database with --to"
    )]
    InUse,
    /// Two at once.
    #[error("another copy writes into the target: wait for it, or end it, and call again")]
    TwoAtOnce,
    /// The engines have different tables: somebody else's among them, or this program is at fault.
    #[error(
        "source and target have not the same tables ({0}), and nothing was copied: name a database with --to that is \
         patchbay's alone"
    )]
    Shapes(String),
    /// The target is not what the source is.
    #[error(
        "{table} differs: {source_rows} rows in the source, {target_rows} in the target, and not the same; the copy is \
         not used: call again with --anew"
    )]
    Differs {
        /// Where.
        table: String,
        /// Rows there should be.
        source_rows: u64,
        /// Rows there are.
        target_rows: u64,
    },
    /// It was told to end after some transactions.
    #[error("the copy was broken off: call again, and it goes on where it was")]
    BrokenOff,
}
