//! The answer to each step of a call.

use bytes::Bytes;

use crate::model::{E164, Ring};
use crate::routing::{AiLeg, Call, CallerId, Leg, Script, SipLeg, Step, Walk};

use super::document::{Attribute, Document, Plain, Value};
use super::escape::push_text;
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
    document.empty("Hangup", []);
    document.finish()
}

/// The answer to the step after one that has no TwiML of its own. No step comes twice, so this comes to an end.
fn what_follows(script: &Script, walk: &Walk, call: &Call<'_>, urls: &Urls<'_>) -> Bytes {
    answer(script, &script.after(walk, Leg::Missed, call), call, urls)
}

fn dial_ai(script: &Script, leg: &SipLeg, walk: &Walk, call: &Call<'_>, urls: &Urls<'_>) -> Bytes {
    let (next, refer) = (urls.next(script.tenant(), walk), urls.refer(script.tenant(), walk));
    let mut document = Document::new();
    let dial: [Attribute<'_>; 5] = [
        ("answerOnBridge", &Plain("true")),
        ("timeout", &leg.timeout_seconds),
        ("timeLimit", &Plain(AI_SECONDS_MAX)),
        ("action", &next),
        ("referUrl", &refer),
    ];
    document.open("Dial", dial);
    let dialled = Dialled { uri: leg.uri(), script, call };
    match leg.credentials() {
        Some((username, password)) => {
            let credentials: [Attribute<'_>; 2] = [("username", &username), ("password", &password)];
            document.leaf("Sip", credentials, &dialled);
        }
        None => document.leaf("Sip", [], &dialled),
    }
    document.close("Dial");
    document.finish()
}

/// The URI with the headers by which Vapi's messages find our call again.
///
/// Vapi hands them on undecoded, so their values are unreserved characters or they are not sent.
struct Dialled<'a> {
    uri: &'a str,
    script: &'a Script,
    call: &'a Call<'a>,
}

impl Value for Dialled<'_> {
    fn push_to(&self, document: &mut String) {
        push_text(document, self.uri);
        document.push_str(if self.uri.contains('?') { "&amp;x-tenant=" } else { "?x-tenant=" });
        document.push_str(self.script.tenant().as_str());
        if is_unreserved(self.call.sid) {
            document.push_str("&amp;x-callsid=");
            document.push_str(self.call.sid);
        }
    }
}

/// Every byte is asked, so that the compiler looks at many at once.
fn is_unreserved(sid: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'.' | b'_' | b'~');
    (1..=SID_BYTES_MAX).contains(&sid.len()) && sid.bytes().fold(true, |all, byte| all & unreserved(byte))
}

fn redirect() -> Bytes {
    let mut document = Document::new();
    let by_post: [Attribute<'_>; 1] = [("method", &Plain("POST"))];
    document.leaf("Redirect", by_post, &Plain(VAPI_INBOUND));
    document.finish()
}

fn forward(script: &Script, walk: &Walk, call: &Call<'_>, urls: &Urls<'_>) -> Bytes {
    let numbers = script.forward_numbers();
    let in_turn = script.fallback().ring == Ring::InTurn && numbers.len() > 1;
    let screen = script.fallback().accept_key.then(|| urls.screen_ask(script.tenant(), walk));
    let mut document = Document::new();
    document.say(script.spoken(), words::CONNECTING);
    open_staff_dial(&mut document, script, in_turn, walk, call, urls);
    for number in numbers {
        document.leaf("Number", screen.iter().map(|url| ("url", url as &dyn Value)), number);
    }
    document.close("Dial");
    document.finish()
}

/// The AI has told the caller already that somebody will come to the phone.
fn refer(script: &Script, number: E164, walk: &Walk, call: &Call<'_>, urls: &Urls<'_>) -> Bytes {
    let mut document = Document::new();
    open_staff_dial(&mut document, script, false, walk, call, urls);
    document.leaf("Number", [], &number);
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
        Some(CallerId::Ours(number)) => Some(number),
        Some(CallerId::TheCallers) | None => None,
    };
    let always: [Attribute<'_>; 3] =
        [("timeout", &Plain(FORWARD_TIMEOUT_SECONDS)), ("timeLimit", &Plain(FORWARD_SECONDS_MAX)), ("action", &next)];
    let sequential = in_turn.then_some(("sequential", &Plain("true") as &dyn Value));
    let caller_id = ours.as_ref().map(|number| ("callerId", number as &dyn Value));
    document.open("Dial", always.into_iter().chain(sequential).chain(caller_id));
}

fn voicemail(script: &Script, walk: &Walk, urls: &Urls<'_>) -> Bytes {
    let tenant = script.tenant();
    let (recorded, done) = (urls.voicemail(tenant), urls.voicemail_done(tenant, walk));
    let transcribed = script.fallback().transcribe.then(|| urls.transcription(tenant));
    let always: [Attribute<'_>; 5] = [
        ("maxLength", &Plain(MESSAGE_SECONDS_MAX)),
        ("playBeep", &Plain("true")),
        ("recordingStatusCallback", &recorded),
        ("recordingStatusCallbackEvent", &Plain("completed")),
        ("action", &done),
    ];
    let written_down = transcribed
        .iter()
        .flat_map(|url| -> [Attribute<'_>; 2] { [("transcribe", &Plain("true")), ("transcribeCallback", url)] });
    let mut document = Document::new();
    greet(&mut document, script);
    document.empty("Record", always.into_iter().chain(written_down));
    // Twilio comes here after an empty recording only; after a message it asks the action.
    document.say(script.spoken(), words::GOODBYE);
    document.empty("Hangup", []);
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
    document.empty("Hangup", []);
    document.finish()
}

fn reject_as_busy() -> Bytes {
    let mut document = Document::new();
    let busy: [Attribute<'_>; 1] = [("reason", &Plain("busy"))];
    document.empty("Reject", busy);
    document.finish()
}
