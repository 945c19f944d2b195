//! `patchbay numbers`: those there are, whom they lead to, and those that can be had. What is done with them is in `deeds`.

mod deeds;
mod life;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cli::api::{self, Api, block_on, rows, text};
use crate::cli::jobs::Watch;
use crate::cli::list::Listing;
use crate::cli::remote::Remote;
use crate::cli::table::Table;
use crate::cli::tenants;
use crate::cli::told::say;
use crate::cli::when::Known;

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
    /// Lists the numbers there are, newest first.
    List {
        /// Only those of this tenant: its id or slug.
        #[arg(long)]
        tenant: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Lists numbers that can be bought at Twilio just now.
    Available {
        /// An area code of North America; 205 where nothing is said of the United States.
        #[arg(long, value_name = "CODE")]
        area_code: Option<String>,
        /// The country, two letters; the United States where nothing is said.
        #[arg(long)]
        country: Option<String>,
    },
    /// Tells how many of Vapi's free numbers are used.
    Free,
    /// Lists every number there ever was: where it is, since when, and how many months of it were paid for.
    Ledger(life::Ledger),
    /// Tells where a number has been.
    History {
        /// Its id, num_…
        id: String,
    },
    /// Looks where every number leads, at Twilio and at Vapi; fails where one is not as it should be.
    Audit,
    /// Buys a number for a tenant; one of the account that nobody uses comes first.
    Buy(deeds::Buy),
    /// Gets a number for every tenant that has none, and shows how it goes.
    Provision(deeds::Provision),
    /// Makes a number lead here again, at Twilio and at Vapi.
    Rewire {
        /// Its id, num_…
        id: String,
        #[command(flatten)]
        watch: Watch,
    },
    /// Records the numbers Vapi has and we do not know, in the pool.
    Sync {
        /// Only tells what would be recorded.
        #[arg(long)]
        dry_run: bool,
    },
    /// Takes numbers out of Vapi; they stay ours and go on leading here.
    RemoveFromVapi(deeds::Remove),
    /// Gives a number back to its provider for good.
    Release(deeds::Release),
    /// Leads a number to a tenant.
    Assign {
        /// Its id, num_…
        id: String,
        /// The tenant: its id or slug.
        tenant: String,
    },
    /// Takes a number from its tenant; it rests, and callers hear that nobody is there.
    Unassign {
        /// Its id, num_…
        id: String,
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
                listing.print(api, "/api/numbers/owned", of, "no numbers", told).await
            }
            Command::Available { area_code, country } => available(api, area_code.as_deref(), country.as_deref()).await,
            Command::Free => {
                let meter = api.remote()?.get("/api/vapi/free-numbers", &[]).await?;
                api.show(&meter, || text(&meter, "message").to_owned());
                Ok(())
            }
            Command::Ledger(ledger) => life::ledger(api, ledger).await,
            Command::History { id } => life::history(api, id).await,
            Command::Audit => life::audit(api).await,
            Command::Buy(buy) => deeds::buy(api, buy).await,
            Command::Provision(provision) => deeds::provision(api, provision).await,
            Command::Rewire { id, watch } => deeds::job(api, id, "rewire", *watch).await,
            Command::Sync { dry_run } => deeds::sync(api, *dry_run).await,
            Command::RemoveFromVapi(remove) => deeds::remove(api, remove).await,
            Command::Release(release) => deeds::release(api, release).await,
            Command::Assign { id, tenant } => {
                let remote = api.remote()?;
                let tenant = tenants::find(&remote, tenant).await?.body;
                let (of, slug) = (text(&tenant, "id"), text(&tenant, "slug"));
                lead(api, &remote, id, json!({ "tenantId": of }), &format!("leads to {slug}")).await
            }
            Command::Unassign { id } => lead(api, &api.remote()?, id, json!({ "tenantId": null }), "rests").await,
        }
    })
}

async fn table(remote: &Remote, rows: &[Value], known: &mut Known) -> anyhow::Result<String> {
    let mut table = Table::new(&["NUMBER", "TENANT", "STATE", "PURPOSE", "ID"], &["TENANT"]);
    for number in rows {
        let slug = known.slug(remote, &number["tenantId"]).await?;
        let [e164, state, purpose, id] =
            ["e164", "state", "purpose", "id"].map(|member| text(number, member).to_owned());
        table.row([e164, slug, state, purpose, id]);
    }
    Ok(table.told())
}

async fn available(api: &Api, area_code: Option<&str>, country: Option<&str>) -> anyhow::Result<()> {
    let mut query = Vec::new();
    query.extend(area_code.map(|code| ("areaCode", code)));
    query.extend(country.map(|country| ("country", country)));
    let offers = api.remote()?.get("/api/numbers/available", &query).await?;
    if api.json {
        say(&offers);
        return Ok(());
    }
    let mut table = Table::new(&["NUMBER", "ADDRESS NEEDED"], &[]);
    for offer in rows(&offers) {
        let needed = if offer["needsAddress"] == json!(true) { "yes" } else { "no" };
        table.row([text(offer, "e164").to_owned(), needed.to_owned()]);
    }
    say(if rows(&offers).next().is_some() { table.told() } else { "no numbers are for sale there".to_owned() });
    Ok(())
}

async fn lead(api: &Api, remote: &Remote, id: &str, change: Value, told: &str) -> anyhow::Result<()> {
    let number = remote.change(Method::PATCH, &format!("/api/numbers/{id}"), Some(&change), None).await?.body;
    api.show(&number, || format!("{} {told}", text(&number, "e164")));
    Ok(())
}
