//! `patchbay tenants replay`: how recorded calls would have gone.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::availability::one_document;
use super::{Named, find, path};
use crate::cli::api::{Api, text};
use crate::cli::table::Table;
use crate::cli::when;

#[derive(Debug, Args)]
pub(super) struct Replay {
    #[command(flatten)]
    tenant: Named,
    /// Calls from this time on (RFC 3339).
    #[arg(long, value_name = "TIME")]
    from: Timestamp,
    /// Calls before this time (RFC 3339), at most 31 days later.
    #[arg(long, value_name = "TIME")]
    to: Timestamp,
    /// Settings that were not saved: YAML or JSON, `-` is standard input; those there are where absent.
    #[arg(long, value_name = "FILE")]
    availability: Option<PathBuf>,
}

pub(super) async fn run(api: &Api, replay: &Replay) -> anyhow::Result<()> {
    let mut body = json!({ "from": replay.from.to_string(), "to": replay.to.to_string() });
    if let Some(file) = &replay.availability {
        body["availability"] = one_document(file)?.value();
    }
    let remote = api.remote()?;
    let tenant = find(&remote, &replay.tenant.tenant).await?.body;
    let answer = remote.post(&path(&tenant, "/replay"), &body).await?;
    api.show(&answer, || told(&answer, tenant["timezone"].as_str()));
    Ok(())
}

fn told(answer: &Value, zone: Option<&str>) -> String {
    let count = |name: &str| answer[name].as_u64().unwrap_or_default();
    let mut lines = vec![format!(
        "{} calls: {} would go as they went, {} to somebody else, of {} nothing can be said",
        count("calls"),
        count("same"),
        count("differ"),
        count("unknown")
    )];
    if answer["truncated"] == json!(true) {
        lines.push(format!("there were more; replayed are those before {}", when::told(&answer["until"], zone)));
    }
    let changes: Vec<&Value> = answer["changes"].as_array().into_iter().flatten().collect();
    if !changes.is_empty() {
        let mut table = Table::new(&["AT", "FROM", "THEN", "NOW", "OTHERS", "CALL"], &[]);
        for change in &changes {
            table.row([
                when::told(&change["at"], zone),
                text(change, "from").to_owned(),
                who(&change["then"]),
                who(&change["now"]),
                change["activeCalls"].to_string(),
                text(change, "sid").to_owned(),
            ]);
        }
        lines.push(table.told());
    }
    if (changes.len() as u64) < count("differ") {
        lines.push(format!("the newest {} of {}", changes.len(), count("differ")));
    }
    lines.join("\n")
}

fn who(decision: &Value) -> String {
    let who = if decision["available"] == json!(true) { "AI" } else { "fallback" };
    format!("{who}: {}", text(decision, "reason"))
}
