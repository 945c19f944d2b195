//! Ports at the simulated Twilio, asked for as any client would: documents, requests, how they go on, who is told.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::caller_server::{Answer, Seen, serve};
use crate::rig::http_client;
use crate::sim::Sim;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const BOUNDARY: &str = "a-boundary";

struct Client {
    sim: Sim,
    web: reqwest::Client,
}

impl Client {
    async fn new() -> Client {
        Client { sim: Sim::start().await, web: http_client() }
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.sim.url());
        let request = self.web.request(method, url).basic_auth(ACCOUNT, Some("not-a-real-token"));
        let request = if body.is_null() { request } else { request.json(&body) };
        said(request).await
    }

    async fn upload(&self, parts: &[(&str, &str)]) -> (StatusCode, Value) {
        let part = |(head, content): &(&str, &str)| {
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
        };
        let body = parts.iter().map(part).collect::<String>() + &format!("--{BOUNDARY}--\r\n");
        let request = self.web.post(format!("{}/v1/Documents", self.sim.url())).basic_auth(ACCOUNT, Some("any"));
        said(request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body)).await
    }

    /// The request that is as it should be.
    async fn wanted(&self, number: &str) -> Value {
        let (status, document) = self.upload(&[KIND, FILE]).await;
        assert_eq!(status, StatusCode::CREATED, "{document}");
        json!({
            "account_sid": ACCOUNT,
            "documents": [document["sid"]],
            "phone_numbers": [{ "phone_number": number }],
            "losing_carrier_information": {
                "customer_name": "Smile Dental",
                "authorized_representative": "Ada Example",
                "authorized_representative_email": "ada@example.com",
                "address": { "street": "1 Main", "city": "Springfield", "state": "AL", "zip": "35004", "country": "USA" },
            },
        })
    }

    async fn made(&self, number: &str) -> String {
        let (status, port) = self.ask(Method::POST, "/v1/Porting/PortIn", self.wanted(number).await).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{port}");
        port["port_in_request_sid"].as_str().expect("a SID").to_owned()
    }

    async fn bring(&self, order: Value) -> (StatusCode, Value) {
        said(self.web.post(format!("{}/_sim/ports", self.sim.url())).json(&order)).await
    }
}

const KIND: (&str, &str) = ("name=\"document_type\"", "utility_bill");
const FILE: (&str, &str) = ("name=\"File\"; filename=\"bill.pdf\"\r\nContent-Type: application/pdf", "%PDF\r\n--x");

