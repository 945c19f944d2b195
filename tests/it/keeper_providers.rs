//! The keepers of a running patchbay and the simulated Twilio: silent calls are asked about, lost recordings looked up.

use jiff::{SignedDuration, Timestamp};
use patchbay::calls::Begin;
use patchbay::directory::Found;
use patchbay::model::{Arrival, Decision, E164, Reason, Record, Secret, Seed, Sid, TenantId, Verdicts, VoicemailId};
use patchbay::model::{VoicemailNews, VoicemailState};
use patchbay::simulator::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::rig::{ACCOUNT, Rig, TOKEN, call_sid};
use crate::sim::Sim;

const CALLER: &str = "+14165550101";
const CLINIC: &str = "+16475550111";

/// A simulated Twilio that lets in nobody but the global account, and a patchbay that asks it.
async fn clinic() -> (Rig, Sim, String) {
    let twilio = Some((ACCOUNT.to_owned(), Secret::new(TOKEN)));
    let sim = Sim::start_with(Options { twilio, ..Options::default() }).await;
    let rig = Rig::start_with(&[("PATCHBAY_TWILIO__API_BASE", &sim.url())]).await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "disabled"})).await;
    (rig, sim, tenant)
}

fn sid(text: &str) -> Sid {
    Sid::parse(text).unwrap()
}

fn minutes_ago(minutes: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_mins(minutes)
}

/// A live call that was last heard of then.
async fn silent_since(rig: &Rig, tenant: &str, call: &str, heard: Timestamp) {
    let edge = &rig.running.handler;
    let Found::Known(tenant) = edge.directory.tenant(&TenantId::parse(tenant).unwrap()).await else {
        panic!("a tenant")
    };
    let call = Begin {
        sid: &sid(call),
        tenant: &tenant,
        number: None,
        caller: E164::parse(CALLER).ok(),
        account: Some(&sid(ACCOUNT)),
        arrival: Arrival::Number,
        verdicts: Verdicts::always(Decision::fallback(Reason::Disabled)),
        ai_refused: None,
        now: heard,
    };
    assert!(edge.ledger.begin(call).await.first);
}

async fn at_twilio(sim: &Sim, call: &str, status: &str) {
    sim.call(json!({"sid": call, "status": status, "accountSid": ACCOUNT})).await;
}

async fn live(rig: &Rig) -> Vec<String> {
    let mut live: Vec<String> =
        rig.running.handler.ledger.live().await.iter().map(|call| call.sid.to_string()).collect();
    live.sort();
    live
}

