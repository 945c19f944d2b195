//! `patchbay tenants`: the businesses, their settings and versions.
//!
//! Here: what can be typed, and which tenant is meant. Every change names the version it was made from, so that two
//! people who change the same tenant do not undo each other's work unseen.

mod availability;
mod body;
mod concurrency;
mod coverage;
mod forced;
mod guide;
mod phone;
mod port;
mod replay;
mod show;
mod simulate;
mod sip_names;
mod versions;

use anyhow::bail;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{self, Api, block_on, text};
use super::jobs::Watch;
use super::list::{Listing, Pages};
use super::orgs;
use super::remote::{Answer, Remote};
use super::told::confirm;

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
    /// Lists tenants by name.
    List {
        /// Only those of this organization: its id or name.
        #[arg(long)]
        org: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Shows a tenant with its settings.
    Show(Named),
    /// Creates a tenant: the AI always answers, voicemail where it cannot.
    #[command(after_help = body::HELP)]
    Create {
        /// What callers hear it called.
        #[arg(long)]
        name: String,
        /// Its organization: id or name; the token's own, or the platform's, where absent.
        #[arg(long)]
        org: Option<String>,
        #[command(flatten)]
        fields: Box<body::Fields>,
    },
    /// Changes what is named, and leaves the rest.
    #[command(after_help = body::HELP)]
    Change {
        #[command(flatten)]
        tenant: Named,
        /// What callers hear it called.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        fields: Box<body::Fields>,
        /// Takes away what was set.
        #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
        clear: Vec<body::Clear>,
    },
    /// Gives a tenant another name; its slug stays.
    Rename {
        #[command(flatten)]
        tenant: Named,
        /// The new name.
        name: String,
    },
    /// Deletes a tenant; its numbers rest, and callers hear that they are not in use.
    Delete {
        #[command(flatten)]
        tenant: Named,
        /// Asks nothing.
        #[arg(long)]
        yes: bool,
    },
    /// When the AI answers.
    Availability {
        #[command(subcommand)]
        command: availability::Command,
    },
    /// Decides by hand who answers, for a while or until it is cleared.
    Override {
        #[command(subcommand)]
        command: forced::Command,
    },
    /// Shows or says how a tenant is reached: forwarded by its carrier, from its own telephone system, or by its number moved
    /// here.
    Phone(phone::Phone),
    /// Sets up how a tenant is reached: its number, its SIP name, its address at Vapi.
    Deploy {
        #[command(flatten)]
        tenant: Named,
        #[command(flatten)]
        watch: Watch,
    },
    /// A tenant's own number on its way here: what its carrier wants, and how far it is.
    Port {
        #[command(subcommand)]
        command: port::Command,
    },
    /// Shows the names its telephone systems sign in with, or removes the older of two.
    SipNames(sip_names::SipNames),
    /// Prints how a business sets itself up so that its calls come here, written out for it.
    Guide(guide::Guide),
    /// Lists what was saved when and by whom, newest first, each with what it changed.
    Versions {
        #[command(flatten)]
        tenant: Named,
        #[command(flatten)]
        listing: Listing,
    },
    /// Shows what differs between two versions.
    Diff {
        #[command(flatten)]
        tenant: Named,
        /// The older one.
        from: u64,
        /// The newer one; what is now where absent.
        to: Option<u64>,
    },
    /// Goes back to a version, which is saved once more as a new one.
    Rollback {
        #[command(flatten)]
        tenant: Named,
        /// The version.
        version: u64,
    },
    /// Says what would happen to a call, and why. Nothing is stored.
    Simulate(simulate::Question),
    /// Shows who answers when, day by day.
    Coverage(coverage::Coverage),
    /// Says how recorded calls would have gone by other settings. Nothing is stored.
    Replay(replay::Replay),
    /// Shows how many call at once, beside the threshold overflow goes by.
    Concurrency(concurrency::Concurrency),
}

/// Which tenant is meant.
#[derive(Debug, Args)]
struct Named {
    /// Its id (ten_…) or slug.
    #[arg(value_name = "TENANT")]
    tenant: String,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    block_on(obey(&arguments.api, &arguments.command))
}

