//! Numbers that move here: configured word for word, asked for, followed to their end, and theirs from the first call.

use reqwest::Method;
use serde_json::{Value, json};

use crate::provision::{Town, step};

/// A number of the United States that is with another carrier.
const OLD: &str = "+13125550165";

impl Town {
    /// A tenant whose own number can be asked for. Answers where that is done.
    pub async fn ready_to_move(&self, tenant: &str, number: &str) -> String {
        let put = json!({ "method": "ported", "phoneNumber": number, "currentCarrier": "Example Telecom" });
        let (status, told) = self.ask(Method::PUT, &format!("/api/tenants/{tenant}/phone-integration"), put).await;
        assert_eq!(status, 200, "{told}");
        let (status, told) = self.ask(Method::PUT, &format!("/api/tenants/{tenant}/port"), papers()).await;
        assert_eq!(status, 200, "{told}");
        let (status, told) = self.bill(tenant, "application/pdf", b"%PDF-1.7 a bill".to_vec()).await;
        assert_eq!((status, &told["missing"]), (200, &json!([])), "{told}");
        format!("/api/tenants/{tenant}/deploy")
    }

    /// Another bill, for a carrier that wants one.
    pub async fn bill_again(&self, tenant: &str) -> (u16, Value) {
        self.bill(tenant, "application/pdf", b"%PDF-1.7 another bill".to_vec()).await
    }

    async fn bill(&self, tenant: &str, content_type: &str, file: Vec<u8>) -> (u16, Value) {
        let url = format!("http://{}/api/tenants/{tenant}/port/bill", self.rig.running.admin);
        let request = self.rig.http.put(url).bearer_auth(crate::rig::OPERATOR).header("content-type", content_type);
        let answer = request.body(file).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// Twilio brings the move to this point.
    async fn at_the_carrier(&self, number: &str, order: Value) {
        let mut body = json!({ "phoneNumber": number });
        order.as_object().into_iter().flatten().for_each(|(key, value)| body[key] = value.clone());
        self.sim.tell("ports", body).await;
    }

    /// Twilio tells that something happened. What it says does not matter.
    async fn hears_of_ports(&self) {
        let url = format!("http://{}/api/twilio/porting", self.rig.running.edge);
        let answer = self.rig.http.post(url).body("{\"garbage").send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 204);
    }

    async fn port(&self, tenant: &str) -> Value {
        self.get(&format!("/api/tenants/{tenant}/port")).await
    }

    async fn refreshed(&self, tenant: &str) -> Value {
        let (status, port) = self.post(&format!("/api/tenants/{tenant}/port/refresh"), Value::Null).await;
        assert_eq!(status, 200, "{port}");
        port
    }

    /// What a caller of this number is answered.
    async fn called(&self, number: &str, call: &str) -> String {
        let fields = [
            ("CallSid", call),
            ("From", "+16475550111"),
            ("To", number),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
        ];
        self.rig.post("/api/twilio/voice", &fields).await.body
    }
}

fn papers() -> Value {
    json!({
        "customerName": "Smile Dental", "accountNumber": "88-1234", "pin": "4711",
        "authorizedRepresentative": "Robin Example", "authorizedRepresentativeEmail": "robin@example.com",
        "address": { "street": "12 Example Street", "city": "Springfield", "state": "IL", "zip": "62701" },
    })
}

fn keys(body: &Value) -> Vec<&str> {
    body.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_ported_tenant_is_configured_word_for_word() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let path = format!("/api/tenants/{tenant}/phone-integration");
    let put = json!({ "method": "ported", "phoneNumber": OLD, "currentCarrier": "Bell",
        "portStatus": "pending_configuration", "needsPhoneNumber": false });
    let (status, told) = town.ask(Method::PUT, &path, put).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(keys(&told), ["method", "phoneNumber", "currentCarrier", "portStatus", "needsPhoneNumber", "notes"]);
    assert_eq!((&told["portStatus"], &told["needsPhoneNumber"]), (&json!("pending_configuration"), &json!(false)));
    assert_eq!(
        told["notes"],
        json!([
            "✓ Port request configured",
            format!(
                "Note: Your existing number ({OLD}) will be transferred to Twilio. This process typically takes 7-14 business days."
            ),
            "No additional phone number will be purchased.",
        ])
    );
    let (status, told) = town.ask(Method::PUT, &path, told).await;
    assert_eq!(status, 200, "what was read may be sent back: {told}");
}

