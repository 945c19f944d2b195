//! The keepers against the simulated providers, by a clock that the test holds.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::journal::Options;
use crate::model::{Secret, Seed, VoicemailId};
use crate::providers::Http;
use crate::routing::Surroundings;
use crate::simulator::{self, Simulator};
use crate::store::Numbered;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const CALL: &str = "CA00000000000000000000000000000001";

/// Keepers that keep only when they are told to.
struct Bench {
    keepers: Keepers,
    simulator: Simulator,
    web: reqwest::Client,
    _spool: TempDir,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn sid(text: &str) -> Sid {
    Sid::parse(text).unwrap()
}

fn live(arrival: Arrival, sid: &Sid, account: Option<Sid>) -> LiveCall {
    LiveCall {
        sid: sid.clone(),
        tenant_id: crate::model::TenantId::new(Seed { at: at(0), random: [1; 10] }),
        org_id: crate::model::OrgId::new(Seed { at: at(0), random: [1; 10] }),
        account,
        arrival,
        with_ai: false,
        began: at(0),
        heard: at(0),
    }
}

impl Bench {
    async fn new() -> Bench {
        let simulator = simulator::start(([127, 0, 0, 1], 0).into()).await.unwrap();
        let spool = TempDir::new().unwrap();
        let (store, metrics) = (Store::open("sqlite::memory:", &[7; 32]).await.unwrap(), Arc::<Metrics>::default());
        let (journal, drain) = Journal::open(spool.path(), Options::default(), Arc::clone(&metrics)).unwrap();
        tokio::spawn(drain.run(store.clone(), std::future::pending()));
        let around = Surroundings {
            default_target: None,
            global_account: Some(TwilioAccount {
                sid: sid(ACCOUNT),
                auth_token: Secret::new("not-a-real-token"),
                auth_token_next: None,
                phone_number: None,
            }),
            forward_countries: Vec::new(),
        };
        let http = Http::new().unwrap();
        let vapi = Vapi::new(&http, &simulator.url(), Secret::new("not-a-real-key"), Arc::clone(&metrics)).unwrap();
        let keepers = Keepers {
            directory: Directory::new(store.clone(), Arc::new(around), Arc::clone(&metrics), 100),
            ledger: Ledger::memory(None, Arc::clone(&metrics)),
            health: Arc::default(),
            readiness: Arc::default(),
            twilio: Twilio::new(&http, &simulator.url(), Arc::clone(&metrics)).unwrap(),
            vapi: Some(vapi),
            duties: super::Duties::new(store.clone(), "here"),
            store,
            journal,
            metrics,
            breakers: Arc::default(),
            clock: Timestamp::now,
        };
        Bench { keepers, simulator, web: reqwest::Client::new(), _spool: spool }
    }

    async fn sim(&self, path: &str, body: Value) {
        let told = self.web.post(format!("{}/_sim/{path}", self.simulator.url())).json(&body).send().await.unwrap();
        assert!(told.status().is_success(), "{}", told.text().await.unwrap());
    }

    async fn call(&self, status: &str, recordings: Value) {
        self.sim("calls", json!({"sid": CALL, "status": status, "accountSid": ACCOUNT, "recordings": recordings}))
            .await;
    }

    async fn questions(&self) -> usize {
        let asked = self.web.get(format!("{}/_sim/requests", self.simulator.url())).send().await.unwrap();
        asked.json::<Vec<Value>>().await.unwrap().len()
    }

    /// A message of which only its announcement came, at second 0.
    async fn announced(&self) -> VoicemailId {
        let id = VoicemailId::new(Seed { at: at(0), random: [9; 10] });
        let news = VoicemailNews {
            id: id.clone(),
            tenant_id: None,
            call_sid: sid(CALL),
            account_sid: Some(sid(ACCOUNT)),
            recording_sid: None,
            recording_url: None,
            from: Some("+14165550101".to_owned()),
            duration_seconds: Some(7),
            state: VoicemailState::Pending,
            transcript: None,
            at: at(0),
        };
        self.keepers.store.apply("announced", &[Numbered { seq: 1, record: Record::Voicemail(news) }]).await.unwrap();
        id
    }

