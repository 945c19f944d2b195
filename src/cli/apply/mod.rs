//! `patchbay apply`: brings an installation to what a file says. Nothing that the file leaves out is deleted.
//!
//! `file` says what is wanted, `installation` what there is, `plan` what to do; here it is shown and done.

mod file;
mod installation;
mod plan;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::json;

use self::file::{FileFault, wanted};
use self::plan::{Deed, Item, Secrets, plan};
use super::api::{self, Api, block_on, text};
use super::remote::{Answer, Refusal, Remote};
use super::told::{complain, say};
use super::{secrets, yaml};

pub(super) use self::installation::{Held, Installation};

const HELP: &str = "\
The file is YAML: `version: 1`, then `organizations` by name or id and `tenants` by slug, each with
what is to be set; `patchbay export` writes one. What a part leaves out stays as it is;
`availability`, where given, is the whole of it. Nothing that is not in the file is deleted.
Secrets are not written in it: `{env: NAME}` names the variable that holds one. It is read where
there is no secret yet, where its account or user changes, or with --secrets.
Everything that can be known beforehand is checked first: if something is wrong, every fault is
named with its line and nothing is done.";

#[derive(Debug, Args)]
#[command(after_help = format!("{HELP}\n\n{}", api::HELP))]
pub(super) struct Arguments {
    #[command(flatten)]
    api: Api,
    /// The file; `-` is standard input.
    #[arg(long, short, value_name = "FILE")]
    file: PathBuf,
    /// Shows what would be changed, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Sends the secrets named in the file also where there are some already.
    #[arg(long)]
    secrets: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    block_on(apply(arguments))
}

async fn apply(arguments: &Arguments) -> anyhow::Result<()> {
    let file = arguments.file.display().to_string();
    let text = match file.as_str() {
        "-" => std::io::read_to_string(std::io::stdin()),
        _ => std::fs::read_to_string(&arguments.file),
    };
    let text = text.with_context(|| format!("could not read {file}"))?;
    let documents = yaml::read(&text).with_context(|| format!("{file} is no YAML"))?;
    let (wanted, faults) = wanted(documents);
    refuse(&file, &faults)?;
    let remote = arguments.api.remote()?;
    let slugs: BTreeSet<&str> = wanted.tenants.iter().map(|tenant| tenant.slug.as_str()).collect();
    let now = Installation::with(&remote, &slugs).await?;
    let look = |name: &str| secrets::from_env(name).ok().flatten();
    let planned = plan(wanted, &now, &Secrets { look: &look, again: arguments.secrets });
    let items = planned.or_else(|faults| refuse(&file, &faults).map(|()| Vec::new()))?;
    let report = Report { json: arguments.api.json, dry_run: arguments.dry_run };
    if arguments.dry_run {
        items.iter().for_each(|item| report.item(item));
    } else {
        carry_out(&remote, &file, &items, &now, &report).await?;
    }
    report.end(&items);
    Ok(())
}

/// Names every fault with its line; nothing is done then.
fn refuse(file: &str, faults: &[FileFault]) -> anyhow::Result<()> {
    for fault in faults {
        complain(format_args!("{file}:{}: {}: {}", fault.line, fault.whose, fault.detail));
    }
    match faults.len() {
        0 => Ok(()),
        1 => bail!("there is a fault in {file}, named above; nothing was changed"),
        count => bail!("there are {count} faults in {file}, named above; nothing was changed"),
    }
}

/// Does one item after the other. The first refusal ends it, and says what was done and what was not.
async fn carry_out(
    remote: &Remote,
    file: &str,
    items: &[Item],
    now: &Installation,
    report: &Report,
) -> anyhow::Result<()> {
    let named = now.orgs.iter().map(|org| (text(org, "name").to_owned(), text(org, "id").to_owned()));
    let mut orgs: HashMap<String, String> = named.collect();
    for (place, item) in items.iter().enumerate() {
        report.item(item);
        if let Err(why) = item.carry_out(remote, file, &mut orgs).await {
            let at_all = |item: &&Item| !item.deeds.is_empty();
            let names = |items: &[Item]| {
                let names: Vec<&str> = items.iter().filter(at_all).map(|item| item.place.whose.as_str()).collect();
                if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
            };
            let whose = &item.place.whose;
            return Err(anyhow!(
                "{whose} could not be applied: {why}; done before it: {}; not done: {}; what is done is not done again \
                 when you apply {file} once more",
                names(&items[..place]),
                names(&items[place..]),
            ));
        }
    }
    Ok(())
}

