//! Odd ways through provisioning: numbers recorded with little, jobs begun again after things have changed, tenants that
//! go, loops through others, and what is told where something is missing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::provision::{ASSISTANT, OTHER_ASSISTANT, Town, step};
use crate::rig::{ACCOUNT, call_sid};

async fn phone(town: &Town, tenant: &str, body: Value) -> (u16, Value) {
    town.ask(Method::PUT, &format!("/api/tenants/{tenant}/phone-integration"), body).await
}

async fn deployed(town: &Town, tenant: &str) -> Value {
    town.done(&format!("/api/tenants/{tenant}/deploy"), Value::Null).await
}

#[tokio::test]
async fn a_number_recorded_without_its_account_is_never_taken_for_one_of_vapis_own() {
    let town = Town::new().await;
    town.sim.tell("numbers", json!({ "accountSid": ACCOUNT, "phoneNumber": "+12055550177" })).await;
    let tenant = town.tenant("Acme", json!({})).await;
    let own = json!({ "e164": "+12055550177", "tenantId": tenant, "wire": true });
    let job = town.done("/api/numbers/owned", own).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert_eq!(town.get("/api/numbers/owned").await["data"][0]["accountSid"], ACCOUNT);
    let id = job["result"]["numberId"].as_str().unwrap().to_owned();
    assert_eq!(town.done(&format!("/api/numbers/{id}/rewire"), Value::Null).await["state"], "succeeded");
    phone(&town, &tenant, json!({ "method": "forwarded", "clinicNumber": "+16475550188" })).await;
    assert_eq!(deployed(&town, &tenant).await["result"]["e164"], "+12055550177", "no second one is bought");
    town.ask(Method::DELETE, &format!("/api/numbers/{id}"), Value::Null).await;
    let job = town.done(&format!("/api/numbers/{id}/release"), json!({ "confirm": "+12055550177" })).await;
    assert_eq!(step(&job, "releaseTwilioNumber").0, "done", "{job:#}");
    assert!(town.at_twilio().await.is_empty());
}

#[tokio::test]
async fn a_job_that_was_called_off_begins_from_nothing_when_it_is_begun_again() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    let slow = json!({ "match": "POST .*IncomingPhoneNumbers.json", "kind": "slow", "times": 1, "ms": 500 });
    town.sim.tell("faults", slow).await;
    let (_, begun) = town.post("/api/numbers/batch", json!({ "forceTwilio": true })).await;
    let id = begun["data"][0]["jobId"].clone();
    while town.sim.asked("POST", "IncomingPhoneNumbers.json").await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    town.post(&format!("/api/jobs/{}/cancel", id.as_str().unwrap()), Value::Null).await;
    assert_eq!(town.over(&id).await["state"], "cancelled");
    // Somebody else gets the number it left in the pool.
    let (_, other) = town.post("/api/tenants", json!({ "name": "Other", "assignPhone": true })).await;
    let other = town.over(&other["jobId"]).await;
    let job = town.done(&format!("/api/jobs/{}/retry", id.as_str().unwrap()), Value::Null).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert_ne!(job["result"]["e164"], other["result"]["e164"]);
    let listed = town.get(&format!("/api/numbers/owned?tenantId={tenant}")).await;
    assert_eq!(listed["data"][0]["e164"], job["result"]["e164"], "it leads to the tenant");
    town.holds().await;
}

#[tokio::test]
async fn offers_that_were_refused_are_not_tried_again() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    // Sold to somebody else between the search and the purchase, all that were tried.
    for n in 0..6 {
        town.sim
            .tell("faults", json!({ "match": "GET .*AvailablePhoneNumbers", "kind": "slow", "times": 1, "ms": 1 }))
            .await;
        town.sim
            .tell(
                "numbers",
                json!({ "accountSid": "AC00000000000000000000000000000009", "phoneNumber": format!("+1205555010{n}") }),
            )
            .await;
    }
    let (_, bought) = town.post("/api/numbers", json!({ "projectId": tenant })).await;
    assert_eq!(bought["phoneNumber"]["e164"], "+12055550106", "{bought}");
    town.holds().await;
}

