//! The count is one count: of many simultaneous calls over all edges, exactly the threshold reach staff.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use super::{Figures, Report};
use crate::callers::{Expected, Heard, Line, STATUS, VOICE, call_sid, caller};
use crate::cluster::{Cluster, Plan};
use crate::options::Options;
use crate::servers::Desk;

const THRESHOLD: usize = 37;
/// Longest it takes until calls that have ended are forgotten by all.
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn run(options: &Options) -> Report {
    let cluster = Cluster::start(Plan { patient: true, ..Plan::usual("one-count", options.backend) }).await;
    let desks = cluster.desks();
    let availability = json!({"mode": "overflow-only", "fallback": {"type": "busy-signal"},
        "highVolume": {"enabled": true, "threshold": THRESHOLD}});
    let line = Line::open(&desks[0], 150, &availability, Expected::Settled(Heard::Busy)).await;
    line.known(&cluster.twilio, &desks).await;
    let mut report = Report::default();
    let (mut longest, mut counts) = (Duration::ZERO, Vec::new());
    for _ in 0..options.rounds {
        if let Some(fault) = empty(&desks).await {
            report.faults.push(fault);
            break;
        }
        let sids: Vec<String> = (0..options.at_once).map(|_| call_sid()).collect();
        let mut to_staff = 0;
        let fields = [("CallStatus", "ringing")];
        for answer in ask_all(&cluster, &line, &sids, VOICE, &fields).await {
            report.figures.calls += 1;
            match answer {
                Ok((heard, took)) => {
                    to_staff += usize::from(heard != Heard::Ai);
                    report.figures.wrong += usize::from(matches!(heard, Heard::Trouble | Heard::Else));
                    longest = longest.max(took);
                }
                Err(_) => report.figures.failed += 1,
            }
        }
        counts.push(to_staff);
        ask_all(&cluster, &line, &sids, STATUS, &[("CallStatus", "completed")]).await;
    }
    let (failed, wrong) = (report.figures.failed, report.figures.wrong);
    if failed + wrong > 0 {
        report.faults.push(format!("{failed} failed, {wrong} heard neither staff nor the AI"));
    }
    if counts.iter().any(|count| *count != THRESHOLD) {
        report.faults.push(format!("not {THRESHOLD} each time: {counts:?}"));
    }
    report.figures.worst_ms = longest.as_millis() as u64;
    report.figures.notes.push(format!("{} rounds of {}", counts.len(), options.at_once));
    Report { figures: Figures { converged: "-".to_owned(), saw: "-".to_owned(), ..report.figures }, ..report }
}

/// All at once, through the balancer.
async fn ask_all(
    cluster: &Cluster,
    line: &Line,
    sids: &[String],
    path: &str,
    fields: &[(&'static str, &'static str)],
) -> Vec<Result<(Heard, Duration), String>> {
    let mut asked = JoinSet::new();
    for sid in sids {
        let (twilio, url) = (cluster.twilio.clone(), cluster.twilio.url(path));
        let (sid, from, to, fields) = (sid.clone(), caller(), line.number.clone(), fields.to_vec());
        asked.spawn(async move {
            let call = [("CallSid", sid.as_str()), ("From", &from), ("To", &to)];
            let answer = twilio.ask(&url, &[&call[..], &fields].concat()).await?;
            match answer.status {
                200 | 204 => Ok((Heard::of(&answer.body), answer.took)),
                other => Err(format!("{other}")),
            }
        });
    }
    asked.join_all().await
}

/// Waits until no edge knows of a live call. What is wrong if one does.
async fn empty(desks: &[Desk]) -> Option<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut live = Vec::new();
        for desk in desks {
            let (_, page) = desk.admin("GET", "/api/live", None).await?;
            live.push(page["data"].as_array().map(Vec::len));
        }
        if live.iter().all(|count| *count == Some(0)) {
            return None;
        }
        if Instant::now() > deadline {
            return Some(format!("live calls at the edges after all have ended: {live:?}"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
