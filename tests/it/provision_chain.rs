//! Where numbers come from: each strategy tried or passed over with its reason, and what is bought is attached.

use patchbay::simulator::{Account, Options};
use reqwest::Method;
use serde_json::{Value, json};

use crate::provision::{ASSISTANT, OTHER_ASSISTANT, Town, step};
use crate::rig::ACCOUNT;

#[tokio::test]
async fn a_number_is_bought_with_one_request_and_leads_here_afterwards() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let body = json!({ "projectId": tenant, "agentId": ASSISTANT, "areaCode": "205" });
    let (status, bought) = town.post("/api/numbers", body).await;
    assert_eq!((status, &bought["success"]), (201, &json!(true)), "{bought}");
    assert_eq!(bought["phoneNumber"]["e164"], "+12055550100");
    assert_eq!(bought["phoneNumber"]["tenantId"], json!(tenant));
    assert_eq!(bought["vapiNumberId"], bought["phoneNumber"]["vapiNumberId"]);
    assert!(bought["vapiNumberId"].is_string(), "{bought}");
    let at_twilio = &town.at_twilio().await[0];
    let name = at_twilio["friendly_name"].as_str().unwrap();
    assert!(name.starts_with("AI Receptionist - ") && name.ends_with(bought["jobId"].as_str().unwrap()), "{name}");
    assert!(name.len() <= 64);
    town.holds().await;
    let job = town.get(&format!("/api/jobs/{}", bought["jobId"].as_str().unwrap())).await;
    let names: Vec<&str> = job["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "setTarget",
            "pool",
            "freeVapiNumber",
            "organizationTwilio",
            "globalTwilio",
            "listTwilioNumbers",
            "searchAvailableNumbers",
            "purchaseTwilioNumber",
            "importToVapi",
            "wireNumber",
            "readNumberBack",
            "createSipEndpoint",
        ]
    );
    let call = town.rig.voice("+16475550111", "+12055550100", "CA1").await;
    assert!(call.body.contains("<Sip") && call.body.contains(&format!("sip:{tenant}@sip.vapi.ai")), "{}", call.body);
}

#[tokio::test]
async fn a_tenant_gets_a_free_number_first_and_each_strategy_tells_its_reason() {
    let town = Town::new().await;
    let (status, tenant) = town.post("/api/tenants", json!({ "name": "Acme Pizza", "assignPhone": true })).await;
    assert_eq!(status, 201);
    let job = town.over(&tenant["jobId"]).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert_eq!(step(&job, "pool"), ("skipped", "no number of our pool is unassigned and fits"));
    let (state, told) = step(&job, "freeVapiNumber");
    assert_eq!(state, "done");
    assert!(
        told.starts_with(
            "STRATEGY 1: Attempting to create FREE Vapi phone number...\n📊 Vapi Free Number Usage:\nUsed: 0/10 (0%)"
        ),
        "{told}"
    );
    assert!(step(&job, "awaitFreeVapiNumber").1.starts_with("✅ FREE Vapi number +1205555"));
    let made = &town.at_vapi().await[0];
    assert_eq!((&made["assistantId"], &made["squadId"]), (&Value::Null, &Value::Null), "Vapi asks us");
    assert!(made["server"]["url"].as_str().unwrap().ends_with("/api/vapi/webhook"), "{made}");
    town.holds().await;
}