async fn call(rig: &Rig, sid: &str) -> Value {
    rig.admin(Method::GET, &format!("/api/calls/{sid}"), None).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_silent_for_ten_minutes_is_asked_about_and_ended_only_on_a_definite_answer() {
    let (rig, sim, tenant) = clinic().await;
    let well = [("CAcompleted", "completed"), ("CAbusy", "busy"), ("CAgoeson", "in-progress"), ("CAodd", "teleported")];
    for (call, status) in well {
        at_twilio(&sim, call, status).await;
    }
    // All of these are over at Twilio, but it does not manage to say so.
    let failing = [("CAerror", "error"), ("CAlimited", "429"), ("CAgarbage", "garbage"), ("CAreset", "reset-after")];
    for (call, kind) in failing {
        at_twilio(&sim, call, "completed").await;
        sim.fault(&format!("GET .*/Calls/{call}.json"), kind, 0).await;
    }
    at_twilio(&sim, "CAslow", "completed").await;
    sim.fault("GET .*/Calls/CAslow.json", "slow", 1_500).await;
    at_twilio(&sim, "CArecent", "completed").await;

    let silent = well.iter().chain(&failing).map(|(call, _)| *call).chain(["CAslow", "CAunheardof"]);
    for call in silent {
        silent_since(&rig, &tenant, call, minutes_ago(11)).await;
    }
    silent_since(&rig, &tenant, "CArecent", minutes_ago(9)).await;

    let asked = async || (sim.asked("GET", "/Calls/").await == 10).then_some(());
    rig.eventually("each silent call is asked about", asked).await;
    let left = ["CAerror", "CAgarbage", "CAgoeson", "CAlimited", "CAodd", "CArecent", "CAreset"];
    rig.eventually("those that are over are ended", async || (live(&rig).await == left).then_some(())).await;
    assert_eq!(sim.asked("GET", "CArecent").await, 0, "nine minutes are not ten");
    let heard_again = rig.running.handler.ledger.live().await;
    let goes_on = heard_again.iter().find(|call| call.sid == sid("CAgoeson")).unwrap();
    assert!(goes_on.heard > minutes_ago(1), "what goes on was heard of");
    let ended = async || {
        let busy = call(&rig, "CAbusy").await;
        (!busy["endedAt"].is_null()).then_some(busy)
    };
    let busy = rig.eventually("the end is kept", ended).await;
    assert_eq!(busy["status"], json!("busy"), "{busy}");
    assert_eq!(sim.asked("GET", "/Calls/").await, 10, "each was asked about once");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_twilio_away_a_silent_call_goes_on() {
    // Nothing listens at the rig's usual addresses of providers.
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "disabled"})).await;
    silent_since(&rig, &tenant, "CA1", minutes_ago(11)).await;
    let asked = async || {
        let (_, metrics) = rig.admin(Method::GET, "/metrics", None).await;
        let told = r#"patchbay_provider_requests_total{provider="twilio",operation="call",outcome="unreachable"} 1"#;
        metrics.as_str()?.contains(told).then_some(())
    };
    rig.eventually("Twilio was asked and did not answer", asked).await;
    assert_eq!(live(&rig).await, ["CA1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_live_calls_are_asked_about_at_once() {
    let (rig, sim, _) = clinic().await;
    let (over, goes_on) = (call_sid(), call_sid());
    for call in [&over, &goes_on] {
        rig.voice(CALLER, CLINIC, call).await;
    }
    // The sentence of a voicemail does not hang up: both are live.
    assert_eq!(live(&rig).await.len(), 2);
    at_twilio(&sim, &over, "completed").await;
    at_twilio(&sim, &goes_on, "in-progress").await;
    let rig = rig.restart(&[("PATCHBAY_TWILIO__API_BASE", &sim.url())]).await;
    rig.eventually("the one that is over is ended", async || (live(&rig).await == [goes_on.clone()]).then_some(()))
        .await;
    let ended = async || (call(&rig, &over).await["status"] == json!("completed")).then_some(());
    rig.eventually("its end is kept", ended).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voicemail_whose_recording_never_came_is_looked_up_and_becomes_ready() {
    let (rig, sim, _) = clinic().await;
    let message = |n: u8, call: &str, minutes: i64| VoicemailNews {
        id: VoicemailId::new(Seed { at: minutes_ago(minutes), random: [n; 10] }),
        tenant_id: None,
        call_sid: sid(call),
        account_sid: Some(sid(ACCOUNT)),
        recording_sid: None,
        recording_url: None,
        from: Some(CALLER.to_owned()),
        duration_seconds: None,
        state: VoicemailState::Pending,
        transcript: None,
        at: minutes_ago(minutes),
    };
    for (n, call, minutes) in [(1, "CAlost", 11), (2, "CAsilent", 11), (3, "CAfresh", 9)] {
        rig.running.handler.journal.append_durable(Record::Voicemail(message(n, call, minutes))).await.unwrap();
        let recordings = if n == 2 { json!([]) } else { json!([{"sid": format!("RE{n}"), "duration": 7}]) };
        sim.call(json!({"sid": call, "status": "completed", "accountSid": ACCOUNT, "recordings": recordings})).await;
    }
    // The first look is at the start.
    let rig = rig.restart(&[("PATCHBAY_TWILIO__API_BASE", &sim.url())]).await;
    let states = async || {
        let (_, list) = rig.admin(Method::GET, "/api/voicemails", None).await;
        let rows = list["data"].as_array()?.clone();
        let of = |call: &str| rows.iter().find(|row| row["callSid"] == json!(call)).cloned();
        let (lost, silent, fresh) = (of("CAlost")?, of("CAsilent")?, of("CAfresh")?);
        (lost["state"] != json!("pending") && silent["state"] != json!("pending")).then_some((lost, silent, fresh))
    };
    let (lost, silent, fresh) = rig.eventually("both are looked up", states).await;
    assert_eq!((&lost["state"], &lost["recordingSid"], &lost["duration"]), (&json!("ready"), &json!("RE1"), &json!(7)));
    assert_eq!((&lost["from"], &silent["state"]), (&json!(CALLER), &json!("absent")));
    assert_eq!(fresh["state"], json!("pending"), "nine minutes are not ten");
    assert_eq!(sim.asked("GET", "/Recordings.json").await, 2);
}
