//! What a tenant's calls walk through and hear, compiled once from what is stored.
//!
//! The steps themselves are walked in `plan`; how they sound is the business of `twiml`.

use std::fmt;
use std::sync::Arc;

use crate::model::{
    Connect, E164, Fallback, FallbackKind, Fault, NoAnswer, Secret, Sid, SipUri, Target, TenantId, Via,
};

use super::alike::Alike;
use super::dialing::{Country, forward_fault};
use super::few::Few;

/// How long the AI may ring before the fallback, where the tenant says nothing. It answers within 3 s when it is well.
const AI_TIMEOUT_SECONDS: u16 = 12;

/// The bounds Twilio sets to `<Dial timeout>`.
const TIMEOUT_SECONDS: std::ops::RangeInclusive<u16> = 5..=600;

/// Most numbers one `<Dial>` rings.
const RINGING_MAX: usize = 10;

/// Longest name of a language or voice.
const VOICE_BYTES_MAX: usize = 64;

/// Longest SIP user name or password.
const CREDENTIAL_BYTES_MAX: usize = 256;

/// What a tenant's calls walk through and hear, compiled.
#[derive(Clone, Debug)]
pub struct Script {
    pub(super) tenant: TenantId,
    /// What callers hear it called, and behind that its name in SIP URIs.
    names: Box<str>,
    name_end: u32,
    /// Few say anything about it.
    spoken: Option<Box<Spoken>>,
    ai: Option<AiLeg>,
    pub(super) fallback: Arc<Fallback>,
    pub(super) stand_ins: Few<StandIn>,
    pub(super) own: Few<E164>,
    pub(super) countries: Few<Country>,
}

/// What a script is compiled from.
#[derive(Clone, Debug)]
pub struct ScriptSource<'a> {
    /// Whose calls these are.
    pub tenant: &'a TenantId,
    /// What callers hear it called.
    pub name: &'a str,
    /// Its name in SIP URIs.
    pub slug: &'a str,
    /// Language of spoken texts.
    pub language: Option<&'a str>,
    /// Voice of spoken texts.
    pub voice: Option<&'a str>,
    /// How a call reaches Vapi.
    pub connect: &'a Connect,
    /// Who answers there, its own or the shared one.
    pub target: Option<&'a Target>,
    /// What happens when the AI does not answer.
    pub fallback: Fallback,
    /// The tenant's own numbers.
    pub own: Vec<E164>,
    /// The Twilio accounts its calls may come from.
    pub accounts: &'a [Sid],
    /// Who may stand in for a caller whose number cannot be shown.
    pub stand_ins: Vec<StandIn>,
    /// Countries to which calls may be sent on.
    pub countries: Vec<String>,
}

/// A number that may be shown instead of the caller's, on calls its account carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandIn {
    /// The account that owns it.
    pub account: Sid,
    /// The number.
    pub number: E164,
}

/// How texts are spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spoken {
    /// As Twilio names it: `fr-CA`.
    pub language: Option<Box<str>>,
    /// As Twilio names it: `Polly.Chantal`.
    pub voice: Option<Box<str>>,
}

/// As the carrier speaks where nothing is said.
static UNSAID: Spoken = Spoken { language: None, voice: None };

/// The way to the AI, with what it takes to go there.
#[derive(Clone, Debug)]
pub enum AiLeg {
    /// Dial this endpoint.
    Sip(SipLeg),
    /// Ask Vapi for its TwiML.
    Bypass,
    /// Send Twilio to Vapi.
    Redirect,
}

/// A SIP endpoint at Vapi: address, user name and password stand in one text, so that a call finds them together.
#[derive(Clone)]
pub struct SipLeg {
    text: Box<str>,
    uri_end: u32,
    username_end: u32,
    /// How long it may ring.
    pub timeout_seconds: u16,
}

impl SipLeg {
    fn new(uri: &str, credentials: Option<(&str, &Secret)>, timeout_seconds: u16) -> SipLeg {
        let (username, password) = credentials.map_or(("", ""), |(username, password)| (username, password.reveal()));
        SipLeg {
            text: [uri, username, password].concat().into(),
            uri_end: place(uri.len()),
            username_end: place(uri.len() + username.len()),
            timeout_seconds,
        }
    }

    /// Its address, checked: what Twilio would not dial is not here.
    pub fn uri(&self) -> &str {
        &self.text[..self.uri_end as usize]
    }

    /// User name and password; both or none. Neither is ever empty.
    pub fn credentials(&self) -> Option<(&str, &str)> {
        let (begin, end) = (self.uri_end as usize, self.username_end as usize);
        let credentials = (&self.text[begin..end], &self.text[end..]);
        (self.username_end > self.uri_end).then_some(credentials)
    }
}

