//! What is done with numbers: bought, made to lead here, taken out of Vapi, given back, and looked for.

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use crate::cli::api::{Api, rows, text};
use crate::cli::jobs::{self, Watch};
use crate::cli::list::Pages;
use crate::cli::remote::Remote;
use crate::cli::table::Table;
use crate::cli::told::{confirm, say};
use crate::cli::{orgs, tenants};

/// A number to be bought.
#[derive(Debug, Args)]
pub(super) struct Buy {
    /// The tenant: its id or slug.
    tenant: String,
    /// This number and no other.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["area_code", "country"])]
    number: Option<String>,
    /// An area code of North America; 205 where nothing is said of the United States.
    #[arg(long, value_name = "CODE")]
    area_code: Option<String>,
    /// The country, two letters; the tenant's where nothing is said.
    #[arg(long)]
    country: Option<String>,
    #[command(flatten)]
    watch: Watch,
}

/// Which numbers leave Vapi.
#[derive(Debug, Args)]
pub(super) struct Remove {
    /// Their ids, num_…
    #[arg(required_unless_present = "unassigned", value_name = "ID")]
    ids: Vec<String>,
    /// Every number of Twilio's that leads to nobody.
    #[arg(long, conflicts_with = "ids")]
    unassigned: bool,
    /// Only tells which that would be.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    watch: Watch,
}

/// A number to be given back.
#[derive(Debug, Args)]
pub(super) struct Release {
    /// Its id, num_…
    id: String,
    /// Asks nothing.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    watch: Watch,
}

/// Which tenants get a number.
#[derive(Debug, Args)]
pub(super) struct Provision {
    /// Only those of this organization: its id or name.
    #[arg(long)]
    org: Option<String>,
    /// Skips our own pool and the free numbers.
    #[arg(long)]
    force_twilio: bool,
    /// Only tells which that would be.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    watch: Watch,
}

pub(super) async fn buy(api: &Api, buy: &Buy) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let tenant = tenants::find(&remote, &buy.tenant).await?.body;
    let mut body = json!({ "projectId": tenant["id"] });
    for (member, given) in [("number", &buy.number), ("areaCode", &buy.area_code), ("country", &buy.country)] {
        if let Some(given) = given {
            body[member] = json!(given);
        }
    }
    let answer = remote.post("/api/numbers", &body).await?;
    if answer["success"] != json!(true) {
        return jobs::watch_if(api, &remote, &answer, buy.watch).await;
    }
    let number = &answer["phoneNumber"];
    api.show(&answer, || {
        format!("{} leads to {} ({})", text(number, "e164"), text(&tenant, "slug"), text(number, "id"))
    });
    Ok(())
}

/// Begins a job for one number, and watches it.
pub(super) async fn job(api: &Api, id: &str, what: &str, watch: Watch) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let begun = remote.post(&format!("/api/numbers/{id}/{what}"), &json!(null)).await?;
    jobs::watch_if(api, &remote, &begun, watch).await
}

pub(super) async fn remove(api: &Api, remove: &Remove) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let numbers = wanted(&remote, remove).await?;
    if remove.dry_run {
        let ids: Vec<&Value> = numbers.iter().map(|number| &number["id"]).collect();
        api.show(&json!({ "dryRun": true, "data": ids }), || {
            let mut told = vec![format!("{} would leave Vapi", counted(numbers.len(), "number"))];
            told.extend(numbers.iter().map(|number| format!("  {} ({})", text(number, "e164"), text(number, "id"))));
            told.join("\n")
        });
        return Ok(());
    }
    let mut failed = 0;
    for number in &numbers {
        let id = text(number, "id");
        if let Err(error) = job(api, id, "remove-from-vapi", remove.watch).await {
            failed += 1;
            say(format_args!("{id}: {error:#}"));
        }
    }
    if failed > 0 { bail!("{failed} of {} did not leave Vapi", numbers.len()) } else { Ok(()) }
}

async fn wanted(remote: &Remote, remove: &Remove) -> anyhow::Result<Vec<Value>> {
    if !remove.unassigned {
        return Ok(remove.ids.iter().map(|id| json!({ "id": id })).collect());
    }
    let pool = Pages::of(remote, "/api/numbers/owned", vec![("state", "unassigned".to_owned())]).rest().await?;
    let at_both = |number: &Value| number["vapiNumberId"].is_string() && number["accountSid"].is_string();
    Ok(pool.into_iter().filter(at_both).collect())
}

pub(super) async fn release(api: &Api, release: &Release) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let named = vec![("q", release.id.clone())];
    let found = Pages::of(&remote, "/api/numbers/owned", named).rest().await?;
    let Some(number) = found.first() else { bail!("there is no number {}", release.id) };
    let e164 = text(number, "e164");
    confirm(release.yes, &format!("{e164} is given back to its provider, and is anybody's afterwards."))?;
    let path = format!("/api/numbers/{}/release", text(number, "id"));
    let begun = remote.post(&path, &json!({ "confirm": e164 })).await?;
    jobs::watch_if(api, &remote, &begun, release.watch).await
}

pub(super) async fn sync(api: &Api, dry_run: bool) -> anyhow::Result<()> {
    let told = api.remote()?.post("/api/numbers/sync", &json!({ "dryRun": dry_run })).await?;
    api.show(&told, || {
        let mut table = Table::new(&["NUMBER", "OUTCOME", "WHY", "ID", "VAPI"], &["WHY"]);
        for number in rows(&told) {
            let member = |name: &str| text(number, name).to_owned();
            table.row(["e164", "outcome", "detail", "numberId", "vapiNumberId"].map(member));
        }
        if rows(&told).next().is_some() { table.told() } else { "Vapi has no numbers".to_owned() }
    });
    Ok(())
}

pub(super) async fn provision(api: &Api, provision: &Provision) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let mut body = json!({ "forceTwilio": provision.force_twilio, "dryRun": provision.dry_run });
    if let Some(org) = &provision.org {
        body["orgId"] = orgs::find(&remote, org).await?.body["id"].take();
    }
    let begun = remote.post("/api/numbers/batch", &body).await?;
    let tenants: Vec<&Value> = rows(&begun).collect();
    for unpaid in begun["unpaid"].as_array().into_iter().flatten() {
        say(format_args!("{}: nobody pays for its organization yet", text(unpaid, "slug")));
    }
    if provision.dry_run || api.json {
        api.show(&begun, || {
            let mut told = vec![format!("{} would get a number", counted(tenants.len(), "tenant"))];
            told.extend(tenants.iter().map(|row| format!("  {}", text(&row["tenant"], "slug"))));
            told.join("\n")
        });
        return Ok(());
    }
    let mut ended = Vec::new();
    for (place, row) in tenants.iter().enumerate() {
        let job = jobs::watched(&remote, text(row, "jobId"), false).await?;
        let (slug, state) = (text(&row["tenant"], "slug"), text(&job, "state"));
        let detail = text(&job, "detail").replace('\n', "; ");
        say(format_args!("{}/{} {slug}: {state}: {detail}", place + 1, tenants.len()));
        ended.push(state.to_owned());
    }
    let failed = ended.iter().filter(|state| *state != "succeeded").count();
    if failed > 0 {
        bail!("{failed} of {} got no number", tenants.len())
    }
    say(format_args!("{} got a number", counted(tenants.len(), "tenant")));
    Ok(())
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
