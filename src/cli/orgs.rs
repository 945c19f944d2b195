//! `patchbay orgs`: organizations, their Twilio accounts and whether they may be charged.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{self, Api, block_on, text};
use super::list::{Listing, Pages};
use super::remote::{Answer, Remote};
use super::table::{Table, facts};
use super::told::confirm;
use super::{secrets, when};

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
    /// Lists organizations by name.
    List(Listing),
    /// Shows an organization.
    Show(Named),
    /// Creates an organization.
    Create {
        /// What it is called.
        #[arg(long)]
        name: String,
    },
    /// Gives an organization another name.
    Rename {
        #[command(flatten)]
        org: Named,
        /// The new name.
        name: String,
    },
    /// Deletes an organization that has no tenants.
    Delete {
        #[command(flatten)]
        org: Named,
        /// Asks nothing.
        #[arg(long)]
        yes: bool,
    },
    /// Gives an organization its own Twilio account, or the account other tokens.
    #[command(after_help = TWILIO_HELP)]
    SetTwilio(Twilio),
    /// Takes an organization's own Twilio account away.
    ClearTwilio {
        #[command(flatten)]
        org: Named,
        /// Asks nothing.
        #[arg(long)]
        yes: bool,
    },
    /// Says whether an organization may be charged, or asks it.
    Billing {
        #[command(flatten)]
        org: Named,
        /// What it is from now on; absent, it is only shown.
        status: Option<Billing>,
    },
}

#[derive(Debug, Args)]
struct Named {
    /// Its id (org_…) or its whole name.
    #[arg(value_name = "ORG")]
    org: String,
}

const TWILIO_HELP: &str = "\
The tokens are read from an environment variable or a file, never from an argument: what is typed
stays in the history of the shell. `-` as the file reads standard input.";

#[derive(Debug, Args)]
struct Twilio {
    #[command(flatten)]
    org: Named,
    /// The account, AC…
    #[arg(long, value_name = "AC…")]
    account_sid: String,
    /// The environment variable that holds the auth token.
    #[arg(long, value_name = "NAME", required_unless_present = "auth_token_file", conflicts_with = "auth_token_file")]
    auth_token_env: Option<String>,
    /// The file that holds the auth token.
    #[arg(long, value_name = "FILE")]
    auth_token_file: Option<PathBuf>,
    /// The environment variable that holds the token after the next rotation.
    #[arg(long, value_name = "NAME", conflicts_with = "next_token_file")]
    next_token_env: Option<String>,
    /// The file that holds the token after the next rotation.
    #[arg(long, value_name = "FILE")]
    next_token_file: Option<PathBuf>,
    /// A number of the account, shown as caller ID where the caller's own cannot be.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    phone_number: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Billing {
    Verified,
    Unverified,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    block_on(obey(&arguments.api, &arguments.command))
}