#[tokio::test]
async fn a_sip_tenant_whose_job_broke_off_is_deployed_by_the_next() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    phone(&town, &tenant, json!({ "method": "sip", "clinicNumber": "+16475550188" })).await;
    let slow = json!({ "match": "POST .*/Credentials.json", "kind": "slow", "times": 1, "ms": 500 });
    town.sim.tell("faults", slow).await;
    let (_, begun) = town.post(&format!("/api/tenants/{tenant}/deploy"), Value::Null).await;
    while town.sim.asked("POST", "/Credentials.json").await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    town.post(&format!("/api/jobs/{}/cancel", begun["jobId"].as_str().unwrap()), Value::Null).await;
    assert_eq!(town.over(&begun["jobId"]).await["state"], "cancelled");
    let job = deployed(&town, &tenant).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    town.holds().await;
}

#[tokio::test]
async fn what_a_tenant_had_at_the_providers_goes_with_it() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    phone(&town, &tenant, json!({ "method": "sip", "clinicNumber": "+16475550188", "needsPhoneNumber": false })).await;
    assert_eq!(deployed(&town, &tenant).await["state"], "succeeded");
    assert_eq!(town.at_vapi().await.len(), 1);
    assert_eq!(town.ask(Method::DELETE, &format!("/api/tenants/{tenant}"), Value::Null).await.0, 204);
    let jobs = town.get("/api/jobs?kind=vacate").await;
    let job = town.over(&jobs["data"][0]["id"]).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert!(town.at_vapi().await.is_empty());
    assert_eq!(town.sim.asked("DELETE", "/Credentials/").await, 1);
}

#[tokio::test]
async fn a_forwarded_tenant_without_a_number_is_not_told_to_be_ready() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    phone(&town, &tenant, json!({ "method": "forwarded", "clinicNumber": "+16475550188", "needsPhoneNumber": false }))
        .await;
    let job = deployed(&town, &tenant).await;
    assert_eq!(job["state"], "manual");
    assert!(job["detail"].as_str().unwrap().starts_with("No Twilio numbers available"), "{job:#}");
}

#[tokio::test]
async fn whoever_is_refused_a_number_keeps_the_assistant_they_had() {
    let town = Town::with(Default::default(), &[("PATCHBAY_POLICY__NUMBERS_PER_TENANT", "1")]).await;
    let tenant = town.tenant("Acme", json!({})).await;
    assert_eq!(town.post("/api/numbers", json!({ "projectId": tenant, "agentId": ASSISTANT })).await.0, 201);
    let (status, problem) = town.post("/api/numbers", json!({ "projectId": tenant, "agentId": OTHER_ASSISTANT })).await;
    assert_eq!((status, &problem["code"]), (409, &json!("too_many_numbers")));
    assert_eq!(town.get(&format!("/api/tenants/{tenant}")).await["target"]["id"], ASSISTANT);
    // A deployment that needs a number of Twilio's gets none beyond it either.
    let free = town.tenant("Free", json!({})).await;
    town.over(&town.post("/api/numbers/batch", Value::Null).await.1["data"][0]["jobId"]).await;
    phone(&town, &free, json!({ "method": "forwarded", "clinicNumber": "+16475550188" })).await;
    let (status, problem) = town.post(&format!("/api/tenants/{free}/deploy"), Value::Null).await;
    assert_eq!((status, &problem["code"]), (409, &json!("too_many_numbers")));
}

#[tokio::test]
async fn with_a_number_comes_another_assistant_for_all_of_the_tenants_numbers() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    for agent in [ASSISTANT, OTHER_ASSISTANT] {
        assert_eq!(town.post("/api/numbers", json!({ "projectId": tenant, "agentId": agent })).await.0, 201);
    }
    assert_eq!(town.get(&format!("/api/tenants/{tenant}")).await["target"]["id"], OTHER_ASSISTANT);
    let at_vapi = town.at_vapi().await;
    assert_eq!(at_vapi.len(), 3);
    assert!(at_vapi.iter().all(|number| number["assistantId"] == OTHER_ASSISTANT), "{at_vapi:?}");
    town.holds().await;
}

