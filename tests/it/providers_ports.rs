//! The client asks for ports and understands every answer: the simulator's, and those of a Twilio that is unwell.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use patchbay::model::{E164, Secret, Sid, TwilioAccount};
use patchbay::providers::{
    Bill, CustomerType, Http, LosingCarrier, NotABill, Outlook, PortAddress, PortIn, PortKind, PortNumber,
    PortNumberStatus, PortStatus, ProviderError, Twilio,
};
use patchbay::simulator::Options;
use serde_json::{Value, json};

use crate::caller_server::{Answer, Seen, serve};
use crate::rig::nobody;
use crate::sim::Sim;

const PIN: &str = "4711-0815";
const ACCOUNT_NUMBER: &str = "acct-invented-77";

pub struct Desk {
    pub sim: Sim,
    pub twilio: Twilio,
    pub account: TwilioAccount,
}

impl Desk {
    pub async fn new() -> Desk {
        let sim = Sim::start_with(Options::default()).await;
        Desk { twilio: twilio(&sim.url()), sim, account: account() }
    }

    pub async fn upload(&self) -> Sid {
        self.twilio.upload_bill(&self.account, &bill()).await.expect("uploaded")
    }

    /// A request for one number, with a bill of its own.
    pub async fn port_in(&self, number: &str) -> Result<Sid, ProviderError> {
        self.twilio.port_in(&self.account, &port_in(&[number], self.upload().await)).await
    }

    async fn port(&self, sid: &Sid) -> patchbay::providers::Port {
        self.twilio.port(&self.account, sid).await.expect("answered").expect("there")
    }
}

fn twilio(url: &str) -> Twilio {
    Twilio::new(&Http::new().expect("a client"), url, Arc::default()).expect("twilio")
}

fn account() -> TwilioAccount {
    TwilioAccount {
        sid: sid("AC00000000000000000000000000000001"),
        auth_token: Secret::new("not-a-real-token"),
        auth_token_next: None,
        phone_number: None,
    }
}

fn sid(text: &str) -> Sid {
    Sid::parse(text).expect("a SID")
}

fn e164(text: &str) -> E164 {
    E164::parse(text).expect("a number")
}

fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

fn bill() -> Bill {
    Bill::new("Smile Dental, October", "application/pdf", b"%PDF-1.7 invented"[..].into()).expect("a bill")
}

fn port_in(numbers: &[&str], bill: Sid) -> PortIn {
    PortIn {
        numbers: numbers.iter().map(|number| PortNumber { e164: e164(number), pin: Some(Secret::new(PIN)) }).collect(),
        documents: vec![bill],
        losing_carrier: LosingCarrier {
            customer_type: CustomerType::Business,
            customer_name: "Smile Dental".to_owned(),
            account_number: Some(Secret::new(ACCOUNT_NUMBER)),
            account_telephone_number: Some(e164(numbers[0])),
            address: PortAddress {
                street: "1 Main Street".to_owned(),
                street_2: None,
                city: "Springfield".to_owned(),
                state: "AL".to_owned(),
                zip: "35004".to_owned(),
                country: "USA".to_owned(),
            },
            authorized_representative: "Ada Example".to_owned(),
            authorized_representative_email: "ada@example.com".to_owned(),
        },
        notification_emails: vec!["desk@example.com".to_owned()],
        target_date: Some(today().saturating_add(9.days())),
    }
}

#[tokio::test]
async fn which_numbers_can_come_and_what_they_need() {
    let desk = Desk::new().await;
    desk.sim.tell("numbers", json!({ "accountSid": "AC2", "phoneNumber": "+12055550188" })).await;
    for (number, kind, portable, needs_pin, code) in [
        ("+12055550171", PortKind::Local, true, false, None),
        ("+12055550192", PortKind::Mobile, true, true, None),
        ("+12055550191", PortKind::Local, false, false, Some("22130")),
        ("+12055550188", PortKind::Local, false, false, Some("22132")),
        ("+18885550171", PortKind::TollFree, false, false, Some("22133")),
        ("+14165550171", PortKind::Local, false, false, Some("22133")),
    ] {
        let found = desk.twilio.portability(&desk.account, e164(number)).await.expect("answered");
        let judged = (found.kind, found.portable, found.needs_pin, found.code.as_deref());
        assert_eq!(judged, (kind, portable, needs_pin, code), "{number}");
        assert_eq!(found.reason.is_some(), !portable, "{number}: {found:?}");
    }
}

