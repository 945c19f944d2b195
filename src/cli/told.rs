//! How a command is told to stop (SIGTERM or SIGINT), and how it speaks to people.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

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

/// Ends the process as clap does for what it does not understand.
pub(super) fn wrong_usage(message: &str) -> ! {
    clap::Error::raw(clap::error::ErrorKind::ValueValidation, format!("{message}\n")).exit()
}

/// Asks a person on the terminal to confirm; where none sits there, the command must say `--yes`.
pub(super) fn confirm(yes: bool, question: &str) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        wrong_usage(&format!("{question} Say --yes to confirm."));
    }
    let _ = write!(io::stderr(), "{question} Type yes: ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("could not read the answer")?;
    anyhow::ensure!(answer.trim() == "yes", "nothing was done");
    Ok(())
}

/// Likewise on standard error. True if it was taken.
pub(super) fn complain(line: impl Display) -> bool {
    writeln!(io::stderr(), "{line}").is_ok()
}
