//! The requests of a call beside the usual ones: the fallback URL, a transfer by the AI, a message's words, a PBX that
//! is known by its address, and events in any order.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Executor};

use crate::rig::{ACCOUNT, Rig, attribute, call_sid};

const CALLER: &str = "+14165550101";
const CLINIC: &str = "+16475550111";
const STAFF: &str = "+14165550122";

#[tokio::test(flavor = "multi_thread")]
async fn the_fallback_url_speaks_the_tenants_fallback_while_the_store_is_away() {
    let rig = Rig::start().await;
    let forward = json!({"mode": "always", "fallback": {"type": "forward", "forwardNumber": STAFF}});
    rig.tenant("Smile Dental", CLINIC, forward).await;
    let sid = call_sid();
    rig.voice(CALLER, CLINIC, &sid).await;
    let path = rig.dir.path().join("patchbay.db");
    let mut lock = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    lock.execute("BEGIN EXCLUSIVE").await.unwrap();
    for (to, expected) in [(CLINIC, STAFF), ("+16475550119", "This line is having trouble")] {
        let fields = [
            ("CallSid", sid.as_str()),
            ("From", CALLER),
            ("To", to),
            ("CallStatus", "in-progress"),
            ("ErrorCode", "11200"),
            ("ErrorUrl", "https://edge.example.com/api/twilio/voice"),
        ];
        let heard = rig.post("/api/twilio/fallback", &fields).await;
        assert_eq!(heard.status, 200);
        assert!(heard.content_type.starts_with("application/xml"), "{}", heard.content_type);
        assert!(heard.body.contains(expected), "{to}: {}", heard.body);
    }
    lock.execute("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn the_fallback_url_begins_the_call_whose_voice_request_never_came() {
    let rig = Rig::start().await;
    let clinic = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    // Into the cache, which is all the fallback asks.
    let other = call_sid();
    rig.voice(CALLER, CLINIC, &other).await;
    rig.ended(&other).await;
    let sid = call_sid();
    let fields = [
        ("CallSid", sid.as_str()),
        ("From", CALLER),
        ("To", CLINIC),
        ("CallStatus", "ringing"),
        ("ErrorCode", "11205"),
        ("ErrorUrl", "https://edge.example.com/api/twilio/voice"),
    ];
    let heard = rig.post("/api/twilio/fallback", &fields).await;
    assert!(heard.body.contains("<Record"), "{}", heard.body);
    let live = rig.running.handler.ledger.live().await;
    assert_eq!(live.iter().map(|call| call.tenant_id.as_str()).collect::<Vec<_>>(), [clinic.as_str()]);
}

#[tokio::test]
async fn the_ai_hands_a_caller_to_a_person_only_where_a_forward_may_ring() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    for (target, expected) in [
        (format!("sip:{STAFF}@sip.example.com"), format!("<Number>{STAFF}</Number>")),
        (format!("tel:{STAFF}"), format!("<Number>{STAFF}</Number>")),
        // Another country, a premium-rate number, the clinic itself: nobody is rung, a message is taken.
        ("tel:+442079460123".to_owned(), "<Record".to_owned()),
        ("tel:+19005550123".to_owned(), "<Record".to_owned()),
        (format!("tel:{CLINIC}"), "<Record".to_owned()),
        (String::new(), "<Record".to_owned()),
    ] {
        let sid = call_sid();
        let first = rig.voice(CALLER, CLINIC, &sid).await;
        let refer = attribute(&first.body, "referUrl").expect("a referUrl");
        let fields = [
            ("CallSid", sid.as_str()),
            ("From", CALLER),
            ("To", CLINIC),
            ("CallStatus", "in-progress"),
            ("ReferTransferTarget", target.as_str()),
        ];
        let heard = rig.post_url(&refer, &fields).await;
        assert_eq!(heard.status, 200, "{target}");
        assert!(heard.body.contains(&expected), "{target}: {}", heard.body);
        // Or the next call of the same caller would be taken for a forward that comes round.
        rig.ended(&sid).await;
    }
}

