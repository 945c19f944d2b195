//! `patchbay token`: tokens for people, scripts and dashboards; each opens no more than its part.

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{self, Api, block_on, text};
use super::list::Listing;
use super::table::Table;
use super::told::say;
use super::when;

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
    /// Makes a token and shows its secret, this once.
    Create(Create),
    /// Lists tokens, newest first, those that are no good any more too.
    List(Listing),
    /// Revokes a token: it opens nothing from now on.
    Revoke {
        /// Its id, tok_…
        id: String,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// What it is for, for whoever reads the list and the audit log.
    #[arg(long)]
    name: String,
    /// Whose: operator, org:ID or tenant:ID.
    #[arg(long, default_value = "operator")]
    role: String,
    /// May it change anything?
    #[arg(long, value_enum, default_value_t = Access::Write)]
    access: Access,
    /// Until when: a time (2027-01-31T00:00:00Z) or how long from now (90d, 12h).
    #[arg(long, value_name = "WHEN", value_parser = instant)]
    expires: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Access {
    Read,
    Write,
}

/// A time, or how long from now.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let wrong = || "must be a time as 2027-01-31T00:00:00Z or a duration as 12h or 90d".to_owned();
    let days = text.strip_suffix('d').and_then(|days| days.parse().ok()).map(|days: u32| i64::from(days) * 24);
    let length = match days {
        Some(hours) => SignedDuration::from_hours(hours),
        None => text.parse::<SignedDuration>().map_err(|_| wrong())?,
    };
    if !length.is_positive() {
        return Err(wrong());
    }
    Timestamp::now().checked_add(length).map_err(|_| wrong())
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let api = &arguments.api;
    block_on(async {
        match &arguments.command {
            Command::Create(create) => make(api, create).await,
            Command::List(listing) => {
                listing.print(api, "/api/tokens", vec![], "no tokens", async |_, rows| Ok(table(rows))).await
            }
            Command::Revoke { id } => {
                api.remote()?.change(Method::DELETE, &format!("/api/tokens/{id}"), None, None).await?;
                api.show(&json!({ "id": id, "revoked": true }), || format!("{id} opens nothing any more"));
                Ok(())
            }
        }
    })
}

async fn make(api: &Api, create: &Create) -> anyhow::Result<()> {
    let access = match create.access {
        Access::Read => "read",
        Access::Write => "write",
    };
    let mut body = json!({ "name": create.name, "role": create.role, "access": access });
    if let Some(end) = create.expires {
        body["expiresAt"] = json!(end.to_string());
    }
    let made = api.remote()?.post("/api/tokens", &body).await?;
    let secret = made["secret"].as_str().context("the admin API made a token and did not tell its secret")?;
    if api.json {
        say(&made);
        return Ok(());
    }
    say(format_args!("{}  {}  {}  {}", text(&made, "id"), text(&made, "role"), access, text(&made, "name")));
    say(format_args!("\n  {secret}\n\nThis is shown once: keep it now. It goes into PATCHBAY_TOKEN."));
    Ok(())
}

fn table(rows: &[Value]) -> String {
    let mut table = Table::new(&["ID", "NAME", "ROLE", "ACCESS", "STATE", "LAST USED"], &["NAME"]);
    for token in rows {
        let used = when::told(&token["lastUsedAt"], None);
        let row = ["id", "name", "role", "access"].map(|member| text(token, member).to_owned());
        let [id, name, role, access] = row;
        table.row([id, name, role, access, state(token), if used.is_empty() { "never".to_owned() } else { used }]);
    }
    table.told()
}

fn state(token: &Value) -> String {
    let over = |member: &str| {
        let at = token[member].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        at.filter(|at| *at <= Timestamp::now()).map(|_| when::told(&token[member], None))
    };
    if let Some(at) = over("revokedAt") {
        return format!("revoked {at}");
    }
    if let Some(at) = over("expiresAt") {
        return format!("expired {at}");
    }
    let until = when::told(&token["expiresAt"], None);
    if until.is_empty() { "good".to_owned() } else { format!("good until {until}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_time_or_a_length() {
        assert_eq!(instant("2027-01-31T00:00:00Z").expect("a time").to_string(), "2027-01-31T00:00:00Z");
        let (now, hour) = (Timestamp::now(), SignedDuration::from_hours(1));
        for (length, hours) in [("90d", 2160), ("12h", 12)] {
            let end = instant(length).expect(length);
            let off = end.duration_since(now) - SignedDuration::from_hours(hours);
            assert!(off.abs() < hour, "{length}");
        }
        for bad in ["", "soon", "-3h", "0d", "5", "99999999999d"] {
            assert!(instant(bad).is_err(), "{bad}");
        }
    }
}
