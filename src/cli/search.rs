//! `patchbay search`: everything by a few words.

use clap::Args;
use serde_json::Value;

use super::api::{self, Api, block_on, rows, text};
use super::table::Table;

#[derive(Debug, Args)]
#[command(after_help = api::HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    api: Api,
    /// A whole id or SID, a number or its last digits, part of a name, or of what was said.
    words: String,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let api = &arguments.api;
    block_on(async {
        let found = api.remote()?.get("/api/search", &[("q", &arguments.words)]).await?;
        api.show(&found, || told(&found));
        Ok(())
    })
}

fn told(found: &Value) -> String {
    let mut table = Table::new(&["KIND", "WHAT", "DETAIL", "ID"], &["DETAIL", "WHAT"]);
    for hit in rows(found) {
        table.row(["kind", "title", "detail", "id"].map(|member| text(hit, member).to_owned()));
    }
    if rows(found).next().is_none() { "nothing found".to_owned() } else { table.told() }
}