#[tokio::test]
async fn nothing_is_asked_for_while_something_is_missing() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let base = format!("/api/tenants/{tenant}");
    assert_eq!(town.ask(Method::GET, &format!("{base}/port"), Value::Null).await.1["code"], "not_ported");
    let put = json!({ "method": "ported", "phoneNumber": "+14165550165" });
    let (status, told) = town.ask(Method::PUT, &format!("{base}/phone-integration"), put).await;
    assert_eq!((status, &told["errors"][0]["code"]), (422, &json!("not_portable")), "Canadian: {told}");
    let put = json!({ "method": "ported", "phoneNumber": OLD });
    town.ask(Method::PUT, &format!("{base}/phone-integration"), put).await;
    let port = town.port(&tenant).await;
    assert_eq!((port["missing"].as_array().unwrap().len(), &port["request"]), (2, &Value::Null), "{port}");
    let (status, told) = town.post(&format!("{base}/deploy"), Value::Null).await;
    assert_eq!((status, &told["code"]), (409, &json!("port_incomplete")), "{told}");
    let mut soon = papers();
    soon["targetDate"] = json!("2026-01-01");
    soon["notificationEmails"] = json!(["nobody"]);
    let (status, told) = town.ask(Method::PUT, &format!("{base}/port"), soon).await;
    let codes: Vec<&Value> = told["errors"].as_array().unwrap().iter().map(|fault| &fault["code"]).collect();
    assert_eq!((status, codes), (422, vec![&json!("email"), &json!("too_soon")]), "{told}");
    let (status, told) = town.bill(&tenant, "text/html", b"<html>".to_vec()).await;
    assert_eq!((status, &told["code"]), (415, &json!("wrong_content_type")), "{told}");
    assert_eq!(town.bill(&tenant, "image/png", Vec::new()).await.0, 422);
    assert_eq!(town.bill(&tenant, "image/png", vec![7; 10 * 1024 * 1024 + 1]).await.0, 413);
    assert_eq!(town.sim.look("requests").await.len(), 0, "nobody was asked");
    // A bill is known by its name at Twilio alone, and secrets are not told again.
    town.ready_to_move(&tenant, OLD).await;
    let port = town.port(&tenant).await;
    assert_eq!((&port["papers"]["hasPin"], port["papers"].get("pin")), (&json!(true), None), "{port}");
    assert!(port["bill"]["documentSid"].is_string(), "{port}");
}

#[tokio::test]
async fn a_number_that_cannot_come_says_why_before_anything_is_asked_for() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let deploy = town.ready_to_move(&tenant, "+13125550191").await;
    let found = town.get(&format!("/api/tenants/{tenant}/port/portability")).await;
    assert_eq!(found["portable"], false, "{found}");
    let job = town.done(&deploy, Value::Null).await;
    assert_eq!(job["state"], "manual", "{job:#}");
    assert!(job["detail"].as_str().unwrap().contains("cannot be moved as it is"), "{job:#}");
    assert_eq!(town.sim.asked("POST", "/Porting/PortIn").await, 0);
    assert_eq!(town.get("/api/numbers/owned").await["data"], json!([]), "nothing is held");
    // A mobile number wants a PIN, and the carrier gets it.
    let other = town.tenant("Corner Garage", json!({})).await;
    let deploy = town.ready_to_move(&other, "+13125550192").await;
    assert_eq!(town.get(&format!("/api/tenants/{other}/port/portability")).await["needsPin"], true);
    let job = town.done(&deploy, Value::Null).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
}

