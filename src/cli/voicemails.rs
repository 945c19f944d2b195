//! `patchbay voicemails`: what callers left, and whether somebody listened.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{self, Api, block_on, text};
use super::list::Listing;
use super::remote::Remote;
use super::table::{Table, facts};
use super::tenants;
use super::told::say;
use super::when::Known;

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
    /// Lists voicemails, newest first.
    List {
        /// Only those of this tenant: its id or slug.
        #[arg(long)]
        tenant: Option<String>,
        /// Only those nobody has heard.
        #[arg(long)]
        unheard: bool,
        #[command(flatten)]
        listing: Listing,
    },
    /// Shows a voicemail with its words, once transcribed.
    Show {
        /// Its id, vm_…
        id: String,
    },
    /// Marks voicemails as heard.
    Heard(Several),
    /// Marks voicemails as not heard.
    Unheard(Several),
    /// Saves the recording to a file.
    Save {
        /// Its id, vm_…
        id: String,
        /// The file; the id with the ending of its kind where absent. A file that exists is not overwritten.
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct Several {
    /// Their ids, vm_…
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let api = &arguments.api;
    block_on(async {
        match &arguments.command {
            Command::List { tenant, unheard, listing } => {
                let mut of = tenants::only(api, tenant.as_deref()).await?;
                of.extend(unheard.then(|| ("heard", "false".to_owned())));
                let mut known = Known::default();
                let told = async |remote: &Remote, rows: &[Value]| table(remote, rows, &mut known).await;
                listing.print(api, "/api/voicemails", of, "no voicemails", told).await
            }
            Command::Show { id } => show(api, id).await,
            Command::Heard(several) => mark(api, &several.ids, true).await,
            Command::Unheard(several) => mark(api, &several.ids, false).await,
            Command::Save { id, output } => save(api, id, output.as_deref()).await,
        }
    })
}

async fn table(remote: &Remote, rows: &[Value], known: &mut Known) -> anyhow::Result<String> {
    let heads = ["AT", "TENANT", "FROM", "SECONDS", "STATE", "HEARD", "VOICEMAIL"];
    let mut table = Table::new(&heads, &["TENANT"]);
    for voicemail in rows {
        let (slug, at) = known.slug_and_time(remote, &voicemail["tenantId"], &voicemail["createdAt"]).await?;
        let [from, state, id] = ["from", "state", "id"].map(|member| text(voicemail, member).to_owned());
        table.row([at, slug, from, seconds(voicemail), state, heard(voicemail), id]);
    }
    Ok(table.told())
}

fn seconds(voicemail: &Value) -> String {
    voicemail["duration"].as_u64().map(|seconds| seconds.to_string()).unwrap_or_default()
}

fn heard(voicemail: &Value) -> String {
    if voicemail["heard"] == json!(true) { "yes".to_owned() } else { "no".to_owned() }
}

async fn show(api: &Api, id: &str) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let voicemail = remote.get(&format!("/api/voicemails/{id}"), &[]).await?;
    if api.json {
        say(&voicemail);
        return Ok(());
    }
    let mut known = Known::default();
    let (slug, at) = known.slug_and_time(&remote, &voicemail["tenantId"], &voicemail["createdAt"]).await?;
    let of = |member: &str| text(&voicemail, member).to_owned();
    say(facts(&[
        ("voicemail", of("id")),
        ("tenant", slug),
        ("left", at),
        ("from", of("from")),
        ("seconds", seconds(&voicemail)),
        ("state", of("state")),
        ("heard", heard(&voicemail)),
        ("call", of("callSid")),
        ("says", of("transcript")),
    ]));
    Ok(())
}

async fn mark(api: &Api, ids: &[String], heard: bool) -> anyhow::Result<()> {
    let remote = api.remote()?;
    for id in ids {
        let body = json!({ "heard": heard });
        let now = remote.change(Method::PATCH, &format!("/api/voicemails/{id}"), Some(&body), None).await?.body;
        api.show(&now, || format!("{id} is {}", if heard { "heard" } else { "not heard" }));
    }
    Ok(())
}

async fn save(api: &Api, id: &str, output: Option<&Path>) -> anyhow::Result<()> {
    let mut audio = api.remote()?.stream(&format!("/api/voicemails/{id}/audio")).await?;
    let kind = audio.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let ending = if kind.starts_with("audio/mpeg") { "mp3" } else { "wav" };
    let file = output.map_or_else(|| PathBuf::from(format!("{id}.{ending}")), Path::to_owned);
    let shown = file.display();
    let mut kept = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&file)
        .with_context(|| format!("could not make {shown}; name another file with --output"))?;
    let mut bytes = 0;
    while let Some(piece) = audio.chunk().await.context("the recording broke off; delete what was saved of it")? {
        kept.write_all(&piece).with_context(|| format!("could not write {shown}"))?;
        bytes += piece.len();
    }
    kept.sync_all().with_context(|| format!("could not write {shown}"))?;
    api.show(&json!({ "id": id, "file": file, "bytes": bytes }), || format!("{shown}: {bytes} bytes"));
    Ok(())
}
