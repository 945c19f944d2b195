//! `connect.via: bypass` and `redirect`, from Twilio's request to what happens at Vapi.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::rig::{ACCOUNT, Heard, Rig, call_sid};
use crate::sim::Sim;

const CALLER: &str = "+14165550101";
const CLINIC: &str = "+16475550111";
const STAFF: &str = "+14165550122";

/// A patchbay before a simulated Vapi.
struct Clinic {
    rig: Rig,
    sim: Sim,
}

impl Clinic {
    async fn via(via: &str) -> Clinic {
        let sim = Sim::start().await;
        let rig = Rig::start_with(&settings(&sim.url())).await;
        let availability = json!({"mode": "always", "fallback": {"type": "forward", "forwardNumber": STAFF}});
        let tenant = rig.tenant("Smile Dental", CLINIC, availability).await;
        let body = json!({"connect": {"via": via}});
        let (status, answer) = rig.admin(Method::PATCH, &format!("/api/tenants/{tenant}"), Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        Clinic { rig, sim }
    }

    async fn restart(self) -> Clinic {
        let edge = self.rig.running.edge.to_string();
        let mut settings = settings(self.sim.url().leak()).to_vec();
        settings.push(("PATCHBAY_EDGE__LISTEN", edge.leak()));
        Clinic { rig: self.rig.restart(&settings).await, sim: self.sim }
    }

    async fn voice(&self, sid: &str) -> (Heard, Duration) {
        let began = Instant::now();
        let heard = self.rig.voice(CALLER, CLINIC, sid).await;
        (heard, began.elapsed())
    }

    async fn created(&self) -> usize {
        self.sim.asked("POST", "/call").await
    }

    async fn every_call_at_vapi_ends(&self) {
        let ended = async || {
            let calls = self.sim.look("calls").await;
            calls.iter().all(|call| call["status"] == json!("ended")).then_some(())
        };
        self.rig.eventually("calls nobody will connect are ended", ended).await;
    }
}

fn settings(url: &str) -> [(&str, &str); 2] {
    [("VAPI_API_KEY", "not-a-real-key"), ("PATCHBAY_VAPI__API_BASE", url)]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_vapis_own_twiml_and_a_repeated_request_hears_it_again_even_after_a_restart() {
    let clinic = Clinic::via("bypass").await;
    let sid = call_sid();
    let (first, _) = clinic.voice(&sid).await;
    assert_eq!((first.status, first.content_type.as_str()), (200, "application/xml; charset=utf-8"));
    assert!(first.body.contains("<Connect><Stream"), "{}", first.body);
    let requests = clinic.sim.look("requests").await;
    let asked = &requests[0]["body"];
    assert_eq!(asked["phoneNumber"]["twilioPhoneNumber"], json!(CLINIC), "{asked}");
    assert_eq!(asked["phoneNumber"]["twilioAccountSid"], json!(ACCOUNT), "{asked}");
    assert_eq!(asked["customer"]["number"], json!(CALLER), "{asked}");
    assert_eq!(asked["assistantOverrides"]["variableValues"]["callsid"], json!(sid), "{asked}");
    assert_eq!(clinic.voice(&sid).await.0, first);
    let clinic = clinic.restart().await;
    assert_eq!(clinic.voice(&sid).await.0, first);
    assert_eq!(clinic.created().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_vapi_costs_less_than_three_seconds_and_its_late_call_is_ended() {
    let clinic = Clinic::via("bypass").await;
    clinic.sim.fault("POST /call$", "slow", 5_000).await;
    let (heard, took) = clinic.voice(&call_sid()).await;
    assert!(heard.body.contains(STAFF), "{}", heard.body);
    assert!((2_400..3_000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(clinic.sim.look("calls").await.len(), 1, "Vapi has made it");
    clinic.every_call_at_vapi_ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vapi_that_fails_costs_no_time_and_the_call_is_kept_as_it_was_answered() {
    for kind in ["error", "garbage", "429", "reset-after"] {
        let clinic = Clinic::via("bypass").await;
        clinic.sim.fault("POST /call$", kind, 0).await;
        let sid = call_sid();
        let (first, took) = clinic.voice(&sid).await;
        assert!(first.body.contains(STAFF), "{kind}: {}", first.body);
        assert!(took < Duration::from_millis(900), "{kind}: {took:?}");
        assert_eq!(clinic.voice(&sid).await.0, first, "{kind}");
        let kept = async || {
            let (status, call) = clinic.rig.admin(Method::GET, &format!("/api/calls/{sid}"), None).await;
            (status == 200).then_some(call)
        };
        let call = clinic.rig.eventually("the call is kept", kept).await;
        assert_eq!(call["decision"], json!({"available": false, "reason": "ai-unavailable"}), "{kind}: {call}");
        let clinic = clinic.restart().await;
        assert_eq!(clinic.voice(&sid).await.0, first, "{kind}: after a restart, with Vapi well again");
        assert_eq!(clinic.created().await, 1, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_repeated_while_the_first_waits_makes_no_second_call_and_hears_the_same() {
    let clinic = Clinic::via("bypass").await;
    clinic.sim.fault("POST /call$", "slow", 1_700).await;
    let sid = call_sid();
    let again = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        tokio::join!(clinic.voice(&sid), clinic.voice(&sid))
    };
    let ((first, _), ((second, _), (third, _))) = tokio::join!(clinic.voice(&sid), again);
    assert!(first.body.contains("<Connect><Stream"), "{}", first.body);
    assert_eq!((&second, &third), (&first, &first));
    assert_eq!(clinic.created().await, 1);
    assert_eq!(clinic.rig.running.handler.ledger.live().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_repeated_while_a_hopeless_one_waits_hears_the_same_fallback_in_time() {
    let clinic = Clinic::via("bypass").await;
    clinic.sim.fault("POST /call$", "slow", 5_000).await;
    let sid = call_sid();
    let again = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        clinic.voice(&sid).await
    };
    let ((first, took), (second, took_again)) = tokio::join!(clinic.voice(&sid), again);
    assert!(first.body.contains(STAFF), "{}", first.body);
    assert_eq!(second, first);
    assert!(took.max(took_again) < Duration::from_secs(3), "{took:?} {took_again:?}");
    clinic.every_call_at_vapi_ends().await;
    assert_eq!(clinic.created().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_for_vapi_nobody_waits_and_the_fallback_answers() {
    let rig = Rig::start().await;
    let availability = json!({"mode": "always", "fallback": {"type": "forward", "forwardNumber": STAFF}});
    let tenant = rig.tenant("Smile Dental", CLINIC, availability).await;
    let body = json!({"connect": {"via": "bypass"}});
    rig.admin(Method::PATCH, &format!("/api/tenants/{tenant}"), Some(body)).await;
    let heard = rig.voice(CALLER, CLINIC, &call_sid()).await;
    assert!(heard.body.contains(STAFF), "{}", heard.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_the_only_verb_and_asks_vapi_nothing() {
    let clinic = Clinic::via("redirect").await;
    let sid = call_sid();
    let (heard, _) = clinic.voice(&sid).await;
    let only = "<Response><Redirect method=\"POST\">https://api.vapi.ai/twilio/inbound_call</Redirect></Response>";
    assert!(heard.body.ends_with(only), "{}", heard.body);
    assert_eq!(clinic.voice(&sid).await.0, heard);
    assert_eq!(clinic.sim.look("requests").await.len(), 0);
    // Vapi could not run it: Twilio asks the fallback, which never redirects again.
    let error = "https://api.vapi.ai/twilio/inbound_call";
    let fields =
        [("CallSid", sid.as_str()), ("From", CALLER), ("To", CLINIC), ("ErrorUrl", error), ("ErrorCode", "11200")];
    let fallback = clinic.rig.post("/api/twilio/fallback", &fields).await;
    assert!(fallback.body.contains(STAFF) && !fallback.body.contains("<Redirect"), "{}", fallback.body);
}
