//! What becomes of numbers: where each was and when, the rest they take, and where they lead when nobody looks.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use patchbay::simulator::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::provision::Town;
use crate::rig::{ACCOUNT, TOKEN};

const DAY: i64 = 86_400;

/// A town whose clock goes by this many seconds before the system's.
macro_rules! ahead {
    ($seconds:ident) => {{
        fn now() -> Timestamp {
            Timestamp::now() + SignedDuration::from_secs($seconds.load(Ordering::Relaxed))
        }
        Options { clock: Some(now), ..Options::default() }
    }};
}

impl Town {
    /// A tenant with a number that was bought for it; the number's id and digits.
    async fn bought(&self, name: &str) -> (String, String, String) {
        let tenant = self.tenant(name, json!({})).await;
        let (status, got) = self.post("/api/numbers", json!({ "projectId": tenant })).await;
        assert_eq!(status, 201, "{got}");
        let text = |key: &str| got["phoneNumber"][key].as_str().unwrap().to_owned();
        (tenant, text("id"), text("e164"))
    }

    pub async fn look(&self) -> Value {
        let (status, seen) = self.post("/api/numbers/audit", Value::Null).await;
        assert_eq!(status, 200, "{seen}");
        seen
    }

    /// Sets something of a number at Twilio, as people do in the console.
    pub async fn at_the_console(&self, e164: &str, form: &[(&str, &str)]) {
        let owned = self.at_twilio().await;
        let number = owned.iter().find(|number| number["phone_number"] == e164).expect("it is owned");
        let path =
            format!("/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers/{}.json", number["sid"].as_str().unwrap());
        let request = self.rig.http.post(format!("{}{path}", self.sim.url())).basic_auth(ACCOUNT, Some(TOKEN));
        assert!(request.form(form).send().await.unwrap().status().is_success());
    }

    /// Changes a number in Vapi's dashboard, which makes it lead there at Twilio.
    pub async fn at_vapis_dashboard(&self, e164: &str, change: Value) {
        let numbers = self.at_vapi().await;
        let number = numbers.iter().find(|number| number["number"] == e164).expect("Vapi has it");
        let path = format!("/phone-number/{}", number["id"].as_str().unwrap());
        let request = self.rig.http.patch(format!("{}{path}", self.sim.url())).bearer_auth("not-a-real-key");
        assert!(request.json(&change).send().await.unwrap().status().is_success());
    }