#[tokio::test]
async fn the_named_number_is_taken_from_the_pool_or_the_account_where_it_is_ours_already() {
    let town = Town::new().await;
    for (number, is_recorded) in [("+12055550171", true), ("+12055550172", false)] {
        town.sim.tell("numbers", json!({ "accountSid": ACCOUNT, "phoneNumber": number })).await;
        if is_recorded {
            town.post("/api/numbers/owned", json!({ "e164": number, "accountSid": ACCOUNT })).await;
        }
        let tenant = town.tenant(number, json!({})).await;
        let (status, got) = town.post("/api/numbers", json!({ "projectId": tenant, "number": number })).await;
        assert_eq!((status, &got["phoneNumber"]["e164"]), (201, &json!(number)), "{got}");
    }
    town.holds().await;
}

#[tokio::test]
async fn an_assigned_number_and_a_free_one_are_wired_to_whom_they_lead() {
    let town = Town::new().await;
    let (one, two) = (town.tenant("One", json!({})).await, town.tenant("Two", json!({})).await);
    town.ask(
        Method::PATCH,
        &format!("/api/tenants/{two}"),
        json!({ "target": { "kind": "assistant", "id": OTHER_ASSISTANT } }),
    )
    .await;
    let (_, got) = town.post("/api/numbers", json!({ "projectId": one })).await;
    let id = got["phoneNumber"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/numbers/{id}");
    town.ask(Method::PATCH, &path, json!({ "tenantId": null })).await;
    assert_eq!(town.ask(Method::PATCH, &path, json!({ "tenantId": two })).await.0, 200);
    let jobs = town.get("/api/jobs?kind=wire").await;
    assert_eq!(town.over(&jobs["data"][0]["id"]).await["state"], "succeeded");
    let imported = town.at_vapi().await.into_iter().find(|number| number["provider"] == "twilio").unwrap();
    assert_eq!(imported["assistantId"], OTHER_ASSISTANT);
    // One of Vapi's own that leads to nobody.
    let make = json!({ "provider": "vapi", "numberDesiredAreaCode": "205", "name": "by hand" });
    let url = format!("{}/phone-number", town.sim.url());
    town.rig.http.post(url).bearer_auth("not-a-real-key").json(&make).send().await.unwrap();
    town.post("/api/numbers/sync", Value::Null).await;
    let pool = town.get("/api/numbers/owned?state=unassigned").await;
    let job = town.done(&format!("/api/numbers/{}/rewire", pool["data"][0]["id"].as_str().unwrap()), Value::Null).await;
    assert_eq!((job["state"].as_str(), step(&job, "wireFreeVapiNumber").0), (Some("succeeded"), "done"), "{job:#}");
    town.holds().await;
}

#[tokio::test]
async fn a_free_numbers_callers_are_sent_where_the_fallback_says_now() {
    let town = Town::new().await;
    let (_, made) = town.post("/api/tenants", json!({ "name": "Acme", "assignPhone": true })).await;
    town.over(&made["jobId"]).await;
    let path = format!("/api/tenants/{}/availability", made["id"].as_str().unwrap());
    let settings = json!({ "mode": "always", "fallback": { "type": "forward", "forwardNumber": "+12125550188" } });
    assert_eq!(town.ask(Method::PUT, &path, settings).await.0, 200);
    let jobs = town.get("/api/jobs?kind=target").await;
    assert_eq!(town.over(&jobs["data"][0]["id"]).await["state"], "succeeded");
    let at_vapi = town.at_vapi().await;
    let free = at_vapi.iter().find(|number| number["sipUri"].is_null()).unwrap();
    assert_eq!(free["fallbackDestination"]["number"], "+12125550188", "{free}");
    assert_eq!(free["hooks"][0]["do"]["destination"]["number"], "+12125550188");
}

#[tokio::test]
async fn calls_that_would_come_round_through_others_and_their_carriers_are_refused() {
    let town = Town::new().await;
    let mut tenants = Vec::new();
    for (name, known) in [("A", "+16475550181"), ("B", "+16475550182"), ("C", "+16475550183")] {
        let tenant = town.tenant(name, json!({})).await;
        assert_eq!(phone(&town, &tenant, json!({ "method": "forwarded", "clinicNumber": known })).await.0, 200);
        tenants.push(tenant);
    }
    let forward = async |tenant: &str, to: &str| {
        let settings = json!({ "mode": "disabled", "fallback": { "type": "forward", "forwardNumber": to } });
        town.ask(Method::PUT, &format!("/api/tenants/{tenant}/availability"), settings).await
    };
    assert_eq!(forward(&tenants[0], "+16475550182").await.0, 200);
    assert_eq!(forward(&tenants[1], "+16475550183").await.0, 200);
    let (status, problem) = forward(&tenants[2], "+16475550181").await;
    assert_eq!((status, &problem["code"]), (422, &json!("loop")), "{problem}");
    let other = town.tenant("D", json!({})).await;
    let (status, problem) =
        phone(&town, &other, json!({ "method": "forwarded", "clinicNumber": "+16475550181" })).await;
    assert_eq!((status, &problem["code"]), (422, &json!("number_taken")), "a number is one tenant's");
}

#[tokio::test]
async fn overflow_only_warns_where_a_carrier_or_a_telephone_system_filters() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    town.rig.owned(&tenant, "+12055550177", json!({})).await;
    let path = format!("/api/tenants/{tenant}/availability");
    let settings =
        json!({ "mode": "overflow-only", "highVolume": { "threshold": 2 }, "fallback": { "type": "busy-signal" } });
    let codes = |saved: Value| {
        saved["warnings"].as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(codes(town.ask(Method::PUT, &path, settings.clone()).await.1).is_empty());
    phone(&town, &tenant, json!({ "method": "forwarded", "clinicNumber": "+16475550188" })).await;
    assert_eq!(codes(town.ask(Method::PUT, &path, settings).await.1), ["overflow_unseen"]);
}

#[tokio::test]
async fn vapis_refusal_of_a_further_free_number_is_seen_on_the_meter() {
    let town = Town::new().await;
    town.sim.tell("vapi", json!({ "freeNumberLimit": 2, "activationMs": 0, "unavailableAreaCodes": [] })).await;
    for name in ["One", "Two", "Three"] {
        let (_, made) = town.post("/api/tenants", json!({ "name": name, "assignPhone": true })).await;
        assert_eq!(town.over(&made["jobId"]).await["state"], "succeeded");
    }
    let meter = town.get("/api/vapi/free-numbers").await;
    assert_eq!((&meter["total"], &meter["limit"], &meter["remaining"]), (&json!(2), &json!(2), &json!(0)));
    assert!(meter["message"].as_str().unwrap().contains("🚨 FREE NUMBER LIMIT REACHED (2/2 used)"), "{meter}");
}

#[tokio::test]
async fn where_nobody_can_answer_yet_the_job_says_so() {
    let town = Town::new().await;
    let (_, made) =
        town.post("/api/tenants", json!({ "name": "Acme", "assignPhone": true, "forceTwilio": true })).await;
    let job = town.over(&made["jobId"]).await;
    assert!(job["detail"].as_str().unwrap().contains("no AI answers yet: the tenant has no target"), "{job:#}");
}

#[tokio::test]
async fn a_retry_buys_nothing_for_whom_nobody_pays_any_more() {
    let town = Town::with(Default::default(), &[("PATCHBAY_POLICY__REQUIRE_PAYMENT", "true")]).await;
    let tenant = town.tenant("Tokyo Ramen", json!({ "country": "JP" })).await;
    let platform = town.get("/api/orgs").await["data"][0]["id"].as_str().unwrap().to_owned();
    let billing = async |status: &str| {
        let path = format!("/api/orgs/{platform}/billing");
        assert_eq!(town.ask(Method::PUT, &path, json!({ "status": status })).await.0, 200);
    };
    billing("verified").await;
    let (_, begun) = town.post("/api/numbers", json!({ "projectId": tenant })).await;
    billing("unverified").await;
    let path = format!("/api/jobs/{}/retry", begun["jobId"].as_str().unwrap());
    assert_eq!(town.post(&path, Value::Null).await.1["code"], "payment_required");
}

#[tokio::test]
async fn a_telephone_system_may_dial_on_the_number_that_was_called() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let call = async |username: &str| {
        let sid = call_sid();
        let fields = [
            ("CallSid", sid.as_str()),
            ("From", "+16475550111"),
            ("To", "sip:+16475550188@example.sip.twilio.com"),
            ("SipDomain", "example.sip.twilio.com"),
            ("SipUsername", username),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
        ];
        town.rig.post("/api/twilio/sip", &fields).await.body
    };
    assert!(!call("sip_00000000").await.contains("<Sip"), "nobody's yet");
    let (_, put) = phone(&town, &tenant, json!({ "method": "sip", "clinicNumber": "+16475550188" })).await;
    assert_eq!(deployed(&town, &tenant).await["state"], "succeeded");
    assert!(call(put["sipUsername"].as_str().unwrap()).await.contains("<Sip"));
    assert!(!call("sip_00000000").await.contains("<Sip"), "only for its own");
}

