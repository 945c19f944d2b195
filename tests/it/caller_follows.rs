//! The caller against a small TwiML server: every verb, every script, and TwiML that means harm.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use patchbay::model::Secret;
use patchbay::simulator::caller::{Ai, AnsweredBy, Caller, CallerPart, Event, Line, Outcome, Placed, Script, Staff};
use reqwest::Url;

use crate::caller_server::{Answer, Seen, serve};
use crate::rig::nobody;

const TOKEN: &str = "not-a-real-token";

/// A call that is over: how it came out, what happened, what the edge was asked.
struct Over {
    outcome: Outcome,
    events: Vec<Event>,
    asked: Vec<Seen>,
}

/// Places a call to an edge that answers each path with this TwiML; what is not listed gets 204.
async fn call(pages: &[(&str, &str)], script: Script) -> Over {
    call_of("+16475550123", pages, script).await
}

async fn call_of(to: &str, pages: &[(&str, &str)], script: Script) -> Over {
    let pages: Vec<_> = pages.iter().map(|(path, twiml)| ((*path).to_owned(), (*twiml).to_owned())).collect();
    let answers = move |seen: &Seen| match pages.iter().find(|(path, _)| *path == seen.path) {
        Some((_, twiml)) => Answer::twiml(&format!("<Response>{twiml}</Response>")),
        None => Answer::new(204, "", ""),
    };
    place(to, answers, script).await
}

async fn place(to: &str, answers: impl Fn(&Seen) -> Answer + Send + Sync + 'static, script: Script) -> Over {
    let asked: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let log = Arc::clone(&asked);
    let url = serve(move |seen| {
        let answer = answers(&seen);
        log.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        answer
    })
    .await;
    let mut events = Vec::new();
    let placed = Placed { to: to.to_owned(), from: "+14165550111".to_owned(), ..Placed::default() };
    let outcome = caller(&url).place(&placed, &script, |event| events.push(event.clone())).await;
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Over { outcome, events, asked }
}

fn caller(edge: &str) -> Caller {
    let line = Line {
        edge: Url::parse(edge).expect("a url"),
        public: None,
        account: "AC00000000000000000000000000000001".to_owned(),
        token: Secret::new(TOKEN),
    };
    Caller::new(line).expect("a caller")
}

fn ai(part: Ai) -> Script {
    Script { ai: vec![part], ..Script::default() }
}

fn staff(parts: &[Staff]) -> Script {
    Script { staff: parts.to_vec(), ..Script::default() }
}

fn caller_does(words: &[&str]) -> Script {
    Script { caller: CallerPart::of_words(words.iter().copied()).expect("a caller"), ..Script::default() }
}

impl Over {
    fn came_out(&self) -> (AnsweredBy, &str) {
        (self.outcome.answered_by, &self.outcome.status)
    }

    fn heard(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(|event| if let Event::Hears { text } = event { Some(text.as_str()) } else { None })
            .collect()
    }

    fn paths(&self) -> Vec<&str> {
        self.asked.iter().map(|seen| seen.path.as_str()).collect()
    }

