//! How a command is told to stop (SIGTERM or SIGINT), and how it speaks to people.

use std::fmt::Display;
use std::io::{self, Write as _};

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end a command. Once made, they no longer end the process by themselves.
pub(super) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    pub fn new() -> anyhow::Result<Stop> {
        Ok(Stop {
            terminate: signal(SignalKind::terminate()).context("could not listen for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("could not listen for SIGINT")?,
        })
    }

    /// Waits for the next one.
    pub async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Prints a line. A reader who has gone (`patchbay demo | head`) is no reason to fail: what was asked for goes on.
pub(super) fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Likewise on standard error. True if it was taken.
pub(super) fn complain(line: impl Display) -> bool {
    writeln!(io::stderr(), "{line}").is_ok()
}