#[tokio::test]
async fn at_the_limit_of_free_numbers_the_next_strategies_are_tried_down_to_manual() {
    let town = Town::new().await;
    town.sim.tell("vapi", json!({ "freeNumberLimit": 1, "activationMs": 0, "unavailableAreaCodes": [] })).await;
    let mut jobs = Vec::new();
    for name in ["One", "Two"] {
        let (_, made) = town.post("/api/tenants", json!({ "name": name, "assignPhone": true })).await;
        jobs.push(town.over(&made["jobId"]).await);
    }
    assert!(jobs[0]["result"]["twilioSid"].is_null() && jobs[0]["state"] == "succeeded", "{:#}", jobs[0]);
    let second = &jobs[1];
    let refused = step(second, "createFreeVapiNumber");
    assert_eq!(refused.0, "skipped");
    for words in [
        "⚠️ Could not create FREE Vapi number: limit reached",
        "🎯 FREE VAPI NUMBER LIMIT REACHED (1/1 used)",
        "✅ Congrats! You have 1+ customers - time to scale!",
        "📈 Falling back to Twilio for additional phone numbers...",
    ] {
        assert!(refused.1.contains(words), "{words}: {}", refused.1);
    }
    assert_eq!(step(second, "organizationTwilio").1, "the organization has no Twilio account of its own");
    assert_eq!(step(second, "globalTwilio"), ("done", "STRATEGY 3: Using GLOBAL Twilio fallback..."));
    assert_eq!(second["state"], "succeeded");
    // A third asks nobody: the limit is learned.
    let before = town.sim.asked("POST", "/phone-number").await;
    let (_, made) = town.post("/api/tenants", json!({ "name": "Three", "assignPhone": true })).await;
    let third = town.over(&made["jobId"]).await;
    assert_eq!(step(&third, "freeVapiNumber").0, "skipped");
    assert_eq!(town.sim.asked("POST", "/phone-number").await, before + 1, "the import alone");
    town.holds().await;
}

#[tokio::test]
async fn where_nothing_is_left_a_person_is_asked_and_the_job_begun_again_finds_what_came_meanwhile() {
    let town = Town::with(Options::default(), &[]).await;
    let tenant = town.tenant("Tokyo Ramen", json!({ "country": "JP" })).await;
    let (status, begun) = town.post("/api/numbers", json!({ "projectId": tenant })).await;
    assert_eq!((status, &begun["state"]), (202, &json!("manual")), "{begun}");
    let job = town.over(&begun["jobId"]).await;
    assert_eq!(job["detail"], "Manual assignment required");
    assert!(step(&job, "searchAvailableNumbers").1.ends_with("No Twilio numbers available"), "{job:#}");
    let (_, retried) = town.post(&format!("/api/jobs/{}/retry", job["id"].as_str().unwrap()), Value::Null).await;
    let again = town.over(&retried["jobId"]).await;
    assert_eq!(again["state"], "manual");
    let searches = again["steps"].as_array().unwrap().iter().find(|step| step["name"] == "searchAvailableNumbers");
    assert_eq!(searches.unwrap()["attempts"], 2, "what had no effect is tried anew");
}

#[tokio::test]
async fn a_number_of_the_pool_is_taken_before_anything_is_asked_for() {
    let town = Town::new().await;
    town.post("/api/numbers/owned", json!({ "e164": "+12055550177", "accountSid": ACCOUNT })).await;
    town.sim.tell("numbers", json!({ "accountSid": ACCOUNT, "phoneNumber": "+12055550177" })).await;
    let (_, made) = town.post("/api/tenants", json!({ "name": "Acme", "assignPhone": true })).await;
    let job = town.over(&made["jobId"]).await;
    assert_eq!((&job["state"], &job["result"]["e164"]), (&json!("succeeded"), &json!("+12055550177")), "{job:#}");
    assert_eq!(step(&job, "pool"), ("done", "+12055550177 was unassigned in our pool"));
    assert!(town.sim.look("bills").await.iter().all(|bill| bill["number"] == "+12055550177"));
    town.holds().await;
}

