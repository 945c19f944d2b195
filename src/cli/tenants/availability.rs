//! `patchbay tenants availability`: when the AI answers, read and written as YAML or JSON.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

use super::{Named, find, path};
use crate::cli::api::{Api, text};
use crate::cli::differences::{Difference, between};
use crate::cli::remote::Refusal;
use crate::cli::told::say;
use crate::cli::yaml::{self, Node};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prints the settings, as YAML or with --json as JSON.
    Get(Named),
    /// Saves settings: the whole of them, from a file or standard input.
    Set {
        #[command(flatten)]
        tenant: Named,
        /// YAML or JSON; `-` is standard input.
        #[arg(long, short, value_name = "FILE", default_value = "-")]
        file: PathBuf,
    },
}

pub(super) async fn run(api: &Api, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Get(named) => {
            let remote = api.remote()?;
            let tenant = find(&remote, &named.tenant).await?.body;
            let settings = remote.get(&path(&tenant, "/availability"), &[]).await?;
            match api.json {
                true => say(&settings),
                false => say(yaml::written(&settings)?.trim_end()),
            }
            Ok(())
        }
        Command::Set { tenant, file } => set(api, &tenant.tenant, file).await,
    }
}

async fn set(api: &Api, named: &str, file: &std::path::Path) -> anyhow::Result<()> {
    let given = one_document(file)?;
    let remote = api.remote()?;
    let tenant = find(&remote, named).await?.body;
    let path = path(&tenant, "/availability");
    let before = remote.read(&path, &[]).await?;
    let saved = remote.change(Method::PUT, &path, Some(&given.value()), before.tag.as_ref()).await;
    let saved = saved.map_err(|error| placed(error, file, &given))?.body;
    api.show(&saved, || told(&before.body, &saved));
    Ok(())
}

/// The one document of a file.
pub(super) fn one_document(file: &std::path::Path) -> anyhow::Result<Node> {
    let shown = file.display();
    let text = match file.to_str() {
        Some("-") => std::io::read_to_string(std::io::stdin()),
        _ => std::fs::read_to_string(file),
    };
    let text = text.with_context(|| format!("could not read {shown}"))?;
    let mut documents = yaml::read(&text).with_context(|| format!("{shown} is no YAML or JSON"))?;
    match (documents.pop(), documents.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => bail!("{shown} is empty"),
        (Some(_), false) => bail!("{shown} holds several documents; settings are one"),
    }
}

/// A refusal with the lines of what was refused.
fn placed(error: anyhow::Error, file: &std::path::Path, given: &Node) -> anyhow::Error {
    let Some(refusal) = error.downcast_ref::<Refusal>().filter(|refusal| !refusal.faults.is_empty()) else {
        return error;
    };
    let faults = refusal.faults.iter().map(|fault| {
        format!("\n  {}:{}: {} {}", file.display(), given.line_of(&fault.pointer), fault.pointer, fault.detail)
    });
    anyhow::anyhow!("the settings were refused, and nothing was changed:{}", faults.collect::<String>())
}

fn told(before: &Value, saved: &Value) -> String {
    let differences = between(before, &saved["availability"]);
    let mut lines: Vec<String> = differences.iter().flat_map(Difference::told).collect();
    match lines.is_empty() {
        true => lines.push("nothing to change".to_owned()),
        false => lines.push(format!("saved as version {}", saved["version"])),
    }
    for warning in saved["warnings"].as_array().into_iter().flatten() {
        lines.push(format!("doubtful: {} {}", text(warning, "pointer"), text(warning, "detail")));
    }
    lines.join("\n")
}
