//! `patchbay console`: a link that opens the console in a browser, once, as whoever's token asks for it.

use clap::Args;
use serde_json::Value;

use super::api::{Api, block_on, text};
use super::told::complain;
use super::when;

/// The end of its help.
pub(super) const HELP: &str = "\
The link is good once, for ten minutes, and opens what the token in PATCHBAY_TOKEN opens. It is all
that is printed on standard output. With --json the API's own JSON is printed.
The exit code is 0 if it was done, 1 if not, 2 if the command was not understood.";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    api: Api,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let api = &arguments.api;
    let made = block_on(async { api.remote()?.post("/api/session/links", &Value::Null).await })?;
    api.show(&made, || text(&made, "url").to_owned());
    if !api.json {
        complain(format_args!("good once, until {}", when::told(&made["expiresAt"], None)));
    }
    Ok(())
}
