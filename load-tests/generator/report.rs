//! The one line of JSON a run ends with.

use std::time::Duration;

use serde_json::{Value, json};

use super::drive::Outcome;
use super::histogram::Histogram;

/// Everything measured. Times are microseconds unless the name says otherwise.
pub fn report(outcome: &Outcome) -> Value {
    let tally = &outcome.tally;
    let (secs, answers) = (outcome.took.as_secs_f64(), tally.answers());
    let each = |time: Duration| rounded(time.as_secs_f64() * 1e6 / answers.max(1) as f64, 1000.0);
    let server = outcome.server.as_ref().map(|(before, after)| {
        let used = after.since(before);
        let threads: serde_json::Map<_, _> =
            used.threads.iter().map(|(name, time)| (name.clone(), json!(each(*time)))).collect();
        json!({
            "cpu_us": each(used.total),
            "threads_us": threads,
            "busy": rounded(used.total.as_secs_f64() / secs, 1000.0),
            "waited": used.waited,
            "pushed_off": used.pushed_off,
            "rss_mib": after.rss_kb / 1024,
            "peak_rss_mib": after.peak_rss_kb / 1024,
            "stolen_ms": used.stolen.as_millis() as u64,
        })
    });
    json!({
        "secs": rounded(secs, 1000.0),
        "requests": answers,
        "voice": tally.voice.total(),
        "status": tally.status.total(),
        "bad": tally.bad,
        "unanswered": tally.unanswered,
        "reconnects": tally.reconnects,
        "req_s": rounded(answers as f64 / secs, 1.0),
        "latency_us": {
            "all": quantiles(&tally.voice.with(&tally.status)),
            "voice": quantiles(&tally.voice),
            "status": quantiles(&tally.status),
        },
        "behind_ms": outcome.behind.as_millis() as u64,
        "generator": {
            "cpu_us": each(outcome.generator_worked),
            "busy": rounded(outcome.generator_worked.as_secs_f64() / secs, 1000.0),
            "had_its_core": rounded(outcome.generator_ran.as_secs_f64() / secs, 1000.0),
        },
        "server": server,
        "twiml_bytes": tally.twiml_bytes(),
        "call_secs": rounded(tally.call_secs(), 100.0),
        "live_calls": outcome.live_calls,
    })
}

fn quantiles(times: &Histogram) -> Value {
    let micros = |nanos: u64| rounded(nanos as f64 / 1000.0, 10.0);
    json!({
        "p50": micros(times.quantile(0.5)),
        "p90": micros(times.quantile(0.9)),
        "p99": micros(times.quantile(0.99)),
        "p999": micros(times.quantile(0.999)),
        "max": micros(times.longest()),
    })
}

fn rounded(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}
