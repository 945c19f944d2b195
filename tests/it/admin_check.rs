//! The preflight from inside a process that runs, and what the edge refused for its signature with what to do about it.

use patchbay::model::Secret;
use patchbay::simulator::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::rig::{ACCOUNT, Rig, TOKEN, sign_with};
use crate::sim::Sim;

async fn check(rig: &Rig) -> Value {
    let (status, check) = rig.admin(Method::GET, "/api/check", None).await;
    assert_eq!(status, 200, "{check}");
    check
}

/// The grade and the detail of what was found of this.
fn of<'c>(check: &'c Value, subject: &str) -> Vec<(&'c str, &'c str)> {
    let found = check["checks"].as_array().expect("checks").iter().filter(|found| found["subject"] == subject);
    found.map(|found| (found["grade"].as_str().expect("a grade"), found["detail"].as_str().expect("words"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_process_tells_what_the_preflight_does() {
    let sim = Sim::start_with(Options::default()).await;
    let url = sim.url();
    let rig = Rig::start_with(&[
        ("PATCHBAY_TWILIO__API_BASE", url.as_str()),
        ("PATCHBAY_VAPI__API_BASE", url.as_str()),
        ("VAPI_API_KEY", "not-a-real-key"),
        ("PATCHBAY_VAPI__DEFAULT_TARGET", "assistant:asst-1"),
        ("PATCHBAY_EDGE__PUBLIC_URL", "https://calls.example.com,http://127.0.0.1:9"),
    ])
    .await;
    let check = check(&rig).await;
    assert_eq!(of(&check, "twilio.account_sid"), [("ok", "Twilio lets the account in")]);
    assert_eq!(of(&check, "vapi.default_target"), [("ok", "Vapi knows it")]);
    assert_eq!(of(&check, "store")[0], ("ok", "it answers"));
    assert!(of(&check, "store")[1].1.ends_with("is in use here"), "{check}");
    let grades: Vec<&str> = of(&check, "edge.public_url").iter().map(|(grade, _)| *grade).collect();
    assert_eq!(grades, ["ok", "warning"]);
    assert_eq!(check["signatures"]["publicUrls"], json!(["https://calls.example.com", "http://127.0.0.1:9"]));
    assert_eq!(check["signatures"]["failures"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_let_us_in_is_a_fault_and_who_is_not_there_a_warning() {
    let strict = Options {
        twilio: Some((ACCOUNT.to_owned(), Secret::new("another"))),
        vapi_key: Some(Secret::new("another")),
        ..Options::default()
    };
    let sim = Sim::start_with(strict).await;
    let strict = check(&sim.rig().await).await;
    assert_eq!((of(&strict, "twilio.account_sid")[0].0, of(&strict, "vapi.api_key")[0].0), ("fault", "fault"));
    assert!(!strict.to_string().contains(TOKEN));
    // Nobody is there.
    let alone = check(&Rig::start().await).await;
    assert!(of(&alone, "twilio.account_sid")[0].1.starts_with("could not be looked at"), "{alone}");
    assert_eq!(of(&alone, "twilio.account_sid")[0].0, "warning");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_soon_after_gets_the_same_and_nobody_is_asked_again() {
    let sim = Sim::start().await;
    let rig = sim.rig().await;
    let first = check(&rig).await;
    sim.forget().await;
    let again = check(&rig).await;
    assert_eq!((&first["at"], &first["checks"]), (&again["at"], &again["checks"]));
    assert_eq!(sim.look("requests").await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_signatures_are_counted_by_cause_each_with_its_meaning_and_what_to_do() {
    let rig = Rig::start().await;
    let url = format!("{}/api/twilio/voice?from=%2B14165550101", rig.base());
    let fields = [("AccountSid", ACCOUNT), ("CallSid", "CA1"), ("From", "+14165550101"), ("To", "+16475550111")];
    let post = async |signature: Option<&str>| {
        let mut request = rig.http.post(&url).form(&fields);
        if let Some(signature) = signature {
            request = request.header("X-Twilio-Signature", signature);
        }
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(post(None).await, 403);
    for _ in 0..2 {
        assert_eq!(post(Some(&sign_with("a-rotated-token", &url, &fields))).await, 403);
    }
    // What is good leaves no trace.
    let good = sign_with(TOKEN, &url, &fields);
    assert_eq!(post(Some(&good)).await, 200);
    let vapi = rig.http.post(format!("{}/api/vapi/webhook", rig.base())).json(&json!({})).send().await;
    assert_eq!(vapi.expect("an answer").status().as_u16(), 401);

    let signatures = check(&rig).await["signatures"].clone();
    let failures = signatures["failures"].as_array().expect("failures");
    let counted: Vec<(&str, i64)> = failures
        .iter()
        .map(|failure| (failure["cause"].as_str().expect("a cause"), failure["count"].as_i64().expect("a count")))
        .collect();
    assert_eq!(counted, [("mismatch", 2), ("missing", 1), ("vapi", 1)]);
    for failure in failures {
        for member in ["meaning", "next"] {
            assert!(failure[member].as_str().is_some_and(|words| words.ends_with('.')), "{failure}");
        }
    }
    let recent = signatures["recent"].as_array().expect("the last ones");
    let causes: Vec<&str> = recent.iter().map(|refused| refused["cause"].as_str().expect("a cause")).collect();
    assert_eq!(causes, ["vapi", "mismatch", "mismatch", "missing"]);
    assert_eq!(recent[3]["url"], format!("{}/api/twilio/voice", rig.base()));
    let text = signatures.to_string();
    for planted in ["4165550101", "6475550111", good.as_str(), TOKEN] {
        assert!(!text.contains(planted), "{planted}: {text}");
    }
}