async fn said(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_document_is_a_form_with_a_bill_in_it() {
    let client = Client::new().await;
    let name = ("name=\"friendly_name\"", "October");
    let (status, document) = client.upload(&[KIND, name, FILE]).await;
    assert_eq!((status, &document["mime_type"]), (StatusCode::CREATED, &json!("application/pdf")));
    assert_eq!((&document["friendly_name"], &document["account_sid"]), (&json!("October"), &json!(ACCOUNT)));
    let passport = ("name=\"document_type\"", "passport");
    let text = ("name=\"File\"; filename=\"bill.txt\"\r\nContent-Type: text/plain", "text");
    let field = ("name=\"File\"", "%PDF");
    for parts in [&[FILE][..], &[KIND], &[passport, FILE], &[KIND, text], &[KIND, field], &[]] {
        let (status, refusal) = client.upload(parts).await;
        assert_eq!((status, &refusal["status"]), (StatusCode::BAD_REQUEST, &json!(400)), "{parts:?}: {refusal}");
    }
    let (status, _) = client.ask(Method::POST, "/v1/Documents", json!({ "document_type": "utility_bill" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "no form at all");
}

#[tokio::test]
async fn a_request_is_refused_for_each_thing_that_is_wrong_with_it() {
    let client = Client::new().await;
    let good = client.wanted("+12055550171").await;
    let soon = Timestamp::now().to_zoned(TimeZone::UTC).date().saturating_add(3.days()).to_string();
    let carrier = "/losing_carrier_information";
    let pin = json!([{ "phone_number": "+12055550192", "pin": "1" }]);
    for (place, value, code) in [
        ("/account_sid".to_owned(), json!("AC1"), 22171),
        ("/documents".to_owned(), json!([]), 22171),
        ("/documents".to_owned(), json!(["RD00000000000000000000000000000009"]), 22171),
        (format!("{carrier}/authorized_representative"), Value::Null, 22171),
        (format!("{carrier}/authorized_representative_email"), json!("nowhere"), 22171),
        (format!("{carrier}/customer_name"), json!(" "), 22171),
        (format!("{carrier}/address/zip"), Value::Null, 22171),
        ("/phone_numbers".to_owned(), json!([]), 22171),
        ("/phone_numbers".to_owned(), json!([{ "phone_number": "2055550171" }]), 22102),
        ("/phone_numbers".to_owned(), json!([{ "phone_number": "+12055550192" }]), 22171),
        ("/phone_numbers".to_owned(), pin, 22171),
        ("/target_port_in_date".to_owned(), json!(soon), 20422),
        ("/target_port_in_date".to_owned(), json!("soon"), 20422),
    ] {
        let mut asked = good.clone();
        asked["target_port_in_date"] = Value::Null;
        *asked.pointer_mut(&place).expect("a place") = value.clone();
        let (status, refusal) = client.ask(Method::POST, "/v1/Porting/PortIn", asked).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::BAD_REQUEST, &json!(code)), "{place} = {value}: {refusal}");
    }
    assert_eq!(client.sim.look("ports").await.len(), 0);
    assert_eq!(client.ask(Method::POST, "/v1/Porting/PortIn", good).await.0, StatusCode::ACCEPTED);
    let (status, refusal) = client.ask(Method::GET, "/v1/Porting/Portability/PhoneNumber/+1205", Value::Null).await;
    assert_eq!((status, &refusal["code"]), (StatusCode::BAD_REQUEST, &json!(22102)));
}

#[tokio::test]
async fn a_ported_number_is_the_accounts_billed_once_and_nobody_elses() {
    let client = Client::new().await;
    // Before it comes anybody may have it, for all that Twilio's shop knows.
    let sid = client.made("+12055550171").await;
    assert_eq!(client.sim.look("bills").await.len(), 0);
    for _ in 0..2 {
        let (status, port) = client.bring(json!({ "sid": sid, "status": "completed" })).await;
        assert_eq!((status, &port["status"]), (StatusCode::OK, &json!("Completed")), "{port}");
    }
    let bills = client.sim.look("bills").await;
    assert_eq!((bills.len(), &bills[0]["number"]), (1, &json!("+12055550171")));
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json");
    let (_, page) = client.ask(Method::GET, &path, Value::Null).await;
    let number = &page["incoming_phone_numbers"][0];
    assert_eq!((&number["phone_number"], &number["voice_url"]), (&json!("+12055550171"), &json!("")));
    let (status, refusal) = client.bring(json!({ "sid": sid, "status": "in_review" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refusal}");

    // One that is sold meanwhile cannot come.
    let sid = client.made("+12055550100").await;
    client.sim.tell("numbers", json!({ "accountSid": "AC2", "phoneNumber": "+12055550100" })).await;
    let (status, refusal) = client.bring(json!({ "sid": sid, "status": "completed" })).await;
    assert_eq!((status, &refusal["error"]), (StatusCode::BAD_REQUEST, &json!("somebody has +12055550100")));
}

#[tokio::test]
async fn of_several_numbers_each_goes_its_own_way_and_the_last_ends_the_request() {
    let client = Client::new().await;
    let mut asked = client.wanted("+12055550171").await;
    asked["phone_numbers"] = json!([{ "phone_number": "+12055550171" }, { "phone_number": "+12055550172" }]);
    let (_, port) = client.ask(Method::POST, "/v1/Porting/PortIn", asked).await;
    let (sid, second) = (&port["port_in_request_sid"], &port["phone_numbers"][1]["port_in_phone_number_sid"]);
    let (sid, second) = (sid.as_str().expect("a SID"), second.as_str().expect("a SID"));
    client.bring(json!({ "sid": sid, "status": "port_pending" })).await;
    let (_, port) = client.bring(json!({ "phoneNumber": "+12055550171", "status": "Completed" })).await;
    assert_eq!((&port["status"], &port["numbers"][1]["status"]), (&json!("In progress"), &json!("port_pending")));

    let path = format!("/v1/Porting/PortIn/{sid}/PhoneNumber/{second}");
    let (_, number) = client.ask(Method::GET, &path, Value::Null).await;
    assert_eq!(number["port_in_phone_number_status"], "port_pending");
    assert_eq!(client.ask(Method::DELETE, &path, Value::Null).await.0, StatusCode::NO_CONTENT);
    let (_, port) = client.ask(Method::GET, &format!("/v1/Porting/PortIn/{sid}"), Value::Null).await;
    assert_eq!(port["port_in_request_status"], "Completed", "one came, the other was canceled");
    let status = client.ask(Method::DELETE, &format!("/v1/Porting/PortIn/{sid}"), Value::Null).await.0;
    assert_eq!(status, StatusCode::BAD_REQUEST, "what has come stays");
}

#[tokio::test]
async fn requests_are_listed_page_by_page_and_only_to_whom_they_belong() {
    let client = Client::new().await;
    for line in 170..175 {
        client.made(&format!("+120555501{}", line - 100)).await;
    }
    client.bring(json!({ "phoneNumber": "+12055550172", "status": "expired" })).await;
    let list = async |query: &str| {
        client.ask(Method::GET, &format!("/v1/Porting/PortIn/PortInRequests?{query}"), Value::Null).await
    };
    let (mut seen, mut token) = (0, String::new());
    loop {
        let (_, page) = list(&format!("Size=2{token}")).await;
        seen += page["port_in_requests"].as_array().expect("a list").len();
        let Some(next) = page["meta"]["next_token"].as_str() else { break };
        token = format!("&Token={next}");
    }
    assert_eq!(seen, 5);
    let count = async |query: &str| list(query).await.1["port_in_requests"].as_array().map(Vec::len);
    assert_eq!(count("PortInRequestStatus=EXPIRED").await, Some(1));
    assert_eq!(count("PortInRequestStatus=in_review").await, Some(4));
    assert_eq!(count("CreatedAfter=2999-01-01").await, Some(0));
    assert_eq!(count("CreatedBefore=2999-01-01").await, Some(5));
    for odd in ["Size=0", "Size=101", "Token=KW9", "CreatedAfter=soon"] {
        assert_eq!(list(odd).await.0, StatusCode::BAD_REQUEST, "{odd}");
    }
    let url = format!("{}/v1/Porting/PortIn/PortInRequests", client.sim.url());
    let (_, page) = said(client.web.get(&url).basic_auth("AC2", Some("any"))).await;
    assert_eq!(page["port_in_requests"], json!([]));
    assert_eq!(said(client.web.get(&url)).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_cannot_be_brought_on_says_why() {
    let client = Client::new().await;
    let sid = client.made("+12055550191").await;
    for (order, why) in [
        (json!({ "sid": sid, "status": "teleported" }), "no status `teleported`"),
        (json!({ "sid": "KW9", "status": "completed" }), "no such port"),
        (json!({ "status": "completed" }), "`sid` or `phoneNumber`"),
        (json!({ "sid": sid, "phoneNumber": "+12055550191", "status": "completed" }), "`sid` or `phoneNumber`"),
        (json!({ "sid": sid, "status": "completed" }), "not portable: UNSUPPORTED"),
        (json!({ "sid": sid, "status": "completed", "colour": 1 }), "unknown field"),
    ] {
        let (status, refusal) = client.bring(order).await;
        let words = refusal["error"].as_str().expect("words");
        assert!(status == StatusCode::BAD_REQUEST && words.contains(why), "{words}");
    }
}

/// A listener that is told of ports.
async fn told() -> (String, Arc<Mutex<Vec<Seen>>>) {
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let log = Arc::clone(&seen);
    let url = serve(move |request| {
        log.lock().expect("a lock").push(request);
        Answer::new(204, "", "")
    })
    .await;
    (url, seen)
}

#[tokio::test]
async fn whoever_set_a_webhook_is_told_signed_as_twilio_signs_json() {
    let client = Client::new().await;
    let (url, seen) = told().await;
    let place = "/v1/Porting/Configuration/Webhook";
    let (status, none) = client.ask(Method::GET, place, Value::Null).await;
    assert_eq!((status, &none["port_in_target_url"]), (StatusCode::OK, &Value::Null));
    let target = format!("{url}/api/twilio/porting?account={ACCOUNT}");
    let (status, set) = client.ask(Method::POST, place, json!({ "port_in_target_url": target })).await;
    assert_eq!((status, &set["notifications_of"]), (StatusCode::CREATED, &json!([])));
    let (_, found) = client.ask(Method::GET, place, Value::Null).await;
    assert!(found["port_in_target_date_created"].is_string() && found["port_out_target_date_created"].is_null());

    let sid = client.made("+12055550171").await;
    let order = json!({ "sid": sid, "status": "action_required", "reason": "INVALID_PIN" });
    let (_, port) = client.bring(order).await;
    let events: Vec<_> = port["events"].as_array().expect("a list").iter().map(|event| &event["event"]).collect();
    assert_eq!(events, ["PortInActionRequired", "PortInPhoneNumberRejected"]);
    assert!(port["events"].as_array().expect("a list").iter().all(|event| event["answered"] == 204), "{port}");
    let hits = std::mem::take(&mut *seen.lock().expect("a lock"));
    assert_eq!(hits.len(), 2);
    for hit in &hits {
        let digest: String = Sha256::digest(&hit.body).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hit.target, format!("/api/twilio/porting?account={ACCOUNT}&bodySHA256={digest}"));
        let mut mac = Hmac::<Sha1>::new_from_slice(b"not-a-real-token").expect("any length");
        mac.update(format!("{url}{}", hit.target).as_bytes());
        assert_eq!(hit.headers["x-twilio-signature"], STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(hit.headers["content-type"], "application/json");
    }
    let body: Value = serde_json::from_str(&hits[1].body).expect("JSON");
    assert_eq!((&body["port_in_request_sid"], &body["rejection_reason"]), (&json!(sid), &json!("INVALID_PIN")));
}

#[tokio::test]
async fn a_webhook_tells_what_is_asked_for_and_may_be_away() {
    let client = Client::new().await;
    let (url, seen) = told().await;
    let place = "/v1/Porting/Configuration/Webhook";
    let only = json!({ "port_in_target_url": url, "notifications_of": ["PortInPhoneNumberCompleted"] });
    client.ask(Method::POST, place, only).await;
    for odd in [json!({ "port_in_target_url": "ftp://x" }), json!({ "notifications_of": "all" })] {
        assert_eq!(client.ask(Method::POST, place, odd).await.0, StatusCode::BAD_REQUEST);
    }
    let sid = client.made("+12055550171").await;
    client.bring(json!({ "sid": sid, "status": "in_progress" })).await;
    client.bring(json!({ "sid": sid, "status": "completed" })).await;
    assert_eq!(seen.lock().expect("a lock").len(), 1);

    let nobody = json!({ "port_in_target_url": format!("http://{}", crate::rig::nobody()) });
    client.ask(Method::POST, place, nobody).await;
    let (status, port) = client.bring(json!({ "sid": sid, "status": "completed" })).await;
    assert_eq!((status, port["events"][0]["answered"].is_string()), (StatusCode::OK, true), "{port}");

    let gone = format!("{place}/PORT_IN");
    assert_eq!(client.ask(Method::DELETE, &gone, Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(client.ask(Method::DELETE, &gone, Value::Null).await.0, StatusCode::NOT_FOUND);
    let (_, port) = client.bring(json!({ "sid": sid, "status": "completed" })).await;
    assert_eq!(port["events"], json!([]));
}
