//! The last directory: the rows calls are led by, kept in a file beside the process, for when the store is away and does
//! not come.
//!
//! A line for each row, as the engine has it: secrets stay sealed. The last line is a checksum over all before it. What is
//! read back is laid into a throw-away store, which is asked what the other would have been.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::copy::hex;
use super::sqlite::Laid;
use super::{Keyring, Sqlite, Store, StoreError};
use crate::model::{Clock, E164, Sid, TenantId};
use tokio::runtime::Handle;

/// Its tables and their keys, in an order in which each refers to those before it.
pub(super) const TABLES: [(&str, &str); 5] = [
    ("organizations", "id"),
    ("tenants", "id"),
    ("sip_names", "name"),
    ("numbers", "id"),
    ("phone_integrations", "tenant_id"),
];

/// What the first line says.
const FORMAT: &str = r#"{"patchbay":"directory","format":1}"#;

/// Why the last directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LastError {
    /// There is none.
    #[error("there is none yet: it is kept once the store has been there")]
    None,
    /// The file cannot be read or written.
    #[error("{} cannot be read or written: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// What is in it is not what was written.
    #[error("{} is damaged ({what}): it is not used", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// How that shows.
        what: &'static str,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Keeps the directory in a file, in place of the one before once it is whole and on disk. Answers how many rows.
    /// A store that is a file itself needs none.
    pub async fn keep_directory(&self, path: &Path) -> Result<u64, LastError> {
        let Store::Postgres(engine) = self else { return Ok(0) };
        let failed = |error| LastError::File { path: path.to_owned(), error };
        let aside = path.with_extension("part");
        let mut writing = Writing::begin(&aside).map_err(failed)?;
        let mut outcome = Ok(());
        let mut rows = 0;
        engine
            .dump(&mut |table, row| {
                rows += 1;
                if outcome.is_ok() {
                    outcome = writing.line(&format!(r#"{{"{table}":{row}}}"#));
                }
            })
            .await?;
        outcome.and_then(|()| writing.finish()).and_then(|()| fs::rename(&aside, path)).map_err(failed)?;
        Ok(rows)
    }

    /// The directory of a file.
    pub async fn kept_directory(path: &Path, keys: &Keyring, clock: Clock) -> Result<Last, LastError> {
        let rows = read(path)?;
        let laid = Sqlite::open("sqlite::memory:", keys, &Handle::current(), clock).await?;
        laid.lay(&rows).await?;
        Ok(Last {
            store: Store::Sqlite(laid),
            tenants: all(&rows, "tenants", "id", |text| TenantId::parse(text).ok()),
            numbers: all(&rows, "numbers", "e164", |text| E164::parse(text).ok()),
            names: all(&rows, "sip_names", "name", |text| Some(text.to_owned())),
            accounts: all(&rows, "organizations", "twilio_sid", |text| Sid::parse(text).ok()),
        })
    }
}

/// The last directory, read back: a store that is asked like any other and gone with its last handle, and what there is to
/// ask for.
#[derive(Clone, Debug)]
pub struct Last {
    /// Who answers.
    pub store: Store,
    /// Its tenants.
    pub tenants: Vec<TenantId>,
    /// Its numbers.
    pub numbers: Vec<E164>,
    /// Its names on the SIP domain.
    pub names: Vec<String>,
    /// Its accounts.
    pub accounts: Vec<Sid>,
}

fn all<T>(rows: &[Laid], table: &str, column: &str, of: impl Fn(&str) -> Option<T>) -> Vec<T> {
    let of_table = rows.iter().filter(|(name, _)| *name == table);
    of_table.filter_map(|(_, row)| of(row.get(column)?.as_str()?)).collect()
}

/// The file on its way.
struct Writing {
    file: BufWriter<File>,
    sum: Sha256,
}

impl Writing {
    fn begin(path: &Path) -> std::io::Result<Writing> {
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut writing = Writing { file: BufWriter::new(options.open(path)?), sum: Sha256::new() };
        writing.line(FORMAT)?;
        Ok(writing)
    }

    fn line(&mut self, line: &str) -> std::io::Result<()> {
        self.sum.update(line);
        self.sum.update(b"\n");
        self.file.write_all(line.as_bytes())?;
        self.file.write_all(b"\n")
    }

    fn finish(mut self) -> std::io::Result<()> {
        let sum = hex(&self.sum.clone().finalize());
        writeln!(self.file, r#"{{"sha256":"{sum}"}}"#)?;
        self.file.into_inner().map_err(|error| error.into_error())?.sync_all()
    }
}

fn read(path: &Path) -> Result<Vec<Laid>, LastError> {
    let damaged = |what| LastError::Damaged { path: path.to_owned(), what };
    let file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(LastError::None),
        file => file.map_err(|error| LastError::File { path: path.to_owned(), error })?,
    };
    let (mut rows, mut sum, mut told) = (Vec::new(), Sha256::new(), None);
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|_| damaged("it is no text"))?;
        if told.is_some() {
            return Err(damaged("something stands behind its end"));
        }
        if number == 0 && line != FORMAT {
            return Err(damaged("it does not begin as one of this program"));
        }
        let Value::Object(parsed) = serde_json::from_str(&line).map_err(|_| damaged("a line is no JSON"))? else {
            return Err(damaged("a line is no object"));
        };
        if let Some(Value::String(sum)) = parsed.get("sha256") {
            told = Some(sum.clone());
            continue;
        }
        sum.update(&line);
        sum.update(b"\n");
        rows.extend(parsed.into_iter().filter_map(|(name, row)| {
            let (table, _) = TABLES.iter().find(|(table, _)| *table == name)?;
            if let Value::Object(row) = row { Some((*table, row)) } else { None }
        }));
    }
    match told {
        None => Err(damaged("its end is missing")),
        Some(told) if told != hex(&sum.finalize()) => Err(damaged("its checksum is another")),
        Some(_) => Ok(rows),
    }
}
