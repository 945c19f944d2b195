//! `patchbay tenants coverage`: who answers when, a line a day, or the picture of it.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::{Value, json};

use super::availability::one_document;
use super::{Named, find, path};
use crate::cli::api::{Api, text};
use crate::cli::table::Table;
use crate::cli::told::say;
use crate::model::availability::zone;

#[derive(Debug, Args)]
pub(super) struct Coverage {
    #[command(flatten)]
    tenant: Named,
    /// The first day, as in 2026-11-30; today where absent.
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// How many days, 400 at most.
    #[arg(long, value_name = "COUNT", default_value_t = 28)]
    days: u16,
    /// Settings that were not saved: YAML or JSON, `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "svg")]
    availability: Option<PathBuf>,
    /// Prints the picture, as SVG.
    #[arg(long, conflicts_with = "json")]
    svg: bool,
}

pub(super) async fn run(api: &Api, coverage: &Coverage) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let tenant = find(&remote, &coverage.tenant.tenant).await?.body;
    let days = coverage.days.to_string();
    let mut query = vec![("days", days.as_str())];
    query.extend(coverage.from.as_deref().map(|from| ("from", from)));
    if coverage.svg {
        let picture = remote.read_as("image/svg+xml", &path(&tenant, "/coverage.svg"), &query).await?;
        say(picture.trim_end());
        return Ok(());
    }
    let answer = match &coverage.availability {
        Some(file) => {
            let mut body = json!({ "days": coverage.days, "availability": one_document(file)?.value() });
            if let Some(from) = &coverage.from {
                body["from"] = json!(from);
            }
            remote.post(&path(&tenant, "/coverage"), &body).await?
        }
        None => remote.get(&path(&tenant, "/coverage"), &query).await?,
    };
    let people = told(&answer)?;
    api.show(&answer, || people);
    Ok(())
}

/// A line a day.
fn told(answer: &Value) -> anyhow::Result<String> {
    let name = text(answer, "timezone");
    let Some(zone) = zone::named(name) else { bail!("the admin API named a zone nobody knows: {name}") };
    let (mut spans, mut marks) = (parsed(&answer["spans"], "from")?, parsed(&answer["marks"], "at")?);
    let mut table = Table::new(&["DAY", "WHO ANSWERS", "NOTE"], &[]);
    let mut day = spans.first().context("the admin API told of no time at all")?.0.to_zoned(zone.clone());
    let end = spans.last().and_then(|(_, span)| instant(&span["until"])).context("it told of no end")?;
    while day.timestamp() < end {
        let next = day.tomorrow()?.start_of_day()?;
        let until = next.timestamp();
        let today = spans.iter().take_while(|(from, _)| *from < until).count();
        let shown: Vec<String> =
            spans[..today].iter().map(|(from, span)| stretch(*from, span, &day, &next, &zone)).collect();
        let noted = marks.iter().take_while(|(at, _)| *at < until).count();
        let notes: Vec<String> = marks.drain(..noted).map(|(_, mark)| text(mark, "label").to_owned()).collect();
        table.row([day.strftime("%a %Y-%m-%d").to_string(), shown.join(", "), notes.join(", ")]);
        // What goes on tomorrow is told tomorrow too.
        spans.drain(..today.saturating_sub(1));
        if spans.first().and_then(|(_, span)| instant(&span["until"])).is_some_and(|over| over <= until) {
            spans.remove(0);
        }
        day = next;
    }
    let busy = answer["threshold"].as_u64().map(|count| format!("; busy is {count} other calls or more"));
    Ok(format!("on the clock of {name}{}\n{}", busy.unwrap_or_default(), table.told()))
}

fn stretch(from: Timestamp, span: &Value, day: &Zoned, next: &Zoned, zone: &TimeZone) -> String {
    let until = instant(&span["until"]).unwrap_or(from);
    let clock = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%H:%M").to_string();
    let close = if until >= next.timestamp() { "24:00".to_owned() } else { clock(until) };
    let who = |answer: &Value| {
        let who = if answer["available"] == json!(true) { "AI" } else { "fallback" };
        format!("{who} ({})", text(answer, "reason"))
    };
    let busy = if span["busy"] == span["quiet"] { String::new() } else { format!(", busy {}", who(&span["busy"])) };
    format!("{}-{close} {}{busy}", clock(from.max(day.timestamp())), who(&span["quiet"]))
}

/// What these tell, with when.
fn parsed<'a>(values: &'a Value, member: &str) -> anyhow::Result<Vec<(Timestamp, &'a Value)>> {
    let all = values.as_array().into_iter().flatten();
    all.map(|value| Ok((instant(&value[member]).context("the admin API told what is no time")?, value))).collect()
}

fn instant(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}
