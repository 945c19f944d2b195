//! `patchbay calls`: calls as they went, and why they went so.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::api::{self, Api, block_on, text};
use super::call::explained_at;
use super::list::Listing;
use super::remote::Remote;
use super::table::{Table, facts};
use super::tenants;
use super::when::{self, Known};

#[derive(Debug, Args)]
#[command(after_help = api::HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    api: Api,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists calls, newest first.
    List {
        /// Only those of this tenant: its id or slug.
        #[arg(long)]
        tenant: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Shows a call: the decision with its trace, and everything that happened.
    Show {
        /// Its CallSid, or Vapi's call id.
        sid: String,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let api = &arguments.api;
    block_on(async {
        match &arguments.command {
            Command::List { tenant, listing } => {
                let of = tenants::only(api, tenant.as_deref()).await?;
                let mut known = Known::default();
                let told = async |remote: &Remote, rows: &[Value]| table(remote, rows, &mut known).await;
                listing.print(api, "/api/calls", of, "no calls", told).await
            }
            Command::Show { sid } => show(api, sid).await,
        }
    })
}

async fn table(remote: &Remote, rows: &[Value], known: &mut Known) -> anyhow::Result<String> {
    let heads = ["AT", "TENANT", "FROM", "TO", "DECISION", "STATUS", "SECONDS", "CALL"];
    let mut table = Table::new(&heads, &["TENANT"]);
    for call in rows {
        let (slug, at) = known.slug_and_time(remote, &call["tenantId"], &call["at"]).await?;
        let [from, to, sid] = ["from", "to", "sid"].map(|member| text(call, member).to_owned());
        let seconds = call["durationSeconds"].as_u64().map(|seconds| seconds.to_string()).unwrap_or_default();
        table.row([at, slug, from, to, decision(call), status(call), seconds, sid]);
    }
    Ok(table.told())
}

fn decision(call: &Value) -> String {
    let decision = &call["decision"];
    let who = if decision["available"] == json!(true) { "AI" } else { "fallback" };
    format!("{who}: {}", text(decision, "reason"))
}

fn status(call: &Value) -> String {
    match call["status"].as_str() {
        Some(status) => status.to_owned(),
        None if call["live"] == json!(true) => "live".to_owned(),
        None => "–".to_owned(),
    }
}

async fn show(api: &Api, sid: &str) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let call = remote.get(&format!("/api/calls/{sid}"), &[]).await?;
    let mut known = Known::default();
    let tenant = if api.json { None } else { known.tenant(&remote, &call["tenantId"]).await? };
    api.show(&call, || told(&call, tenant));
    Ok(())
}

fn told(call: &Value, tenant: Option<&Value>) -> String {
    let zone = tenant.and_then(|tenant| tenant["timezone"].as_str());
    let at = |instant: &Value| when::told(instant, zone);
    let of = |member: &str| text(call, member).to_owned();
    let report = &call["report"];
    let seconds = call["durationSeconds"].as_u64().map(|seconds| format!("{seconds} s")).unwrap_or_default();
    let tenant = match tenant {
        Some(tenant) => format!("{} ({})", text(tenant, "name"), text(tenant, "slug")),
        None => call["tenantId"].as_str().unwrap_or("nobody: an unknown number").to_owned(),
    };
    let facts = facts(&[
        ("call", of("sid")),
        ("tenant", tenant),
        ("from", of("from")),
        ("to", of("to")),
        ("status", status(call)),
        ("lasted", seconds),
        ("ended", at(&call["endedAt"])),
        ("AI ended", text(report, "endedReason").to_owned()),
        ("AI cost", report["costUsd"].as_f64().map(|cost| format!("{cost} USD")).unwrap_or_default()),
        ("summary", text(report, "summary").to_owned()),
    ]);
    let mut parts = vec![facts, explained_at(call, at)];
    let events: Vec<&Value> = call["events"].as_array().into_iter().flatten().collect();
    if !events.is_empty() {
        let mut table = Table::new(&["AT", "WHAT", "OUTCOME", "THEN"], &[]);
        for event in events {
            let [what, outcome, step] = ["what", "outcome", "step"].map(|member| text(event, member).to_owned());
            table.row([at(&event["at"]), what, outcome, step]);
        }
        parts.push(table.told());
    }
    parts.join("\n\n")
}