#[tokio::test]
async fn a_number_that_moves_here_is_its_tenants_from_the_first_call() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let deploy = town.ready_to_move(&tenant, OLD).await;
    let job = town.done(&deploy, Value::Null).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert_eq!(step(&job, "requestPort").0, "done");
    assert!(job["detail"].as_str().unwrap().contains(&format!("the move of {OLD} is under way")), "{job:#}");
    // On its way it is no error to anybody, costs nothing, and cannot be taken away.
    let coming = town.get("/api/numbers/owned").await["data"][0].clone();
    assert_eq!((&coming["porting"], &coming["tenantId"]), (&json!("coming"), &json!(tenant)), "{coming}");
    assert_eq!(town.look().await["findings"], json!([]));
    assert_eq!(town.get("/api/numbers/ledger").await["data"], json!([]));
    assert_eq!(town.get("/api/costs").await["installation"]["paidNumbers"], 0);
    let path = format!("/api/numbers/{}", coming["id"].as_str().unwrap());
    assert_eq!(town.ask(Method::DELETE, &path, Value::Null).await.1["code"], "port_under_way");
    let (status, told) = town.ask(Method::DELETE, &format!("/api/tenants/{tenant}"), Value::Null).await;
    assert_eq!((status, &told["code"]), (409, &json!("port_under_way")), "{told}");
    // Its carrier may let it go before we hear of it.
    assert!(town.called(OLD, "CA1").await.contains("<Sip"), "the AI answers the first call");
    assert_eq!(town.done(&deploy, Value::Null).await["state"], "succeeded");
    assert_eq!(town.sim.asked("POST", "/Porting/PortIn").await, 1, "asked twice, it is one request");
    // Twilio tells, and everything follows by itself.
    town.at_the_carrier(OLD, json!({ "status": "completed" })).await;
    town.hears_of_ports().await;
    let arrival = loop {
        let jobs = town.get("/api/jobs?kind=arrive").await["data"].clone();
        if jobs[0].is_object() {
            break town.over(&jobs[0]["id"]).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!((&arrival["state"], &arrival["by"]), (&json!("succeeded"), &json!("port watch")), "{arrival:#}");
    let names: Vec<&str> = arrival["steps"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    let of = |name: &str| names.iter().position(|known| *known == name).unwrap();
    assert!(of("wireNumber") < of("importToVapi"), "it is wired before Vapi is told: {names:?}");
    town.holds().await;
    let after = town.get(&format!("/api/tenants/{tenant}/phone-integration")).await;
    assert_eq!(keys(&after), ["method", "phoneNumber", "currentCarrier", "portStatus", "setupCompletedAt"]);
    assert_eq!(after["portStatus"], "completed");
    let number = town.get("/api/numbers/owned").await["data"][0].clone();
    assert_eq!((&number["porting"], &number["state"]), (&json!("arrived"), &json!("active")), "{number}");
    assert!(number["twilioSid"].is_string() && number["vapiNumberId"].is_string(), "{number}");
    assert_eq!(town.get("/api/numbers/ledger").await["data"][0]["monthsPaid"], 1);
    assert_eq!(town.get("/api/costs").await["installation"]["paidNumbers"], 1);
    let port = town.port(&tenant).await;
    assert_eq!((&port["papers"], &port["bill"], &port["missing"]), (&Value::Null, &Value::Null, &json!([])), "{port}");
    assert!(town.called(OLD, "CA2").await.contains("<Sip"));
    assert_eq!(town.look().await["findings"], json!([]));
}

#[tokio::test]
async fn every_status_is_told_in_plain_words_and_what_is_refused_is_asked_for_anew() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let hook = json!({ "url": "https://hooks.example.com/ports", "events": ["port.changed"] });
    let (status, hook) = town.post("/api/webhooks", hook).await;
    assert_eq!(status, 201, "{hook}");
    let deploy = town.ready_to_move(&tenant, OLD).await;
    town.done(&deploy, Value::Null).await;
    for (word, stage, words) in [
        ("in_review", "in_review", "Twilio checks the papers"),
        ("waiting_for_signature", "waiting_for_signature", "Letter of Authorization"),
        ("in_progress", "in_progress", "The carrier has the request"),
        ("port_pending", "in_progress", "The carrier lets the number go on "),
    ] {
        town.at_the_carrier(OLD, json!({ "status": word })).await;
        let port = town.refreshed(&tenant).await;
        assert_eq!(port["portStatus"], stage, "{port}");
        assert!(port["detail"].as_str().unwrap().contains(words), "{port}");
    }
    assert!(town.port(&tenant).await["request"]["portDate"].is_string());
    let refused = json!({ "status": "action_required", "reason": "Name mismatch", "code": "19" });
    town.at_the_carrier(OLD, refused).await;
    let port = town.refreshed(&tenant).await;
    assert_eq!(port["portStatus"], "action_required", "{port}");
    assert!(port["detail"].as_str().unwrap().starts_with("The carrier refused: Name mismatch"), "{port}");
    let first = port["request"]["requestSid"].clone();
    // Mended and asked for anew, with the secrets that were told before.
    let mut mended = papers();
    mended["customerName"] = json!("Smile Dental LLC");
    mended.as_object_mut().unwrap().remove("pin");
    let (status, told) = town.ask(Method::PUT, &format!("/api/tenants/{tenant}/port"), mended).await;
    assert_eq!((status, &told["papers"]["hasPin"]), (200, &json!(true)), "{told}");
    let job = town.done(&deploy, Value::Null).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    let port = town.port(&tenant).await;
    assert_ne!(port["request"]["requestSid"], first, "{port}");
    assert_eq!(town.sim.asked("DELETE", "/Porting/PortIn").await, 1, "the refused one is called off");
    assert!(town.called(OLD, "CA1").await.contains("<Sip"), "it is the tenant's still");
    town.at_the_carrier(OLD, json!({ "status": "expired" })).await;
    let port = town.refreshed(&tenant).await;
    assert_eq!(port["portStatus"], "expired", "{port}");
    assert_eq!(town.get("/api/numbers/owned").await["data"], json!([]), "the number stays where it is");
    let moments = port["request"]["timeline"].as_array().unwrap();
    assert!(moments.len() >= 2 && moments.iter().all(|m| m["detail"].as_str().unwrap().ends_with('.')), "{port}");
    let sent = town.get(&format!("/api/webhooks/{}/deliveries", hook["id"].as_str().unwrap())).await;
    assert!(sent["data"].as_array().unwrap().len() >= 6, "{sent}");
}

#[tokio::test]
async fn a_move_is_called_off_and_the_number_stays_with_its_carrier() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let cancel = format!("/api/tenants/{tenant}/port/cancel");
    assert_eq!(town.post(&cancel, Value::Null).await.1["code"], "no_port");
    let deploy = town.ready_to_move(&tenant, OLD).await;
    town.done(&deploy, Value::Null).await;
    let path = format!("/api/tenants/{tenant}/phone-integration");
    let other = json!({ "method": "forwarded", "clinicNumber": OLD });
    assert_eq!(town.ask(Method::PUT, &path, other.clone()).await.1["code"], "port_under_way");
    let job = town.done(&cancel, Value::Null).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    let port = town.port(&tenant).await;
    assert_eq!(port["portStatus"], "canceled", "{port}");
    assert_eq!(town.get("/api/numbers/owned").await["data"], json!([]));
    assert!(!town.called(OLD, "CA1").await.contains("<Sip"), "nobody is there any more");
    assert_eq!(town.ask(Method::PUT, &path, other).await.0, 200);
}

