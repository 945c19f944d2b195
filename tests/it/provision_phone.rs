//! Ways of being reached: configured word for word, deployed by a job, and numbers wired, removed and given back.

use reqwest::Method;
use serde_json::{Value, json};

use crate::provision::{Town, step};
use crate::rig::{ACCOUNT, VAPI_SECRET};

fn keys(body: &Value) -> Vec<&str> {
    body.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_forwarded_tenant_is_configured_and_deployed() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let path = format!("/api/tenants/{tenant}/phone-integration");
    assert_eq!(town.ask(Method::GET, &path, Value::Null).await.0, 404);
    assert_eq!(town.post(&format!("/api/tenants/{tenant}/deploy"), Value::Null).await.1["code"], "not_configured");
    let put = json!({ "method": "forwarded", "clinicNumber": "+15551234567", "needsPhoneNumber": true, "configuredAt": "2026-02-12T..." });
    let (status, before) = town.ask(Method::PUT, &path, put).await;
    assert_eq!(status, 200, "{before}");
    assert_eq!(keys(&before), ["method", "clinicNumber", "needsPhoneNumber", "configuredAt", "notes"]);
    assert_eq!(
        before["notes"],
        json!([
            "✓ Forwarding configuration saved",
            "Note: A Twilio phone number will be provisioned during deployment. You'll need to set up call forwarding from your existing number (+15551234567) to the new Twilio number.",
            "Cost: Approximately $1/month for the Twilio number"
        ])
    );
    let job = town.done(&format!("/api/tenants/{tenant}/deploy"), Value::Null).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert_eq!(step(&job, "phoneNumber"), ("skipped", "Purchasing Twilio number for forwarded method"));
    assert_eq!(step(&job, "freeVapiNumber").1, "this needs a number whose calls come to us through Twilio");
    let after = town.get(&path).await;
    assert_eq!(keys(&after), ["method", "clinicNumber", "twilioForwardNumber", "setupCompletedAt"]);
    assert_eq!(after["twilioForwardNumber"], job["result"]["e164"]);
    // Once more finds what is there.
    let again = town.done(&format!("/api/tenants/{tenant}/deploy"), Value::Null).await;
    assert_eq!((&again["state"], &again["result"]["e164"]), (&json!("succeeded"), &job["result"]["e164"]), "{again:#}");
    assert_eq!(town.at_twilio().await.len(), 1);
    town.holds().await;
}

#[tokio::test]
async fn a_sip_tenant_gets_credentials_once_and_is_deployed() {
    let town = Town::new().await;
    let tenant = town.tenant("Corner Garage", json!({})).await;
    let path = format!("/api/tenants/{tenant}/phone-integration");
    let put = json!({ "method": "sip", "clinicNumber": "+15551234567", "pbxType": "FreePBX", "needsPhoneNumber": true,
        "sipUrl": "sip:sip_ca5ecdfd@sip.twilio.com", "sipUsername": "sip_ca5ecdfd", "sipPassword": "..." });
    let (status, before) = town.ask(Method::PUT, &path, put).await;
    assert_eq!(status, 200, "{before}");
    let named = [
        "method",
        "clinicNumber",
        "pbxType",
        "sipUrl",
        "sipUsername",
        "sipPassword",
        "needsPhoneNumber",
        "configuredAt",
        "notes",
    ];
    assert_eq!(keys(&before), named);
    let username = before["sipUsername"].as_str().unwrap();
    let hex = username.strip_prefix("sip_").unwrap();
    assert!(hex.len() == 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()), "{username}");
    assert_eq!(before["sipUrl"], json!(format!("sip:{username}@example.sip.twilio.com")));
    assert_eq!(before["sipPassword"].as_str().unwrap().len(), 32);
    assert_eq!(before["notes"][0], "✓ SIP credentials generated");
    assert_eq!(
        before["notes"][1],
        "Note: A Twilio phone number will be provisioned during deployment to serve as the endpoint for your AI assistant. Configure your PBX to route calls to this number using the SIP credentials provided."
    );
    assert_eq!(before["notes"][2], "Cost: Approximately $1/month for the Twilio number");
    assert_eq!(town.get(&path).await.get("sipPassword"), None, "told once");
    let job = town.done(&format!("/api/tenants/{tenant}/deploy"), Value::Null).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert_eq!(step(&job, "createSipCredential").1, format!("{username} may call example.sip.twilio.com"));
    let after = town.get(&path).await;
    assert_eq!(
        keys(&after),
        ["method", "clinicNumber", "pbxType", "sipUrl", "sipUsername", "twilioSipNumber", "setupCompletedAt"]
    );
    town.holds().await;
    // Its telephone system calls, and the AI answers.
    let fields = [
        ("CallSid", "CA7"),
        ("From", "+16475550111"),
        ("To", "sip:corner-garage@example.sip.twilio.com"),
        ("SipDomain", "example.sip.twilio.com"),
        ("SipUsername", username),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
    ];
    let call = town.rig.post("/api/twilio/sip", &fields).await;
    assert!(call.body.contains("<Sip"), "{}", call.body);
}

