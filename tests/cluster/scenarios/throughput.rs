//! What one, two and three edges do with the ledger they share, and what a request costs against the embedded set-up.
//!
//! On a machine where edges, servers and callers share the cores this says what a request costs, not how many there can
//! be: read the processor time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use super::Report;
use crate::callers::{Expected, Heard, Line, STATUS, VOICE, call_sid, caller};
use crate::cluster::{Cluster, Plan};
use crate::options::{Backend, Options};

/// Callers at each edge, each with a call after another.
const CALLERS: usize = 16;
/// Linux tells processor time in hundredths of a second.
const TICK_US: f64 = 10_000.0;

static ANSWERED: AtomicU64 = AtomicU64::new(0);
static FAILED: AtomicU64 = AtomicU64::new(0);

pub async fn run(options: &Options) -> Report {
    let mut report = Report::default();
    let mut set_ups = vec![("embedded", Backend::Embedded, 1)];
    if options.backend == Backend::Shared {
        set_ups.extend([
            ("1 edge", Backend::Shared, 1),
            ("2 edges", Backend::Shared, 2),
            ("3 edges", Backend::Shared, 3),
        ]);
    }
    for (name, backend, edges) in set_ups {
        let directory = format!("throughput-{}", name.replace(' ', "-"));
        let cluster =
            Cluster::start(Plan { name: &directory, backend, edges, small_disk: false, patient: false }).await;
        let desk = &cluster.desks()[0];
        // Never so many, so all hear that it is busy; but each is counted first.
        let counted = json!({"mode": "overflow-only", "fallback": {"type": "busy-signal"},
            "highVolume": {"enabled": true, "threshold": 100_000}});
        let by_settings = Line::open(desk, 170, &json!({"mode": "always"}), Expected::Settled(Heard::Ai)).await;
        let by_count = Line::open(desk, 171, &counted, Expected::Settled(Heard::Busy)).await;
        for (kind, line) in [("", by_settings), (" counting", by_count)] {
            line.known(&cluster.twilio, &cluster.desks()).await;
            let (a_second, cpu_us) = measured(&cluster, &line, options.fault).await;
            report.figures.notes.push(format!("{name}{kind} {a_second:.0} requests/s at {cpu_us:.0} us"));
        }
    }
    report.figures.calls = ANSWERED.load(Ordering::Relaxed) / 2;
    report.figures.failed = FAILED.load(Ordering::Relaxed) as usize;
    if report.figures.failed > 0 {
        report.faults.push(format!("{} requests failed", report.figures.failed));
    }
    report.figures.converged = "-".to_owned();
    report.figures.saw = "-".to_owned();
    report
}

/// Requests a second, and the edges' processor time for each.
async fn measured(cluster: &Cluster, line: &Line, how_long: Duration) -> (f64, f64) {
    let desks = cluster.desks();
    let (answered, used, began) = (ANSWERED.load(Ordering::Relaxed), used(cluster), Instant::now());
    let end = began + how_long;
    let mut callers = JoinSet::new();
    for desk in desks.iter().flat_map(|desk| std::iter::repeat_n(desk, CALLERS)) {
        let (twilio, line, edge) = (cluster.twilio.clone(), line.clone(), desk.edge);
        callers.spawn(async move {
            while Instant::now() < end {
                let (sid, from) = (call_sid(), caller());
                let call = [("CallSid", sid.as_str()), ("From", &from), ("To", &line.number)];
                for (path, status) in [(VOICE, "ringing"), (STATUS, "completed")] {
                    let answer = twilio.ask_at(edge, path, &[&call[..], &[("CallStatus", status)]].concat()).await;
                    let is_well = answer.is_ok_and(|answer| matches!(answer.status, 200 | 204));
                    (if is_well { &ANSWERED } else { &FAILED }).fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    callers.join_all().await;
    let requests = (ANSWERED.load(Ordering::Relaxed) - answered) as f64;
    let cpu_us = self::used(cluster).saturating_sub(used) as f64 * TICK_US;
    (requests / began.elapsed().as_secs_f64(), cpu_us / requests.max(1.0))
}

/// User and system time of all edges, in ticks.
fn used(cluster: &Cluster) -> u64 {
    let of = |pid: u32| -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name, in brackets, may hold blanks; the two times are fields 14 and 15.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
        fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
    };
    cluster.edges.iter().filter_map(crate::servers::Edge::pid).map(of).sum()
}