#[tokio::test]
async fn meanwhile_another_number_stands_in_and_stays_until_it_is_released_by_hand() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let deploy = town.ready_to_move(&tenant, OLD).await;
    let path = format!("/api/tenants/{tenant}/phone-integration");
    let put = json!({ "method": "ported", "phoneNumber": OLD, "wantsTemporaryNumber": true });
    let (_, told) = town.ask(Method::PUT, &path, put).await;
    assert_eq!(told["notes"].as_array().unwrap().last().unwrap(), "Cost: Approximately $1/month for the Twilio number");
    let job = town.done(&deploy, Value::Null).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    let temporary = town.get(&path).await["temporaryNumber"].as_str().unwrap().to_owned();
    assert!(job["detail"].as_str().unwrap().contains(&format!("can be forwarded to {temporary}")), "{job:#}");
    assert!(town.called(&temporary, "CA1").await.contains("<Sip"));
    town.at_the_carrier(OLD, json!({ "status": "completed" })).await;
    town.refreshed_or_there(&tenant).await;
    town.holds().await;
    let numbers = town.get("/api/numbers/owned").await["data"].as_array().unwrap().len();
    assert_eq!((numbers, town.at_twilio().await.len()), (2, 2), "it stays");
}

impl Town {
    /// Waits until the number is here, whoever finds it out first.
    async fn refreshed_or_there(&self, tenant: &str) {
        for _ in 0..1_000 {
            self.post(&format!("/api/tenants/{tenant}/port/refresh"), Value::Null).await;
            let phone = self.get(&format!("/api/tenants/{tenant}/phone-integration")).await;
            if phone["setupCompletedAt"].is_string() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("it never came");
    }
}

#[tokio::test]
async fn where_there_is_no_port_nobody_is_asked_for_one() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let path = format!("/api/tenants/{tenant}/phone-integration");
    town.ask(Method::PUT, &path, json!({ "method": "forwarded", "clinicNumber": "+16475550188" })).await;
    town.done(&format!("/api/tenants/{tenant}/deploy"), Value::Null).await;
    town.hears_of_ports().await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(town.sim.asked("GET", "/Porting/").await + town.sim.asked("POST", "/Porting/").await, 0);
}

#[tokio::test]
async fn a_number_that_is_ours_already_does_not_move() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let own = json!({ "e164": OLD, "vapiNumberId": "00000000-0000-4000-8000-000000000077" });
    assert_eq!(town.post("/api/numbers/owned", own).await.0, 201);
    let deploy = town.ready_to_move(&tenant, OLD).await;
    let job = town.done(&deploy, Value::Null).await;
    assert_eq!(job["state"], "manual", "{job:#}");
    assert!(job["detail"].as_str().unwrap().contains("is ours already"), "{job:#}");
    let number = town.get("/api/numbers/owned").await["data"][0].clone();
    assert_eq!((&number["porting"], &number["state"]), (&json!("no"), &json!("unassigned")), "as it was: {number}");
}

#[tokio::test]
async fn a_number_that_is_in_the_account_already_is_not_asked_for() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    let deploy = town.ready_to_move(&tenant, OLD).await;
    town.sim.tell("numbers", json!({ "accountSid": crate::rig::ACCOUNT, "phoneNumber": OLD })).await;
    let job = town.done(&deploy, Value::Null).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert_eq!(town.sim.asked("POST", "/Porting/PortIn").await, 0);
    assert!(town.called(OLD, "CA1").await.contains("<Sip"));
    town.holds().await;
}
