//! `patchbay store copy`: the store of one machine, copied to a server that many share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;
use tokio::runtime::Builder;

use super::told::{complain, say, wrong_usage};
use crate::config::secrets::{self, KeySource};
use crate::config::{Settings, StoreUrl};
use crate::journal::dir;
use crate::store::copy::{self, BATCH_ROWS, Copied, CopyError, Copying, Progress, Stage, Start};
use crate::store::{KeyName, Keyring, is_in_use};

/// Progress is told no more often than this, and at the end of what is told of.
const TELL_EVERY: Duration = Duration::from_secs(1);

const HELP: &str = "The file is only read, the target is written. Called again after it broke off, it goes on. The target \
     cannot be served until all of it was compared. Stop serve first: what it writes after the beginning is not copied.";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// Copies a SQLite store to Postgres, compares every row, and goes on where it broke off.
    #[command(after_help = HELP)]
    Copy(CopyArguments),
}

#[derive(Debug, Args)]
struct CopyArguments {
    /// The store to copy, sqlite:PATH. Without it, the one of the settings.
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Where to: an empty database, postgres://user:password@host/database. Without it, the one of the settings.
    ///
    /// An argument is seen by whoever lists processes: leave the password out of it and give it in PGPASSWORD.
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Takes away what an unfinished copy left in the target, and begins at the beginning.
    #[arg(long)]
    anew: bool,
    /// Prints what was copied as JSON.
    #[arg(long)]
    json: bool,
    /// File with settings, as given to `serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Most rows a transaction.
    #[arg(long, value_name = "NUMBER", hide = true, default_value_t = BATCH_ROWS, value_parser = rows)]
    batch_rows: usize,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Deed::Copy(arguments) = &arguments.deed;
    copy(arguments)
}

fn copy(arguments: &CopyArguments) -> anyhow::Result<()> {
    let settings = super::settings(arguments.config.as_deref())?;
    let from = named(arguments.from.as_deref(), &settings.store.url, false);
    let to = named(arguments.to.as_deref(), &settings.store.url, true);
    let path = from.path().unwrap_or_else(|| wrong_usage("--from is in memory: name a file, sqlite:PATH."));
    // Migrations do not go through a pooler.
    let direct = settings.store.direct_url.as_ref().filter(|_| to == settings.store.url);
    let (keyring, key_place) = keys(&settings, &from)?;

    let in_use = is_in_use(&path);
    if in_use {
        complain(format_args!(
            "{} is in use: what is written to it from now on will not be copied; to move, stop patchbay first and call \
             this again",
            path.display()
        ));
    }
    let (at, begun) = (Timestamp::now(), Instant::now());
    let runtime = Builder::new_current_thread().enable_all().build().context("could not start a runtime")?;
    let wish = Copying {
        from: &path,
        to: direct.unwrap_or(&to),
        keys: &keyring,
        anew: arguments.anew,
        batch_rows: arguments.batch_rows,
        batches_max: None,
    };
    let mut teller = Teller::default();
    let copied = runtime.block_on(copy::copy(&wish, |progress| teller.hear(&progress)))?;

    let told = Told { from: path, to: to.shown(), at, seconds: begun.elapsed().as_secs_f64(), in_use, key_place };
    let key = keyring.names()[0];
    if arguments.json {
        say(format_args!("{:#}", told.json(&copied, key)));
    } else {
        told.say(&copied, key, &settings);
    }
    Ok(())
}

fn rows(raw: &str) -> Result<usize, String> {
    raw.parse().ok().filter(|rows| *rows > 0).ok_or_else(|| "must be a whole number above 0".to_owned())
}

/// The store that was named, or that of the settings where it is one of that kind. What was named is not repeated: there
/// may be a password in it.
fn named(given: Option<&str>, of_settings: &StoreUrl, is_server: bool) -> StoreUrl {
    let (option, kind) = if is_server { ("--to", "postgres://…") } else { ("--from", "sqlite:PATH") };
    let is_wanted = |url: &StoreUrl| url.is_server() == is_server;
    match given.map(StoreUrl::parse) {
        Some(Ok(url)) if is_wanted(&url) => url,
        Some(_) => wrong_usage(&format!("{option} must be {kind}: a store is copied from SQLite to Postgres.")),
        None if is_wanted(of_settings) => of_settings.clone(),
        None => wrong_usage(&format!("{option} is missing, and store.url of the settings is no {kind}.")),
    }
}

/// The keys that `serve` would have on this store under these settings, and where they are, in words.
fn keys(settings: &Settings, from: &StoreUrl) -> anyhow::Result<(Keyring, String)> {
    let mut settings = settings.clone();
    settings.store.url = from.clone();
    let keys = secrets::existing_keys(&settings)?;
    let place = match secrets::source(&settings) {
        KeySource::Given(keys) if keys.previous.is_empty() => "secrets.key of these settings".to_owned(),
        KeySource::Given(_) => "secrets.key of these settings, and older ones in secrets.previous".to_owned(),
        KeySource::File(path) | KeySource::Beside(path) => path.display().to_string(),
        KeySource::Fleeting => String::new(),
    };
    let missing = || {
        let path = from.path().unwrap_or_default();
        if path.exists() {
            anyhow!("there is no key for it: give secrets.key_file")
        } else {
            CopyError::NoStore(path).into()
        }
    };
    let keys = keys.ok_or_else(missing)?;
    Ok((Keyring::new(*keys.current, keys.previous.iter().map(|key| **key)), place))
}