#[tokio::test]
async fn a_toll_free_or_foreign_number_is_not_portable_whatever_twilio_says_and_silence_is_no_answer() {
    let url = serve(|request| {
        let kind = if request.path.contains("800") { "toll free" } else { "LOCAL" };
        let country = if request.path.contains("416") { "CA" } else { "US" };
        let portable = if request.path.contains("999") { Value::Null } else { json!(true) };
        let body = json!({ "portable": portable, "number_type": kind, "country": country, "colour": [1] });
        Answer::new(200, "application/json", &body.to_string())
    })
    .await;
    let twilio = twilio(&url);
    let ask = async |number: &str| twilio.portability(&account(), e164(number)).await;
    assert!(ask("+12055550171").await.expect("answered").portable);
    for number in ["+18005550171", "+14165550171"] {
        let found = ask(number).await.expect("answered");
        assert_eq!((found.portable, found.code.as_deref()), (false, Some("22133")), "{number}");
    }
    assert_eq!(ask("+19995550171").await.expect_err("neither").outlook(), Outlook::Unclear);
}

#[tokio::test]
async fn a_number_is_ported_step_by_step_and_then_the_accounts() {
    let desk = Desk::new().await;
    let sid = desk.port_in("+12055550171").await.expect("taken in");
    let port = desk.port(&sid).await;
    assert_eq!((&port.sid, &port.status), (&sid, &PortStatus::InReview));
    assert_eq!((port.numbers.len(), port.target_date), (1, Some(today().saturating_add(9.days()))));
    assert_eq!((port.signature_url, port.numbers[0].port_date), (None, None));

    for (step, status, number) in [
        ("waiting_for_signature", PortStatus::WaitingForSignature, PortNumberStatus::WaitingForSignature),
        ("in_progress", PortStatus::InProgress, PortNumberStatus::Submitted),
        ("action_required", PortStatus::ActionRequired, PortNumberStatus::Rejected),
        ("port_pending", PortStatus::InProgress, PortNumberStatus::Pending),
        ("completed", PortStatus::Completed, PortNumberStatus::Completed),
    ] {
        let order = json!({ "sid": sid.as_str(), "status": step, "reason": "INVALID_PIN", "code": "7" });
        desk.sim.tell("ports", order).await;
        let port = desk.port(&sid).await;
        let one = &port.numbers[0];
        assert_eq!((&port.status, &one.status), (&status, &number), "{step}");
        assert_eq!(port.signature_url.is_some(), step == "waiting_for_signature", "{step}");
        let rejection = (step == "action_required").then_some(("INVALID_PIN", "7"));
        assert_eq!(one.rejection_reason.as_deref().zip(one.rejection_code.as_deref()), rejection, "{step}");
        assert_eq!(one.port_date.is_some(), ["port_pending", "completed"].contains(&step), "{step}");
    }
    let owned = desk.twilio.numbers(&desk.account, Some(e164("+12055550171"))).await.expect("listed");
    assert_eq!((owned.len(), owned[0].voice_url.as_deref()), (1, Some("")));
    let again = desk.twilio.portability(&desk.account, e164("+12055550171")).await.expect("answered");
    assert_eq!((again.portable, again.code.as_deref()), (false, Some("22131")));
}

#[tokio::test]
async fn a_number_that_may_not_come_says_why_in_its_request() {
    let desk = Desk::new().await;
    let sid = desk.port_in("+12055550191").await.expect("taken in");
    let port = desk.port(&sid).await;
    assert_eq!(port.status, PortStatus::ActionRequired);
    let why = (port.numbers[0].not_portable_reason.as_deref(), port.numbers[0].not_portable_code.as_deref());
    assert_eq!(why, (Some("UNSUPPORTED"), Some("22130")));
}

