//! What every command that asks the admin API takes: where it is, and whether a program reads the answer.
//!
//! The token is never an argument: arguments are kept in the history of shells and shown by `ps`.

use std::future::Future;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::Value;
use tokio::runtime::Builder;

use super::remote::Remote;
use super::secrets;
use super::told::say;

/// The end of the help of each such command.
pub(super) const HELP: &str = "\
The admin API is asked with the token in PATCHBAY_TOKEN; the first start of `patchbay serve` prints
one, and `patchbay token create` makes more. With --json the API's own JSON is printed.
The exit code is 0 if it was done, 1 if not, 2 if the command was not understood.";

#[derive(Debug, Args)]
pub(super) struct Api {
    /// Where the admin API is.
    #[arg(
        long,
        value_name = "URL",
        env = "PATCHBAY_ADMIN_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8081",
        display_order = 900,
        global = true
    )]
    admin_url: String,
    /// A file that holds the token, instead of PATCHBAY_TOKEN.
    #[arg(long, value_name = "FILE", display_order = 901, global = true)]
    token_file: Option<PathBuf>,
    /// Prints JSON, for programs.
    #[arg(long, display_order = 902, global = true)]
    pub json: bool,
}

impl Api {
    /// The admin API, and the right to ask it.
    pub fn remote(&self) -> anyhow::Result<Remote> {
        let token = match &self.token_file {
            Some(file) => Some(secrets::from_file(file)?),
            None => secrets::from_env("PATCHBAY_TOKEN")?,
        };
        let Some(token) = token else {
            bail!(
                "no token is set: put one into PATCHBAY_TOKEN; the first start of `patchbay serve` prints one, \
                 and the setting admin.token is one"
            );
        };
        Remote::new(&self.admin_url, token.reveal())
    }

    /// Prints what the API answered if a program reads it, else what people are told.
    pub fn show(&self, answer: &Value, people: impl FnOnce() -> String) {
        if self.json { say(answer) } else { say(people()) }
    }
}

/// Runs a command that asks and waits.
pub(super) fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build().context("could not start a runtime")?;
    runtime.block_on(command)
}

/// A member that is a text; nothing where it is none.
pub(super) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

/// The rows of a page.
pub(super) fn rows(page: &Value) -> impl Iterator<Item = &Value> {
    page["data"].as_array().into_iter().flatten()
}