#[tokio::test]
async fn a_messages_words_are_kept_with_it_whichever_comes_first() {
    let rig = Rig::start().await;
    let taken = json!({"mode": "disabled", "fallback": {"type": "voicemail", "transcribe": true}});
    rig.tenant("Smile Dental", CLINIC, taken).await;
    for (recording, words_first) in [("RE1", false), ("RE2", true)] {
        let sid = call_sid();
        let first = rig.voice(CALLER, CLINIC, &sid).await;
        let about = [("CallSid", sid.as_str()), ("RecordingSid", recording)];
        let recorded = [about[0], about[1], ("RecordingStatus", "completed"), ("RecordingDuration", "7")];
        let words =
            [about[0], about[1], ("TranscriptionStatus", "completed"), ("TranscriptionText", "Please call me.")];
        let mut told = [("recordingStatusCallback", &recorded), ("transcribeCallback", &words)];
        if words_first {
            told.reverse();
        }
        for (callback, fields) in told {
            let url = attribute(&first.body, callback).expect(callback);
            assert_eq!(rig.post_url(&url, fields).await.status, 204, "{callback}");
        }
    }
    rig.eventually("both messages have their words", async || {
        let (_, list) = rig.admin(Method::GET, "/api/voicemails", None).await;
        let whole = |row: &&Value| {
            row["state"] == "ready" && row["duration"] == 7 && row.to_string().contains("Please call me.")
        };
        let data = list["data"].as_array()?;
        (data.len() == 2 && data.iter().filter(whole).count() == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_message_too_long_to_be_transcribed_says_so() {
    let rig = Rig::start().await;
    let taken = json!({"mode": "disabled", "fallback": {"type": "voicemail", "transcribe": true}});
    rig.tenant("Smile Dental", CLINIC, taken).await;
    let sid = call_sid();
    let first = rig.voice(CALLER, CLINIC, &sid).await;
    let url = attribute(&first.body, "recordingStatusCallback").expect("a callback");
    for (recording, seconds) in [("RE120", "120"), ("RE121", "121")] {
        let about = [("CallSid", sid.as_str()), ("RecordingSid", recording)];
        let recorded = [about[0], about[1], ("RecordingStatus", "completed"), ("RecordingDuration", seconds)];
        assert_eq!(rig.post_url(&url, &recorded).await.status, 204);
    }
    rig.eventually("only the longer one says that it has no transcript", async || {
        let (_, list) = rig.admin(Method::GET, "/api/voicemails", None).await;
        let says = |recording: &str| {
            let row = list["data"].as_array()?.iter().find(|row| row["recordingSid"] == recording)?;
            Some(row.to_string().contains("longer than the 120 seconds"))
        };
        (says("RE120") == Some(false) && says("RE121") == Some(true)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn nobody_calls_in_by_address_until_an_address_is_somebodys() {
    let rig = Rig::start_with(&[("PATCHBAY_SIP__ACL_DOMAIN", "acme-ip.sip.twilio.com")]).await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    for (domain, reaches) in [("ACME-ip.sip.twilio.com", false), ("acme.sip.twilio.com", true)] {
        let sid = call_sid();
        let to = format!("sip:smile-dental@{domain}");
        let fields = [
            ("CallSid", sid.as_str()),
            ("From", "sip:pbx@192.0.2.9"),
            ("To", &to),
            ("SipDomain", domain),
            ("SipSourceIp", "192.0.2.9"),
            ("CallStatus", "ringing"),
        ];
        let heard = rig.post("/api/twilio/sip", &fields).await;
        assert_eq!(heard.status, 200);
        assert_eq!(heard.body.contains("sip.vapi.ai"), reaches, "{domain}: {}", heard.body);
        assert_eq!(heard.body.contains("was not found"), !reaches, "{domain}: {}", heard.body);
    }
}

#[tokio::test]
async fn a_status_may_come_twice_early_or_for_a_call_nobody_knows() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let sid = call_sid();
    // Its end overtakes its beginning: the late beginning is answered, and holds no place.
    rig.ended(&sid).await;
    assert!(rig.voice(CALLER, CLINIC, &sid).await.body.contains("<Response>"));
    rig.ended(&sid).await;
    rig.ended(&sid).await;
    for status in ["ringing", "in-progress", "no such status", ""] {
        let fields = [("CallSid", "CA-of-nobody"), ("CallStatus", status)];
        assert_eq!(rig.post("/api/twilio/status", &fields).await.status, 204, "{status}");
    }
    assert!(rig.running.handler.ledger.live().await.is_empty());
}

#[tokio::test]
async fn another_accounts_fallback_request_begins_nobodys_call() {
    let rig = Rig::start().await;
    let id = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let elsewhere = json!({"e164": "+16475550112", "tenantId": id, "accountSid": "AC00000000000000000000000000000002"});
    let (status, answer) = rig.admin(Method::POST, "/api/numbers/owned", Some(elsewhere)).await;
    assert_eq!(status, 201, "{answer}");
    rig.voice(CALLER, "+16475550112", &call_sid()).await;
    let sid = call_sid();
    let fields = [("CallSid", sid.as_str()), ("From", CALLER), ("To", "+16475550112"), ("ErrorCode", "11200")];
    let heard = rig.post("/api/twilio/fallback", &fields).await;
    assert!(heard.body.contains("having trouble"), "{ACCOUNT}: {}", heard.body);
    assert!(rig.running.handler.ledger.live().await.is_empty());
}