#[tokio::test]
async fn a_telephone_system_known_by_its_addresses_is_let_in_from_there_alone() {
    let town = Town::with(Default::default(), &[("PATCHBAY_SIP__ACL_DOMAIN", "addresses.sip.twilio.com")]).await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let path = format!("/api/tenants/{tenant}/phone-integration");
    let put = |networks: Value| json!({ "method": "sip", "clinicNumber": "+16475550188", "needsPhoneNumber": false, "sourceIps": networks });
    let wrong = json!(["10.0.0.1", "203.0.113.0/8", "somewhere", "2001:db8::1"]);
    let (status, problem) = town.ask(Method::PUT, &path, put(wrong)).await;
    let codes: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|fault| fault["code"].as_str().unwrap()).collect();
    assert_eq!((status, codes), (422, vec!["private_network", "too_wide", "not_a_network", "not_a_network"]));
    let (_, before) = town.ask(Method::PUT, &path, put(json!(["203.0.113.7", "198.51.100.0/28"]))).await;
    assert_eq!(before["sipUrl"], "sip:smile-dental@addresses.sip.twilio.com");
    assert_eq!(
        (&before["sourceIps"], &before["sipPassword"]),
        (&json!(["203.0.113.7", "198.51.100.0/28"]), &Value::Null)
    );
    let job = town.done(&format!("/api/tenants/{tenant}/deploy"), Value::Null).await;
    assert_eq!((job["state"].as_str(), step(&job, "allowSipAddresses").0), (Some("succeeded"), "done"), "{job:#}");
    let other = town.tenant("Other", json!({})).await;
    let call = async |user: &str, from: &str| {
        let to = format!("sip:{user}@addresses.sip.twilio.com");
        let sid = crate::rig::call_sid();
        let fields = [
            ("CallSid", sid.as_str()),
            ("From", "+16475550111"),
            ("To", &to),
            ("SipDomain", "addresses.sip.twilio.com"),
            ("SipSourceIp", from),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
        ];
        town.rig.post("/api/twilio/sip", &fields).await.body.contains("<Sip")
    };
    assert!(call("smile-dental", "203.0.113.7").await && call("smile-dental", "198.51.100.15").await);
    assert!(!call("smile-dental", "198.51.100.16").await && !call("smile-dental", "nonsense").await);
    assert!(!call("other", "203.0.113.7").await, "another tenant's line");
    assert!(!other.is_empty());
    // Moved elsewhere: what it had is taken out, here at once and at Twilio when it is deployed.
    town.ask(Method::PUT, &path, put(json!(["203.0.113.8"]))).await;
    assert!(!call("smile-dental", "203.0.113.7").await && call("smile-dental", "203.0.113.8").await);
    assert_eq!(town.done(&format!("/api/tenants/{tenant}/deploy"), Value::Null).await["state"], "succeeded");
    assert_eq!(town.sim.asked("POST", "/IpAddresses.json").await, 3);
    assert_eq!(town.sim.asked("DELETE", "/IpAddresses/").await, 2);
}

