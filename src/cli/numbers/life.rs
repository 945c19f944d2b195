//! What becomes of numbers, as a shell tells it.

use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cli::api::{Api, rows, text};
use crate::cli::list::Listing;
use crate::cli::remote::Remote;
use crate::cli::table::Table;
use crate::cli::tenants;
use crate::cli::told::say;
use crate::cli::when::{self, Known};

/// Which numbers of the ledger.
#[derive(Debug, Args)]
pub(super) struct Ledger {
    /// Only those that are this tenant's, or were last: its id or slug.
    #[arg(long)]
    tenant: Option<String>,
    /// Only those in this state: active, resting, unassigned, released.
    #[arg(long)]
    state: Option<String>,
    #[command(flatten)]
    listing: Listing,
}

pub(super) async fn ledger(api: &Api, asked: &Ledger) -> anyhow::Result<()> {
    let mut only = tenants::only(api, asked.tenant.as_deref()).await?;
    only.extend(asked.state.clone().map(|state| ("state", state)));
    let mut known = Known::default();
    let told = async |remote: &Remote, rows: &[Value]| table(remote, rows, &mut known).await;
    asked.listing.print(api, "/api/numbers/ledger", only, "no numbers", told).await
}

async fn table(remote: &Remote, rows: &[Value], known: &mut Known) -> anyhow::Result<String> {
    let mut table = Table::new(&["NUMBER", "STATE", "TENANT", "SINCE", "OURS SINCE", "MONTHS", "ID"], &["TENANT"]);
    for life in rows {
        let slug = known.slug(remote, &life["tenantId"]).await?;
        let [e164, state, id] = ["e164", "state", "id"].map(|member| text(life, member).to_owned());
        let [since, ours] = ["since", "acquiredAt"].map(|member| when::told(&life[member], None));
        table.row([e164, state, slug, since, ours, life["monthsPaid"].to_string(), id]);
    }
    Ok(table.told())
}

pub(super) async fn history(api: &Api, id: &str) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let spells = remote.get(&format!("/api/numbers/{id}/history"), &[]).await?;
    if api.json {
        say(&spells);
        return Ok(());
    }
    let (mut table, mut known) = (Table::new(&["SINCE", "UNTIL", "STATE", "TENANT"], &["TENANT"]), Known::default());
    for spell in rows(&spells) {
        let slug = known.slug(&remote, &spell["tenantId"]).await?;
        let since = when::told(&spell["since"], None);
        let until = if spell["until"].is_null() { "now".to_owned() } else { when::told(&spell["until"], None) };
        table.row([since, until, text(spell, "state").to_owned(), slug]);
    }
    say(table.told());
    Ok(())
}

/// Looks where every number leads, and ends badly where one is not as it should be.
pub(super) async fn audit(api: &Api) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let seen = remote.change(Method::POST, "/api/numbers/audit", None, None).await?.body;
    let of = |member: &str| seen[member].as_array().map(Vec::as_slice).unwrap_or_default();
    if api.json {
        say(&seen);
    } else {
        let mut lines = Vec::new();
        for finding in of("findings") {
            let next = match (finding["jobId"].as_str(), finding["whyNot"].as_str()) {
                (Some(job), _) => format!("; {job} brings it back"),
                (None, Some(why)) => format!("; it is left so: {why}"),
                (None, None) => String::new(),
            };
            let [e164, id, detail] = ["e164", "numberId", "detail"].map(|member| text(finding, member));
            lines.push(format!("✗ {e164} ({id}): {detail}{next}"));
        }
        for unknown in of("unknown") {
            let (whose, record) = match unknown["accountSid"].as_str() {
                Some(sid) => (format!("account {sid}"), "POST /api/numbers/owned"),
                None => ("Vapi".to_owned(), "numbers sync"),
            };
            let e164 = text(unknown, "e164");
            lines.push(format!(
                "! {e164}: {whose} has it, and nobody here knows it: record it ({record}), or give it back there"
            ));
        }
        for whom in of("notAsked") {
            lines.push(format!("! {} could not be asked: {}", text(whom, "whom"), text(whom, "why")));
        }
        lines.extend(
            of("returned").iter().map(|e164| format!("· {} is in the pool again", e164.as_str().unwrap_or_default())),
        );
        lines.push(format!("{} numbers looked at, {} not as they should be", seen["lookedAt"], of("findings").len()));
        say(lines.join("\n"));
    }
    let is_well = seen["findings"] == json!([]) && seen["notAsked"] == json!([]);
    anyhow::ensure!(is_well, "not all is as it should be");
    Ok(())
}