/// Tells people on standard error how far it is.
#[derive(Default)]
struct Teller {
    last: Option<(Instant, Stage)>,
}

impl Teller {
    fn hear(&mut self, progress: &Progress<'_>) {
        let (rows, of) = progress.rows;
        let ends = of.is_some_and(|of| rows == of && of > 0);
        let is_early = self.last.is_some_and(|(at, stage)| stage == progress.stage && at.elapsed() < TELL_EVERY);
        if is_early && !(ends && progress.stage == Stage::Copying) {
            return;
        }
        self.last = Some((Instant::now(), progress.stage));
        complain(line(progress));
    }
}

fn line(progress: &Progress<'_>) -> String {
    let word = match progress.stage {
        Stage::Summing => "reading",
        Stage::Copying => "copying",
        Stage::Comparing => "comparing",
    };
    let (rows, of) = progress.rows;
    match (of, progress.all_rows) {
        (Some(of), (all, Some(of_all))) => {
            let percent = (all * 100).checked_div(of_all).unwrap_or(100);
            format!("{word} {}: {rows} of {of} rows, {percent} % of everything", progress.table)
        }
        (_, (all, _)) => format!("{word} {}: {all} rows so far", progress.table),
    }
}

/// What is said of a copy that is finished.
struct Told {
    from: PathBuf,
    to: String,
    at: Timestamp,
    seconds: f64,
    in_use: bool,
    key_place: String,
}

impl Told {
    fn json(&self, copied: &Copied, key: KeyName) -> serde_json::Value {
        let tables = copied.tables.iter().map(|(name, sum)| (name, json!({"rows": sum.rows, "sha256": sum.hex()})));
        json!({
            "from": self.from.display().to_string(),
            "to": self.to,
            "asOf": self.at,
            "sourceInUse": self.in_use,
            "start": start(copied.start),
            "rows": rows_of(copied),
            "written": copied.written,
            "seconds": (self.seconds * 1000.0).round() / 1000.0,
            "key": {"name": key.to_string(), "at": self.key_place},
            "tables": tables.collect::<BTreeMap<_, _>>(),
        })
    }

    fn say(&self, copied: &Copied, key: KeyName, settings: &Settings) {
        let (from, to, at) = (self.from.display(), &self.to, self.at.strftime("%Y-%m-%d %H:%M:%S UTC"));
        if copied.start == Start::AlreadyDone {
            say(format_args!("{from} was copied to {to} before, and is as it was then: nothing was done"));
        } else {
            let (rows, tables, written) = (rows_of(copied), copied.tables.len(), copied.written);
            let began = match copied.start {
                Start::WentOn => format!(", {written} of them now"),
                _ => String::new(),
            };
            say(format_args!(
                "copied {from} as of {at} to {to} in {:.1} s: {rows} rows of {tables} tables{began}; every one was compared",
                self.seconds
            ));
        }
        say(format_args!(
            "the sealing key {key} is in {}: give it to every edge in secrets.key or secrets.key_file, or none opens it",
            self.key_place
        ));
        let spool = &settings.spool.dir;
        if dir::parts(spool).is_ok_and(|parts| !parts.is_empty()) {
            say(format_args!(
                "the spool {} may hold what is in no store yet: start the first edge with it as spool.dir",
                spool.display()
            ));
        }
        say(after(&self.from, self.in_use));
    }
}

fn after(from: &Path, in_use: bool) -> String {
    let from = from.display();
    if in_use {
        format!("{from} is in use, and what is written to it is not in the copy: this was a rehearsal, not the move")
    } else {
        format!("what is written to {from} from now on is not in the copy: start patchbay with store.url of the server")
    }
}

fn start(start: Start) -> &'static str {
    match start {
        Start::Empty => "empty",
        Start::WentOn => "went-on",
        Start::Anew => "anew",
        Start::AlreadyDone => "already-done",
    }
}

fn rows_of(copied: &Copied) -> u64 {
    copied.tables.values().map(|sum| sum.rows).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_with_table_rows_and_percent() {
        let progress = |stage, rows, all_rows| line(&Progress { stage, table: "calls", rows, all_rows });
        for (told, expected) in [
            (progress(Stage::Summing, (10, None), (30, None)), "reading calls: 30 rows so far"),
            (
                progress(Stage::Copying, (10, Some(20)), (30, Some(40))),
                "copying calls: 10 of 20 rows, 75 % of everything",
            ),
            (
                progress(Stage::Comparing, (0, Some(0)), (0, Some(0))),
                "comparing calls: 0 of 0 rows, 100 % of everything",
            ),
        ] {
            assert_eq!(told, expected);
        }
    }
}
