//! Phone numbers at the simulated Vapi: free ones, SIP addresses, imported ones.

use std::time::Duration;

use patchbay::simulator::Options;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::simulated_numbers::{ACCOUNT, Client};

async fn client(settings: Value) -> Client {
    let client = Client::new(Options::default()).await;
    client.sim.tell("vapi", settings).await;
    client
}

fn free(area: &str) -> Value {
    json!({ "provider": "vapi", "numberDesiredAreaCode": area, "name": "Smile Dental" })
}

#[tokio::test]
async fn a_free_number_has_its_digits_once_it_is_active() {
    let client = client(json!({ "activationMs": 300 })).await;
    let (status, made) = client.vapi(Method::POST, "/phone-number", free("205")).await;
    assert_eq!((status, &made["status"], made.get("number")), (StatusCode::CREATED, &json!("activating"), None));
    tokio::time::sleep(Duration::from_millis(350)).await;
    let path = format!("/phone-number/{}", made["id"].as_str().expect("an id"));
    let (_, now) = client.vapi(Method::GET, &path, Value::Null).await;
    assert_eq!((&now["status"], &now["number"]), (&json!("active"), &json!("+12055550150")));
    let (_, found) = client.vapi(Method::GET, "/v2/phone-number?search=5550150", Value::Null).await;
    assert_eq!((&found["metadata"]["totalItems"], &found["results"][0]["id"]), (&json!(1), &made["id"]));

    assert_eq!(client.vapi(Method::DELETE, &path, Value::Null).await.0, StatusCode::OK);
    assert_eq!(client.vapi(Method::GET, &path, Value::Null).await.0, StatusCode::NOT_FOUND);
    assert!(client.sim.look("bills").await[0]["until"].is_string());
}

