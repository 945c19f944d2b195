//! How what is done is told: item by item to people, as one document to programs; and the jobs that were begun, waited
//! for at the end, so that they go on side by side.

use anyhow::bail;
use serde_json::{Value, json};

use super::plan::Item;
use crate::cli::api::text;
use crate::cli::jobs::watched;
use crate::cli::remote::Remote;
use crate::cli::told::say;

pub(super) struct Report {
    json: bool,
    dry_run: bool,
    /// What was said of somebody while it was done.
    said: Vec<Value>,
    jobs: Vec<Begun>,
    failures: usize,
}

/// A job that was begun.
struct Begun {
    whose: String,
    id: String,
    state: String,
    detail: String,
}

impl Report {
    pub fn new(json: bool, dry_run: bool) -> Report {
        Report { json, dry_run, said: Vec::new(), jobs: Vec::new(), failures: 0 }
    }

    pub fn item(&self, item: &Item) {
        if self.json || (item.deeds.is_empty() && item.notes.is_empty()) {
            return;
        }
        let new = if item.id.is_none() { " (new)" } else { "" };
        let lines = item.lines.iter().chain(&item.notes).map(|line| format!("\n  {line}"));
        say(format_args!("{}{new}{}", item.place.whose, lines.collect::<String>()));
    }

    pub fn said(&mut self, item: &Item, line: &str) {
        self.said.push(json!({ "what": item.place.whose, "line": line }));
        if !self.json {
            say(format_args!("  {line}"));
        }
    }

    pub fn failed(&mut self, item: &Item, line: &str) {
        self.failures += 1;
        self.said(item, line);
    }

    pub fn begun(&mut self, item: &Item, job: String) {
        if !self.json {
            say(format_args!("  … {job} is begun"));
        }
        let (whose, state) = (item.place.whose.clone(), "begun".to_owned());
        self.jobs.push(Begun { whose, id: job, state, detail: String::new() });
    }

    /// The ids of the jobs that were begun, for whoever is stopped before their end.
    pub fn jobs(&self) -> Vec<&str> {
        self.jobs.iter().map(|job| job.id.as_str()).collect()
    }

    /// Waits for every job that was begun.
    pub async fn wait(&mut self, remote: &Remote) -> anyhow::Result<()> {
        for (place, job) in self.jobs.iter_mut().enumerate() {
            let over = watched(remote, &job.id, false).await?;
            (job.state, job.detail) = (text(&over, "state").to_owned(), text(&over, "detail").replace('\n', "; "));
            if job.state != "succeeded" {
                self.failures += 1;
            }
            if !self.json {
                let above = if place == 0 { "\n" } else { "" };
                say(format_args!("{above}{}: {} {}: {}", job.whose, job.id, job.state, job.detail));
            }
        }
        Ok(())
    }

    pub fn end(&self, file: &str, items: &[Item]) -> anyhow::Result<()> {
        let count = |state: &str| items.iter().filter(|item| item.state() == state).count();
        let (new, changed, same) = (count("new"), count("changed"), count("same"));
        if self.json {
            let shown = |item: &Item| {
                let (what, lines, notes) = (&item.place.whose, &item.lines, &item.notes);
                json!({ "what": what, "state": item.state(), "lines": lines, "notes": notes })
            };
            let items: Vec<Value> = items.iter().map(shown).collect();
            let jobs = self
                .jobs
                .iter()
                .map(|job| json!({ "what": job.whose, "jobId": job.id, "state": job.state, "detail": job.detail }));
            let jobs: Vec<Value> = jobs.collect();
            say(json!({ "dryRun": self.dry_run, "items": items, "said": self.said, "jobs": jobs }));
        } else if new + changed == 0 {
            say("nothing to change");
        } else if self.dry_run {
            say(format_args!("\n{new} to create, {changed} to change, {same} as they are; this was a dry run"));
        } else {
            say(format_args!("\n{new} created, {changed} changed, {same} as they were"));
        }
        match self.failures {
            0 => Ok(()),
            1 => bail!("one thing did not succeed, named above; apply {file} again once it can"),
            count => bail!("{count} things did not succeed, named above; apply {file} again once they can"),
        }
    }
}
