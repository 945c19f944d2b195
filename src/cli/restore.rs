//! `patchbay restore`: verifies a backup and puts it in place of the store; with `--check` it only verifies.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use tokio::runtime::Builder;

use super::backup::{described, summary};
use super::told::say;
use crate::backup::{self, Verified};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The directory that `backup` made.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Only verifies: every byte, the database, and that a key at hand opens it. Changes nothing; serve may run.
    #[arg(long, conflicts_with = "replace")]
    check: bool,
    /// Takes the place of a store that is there; that one is moved aside and kept.
    #[arg(long)]
    replace: bool,
    /// Prints the manifest as JSON.
    #[arg(long)]
    json: bool,
    /// File with settings, as given to `serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let settings = super::settings(arguments.config.as_deref())?;
    let runtime = Builder::new_current_thread().enable_all().build().context("could not start a runtime")?;
    let from = &arguments.from;
    if arguments.check {
        let verified = runtime.block_on(backup::verify(&settings, from))?;
        return tell(arguments, "is whole and opens", &verified, None);
    }
    let restored = runtime.block_on(backup::restore(&settings, from, arguments.replace, Timestamp::now()))?;
    tell(arguments, "is in place; start patchbay", &restored.verified, restored.moved_aside)
}

fn tell(arguments: &Arguments, what: &str, verified: &Verified, moved_aside: Option<PathBuf>) -> anyhow::Result<()> {
    let manifest = &verified.manifest;
    if arguments.json {
        let mut told = described(manifest)?;
        told["unreadable"] = verified.unreadable.into();
        told["movedAside"] = moved_aside.map(|path| path.display().to_string()).into();
        say(format_args!("{told:#}"));
        return Ok(());
    }
    say(format_args!("the backup of {} {what}: {}", manifest.made_at, summary(manifest)));
    if verified.unreadable > 0 {
        let count = verified.unreadable;
        say(format_args!(
            "{count} sealed credentials open with no key at hand; its keys are {}",
            manifest.keys.join(", ")
        ));
    }
    if let Some(path) = moved_aside {
        say(format_args!("what was there before is at {}; delete it when you no longer need it", path.display()));
    }
    Ok(())
}