#[tokio::test]
async fn a_sip_tenant_may_do_without_a_number_and_two_share_a_list() {
    let town = Town::new().await;
    for (name, known) in [("One", "+16475550187"), ("Two", "+16475550188")] {
        let tenant = town.tenant(name, json!({})).await;
        let put = json!({ "method": "sip", "clinicNumber": known, "needsPhoneNumber": false });
        let (_, before) = town.ask(Method::PUT, &format!("/api/tenants/{tenant}/phone-integration"), put).await;
        assert_eq!(before["notes"].as_array().unwrap().len(), 2, "no number, no cost");
        let job = town.done(&format!("/api/tenants/{tenant}/deploy"), Value::Null).await;
        assert_eq!(job["state"], "succeeded", "{job:#}");
    }
    assert_eq!(town.sim.asked("POST", "CredentialLists.json").await, 1);
    assert_eq!(town.sim.asked("POST", "/Credentials.json").await, 2);
    assert!(town.at_twilio().await.is_empty());
}

#[tokio::test]
async fn what_would_send_calls_round_in_a_circle_is_refused_whichever_is_saved_last() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    let phone = json!({ "method": "forwarded", "clinicNumber": "+16475550177" });
    let forward = json!({ "mode": "disabled", "fallback": { "type": "forward", "forwardNumber": "+16475550177" } });
    let (phone_path, settings_path) =
        (format!("/api/tenants/{tenant}/phone-integration"), format!("/api/tenants/{tenant}/availability"));
    assert_eq!(town.ask(Method::PUT, &phone_path, phone.clone()).await.0, 200);
    let (status, problem) = town.ask(Method::PUT, &settings_path, forward.clone()).await;
    assert_eq!((status, &problem["code"]), (422, &json!("loop")));
    let other = town.tenant("Other", json!({})).await;
    assert_eq!(town.ask(Method::PUT, &format!("/api/tenants/{other}/availability"), forward).await.0, 200);
    let (status, problem) = town.ask(Method::PUT, &format!("/api/tenants/{other}/phone-integration"), phone).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/clinicNumber")));
}

#[tokio::test]
async fn a_restaurant_is_made_by_the_words_and_the_secret_of_the_older_system() {
    let target = format!("assistant:{}", crate::provision::ASSISTANT);
    let town = Town::with(Default::default(), &[("PATCHBAY_VAPI__DEFAULT_TARGET", &target)]).await;
    let post = async |secret: &str, body: Value| {
        let url = format!("http://{}/api/restaurants", town.rig.running.admin);
        let answer = town.rig.http.post(url).header("X-Vapi-Secret", secret).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, made) =
        post(VAPI_SECRET, json!({ "name": "My Restaurant", "assign_phone": true, "force_twilio": false })).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(keys(&made), ["id", "name", "phone_number", "phone_number_id", "job_id", "message"]);
    assert!(made["phone_number"].as_str().unwrap().starts_with("+1205555"), "{made}");
    let (_, forced) = post(VAPI_SECRET, json!({ "name": "Twilio Diner", "force_twilio": true })).await;
    let job = town.get(&format!("/api/jobs/{}", forced["job_id"].as_str().unwrap())).await;
    assert_eq!(step(&job, "pool").1, "forceTwilio passes over the pool");
    assert_eq!(step(&job, "freeVapiNumber").1, "forceTwilio passes over the free numbers");
    let (status, without) = post(VAPI_SECRET, json!({ "name": "Quiet", "assign_phone": false })).await;
    assert_eq!((status, &without["phone_number"], &without["job_id"]), (201, &Value::Null, &Value::Null));
    assert_eq!(post("another", json!({ "name": "A" })).await.0, 401);
    let url = format!("http://{}/api/tenants", town.rig.running.admin);
    let elsewhere = town.rig.http.get(url).header("X-Vapi-Secret", VAPI_SECRET).send().await.unwrap();
    assert_eq!(elsewhere.status().as_u16(), 401, "it opens nothing else");
    town.holds().await;
}

