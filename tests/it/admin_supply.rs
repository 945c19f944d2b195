//! Numbers that can be had, as the admin API shows them: for sale at Twilio, free at Vapi.

use patchbay::simulator::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::rig::{Rig, nobody};
use crate::sim::Sim;

const AVAILABLE: &str = "/api/numbers/available";
const FREE: &str = "/api/vapi/free-numbers";

/// An installation with a key of Vapi's, on simulated providers.
async fn supplied() -> (Rig, Sim) {
    let sim = Sim::start_with(Options::default()).await;
    sim.tell("vapi", json!({ "activationMs": 0, "unavailableAreaCodes": [] })).await;
    (sim.rig().await, sim)
}

async fn asked(rig: &Rig, path: &str) -> (u16, Value) {
    rig.admin(Method::GET, path, None).await
}

#[tokio::test]
async fn numbers_for_sale_are_shown_by_area_code_and_country() {
    let (rig, _sim) = supplied().await;
    let (status, offers) = asked(&rig, AVAILABLE).await;
    assert_eq!((status, &offers["data"][0]), (200, &json!({ "e164": "+12055550100", "needsAddress": false })));
    for path in [AVAILABLE, "/api/numbers"] {
        let (_, offers) = asked(&rig, &format!("{path}?areaCode=416&country=ca")).await;
        assert_eq!(offers["data"][0]["e164"], "+14165550100", "{path}");
    }
    for nowhere in ["country=FR", "areaCode=533", "areaCode=911"] {
        let (status, offers) = asked(&rig, &format!("{AVAILABLE}?{nowhere}")).await;
        assert_eq!((status, &offers["data"]), (200, &json!([])), "Twilio sells none there: {nowhere}");
    }
}

#[tokio::test]
async fn every_fault_of_the_search_is_named() {
    let (rig, sim) = supplied().await;
    let (status, problem) = asked(&rig, &format!("{AVAILABLE}?areaCode=12&country=USA&colour=red&areaCode=205")).await;
    let pointers: Vec<&str> =
        problem["errors"].as_array().expect("faults").iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    assert_eq!((status, pointers), (422, vec!["?areaCode", "?country", "?colour"]));
    assert_eq!(sim.look("requests").await, Vec::<Value>::new(), "nobody was asked");
}

#[tokio::test]
async fn the_meter_counts_free_numbers_and_no_sip_addresses() {
    let (rig, sim) = supplied().await;
    let web = crate::rig::http_client();
    let make = async |body: Value| {
        let made = web.post(format!("{}/phone-number", sim.url())).bearer_auth("key").json(&body).send().await;
        assert_eq!(made.expect("sent").status().as_u16(), 201);
    };
    make(json!({ "provider": "vapi", "sipUri": "sip:ten_1@sip.vapi.ai" })).await;
    assert_eq!(asked(&rig, FREE).await.1["total"], 0);
    for _ in 0..7 {
        make(json!({ "provider": "vapi", "numberDesiredAreaCode": "205" })).await;
    }
    let (status, meter) = asked(&rig, FREE).await;
    let message = meter["message"].as_str().expect("words");
    let counts = ["total", "limit", "remaining", "percentUsed"].map(|name| meter[name].clone());
    assert_eq!((status, counts), (200, [7, 10, 3, 70].map(|count| json!(count))));
    assert!(message.contains("Used: 7/10 (70%)") && message.contains("Only 3 free numbers remaining"), "{message}");
}

#[tokio::test]
async fn a_provider_that_fails_or_refuses_is_told_apart() {
    let (rig, sim) = supplied().await;
    for (path, at) in [(AVAILABLE, "GET .*AvailablePhoneNumbers"), (FREE, "GET /phone-number")] {
        for kind in ["error", "429", "garbage"] {
            sim.fault(at, kind, 0).await;
            let (status, problem) = asked(&rig, path).await;
            assert_eq!((status, &problem["code"]), (502, &json!("upstream_failed")), "{kind}");
        }
    }
    let other = Options { vapi_key: Some(patchbay::model::Secret::new("another")), ..Options::default() };
    let strict = Sim::start_with(other).await;
    let rig = strict.rig().await;
    let (status, problem) = asked(&rig, FREE).await;
    assert_eq!((status, &problem["code"]), (502, &json!("upstream_refused")), "{problem}");
}

#[tokio::test]
async fn without_credentials_it_says_which_are_missing() {
    let closed = format!("http://{}", nobody());
    let rig = Rig::start_with(&[("PATCHBAY_TWILIO__API_BASE", &closed)]).await;
    let (status, problem) = asked(&rig, FREE).await;
    assert_eq!((status, &problem["code"]), (409, &json!("vapi_missing")));
    let (status, problem) = asked(&rig, AVAILABLE).await;
    assert_eq!(
        (status, &problem["code"]),
        (502, &json!("upstream_failed")),
        "there are credentials, and nobody listens"
    );
}

#[tokio::test]
async fn an_organization_is_offered_what_its_own_account_can_buy_and_the_meter_is_the_operators() {
    let (rig, sim) = supplied().await;
    let own = "AC00000000000000000000000000000002";
    let (_, org) = rig.admin(Method::POST, "/api/orgs", Some(json!({ "name": "Acme" }))).await;
    let id = org["id"].as_str().expect("an id");
    let twilio = json!({ "accountSid": own, "authToken": "an-invented-auth-token" });
    let (status, _) = rig.admin(Method::PUT, &format!("/api/orgs/{id}/twilio"), Some(twilio)).await;
    assert_eq!(status, 200);
    let token = json!({ "name": "Acme", "role": format!("org:{id}"), "access": "read" });
    let (_, token) = rig.admin(Method::POST, "/api/tokens", Some(token)).await;
    let secret = token["secret"].as_str().expect("shown once");
    let ask = async |path: &str| {
        let url = format!("http://{}{path}", rig.running.admin);
        crate::rig::http_client().get(url).bearer_auth(secret).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!((ask(AVAILABLE).await, ask("/api/numbers").await), (200, 200));
    assert_eq!(sim.asked("GET", own).await, 2, "its own account was asked");
    assert_eq!(ask(FREE).await, 403);
    let nobody = crate::rig::http_client().get(format!("http://{}{AVAILABLE}", rig.running.admin)).send().await;
    assert_eq!(nobody.expect("an answer").status().as_u16(), 401);
}