    /// Looks up as at this second, and gives the voicemail as the store then has it.
    async fn looked_up(&self, id: &VoicemailId, second: i64) -> VoicemailRow {
        self.keepers.recordings(at(second)).await;
        while self.keepers.journal.depth() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.keepers.store.voicemail(id).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_voicemail_whose_recording_never_came_is_looked_up_after_ten_minutes_and_no_sooner() {
    let bench = Bench::new().await;
    let id = bench.announced().await;
    bench.call("completed", json!([{"sid": "RE1", "duration": 7}])).await;
    assert_eq!(bench.looked_up(&id, 600).await.state, VoicemailState::Pending);
    assert_eq!(bench.questions().await, 0);
    let found = bench.looked_up(&id, 601).await;
    assert_eq!(
        (found.state, found.recording_sid, found.duration_seconds),
        (VoicemailState::Ready, Some(sid("RE1")), Some(7))
    );
    assert!(found.recording_url.unwrap().ends_with("/Recordings/RE1"));
    assert_eq!(found.from.as_deref(), Some("+14165550101"));
    bench.looked_up(&id, 1_200).await;
    assert_eq!(bench.questions().await, 1, "what was found is not looked up again");
}

#[tokio::test]
async fn a_lookup_that_fails_changes_nothing_and_is_tried_again() {
    let bench = Bench::new().await;
    let id = bench.announced().await;
    bench.call("completed", json!([{"sid": "RE1"}])).await;
    for (round, kind) in ["error", "429", "garbage", "reset-after"].into_iter().enumerate() {
        bench.sim("faults", json!({"match": "Recordings", "kind": kind})).await;
        let second = 601 + 60 * round as i64;
        assert_eq!(bench.looked_up(&id, second).await.state, VoicemailState::Pending, "{kind}");
    }
    assert_eq!(bench.looked_up(&id, 1_000).await.state, VoicemailState::Ready);
}

#[tokio::test]
async fn a_recording_that_twilio_still_works_on_is_waited_for() {
    for (status, then) in [
        ("processing", VoicemailState::Pending),
        ("in-progress", VoicemailState::Pending),
        ("a-word-of-tomorrow", VoicemailState::Pending),
        ("absent", VoicemailState::Absent),
        ("deleted", VoicemailState::Absent),
        ("failed", VoicemailState::Failed),
    ] {
        let bench = Bench::new().await;
        let id = bench.announced().await;
        bench.call("completed", json!([{"sid": "RE1", "status": status}])).await;
        assert_eq!(bench.looked_up(&id, 601).await.state, then, "{status}");
    }
}

#[tokio::test]
async fn a_call_without_any_recording_left_no_message() {
    let bench = Bench::new().await;
    let id = bench.announced().await;
    bench.call("completed", json!([])).await;
    assert_eq!(bench.looked_up(&id, 601).await.state, VoicemailState::Absent);
}

#[tokio::test]
async fn a_silent_call_is_asked_about_at_whoever_carries_it_and_only_a_clear_word_counts() {
    let bench = Bench::new().await;
    let call = live(Arrival::Number, &sid(CALL), Some(sid(ACCOUNT)));
    for (status, told) in [
        ("in-progress", Some(Told::GoesOn)),
        ("completed", Some(Told::Over(Some("completed".to_owned())))),
        ("teleported", None),
    ] {
        bench.call(status, json!([])).await;
        assert_eq!(bench.keepers.ask(call.clone(), at(600)).await, told, "{status}");
    }
    bench.call("completed", json!([])).await;
    for kind in ["error", "429", "garbage", "reset-after"] {
        bench.sim("faults", json!({"match": "GET .*/Calls/", "kind": kind})).await;
        assert_eq!(bench.keepers.ask(call.clone(), at(600)).await, None, "{kind}");
    }
    // One that the carrier has never heard of is over; one of an account nobody knows cannot be asked about.
    let unheard_of = live(Arrival::Sip, &sid("CA9"), Some(sid(ACCOUNT)));
    assert_eq!(bench.keepers.ask(unheard_of.clone(), at(600)).await, Some(Told::Over(None)));
    assert_eq!(bench.keepers.ask(unheard_of, at(119)).await, None, "it may not be shown yet");
    let before = bench.questions().await;
    assert_eq!(bench.keepers.ask(live(Arrival::Number, &sid(CALL), Some(sid("AC9"))), at(600)).await, None);
    assert_eq!(bench.keepers.ask(live(Arrival::Number, &sid(CALL), None), at(600)).await, None);
    assert_eq!(bench.questions().await, before);
}

#[tokio::test]
async fn a_silent_call_of_a_free_vapi_number_is_asked_about_at_vapi() {
    let bench = Bench::new().await;
    let call = live(Arrival::Vapi, &sid("vapi-call-1"), None);
    let mut state = json!({"sid": "vapi-call-1", "status": "in-progress", "provider": "vapi"});
    bench.sim("calls", state.clone()).await;
    assert_eq!(bench.keepers.ask(call.clone(), at(600)).await, Some(Told::GoesOn));
    state["status"] = json!("ended");
    state["endedReason"] = json!("customer-ended-call");
    bench.sim("calls", state).await;
    for kind in ["error", "429", "garbage", "reset-after"] {
        bench.sim("faults", json!({"match": "GET /call/", "kind": kind})).await;
        assert_eq!(bench.keepers.ask(call.clone(), at(600)).await, None, "{kind}");
    }
    assert_eq!(bench.keepers.ask(call, at(600)).await, Some(Told::Over(Some("customer-ended-call".to_owned()))));
}

#[tokio::test]
async fn a_breaker_that_opens_and_closes_is_told_to_endpoints_once_each() {
    let bench = Bench::new().await;
    let seed = Seed { at: at(0), random: [1; 10] };
    let webhook = crate::model::Webhook {
        id: crate::model::WebhookId::new(seed),
        org_id: None,
        tenant_id: None,
        url: "https://hooks.example.com/".to_owned(),
        events: vec![crate::model::EventKind::AiBreaker],
        description: None,
        enabled: true,
        disabled_reason: None,
        version: 1,
        created_at: at(0),
        updated_at: at(0),
    };
    let (keepers, store) = (&bench.keepers, &bench.keepers.store);
    let secret = crate::model::SigningSecret::new([7; 32]);
    store.create_webhook(&webhook, &secret, &crate::store::Actor("operator".to_owned())).await.unwrap();
    let told = async || {
        let rows = store.deliveries(&webhook.id, &crate::store::Ask::default()).await.unwrap().rows;
        let payloads = rows.iter().rev().map(|row| serde_json::from_str::<Value>(&row.payload).unwrap());
        payloads.map(|payload| payload["data"]["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let target = crate::model::Target::parse("assistant:front-desk").unwrap();
    keepers.breakers(at(1)).await;
    assert!(told().await.is_empty());
    (0..3).for_each(|_| keepers.health.report(&target, crate::health::AiDial::Failed, at(2)));
    for second in 3..6 {
        keepers.breakers(at(second)).await;
        assert_eq!(told().await, ["open"]);
    }
    keepers.health.report(&target, crate::health::AiDial::Answered, at(7));
    for second in 8..10 {
        keepers.breakers(at(second)).await;
        assert_eq!(told().await, ["open", "closed"]);
    }
    keepers.gauges(at(10)).await;
    assert!(keepers.metrics.render().contains("patchbay_outgoing_webhooks_pending 2"));
}
