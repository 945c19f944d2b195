//! `patchbay serve`: the edge and the admin API, until the process is told to stop.
//!
//! Told once, it answers what is under way and ends; told again, it ends at once.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::runtime::Builder;

use super::Config;
use super::told::{Stop, complain, say};
use crate::app::{self, Running};
use crate::config::Settings;
use crate::telemetry::Logs;

/// Longest the process waits at its end for the last log lines to be read.
const LOG_FLUSH: Duration = Duration::from_secs(1);

pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    let settings = config.load()?;
    let logs = Logs::start(&settings.log);
    logs.install();
    let _flushed = FlushedAtTheEnd(&logs);
    let runtime = Builder::new_multi_thread().thread_name("edge").enable_all().build();
    let runtime = runtime.context("could not start the threads of the edge")?;
    let served = runtime.block_on(serve(settings, &logs));
    runtime.shutdown_background();
    served
}

async fn serve(settings: Settings, logs: &Logs) -> anyhow::Result<()> {
    let mut stop = Stop::new()?;
    let running = tokio::select! {
        started = app::start(settings) => started?,
        () = stop.told() => {
            // Nothing was answered yet, so there is nothing to finish; what is half built must not be waited for.
            tracing::info!("told to stop before the first call");
            logs.flush(LOG_FLUSH);
            std::process::exit(0);
        }
    };
    tracing::info!(edge = %running.edge, admin = %running.admin, "patchbay answers calls");
    show_first_sight(&running);
    stop.told().await;
    tracing::info!("stopping: no new calls, those under way are answered; a second signal ends this at once");
    tokio::select! {
        () = running.stop() => Ok(()),
        () = stop.told() => bail!("told twice to stop: what was under way was cut off; what was acknowledged is kept"),
    }
}

/// Shows the operator token and a link to the console, if they were made at this start, on a stream nobody parses; only
/// their hashes are kept.
fn show_first_sight(running: &Running) {
    let Some(first) = &running.first else { return };
    let mut line = format!("operator token (shown once, keep it): {}", first.token.reveal());
    if let Some(link) = &first.console {
        line += &format!("\nthe console, by a link that is good once and for ten minutes: {}", link.reveal());
    }
    // A terminal or pipe that nobody reads must not keep the signals waiting.
    let shown = std::thread::Builder::new().name("token".to_owned()).spawn(move || {
        if !complain(&line) {
            say(&line)
        }
    });
    if shown.is_err() {
        tracing::error!("the operator token could not be shown: give one in admin.token and start again");
    }
}

/// Lets the last lines out however the process ends, be it by a panic.
struct FlushedAtTheEnd<'a>(&'a Logs);

impl Drop for FlushedAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.flush(LOG_FLUSH);
    }
}
