//! `patchbay apply`: brings an installation to what a file says. Nothing that the file leaves out is deleted.
//!
//! `file` says what is wanted, `installation` what there is, `plan` and `reach` what to do, `deeds` how, and `report`
//! tells it; here one comes after the other.

mod deeds;
mod file;
mod installation;
mod plan;
mod reach;
mod report;

use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use reqwest::header::HeaderValue;

use self::deeds::{Came, Deed, Hand};
use self::file::{FileFault, wanted};
use self::plan::{Item, Secrets, plan};
use self::report::Report;
use super::api::{self, Api, block_on, text};
use super::jobs::Watch;
use super::remote::Refusal;
use super::told::complain;
use super::{secrets, yaml};

pub(super) use self::installation::{Held, Installation};

const HELP: &str = "\
The file is YAML: `version: 1`, then `organizations` by name or id and `tenants` by slug, each with
what is to be set; `patchbay export` writes one. What a part leaves out stays as it is;
`availability`, where given, is the whole of it. Nothing that is not in the file is deleted, and no
number is released or taken away. `numbers` are led to their tenant, and bought where nobody here
has them; `phone` says how a tenant is reached, and is set up (`deploy: false`: only configured).
--dry-run tells what would be bought. Jobs that are begun are waited for, and the exit code is 1 if
one of them does not succeed; with --no-wait only their ids are told.
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
    #[command(flatten)]
    watch: Watch,
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
    let now = Installation::of(&remote, &wanted).await?;
    let look = |name: &str| secrets::from_env(name).ok().flatten();
    let planned = plan(wanted, &now, &Secrets { look: &look, again: arguments.secrets });
    let items = planned.or_else(|faults| refuse(&file, &faults).map(|()| Vec::new()))?;
    let mut report = Report::new(arguments.api.json, arguments.dry_run);
    if arguments.dry_run {
        items.iter().for_each(|item| report.item(item));
        return report.end(&file, &items);
    }
    let waits = arguments.watch.waits();
    let mut hand = Hand::new(&remote, waits, &now.orgs);
    carry_out(&mut hand, &file, &items, &mut report).await?;
    if waits {
        report.wait(&remote).await?;
    }
    report.end(&file, &items)
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
async fn carry_out(hand: &mut Hand<'_>, file: &str, items: &[Item], report: &mut Report) -> anyhow::Result<()> {
    for (place, item) in items.iter().enumerate() {
        report.item(item);
        if let Err(why) = item.carry_out(hand, file, report).await {
            let at_all = |item: &&Item| !item.deeds.is_empty();
            let names = |items: &[Item]| {
                let names: Vec<&str> = items.iter().filter(at_all).map(|item| item.place.whose.as_str()).collect();
                if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
            };
            let jobs = report.jobs().join(", ");
            let jobs = if jobs.is_empty() { jobs } else { format!("; jobs that go on: {jobs}") };
            let whose = &item.place.whose;
            return Err(anyhow!(
                "{whose} could not be applied: {why}; done before it: {}; not done: {}{jobs}; what is done is not done \
                 again when you apply {file} once more",
                names(&items[..place]),
                names(&items[place..]),
            ));
        }
    }
    Ok(())
}

impl Item {
    /// Does it; where it fails, says why with the lines where the API names places.
    async fn carry_out(&self, hand: &mut Hand<'_>, file: &str, report: &mut Report) -> Result<(), String> {
        let mut id = self.id.clone().unwrap_or_default();
        let mut tag = self.version.and_then(|version| HeaderValue::from_str(&format!("\"{version}\"")).ok());
        for deed in &self.deeds {
            let came = hand.carry_out(deed, &id, tag.as_ref()).await;
            match came.map_err(|error| self.explained(file, deed, &error))? {
                Came::Done(answer) => {
                    if matches!(deed, Deed::CreateOrg(_) | Deed::CreateTenant(..)) {
                        id = text(&answer.body, "id").to_owned();
                    }
                    if let Deed::CreateOrg(_) = deed {
                        hand.orgs.insert(text(&answer.body, "name").to_owned(), id.clone());
                    }
                    tag = answer.tag;
                }
                Came::Told(line) => report.said(self, &line),
                Came::Begun(job) => report.begun(self, job),
                Came::Waits(line) => {
                    report.said(self, &line);
                    break;
                }
                Came::Failed(line) => {
                    report.failed(self, &line);
                    break;
                }
            }
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
}

#[cfg(test)]
mod tests;
