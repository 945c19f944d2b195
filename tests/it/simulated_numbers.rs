//! Numbers at the simulated Twilio, asked for as any client would: searched, bought, changed, given back.

use patchbay::simulator::{Account, Options};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::rig::http_client;
use crate::sim::Sim;

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";

/// A client of the simulated providers.
pub struct Client {
    pub sim: Sim,
    web: reqwest::Client,
}

impl Client {
    pub async fn new(options: Options) -> Client {
        Client { sim: Sim::start_with(options).await, web: http_client() }
    }

    /// Asks Twilio, below the account's own path, or at a path of its own.
    pub async fn twilio(&self, method: Method, path: &str, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let below = format!("/2010-04-01/Accounts/{ACCOUNT}/{path}");
        let path = if path.starts_with('/') { path } else { &below };
        let request = self.web.request(method, format!("{}{path}", self.sim.url())).basic_auth(ACCOUNT, Some("token"));
        let request = if form.is_empty() { request } else { request.form(form) };
        said(request.send().await.expect("an answer")).await
    }

    pub async fn vapi(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.web.request(method, format!("{}{path}", self.sim.url())).bearer_auth("key");
        let request = if body.is_null() { request } else { request.json(&body) };
        said(request.send().await.expect("an answer")).await
    }

    pub async fn buy(&self, number: &str) -> (StatusCode, Value) {
        self.twilio(Method::POST, "IncomingPhoneNumbers.json", &[("PhoneNumber", number)]).await
    }
}

async fn said(answer: reqwest::Response) -> (StatusCode, Value) {
    let status = answer.status();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_number_is_found_bought_changed_and_given_back_and_the_bill_says_so() {
    let client = Client::new(Options::default()).await;
    let search = "AvailablePhoneNumbers/US/Local.json?AreaCode=205";
    let (_, found) = client.twilio(Method::GET, search, &[]).await;
    let number = found["available_phone_numbers"][0]["phone_number"].as_str().expect("a number").to_owned();
    assert_eq!(number, "+12055550100");

    let form = [("PhoneNumber", number.as_str()), ("FriendlyName", "AI Receptionist - Smile Dental")];
    let (status, bought) = client.twilio(Method::POST, "IncomingPhoneNumbers.json", &form).await;
    assert_eq!((status, &bought["phone_number"]), (StatusCode::CREATED, &json!(number)));
    assert_eq!(client.buy(&number).await.1["code"], 21422, "it is sold once");
    let (_, found) = client.twilio(Method::GET, search, &[]).await;
    assert_eq!(found["available_phone_numbers"][0]["phone_number"], "+12055550101");

    let file = format!("IncomingPhoneNumbers/{}.json", bought["sid"].as_str().expect("a SID"));
    let change = [("VoiceUrl", "https://edge.example.com/api/twilio/voice"), ("TrunkSid", "")];
    let (status, changed) = client.twilio(Method::POST, &file, &change).await;
    assert_eq!((status, &changed["voice_url"]), (StatusCode::OK, &json!(change[0].1)));
    assert_eq!(client.twilio(Method::POST, &file, &[("VoiceUrl", "ftp://edge")]).await.1["code"], 21402);
    let (_, listed) =
        client.twilio(Method::GET, &format!("IncomingPhoneNumbers.json?PhoneNumber=%2B{}", &number[1..]), &[]).await;
    assert_eq!(listed["incoming_phone_numbers"], json!([changed]));

    assert_eq!(client.twilio(Method::DELETE, &file, &[]).await.0, StatusCode::NO_CONTENT);
    assert_eq!(client.twilio(Method::GET, &file, &[]).await.1["code"], 20404);
    let bills = client.sim.look("bills").await;
    assert_eq!((bills.len(), &bills[0]["number"]), (1, &json!(number)));
    assert!(bills[0]["until"].is_string(), "{bills:?}");
}

#[tokio::test]
async fn test_numbers_and_area_codes_are_refused_as_twilio_refuses_them() {
    let client = Client::new(Options::default()).await;
    for (number, code) in [("+15005550000", 21422), ("+15005550001", 21421), ("12", 21421), ("+12055550150", 21422)] {
        let (status, refusal) = client.buy(number).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::BAD_REQUEST, &json!(code)), "{number}");
    }
    assert_eq!(client.buy("+15005550006").await.0, StatusCode::CREATED);
    for (area, code) in [("533", 21452), ("911", 21451), ("", 21451)] {
        let (_, refusal) = client.twilio(Method::POST, "IncomingPhoneNumbers.json", &[("AreaCode", area)]).await;
        assert_eq!(refusal["code"], code, "{area}");
    }
    let (_, bought) = client.twilio(Method::POST, "IncomingPhoneNumbers.json", &[("AreaCode", "416")]).await;
    assert_eq!(bought["phone_number"], "+14165550100");
    assert_eq!(client.twilio(Method::GET, "AvailablePhoneNumbers/FR/Local.json", &[]).await.1["code"], 20404);
}