#[tokio::test]
async fn a_port_is_called_off_once_and_what_is_gone_is_called_off() {
    let desk = Desk::new().await;
    let (twilio, account) = (&desk.twilio, &desk.account);
    let port = desk.port_in("+12055550171").await.expect("taken in");
    twilio.cancel_port(account, &port).await.expect("canceled");
    let found = desk.port(&port).await;
    assert_eq!((found.status, found.numbers[0].was_canceled()), (PortStatus::Canceled, true));
    twilio.cancel_port(account, &port).await.expect("canceled before");
    twilio.cancel_port(account, &sid("KW00000000000000000000000000000009")).await.expect("nothing to cancel");
    assert_eq!(twilio.port(account, &sid("KW00000000000000000000000000000009")).await.expect("answered"), None);

    let port = desk.port_in("+12055550171").await.expect("asked for anew");
    desk.sim.tell("ports", json!({ "phoneNumber": "+12055550171", "status": "completed" })).await;
    let refusal = twilio.cancel_port(account, &port).await.expect_err("it has come");
    assert_eq!(refusal.outlook(), Outlook::Never);
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_is_found_by_its_number_and_not_made_twice() {
    let desk = Desk::new().await;
    let (twilio, account, number) = (&desk.twilio, &desk.account, e164("+12055550171"));
    let canceled = desk.port_in("+12055550171").await.expect("an older one");
    twilio.cancel_port(account, &canceled).await.expect("canceled");
    desk.port_in("+12055550172").await.expect("another number's");
    assert_eq!(twilio.find_port(account, number, today()).await.expect("answered"), None);

    let asked = port_in(&["+12055550171"], desk.upload().await);
    desk.sim.fault("POST /v1/Porting/PortIn$", "reset-after", 0).await;
    assert_eq!(twilio.port_in(account, &asked).await.expect_err("lost").outlook(), Outlook::Unclear);
    let found = twilio.find_port(account, number, today()).await.expect("answered").expect("it was made");
    assert_eq!((found.numbers[0].e164, found.status), (number, PortStatus::InReview));
    let refusal = twilio.port_in(account, &asked).await.expect_err("it is there");
    assert!(matches!(refusal, ProviderError::Refused { code: Some(22137), .. }), "{refusal}");
    let later = twilio.find_port(account, number, today().saturating_add(2.days())).await;
    assert_eq!(later.expect("answered"), None, "made before that day");
}

#[tokio::test]
async fn more_requests_than_a_page_holds_are_read_whole() {
    let desk = Desk::new().await;
    let bill = desk.upload().await;
    for line in 1000..1230 {
        let asked = port_in(&[&format!("+1205555{line}")], bill.clone());
        desk.twilio.port_in(&desk.account, &asked).await.expect("taken in");
    }
    let listed = desk.twilio.ports(&desk.account, None).await.expect("listed");
    let mut sids: Vec<&str> = listed.iter().map(|port| port.sid.as_str()).collect();
    sids.sort_unstable();
    sids.dedup();
    assert_eq!((listed.len(), sids.len()), (230, 230));
    assert!(listed.iter().all(|port| !port.status.is_over()));
    assert_eq!(desk.sim.asked("GET", "PortInRequests").await, 3);
}

#[tokio::test]
async fn a_webhook_is_set_once_and_what_others_want_to_hear_stays() {
    let desk = Desk::new().await;
    let (twilio, account) = (&desk.twilio, &desk.account);
    let ours = "https://edge.example.com/api/twilio/porting?account=AC1";
    assert_eq!(twilio.port_webhook(account).await.expect("answered"), None);
    for _ in 0..2 {
        twilio.set_port_webhook(account, ours).await.expect("set");
    }
    assert_eq!(desk.sim.asked("POST", "/v1/Porting/Configuration/Webhook").await, 1, "it was there");
    let found = twilio.port_webhook(account).await.expect("answered").expect("there");
    assert_eq!((found.port_in_url.as_deref(), found.port_out_url.as_deref()), (Some(ours), None));

    let said = Arc::new(Mutex::new(Value::Null));
    let log = Arc::clone(&said);
    let url = serve(move |request| {
        if request.method == "POST" {
            *log.lock().expect("a lock") = serde_json::from_str(&request.body).expect("JSON");
            return Answer::new(201, "application/json", "{}");
        }
        let body = json!({
            "port_in_target_url": ours,
            "port_out_target_url": "https://example.com/out",
            "notifications_of": ["PortOutPhoneNumberCompleted", "PortInCompleted"],
        });
        Answer::new(200, "application/json", &body.to_string())
    })
    .await;
    self::twilio(&url).set_port_webhook(account, ours).await.expect("set");
    let said = said.lock().expect("a lock");
    assert_eq!(said["port_out_target_url"], "https://example.com/out");
    let events: Vec<&str> =
        said["notifications_of"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!((events.len(), events[0], events[1]), (13, "PortOutPhoneNumberCompleted", "PortInCompleted"));
    assert!(events.contains(&"PortInPhoneNumberRejected"));
}

#[tokio::test]
async fn a_bill_is_bounded_before_it_is_sent_and_must_arrive() {
    let desk = Desk::new().await;
    let large = Bill::new("Large", "image/png", vec![7; 10 * 1024 * 1024].into()).expect("just small enough");
    desk.twilio.upload_bill(&desk.account, &large).await.expect("uploaded");
    let too_large = Bill::new("Larger", "image/png", vec![7; 10 * 1024 * 1024 + 1].into());
    assert_eq!(too_large.expect_err("too large"), NotABill::TooLarge);

    let url = serve(|_| Answer::new(201, "application/json", r#"{"sid":"RD1","mime_type":""}"#)).await;
    let error = twilio(&url).upload_bill(&account(), &bill()).await.expect_err("nothing arrived");
    assert!(matches!(error, ProviderError::Nonsense { .. }), "{error}");
}

#[tokio::test]
async fn documents_and_requests_go_to_hosts_of_their_own() {
    let (seen, hosts) = (Arc::<Mutex<Vec<String>>>::default(), ["api", "numbers", "upload"]);
    let host = async |name: &'static str| {
        let seen = Arc::clone(&seen);
        serve(move |request: Seen| {
            seen.lock().expect("a lock").push(format!("{name} {} {}", request.method, request.path));
            Answer::new(201, "application/json", r#"{"sid":"RD1","port_in_request_sid":"KW1"}"#)
        })
        .await
    };
    let [api, numbers, upload] = [host(hosts[0]).await, host(hosts[1]).await, host(hosts[2]).await];
    let twilio = twilio(&api).with_porting(&numbers, &upload).expect("addresses");
    let bill = twilio.upload_bill(&account(), &bill()).await.expect("uploaded");
    twilio.port_in(&account(), &port_in(&["+12055550171"], bill)).await.expect("taken in");
    twilio.delete_recording(&account(), &sid("RE1")).await.expect("deleted");
    let below = "/2010-04-01/Accounts/AC00000000000000000000000000000001/Recordings/RE1.json";
    let expected = [
        "upload POST /v1/Documents".to_owned(),
        "numbers POST /v1/Porting/PortIn".to_owned(),
        format!("api DELETE {below}"),
    ];
    assert_eq!(*seen.lock().expect("a lock"), expected);
    assert!(self::twilio(&api).with_porting("not an address", &upload).is_err());
}

#[tokio::test]
async fn answers_are_understood_however_they_are_spelled() {
    let url = serve(|_| {
        let body = json!({
            "port_in_request_sid": "KW1",
            "port_in_request_status": "ACTION-REQUIRED",
            "target_port_in_date": "soon",
            "date_created": null,
            "support_ticket_id": "none",
            "phone_numbers": [
                { "phone_number": "+12055550171", "port_in_phone_number_status": "Port Rejected",
                  "port_in_phone_number_sid": "", "rejection_reason": "INVALID_ADDRESS", "rejection_reason_code": 12 },
                { "phone_number": "+12055550172", "port_in_phone_number_status": "teleported" },
            ],
            "colour": "red",
        });
        Answer::new(200, "application/json", &body.to_string())
    })
    .await;
    let port = twilio(&url).port(&account(), &sid("KW1")).await.expect("answered").expect("there");
    assert_eq!((port.status, port.target_date, port.created), (PortStatus::ActionRequired, None, None));
    let [rejected, odd] = &port.numbers[..] else { panic!("two numbers") };
    assert_eq!((&rejected.status, &rejected.sid), (&PortNumberStatus::Rejected, &None));
    assert_eq!(rejected.rejection_code.as_deref(), Some("12"));
    assert_eq!(odd.status, PortNumberStatus::Unknown("teleported".to_owned()));
}

#[tokio::test]
async fn what_to_make_of_a_twilio_that_is_unwell() {
    let desk = Desk::new().await;
    let asked = port_in(&["+12055550171"], desk.upload().await);
    for (kind, outlook, made) in [
        ("error", Outlook::Unclear, 0),
        ("429", Outlook::Later(None), 0),
        ("garbage", Outlook::Unclear, 0),
        ("reset-after", Outlook::Unclear, 1),
    ] {
        desk.sim.fault("POST /v1/Porting/PortIn$", kind, 0).await;
        let error = desk.twilio.port_in(&desk.account, &asked).await.expect_err("a fault");
        assert_eq!(error.outlook(), outlook, "{kind}: {error}");
        assert_eq!(desk.sim.look("ports").await.len(), made, "{kind}");
    }
    desk.sim.fault("GET /v1/Porting/PortIn/PortInRequests", "slow", 400).await;
    assert_eq!(desk.twilio.ports(&desk.account, None).await.expect("late, but in time").len(), 1);

    let limited = serve(|_| Answer::new(429, "text/plain", "later").with("retry-after", "7")).await;
    let error = twilio(&limited).port_webhook(&account()).await.expect_err("limited");
    assert_eq!(error.outlook(), Outlook::Later(Some(Duration::from_secs(7))));
    // A 404 of something in between is not Twilio's word that there is nothing.
    let between = serve(|_| Answer::new(404, "text/html", "<html>")).await;
    twilio(&between).cancel_port(&account(), &sid("KW1")).await.expect_err("no word of Twilio's");
    twilio(&between).port(&account(), &sid("KW1")).await.expect_err("no word of Twilio's");
    let absent = serve(|_| Answer::new(404, "application/json", r#"{"code":20404,"message":"none"}"#)).await;
    assert_eq!(twilio(&absent).port_webhook(&account()).await.expect("answered"), None);
    let large = serve(|_| Answer::new(200, "application/json", &" ".repeat(1024 * 1024 + 1))).await;
    let error = twilio(&large).ports(&account(), None).await.expect_err("too much");
    assert!(matches!(error, ProviderError::Nonsense { .. }), "{error}");
    let error = twilio(&format!("http://{}", nobody())).portability(&account(), e164("+12055550171")).await;
    assert!(matches!(error.expect_err("nobody"), ProviderError::Unreachable { .. }));
}

#[tokio::test]
async fn a_list_that_never_ends_is_given_up() {
    let url = serve(|_| {
        let body = json!({ "port_in_requests": [], "meta": { "next_token": "KW1" } });
        Answer::new(200, "application/json", &body.to_string())
    })
    .await;
    let error = twilio(&url).ports(&account(), None).await.expect_err("it goes in a circle");
    assert!(matches!(error, ProviderError::Nonsense { .. }), "{error}");
}

#[tokio::test]
async fn what_lets_a_number_go_shows_nowhere() {
    let url = serve(|request| {
        let words = format!("pin {PIN} of account {ACCOUNT_NUMBER} is wrong");
        assert!(request.body.contains(PIN) && request.body.contains(ACCOUNT_NUMBER), "{}", request.body);
        Answer::new(400, "application/json", &json!({ "code": 22171, "message": words }).to_string())
    })
    .await;
    let asked = port_in(&["+12055550192"], sid("RD1"));
    let error = twilio(&url).port_in(&account(), &asked).await.expect_err("refused");
    assert_eq!(error.to_string(), "Twilio refused with 400: pin … of account … is wrong");
    let shown = format!("{error:?} {asked:?} {:?}", bill());
    assert!(!shown.contains(PIN) && !shown.contains(ACCOUNT_NUMBER) && !shown.contains("%PDF"), "{shown}");

    let desk = Desk::new().await;
    desk.port_in("+12055550192").await.expect("taken in");
    let remembered = json!(desk.sim.look("requests").await).to_string();
    assert!(!remembered.contains(PIN) && !remembered.contains(ACCOUNT_NUMBER), "{remembered}");
    assert!(remembered.contains("bill.pdf: application/pdf, 17 bytes"), "{remembered}");
}