#[tokio::test]
async fn an_unused_number_of_the_account_comes_before_one_that_is_bought_and_a_used_one_is_left_alone() {
    let town = Town::new().await;
    let used = json!({ "VoiceUrl": "https://calls.example.org/hook" });
    town.sim.tell("numbers", json!({ "accountSid": ACCOUNT, "phoneNumber": "+12055550170", "with": used })).await;
    let tenant = town.tenant("Acme", json!({})).await;
    let (status, bought) = town.post("/api/numbers", json!({ "projectId": tenant })).await;
    assert_eq!((status, &bought["phoneNumber"]["e164"]), (201, &json!("+12055550100")), "{bought}");
    town.sim.tell("numbers", json!({ "accountSid": ACCOUNT, "phoneNumber": "+12055550171" })).await;
    // What is known of an account is a minute old at most; a new process knows nothing.
    let town = Town { rig: restarted(town.rig, &town.sim).await, sim: town.sim };
    let other = town.tenant("Other", json!({})).await;
    let (status, found) = town.post("/api/numbers", json!({ "projectId": other })).await;
    assert_eq!((status, &found["phoneNumber"]["e164"]), (201, &json!("+12055550171")), "{found}");
    let hook = town.at_twilio().await.into_iter().find(|number| number["phone_number"] == "+12055550170").unwrap();
    assert_eq!(hook["voice_url"], "https://calls.example.org/hook");
}

async fn restarted(rig: crate::rig::Rig, sim: &crate::sim::Sim) -> crate::rig::Rig {
    let url = sim.url();
    rig.restart(&[
        ("PATCHBAY_TWILIO__API_BASE", &url),
        ("PATCHBAY_VAPI__API_BASE", &url),
        ("VAPI_API_KEY", "not-a-real-key"),
        ("PATCHBAY_POLICY__REQUIRE_PAYMENT", "false"),
    ])
    .await
}

#[tokio::test]
async fn a_trial_account_gets_its_one_number_and_tells_what_is_to_be_done() {
    let town = Town::with(Options { account: Account::Trial, ..Options::default() }, &[]).await;
    let first = town.tenant("One", json!({})).await;
    assert_eq!(town.post("/api/numbers", json!({ "projectId": first })).await.0, 201);
    let second = town.tenant("Two", json!({})).await;
    let (status, begun) = town.post("/api/numbers", json!({ "projectId": second })).await;
    assert_eq!((status, &begun["state"]), (202, &json!("manual")));
    let job = town.over(&begun["jobId"]).await;
    let (state, told) = step(&job, "searchAvailableNumbers");
    assert!(state == "skipped" && told.contains("is a trial and has its one number: upgrade it"), "{told}");
    town.sim.tell("account", json!({ "kind": "full" })).await;
    let job = town.done(&format!("/api/jobs/{}/retry", begun["jobId"].as_str().unwrap()), Value::Null).await;
    assert_eq!(job["state"], "succeeded", "the upgrade is noticed: {job:#}");
    assert_eq!(town.sim.look("bills").await.len(), 2);
    town.holds().await;
}

#[tokio::test]
async fn an_organizations_own_account_buys_for_its_tenants() {
    let town = Town::new().await;
    let (_, org) = town.post("/api/orgs", json!({ "name": "Acme Reception" })).await;
    let org = org["id"].as_str().unwrap();
    let account = json!({ "accountSid": "AC00000000000000000000000000000002", "authToken": "another-token" });
    assert_eq!(town.ask(Method::PUT, &format!("/api/orgs/{org}/twilio"), account).await.0, 200);
    let tenant = town.tenant("Acme North", json!({ "orgId": org })).await;
    let (status, bought) = town.post("/api/numbers", json!({ "projectId": tenant })).await;
    assert_eq!(status, 201, "{bought}");
    assert_eq!(bought["phoneNumber"]["accountSid"], "AC00000000000000000000000000000002");
    let job = town.get(&format!("/api/jobs/{}", bought["jobId"].as_str().unwrap())).await;
    assert_eq!(step(&job, "organizationTwilio").1, "STRATEGY 2: Using organization's Twilio...");
}

