//! The answer to each step of a call.

use bytes::Bytes;

use crate::model::{E164, Ring};
use crate::routing::{AiLeg, Call, CallerId, Leg, Script, SipLeg, Step, Walk};

use super::document::{Attribute, Document};
use super::{Urls, canned, words};

/// Where Vapi answers Twilio for the numbers it knows.
const VAPI_INBOUND: &str = "https://api.vapi.ai/twilio/inbound_call";

/// Longest talk with the AI: an hour.
const AI_SECONDS_MAX: &str = "3600";

/// How long staff's telephones ring.
const FORWARD_TIMEOUT_SECONDS: &str = "20";

/// Longest talk with staff: Twilio's own limit, four hours.
const FORWARD_SECONDS_MAX: &str = "14400";

/// Longest message a caller can leave: five minutes.
const MESSAGE_SECONDS_MAX: &str = "300";

/// Longest CallSid there is.
const SID_BYTES_MAX: usize = 64;

/// The answer to a call that is at this point of its walk.
pub fn answer(script: &Script, walk: &Walk, call: &Call<'_>, urls: &Urls<'_>) -> Bytes {
    match &walk.step {
        Step::Ai => match script.ai_leg() {
            Some(AiLeg::Sip(leg)) => dial_ai(script, leg, walk, call, urls),
            Some(AiLeg::Redirect) if walk.is_first() => redirect(),
            Some(AiLeg::Redirect | AiLeg::Bypass) | None => what_follows(script, walk, call, urls),
        },
        Step::Forward if script.forward_numbers().is_empty() => what_follows(script, walk, call, urls),
        Step::Forward => forward(script, walk, call, urls),
        Step::Refer(number) => refer(script, *number, walk, call, urls),
        Step::Voicemail => voicemail(script, walk, urls),
        Step::Busy => busy(script),
        Step::Reject => reject_as_busy(),
        Step::HangUp => canned::hang_up(),
    }
}

/// After a message, in the tenant's voice.
pub(super) fn goodbye(script: &Script) -> Bytes {
    let mut document = Document::new();
    document.say(script.spoken(), words::GOODBYE);
    document.empty("Hangup", &[]);
    document.finish()
}

/// The answer to the step after one that has no TwiML of its own. No step comes twice, so this comes to an end.
fn what_follows(script: &Script, walk: &Walk, call: &Call<'_>, urls: &Urls<'_>) -> Bytes {
    answer(script, &script.after(walk, Leg::Missed, call), call, urls)
}

fn dial_ai(script: &Script, leg: &SipLeg, walk: &Walk, call: &Call<'_>, urls: &Urls<'_>) -> Bytes {
    let timeout = leg.timeout_seconds.to_string();
    let (next, refer) = (urls.next(script.tenant(), walk), urls.refer(script.tenant(), walk));
    let mut document = Document::new();
    let dial = [
        ("answerOnBridge", "true"),
        ("timeout", timeout.as_str()),
        ("timeLimit", AI_SECONDS_MAX),
        ("action", next.as_str()),
        ("referUrl", refer.as_str()),
    ];
    document.open("Dial", &dial);
    let uri = with_headers(&leg.uri, script, call);
    match &leg.credentials {
        Some((username, password)) => {
            document.leaf("Sip", &[("username", username), ("password", password.reveal())], &uri);
        }
        None => document.leaf("Sip", &[], &uri),
    }
    document.close("Dial");
    document.finish()
}

/// The URI with the headers by which Vapi's messages find our call again.
///
/// Vapi hands them on undecoded, so their values are unreserved characters or they are not sent.
fn with_headers(uri: &str, script: &Script, call: &Call<'_>) -> String {
    let joint = if uri.contains('?') { '&' } else { '?' };
    let mut dialled = format!("{uri}{joint}x-tenant={}", script.tenant());
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if (1..=SID_BYTES_MAX).contains(&call.sid.len()) && call.sid.bytes().all(unreserved) {
        dialled.push_str("&x-callsid=");
        dialled.push_str(call.sid);
    }
    dialled
}

