//! What an installation is now, as far as a token may see it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::file::Wanted;
use crate::cli::api::text;
use crate::cli::list::Pages;
use crate::cli::remote::{Refusal, Remote};
use crate::cli::when;

/// Up to so many tenants or numbers are looked up one by one; beyond that, reading the whole list is quicker.
const LOOK_UP_MAX: usize = 40;

/// Readings of one tenant, until two of its parts are of one version.
const READINGS_MAX: usize = 5;

/// Organizations and tenants as they are.
#[derive(Debug, Default)]
pub(in crate::cli) struct Installation {
    pub orgs: Vec<Value>,
    /// By slug.
    pub tenants: BTreeMap<String, Held>,
    /// Numbers a file names that are ours, by their digits.
    pub numbers: BTreeMap<String, Ours>,
}

/// A tenant and its availability, of one version; and how it is reached, as far as somebody asked for it.
#[derive(Debug, Default)]
pub(in crate::cli) struct Held {
    pub tenant: Value,
    pub availability: Value,
    /// Null where it is not configured.
    pub phone: Value,
    /// What is missing before its own number can be asked for.
    pub missing: Vec<String>,
    /// The job that sets it up just now.
    pub deploying: Option<String>,
    /// Those that lead to it.
    pub numbers: Vec<Value>,
}

/// A number that is ours.
#[derive(Debug)]
pub(in crate::cli) struct Ours {
    pub number: Value,
    /// The tenant it leads to, by its slug.
    pub whose: Option<String>,
    /// Since when it rests.
    pub rests_since: Option<String>,
}

impl Installation {
    /// All there is, or what belongs to one organization.
    pub async fn all(remote: &Remote, org: Option<&str>) -> anyhow::Result<Installation> {
        let orgs = Pages::of(remote, "/api/orgs", vec![]).rest().await?;
        let orgs = orgs.into_iter().filter(|found| org.is_none_or(|org| text(found, "id") == org)).collect();
        let only = org.map(|org| ("orgId", org.to_owned()));
        let tenants = Pages::of(remote, "/api/tenants", only.into_iter().collect()).rest().await?;
        let at_once = tenants.len() > LOOK_UP_MAX;
        let mut numbers: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        if at_once {
            for number in Pages::of(remote, "/api/numbers/owned", vec![]).rest().await? {
                numbers.entry(text(&number, "tenantId").to_owned()).or_default().push(number);
            }
        }
        let mut held = BTreeMap::new();
        for tenant in tenants {
            let mut tenant = hold(remote, tenant).await?;
            let id = text(&tenant.tenant, "id").to_owned();
            tenant.phone = phone_of(remote, &id).await?;
            tenant.numbers = if at_once { numbers.remove(&id).unwrap_or_default() } else { led(remote, &id).await? };
            held.insert(text(&tenant.tenant, "slug").to_owned(), tenant);
        }
        Ok(Installation { orgs, tenants: held, numbers: BTreeMap::new() })
    }

    /// All organizations, and the tenants and numbers a file speaks of.
    pub async fn of(remote: &Remote, wanted: &Wanted) -> anyhow::Result<Installation> {
        let slugs: BTreeSet<&str> = wanted.tenants.iter().map(|tenant| tenant.slug.as_str()).collect();
        let mut now = Installation::with(remote, &slugs).await?;
        for tenant in &wanted.tenants {
            let Some(held) = now.tenants.get_mut(&tenant.slug) else { continue };
            let id = text(&held.tenant, "id").to_owned();
            if tenant.phone.is_some() || tenant.numbers.is_some() {
                held.numbers = led(remote, &id).await?;
            }
            if tenant.phone.is_some() {
                held.phone = phone_of(remote, &id).await?;
            }
            if held.phone.is_object() && !held.phone["setupCompletedAt"].is_string() {
                held.deploying = deploying(remote, &id).await?;
                held.missing = missing(remote, &id, &held.phone).await?;
            }
        }
        let numbers = wanted.tenants.iter().flat_map(|tenant| tenant.numbers.iter().flatten());
        let numbers: BTreeSet<String> = numbers.map(|number| number.e164.to_string()).collect();
        now.look_up_numbers(remote, &numbers).await?;
        Ok(now)
    }

    async fn with(remote: &Remote, slugs: &BTreeSet<&str>) -> anyhow::Result<Installation> {
        let orgs = Pages::of(remote, "/api/orgs", vec![]).rest().await?;
        let mut tenants = Vec::new();
        if slugs.len() > LOOK_UP_MAX {
            tenants = Pages::of(remote, "/api/tenants", vec![]).rest().await?;
        } else {
            for slug in slugs.iter().filter(|slug| may_be_there(slug)) {
                tenants.extend(Pages::of(remote, "/api/tenants", vec![("slug", (*slug).to_owned())]).rest().await?);
            }
        }
        let mut held = BTreeMap::new();
        for tenant in tenants {
            let slug = text(&tenant, "slug").to_owned();
            if slugs.contains(slug.as_str()) && !held.contains_key(&slug) {
                held.insert(slug, hold(remote, tenant).await?);
            }
        }
        Ok(Installation { orgs, tenants: held, numbers: BTreeMap::new() })
    }

