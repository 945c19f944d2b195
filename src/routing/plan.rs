//! The steps a call walks: where it begins, and what follows a leg that came to nothing.
//!
//! Each step is walked at most once a call; then voicemail if not yet tried, then hang up.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use crate::model::{Arrival, Decision, E164, FallbackKind, Fault, NoAnswer, Reason, SipUri, as_e164, is_withheld};

use super::CompiledTenant;
use super::dialing::forward_fault;
use super::script::{AiLeg, Script};

/// What a step needs to know of the call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Twilio's CallSid.
    pub sid: &'a str,
    /// The account that carries it.
    pub account: &'a str,
    /// The caller as Twilio wrote it.
    pub from: &'a str,
    /// How it reached us.
    pub arrival: Arrival,
}

/// One step of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Connect to Vapi.
    Ai,
    /// Ring the fallback's numbers.
    Forward,
    /// Ring one number the AI hands the caller to.
    Refer(E164),
    /// Take a message.
    Voicemail,
    /// The sentence, then hang up.
    Busy,
    /// A true busy tone; only as the first answer.
    Reject,
    /// Hang up.
    HangUp,
}

impl Step {
    /// The word for logs and records.
    pub fn as_str(&self) -> &'static str {
        match self {
            Step::Ai => "ai",
            Step::Forward => "forward",
            Step::Refer(_) => "refer",
            Step::Voicemail => "voicemail",
            Step::Busy => "busy",
            Step::Reject => "reject",
            Step::HangUp => "hang-up",
        }
    }
}

/// Where a call is and what it has tried; rides in the callback URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// The step to answer now.
    pub step: Step,
    /// The steps before it.
    tried: Tried,
}

/// The steps that can be tried, each under the letter that rides in the URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tried(u8);

impl Tried {
    const LETTERS: [u8; 5] = *b"afrvb";

    fn bit(step: &Step) -> u8 {
        match step {
            Step::Ai => 1,
            Step::Forward => 2,
            Step::Refer(_) => 4,
            Step::Voicemail => 8,
            Step::Busy => 16,
            // Nothing follows these, so nobody asks whether they were tried.
            Step::Reject | Step::HangUp => 0,
        }
    }

    fn has(self, step: &Step) -> bool {
        self.0 & Tried::bit(step) != 0
    }

    fn with(self, step: &Step) -> Tried {
        Tried(self.0 | Tried::bit(step))
    }

    fn letters(self) -> impl Iterator<Item = char> {
        let tried = move |(place, _): &(usize, u8)| self.0 & (1 << place) != 0;
        Tried::LETTERS.into_iter().enumerate().filter(tried).map(|(_, letter)| char::from(letter))
    }

    /// Reads letters in their order, none twice.
    fn read(letters: &str) -> Option<Tried> {
        let mut tried = 0u8;
        for letter in letters.bytes() {
            let bit = 1 << Tried::LETTERS.iter().position(|known| *known == letter)?;
            if tried >= bit {
                return None;
            }
            tried |= bit;
        }
        (tried != 0).then_some(Tried(tried))
    }
}

impl Walk {
    /// A walk that begins with this step.
    pub fn first(step: Step) -> Walk {
        Walk { step, tried: Tried::default() }
    }

    /// This walk, one step on.
    fn then(&self, step: Step) -> Walk {
        Walk { step, tried: self.tried.with(&self.step) }
    }

    fn has_walked(&self, step: &Step) -> bool {
        self.tried.with(&self.step).has(step)
    }

    /// True while nothing else was answered in this call.
    pub fn is_first(&self) -> bool {
        self.tried == Tried::default()
    }

    /// True if the answer to this step hangs up or rejects by itself.
    pub fn hangs_up(&self) -> bool {
        matches!(self.step, Step::Busy | Step::Reject | Step::HangUp)
    }

    /// The same, without memory of its own for a call's first step, which nearly always is one of a few words.
    pub fn spell(&self) -> Cow<'static, str> {
        match self.step {
            Step::Refer(_) => self.to_string().into(),
            _ if self.is_first() => self.step.as_str().into(),
            _ => self.to_string().into(),
        }
    }

    /// Reads it back; none if it is not ours.
    pub fn parse(text: &str) -> Option<Walk> {
        let (step, tried) = match text.split_once('.') {
            Some((step, letters)) => (step, Tried::read(letters)?),
            None => (text, Tried::default()),
        };
        let step = match step {
            "ai" => Step::Ai,
            "forward" => Step::Forward,
            "voicemail" => Step::Voicemail,
            "busy" => Step::Busy,
            "reject" => Step::Reject,
            "hang-up" => Step::HangUp,
            _ => Step::Refer(as_e164(&format!("+{}", step.strip_prefix("refer-")?))?),
        };
        (!tried.has(&step)).then_some(Walk { step, tried })
    }
}