#[tokio::test]
async fn an_area_code_without_numbers_is_refused_with_a_hint_and_the_plan_has_a_limit() {
    let client = client(json!({ "freeNumberLimit": 2, "activationMs": 0, "unavailableAreaCodes": [205] })).await;
    for area in ["205", "416", "533"] {
        let (status, refusal) = client.vapi(Method::POST, "/phone-number", free(area)).await;
        let words = "This area code is currently not available. Hint: Try one of 562, 662, 716.";
        assert_eq!((status, &refusal["message"]), (StatusCode::BAD_REQUEST, &json!(words)), "{area}");
    }
    for area in ["562", "662"] {
        assert_eq!(client.vapi(Method::POST, "/phone-number", free(area)).await.0, StatusCode::CREATED);
    }
    let (status, refusal) = client.vapi(Method::POST, "/phone-number", free("716")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(refusal["message"].as_str().expect("words").contains("limit"), "{refusal}");
    let (status, _) = client.vapi(Method::POST, "/phone-number", json!({ "provider": "vapi" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "an identifier is needed");
}

#[tokio::test]
async fn a_purchase_that_failed_halfway_is_active_and_has_no_digits() {
    let client = client(json!({ "activationMs": 0, "withoutDigits": 1 })).await;
    let (_, broken) = client.vapi(Method::POST, "/phone-number", free("205")).await;
    assert_eq!((&broken["status"], broken.get("number")), (&json!("active"), None));
    let (_, whole) = client.vapi(Method::POST, "/phone-number", free("205")).await;
    assert_eq!(whole["number"], "+12055550150");
    assert_eq!(client.sim.look("bills").await.len(), 1);
}

#[tokio::test]
async fn an_import_rewrites_where_the_number_leads() {
    let client = client(json!({})).await;
    let ours = "https://edge.example.com/api/twilio/voice";
    let with = json!({ "VoiceUrl": ours, "SmsUrl": "https://edge.example.com/sms" });
    let seeded = json!({ "accountSid": ACCOUNT, "phoneNumber": "+16475550123", "with": with });
    client.sim.tell("numbers", seeded).await;
    let import = |number: &str| {
        json!({ "provider": "twilio", "number": number, "twilioAccountSid": ACCOUNT, "twilioAuthToken": "not-real",
            "smsEnabled": false, "assistantId": "asst-1" })
    };
    let (_, refusal) = client.vapi(Method::POST, "/phone-number", import("+16475550124")).await;
    assert!(refusal["message"].as_str().expect("words").contains("Number Not Found on Twilio"), "{refusal}");

    let (status, imported) = client.vapi(Method::POST, "/phone-number", import("+16475550123")).await;
    assert_eq!(status, StatusCode::CREATED, "{imported}");
    assert!(!imported.to_string().contains("not-real"), "the token is never told again");
    let leads = async || {
        let (_, listed) = client.twilio(Method::GET, "IncomingPhoneNumbers.json", &[]).await;
        listed["incoming_phone_numbers"][0].clone()
    };
    let number = leads().await;
    assert_eq!(number["voice_url"], "https://api.vapi.ai/twilio/inbound_call");
    assert_eq!(number["status_callback"], "https://api.vapi.ai/twilio/status");
    assert_eq!(number["sms_url"], "https://edge.example.com/sms", "messages were not asked for");

    let (_, refusal) = client.vapi(Method::POST, "/phone-number", import("+16475550123")).await;
    let id = imported["id"].as_str().expect("an id");
    assert!(refusal["message"].as_str().expect("words").contains(&format!("Existing Phone Number {id}")), "{refusal}");

    let file = format!("IncomingPhoneNumbers/{}.json", number["sid"].as_str().expect("a SID"));
    client.twilio(Method::POST, &file, &[("VoiceUrl", ours)]).await;
    let change = json!({ "provider": "twilio", "assistantId": null, "squadId": "squad-1" });
    let (status, changed) = client.vapi(Method::PATCH, &format!("/phone-number/{id}"), change).await;
    assert_eq!(
        (status, &changed["assistantId"], &changed["squadId"]),
        (StatusCode::OK, &Value::Null, &json!("squad-1"))
    );
    assert_ne!(leads().await["voice_url"], ours, "a change rewrites it again");
}

#[tokio::test]
async fn a_sip_address_has_one_owner_and_long_words() {
    let client = client(json!({})).await;
    let address = |user: &str, password: &str| {
        let authentication = json!({ "username": "a-username-of-twenty-c", "password": password });
        json!({ "provider": "vapi", "sipUri": format!("sip:{user}@sip.vapi.ai"), "authentication": authentication })
    };
    let long = "a-password-of-twenty-characters";
    assert_eq!(client.vapi(Method::POST, "/phone-number", address("ten_1", "short")).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(client.vapi(Method::POST, "/phone-number", address("ten_1", long)).await.0, StatusCode::CREATED);
    assert_eq!(client.vapi(Method::POST, "/phone-number", address("ten_1", long)).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(client.sim.look("bills").await.len(), 0, "it costs nothing");
}

#[tokio::test]
async fn what_vapi_does_not_know_is_refused_by_name() {
    let client = client(json!({})).await;
    let asked = json!({ "provider": "vapi", "numberDesiredAreaCode": "205", "colour": "red", "name": "n".repeat(41),
        "server": { "url": "https://edge.example.com", "retries": 3 } });
    let (status, refusal) = client.vapi(Method::POST, "/phone-number", asked).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    for fault in ["property colour should not exist", "shorter than or equal to 40", "server.property retries"] {
        assert!(refusal["message"].to_string().contains(fault), "{fault}: {refusal}");
    }
}

#[tokio::test]
async fn credentials_are_kept_and_their_secrets_never_told() {
    let client = client(json!({})).await;
    let twilio = json!({ "provider": "twilio", "accountSid": ACCOUNT, "authToken": "not-real", "name": "Acme" });
    let (status, made) = client.vapi(Method::POST, "/credential", twilio).await;
    assert_eq!(status, StatusCode::CREATED);
    let path = format!("/credential/{}", made["id"].as_str().expect("an id"));
    let (_, changed) = client.vapi(Method::PATCH, &path, json!({ "authToken": "not-real-either" })).await;
    let (_, listed) = client.vapi(Method::GET, "/credential", Value::Null).await;
    assert!(!format!("{made}{changed}{listed}").contains("not-real"));
    assert_eq!((listed.as_array().expect("a list").len(), &listed[0]["accountSid"]), (1, &json!(ACCOUNT)));
    assert_eq!(client.vapi(Method::DELETE, &path, Value::Null).await.0, StatusCode::OK);
    assert_eq!(client.vapi(Method::GET, "/credential", Value::Null).await.1, json!([]));
}

#[tokio::test]
async fn every_well_formed_assistant_and_squad_exists() {
    let client = client(json!({})).await;
    for (path, status) in [
        ("/assistant/asst-1", StatusCode::OK),
        ("/squad/squad-1", StatusCode::OK),
        ("/assistant/not%20one", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(client.vapi(Method::GET, path, Value::Null).await.0, status, "{path}");
    }
}