fn redirect() -> Bytes {
    let mut document = Document::new();
    document.leaf("Redirect", &[("method", "POST")], VAPI_INBOUND);
    document.finish()
}

fn forward(script: &Script, walk: &Walk, call: &Call<'_>, urls: &Urls<'_>) -> Bytes {
    let numbers = script.forward_numbers();
    let in_turn = script.fallback().ring == Ring::InTurn && numbers.len() > 1;
    let screen = script.fallback().accept_key.then(|| urls.screen_ask(script.tenant(), walk));
    let number_attributes: Vec<Attribute<'_>> = screen.iter().map(|url| ("url", url.as_str())).collect();
    let mut document = Document::new();
    document.say(script.spoken(), words::CONNECTING);
    open_staff_dial(&mut document, script, in_turn, walk, call, urls);
    for number in numbers {
        document.leaf("Number", &number_attributes, &number.to_string());
    }
    document.close("Dial");
    document.finish()
}

/// The AI has told the caller already that somebody will come to the phone.
fn refer(script: &Script, number: E164, walk: &Walk, call: &Call<'_>, urls: &Urls<'_>) -> Bytes {
    let mut document = Document::new();
    open_staff_dial(&mut document, script, false, walk, call, urls);
    document.leaf("Number", &[], &number.to_string());
    document.close("Dial");
    document.finish()
}

fn open_staff_dial(
    document: &mut Document,
    script: &Script,
    in_turn: bool,
    walk: &Walk,
    call: &Call<'_>,
    urls: &Urls<'_>,
) {
    let next = urls.next(script.tenant(), walk);
    let ours = match script.caller_id(call) {
        Some(CallerId::Ours(number)) => Some(number.to_string()),
        Some(CallerId::TheCallers) | None => None,
    };
    let mut attributes =
        vec![("timeout", FORWARD_TIMEOUT_SECONDS), ("timeLimit", FORWARD_SECONDS_MAX), ("action", next.as_str())];
    if in_turn {
        attributes.push(("sequential", "true"));
    }
    if let Some(number) = &ours {
        attributes.push(("callerId", number));
    }
    document.open("Dial", &attributes);
}

fn voicemail(script: &Script, walk: &Walk, urls: &Urls<'_>) -> Bytes {
    let tenant = script.tenant();
    let (recorded, done) = (urls.voicemail(tenant), urls.voicemail_done(tenant, walk));
    let transcribed = script.fallback().transcribe.then(|| urls.transcription(tenant));
    let mut attributes = vec![
        ("maxLength", MESSAGE_SECONDS_MAX),
        ("playBeep", "true"),
        ("recordingStatusCallback", recorded.as_str()),
        ("recordingStatusCallbackEvent", "completed"),
        ("action", done.as_str()),
    ];
    if let Some(url) = &transcribed {
        attributes.extend([("transcribe", "true"), ("transcribeCallback", url.as_str())]);
    }
    let mut document = Document::new();
    greet(&mut document, script);
    document.empty("Record", &attributes);
    // Twilio comes here after an empty recording only; after a message it asks the action.
    document.say(script.spoken(), words::GOODBYE);
    document.empty("Hangup", &[]);
    document.finish()
}

fn greet(document: &mut Document, script: &Script) {
    let own = script.fallback().greeting.as_deref().filter(|greeting| is_speakable(greeting));
    match own {
        Some(greeting) => document.say(script.spoken(), greeting),
        None => document.say(script.spoken(), &words::greeting(script.name())),
    }
}

fn is_speakable(text: &str) -> bool {
    super::text::pieces(&super::text::legal(text)).next().is_some()
}

fn busy(script: &Script) -> Bytes {
    let mut document = Document::new();
    document.say(script.spoken(), words::BUSY);
    document.empty("Hangup", &[]);
    document.finish()
}

fn reject_as_busy() -> Bytes {
    let mut document = Document::new();
    document.empty("Reject", &[("reason", "busy")]);
    document.finish()
}
