//! A store in a file, copied to a server: all of it, proven, or nothing that could be served.
//!
//! The source is read once as it is at one instant, into a copy beside it that is gone at the end, and summed. The sums
//! are written into the target before its first row: whoever goes on with a copy that broke off knows by them whether the
//! source is still the same, and begins anew if it is not, since a target that mixed two instants would be neither. Rows go
//! over in the order they came, many a transaction, and the place reached is written with them. Until every table has been
//! compared the target refuses to be opened.
//!
//! What is asked of the engines is theirs: `sqlite/source.rs` and `postgres/target.rs`.

mod error;
mod row;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

pub use error::CopyError;
pub use row::Sum;
pub(super) use row::{Batch, Cells, Summing, Value, hex};
pub(super) use table::{Column, Kind, Table, quoted};

use super::Keyring;
use super::keyring::Ring;
use super::postgres::{Begun, Target};
use super::sqlite::{KEY_WORD, Source};

/// What is to be copied, and how.
#[derive(Clone, Debug)]
pub struct Copying<'a> {
    /// The file.
    pub from: &'a Path,
    /// The server itself, where others come to it through a pooler.
    pub to: &'a str,
    /// The keys that open the file, and then the server.
    pub keys: &'a Keyring,
    /// Takes away what a copy that broke off has left, and begins at the beginning.
    pub anew: bool,
    /// Most rows a transaction.
    pub batch_rows: usize,
    /// Ends the work after so many transactions, as if it had been cut off.
    pub batches_max: Option<u64>,
}

/// Rows a transaction where nobody says otherwise: little enough to be repeated after a cut, and the way to the server
/// and back is nothing beside them.
pub const BATCH_ROWS: usize = 2_000;

/// What the work is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reads the source and sums it.
    Summing,
    /// Writes rows.
    Copying,
    /// Reads the target and compares.
    Comparing,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// What it does.
    pub stage: Stage,
    /// With which table.
    pub table: &'a str,
    /// Rows of that table it has done, and how many there are, where that is known.
    pub rows: (u64, Option<u64>),
    /// The same of all tables.
    pub all_rows: (u64, Option<u64>),
}

/// How it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// In a target with nothing in it.
    Empty,
    /// Where it broke off.
    WentOn,
    /// Again, because the source had changed since it broke off, or because somebody wished it.
    Anew,
    /// It had been finished before: nothing was done.
    AlreadyDone,
}

/// A copy that is finished.
#[derive(Clone, Debug)]
pub struct Copied {
    /// How it began.
    pub start: Start,
    /// Each table as it is on both sides.
    pub tables: BTreeMap<String, Sum>,
    /// Rows that were written by this call.
    pub written: u64,
}

/// Copies. Called again after it broke off, wherever that was, it goes on.
pub async fn copy(wish: &Copying<'_>, mut tell: impl FnMut(Progress<'_>)) -> Result<Copied, CopyError> {
    let mut source = Source::of(wish.from).await?;
    let word = source.word().await?;
    if Ring::of(wish.keys).open(KEY_WORD, &word).is_err() {
        return Err(CopyError::OtherKey);
    }
    let target = Target::reach(wish.to, wish.keys).await?;
    let tables = table::agreed(source.tables(), target.tables())?;

    let mut sums = BTreeMap::new();
    let mut contents = Summing::default();
    let mut seen = 0;
    for table in &tables {
        let mut told = |rows| {
            tell(Progress {
                stage: Stage::Summing,
                table: &table.name,
                rows: (rows, None),
                all_rows: (seen + rows, None),
            });
        };
        let (sum, fingerprint) = source.sums(table, &mut told).await?;
        contents.value(&Value::Text(table.name.as_str().into()));
        contents.value(&Value::Bytes(&fingerprint));
        seen += sum.rows;
        sums.insert(table.name.clone(), sum);
    }
    let identity = Identity { store: hex(&row::sha256(&word)), contents: hex(&contents.end().sha256) };

    let (start, place) = match target.begin(&tables, &identity, wish.anew).await? {
        Begun::Empty => (Start::Empty, Place::default()),
        Begun::Anew => (Start::Anew, Place::default()),
        Begun::GoesOn(place) => (Start::WentOn, place),
        Begun::Done => return Ok(Copied { start: Start::AlreadyDone, tables: sums, written: 0 }),
    };
    let mut work = Work { wish, identity: &identity, tables: &tables, sums: &sums, tell: &mut tell };
    let written = work.write(&mut source, &target, place).await?;
    work.compare(&target).await?;
    let mut given = BTreeMap::new();
    for table in &tables {
        given.insert(table.name.clone(), source.last_given(table).await?);
    }
    source.close().await?;
    target.finish(&tables, &given, wish.keys, &identity).await?;
    Ok(Copied { start, tables: sums, written })
}

/// What is copied: which store, as it was at which instant.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Identity {
    pub store: String,
    pub contents: String,
}

/// How far the writing is: the table at work, and how many of its rows are there. The tables before it are whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Place {
    pub table: usize,
    pub rows: u64,
}

/// What both halves of the work need.
struct Work<'a, T> {
    wish: &'a Copying<'a>,
    identity: &'a Identity,
    tables: &'a [Table],
    sums: &'a BTreeMap<String, Sum>,
    tell: &'a mut T,
}

impl<T: FnMut(Progress<'_>)> Work<'_, T> {
    /// Writes what is not there yet; answers how many rows that was.
    async fn write(&mut self, source: &mut Source, target: &Target, mut place: Place) -> Result<u64, CopyError> {
        let (mut batches, mut written) = (0, 0);
        for at in place.table..self.tables.len() {
            let table = &self.tables[at];
            let skip = if place.table == at { place.rows } else { 0 };
            let mut rows = source.rows(table, skip);
            let mut done = skip;
            self.told(Stage::Copying, at, done);
            while let Some(batch) = rows.batch(self.wish.batch_rows).await? {
                if self.wish.batches_max.is_some_and(|most| batches == most) {
                    return Err(CopyError::BrokenOff);
                }
                let count = batch.rows() as u64;
                let reached = Place { table: at, rows: done + count };
                target.put(table, batch, self.identity, (&place, &reached)).await?;
                (place, done) = (reached, done + count);
                batches += 1;
                written += count;
                self.told(Stage::Copying, at, done);
            }
        }
        Ok(written)
    }

    async fn compare(&mut self, target: &Target) -> Result<(), CopyError> {
        for (at, table) in self.tables.iter().enumerate() {
            let (is, should) =
                (target.sum(table, &mut |rows| self.told(Stage::Comparing, at, rows)).await?, &self.sums[&table.name]);
            if is != *should {
                return Err(CopyError::Differs {
                    table: table.name.clone(),
                    source_rows: should.rows,
                    target_rows: is.rows,
                });
            }
        }
        Ok(())
    }

    fn told(&mut self, stage: Stage, at: usize, rows: u64) {
        let of = |table: &Table| self.sums[&table.name].rows;
        let before: u64 = self.tables[..at].iter().map(of).sum();
        let table = &self.tables[at];
        let all = self.tables.iter().map(of).sum();
        (self.tell)(Progress {
            stage,
            table: &table.name,
            rows: (rows, Some(of(table))),
            all_rows: (before + rows, Some(all)),
        });
    }
}