/// The text that rides in the URL, unreserved characters only: `voicemail.af`, `refer-16475550123.a`.
impl fmt::Display for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.step.as_str())?;
        if let Step::Refer(number) = self.step {
            write!(f, "-{}", &number.to_string()[1..])?;
        }
        if !self.is_first() {
            f.write_str(".")?;
            self.tried.letters().try_for_each(|letter| f.write_char(letter))?;
        }
        Ok(())
    }
}

/// How a dialled leg came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// `completed` or `answered`: somebody talked.
    Answered,
    /// `busy`, `failed`, `no-answer`, `canceled`, or a word we do not know.
    Missed,
}

impl Leg {
    /// Reads Twilio's `DialCallStatus`.
    pub fn from_status(dial_call_status: &str) -> Leg {
        match dial_call_status {
            "completed" | "answered" => Leg::Answered,
            _ => Leg::Missed,
        }
    }

    /// Reads `DialCallStatus` with `DialBridged`: whoever picked up but was never connected, because no key was
    /// pressed, has not answered.
    pub fn from_dial(dial_call_status: &str, dial_bridged: Option<&str>) -> Leg {
        match dial_bridged {
            Some("false") => Leg::Missed,
            _ => Leg::from_status(dial_call_status),
        }
    }
}

/// Whose number a forwarded call shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerId {
    /// The caller's own; Twilio's default.
    TheCallers,
    /// One of ours, because Twilio would refuse the caller's.
    Ours(E164),
}

/// The first step of a call.
pub fn begin(tenant: &CompiledTenant, decision: Decision, call: &Call<'_>) -> Walk {
    tenant.script.begin(decision, call)
}

/// The step after a leg.
pub fn after(tenant: &CompiledTenant, walk: &Walk, leg: Leg, call: &Call<'_>) -> Walk {
    tenant.script.after(walk, leg, call)
}

/// Where the AI may hand a caller to: the rules of a forward. Errors name what forbids it.
pub fn refer(tenant: &CompiledTenant, walk: &Walk, target: &str, call: &Call<'_>) -> Result<Walk, Fault> {
    tenant.script.refer(walk, target, call)
}

impl Script {
    /// The first step of a call.
    pub fn begin(&self, decision: Decision, call: &Call<'_>) -> Walk {
        let straight_to_voicemail = matches!(decision.reason, Reason::Loop | Reason::VoicemailNumber);
        if straight_to_voicemail {
            return Walk::first(Step::Voicemail);
        }
        if decision.available && (self.is_possible(&Step::Ai, call) || self.can_redirect(call)) {
            return Walk::first(Step::Ai);
        }
        // A forward that cannot ring is passed over; so is the AI after it where it was just found to be away.
        let ai_is_away = matches!(decision.reason, Reason::AiUnavailable | Reason::AiFull | Reason::NotConfigured);
        let next = self
            .fallback_steps()
            .into_iter()
            .find(|step| self.is_possible(step, call) && !(ai_is_away && *step == Step::Ai));
        Walk::first(match next.unwrap_or(Step::Voicemail) {
            Step::Busy if self.fallback.reject => Step::Reject,
            step => step,
        })
    }

    /// The step after a leg.
    pub fn after(&self, walk: &Walk, leg: Leg, call: &Call<'_>) -> Walk {
        if leg == Leg::Answered {
            return walk.then(Step::HangUp);
        }
        let wanted = match walk.step {
            Step::Ai | Step::Refer(_) => self.fallback_steps(),
            Step::Forward => [self.no_answer_step(), Step::Voicemail],
            Step::Voicemail | Step::Busy | Step::Reject | Step::HangUp => return walk.then(Step::HangUp),
        };
        let next = wanted
            .into_iter()
            .chain([Step::Voicemail])
            .find(|step| !walk.has_walked(step) && self.is_possible(step, call));
        walk.then(next.unwrap_or(Step::HangUp))
    }

