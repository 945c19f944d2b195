//! `patchbay backup`: a copy of everything that is kept, made while `serve` runs or not.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use super::told::say;
use crate::backup::{self, Manifest};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The directory to make; it must not be there yet.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Copies the sealing keys too: whoever has the backup then has every credential in it.
    #[arg(long)]
    with_key: bool,
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
    let begun = Instant::now();
    let making = backup::make(&settings, &arguments.to, arguments.with_key, Timestamp::now());
    let made = runtime.block_on(making)?;
    let (at, seconds) = (made.at.display(), begun.elapsed().as_secs_f64());
    if arguments.json {
        let mut told = described(&made.manifest)?;
        told["seconds"] = json!((seconds * 1000.0).round() / 1000.0);
        say(format_args!("{told:#}"));
        return Ok(());
    }
    say(format_args!("backed up to {at} in {seconds:.1} s: {}", summary(&made.manifest)));
    say(keys(&made.manifest));
    Ok(())
}

/// The manifest, and how large all of it is.
pub(super) fn described(manifest: &Manifest) -> anyhow::Result<Value> {
    let mut told = serde_json::to_value(manifest).context("could not write the manifest as JSON")?;
    told["bytes"] = json!(manifest.bytes());
    Ok(told)
}

/// What is in a backup, in one line.
pub(super) fn summary(manifest: &Manifest) -> String {
    let rows = |table: &str| manifest.rows.get(table).copied().unwrap_or(0);
    let segments = manifest.files.iter().filter(|file| file.path.starts_with("spool")).count();
    format!(
        "{}, with {} tenants, {} numbers, {} calls, {} voicemails and {segments} pieces of the journal",
        size(manifest.bytes()),
        rows("tenants"),
        rows("numbers"),
        rows("calls"),
        rows("voicemails"),
    )
}

fn keys(manifest: &Manifest) -> String {
    let names = manifest.keys.join(", ");
    if manifest.with_key {
        format!("the sealing keys are in it ({names}): whoever has this backup has every credential")
    } else {
        format!("the sealing key is not in it: keep a copy of the key file apart, it is needed to restore ({names})")
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        for (bytes, told) in [(1, "1 kB"), (999_999, "1000 kB"), (12_340_000, "12.3 MB"), (2_500_000_000, "2.5 GB")] {
            assert_eq!(size(bytes), told);
        }
    }
}