#[tokio::test]
async fn hints_to_other_areas_are_followed_twice_and_numbers_without_digits_are_deleted() {
    let town = Town::new().await;
    town.sim.tell("vapi", json!({ "activationMs": 0, "unavailableAreaCodes": [205, 562], "withoutDigits": 1 })).await;
    let (_, made) = town.post("/api/tenants", json!({ "name": "Acme", "assignPhone": true })).await;
    let job = town.over(&made["jobId"]).await;
    let told: Vec<&str> = job["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| s["name"] == "createFreeVapiNumber")
        .map(|s| s["detail"].as_str().unwrap())
        .collect();
    assert!(told[0].ends_with("562 is tried") && told[1].ends_with("662 is tried"), "{told:?}");
    town.holds().await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
}

#[tokio::test]
async fn nothing_is_bought_for_whom_nobody_pays() {
    let town = Town::with(Options::default(), &[("PATCHBAY_POLICY__REQUIRE_PAYMENT", "true")]).await;
    let tenant = town.tenant("Acme", json!({})).await;
    let phone = json!({ "method": "forwarded", "clinicNumber": "+16475550177" });
    town.ask(Method::PUT, &format!("/api/tenants/{tenant}/phone-integration"), phone).await;
    let asks = [
        ("/api/numbers".to_owned(), json!({ "projectId": tenant })),
        ("/api/tenants".to_owned(), json!({ "name": "B", "assignPhone": true })),
        (format!("/api/tenants/{tenant}/deploy"), Value::Null),
        ("/api/restaurants".to_owned(), json!({ "name": "C" })),
    ];
    for (path, body) in &asks {
        let (status, problem) = town.post(path, body.clone()).await;
        assert_eq!((status, &problem["code"]), (402, &json!("payment_required")), "{path}");
    }
    let batch = town.post("/api/numbers/batch", json!({ "dryRun": true })).await.1;
    assert_eq!((batch["data"].as_array().unwrap().len(), batch["unpaid"].as_array().unwrap().len()), (0, 1));
    assert!(town.sim.look("requests").await.is_empty(), "no provider was asked");
    let platform = town.get("/api/orgs").await["data"][0]["id"].as_str().unwrap().to_owned();
    let paid = town.ask(Method::PUT, &format!("/api/orgs/{platform}/billing"), json!({ "status": "verified" })).await;
    assert_eq!(paid.0, 200);
    assert_eq!(town.post("/api/numbers", json!({ "projectId": tenant })).await.0, 201);
}

#[tokio::test]
async fn a_tenant_has_no_more_numbers_than_it_may_have_however_many_ask_at_once() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    let ask = || town.post("/api/numbers", json!({ "projectId": tenant }));
    let (a, b, c, d, e) = tokio::join!(ask(), ask(), ask(), ask(), ask());
    let mut statuses = [a, b, c, d, e].map(|(status, _)| status);
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 201, 409, 409]);
    town.holds().await;
}

#[tokio::test]
async fn the_named_number_is_bought_or_none() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    let (status, bought) = town.post("/api/numbers", json!({ "projectId": tenant, "number": "+12055550107" })).await;
    assert_eq!((status, &bought["phoneNumber"]["e164"]), (201, &json!("+12055550107")));
    let (status, begun) = town.post("/api/numbers", json!({ "projectId": tenant, "number": "+15005550000" })).await;
    assert_eq!((status, &begun["state"]), (202, &json!("manual")));
    let job = town.over(&begun["jobId"]).await;
    assert!(
        step(&job, "purchaseTwilioNumber").1.contains("21422") || step(&job, "purchaseTwilioNumber").0 == "skipped"
    );
    let other = town.tenant("Other", json!({})).await;
    let (status, problem) = town.post("/api/numbers", json!({ "projectId": other, "number": "+12055550107" })).await;
    assert_eq!((status, &problem["code"]), (409, &json!("number_taken")));
}

#[tokio::test]
async fn vapi_follows_when_another_answers_for_the_tenant() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    assert_eq!(town.post("/api/numbers", json!({ "projectId": tenant })).await.0, 201);
    let target = json!({ "target": { "kind": "squad", "id": OTHER_ASSISTANT } });
    assert_eq!(town.ask(Method::PATCH, &format!("/api/tenants/{tenant}"), target).await.0, 200);
    let jobs = town.get("/api/jobs?kind=target").await;
    let job = town.over(&jobs["data"][0]["id"]).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    for number in town.at_vapi().await {
        assert_eq!((&number["squadId"], &number["assistantId"]), (&json!(OTHER_ASSISTANT), &Value::Null), "{number}");
    }
    town.holds().await;
}