impl Item {
    /// Does it; where it fails, says why with the lines where the API names places.
    async fn carry_out(&self, remote: &Remote, file: &str, orgs: &mut HashMap<String, String>) -> Result<(), String> {
        let mut id = self.id.clone().unwrap_or_default();
        let mut tag = self.version.and_then(|version| HeaderValue::from_str(&format!("\"{version}\"")).ok());
        for deed in &self.deeds {
            let answer = deed.carry_out(remote, &id, tag.as_ref(), orgs).await;
            let answer = answer.map_err(|error| self.explained(file, deed, &error))?;
            if matches!(deed, Deed::CreateOrg(_) | Deed::CreateTenant(..)) {
                id = text(&answer.body, "id").to_owned();
            }
            if let Deed::CreateOrg(_) = deed {
                orgs.insert(text(&answer.body, "name").to_owned(), id.clone());
            }
            tag = answer.tag;
        }
        Ok(())
    }

    fn explained(&self, file: &str, deed: &Deed, error: &anyhow::Error) -> String {
        let faults = error.downcast_ref::<Refusal>().map(|refusal| refusal.faults.as_slice()).unwrap_or_default();
        if faults.is_empty() {
            return format!("{error:#}");
        }
        let told = faults.iter().map(|fault| {
            let fault = self.place.fault(&format!("{}{}", deed.pointer(), fault.pointer), fault.detail.clone());
            format!("{file}:{}: {}", fault.line, fault.detail)
        });
        told.collect::<Vec<_>>().join("; ")
    }

    fn state(&self) -> &'static str {
        match (self.id.is_some(), self.deeds.is_empty()) {
            (false, _) => "new",
            (true, false) => "changed",
            (true, true) => "same",
        }
    }
}

impl Deed {
    async fn carry_out(
        &self,
        remote: &Remote,
        id: &str,
        tag: Option<&HeaderValue>,
        orgs: &HashMap<String, String>,
    ) -> anyhow::Result<Answer> {
        let path = |of: &str, part: &str| format!("/api/{of}/{id}{part}");
        let (method, path, body) = match self {
            Deed::CreateOrg(body) => return remote.post_if("/api/orgs", body, None).await,
            Deed::CreateTenant(body, org) => {
                let mut body = body.clone();
                if let Some(org) = org {
                    body["orgId"] = json!(orgs.get(org).unwrap_or(org));
                }
                return remote.post_if("/api/tenants", &body, None).await;
            }
            Deed::ChangeOrg(body) => (Method::PATCH, path("orgs", ""), Some(body)),
            Deed::PutTwilio(body) => (Method::PUT, path("orgs", "/twilio"), Some(body)),
            Deed::DeleteTwilio => (Method::DELETE, path("orgs", "/twilio"), None),
            Deed::PutBilling(body) => (Method::PUT, path("orgs", "/billing"), Some(body)),
            Deed::ChangeTenant(body) => (Method::PATCH, path("tenants", ""), Some(body)),
            Deed::PutAvailability(body) => (Method::PUT, path("tenants", "/availability"), Some(body)),
        };
        remote.change(method, &path, body, tag).await
    }
}

/// How what is done is told.
struct Report {
    json: bool,
    dry_run: bool,
}

impl Report {
    fn item(&self, item: &Item) {
        if self.json || item.deeds.is_empty() {
            return;
        }
        let new = if item.id.is_none() { " (new)" } else { "" };
        let lines = item.lines.iter().map(|line| format!("\n  {line}"));
        say(format_args!("{}{new}{}", item.place.whose, lines.collect::<String>()));
    }

    fn end(&self, items: &[Item]) {
        if self.json {
            let shown = |item: &Item| json!({ "what": item.place.whose, "state": item.state(), "lines": item.lines });
            say(json!({ "dryRun": self.dry_run, "items": items.iter().map(shown).collect::<Vec<_>>() }));
            return;
        }
        let count = |state: &str| items.iter().filter(|item| item.state() == state).count();
        let (new, changed, same) = (count("new"), count("changed"), count("same"));
        if new + changed == 0 {
            say("nothing to change");
        } else if self.dry_run {
            say(format_args!("\n{new} to create, {changed} to change, {same} as they are; this was a dry run"));
        } else {
            say(format_args!("\n{new} created, {changed} changed, {same} as they were"));
        }
    }
}

#[cfg(test)]
mod tests;
