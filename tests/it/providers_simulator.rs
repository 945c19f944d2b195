//! The provider clients against the simulator, with each thing that can go wrong.

use std::sync::Arc;
use std::time::{Duration, Instant};

use patchbay::model::{Secret, Sid, Target, TwilioAccount};
use patchbay::providers::{BypassCall, CallState, Http, ProviderError, Twilio, Vapi};
use patchbay::simulator::Options;
use serde_json::{Value, json};

use crate::rig::{http_client, nobody};
use crate::sim::Sim;

const CALL: &str = "CA00000000000000000000000000000001";
const TOKEN: &str = "not-a-real-token";
const KEY: &str = "not-a-real-key";

struct Bench {
    sim: Sim,
    twilio: Twilio,
    vapi: Vapi,
    account: TwilioAccount,
    web: reqwest::Client,
}

async fn bench() -> Bench {
    bench_with(Options::default()).await
}

async fn bench_with(options: Options) -> Bench {
    let sim = Sim::start_with(options).await;
    at(sim.url(), sim)
}

fn at(url: String, sim: Sim) -> Bench {
    let http = Http::new().expect("a client");
    let metrics = Arc::default();
    Bench {
        twilio: Twilio::new(&http, &url, Arc::clone(&metrics)).expect("twilio"),
        vapi: Vapi::new(&http, &url, Secret::new(KEY), metrics).expect("vapi"),
        sim,
        account: TwilioAccount {
            sid: sid("AC00000000000000000000000000000001"),
            auth_token: Secret::new(TOKEN),
            auth_token_next: None,
            phone_number: None,
        },
        web: http_client(),
    }
}

fn sid(text: &str) -> Sid {
    Sid::parse(text).expect("a sid")
}

impl Bench {
    async fn twilio_call(&self, status: &str) -> Result<CallState, ProviderError> {
        let call = json!({ "sid": CALL, "status": status, "accountSid": self.account.sid.as_str() });
        self.sim.call(call).await;
        self.twilio.call_state(&self.account, &sid(CALL)).await
    }

    async fn bypass(&self, from: &str) -> Result<patchbay::providers::Bypassed, ProviderError> {
        let target = Target::parse("assistant:11111111-2222-4333-8444-555555555555").expect("a target");
        let call = BypassCall {
            target: &target,
            number: "+16475550123",
            account: &self.account,
            from,
            variables: &[("tenant", "ten_1"), ("callsid", CALL)],
        };
        self.vapi.bypass(&call).await
    }
}

#[tokio::test]
async fn a_call_is_live_or_ended_in_twilios_word_or_unknown() {
    let bench = bench().await;
    for word in ["queued", "initiated", "ringing", "in-progress"] {
        assert_eq!(bench.twilio_call(word).await.expect("an answer"), CallState::Live);
    }
    for word in ["completed", "busy", "failed", "no-answer", "canceled"] {
        assert_eq!(bench.twilio_call(word).await.expect("an answer"), CallState::Ended(word.to_owned()));
    }
    let unknown = bench.twilio.call_state(&bench.account, &sid("CA9")).await;
    assert_eq!(unknown.expect("an answer"), CallState::NotFound);
    let error = bench.twilio_call("teleported").await.expect_err("no definite answer");
    assert!(matches!(error, ProviderError::Nonsense { .. }));
}

#[tokio::test]
async fn an_identifier_that_looks_like_a_path_asks_for_nothing_else() {
    let bench = bench().await;
    for odd in ["..", "../../x", "a/b", "a?b=c", "a#b", "%2e%2e"] {
        let answer = bench.twilio.call_state(&bench.account, &sid(odd)).await.expect("an answer");
        assert_eq!(answer, CallState::NotFound, "{odd}");
        assert_eq!(bench.vapi.call_state(&sid(odd)).await.expect("an answer"), CallState::NotFound, "{odd}");
    }
}

