//! `patchbay tenants concurrency`: how many call at once.

use clap::Args;
use serde_json::Value;

use super::{Named, find, path};
use crate::cli::api::{Api, text};
use crate::cli::table::Table;
use crate::cli::when;

/// As many hours as are shown, the busiest.
const HOURS: usize = 10;

#[derive(Debug, Args)]
pub(super) struct Concurrency {
    #[command(flatten)]
    tenant: Named,
    /// How many days, today among them; 90 at most.
    #[arg(long, value_name = "COUNT", default_value_t = 30)]
    days: u16,
}

pub(super) async fn run(api: &Api, concurrency: &Concurrency) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let tenant = find(&remote, &concurrency.tenant.tenant).await?.body;
    let days = concurrency.days.to_string();
    let answer = remote.get(&path(&tenant, "/concurrency"), &[("days", &days)]).await?;
    api.show(&answer, || told(&answer));
    Ok(())
}

fn told(answer: &Value) -> String {
    let zone = Some(text(answer, "timezone"));
    let threshold = match answer["threshold"].as_u64() {
        Some(count) => format!("the AI answers from {count} other calls on"),
        None => "their number plays no part in who answers".to_owned(),
    };
    let mut lines = vec![format!("{} calls since {}; {threshold}", answer["calls"], when::told(&answer["from"], zone))];
    let rows = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
    let shares = rows("distribution");
    if !shares.is_empty() {
        let mut table = Table::new(&["OTHERS", "CALLS THAT FOUND SO MANY"], &[]);
        shares.iter().for_each(|share| table.row([share["others"].to_string(), share["calls"].to_string()]));
        lines.push(table.told());
        let mut hours = rows("hours");
        hours.sort_by_key(|hour| std::cmp::Reverse((hour["busiest"].as_u64(), hour["calls"].as_u64())));
        let mut table = Table::new(&["BUSIEST HOURS", "CALLS", "MOST OTHERS"], &[]);
        for hour in hours.iter().take(HOURS) {
            table.row([when::told(&hour["at"], zone), hour["calls"].to_string(), hour["busiest"].to_string()]);
        }
        lines.push(table.told());
    }
    lines.join("\n\n")
}