    /// A parameter of the first request to a path.
    fn sent(&self, path: &str, name: &str) -> Option<String> {
        let seen = self.asked.iter().find(|seen| seen.path == path).unwrap_or_else(|| panic!("{path} was asked"));
        form(&seen.body).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    fn well(self) -> Over {
        assert_eq!(self.outcome.troubles, Vec::<String>::new());
        self
    }
}

fn form(body: &str) -> Vec<(String, String)> {
    let url = Url::parse(&format!("http://x/?{body}")).expect("a url");
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

const VOICE: &str = "/api/twilio/voice";
const STATUS: &str = "/api/twilio/status";
const AI_DIAL: &str = "<Dial answerOnBridge='true' timeout='12' action='/next?s=ai#rc=1' referUrl='/refer'>\
                       <Sip username='u' password='p'>sip:ten_1@sip.vapi.ai?x-tenant=ten_1</Sip></Dial>";

#[tokio::test]
async fn every_request_is_signed_without_its_fragment() {
    let over = call(&[(VOICE, AI_DIAL), ("/next", "<Hangup/>")], ai(Ai::Busy)).await.well();
    assert_eq!(over.paths(), [VOICE, "/next", STATUS]);
    for seen in &over.asked {
        assert!(!seen.target.contains('#'), "{}", seen.target);
        let mut signed = format!("http://{}{}", seen.headers["host"], seen.target);
        let mut pairs = form(&seen.body);
        pairs.sort();
        pairs.iter().for_each(|(name, value)| signed.push_str(&format!("{name}{value}")));
        let mut mac = Hmac::<sha1::Sha1>::new_from_slice(TOKEN.as_bytes()).expect("a key");
        mac.update(signed.as_bytes());
        assert_eq!(seen.headers["x-twilio-signature"], BASE64.encode(mac.finalize().into_bytes()));
        assert!(seen.headers.contains_key("i-twilio-idempotency-token"));
    }
}

#[tokio::test]
async fn an_ai_that_answers_talks_and_its_action_is_told() {
    let over = call(&[(VOICE, AI_DIAL), ("/next", "<Hangup/>")], Script::default()).await.well();
    assert_eq!(over.came_out(), (AnsweredBy::Ai, "completed"));
    assert_eq!(over.outcome.duration_seconds, 30);
    assert_eq!(over.sent("/next", "DialCallStatus").as_deref(), Some("completed"));
    assert_eq!(over.sent("/next", "DialBridged").as_deref(), Some("true"));
    assert_eq!(over.sent("/next", "CallStatus").as_deref(), Some("in-progress"));
    assert_eq!(over.sent(STATUS, "CallDuration").as_deref(), Some("30"));
    let twiml =
        over.events.iter().find_map(|event| if let Event::Twiml { twiml } = event { Some(twiml) } else { None });
    assert!(twiml.is_some_and(|twiml| twiml.contains("password=\"•••\"")));
}

#[tokio::test]
async fn an_ai_leg_that_fails_walks_on_while_the_caller_hears_ringing() {
    for (part, status, code) in
        [(Ai::Busy, "busy", "486"), (Ai::NoAnswer, "no-answer", "487"), (Ai::Failed, "failed", "503")]
    {
        let over = call(&[(VOICE, AI_DIAL), ("/next", "<Say>Sorry.</Say><Hangup/>")], ai(part)).await.well();
        assert_eq!(over.sent("/next", "DialCallStatus").as_deref(), Some(status));
        assert_eq!(over.sent("/next", "DialSipResponseCode").as_deref(), Some(code));
        assert_eq!(over.sent("/next", "CallStatus").as_deref(), Some("ringing"));
        assert_eq!((over.came_out(), over.heard()), ((AnsweredBy::Announcement, "completed"), vec!["Sorry."]));
    }
}

#[tokio::test]
async fn an_ai_may_hand_the_caller_to_a_person() {
    let refer = ai(Ai::Refer("+14165550199".to_owned()));
    let script = Script { staff: vec![Staff::Answer], ..refer };
    let pages =
        [(VOICE, AI_DIAL), ("/refer", "<Dial action='/next'><Number>+14165550199</Number></Dial>"), ("/next", "")];
    let over = call(&pages, script).await.well();
    assert_eq!(over.sent("/refer", "ReferTransferTarget").as_deref(), Some("<sip:+14165550199@sip.vapi.ai>"));
    assert_eq!(over.came_out(), (AnsweredBy::Staff, "completed"));
    assert_eq!(over.paths(), [VOICE, "/refer", "/next", STATUS]);

    let plain = "<Dial action='/next'><Sip>sip:a@sip.vapi.ai</Sip></Dial>";
    let over = call(&[(VOICE, plain), ("/next", "")], ai(Ai::Refer("+14165550199".to_owned()))).await;
    assert_eq!(over.outcome.troubles, ["the AI transfers, but <Dial> has no referUrl"]);
}

#[tokio::test]
async fn a_caller_who_hangs_up_while_it_rings_never_had_an_answer() {
    let over = call(&[(VOICE, AI_DIAL), ("/next", "")], caller_does(&["hangup-after:2"])).await.well();
    assert_eq!(over.came_out(), (AnsweredBy::Nobody, "no-answer"));
    assert_eq!(over.sent("/next", "CallStatus").as_deref(), Some("no-answer"));
    assert_eq!(over.sent("/next", "DialCallStatus").as_deref(), Some("canceled"));
    assert_eq!(over.sent(STATUS, "CallDuration").as_deref(), Some("0"));
}

#[tokio::test]
async fn a_caller_who_hangs_up_in_a_talk_hears_nothing_of_the_answer() {
    let pages = [(VOICE, AI_DIAL), ("/next", "<Say>too late</Say>")];
    let over = call(&pages, caller_does(&["hangup-after:20"])).await.well();
    assert_eq!(over.came_out(), (AnsweredBy::Ai, "completed"));
    assert_eq!(over.sent("/next", "CallStatus").as_deref(), Some("completed"));
    assert_eq!(over.sent("/next", "DialCallDuration").as_deref(), Some("16"));
    assert_eq!(over.heard(), Vec::<&str>::new());
}

#[tokio::test]
async fn phones_ring_together_or_in_turn() {
    let numbers = "<Number>+14165550101</Number><Number>+14165550102</Number>";
    let rings = |over: &Over| -> Vec<u32> {
        over.events
            .iter()
            .filter_map(|event| if let Event::Rings { seconds, .. } = event { Some(*seconds) } else { None })
            .collect()
    };
    let together = format!("<Dial timeout='20' action='/next'>{numbers}</Dial>");
    let over = call(&[(VOICE, &together), ("/next", "")], staff(&[Staff::NoAnswer, Staff::Answer])).await.well();
    assert_eq!((over.came_out(), rings(&over)), ((AnsweredBy::Staff, "completed"), vec![4, 4]));
    let in_turn = format!("<Dial timeout='20' sequential='true' action='/next'>{numbers}</Dial>");
    let over = call(&[(VOICE, &in_turn), ("/next", "")], staff(&[Staff::NoAnswer, Staff::Answer])).await.well();
    assert_eq!((over.came_out(), rings(&over)), ((AnsweredBy::Staff, "completed"), vec![20, 4]));
    let over = call(&[(VOICE, &together), ("/next", "<Hangup/>")], staff(&[Staff::NoAnswer, Staff::Busy])).await.well();
    assert_eq!(over.sent("/next", "DialCallStatus").as_deref(), Some("no-answer"));
    assert_eq!(over.sent("/next", "DialBridged").as_deref(), Some("false"));
}

#[tokio::test]
async fn a_screened_phone_must_press_the_key() {
    let dial = "<Dial action='/next'><Number url='/screen'>+14165550101</Number></Dial>";
    let screen = "<Gather numDigits='1' action='/screened'><Say>Press 1.</Say></Gather><Hangup/>";
    for (part, pressed, status) in [
        (Staff::Accept, Some("1"), "completed"),
        (Staff::Decline, Some("2"), "no-answer"),
        (Staff::Answer, None, "no-answer"),
    ] {
        let over = place(
            "+16475550123",
            move |seen| match seen.path.as_str() {
                VOICE => Answer::twiml(&format!("<Response>{dial}</Response>")),
                "/screen" => Answer::twiml(&format!("<Response>{screen}</Response>")),
                "/screened" if seen.body.contains("Digits=1") => Answer::twiml("<Response/>"),
                STATUS => Answer::new(204, "", ""),
                _ => Answer::twiml("<Response><Hangup/></Response>"),
            },
            staff(&[part]),
        )
        .await
        .well();
        assert_eq!(over.sent("/next", "DialCallStatus").as_deref(), Some(status), "{part:?}");
        assert_eq!(over.sent("/screen", "ParentCallSid"), over.sent(VOICE, "CallSid"));
        assert_ne!(over.sent("/screen", "CallSid"), over.sent(VOICE, "CallSid"));
        let keys =
            over.asked.iter().any(|seen| seen.path == "/screened").then(|| over.sent("/screened", "Digits")).flatten();
        assert_eq!(keys.as_deref(), pressed);
    }
}

#[tokio::test]
async fn a_dial_without_action_falls_through() {
    let pages = [(VOICE, "<Dial>+14165550101</Dial><Say>Nobody there.</Say>")];
    let over = call(&pages, staff(&[Staff::Busy])).await.well();
    assert_eq!(over.heard(), ["Nobody there."]);
}

#[tokio::test]
async fn progress_of_a_leg_is_told_in_order() {
    let dial = "<Dial><Number statusCallback='/leg' statusCallbackEvent='initiated ringing answered completed'>\
                +14165550101</Number></Dial>";
    let over = call(&[(VOICE, dial)], staff(&[Staff::Answer])).await.well();
    let told: Vec<_> = over
        .asked
        .iter()
        .filter(|seen| seen.path == "/leg")
        .map(|seen| form(&seen.body).into_iter().find(|(name, _)| name == "CallStatus").map(|(_, value)| value))
        .collect();
    let words = ["initiated", "ringing", "in-progress", "completed"];
    assert_eq!(told, words.map(|word| Some(word.to_owned())));
}

#[tokio::test]
async fn a_message_is_recorded_told_and_written_down() {
    let record = "<Say>After the tone.</Say><Record maxLength='300' action='/done' transcribe='true' \
                  transcribeCallback='/text' recordingStatusCallback='/recorded#rc=3' \
                  recordingStatusCallbackEvent='completed'/><Say>never heard</Say>";
    let pages = [(VOICE, record), ("/done", "<Say>Goodbye.</Say><Hangup/>")];
    let over = call(&pages, caller_does(&["speak:12"])).await.well();
    assert_eq!(over.came_out(), (AnsweredBy::Voicemail, "completed"));
    assert_eq!(over.heard(), ["After the tone.", "Goodbye."]);
    assert_eq!(over.sent("/done", "RecordingDuration").as_deref(), Some("12"));
    assert_eq!(over.sent("/done", "Digits"), None);
    assert_eq!(over.sent("/recorded", "RecordingStatus").as_deref(), Some("completed"));
    assert_eq!(over.sent("/recorded", "RecordingSid"), over.sent("/done", "RecordingSid"));
    assert_eq!(over.sent("/recorded", "To"), None);
    assert_eq!(over.sent("/text", "TranscriptionStatus").as_deref(), Some("completed"));

    let over = call(&pages, caller_does(&["speak-hangup:400"])).await.well();
    assert_eq!(over.sent("/done", "Digits").as_deref(), Some("hangup"));
    assert_eq!(over.sent("/done", "CallStatus").as_deref(), Some("completed"));
    assert_eq!(over.sent("/done", "RecordingDuration").as_deref(), Some("300"));
    assert_eq!(over.sent("/text", "TranscriptionStatus").as_deref(), Some("failed"));
    assert_eq!(over.heard(), ["After the tone."]);
}

#[tokio::test]
async fn a_silent_caller_leaves_no_message_and_hears_what_follows() {
    let record = "<Record action='/done' recordingStatusCallback='/recorded'/><Say>Goodbye.</Say><Hangup/>";
    let over = call(&[(VOICE, record)], caller_does(&["silent"])).await.well();
    assert_eq!(over.paths(), [VOICE, STATUS]);
    assert_eq!((over.came_out(), over.heard()), ((AnsweredBy::Announcement, "completed"), vec!["Goodbye."]));
    let absent =
        "<Record action='/done' recordingStatusCallback='/recorded' recordingStatusCallbackEvent='completed absent'/>";
    let over = call(&[(VOICE, absent)], caller_does(&["silent"])).await.well();
    assert_eq!(over.sent("/recorded", "RecordingStatus").as_deref(), Some("absent"));
}

#[tokio::test]
async fn a_menu_takes_keys_or_speech_or_falls_through() {
    let menu =
        "<Gather numDigits='1' action='/menu' input='dtmf speech'><Say>Press 1.</Say></Gather><Say>Nothing.</Say>";
    let pages = [(VOICE, menu), ("/menu", "<Say>Thanks.</Say>")];
    let over = call(&pages, caller_does(&["digits:12"])).await.well();
    assert_eq!(over.sent("/menu", "Digits").as_deref(), Some("1"));
    let over = call(&pages, caller_does(&["say:the front desk"])).await.well();
    assert_eq!(over.sent("/menu", "SpeechResult").as_deref(), Some("the front desk"));
    let over = call(&pages, Script::default()).await.well();
    assert_eq!(over.heard(), ["Press 1.", "Nothing."]);
    let empty = "<Gather actionOnEmptyResult='true' action='/menu'/>";
    let over = call(&[(VOICE, empty), ("/menu", "<Hangup/>")], Script::default()).await.well();
    assert_eq!(over.sent("/menu", "Digits").as_deref(), Some(""));
}

#[tokio::test]
async fn a_rejected_call_is_never_answered() {
    for (reject, status) in [("<Reject reason='busy'/>", "busy"), ("<Reject/>", "no-answer")] {
        let over = call(&[(VOICE, reject)], Script::default()).await.well();
        assert_eq!(over.came_out(), (AnsweredBy::Nobody, status));
        assert_eq!(over.sent(STATUS, "CallStatus").as_deref(), Some(status));
    }
    let over = call(&[(VOICE, "<Say>x</Say><Reject/>")], Script::default()).await;
    assert_eq!(over.outcome.troubles, ["<Reject> after the call was answered"]);
}

#[tokio::test]
async fn a_redirect_is_followed_and_one_to_elsewhere_ends_the_journey() {
    let pages =
        [(VOICE, "<Pause length='2'/><Redirect method='GET'>/other?a=1</Redirect>"), ("/other", "<Say>Hi.</Say>")];
    let over = call(&pages, Script::default()).await.well();
    let other = over.asked.iter().find(|seen| seen.path == "/other").expect("asked");
    assert_eq!(other.method, "GET");
    assert!(other.target.starts_with("/other?a=1&CallSid=CA"), "{}", other.target);
    assert_eq!(over.heard(), ["Hi."]);

    let away = "<Redirect method='POST'>https://api.vapi.ai/twilio/inbound_call</Redirect>";
    let over = call(&[(VOICE, away)], Script::default()).await.well();
    assert_eq!((over.came_out(), over.paths()), ((AnsweredBy::Ai, "completed"), vec![VOICE, STATUS]));
    let over = call(&[(VOICE, away)], ai(Ai::Failed)).await.well();
    assert_eq!(over.came_out(), (AnsweredBy::Nobody, "failed"));
}

#[tokio::test]
async fn a_media_stream_is_the_ai() {
    let stream =
        "<Connect><Stream url='wss://x.vapi.invalid/1/transport'><Parameter name='a' value='b'/></Stream></Connect>";
    let over = call(&[(VOICE, stream)], Script::default()).await.well();
    assert_eq!(over.came_out(), (AnsweredBy::Ai, "completed"));
    let plain = "<Connect><Stream url='http://x/1'/></Connect>";
    assert_eq!(call(&[(VOICE, plain)], Script::default()).await.outcome.troubles.len(), 1);
}

#[tokio::test]
async fn a_sip_call_enters_by_the_sip_door_with_its_parameters() {
    let pages = [("/api/twilio/sip", "<Say>Hi.</Say>")];
    let over = call_of("sip:smile-dental@calls.sip.twilio.com;transport=tls", &pages, Script::default()).await.well();
    let sip = "/api/twilio/sip";
    assert_eq!(over.sent(sip, "SipDomain").as_deref(), Some("calls.sip.twilio.com"));
    assert_eq!(over.sent(sip, "To").as_deref(), Some("sip:smile-dental@calls.sip.twilio.com;transport=tls"));
    for name in ["SipCallId", "SipSourceIp", "SipDomainSid"] {
        assert!(over.sent(sip, name).is_some(), "{name}");
    }
    assert_eq!(over.sent(sip, "FromCity"), None);
}

#[tokio::test]
async fn what_is_no_twiml_leads_to_the_fallback_and_is_reported() {
    let rows: &[(u16, &str, &str, &str)] = &[
        (500, "application/xml", "<Response/>", "answered 500"),
        (403, "text/plain", "no", "answered 403"),
        (200, "application/json", "{}", "content type"),
        (200, "", "<Response/>", "content type"),
        (200, "text/xml", "<Response><Say>&nbsp;</Say></Response>", "not TwiML"),
        (200, "text/xml", "<html/>", "not TwiML"),
        (200, "text/xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><Response/>", "not TwiML"),
    ];
    for (status, kind, body, why) in rows.iter().copied() {
        let (kind, body) = (kind.to_owned(), body.to_owned());
        let answers = move |seen: &Seen| match seen.path.as_str() {
            VOICE => Answer::new(status, &kind, &body),
            "/api/twilio/fallback" => Answer::twiml("<Response><Say>Please call again.</Say></Response>"),
            _ => Answer::new(204, "", ""),
        };
        let over = place("+16475550123", answers, Script::default()).await;
        assert!(
            over.outcome.troubles.len() == 1 && over.outcome.troubles[0].contains(why),
            "{:?}",
            over.outcome.troubles
        );
        assert_eq!(over.heard(), ["Please call again."]);
        assert!(over.sent("/api/twilio/fallback", "ErrorUrl").is_some_and(|url| url.ends_with(VOICE)));
        assert!(!over.outcome.was_answered());
    }
}

#[tokio::test]
async fn a_call_whose_fallback_fails_too_has_failed() {
    let over = place("+16475550123", |_| Answer::new(500, "text/plain", ""), Script::default()).await;
    assert_eq!(over.came_out(), (AnsweredBy::Nobody, "failed"));
    assert_eq!(over.outcome.troubles.len(), 3, "{:?}", over.outcome.troubles);
}

#[tokio::test]
async fn hostile_twiml_ends_and_calls_nobody_else() {
    let circle = call(&[(VOICE, "<Redirect>/api/twilio/voice</Redirect>")], Script::default()).await;
    assert!(circle.outcome.troubles.iter().any(|trouble| trouble.contains("circles")));
    let whispers =
        [(VOICE, "<Dial><Number url='/w'>+14165550101</Number></Dial>"), ("/w", "<Gather numDigits='1' action='/w'/>")];
    let over = call(&whispers, staff(&[Staff::Accept])).await;
    assert!(over.outcome.troubles.iter().any(|trouble| trouble.contains("circles")), "{:?}", over.outcome.troubles);

    let called: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&called);
    let foreign = serve(move |seen| {
        log.lock().unwrap_or_else(PoisonError::into_inner).push(seen.path);
        Answer::twiml("<Response/>")
    })
    .await;
    for verb in [
        format!("<Gather action='{foreign}/x' actionOnEmptyResult='true'/>"),
        format!("<Record action='{foreign}/x' recordingStatusCallback='{foreign}/y'/>"),
        format!("<Dial action='{foreign}/x'><Number url='{foreign}/w'>+14165550101</Number></Dial>"),
        "<Gather action='file:///etc/passwd' actionOnEmptyResult='true'/>".to_owned(),
        "<Redirect>http://[</Redirect>".to_owned(),
    ] {
        let over = call(&[(VOICE, &verb), ("/api/twilio/fallback", "")], staff(&[Staff::Answer])).await;
        assert!(!over.outcome.troubles.is_empty(), "{verb}");
    }
    assert_eq!(*called.lock().unwrap_or_else(PoisonError::into_inner), Vec::<String>::new());
}

#[tokio::test]
async fn huge_numbers_of_seconds_do_no_harm() {
    let most = u32::MAX;
    let twiml = format!("<Pause length='{most}'/><Say>x</Say><Pause length='{most}'/><Gather timeout='{most}'/>");
    let over = call(&[(VOICE, &twiml)], Script::default()).await.well();
    assert_eq!(over.outcome.status, "completed");
}

#[tokio::test]
async fn a_callback_that_fails_is_tried_again_and_reported() {
    let answers = |seen: &Seen| match seen.path.as_str() {
        VOICE => Answer::twiml("<Response><Say>Hi.</Say></Response>"),
        _ => Answer::new(503, "", ""),
    };
    let over = place("+16475550123", answers, Script::default()).await;
    assert_eq!(over.outcome.troubles, ["/api/twilio/status answered 503"]);
    assert_eq!(over.paths(), [VOICE, STATUS, STATUS, STATUS, STATUS]);
    let token = |seen: &Seen| seen.headers["i-twilio-idempotency-token"].clone();
    assert!(over.asked[1..].iter().all(|seen| token(seen) == token(&over.asked[1])));
}

#[tokio::test]
async fn nobody_listening_is_a_trouble_not_a_hang() {
    let url = format!("http://{}", nobody());
    let placed = Placed { to: "+16475550123".to_owned(), from: "anonymous".to_owned(), ..Placed::default() };
    let outcome = caller(&url).place(&placed, &Script::default(), |_| {}).await;
    assert_eq!(outcome.status, "failed");
    assert!(outcome.troubles[0].contains("could not connect"), "{:?}", outcome.troubles);
}

#[tokio::test]
async fn steps_read_well() {
    let over = call(&[(VOICE, "<Say>Hello  there.</Say>")], Script::default()).await.well();
    let lines: Vec<String> = over.events.iter().map(ToString::to_string).collect();
    let sid = &over.outcome.call_sid;
    let expected = [
        format!("+14165550111 calls +16475550123 ({sid})"),
        "→ POST /api/twilio/voice 200".to_owned(),
        "    <Response>\n      <Say>Hello there.</Say>\n    </Response>".to_owned(),
        "  caller hears: Hello there.".to_owned(),
        "→ POST /api/twilio/status 204".to_owned(),
        "the call is over: completed, 1 s".to_owned(),
    ];
    assert_eq!(lines, expected);
}
