//! What an installation is now, as far as a token may see it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::cli::api::text;
use crate::cli::list::Pages;
use crate::cli::remote::Remote;

/// Up to so many tenants are looked up one by one; beyond that, reading the whole list is quicker.
const LOOK_UP_MAX: usize = 40;

/// Readings of one tenant, until two of its parts are of one version.
const READINGS_MAX: usize = 5;

/// Organizations and tenants as they are.
#[derive(Debug, Default)]
pub(in crate::cli) struct Installation {
    pub orgs: Vec<Value>,
    /// By slug.
    pub tenants: BTreeMap<String, Held>,
}

/// A tenant and its availability, of one version.
#[derive(Debug)]
pub(in crate::cli) struct Held {
    pub tenant: Value,
    pub availability: Value,
}

impl Installation {
    /// All there is, or what belongs to one organization.
    pub async fn all(remote: &Remote, org: Option<&str>) -> anyhow::Result<Installation> {
        let orgs = Pages::of(remote, "/api/orgs", vec![]).rest().await?;
        let orgs = orgs.into_iter().filter(|found| org.is_none_or(|org| text(found, "id") == org)).collect();
        let only = org.map(|org| ("orgId", org.to_owned()));
        let tenants = Pages::of(remote, "/api/tenants", only.into_iter().collect()).rest().await?;
        let mut held = BTreeMap::new();
        for tenant in tenants {
            held.insert(text(&tenant, "slug").to_owned(), hold(remote, tenant).await?);
        }
        Ok(Installation { orgs, tenants: held })
    }

    /// All organizations, and the tenants of these slugs.
    pub async fn with(remote: &Remote, slugs: &BTreeSet<&str>) -> anyhow::Result<Installation> {
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
        Ok(Installation { orgs, tenants: held })
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
            return Ok(Held { tenant, availability: availability.body });
        }
        tenant = remote.get(&path, &[]).await?;
    }
    bail!("{} is being changed all the time; try again later", text(&tenant, "slug"))
}
