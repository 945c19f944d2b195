//! `patchbay jobs`: what is being set up, step by step, begun again and called off. Whoever begins a job elsewhere
//! watches it here.

use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::api::{self, Api, block_on, text};
use super::list::Listing;
use super::remote::Remote;
use super::table::Table;
use super::tenants;
use super::told::say;
use super::when::{self, Known};

/// How often a job that is watched is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);

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
    /// Lists jobs, newest first.
    List {
        /// Only those for this tenant: its id or slug.
        #[arg(long)]
        tenant: Option<String>,
        /// Only those that are this far: queued, running, waiting, succeeded, failed, manual, cancelled.
        #[arg(long)]
        state: Option<String>,
        /// Only those of this kind: number, deploy, wire, target, remove, release, vacate.
        #[arg(long)]
        kind: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Shows a job, step by step.
    Show {
        /// Its id, job_…
        id: String,
    },
    /// Shows a job's steps as they happen, up to its end; the exit code is 0 if it succeeded.
    Watch {
        /// Its id, job_…
        id: String,
    },
    /// Begins a job again where it stopped, and watches it.
    Retry {
        /// Its id, job_…
        id: String,
        #[command(flatten)]
        watch: Watch,
    },
    /// Calls a job off, and watches what becomes of it; what is bought already stays ours, in the pool.
    Cancel {
        /// Its id, job_…
        id: String,
        #[command(flatten)]
        watch: Watch,
    },
}

/// Whether to stay until a job has ended.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Watch {
    /// Does not wait for the end.
    #[arg(long)]
    no_wait: bool,
}

impl Watch {
    pub fn waits(self) -> bool {
        !self.no_wait
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let api = &arguments.api;
    block_on(async {
        match &arguments.command {
            Command::List { tenant, state, kind, listing } => {
                let mut only = tenants::only(api, tenant.as_deref()).await?;
                only.extend(state.clone().map(|state| ("state", state)));
                only.extend(kind.clone().map(|kind| ("kind", kind)));
                let mut known = Known::default();
                let told = async |remote: &Remote, rows: &[Value]| table(remote, rows, &mut known).await;
                listing.print(api, "/api/jobs", only, "no jobs", told).await
            }
            Command::Show { id } => {
                let job = api.remote()?.get(&format!("/api/jobs/{id}"), &[]).await?;
                api.show(&job, || told(&job));
                Ok(())
            }
            Command::Watch { id } => follow(api, &api.remote()?, id).await,
            Command::Retry { id, watch } => asked(api, id, "retry", *watch).await,
            Command::Cancel { id, watch } => {
                let remote = api.remote()?;
                let begun = remote.post(&format!("/api/jobs/{id}/cancel"), &json!(null)).await?;
                if watch.no_wait {
                    return begun_alone(api, &begun);
                }
                let job = watched(&remote, id, !api.json).await?;
                ended(api, &job);
                if job["state"] == "cancelled" {
                    Ok(())
                } else {
                    bail!("the job was over before: {}", text(&job, "state"))
                }
            }
        }
    })
}

async fn asked(api: &Api, id: &str, what: &str, watch: Watch) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let begun = remote.post(&format!("/api/jobs/{id}/{what}"), &json!(null)).await?;
    watch_if(api, &remote, &begun, watch).await
}

/// Watches the job that was begun, unless somebody does not want to wait.
pub(super) async fn watch_if(api: &Api, remote: &Remote, begun: &Value, watch: Watch) -> anyhow::Result<()> {
    if watch.no_wait {
        return begun_alone(api, begun);
    }
    follow(api, remote, text(begun, "jobId")).await
}

fn begun_alone(api: &Api, begun: &Value) -> anyhow::Result<()> {
    api.show(begun, || {
        format!("{} is {}; `patchbay jobs watch` shows how it goes", text(begun, "jobId"), text(begun, "state"))
    });
    Ok(())
}

/// Shows a job's steps as they happen, and fails if it does not succeed.
async fn follow(api: &Api, remote: &Remote, id: &str) -> anyhow::Result<()> {
    let job = watched(remote, id, !api.json).await?;
    ended(api, &job);
    match text(&job, "state") {
        "succeeded" => Ok(()),
        state => bail!("the job is {state}: {}", text(&job, "detail").replace('\n', "; ")),
    }
}

fn ended(api: &Api, job: &Value) {
    api.show(job, || format!("{}: {}", text(job, "state"), text(job, "detail")));
}

/// A job once it has ended; meanwhile what happens to its steps is said, if somebody reads it.
pub(super) async fn watched(remote: &Remote, id: &str, say_steps: bool) -> anyhow::Result<Value> {
    let mut told: Vec<String> = Vec::new();
    loop {
        let job = remote.get(&format!("/api/jobs/{id}"), &[]).await?;
        let lines = step_lines(&job);
        if say_steps {
            for (place, line) in lines.iter().enumerate() {
                if told.get(place) != Some(line) {
                    say(line);
                }
            }
        }
        told = lines;
        if !["queued", "running", "waiting"].contains(&text(&job, "state")) {
            return Ok(job);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A line for each step that has something to tell.
fn step_lines(job: &Value) -> Vec<String> {
    let steps = job["steps"].as_array().into_iter().flatten();
    steps
        .map(|step| {
            let sign = match text(step, "state") {
                "done" => "✓",
                "skipped" => "–",
                "failed" => "✗",
                _ => "…",
            };
            let detail = text(step, "detail").replace('\n', "\n    ");
            format!("  {sign} {}{}{detail}", text(step, "name"), if detail.is_empty() { "" } else { ": " })
        })
        .collect()
}

fn told(job: &Value) -> String {
    let head = format!(
        "{} ({}) is {}{}{}",
        text(job, "id"),
        text(job, "kind"),
        text(job, "state"),
        if text(job, "detail").is_empty() { "" } else { ": " },
        text(job, "detail")
    );
    let mut lines = vec![head];
    lines.extend(step_lines(job));
    if let Some(next) = job["nextAt"].as_str() {
        lines.push(format!("goes on at {}", when::told(&json!(next), None)));
    }
    lines.join("\n")
}

async fn table(remote: &Remote, rows: &[Value], known: &mut Known) -> anyhow::Result<String> {
    let mut table = Table::new(&["BEGUN", "TENANT", "KIND", "STATE", "DETAIL", "ID"], &["DETAIL", "TENANT"]);
    for job in rows {
        let (slug, at) = known.slug_and_time(remote, &job["tenantId"], &job["createdAt"]).await?;
        let [kind, state, detail, id] = ["kind", "state", "detail", "id"].map(|member| text(job, member).to_owned());
        table.row([at, slug, kind, state, detail, id]);
    }
    Ok(table.told())
}
