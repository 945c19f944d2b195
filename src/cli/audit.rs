//! `patchbay audit`: who changed what, and how it was before.

use clap::Args;
use serde_json::Value;

use super::api::{self, Api, block_on, text};
use super::differences::{Difference, between};
use super::list::Listing;
use super::table::{Table, harmless};
use super::{tenants, when};

#[derive(Debug, Args)]
#[command(after_help = api::HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    api: Api,
    /// Only what concerns this tenant: its id or slug.
    #[arg(long)]
    tenant: Option<String>,
    /// Under each change, what it changed.
    #[arg(long)]
    changes: bool,
    #[command(flatten)]
    listing: Listing,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let api = &arguments.api;
    block_on(async {
        let of = tenants::only(api, arguments.tenant.as_deref()).await?;
        let told = |rows: &[Value]| if arguments.changes { changes(rows) } else { table(rows) };
        arguments.listing.print(api, "/api/audit", of, "no changes", async |_, rows| Ok(told(rows))).await
    })
}

fn table(rows: &[Value]) -> String {
    let mut table = Table::new(&["AT", "WHO", "WHAT", "TO WHOM"], &["WHO"]);
    for entry in rows {
        let [who, what, subject] = ["who", "what", "subject"].map(|member| text(entry, member).to_owned());
        table.row([when::told(&entry["at"], None), who, what, subject]);
    }
    table.told()
}

fn changes(rows: &[Value]) -> String {
    let told = rows.iter().map(|entry| {
        let [who, what, subject] = ["who", "what", "subject"].map(|member| harmless(text(entry, member)));
        let head = format!("{}  {who}  {what}  {subject}", when::told(&entry["at"], None));
        let differences = between(&entry["before"], &entry["after"]);
        // They change with every save and say nothing.
        let told = differences.iter().filter(|one| !matches!(one.place.as_str(), "version" | "updatedAt"));
        let lines: Vec<String> = told.flat_map(Difference::told).collect();
        std::iter::once(head).chain(lines.iter().map(|line| format!("  {line}"))).collect::<Vec<_>>().join("\n")
    });
    told.collect::<Vec<_>>().join("\n")
}
