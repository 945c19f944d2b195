//! Calls that go otherwise than most: repeated and lost callbacks, transfers, tenants that are gone, other people's
//! accounts, Vapi's own numbers.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::rig::{ACCOUNT, Heard, Rig, VAPI_SECRET, attribute, call_sid, sign};

const CALLER: &str = "+14165550101";
const CLINIC: &str = "+16475550111";
const STAFF: &str = "+14165550122";

fn forwards_to_staff() -> Value {
    json!({"mode": "always", "fallback": {"type": "forward", "forwardNumber": STAFF}})
}

async fn metric(rig: &Rig, line: &str) -> u64 {
    let (_, text) = rig.admin(Method::GET, "/metrics", None).await;
    let text = text.as_str().expect("text").to_owned();
    let shown = text.lines().find_map(|shown| shown.strip_prefix(line)?.strip_prefix(' '));
    shown.unwrap_or_else(|| panic!("{line} is not there:\n{text}")).parse().expect("a number")
}

async fn dialled(rig: &Rig, outcome: &str) -> u64 {
    metric(rig, &format!("patchbay_ai_dials_total{{outcome=\"{outcome}\"}}")).await
}

async fn is_live(rig: &Rig, sid: &str) -> bool {
    rig.running.handler.ledger.live().await.iter().any(|call| call.sid.as_str() == sid)
}

