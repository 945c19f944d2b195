//! `patchbay tenants override`: somebody decides by hand.

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::show::override_told;
use super::{Named, find, path};
use crate::cli::api::{Api, text};
use crate::cli::token::instant;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Shows the override in force.
    Show(Named),
    /// Decides by hand from the next call on.
    Set {
        #[command(flatten)]
        tenant: Named,
        /// Who answers.
        #[arg(value_enum)]
        state: State,
        /// When it ends by itself: a time (2027-01-31T00:00:00Z) or how long from now (2h).
        #[arg(long, value_name = "WHEN", value_parser = instant)]
        until: Option<Timestamp>,
        /// Why, for whoever wonders later.
        #[arg(long)]
        note: Option<String>,
    },
    /// Lets the settings decide again.
    Clear(Named),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum State {
    /// The AI answers.
    ForceAi,
    /// The fallback takes every call.
    ForceFallback,
}

pub(super) async fn run(api: &Api, command: &Command) -> anyhow::Result<()> {
    let (Command::Show(named) | Command::Set { tenant: named, .. } | Command::Clear(named)) = command;
    let remote = api.remote()?;
    let found = find(&remote, &named.tenant).await?;
    let zone = found.body["timezone"].as_str();
    let path = path(&found.body, "/override");
    let now = match command {
        Command::Show(_) => remote.get(&path, &[]).await?,
        Command::Set { state, until, note, .. } => {
            let state = match state {
                State::ForceAi => "force-ai",
                State::ForceFallback => "force-fallback",
            };
            let body = json!({ "state": state, "until": until.map(|until| until.to_string()), "note": note });
            remote.change(Method::PUT, &path, Some(&body), found.tag.as_ref()).await?.body
        }
        Command::Clear(_) => {
            remote.change(Method::DELETE, &path, None, found.tag.as_ref()).await?;
            Value::Null
        }
    };
    api.show(&now, || match override_told(&now, zone) {
        none if none.is_empty() => format!("{}: the settings decide", text(&found.body, "name")),
        forced => format!("{}: {forced}", text(&found.body, "name")),
    });
    Ok(())
}