/// A place in a text that was found to be short.
fn place(at: usize) -> u32 {
    u32::try_from(at).expect("names, addresses and credentials are bounded")
}

impl fmt::Debug for SipLeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SipLeg").field("uri", &self.uri()).finish_non_exhaustive()
    }
}

impl Script {
    /// Compiles a script. Total: what cannot be used is left out and named.
    pub fn compile(source: ScriptSource<'_>) -> (Script, Vec<Fault>) {
        let mut warnings = Vec::new();
        let ai = ai_leg(source.connect, source.target, source.own.is_empty(), &mut warnings);
        let mut fallback = source.fallback;
        fallback.forward = dialable(&fallback, &source.own, &source.countries, &mut warnings);
        let lonely = source.accounts.is_empty()
            || source.accounts.iter().any(|account| !source.stand_ins.iter().any(|one| one.account == *account));
        if fallback.kind == FallbackKind::Forward {
            doubt_forward(&fallback, ai.as_ref(), lonely, &mut warnings);
        }
        if fallback.transcribe {
            doubt_transcription(source.language, &mut warnings);
        }
        let spoken = Spoken {
            language: voice_name(source.language, "/language", &mut warnings),
            voice: voice_name(source.voice, "/voice", &mut warnings),
        };
        let script = Script {
            tenant: source.tenant.clone(),
            names: [source.name, source.slug].concat().into(),
            name_end: place(source.name.len()),
            spoken: (spoken != UNSAID).then(|| Box::new(spoken)),
            ai,
            fallback: Arc::new(fallback),
            stand_ins: source.stand_ins.into(),
            own: source.own.into(),
            countries: source.countries.iter().filter_map(|code| Country::parse(code)).collect::<Vec<_>>().into(),
        };
        (script, warnings)
    }

    /// Has what others have alike together with them.
    pub(super) fn share(&mut self, alike: &Alike) {
        self.fallback = alike.fallbacks.like(&self.fallback);
    }

    /// How the AI is reached, if there is anything to reach.
    pub fn ai(&self) -> Option<Via> {
        self.ai.as_ref().map(|leg| match leg {
            AiLeg::Sip(_) => Via::Sip,
            AiLeg::Bypass => Via::Bypass,
            AiLeg::Redirect => Via::Redirect,
        })
    }

    /// The way to the AI in full.
    pub fn ai_leg(&self) -> Option<&AiLeg> {
        self.ai.as_ref()
    }

    /// Whose calls these are.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// What callers hear the tenant called.
    pub fn name(&self) -> &str {
        &self.names[..self.name_end as usize]
    }

    /// The tenant's name in SIP URIs.
    pub fn slug(&self) -> &str {
        &self.names[self.name_end as usize..]
    }

    /// The tenant's own numbers.
    pub fn own_numbers(&self) -> &[E164] {
        &self.own
    }

    /// How texts are spoken.
    pub fn spoken(&self) -> &Spoken {
        self.spoken.as_deref().unwrap_or(&UNSAID)
    }

    /// What happens when the AI does not answer; `forward` holds only what may be dialled.
    pub fn fallback(&self) -> &Fallback {
        &self.fallback
    }

    /// Which fallback it is.
    pub fn fallback_kind(&self) -> FallbackKind {
        self.fallback.kind
    }

    /// Whom a forward rings: what may be dialled, in order.
    pub fn forward_numbers(&self) -> &[E164] {
        &self.fallback.forward
    }
}

fn ai_leg(connect: &Connect, target: Option<&Target>, sip_only: bool, warnings: &mut Vec<Fault>) -> Option<AiLeg> {
    match connect.via {
        Via::Sip => sip_leg(connect, warnings).map(AiLeg::Sip),
        Via::Bypass | Via::Redirect => {
            if target.is_none() {
                let detail = "the AI has no target to answer: the fallback takes every call";
                warnings.push(Fault::new("/target", "not_configured", detail));
                return None;
            }
            if sip_only {
                let detail =
                    "Vapi finds the tenant by its number this way, and it has none: calls by SIP go to the fallback";
                warnings.push(Fault::new("/connect/via", "needs_number", detail));
            }
            Some(if connect.via == Via::Bypass { AiLeg::Bypass } else { AiLeg::Redirect })
        }
    }
}

