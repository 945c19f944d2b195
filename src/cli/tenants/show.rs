//! Tenants for people.

use serde_json::Value;

use super::{find, path};
use crate::cli::api::{Api, text};
use crate::cli::differences::{Difference, between, words};
use crate::cli::table::{Table, facts};
use crate::cli::told::say;
use crate::cli::{when, yaml};

pub(super) fn table(rows: &[Value]) -> String {
    let mut table = Table::new(&["ID", "SLUG", "NAME", "TIMEZONE", "COUNTRY", "AI"], &["NAME", "AI"]);
    for tenant in rows {
        let row = ["id", "slug", "name", "timezone", "country"].map(|member| text(tenant, member).to_owned());
        let [id, slug, name, timezone, country] = row;
        table.row([id, slug, name, timezone, country, target(tenant)]);
    }
    table.told()
}

fn target(tenant: &Value) -> String {
    let target = &tenant["target"];
    if target.is_null() {
        "the shared one".to_owned()
    } else {
        format!("{}:{}", text(target, "kind"), text(target, "id"))
    }
}

pub(super) async fn run(api: &Api, named: &str) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let tenant = find(&remote, named).await?.body;
    if api.json {
        say(&tenant);
        return Ok(());
    }
    let forced = remote.get(&path(&tenant, "/override"), &[]).await?;
    let availability = remote.get(&path(&tenant, "/availability"), &[]).await?;
    say(told(&tenant, &forced));
    say(format_args!("\navailability\n{}", indented(&yaml::written(&availability)?)));
    Ok(())
}

fn told(tenant: &Value, forced: &Value) -> String {
    let of = |member: &str| text(tenant, member).to_owned();
    let zone = tenant["timezone"].as_str();
    let connect = &tenant["connect"];
    let password = if connect["hasPassword"] == Value::Bool(true) { "set" } else { "" };
    let seconds = connect["timeoutSeconds"].as_u64().map(|seconds| format!("{seconds} s")).unwrap_or_default();
    facts(&[
        ("id", of("id")),
        ("slug", of("slug")),
        ("name", of("name")),
        ("organization", of("orgId")),
        ("timezone", of("timezone")),
        ("country", of("country")),
        ("language", of("language")),
        ("voice", of("voice")),
        ("answers", target(tenant)),
        ("via", text(connect, "via").to_owned()),
        ("dials", text(connect, "sipUri").to_owned()),
        ("user name", text(connect, "username").to_owned()),
        ("password", password.to_owned()),
        ("rings for", seconds),
        ("override", override_told(forced, zone)),
        ("version", tenant["version"].to_string()),
        ("created", when::told(&tenant["createdAt"], zone)),
        ("changed", when::told(&tenant["updatedAt"], zone)),
    ])
}

/// An override in a line; nothing where none is in force.
pub(super) fn override_told(forced: &Value, zone: Option<&str>) -> String {
    if forced.is_null() {
        return String::new();
    }
    let who = if text(forced, "state") == "force-ai" { "the AI answers" } else { "the fallback takes every call" };
    let until = match when::told(&forced["until"], zone) {
        until if until.is_empty() => "until it is cleared".to_owned(),
        until => format!("until {until}"),
    };
    let note = forced["note"].as_str().map(|note| format!(" ({})", words(&note.into()))).unwrap_or_default();
    format!("{who} {until}{note}")
}

/// What a change made of a tenant.
pub(super) fn changed(before: &Value, after: &Value) -> String {
    // These change with every save and say nothing.
    let plain = |tenant: &Value| {
        let mut tenant = tenant.clone();
        tenant["version"] = Value::Null;
        tenant["updatedAt"] = Value::Null;
        tenant
    };
    let lines: Vec<String> = between(&plain(before), &plain(after)).iter().flat_map(Difference::told).collect();
    let is_same = before["version"] == after["version"];
    match (lines.is_empty(), is_same) {
        (_, true) => "nothing to change".to_owned(),
        (true, false) => format!("saved as version {}", after["version"]),
        (false, false) => format!("{}\nsaved as version {}", lines.join("\n"), after["version"]),
    }
}

pub(super) fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