#[tokio::test]
async fn a_trial_account_may_own_one_number() {
    let client = Client::new(Options { account: Account::Trial, ..Options::default() }).await;
    let (_, account) = client.twilio(Method::GET, &format!("/2010-04-01/Accounts/{ACCOUNT}.json"), &[]).await;
    assert_eq!(account["type"], "Trial");
    assert_eq!(client.buy("+12055550100").await.0, StatusCode::CREATED);
    let (status, refusal) = client.buy("+12055550101").await;
    assert_eq!((status, &refusal["code"]), (StatusCode::BAD_REQUEST, &json!(21404)));
    assert_eq!(
        refusal["message"],
        "Trial accounts are allowed only one Twilio number. To purchase additional numbers, please upgrade your account."
    );
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let client = Client::new(Options::default()).await;
    for line in 100..105 {
        assert_eq!(client.buy(&format!("+12055550{line}")).await.0, StatusCode::CREATED);
    }
    let mut seen = Vec::new();
    let mut next = Some("IncomingPhoneNumbers.json?PageSize=2".to_owned());
    while let Some(path) = next {
        let (_, page) = client.twilio(Method::GET, &path, &[]).await;
        let numbers = page["incoming_phone_numbers"].as_array().expect("a list");
        assert!(numbers.len() <= 2);
        seen.extend(numbers.iter().map(|number| number["phone_number"].as_str().expect("a number").to_owned()));
        next = page["next_page_uri"].as_str().map(str::to_owned);
    }
    seen.sort();
    assert_eq!(seen, ["+12055550100", "+12055550101", "+12055550102", "+12055550103", "+12055550104"]);
}

#[tokio::test]
async fn of_an_application_and_a_trunk_a_number_keeps_what_was_set_last() {
    let client = Client::new(Options::default()).await;
    let (_, bought) = client.buy("+12055550100").await;
    let file = format!("IncomingPhoneNumbers/{}.json", bought["sid"].as_str().expect("a SID"));
    let (application, trunk) = ("AP00000000000000000000000000000001", "TK00000000000000000000000000000001");
    client.twilio(Method::POST, &file, &[("VoiceApplicationSid", application)]).await;
    let (_, number) = client.twilio(Method::POST, &file, &[("TrunkSid", trunk)]).await;
    assert_eq!((&number["voice_application_sid"], &number["trunk_sid"]), (&Value::Null, &json!(trunk)));
    let (_, number) = client.twilio(Method::POST, &file, &[("VoiceApplicationSid", ""), ("TrunkSid", "")]).await;
    assert_eq!((&number["voice_application_sid"], &number["trunk_sid"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_purchase_whose_answer_is_lost_has_happened_and_one_that_is_refused_has_not() {
    let client = Client::new(Options::default()).await;
    for kind in ["error", "429", "garbage"] {
        client.sim.fault("POST .*/IncomingPhoneNumbers.json", kind, 0).await;
        client.buy("+12055550100").await;
        assert_eq!(client.sim.look("bills").await.len(), 0, "{kind}");
    }
    client.sim.fault("POST .*/IncomingPhoneNumbers.json", "reset-after", 0).await;
    let request =
        client.web.post(format!("{}/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json", client.sim.url()));
    let lost = request.basic_auth(ACCOUNT, Some("token")).form(&[("PhoneNumber", "+12055550100")]).send().await;
    assert!(lost.is_err());
    assert_eq!(client.sim.look("bills").await.len(), 1);
}