    async fn voice_url(&self, e164: &str) -> String {
        let owned = self.at_twilio().await;
        let number = owned.iter().find(|number| number["phone_number"] == e164).expect("it is owned");
        number["voice_url"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_number_that_was_taken_by_an_import_is_brought_back_and_told_of() {
    let town = Town::new().await;
    let (tenant, id, e164) = town.bought("Smile Dental").await;
    let hook = json!({ "url": "https://hooks.example.com/drift", "events": ["number.drift"] });
    let (status, hook) = town.post("/api/webhooks", hook).await;
    assert_eq!(status, 201, "{hook}");
    assert_eq!(town.look().await["findings"], json!([]));
    town.at_vapis_dashboard(&e164, json!({ "name": "Renamed by hand" })).await;
    assert!(town.voice_url(&e164).await.contains("vapi.ai"));
    let seen = town.look().await;
    let finding = &seen["findings"][0];
    assert_eq!((&finding["numberId"], &finding["what"]), (&json!(id), &json!("takenByVapi")), "{seen}");
    assert!(finding["detail"].as_str().unwrap().contains("https://api.vapi.ai/twilio/inbound_call"), "{seen}");
    let job = town.over(&finding["jobId"]).await;
    assert_eq!(
        (&job["state"], &job["by"], &job["tenantId"]),
        (&json!("succeeded"), &json!("drift watch"), &json!(tenant))
    );
    assert!(town.voice_url(&e164).await.contains("/api/twilio/voice"));
    assert_eq!(town.look().await["findings"], json!([]));
    let sent = town.get(&format!("/api/webhooks/{}/deliveries", hook["id"].as_str().unwrap())).await;
    assert_eq!(sent["data"].as_array().unwrap().len(), 2, "that it was taken, and that it is mended: {sent}");
    let metrics = town.rig.admin(Method::GET, "/metrics", None).await.1;
    assert!(metrics.as_str().unwrap().contains("patchbay_drift_total{kind=\"taken_by_vapi\"} 1"), "{metrics}");
}

#[tokio::test]
async fn a_number_somebody_leads_elsewhere_is_told_and_left_alone() {
    let town = Town::new().await;
    let (_, _, e164) = town.bought("Smile Dental").await;
    town.look().await;
    let foreign = "https://elsewhere.example/voice?key=hidden";
    town.at_the_console(&e164, &[("VoiceUrl", foreign)]).await;
    for _ in 0..2 {
        let seen = town.look().await;
        let finding = &seen["findings"][0];
        assert_eq!((&finding["what"], &finding["jobId"]), (&json!("leadsElsewhere"), &Value::Null), "{seen}");
        assert!(
            finding["detail"].as_str().unwrap().ends_with("voice URL is https://elsewhere.example/voice"),
            "{seen}"
        );
    }
    assert_eq!(town.voice_url(&e164).await, foreign);
}

#[tokio::test]
async fn a_number_that_is_taken_again_and_again_is_brought_back_three_times_an_hour() {
    static AHEAD: AtomicI64 = AtomicI64::new(0);
    let town = Town::with(ahead!(AHEAD), &[]).await;
    let (_, _, e164) = town.bought("Smile Dental").await;
    town.look().await;
    let taken = async || {
        town.at_vapis_dashboard(&e164, json!({ "name": "Again" })).await;
        town.look().await["findings"][0].clone()
    };
    for _ in 0..3 {
        let finding = taken().await;
        assert_eq!(town.over(&finding["jobId"]).await["state"], "succeeded");
        AHEAD.fetch_add(300, Ordering::Relaxed);
    }
    let finding = taken().await;
    assert_eq!(finding["jobId"], Value::Null);
    assert!(finding["whyNot"].as_str().unwrap().contains("three times within the hour"), "{finding}");
    AHEAD.fetch_add(3_000, Ordering::Relaxed);
    let finding = taken().await;
    assert_eq!(town.over(&finding["jobId"]).await["state"], "succeeded", "an hour later it is brought back again");
}

#[tokio::test]
async fn what_is_paid_for_and_not_known_and_what_is_known_and_not_there_is_told() {
    let town = Town::new().await;
    let (_, id, e164) = town.bought("Smile Dental").await;
    let foreign = json!({ "accountSid": ACCOUNT, "phoneNumber": "+12055550160" });
    town.sim.tell("numbers", foreign).await;
    let owned = town.at_twilio().await;
    let sid = owned.iter().find(|number| number["phone_number"] == e164.as_str()).unwrap()["sid"].as_str().unwrap();
    let path = format!("{}/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers/{sid}.json", town.sim.url());
    town.rig.http.delete(path).basic_auth(ACCOUNT, Some(TOKEN)).send().await.unwrap();
    let seen = town.look().await;
    assert_eq!((&seen["findings"][0]["numberId"], &seen["findings"][0]["what"]), (&json!(id), &json!("missing")));
    assert_eq!(seen["unknown"][0]["e164"], "+12055550160");
    assert_eq!(seen["unknown"].as_array().unwrap().len(), 1, "{seen}");
}

#[tokio::test]
async fn a_free_number_that_somebody_answers_at_vapi_is_told() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({ "country": "US" })).await;
    let (_, begun) = town.post("/api/numbers/batch", json!({})).await;
    let job = town.over(&begun["data"][0]["jobId"]).await;
    assert_eq!((&job["state"], &job["tenantId"]), (&json!("succeeded"), &json!(tenant)), "{job:#}");
    assert_eq!(town.look().await["findings"], json!([]));
    let e164 = job["result"]["e164"].as_str().unwrap();
    town.at_vapis_dashboard(e164, json!({ "assistantId": crate::provision::OTHER_ASSISTANT })).await;
    let seen = town.look().await;
    assert_eq!(seen["findings"][0]["what"], "leadsElsewhere", "{seen}");
    assert!(seen["findings"][0]["detail"].as_str().unwrap().contains("answers its calls at Vapi"), "{seen}");
}

#[tokio::test]
async fn whoever_cannot_be_asked_is_named_and_the_others_are_looked_at() {
    let town = Town::new().await;
    town.bought("Smile Dental").await;
    town.sim.tell("faults", json!({ "match": "GET .*IncomingPhoneNumbers", "kind": "error", "times": 1 })).await;
    let seen = town.look().await;
    assert_eq!(seen["findings"], json!([]), "{seen}");
    assert_eq!(seen["notAsked"][0]["whom"], format!("account {ACCOUNT}"), "{seen}");
}

#[tokio::test]
async fn a_number_that_has_rested_comes_back_into_the_pool_and_the_next_tenant_gets_it() {
    static AHEAD: AtomicI64 = AtomicI64::new(0);
    let town = Town::with(ahead!(AHEAD), &[]).await;
    let (tenant, id, e164) = town.bought("Smile Dental").await;
    let voicemail = json!({ "purpose": "voicemail", "alreadyOverflowed": true });
    assert_eq!(town.ask(Method::PATCH, &format!("/api/numbers/{id}"), voicemail).await.0, 200);
    assert_eq!(town.ask(Method::DELETE, &format!("/api/tenants/{tenant}"), Value::Null).await.0, 204);
    AHEAD.fetch_add(29 * DAY, Ordering::Relaxed);
    assert_eq!(town.look().await["returned"], json!([]), "it rests still");
    AHEAD.fetch_add(2 * DAY, Ordering::Relaxed);
    assert_eq!(town.look().await["returned"], json!([e164]));
    let listed = town.get("/api/numbers/owned").await;
    let number = &listed["data"][0];
    assert_eq!(
        (&number["state"], &number["purpose"], &number["alreadyOverflowed"]),
        (&json!("unassigned"), &json!("calls"), &json!(false)),
        "what the last tenant wanted of it is gone: {number}"
    );
    let next = town.tenant("Acme", json!({})).await;
    let (_, begun) = town.post("/api/numbers/batch", json!({})).await;
    let job = town.over(&begun["data"][0]["jobId"]).await;
    assert_eq!((&job["tenantId"], &job["result"]["e164"]), (&json!(next), &json!(e164)), "{job:#}");
    assert_eq!(town.sim.look("bills").await.len(), 1, "nothing is bought");
    let vapi = town.at_vapi().await;
    let named = vapi.iter().find(|number| number["number"] == e164.as_str()).unwrap();
    assert_eq!(named["assistantId"], crate::provision::ASSISTANT);

    let ledger = town.get("/api/numbers/ledger").await;
    let life = &ledger["data"][0];
    assert_eq!((&life["state"], &life["tenantId"], &life["monthsPaid"]), (&json!("active"), &json!(next), &json!(2)));
    let spells = town.get(&format!("/api/numbers/{id}/history")).await;
    let told: Vec<(&str, &Value)> = spells["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|spell| (spell["state"].as_str().unwrap(), &spell["tenantId"]))
        .collect();
    let (none, first, second) = (Value::Null, json!(tenant), json!(next));
    assert_eq!(told, [("active", &second), ("unassigned", &none), ("resting", &none), ("active", &first)]);
}

#[tokio::test]
async fn a_number_that_was_just_given_back_is_not_taken_from_the_account() {
    let town = Town::new().await;
    let (_, id, e164) = town.bought("Smile Dental").await;
    assert_eq!(town.ask(Method::DELETE, &format!("/api/numbers/{id}"), Value::Null).await.0, 204);
    let job = town.done(&format!("/api/numbers/{id}/release"), json!({ "confirm": e164 })).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    let (_, _, next) = town.bought("Acme").await;
    let bills = town.sim.look("bills").await;
    let open: Vec<&Value> = bills.iter().filter(|bill| bill["until"].is_null()).collect();
    assert_eq!((bills.len(), open.len(), &open[0]["number"]), (2, 1, &json!(next)), "{bills:?}");
    town.holds().await;
}

#[tokio::test]
async fn a_number_that_was_given_back_stays_in_the_ledger() {
    let town = Town::new().await;
    let (_, id, e164) = town.bought("Smile Dental").await;
    assert_eq!(town.ask(Method::DELETE, &format!("/api/numbers/{id}"), Value::Null).await.0, 204);
    let job = town.done(&format!("/api/numbers/{id}/release"), json!({ "confirm": e164 })).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    let released = town.get("/api/numbers/ledger?state=released").await;
    let life = &released["data"][0];
    assert_eq!((&life["id"], &life["e164"], &life["monthsPaid"]), (&json!(id), &json!(e164), &json!(1)));
    assert!(life["releasedAt"].is_string());
    let spells = town.get(&format!("/api/numbers/{id}/history")).await;
    assert!(spells["data"].as_array().unwrap().iter().all(|spell| spell["until"].is_string()), "{spells}");
    assert_eq!(town.get("/api/numbers/ledger?state=active").await["data"], json!([]));
    assert_eq!(
        town.get(&format!("/api/numbers/ledger?q={}", e164.replace('+', "%2B"))).await["data"][0]["id"],
        json!(id)
    );
}
