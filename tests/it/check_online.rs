//! `patchbay check` asks the providers, where there are credentials for them.

use patchbay::model::Secret;
use patchbay::simulator::{Account, Options};
use serde_json::json;
use tempfile::TempDir;

use crate::binary::{WITH_ACCOUNTS, patchbay, said};
use crate::rig::{ACCOUNT, nobody};
use crate::sim::Sim;

const OURS: &str = "https://edge.example.com/api/twilio/voice#ct=2000&rt=4000";

/// What it says of these providers: exit code, and the lines.
fn check(base: &str, more: &[(&str, &str)]) -> (i32, String) {
    let dir = TempDir::new().expect("a directory");
    let mut env = WITH_ACCOUNTS.to_vec();
    env.extend([("PATCHBAY_TWILIO__API_BASE", base), ("PATCHBAY_EDGE__PUBLIC_URL", "https://edge.example.com")]);
    env.extend(more);
    let (code, out, err) = said(patchbay(dir.path(), &["check"], &env));
    (code, out + &err)
}

async fn owned(sim: &Sim, number: &str, url: &str) {
    sim.tell("numbers", json!({ "accountSid": ACCOUNT, "phoneNumber": number, "with": { "VoiceUrl": url } })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lets_us_in_and_what_is_there_is_told() {
    let sim = Sim::start_with(Options::default()).await;
    owned(&sim, "+16475550123", OURS).await;
    let (code, told) = check(&sim.url(), &[("PATCHBAY_VAPI__DEFAULT_TARGET", "assistant:asst-1")]);
    assert_eq!(code, 0, "{told}");
    for line in [
        "ok       twilio.account_sid: Twilio lets the account in",
        "ok       numbers: 1 of 1 numbers lead to the edge",
        "ok       vapi.api_key: Vapi takes the key; 0 of 10 free numbers are used",
        "ok       vapi.default_target: Vapi knows it",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_and_domains_that_lead_elsewhere_are_told_of() {
    let sim = Sim::start_with(Options { account: Account::Trial, ..Options::default() }).await;
    owned(&sim, "+16475550123", OURS).await;
    owned(&sim, "+16475550124", "https://api.vapi.ai/twilio/inbound_call").await;
    let (code, told) = check(&sim.url(), &[("PATCHBAY_SIP__DOMAIN", "acme.sip.twilio.com")]);
    assert_eq!(code, 0, "{told}");
    for line in [
        "warning  twilio.account_sid: is a trial account",
        "warning  numbers: 1 of 2 numbers lead to the edge; elsewhere +1647•••0124",
        "warning  sip.domain: acme.sip.twilio.com is not a domain of the account",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_let_us_in_is_a_fault() {
    let strict = Options {
        twilio: Some((ACCOUNT.to_owned(), Secret::new("another"))),
        vapi_key: Some(Secret::new("another")),
        ..Options::default()
    };
    let sim = Sim::start_with(strict).await;
    let (code, told) = check(&sim.url(), &[]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("fault    twilio.account_sid: Twilio refused with 401"), "{told}");
    assert!(told.contains("fault    vapi.api_key: Vapi refused with 401"), "{told}");
    assert!(told.contains("2 of"), "{told}");
}

#[test]
fn who_cannot_be_reached_is_a_warning() {
    let (code, told) = check(&format!("http://{}", nobody()), &[]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(told.matches("could not be looked at: ").count(), 2, "{told}");
}