fn sip_leg(connect: &Connect, warnings: &mut Vec<Fault>) -> Option<SipLeg> {
    let Some(given) = connect.sip_uri.as_deref().filter(|uri| !uri.trim().is_empty()) else {
        let detail = "there is no SIP endpoint to dial: the fallback takes every call";
        warnings.push(Fault::new("/connect/sipUri", "not_configured", detail));
        return None;
    };
    let uri = match SipUri::dialled(given) {
        Ok(uri) => uri,
        Err(fault) => {
            let detail = format!("could not use the SIP endpoint, the fallback takes every call: {fault}");
            warnings.push(Fault::new("/connect/sipUri", "not_configured", detail));
            return None;
        }
    };
    let timeout_seconds = connect.timeout_seconds.unwrap_or(AI_TIMEOUT_SECONDS);
    if !TIMEOUT_SECONDS.contains(&timeout_seconds) {
        let detail = format!("{timeout_seconds} s are outside of Twilio's 5 to 600: the nearest of the two holds");
        warnings.push(Fault::new("/connect/timeoutSeconds", "out_of_range", detail));
    }
    let timeout_seconds = timeout_seconds.clamp(*TIMEOUT_SECONDS.start(), *TIMEOUT_SECONDS.end());
    Some(SipLeg::new(&uri, credentials(connect, warnings), timeout_seconds))
}

fn credentials<'c>(connect: &'c Connect, warnings: &mut Vec<Fault>) -> Option<(&'c str, &'c Secret)> {
    let usable = |text: &str| (1..=CREDENTIAL_BYTES_MAX).contains(&text.len());
    match (&connect.username, &connect.password) {
        (None, None) => None,
        (Some(username), Some(password)) if usable(username) && usable(password.reveal()) => Some((username, password)),
        _ => {
            let detail = "a SIP endpoint needs both user name and password, of at most 256 bytes: dialled without them";
            warnings.push(Fault::new("/connect/username", "credentials_incomplete", detail));
            None
        }
    }
}

/// What may be dialled of the forward numbers.
fn dialable(fallback: &Fallback, own: &[E164], countries: &[String], warnings: &mut Vec<Fault>) -> Vec<E164> {
    let mut dialable = Vec::new();
    for (index, number) in fallback.forward.iter().copied().enumerate() {
        let fault = if own.contains(&number) {
            Some(Fault::new("", "loop", format!("could not forward to {number}: it leads back to the tenant itself")))
        } else if dialable.len() == RINGING_MAX {
            Some(Fault::new(
                "",
                "too_many",
                format!("could not forward to {number}: one call rings at most {RINGING_MAX} numbers"),
            ))
        } else {
            forward_fault(number, countries)
        };
        match fault {
            None if dialable.contains(&number) => {}
            None => dialable.push(number),
            Some(fault) => {
                let one = fallback.forward.len() == 1;
                let pointer = if one { String::new() } else { format!("/{index}") };
                warnings.push(Fault { pointer: format!("/fallback/forwardNumber{pointer}"), ..fault });
            }
        }
    }
    dialable
}

fn doubt_forward(fallback: &Fallback, ai: Option<&AiLeg>, lonely: bool, warnings: &mut Vec<Fault>) {
    if fallback.forward.is_empty() {
        let detail = "there is no number that may be rung: what follows an unanswered forward comes at once";
        warnings.push(Fault::new("/fallback/forwardNumber", "nothing_to_ring", detail));
    }
    if lonely {
        let detail = "callers who hide their number and calls by SIP cannot be forwarded: no number of the account that carries them can stand in";
        warnings.push(Fault::new("/fallback/type", "no_caller_id", detail));
    }
    let hopeless = match ai {
        None => Some("there is no AI to reach"),
        Some(AiLeg::Redirect) => Some("Vapi's redirect takes only calls that still ring"),
        Some(AiLeg::Sip(_) | AiLeg::Bypass) => None,
    };
    if let (NoAnswer::Ai, Some(why)) = (fallback.no_answer, hopeless) {
        let detail = format!("the AI cannot follow a forward, voicemail does: {why}");
        warnings.push(Fault::new("/fallback/noAnswer", "ai_impossible", detail));
    }
}

fn doubt_transcription(language: Option<&str>, warnings: &mut Vec<Fault>) {
    let detail = "messages longer than 120 s are kept but not transcribed: Twilio does not";
    warnings.push(Fault::new("/fallback/transcribe", "two_minutes_only", detail));
    if language.is_some_and(|language| !language.to_ascii_lowercase().starts_with("en")) {
        let detail = "Twilio transcribes English only: expect nonsense in another language";
        warnings.push(Fault::new("/fallback/transcribe", "english_only", detail));
    }
}

/// A name of a language or voice, if it can be one.
fn voice_name(given: Option<&str>, pointer: &str, warnings: &mut Vec<Fault>) -> Option<Box<str>> {
    let given = given.filter(|name| !name.is_empty())?;
    let fits = given.len() <= VOICE_BYTES_MAX
        && given.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    if !fits {
        warnings.push(Fault::new(
            pointer,
            "not_a_voice",
            "Twilio names languages and voices in letters, digits, dots and hyphens: ignored",
        ));
        return None;
    }
    Some(given.into())
}
