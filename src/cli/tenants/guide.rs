//! `patchbay tenants guide`: how a business sets itself up, written out for it.

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use super::{Named, find, path};
use crate::cli::api::Api;
use crate::cli::told::say;
use crate::guides::{Method, Pbx};

/// Of whom, and of what.
#[derive(Debug, Args)]
pub(super) struct Guide {
    #[command(flatten)]
    tenant: Named,
    /// The way of being reached; without it, the one the tenant is configured for, else all side by side.
    #[arg(long, value_parser = PossibleValuesParser::new(Method::ALL.map(Method::as_str)))]
    method: Option<String>,
    /// The telephone system that calls over SIP; without it, the tenant's own.
    #[arg(long, value_parser = PossibleValuesParser::new(Pbx::ALL.map(Pbx::as_str)))]
    pbx: Option<String>,
    /// The form it is printed in.
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// To be read, or put somewhere.
    Markdown,
    /// A page to be kept, printed or sent on.
    Html,
    /// For programs; --json is the same.
    Json,
}

pub(super) async fn run(api: &Api, guide: &Guide) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let tenant = find(&remote, &guide.tenant.tenant).await?.body;
    let path = path(&tenant, "/setup-guide");
    let asked = [("method", &guide.method), ("pbx", &guide.pbx)];
    let query: Vec<(&str, &str)> = asked.iter().filter_map(|(name, word)| Some((*name, word.as_deref()?))).collect();
    let format = if api.json { Format::Json } else { guide.format };
    match format {
        Format::Json => say(remote.get(&path, &query).await?),
        Format::Markdown => say(remote.read_as("text/markdown", &path, &query).await?.trim_end()),
        Format::Html => say(remote.read_as("text/html", &path, &query).await?.trim_end()),
    }
    Ok(())
}