    /// The step that rings whom the AI hands the caller to.
    pub fn refer(&self, walk: &Walk, target: &str, call: &Call<'_>) -> Result<Walk, Fault> {
        let refused = |code: &str, detail: String| Err(Fault::new("", code, detail));
        let Some(number) = refer_number(target) else {
            return refused("not_a_number", "could not transfer: the target names no E.164 number".to_owned());
        };
        let next = Step::Refer(number);
        if walk.step != Step::Ai || walk.has_walked(&next) {
            return refused("not_with_ai", format!("could not transfer to {number}: the call is not with the AI"));
        }
        if self.own.contains(&number) {
            return refused("loop", format!("could not transfer to {number}: it leads back to the tenant itself"));
        }
        if let Some(fault) = forward_fault(number, &self.countries) {
            return Err(fault);
        }
        if self.caller_id(call).is_none() {
            let detail =
                format!("could not transfer to {number}: no number of the account can stand in for the caller's");
            return refused("no_caller_id", detail);
        }
        Ok(walk.then(next))
    }

    /// The numbers that ring while a call is at this step.
    pub fn ringing<'a>(&'a self, walk: &'a Walk) -> &'a [E164] {
        match &walk.step {
            Step::Forward => &self.fallback.forward,
            Step::Refer(number) => std::slice::from_ref(number),
            _ => &[],
        }
    }

    /// Whose number a forwarded call shows; none if Twilio would refuse every one there is.
    ///
    /// A number of the account that carries the call is always allowed. The caller's own is, unless it is hidden or
    /// the call came by SIP.
    pub fn caller_id(&self, call: &Call<'_>) -> Option<CallerId> {
        let showable = call.arrival != Arrival::Sip && as_e164(call.from).is_some() && !is_withheld(call.from);
        if showable {
            return Some(CallerId::TheCallers);
        }
        let stand_in = self.stand_ins.iter().find(|one| one.account.as_str() == call.account)?;
        Some(CallerId::Ours(stand_in.number))
    }

    /// The fallback, and what follows where it cannot be.
    fn fallback_steps(&self) -> [Step; 2] {
        match self.fallback.kind {
            FallbackKind::Voicemail => [Step::Voicemail, Step::Voicemail],
            FallbackKind::Forward => [Step::Forward, self.no_answer_step()],
            FallbackKind::BusySignal => [Step::Busy, Step::Voicemail],
        }
    }

    fn no_answer_step(&self) -> Step {
        match self.fallback.no_answer {
            NoAnswer::Voicemail => Step::Voicemail,
            NoAnswer::BusySignal => Step::Busy,
            NoAnswer::Ai => Step::Ai,
        }
    }

    /// Can this step be walked at any point of a call?
    fn is_possible(&self, step: &Step, call: &Call<'_>) -> bool {
        match step {
            Step::Ai => match self.ai_leg() {
                Some(AiLeg::Sip(_)) => true,
                // Vapi is told the number called, which a call by SIP has not.
                Some(AiLeg::Bypass) => call.arrival == Arrival::Number,
                // Vapi's redirect takes only calls that still ring.
                Some(AiLeg::Redirect) | None => false,
            },
            Step::Forward => !self.fallback.forward.is_empty() && self.caller_id(call).is_some(),
            Step::Refer(_) | Step::Voicemail | Step::Busy | Step::Reject | Step::HangUp => true,
        }
    }

    /// Can the call be redirected to Vapi as its first step?
    fn can_redirect(&self, call: &Call<'_>) -> bool {
        matches!(self.ai_leg(), Some(AiLeg::Redirect)) && call.arrival == Arrival::Number
    }
}

/// The number in `sip:+1647…@…`, `tel:+1-647-…;ext=1`, `<…>`.
fn refer_number(target: &str) -> Option<E164> {
    let bare = match target.split_once('<') {
        Some((_, inside)) => inside.split_once('>')?.0,
        None => target,
    };
    let bare = bare.trim();
    let user = match bare.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => bare[4..].split([';', '?']).next()?.to_owned(),
        _ if bare.contains('@') => SipUri::parse(bare).ok()?.user,
        _ => bare.to_owned(),
    };
    let plus = user.strip_prefix("%2B").or_else(|| user.strip_prefix("%2b")).map(|digits| format!("+{digits}"));
    let written = plus.unwrap_or(user);
    let digits: String = written.chars().filter(|letter| !matches!(letter, '-' | '.' | '(' | ')' | ' ')).collect();
    as_e164(&digits)
}

#[cfg(test)]
mod tests;