async fn obey(api: &Api, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List(listing) => {
            let nothing = "no organizations that this token may see";
            listing.print(api, "/api/orgs", vec![], nothing, async |_, rows| Ok(table(rows))).await
        }
        Command::Show(org) => {
            let found = find(&api.remote()?, &org.org).await?;
            api.show(&found.body, || shown(&found.body));
            Ok(())
        }
        Command::Create { name } => {
            let made = api.remote()?.post("/api/orgs", &json!({ "name": name })).await?;
            api.show(&made, || format!("{} is {}", text(&made, "name"), text(&made, "id")));
            Ok(())
        }
        Command::Rename { org, name } => change(api, &org.org, Method::PATCH, "", Some(json!({ "name": name }))).await,
        Command::Delete { org, yes } => {
            let remote = api.remote()?;
            let found = find(&remote, &org.org).await?;
            let name = text(&found.body, "name");
            confirm(*yes, &format!("{name} will be gone, and its tokens open nothing any more."))?;
            remote.change(Method::DELETE, &path(&found.body, ""), None, found.tag.as_ref()).await?;
            api.show(&json!({ "id": found.body["id"], "deleted": true }), || format!("{name} is gone"));
            Ok(())
        }
        Command::SetTwilio(twilio) => {
            let token = secrets::named(twilio.auth_token_env.as_deref(), twilio.auth_token_file.as_deref())?;
            let token = token.context("an auth token is needed; name it with --auth-token-env or --auth-token-file")?;
            let mut body = json!({ "accountSid": twilio.account_sid, "authToken": token.reveal() });
            if let Some(next) = secrets::named(twilio.next_token_env.as_deref(), twilio.next_token_file.as_deref())? {
                body["authTokenNext"] = json!(next.reveal());
            }
            if let Some(number) = &twilio.phone_number {
                body["phoneNumber"] = json!(number);
            }
            change(api, &twilio.org.org, Method::PUT, "/twilio", Some(body)).await
        }
        Command::ClearTwilio { org, yes } => {
            let question = "Its tenants' calls will be carried by the account of this installation.";
            confirm(*yes, question)?;
            change(api, &org.org, Method::DELETE, "/twilio", None).await
        }
        Command::Billing { org, status: Some(status) } => {
            let status = match status {
                Billing::Verified => "verified",
                Billing::Unverified => "unverified",
            };
            change(api, &org.org, Method::PUT, "/billing", Some(json!({ "status": status }))).await
        }
        Command::Billing { org, status: None } => {
            let remote = api.remote()?;
            let found = find(&remote, &org.org).await?;
            let billing = remote.get(&path(&found.body, "/billing"), &[]).await?;
            api.show(&billing, || text(&billing, "status").to_owned());
            Ok(())
        }
    }
}

/// Changes an organization as it was read, and shows what it is then.
async fn change(api: &Api, org: &str, method: Method, part: &str, body: Option<Value>) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let found = find(&remote, org).await?;
    remote.change(method, &path(&found.body, part), body.as_ref(), found.tag.as_ref()).await?;
    let now = remote.get(&path(&found.body, ""), &[]).await?;
    api.show(&now, || shown(&now));
    Ok(())
}

fn path(org: &Value, part: &str) -> String {
    format!("/api/orgs/{}{part}", text(org, "id"))
}

/// The organization of this id or whole name, with its tag.
pub(super) async fn find(remote: &Remote, named: &str) -> anyhow::Result<Answer> {
    if named.starts_with("org_") {
        return remote.read(&format!("/api/orgs/{named}"), &[]).await;
    }
    let rows = Pages::of(remote, "/api/orgs", vec![("q", named.to_owned())]).rest().await?;
    let mut same = rows.iter().filter(|org| text(org, "name") == named);
    match (same.next(), same.next()) {
        (Some(org), None) => remote.read(&path(org, ""), &[]).await,
        (Some(one), Some(other)) => {
            bail!("several organizations are called `{named}`; name one by its id: {}, {}", one["id"], other["id"])
        }
        (None, _) => bail!("no organization is called `{named}`; `patchbay orgs list` shows those there are"),
    }
}

fn table(rows: &[Value]) -> String {
    let mut table = Table::new(&["ID", "NAME", "BILLING", "TWILIO"], &["NAME"]);
    for org in rows {
        let [id, name, billing] = ["id", "name", "billing"].map(|member| text(org, member).to_owned());
        table.row([id, name, billing, account(org)]);
    }
    table.told()
}

fn account(org: &Value) -> String {
    org["twilio"]["accountSid"].as_str().unwrap_or("the platform's").to_owned()
}

fn shown(org: &Value) -> String {
    let twilio = &org["twilio"];
    let next = if twilio["hasNextToken"] == json!(true) { "kept for the next rotation" } else { "" };
    facts(&[
        ("id", text(org, "id").to_owned()),
        ("name", text(org, "name").to_owned()),
        ("billing", text(org, "billing").to_owned()),
        ("twilio", account(org)),
        ("next token", next.to_owned()),
        ("caller id", text(twilio, "phoneNumber").to_owned()),
        ("version", org["version"].to_string()),
        ("created", when::told(&org["createdAt"], None)),
        ("changed", when::told(&org["updatedAt"], None)),
    ])
}
