//! `patchbay tenants sip-names`: what a tenant's telephone systems sign in with.

use clap::Args;
use reqwest::Method;

use super::{Named, find, path};
use crate::cli::api::{Api, rows, text};
use crate::cli::jobs::{self, Watch};
use crate::cli::table::Table;
use crate::cli::when;

/// Whose, and what becomes of one.
#[derive(Debug, Args)]
pub(super) struct SipNames {
    #[command(flatten)]
    tenant: Named,
    /// Removes the older of two at once: calls that sign in with it are refused from now on.
    #[arg(long, value_name = "NAME", value_parser = name)]
    remove: Option<String>,
    #[command(flatten)]
    watch: Watch,
}

fn name(text: &str) -> Result<String, String> {
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !text.is_empty();
    if is_name { Ok(text.to_owned()) } else { Err("must be a name as `sip-names` shows it: sip_ca5ecdfd".to_owned()) }
}

/// Shows the names that are good, or removes the older one.
pub(super) async fn run(api: &Api, names: &SipNames) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let tenant = find(&remote, &names.tenant.tenant).await?.body;
    let path = path(&tenant, "/sip-names");
    if let Some(name) = &names.remove {
        let begun = remote.change(Method::DELETE, &format!("{path}/{name}"), None, None).await?.body;
        return jobs::watch_if(api, &remote, &begun, names.watch).await;
    }
    let now = remote.get(&path, &[]).await?;
    api.show(&now, || {
        let mut table = Table::new(&["NAME", "GOOD SINCE", "FIRST CALL", "LAST CALL", "ENDS"], &[]);
        let zone = tenant["timezone"].as_str();
        for name in rows(&now) {
            let at = |member: &str| when::told(&name[member], zone);
            let username = text(name, "username").to_owned();
            table.row([username, at("goodSince"), at("firstCallAt"), at("lastCallAt"), at("endsAt")]);
        }
        if rows(&now).next().is_some() { table.told() } else { "no telephone system signs in".to_owned() }
    });
    Ok(())
}