#[tokio::test]
async fn a_number_the_business_has_is_wired_rewired_removed_and_given_back() {
    let town = Town::new().await;
    town.sim.tell("numbers", json!({ "accountSid": ACCOUNT, "phoneNumber": "+12055550177" })).await;
    let tenant = town.tenant("Acme", json!({})).await;
    let own = json!({ "e164": "+12055550177", "tenantId": tenant, "accountSid": ACCOUNT, "wire": true });
    let job = town.done("/api/numbers/owned", own).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    town.holds().await;
    let id = job["result"]["numberId"].as_str().unwrap().to_owned();
    let confirm = json!({ "confirm": "+12055550177" });
    let (status, problem) = town.post(&format!("/api/numbers/{id}/release"), confirm.clone()).await;
    assert_eq!((status, &problem["code"]), (409, &json!("number_in_use")));
    let job = town.done(&format!("/api/numbers/{id}/remove-from-vapi"), Value::Null).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    let only_address = town.at_vapi().await;
    assert!(only_address.iter().all(|number| number["sipUri"].is_string()), "{only_address:?}");
    town.holds().await;
    let job = town.done(&format!("/api/numbers/{id}/rewire"), Value::Null).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert_eq!(town.at_vapi().await.len(), 2);
    assert_eq!(town.ask(Method::DELETE, &format!("/api/numbers/{id}"), Value::Null).await.0, 204);
    let wrong = town.post(&format!("/api/numbers/{id}/release"), json!({ "confirm": "+12055550178" })).await;
    assert_eq!((wrong.0, &wrong.1["code"]), (422, &json!("not_confirmed")));
    let job = town.done(&format!("/api/numbers/{id}/release"), confirm).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert!(town.at_twilio().await.is_empty());
    assert_eq!(town.get("/api/numbers/owned").await["data"], json!([]));
}

#[tokio::test]
async fn numbers_vapi_has_are_recorded_in_the_pool() {
    let town = Town::new().await;
    let make = json!({ "provider": "vapi", "numberDesiredAreaCode": "205", "name": "made by hand" });
    let url = format!("{}/phone-number", town.sim.url());
    town.rig.http.post(url).bearer_auth("not-a-real-key").json(&make).send().await.unwrap();
    let told = town.post("/api/numbers/sync", json!({ "dryRun": true })).await.1;
    assert_eq!((&told["data"][0]["outcome"], &told["data"][0]["numberId"]), (&json!("recorded"), &Value::Null));
    assert_eq!(town.get("/api/numbers/owned").await["data"], json!([]));
    let told = town.post("/api/numbers/sync", Value::Null).await.1;
    assert_eq!(told["data"][0]["outcome"], "recorded", "{told}");
    assert_eq!(town.post("/api/numbers/sync", Value::Null).await.1["data"][0]["outcome"], "known");
    let (_, made) = town.post("/api/tenants", json!({ "name": "Acme", "assignPhone": true })).await;
    let job = town.over(&made["jobId"]).await;
    assert_eq!((step(&job, "pool").0, step(&job, "wireFreeVapiNumber").0), ("done", "done"), "{job:#}");
    let number = &town.at_vapi().await[0];
    assert!(number["server"]["url"].as_str().unwrap().ends_with("/api/vapi/webhook"), "{number}");
    town.holds().await;
}

#[tokio::test]
async fn a_batch_gives_every_tenant_a_number_that_has_none() {
    let town = Town::new().await;
    for n in 0..12 {
        town.tenant(&format!("Clinic {n}"), json!({})).await;
    }
    let dry = town.post("/api/numbers/batch", json!({ "dryRun": true })).await;
    assert_eq!((dry.0, dry.1["data"].as_array().unwrap().len()), (200, 12));
    let (status, begun) = town.post("/api/numbers/batch", Value::Null).await;
    assert_eq!(status, 202);
    let (_, twice) = town.post("/api/numbers/batch", Value::Null).await;
    for (one, other) in begun["data"].as_array().unwrap().iter().zip(twice["data"].as_array().unwrap()) {
        let job = town.over(&one["jobId"]).await;
        assert_eq!(job["state"], "succeeded", "{job:#}");
        assert!(other["jobId"] == one["jobId"] || other["jobId"].is_string());
    }
    assert_eq!(town.get("/api/numbers/owned?limit=200").await["data"].as_array().unwrap().len(), 12);
    let none = town.post("/api/numbers/batch", json!({ "dryRun": true })).await.1;
    assert_eq!(none["data"], json!([]));
    town.holds().await;
}