#[tokio::test]
async fn recordings_come_newest_first() {
    let bench = bench().await;
    bench
        .sim
        .call(json!({ "sid": CALL, "status": "completed", "accountSid": bench.account.sid.as_str(), "recordings": [
            { "sid": "RE1", "duration": 4 }, { "sid": "RE2", "status": "processing" },
        ]}))
        .await;
    let found = bench.twilio.recordings(&bench.account, &sid(CALL)).await.expect("recordings");
    let listed: Vec<_> =
        found.iter().map(|one| (one.sid.as_str(), one.status.as_str(), one.duration_seconds)).collect();
    assert_eq!(listed, [("RE2", "processing", Some(0)), ("RE1", "completed", Some(4))]);
    assert!(found[1].url.ends_with("/2010-04-01/Accounts/AC00000000000000000000000000000001/Recordings/RE1"));
    assert_eq!(bench.twilio.recordings(&bench.account, &sid("CA9")).await.expect("none"), []);

    let url = format!("{}/2010-04-01/Accounts/{}/Recordings.json?CallSid={CALL}", bench.sim.url(), bench.account.sid);
    let response = bench.web.get(url).basic_auth("AC", Some("any")).send().await.expect("sent");
    let page: Value = response.json().await.expect("json");
    assert_eq!(page["recordings"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn the_bypass_sends_a_transient_number_and_returns_vapis_twiml() {
    let bench = bench().await;
    let bypassed = bench.bypass("+14165550111").await.expect("a call");
    assert!(bypassed.twiml.starts_with("<Response><Connect><Stream"));
    assert!(bypassed.twiml.contains(bypassed.call_id.as_str()));
    assert_eq!(bypassed.concurrency_limit, Some(10));
    let requests = bench.sim.look("requests").await;
    let body = &requests[0]["body"];
    assert_eq!(body["phoneCallProviderBypassEnabled"], json!(true));
    assert_eq!(body["assistantOverrides"]["variableValues"], json!({ "tenant": "ten_1", "callsid": CALL }));
    assert_eq!(body["phoneNumber"]["twilioPhoneNumber"], json!("+16475550123"));
    assert_eq!(body["phoneNumber"]["twilioAuthToken"], json!("•••"));
    assert_eq!(body["customer"]["number"], json!("+14165550111"));
}

#[tokio::test]
async fn a_caller_that_vapi_would_refuse_is_left_out() {
    let bench = bench().await;
    bench.bypass("anonymous").await.expect("a call");
    assert_eq!(bench.sim.look("requests").await[0]["body"].get("customer"), None);
}

#[tokio::test]
async fn a_call_can_be_asked_after_and_ended() {
    let bench = bench().await;
    let call = bench.bypass("+14165550111").await.expect("a call").call_id;
    assert_eq!(bench.vapi.call_state(&call).await.expect("an answer"), CallState::Live);
    bench.vapi.end(&call).await.expect("ended");
    let ended = CallState::Ended("assistant-ended-call".to_owned());
    assert_eq!(bench.vapi.call_state(&call).await.expect("an answer"), ended);
    bench.vapi.end(&call).await.expect("ending again changes nothing");
    bench.vapi.end(&sid("unknown")).await.expect("nothing to end");
}

#[tokio::test]
async fn a_call_whose_control_fails_is_deleted() {
    let bench = bench().await;
    let call = bench.bypass("+14165550111").await.expect("a call").call_id;
    bench.sim.fault("POST .*/control", "error", 0).await;
    bench.vapi.end(&call).await.expect("ended");
    assert_eq!(bench.vapi.call_state(&call).await.expect("an answer"), CallState::NotFound);
}

#[tokio::test]
async fn each_fault_has_its_kind_of_error() {
    let bench = bench().await;
    let before = |kind: &'static str| bench.sim.fault(".*/Calls/.*", kind, 0);

    before("error").await;
    let error = bench.twilio_call("ringing").await.expect_err("a 500");
    assert!(matches!(error, ProviderError::Refused { status: 500, code: Some(20500), .. }), "{error}");
    before("429").await;
    let error = bench.twilio_call("ringing").await.expect_err("a 429");
    assert!(matches!(error, ProviderError::Refused { status: 429, code: Some(20429), .. }), "{error}");
    assert_eq!(error.outcome(), "limited");
    before("garbage").await;
    let error = bench.twilio_call("ringing").await.expect_err("garbage");
    assert!(matches!(error, ProviderError::Nonsense { .. }), "{error}");
    before("reset-after").await;
    let error = bench.twilio_call("ringing").await.expect_err("a reset");
    assert!(matches!(error, ProviderError::Unreachable { .. }), "{error}");
    assert_eq!(bench.sim.look("faults").await, [Value::Null; 0], "each fault was used up");
    assert_eq!(bench.twilio_call("ringing").await.expect("well again"), CallState::Live);
}

#[tokio::test]
async fn faults_without_effect_make_no_call_and_the_others_do() {
    let bench = bench().await;
    for (kind, calls) in [("error", 0), ("429", 0), ("garbage", 0), ("reset-after", 1)] {
        bench.sim.fault("POST /call$", kind, 0).await;
        bench.bypass("+14165550111").await.expect_err(kind);
        assert_eq!(bench.sim.look("calls").await.len(), calls, "{kind}");
    }
}

#[tokio::test]
async fn a_late_bypass_is_refused_in_time_and_ended_at_vapi() {
    let bench = bench().await;
    bench.sim.fault("POST /call$", "slow", 4_000).await;
    let began = Instant::now();
    let error = bench.bypass("+14165550111").await.expect_err("too late");
    assert!(matches!(error, ProviderError::Unreachable { .. }), "{error}");
    assert!((2_400..3_800).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    assert_eq!(bench.sim.look("calls").await[0]["status"], json!("queued"), "it was made nevertheless");
    becomes_ended(&bench).await;
}

#[tokio::test]
async fn a_bypass_whose_asker_is_gone_is_ended_at_vapi() {
    let bench = bench().await;
    bench.sim.fault("POST /call$", "slow", 200).await;
    let gone = tokio::time::timeout(Duration::from_millis(100), bench.bypass("+14165550111")).await;
    assert!(gone.is_err());
    becomes_ended(&bench).await;
}

async fn becomes_ended(bench: &Bench) {
    let waiting = async {
        while bench.sim.look("calls").await[0]["status"] != json!("ended") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("the call is ended in the end");
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let bench = bench().await;
    bench.sim.fault("POST /call$", "timeout-after", 0).await;
    let error = bench.bypass("+14165550111").await.expect_err("silence");
    assert!(matches!(error, ProviderError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let bench = bench().await;
    let url = format!("http://{}", nobody());
    let bench = at(url, bench.sim);
    let error = bench.twilio.call_state(&bench.account, &sid(CALL)).await.expect_err("nobody there");
    assert!(matches!(error, ProviderError::Unreachable { .. }), "{error}");
    assert!(!error.to_string().contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn only_the_credentials_given_are_let_in_and_none_shows() {
    let options = Options {
        twilio: Some(("AC00000000000000000000000000000001".to_owned(), Secret::new("another"))),
        vapi_key: Some(Secret::new("another")),
        ..Options::default()
    };
    let bench = bench_with(options).await;
    for error in [
        bench.twilio_call("ringing").await.expect_err("the wrong token"),
        bench.bypass("+14165550111").await.expect_err("the wrong key"),
    ] {
        assert!(matches!(error, ProviderError::Refused { status: 401, .. }), "{error}");
        let shown = format!("{error} {error:?} {:?}", bench.vapi);
        assert!(!shown.contains(TOKEN) && !shown.contains(KEY), "{shown}");
    }
}

#[tokio::test]
async fn an_answer_without_twiml_is_nonsense_and_its_call_is_ended() {
    use std::sync::Mutex;
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&seen);
    let url = crate::caller_server::serve(move |request| {
        log.lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .push(format!("{} {}", request.method, request.path));
        let body = r#"{"id":"call-1","status":"queued","extra":{"field":1}}"#;
        crate::caller_server::Answer::new(200, "application/json", body)
    })
    .await;
    let bench = at(url, Sim::start().await);
    let error = bench.bypass("+14165550111").await.expect_err("no twiml");
    assert!(matches!(error, ProviderError::Nonsense { .. }), "{error}");
    let seen = seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    assert_eq!(*seen, ["POST /call", "GET /call/call-1", "DELETE /call/call-1"]);
}

#[tokio::test]
async fn an_answer_beyond_a_mebibyte_is_refused_and_a_redirect_not_followed() {
    let url = crate::caller_server::serve(|request| {
        if request.path.ends_with("Recordings.json") {
            crate::caller_server::Answer::new(200, "application/json", &" ".repeat(1024 * 1024 + 1))
        } else {
            crate::caller_server::Answer::new(302, "text/plain", "elsewhere").with("location", "/elsewhere")
        }
    })
    .await;
    let bench = at(url, Sim::start().await);
    let error = bench.twilio.recordings(&bench.account, &sid(CALL)).await.expect_err("too much");
    assert!(matches!(error, ProviderError::Nonsense { .. }), "{error}");
    let error = bench.twilio.call_state(&bench.account, &sid(CALL)).await.expect_err("a redirect");
    assert!(matches!(error, ProviderError::Refused { status: 302, .. }), "{error}");
}

#[tokio::test]
async fn the_simulator_refuses_what_vapi_refuses() {
    let bench = bench().await;
    let phone = json!({ "twilioPhoneNumber": "+16475550123", "twilioAccountSid": "AC1" });
    for (body, words) in [
        (json!({ "assistantId": "a", "phoneNumber": phone, "colour": "red" }), "property colour should not exist"),
        (json!({ "assistantId": "a" }), "Couldn't Get Phone Number"),
        (json!({ "assistantId": "a b", "phoneNumber": phone }), "assistantId must be a UUID"),
        (json!({ "phoneNumber": phone, "customer": { "number": "anonymous" } }), "E.164"),
        (json!({ "phoneNumber": {} }), "phoneNumber.twilioPhoneNumber must be a string"),
    ] {
        let request = bench.web.post(format!("{}/call", bench.sim.url())).bearer_auth("any").json(&body);
        let response = request.send().await.expect("sent");
        assert_eq!(response.status(), 400);
        let answer = response.text().await.expect("a body");
        assert!(answer.contains(words), "{answer}");
    }
    for bad in [json!({ "match": "(", "kind": "error" }), json!({ "match": "x", "kind": "flood" })] {
        let request = bench.web.post(format!("{}/_sim/faults", bench.sim.url())).json(&bad);
        assert_eq!(request.send().await.expect("sent").status(), 400);
    }
}

#[tokio::test]
async fn the_eleventh_call_is_over_the_limit() {
    let bench = bench().await;
    for _ in 0..10 {
        bench.bypass("+14165550111").await.expect("a line");
    }
    let error = bench.bypass("+14165550111").await.expect_err("no line");
    assert_eq!(error.to_string(), "Vapi refused with 400: Over Concurrency Limit");
}
