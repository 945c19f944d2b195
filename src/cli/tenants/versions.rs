//! `patchbay tenants versions`, `diff` and `rollback`.

use std::collections::HashMap;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{find, path};
use crate::cli::api::{Api, text};
use crate::cli::differences::{Difference, between};
use crate::cli::list::{Listing, Pages};
use crate::cli::remote::Remote;
use crate::cli::told::say;
use crate::cli::when;

pub(super) async fn list(api: &Api, named: &str, listing: &Listing) -> anyhow::Result<()> {
    let tenant = find(&api.remote()?, named).await?.body;
    let zone = tenant["timezone"].as_str().map(str::to_owned);
    let told = async |_: &Remote, rows: &[Value]| Ok(told(rows, zone.as_deref(), text(&tenant, "slug")));
    listing.print(api, &path(&tenant, "/versions"), vec![], "no versions", told).await
}

fn told(rows: &[Value], zone: Option<&str>, slug: &str) -> String {
    let told = rows.iter().map(|row| {
        let by = row["by"].as_str().map(|by| format!("  by {by}")).unwrap_or_default();
        let head = format!("version {}  {}{by}", row["version"], when::told(&row["at"], zone));
        let changes = row["changes"].as_array().into_iter().flatten().map(|change| Difference {
            place: text(change, "pointer").trim_start_matches('/').replace('/', "."),
            before: given(&change["before"]),
            after: given(&change["after"]),
            is_within_new: false,
        });
        let mut lines: Vec<String> =
            changes.flat_map(|change| change.told()).map(|line| format!("\n  {line}")).collect();
        // The API compares with the rows of a page, and the last of them has none before it.
        if let Some(version) = row["version"].as_u64().filter(|version| *version > 1 && lines.is_empty()) {
            lines.push(format!("\n  what it changed: patchbay tenants diff {slug} {} {version}", version - 1));
        }
        head + &lines.concat()
    });
    told.collect::<Vec<_>>().join("\n")
}

fn given(value: &Value) -> Option<Value> {
    (!value.is_null()).then(|| value.clone())
}

pub(super) async fn diff(api: &Api, named: &str, from: u64, to: Option<u64>) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let tenant = find(&remote, named).await?.body;
    let newest = tenant["version"].as_u64().context("the admin API gave a tenant no version")?;
    let (from, to) = (from, to.unwrap_or(newest));
    let versions = contents(&remote, &tenant, &[from, to]).await?;
    let content = |version: u64| {
        versions.get(&version).with_context(|| {
            format!("{} has no version {version}; `patchbay tenants versions` lists them", text(&tenant, "slug"))
        })
    };
    let differences = between(content(from)?, content(to)?);
    if api.json {
        let rows: Vec<Value> = differences
            .iter()
            .map(|one| json!({ "place": one.place, "before": one.before, "after": one.after }))
            .collect();
        say(json!({ "from": from, "to": to, "differences": rows }));
        return Ok(());
    }
    let lines: Vec<String> = differences.iter().flat_map(Difference::told).collect();
    match lines.is_empty() {
        true => say(format_args!("versions {from} and {to} are the same")),
        false => say(lines.join("\n")),
    }
    Ok(())
}

/// What these versions held, as far as they exist.
async fn contents(remote: &Remote, tenant: &Value, wanted: &[u64]) -> anyhow::Result<HashMap<u64, Value>> {
    let path = path(tenant, "/versions");
    let mut pages = Pages::of(remote, &path, vec![]);
    let mut found = HashMap::new();
    while found.len() < wanted.len()
        && let Some(page) = pages.next(usize::MAX).await?
    {
        for row in page {
            let Some(version) = row["version"].as_u64().filter(|version| wanted.contains(version)) else { continue };
            let mut content = row["tenant"].clone();
            for member in ["version", "createdAt", "updatedAt"] {
                content[member] = Value::Null;
            }
            content["availability"] = row["availability"].clone();
            found.insert(version, content);
        }
    }
    Ok(found)
}

pub(super) async fn rollback(api: &Api, named: &str, version: u64) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let found = find(&remote, named).await?;
    let before = remote.get(&path(&found.body, "/availability"), &[]).await?;
    let body = json!({ "version": version });
    let now = remote.post_if(&path(&found.body, "/rollback"), &body, found.tag.as_ref()).await?.body;
    api.show(&now, || {
        let whole = |tenant: &Value, availability: &Value| {
            let mut whole = tenant.clone();
            whole["availability"] = availability.clone();
            whole
        };
        super::show::changed(&whole(&found.body, &before), &whole(&now["tenant"], &now["availability"]))
    });
    Ok(())
}