fn fields<'a>(sid: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("CallSid", sid), ("From", CALLER), ("To", CLINIC), ("CallStatus", "in-progress")], more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_callback_tells_the_breakers_nothing_new() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let sid = call_sid();
    let action = attribute(&rig.voice(CALLER, CLINIC, &sid).await.body, "action").expect("an action");
    for _ in 0..20 {
        let heard = rig.post_url(&action, &fields(&sid, &[("DialCallStatus", "failed")])).await;
        assert!(heard.body.contains("<Record"), "{}", heard.body);
    }
    assert_eq!(dialled(&rig, "failed").await, 1);
    assert!(rig.voice(CALLER, CLINIC, &call_sid()).await.body.contains("sip.vapi.ai"), "one failure opens nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_the_ai_hands_to_a_person_was_answered_by_it_and_rings_for_half_a_minute_at_most() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let sid = call_sid();
    let refer = attribute(&rig.voice(CALLER, CLINIC, &sid).await.body, "referUrl").expect("a URL");
    let target = format!("sip:{STAFF}@sip.example.com");
    let heard = rig.post_url(&refer, &fields(&sid, &[("ReferTransferTarget", &target)])).await;
    assert!(heard.body.contains(STAFF), "{}", heard.body);
    assert_eq!(dialled(&rig, "answered").await, 1);
    let (ledger, number) = (&rig.running.handler.ledger, patchbay::model::E164::parse(STAFF).expect("a number"));
    assert!(ledger.is_ringing(number).await);
    ledger.sweep(jiff::Timestamp::now() + jiff::SignedDuration::from_secs(31)).await;
    assert!(!ledger.is_ringing(number).await && is_live(&rig, &sid).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn once_staff_pressed_the_key_the_same_caller_is_no_loop() {
    let rig = Rig::start().await;
    let fallback = json!({"type": "forward", "forwardNumber": STAFF, "acceptKey": true});
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "disabled", "fallback": fallback})).await;
    let sid = call_sid();
    let ask = attribute(&rig.voice(CALLER, CLINIC, &sid).await.body, "url").expect("a whisper");
    assert!(rig.voice(CALLER, CLINIC, &call_sid()).await.body.contains("<Record"), "staff rings for this caller");
    let leg = [("CallSid", "CAofTheLeg"), ("ParentCallSid", sid.as_str()), ("CallStatus", "in-progress")];
    let key = attribute(&rig.post_url(&ask, &leg).await.body, "action").expect("where the key goes");
    rig.post_url(&key, &[&leg[..], &[("Digits", "1")]].concat()).await;
    assert!(rig.voice(CALLER, CLINIC, &call_sid()).await.body.contains(STAFF), "a second call of the same office");
    assert!(!is_live(&rig, "CAofTheLeg").await && is_live(&rig, &sid).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_tenant_is_deleted_goes_on_and_one_nobody_knows_any_more_is_let_go_politely() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, forwards_to_staff()).await;
    let sid = call_sid();
    let action = attribute(&rig.voice(CALLER, CLINIC, &sid).await.body, "action").expect("an action");
    let (status, answer) = rig.admin(Method::DELETE, &format!("/api/tenants/{tenant}"), None).await;
    assert_eq!(status, 204, "{answer}");
    let missed = rig.post_url(&action, &fields(&sid, &[("DialCallStatus", "no-answer")])).await;
    assert!(missed.body.contains(STAFF), "the settings it began with: {}", missed.body);
    rig.ended(&sid).await;
    for (more, heard) in [
        (&[("DialCallStatus", "no-answer")][..], "unable to take your call"),
        (&[("DialCallStatus", "completed")], "<Response><Hangup/></Response>"),
        (&[("DialCallStatus", "no-answer"), ("CallStatus", "completed")], "<Response/>"),
    ] {
        let sid = call_sid();
        let of_nobody: Vec<(&str, &str)> = [&[("CallSid", sid.as_str()), ("To", CLINIC)], more].concat();
        let answer = rig.post_url(&action, &of_nobody).await;
        assert!(answer.status == 200 && answer.body.contains(heard), "{more:?}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_whose_callback_failed_is_not_walked_again_by_the_fallback() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, forwards_to_staff()).await;
    let sid = call_sid();
    let first = rig.voice(CALLER, CLINIC, &sid).await;
    let failed = |url: &str| {
        let (rig, sid, url) = (&rig, sid.clone(), url.to_owned());
        async move {
            let more = [("ErrorCode", "11200"), ("ErrorUrl", url.as_str())];
            rig.post("/api/twilio/fallback", &fields(&sid, &more)).await
        }
    };
    let second = failed(&attribute(&first.body, "action").expect("an action")).await;
    assert!(second.body.contains(STAFF), "{}", second.body);
    let third = failed(&attribute(&second.body, "action").expect("an action")).await;
    assert!(third.body.contains("<Record"), "{}", third.body);
    let fourth = failed(&attribute(&third.body, "action").expect("an action")).await;
    assert!(fourth.body.contains("<Response><Hangup/></Response>"), "{}", fourth.body);
    let gone = [("CallSid", sid.as_str()), ("To", CLINIC), ("CallStatus", "completed"), ("ErrorCode", "11200")];
    assert!(rig.post("/api/twilio/fallback", &gone).await.body.contains("<Response/>"));
    assert!(!is_live(&rig, &sid).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_begins_at_the_fallback_is_counted_and_kept() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, forwards_to_staff()).await;
    rig.voice(CALLER, CLINIC, &call_sid()).await;
    let sid = call_sid();
    let heard = rig.post("/api/twilio/fallback", &fields(&sid, &[("ErrorCode", "11205")])).await;
    assert!(heard.body.contains(STAFF), "{}", heard.body);
    assert!(is_live(&rig, &sid).await);
    rig.eventually("the call is kept", async || {
        let (status, _) = rig.admin(Method::GET, &format!("/api/calls/{sid}"), None).await;
        (status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_sip_the_domains_account_counts_and_on_the_telephone_the_numbers_own() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let elsewhere = "+16475550113";
    rig.owned(&tenant, elsewhere, json!({"accountSid": "AC00000000000000000000000000000002"})).await;
    let to = format!("sip:{elsewhere}@acme.sip.twilio.com");
    let sid = call_sid();
    let by_sip = [("CallSid", sid.as_str()), ("From", "sip:pbx@10.0.0.1"), ("To", &to), ("CallStatus", "ringing")];
    let heard = rig.post("/api/twilio/sip", &by_sip).await;
    assert!(heard.body.contains("sip.vapi.ai"), "{}", heard.body);
    assert!(!rig.voice(CALLER, elsewhere, &call_sid()).await.body.contains("sip.vapi.ai"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_says_nothing_leaves_no_message_behind() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "disabled"})).await;
    for more in [&[][..], &[("RecordingDuration", "0"), ("RecordingUrl", "https://recordings.example.com/RE0")]] {
        let sid = call_sid();
        let done = attribute(&rig.voice(CALLER, CLINIC, &sid).await.body, "action").expect("an action");
        assert!(rig.post_url(&done, &fields(&sid, more)).await.body.contains("<Hangup/>"));
    }
    let sid = call_sid();
    let done = attribute(&rig.voice(CALLER, CLINIC, &sid).await.body, "action").expect("an action");
    let spoken = [("RecordingDuration", "4"), ("RecordingUrl", "https://recordings.example.com/RE1")];
    rig.post_url(&done, &fields(&sid, &spoken)).await;
    let list = rig
        .eventually("the one message is listed", async || {
            let (_, list) = rig.admin(Method::GET, "/api/voicemails", None).await;
            (!list["data"].as_array()?.is_empty()).then_some(list)
        })
        .await;
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!(list["data"][0]["callSid"], json!(sid));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirected_call_that_nobody_complains_of_was_answered_by_the_ai() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let patch = json!({"connect": {"via": "redirect"}});
    let (status, answer) = rig.admin(Method::PATCH, &format!("/api/tenants/{tenant}"), Some(patch)).await;
    assert_eq!(status, 200, "{answer}");
    let sid = call_sid();
    assert!(rig.voice(CALLER, CLINIC, &sid).await.body.contains("<Redirect"));
    rig.ended(&sid).await;
    assert_eq!((dialled(&rig, "answered").await, dialled(&rig, "failed").await), (1, 0));
    let sid = call_sid();
    rig.voice(CALLER, CLINIC, &sid).await;
    let more = [("ErrorCode", "11200"), ("ErrorUrl", "https://api.vapi.ai/twilio/inbound_call")];
    assert!(rig.post("/api/twilio/fallback", &fields(&sid, &more)).await.body.contains("<Record"));
    rig.ended(&sid).await;
    assert_eq!((dialled(&rig, "answered").await, dialled(&rig, "failed").await), (1, 1));
}

/// Vapi, slow: answers `POST /call` after a while, each time with another call.
async fn slow_vapi(after: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        for number in 1.. {
            let Ok((socket, _)) = listener.accept().await else { return };
            tokio::spawn(answer_late(socket, number, after));
        }
    });
    format!("http://{address}")
}

async fn answer_late(mut socket: TcpStream, number: u32, after: Duration) {
    let mut request = vec![0; 16 << 10];
    let _ = socket.read(&mut request).await;
    tokio::time::sleep(after).await;
    let twiml = format!("<Response><Connect><Stream url=\"wss://media.example.com/{number}\"/></Connect></Response>");
    let body = json!({"id": format!("vapi-call-{number}"), "phoneCallProviderDetails": {"twiml": twiml}}).to_string();
    let head =
        format!("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    let _ = socket.write_all(format!("{head}{body}").as_bytes()).await;
}

async fn bypassing(after: Duration) -> Rig {
    let base = slow_vapi(after).await;
    let rig = Rig::start_with(&[("PATCHBAY_VAPI__API_BASE", &base), ("VAPI_API_KEY", "an-invented-key")]).await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let patch = json!({"connect": {"via": "bypass"}});
    let (status, answer) = rig.admin(Method::PATCH, &format!("/api/tenants/{tenant}"), Some(patch)).await;
    assert_eq!(status, 200, "{answer}");
    rig
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_repeated_while_vapi_is_asked_waits_for_the_same_answer() {
    let rig = bypassing(Duration::from_millis(1_400)).await;
    let sid = call_sid();
    let (first, again) = tokio::join!(rig.voice(CALLER, CLINIC, &sid), rig.voice(CALLER, CLINIC, &sid));
    assert!(first.body.contains("wss://media.example.com/1"), "{}", first.body);
    assert_eq!(first, again);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_vapi_takes_too_long_the_fallback_is_heard_within_three_seconds_and_heard_again() {
    let rig = bypassing(Duration::from_secs(30)).await;
    let sid = call_sid();
    let began = std::time::Instant::now();
    let first = rig.voice(CALLER, CLINIC, &sid).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(first.body.contains("<Record"), "{}", first.body);
    assert_eq!(rig.voice(CALLER, CLINIC, &sid).await, first);
    assert!(began.elapsed() < Duration::from_secs(4), "Vapi was asked again");
    assert_eq!(dialled(&rig, "failed").await, 1);
}

async fn vapi(rig: &Rig, message: Value) -> Value {
    let url = format!("{}/api/vapi/webhook", rig.base());
    let request = rig.http.post(url).header("X-Vapi-Secret", VAPI_SECRET).json(&json!({ "message": message }));
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
    answer.json().await.expect("JSON")
}

fn asks(call: &str, from: &str) -> Value {
    json!({"type": "assistant-request", "call": {"id": call}, "phoneNumber": {"id": "vapi-number-1"},
           "customer": {"number": from}})
}

fn says(call: &str, status: &str, reason: &str) -> Value {
    json!({"type": "status-update", "status": status, "endedReason": reason, "call": {"id": call}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_vapi_sends_on_is_live_until_it_says_ended_and_does_not_come_round() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, forwards_to_staff()).await;
    rig.owned(&tenant, "+16475550114", json!({"vapiNumberId": "vapi-number-1"})).await;
    rig.availability(&tenant, json!({"mode": "disabled", "fallback": {"type": "forward", "forwardNumber": STAFF}}))
        .await;
    let sent = vapi(&rig, asks("v1", CALLER)).await;
    assert_eq!(sent["destination"]["number"], json!(STAFF), "{sent}");
    rig.running.handler.ledger.sweep(jiff::Timestamp::now() + jiff::SignedDuration::from_mins(9)).await;
    assert!(is_live(&rig, "v1").await);
    vapi(&rig, says("v1", "ended", "assistant-forwarded-call")).await;
    assert!(!is_live(&rig, "v1").await);
    // From one of its own numbers it is a forward come back; there is nobody to ring, and no voicemail at Twilio.
    let looped = vapi(&rig, asks("v2", CLINIC)).await;
    assert!(looped["error"].as_str().is_some_and(|sentence| !sentence.is_empty()), "{looped}");
    rig.running.handler.ledger.sweep(jiff::Timestamp::now() + jiff::SignedDuration::from_mins(3)).await;
    assert!(!is_live(&rig, "v2").await, "an answer that hangs up is over in two minutes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_for_voicemail_at_vapi_sends_no_call_to_itself_nor_to_staff() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, forwards_to_staff()).await;
    rig.owned(&tenant, "+16475550114", json!({"vapiNumberId": "vapi-number-1", "purpose": "voicemail"})).await;
    let answer = vapi(&rig, asks("v1", CALLER)).await;
    assert!(answer["error"].as_str().is_some_and(|sentence| !sentence.is_empty()), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_call_on_a_free_number_went_is_told_to_the_breakers_once() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    rig.owned(&tenant, "+16475550114", json!({"vapiNumberId": "vapi-number-1"})).await;
    vapi(&rig, asks("v1", CALLER)).await;
    vapi(&rig, says("v1", "in-progress", "")).await;
    vapi(&rig, says("v1", "ended", "customer-ended-call")).await;
    vapi(&rig, json!({"type": "end-of-call-report", "endedReason": "customer-ended-call", "call": {"id": "v1"}})).await;
    assert_eq!((dialled(&rig, "answered").await, dialled(&rig, "failed").await), (1, 0));
    for call in ["v2", "v3", "v4"] {
        let answer = vapi(&rig, asks(call, CALLER)).await;
        assert_eq!(answer["assistantId"], json!("asst-1"), "{answer}");
        vapi(&rig, says(call, "ended", "assistant-not-found")).await;
    }
    assert_eq!(dialled(&rig, "failed").await, 3);
    let refused = vapi(&rig, asks("v5", CALLER)).await;
    assert!(refused["assistantId"].is_null(), "the target's breaker is open: {refused}");
    assert_eq!(dialled(&rig, "refused").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_counted_too() {
    let rig = Rig::start().await;
    let mut socket = TcpStream::connect(rig.running.edge).await.expect("a connection");
    socket
        .write_all(b"POST /api/twilio/voice HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(metric(&rig, "patchbay_refused_requests_total{why=\"malformed\"}").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_being_wrong_has_its_status_and_its_order() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let url = format!("{}/api/twilio/voice", rig.base());
    let send = async |url: &str, signature: Option<String>, kind: &str, body: &str| {
        let mut request = rig.http.post(url).header("Content-Type", kind).body(body.to_owned());
        if let Some(signature) = signature {
            request = request.header("X-Twilio-Signature", signature);
        }
        request.send().await.expect("an answer").status().as_u16()
    };
    const FORM: &str = "application/x-www-form-urlencoded";
    let (known, stranger) = (("AccountSid", ACCOUNT), ("AccountSid", "AC-of-nobody"));
    let whole = [known, ("CallSid", "CA1"), ("To", CLINIC)];
    let body = format!("AccountSid={ACCOUNT}&CallSid=CA1&To=%2B16475550111");
    assert_eq!(send(&url, None, FORM, "%").await, 403, "nobody signed it");
    assert_eq!(send(&url, Some(sign(&url, &[])), FORM, "AccountSid=%zz").await, 400, "no form");
    assert_eq!(send(&url, Some(sign(&url, &[])), "application/json", "{}").await, 400, "JSON");
    assert_eq!(send(&url, Some(sign(&url, &[("To", CLINIC)])), FORM, "To=%2B16475550111").await, 400, "no account");
    assert_eq!(send(&url, Some(sign(&url, &[stranger])), FORM, "AccountSid=AC-of-nobody").await, 403);
    assert_eq!(send(&url, Some(sign(&url, &[known])), FORM, &format!("AccountSid={ACCOUNT}")).await, 400, "no call");
    assert_eq!(send(&url, Some(sign(&url, &whole)), FORM, &body).await, 200);
    // What a query says besides a POST is ours, not Twilio's.
    let queried = format!("{url}?AccountSid=AC-of-nobody&CallSid=CA2");
    assert_eq!(send(&queried, Some(sign(&queried, &whole)), FORM, &body).await, 200);
    assert_eq!(send(&format!("{url}/x"), None, FORM, "").await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sip_caller_whose_name_cannot_be_looked_up_hears_of_trouble_not_that_nobody_is_there() {
    use sqlx::{ConnectOptions, Executor};
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let to = format!("sip:clinic-{tenant}@acme.sip.twilio.com");
    let call = async |username: Option<&str>| -> Heard {
        let sid = call_sid();
        let mut form =
            vec![("CallSid", sid.as_str()), ("From", "sip:pbx@10.0.0.1"), ("To", &to), ("CallStatus", "ringing")];
        form.extend(username.map(|name| ("SipUsername", name)));
        rig.post("/api/twilio/sip", &form).await
    };
    assert!(call(None).await.body.contains("sip.vapi.ai"));
    let path = rig.dir.path().join("patchbay.db");
    let mut store = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.expect("a connection");
    store.execute("ALTER TABLE sip_names RENAME TO gone").await.expect("the store is broken by hand");
    let heard = call(Some("sip_01234567")).await;
    assert!(heard.body.contains("having trouble"), "{}", heard.body);
}