    async fn look_up_numbers(&mut self, remote: &Remote, named: &BTreeSet<String>) -> anyhow::Result<()> {
        let mut found: Vec<Value> = self.tenants.values().flat_map(|held| held.numbers.iter().cloned()).collect();
        let known: BTreeSet<String> = found.iter().map(|number| text(number, "e164").to_owned()).collect();
        let unknown: Vec<&String> = named.iter().filter(|e164| !known.contains(*e164)).collect();
        if unknown.len() > LOOK_UP_MAX {
            found.extend(Pages::of(remote, "/api/numbers/owned", vec![]).rest().await?);
        } else {
            for e164 in unknown {
                found.extend(Pages::of(remote, "/api/numbers/owned", vec![("q", e164.clone())]).rest().await?);
            }
        }
        let mut slugs = when::Known::default();
        for number in found.into_iter().filter(|number| named.contains(text(number, "e164"))) {
            let whose = match &number["tenantId"] {
                Value::Null => None,
                id => Some(slugs.slug(remote, id).await?),
            };
            let rests_since = if number["state"] == "resting" { rests_since(remote, &number).await? } else { None };
            self.numbers.insert(text(&number, "e164").to_owned(), Ours { number, whose, rests_since });
        }
        Ok(())
    }
}

/// Is it of the form of a slug? The API does not look for what is not; what is wrong with it, the plan says.
fn may_be_there(slug: &str) -> bool {
    crate::admin::offline::tenant_faults(&serde_json::json!({ "slug": slug })).is_empty()
}

/// Reads a tenant's availability, and the tenant again until both are of one version: what is changed afterwards names
/// that version, so that nothing in between is lost.
async fn hold(remote: &Remote, mut tenant: Value) -> anyhow::Result<Held> {
    let path = format!("/api/tenants/{}", text(&tenant, "id"));
    for _ in 0..READINGS_MAX {
        let availability = remote.read(&format!("{path}/availability"), &[]).await?;
        let tag = availability.tag.as_ref().and_then(|tag| tag.to_str().ok()).map(|tag| tag.trim_matches('"'));
        let tag: Option<u64> = tag.and_then(|tag| tag.parse().ok());
        let tag = tag.context("the admin API told no version of a tenant's availability")?;
        if tenant["version"] == tag {
            return Ok(Held { tenant, availability: availability.body, ..Held::default() });
        }
        tenant = remote.get(&path, &[]).await?;
    }
    bail!("{} is being changed all the time; try again later", text(&tenant, "slug"))
}

/// How a tenant is reached; null where nobody has said it.
async fn phone_of(remote: &Remote, id: &str) -> anyhow::Result<Value> {
    match remote.get(&format!("/api/tenants/{id}/phone-integration"), &[]).await {
        Err(error) if Refusal::is_not_found(&error) => Ok(Value::Null),
        told => told,
    }
}

async fn led(remote: &Remote, id: &str) -> anyhow::Result<Vec<Value>> {
    Pages::of(remote, "/api/numbers/owned", vec![("tenantId", id.to_owned())]).rest().await
}

async fn deploying(remote: &Remote, id: &str) -> anyhow::Result<Option<String>> {
    let only = vec![("tenantId", id.to_owned()), ("kind", "deploy".to_owned())];
    // The newest comes first.
    let newest = Pages::of(remote, "/api/jobs", only).next(1).await?.unwrap_or_default().into_iter().next();
    let open = newest.filter(|job| ["queued", "running", "waiting"].contains(&text(job, "state")));
    Ok(open.map(|job| text(&job, "id").to_owned()))
}

/// What is missing before a number can be asked for; nothing where none is to move.
pub(super) async fn missing(remote: &Remote, id: &str, phone: &Value) -> anyhow::Result<Vec<String>> {
    if phone["method"] != "ported" {
        return Ok(Vec::new());
    }
    let port = remote.get(&format!("/api/tenants/{id}/port"), &[]).await?;
    let missing = port["missing"].as_array().into_iter().flatten();
    Ok(missing.filter_map(Value::as_str).map(str::to_owned).collect())
}

async fn rests_since(remote: &Remote, number: &Value) -> anyhow::Result<Option<String>> {
    let only = vec![("q", text(number, "id").to_owned())];
    let lives = Pages::of(remote, "/api/numbers/ledger", only).rest().await?;
    let life = lives.into_iter().find(|life| life["id"] == number["id"] && life["state"] == "resting");
    Ok(life.map(|life| when::told(&life["since"], None)))
}