#[tokio::test]
async fn a_deployment_looks_where_the_business_wants_its_number() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    phone(&town, &tenant, json!({ "method": "forwarded", "clinicNumber": "+16475550188", "areaCode": "312" })).await;
    assert_eq!(deployed(&town, &tenant).await["result"]["e164"], "+13125550100");
    let other = town.tenant("Other", json!({})).await;
    phone(&town, &other, json!({ "method": "forwarded", "clinicNumber": "+16475550187", "areaCode": "533" })).await;
    let job = deployed(&town, &other).await;
    assert_eq!(job["detail"], "Manual assignment required");
    assert!(step(&job, "searchAvailableNumbers").1.contains("area code 533: No Twilio numbers available"), "{job:#}");
}

#[tokio::test]
async fn vapi_is_given_an_api_key_in_place_of_the_accounts_token() {
    let key = [("PATCHBAY_TWILIO__API_KEY_SID", "SK0000"), ("PATCHBAY_TWILIO__API_KEY_SECRET", "an-invented-secret")];
    let town = Town::with(Default::default(), &key).await;
    let tenant = town.tenant("Acme", json!({})).await;
    assert_eq!(town.post("/api/numbers", json!({ "projectId": tenant })).await.0, 201);
    let requests = town.sim.look("requests").await;
    let import = requests.iter().find(|request| request["body"]["provider"] == "twilio").expect("an import");
    assert_eq!((&import["body"]["twilioApiKey"], &import["body"]["twilioAuthToken"]), (&json!("SK0000"), &Value::Null));
    assert_eq!(import["body"]["smsEnabled"], json!(false));
}

#[tokio::test]
async fn the_shared_target_answers_for_whoever_has_none_of_their_own() {
    let target = format!("squad:{OTHER_ASSISTANT}");
    let town = Town::with(Default::default(), &[("PATCHBAY_VAPI__DEFAULT_TARGET", &target)]).await;
    let (_, made) =
        town.post("/api/tenants", json!({ "name": "Acme", "assignPhone": true, "forceTwilio": true })).await;
    assert_eq!(town.over(&made["jobId"]).await["state"], "succeeded");
    let at_vapi = town.at_vapi().await;
    assert_eq!(at_vapi.len(), 2, "the number, and the tenant's own address");
    assert!(at_vapi.iter().all(|number| number["squadId"] == OTHER_ASSISTANT), "{at_vapi:?}");
}