async fn obey(api: &Api, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List { org, listing } => {
            let mut only = Vec::new();
            if let Some(org) = org {
                only.push(("orgId", text(&orgs::find(&api.remote()?, org).await?.body, "id").to_owned()));
            }
            let nothing = "no tenants that this token may see";
            listing.print(api, "/api/tenants", only, nothing, async |_, rows| Ok(show::table(rows))).await
        }
        Command::Show(tenant) => show::run(api, &tenant.tenant).await,
        Command::Create { name, org, fields } => create(api, name, org.as_deref(), fields).await,
        Command::Change { tenant, name, fields, clear } => {
            let mut body = fields.body()?;
            if let Some(name) = name {
                body["name"] = json!(name);
            }
            clear.iter().for_each(|what| what.take_away(&mut body));
            change(api, &tenant.tenant, &body).await
        }
        Command::Rename { tenant, name } => change(api, &tenant.tenant, &json!({ "name": name })).await,
        Command::Delete { tenant, yes } => delete(api, &tenant.tenant, *yes).await,
        Command::Availability { command } => availability::run(api, command).await,
        Command::Override { command } => forced::run(api, command).await,
        Command::Phone(phone) => phone::run(api, phone).await,
        Command::SipNames(names) => sip_names::run(api, names).await,
        Command::Deploy { tenant, watch } => phone::deploy(api, tenant, *watch).await,
        Command::Port { command } => port::run(api, command).await,
        Command::Guide(guide) => guide::run(api, guide).await,
        Command::Versions { tenant, listing } => versions::list(api, &tenant.tenant, listing).await,
        Command::Diff { tenant, from, to } => versions::diff(api, &tenant.tenant, *from, *to).await,
        Command::Rollback { tenant, version } => versions::rollback(api, &tenant.tenant, *version).await,
        Command::Simulate(question) => simulate::run(api, question).await,
        Command::Coverage(coverage) => coverage::run(api, coverage).await,
        Command::Replay(replay) => replay::run(api, replay).await,
        Command::Concurrency(concurrency) => concurrency::run(api, concurrency).await,
    }
}

async fn create(api: &Api, name: &str, org: Option<&str>, fields: &body::Fields) -> anyhow::Result<()> {
    let mut body = fields.body()?;
    body["name"] = json!(name);
    let remote = api.remote()?;
    if let Some(org) = org {
        body["orgId"] = orgs::find(&remote, org).await?.body["id"].take();
    }
    let made = remote.post("/api/tenants", &body).await?;
    api.show(&made, || format!("{} is {}, slug {}", text(&made, "name"), text(&made, "id"), text(&made, "slug")));
    Ok(())
}

async fn change(api: &Api, named: &str, body: &Value) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let found = find(&remote, named).await?;
    let now = remote.change(Method::PATCH, &path(&found.body, ""), Some(body), found.tag.as_ref()).await?.body;
    api.show(&now, || show::changed(&found.body, &now));
    Ok(())
}

async fn delete(api: &Api, named: &str, yes: bool) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let found = find(&remote, named).await?;
    let name = text(&found.body, "name");
    confirm(yes, &format!("{name} will be gone; callers of its numbers hear that they are not in use."))?;
    remote.change(Method::DELETE, &path(&found.body, ""), None, found.tag.as_ref()).await?;
    api.show(&json!({ "id": found.body["id"], "deleted": true }), || format!("{name} is gone"));
    Ok(())
}

fn path(tenant: &Value, part: &str) -> String {
    format!("/api/tenants/{}{part}", text(tenant, "id"))
}

/// The tenant of this id or slug, with its tag.
pub(super) async fn find(remote: &Remote, named: &str) -> anyhow::Result<Answer> {
    if named.starts_with("ten_") {
        return remote.read(&format!("/api/tenants/{named}"), &[]).await;
    }
    let found = Pages::of(remote, "/api/tenants", vec![("slug", named.to_owned())]).rest().await?;
    if let Some(tenant) = found.first() {
        return remote.read(&path(tenant, ""), &[]).await;
    }
    bail!("no tenant has the slug `{named}`; `patchbay tenants list` shows those there are")
}

/// What narrows a list to a tenant, if one is named.
pub(super) async fn only(api: &Api, named: Option<&str>) -> anyhow::Result<Vec<(&'static str, String)>> {
    let Some(named) = named else { return Ok(Vec::new()) };
    if named.starts_with("ten_") {
        return Ok(vec![("tenantId", named.to_owned())]);
    }
    let found = find(&api.remote()?, named).await?;
    Ok(vec![("tenantId", text(&found.body, "id").to_owned())])
}
