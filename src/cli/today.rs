//! `patchbay today`: how things are, what needs a person, and what they do now.

use clap::Args;
use serde_json::{Value, json};

use super::api::{self, Api, block_on, text};
use super::table::{facts, harmless};
use super::when;

#[derive(Debug, Args)]
#[command(after_help = api::HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    api: Api,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let api = &arguments.api;
    block_on(async {
        let today = api.remote()?.get("/api/today", &[]).await?;
        api.show(&today, || told(&today));
        Ok(())
    })
}

fn told(today: &Value) -> String {
    let warnings: Vec<String> = today["warnings"].as_array().into_iter().flatten().map(warning).collect();
    let warnings = if warnings.is_empty() { "nothing needs a person".to_owned() } else { warnings.join("\n\n") };
    format!("{}\n\n{warnings}", figures(today))
}

fn figures(today: &Value) -> String {
    if today["storeUp"] != json!(true) {
        return facts(&[
            ("store", "away: what it knows cannot be told".to_owned()),
            ("AI", ai(today)),
            ("live", live(today)),
        ]);
    }
    let calls = |who: &str| {
        let minutes = today["minutes"].as_array().into_iter().flatten();
        minutes.filter_map(|minute| minute[who].as_u64()).sum::<u64>()
    };
    let jobs = ["queued", "running", "waiting", "manual"].map(|state| (state, today["jobs"][state].as_u64()));
    let jobs = jobs.map(|(state, count)| format!("{} {state}", count.unwrap_or_default())).join(", ");
    facts(&[
        ("last hour", format!("{} to the AI, {} to the fallback", calls("ai"), calls("fallback"))),
        ("live", live(today)),
        ("AI", ai(today)),
        ("jobs", jobs),
        ("unheard", today["voicemailsUnheard"].to_string()),
    ])
}

fn live(today: &Value) -> String {
    today["liveCount"].to_string()
}

fn ai(today: &Value) -> String {
    let targets = today["ai"]["targets"].as_array().map_or(0, Vec::len);
    let whole = match text(&today["ai"], "state") {
        "closed" => "can be reached",
        "half_open" => "is tried again",
        _ => "is away",
    };
    match targets {
        0 => whole.to_owned(),
        1 => format!("{whole}, save 1 target"),
        count => format!("{whole}, save {count} targets"),
    }
}

/// What is, what a person does now, and the command that helps.
fn warning(warning: &Value) -> String {
    let since = match when::told(&warning["since"], None) {
        since if since.is_empty() => since,
        since => format!(" (since {since})"),
    };
    let of = |member: &str| harmless(&text(warning, member).lines().collect::<Vec<_>>().join(" "));
    let mut lines = vec![format!("{:<8} {}: {}{since}", of("grade"), of("subject"), of("detail"))];
    lines.push(format!("         → {}", of("next")));
    if warning["command"].is_string() {
        lines.push(format!("         $ {}", of("command")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_warning_is_told_with_its_next_step_and_its_command() {
        let today = json!({
            "storeUp": true, "minutes": [{"ai": 2, "fallback": 1}, {"ai": 1, "fallback": 0}], "liveCount": 4,
            "ai": {"state": "closed", "targets": [{}]}, "voicemailsUnheard": 5,
            "jobs": {"queued": 0, "running": 1, "waiting": 0, "manual": 2},
            "warnings": [{
                "grade": "warning", "subject": "jobs", "detail": "2 jobs.", "next": "Look.", "since": "2026-11-20T15:00:00Z",
                "command": "patchbay jobs list --state manual",
            }],
        });
        let expected = "\
last hour  3 to the AI, 1 to the fallback
live       4
AI         can be reached, save 1 target
jobs       0 queued, 1 running, 0 waiting, 2 manual
unheard    5

warning  jobs: 2 jobs. (since 2026-11-20 15:00:00 UTC)
         → Look.
         $ patchbay jobs list --state manual";
        assert_eq!(told(&today), expected);
        let away = json!({"storeUp": false, "liveCount": 1, "ai": {"state": "open", "targets": []}, "warnings": []});
        assert!(told(&away).ends_with("nothing needs a person") && told(&away).contains("away: what it knows"));
    }
}
