//! What a tenant has to know before it does as its guide says. Only what is true of this one.

use super::facts::{Answers, joined};
use super::settings::fallback;
use super::{Audience, Facts, Method, Warning};
use crate::model::Via;
use crate::model::availability::Mode;

/// Everything this tenant has to know of this method.
pub(super) fn warnings(facts: &Facts<'_>, method: Method) -> Vec<Warning> {
    let answers = facts.answers();
    let found = [
        disabled(&answers),
        circle(facts, &answers, method),
        staff_lines(facts, &answers, method),
        nobody_rings(&answers, method),
        overflow_unseen(facts, &answers, method),
        two_clocks(&answers, method),
        free_number(facts, method),
        no_caller_id(facts, &answers, method),
        abroad(facts, method),
        refer(facts),
    ];
    let told = found.into_iter().flatten();
    told.map(|(code, text)| Warning { code, audience: audience(code), text }).collect()
}

/// A switch in a console is no business of whoever answers the telephone.
fn audience(code: &str) -> Audience {
    if code == "refer" { Audience::Operator } else { Audience::Business }
}

type Found = Option<(&'static str, String)>;

fn disabled(answers: &Answers) -> Found {
    let text = format!("By the settings the AI takes no call: {}, every time.", fallback(answers));
    (answers.mode == Mode::Disabled).then_some(("disabled", text))
}

/// The fallback rings the very number whose calls come here.
fn circle(facts: &Facts<'_>, answers: &Answers, method: Method) -> Found {
    let number = facts.clinic_number().filter(|number| answers.rings().contains(number))?;
    let text = match method {
        Method::Forwarded => format!(
            "A circle: the fallback forwards calls to {number}, and with “Always Forward” they come straight back. \
             Set another number as the fallback, or let callers leave a message, before you forward."
        ),
        Method::Sip => format!(
            "The fallback forwards calls to {number}, which is answered by the telephone system that sent them. Let \
             that number ring staff when the call comes from us, or the call goes in a circle."
        ),
        Method::Ported => format!(
            "A circle: the fallback forwards calls to {number}, which leads here itself once it has moved. Set \
             another number as the fallback before that day."
        ),
    };
    Some(("circle", text))
}

/// Lines the fallback rings must not be sent here as well.
fn staff_lines(facts: &Facts<'_>, answers: &Answers, method: Method) -> Found {
    let mut others = answers.rings().to_vec();
    others.retain(|number| facts.clinic_number() != Some(*number));
    let text = format!(
        "The fallback rings {}. Do not forward those lines here as well: a call nobody takes would come back.",
        joined(&others)
    );
    (method == Method::Forwarded && !others.is_empty()).then_some(("staff_lines", text))
}

/// With every call here and the AI off part of the time, no telephone of the business rings then.
fn nobody_rings(answers: &Answers, method: Method) -> Found {
    let part_time =
        matches!(answers.mode, Mode::AfterHoursOnly | Mode::OverflowOnly | Mode::Scheduled | Mode::Combined);
    if !part_time || !answers.rings().is_empty() {
        return None;
    }
    let then = fallback(answers);
    let text = match method {
        Method::Forwarded => format!(
            "With “Always Forward” none of your telephones rings while the AI is off: {then}. Choose “Forward When \
             Busy/No Answer”, or a fallback that rings staff on another number."
        ),
        Method::Ported => format!(
            "Once the number has moved, none of your telephones rings while the AI is off: {then}. Set a fallback that \
             rings staff on another number first."
        ),
        // Which calls come here is the telephone system's decision.
        Method::Sip => return None,
    };
    Some(("nobody_rings", text))
}

/// Our count knows only calls that come through here.
fn overflow_unseen(facts: &Facts<'_>, answers: &Answers, method: Method) -> Found {
    let marked = facts.lines().any(|line| line.already_overflowed);
    if answers.mode != Mode::OverflowOnly || marked || method == Method::Ported {
        return None;
    }
    let sender = if method == Method::Sip { "telephone system" } else { "carrier" };
    let how = match facts.lines().next() {
        Some(line) => format!(
            "Say alreadyOverflowed of {} (PATCH /api/numbers/{} {{\"alreadyOverflowed\": true}}), or set the mode to \
             always.",
            line.e164, line.id
        ),
        None => "Set the mode to always.".to_owned(),
    };
    let text = format!(
        "If your {sender} sends only what staff could not take, there are no other calls here to count, and the AI \
         never answers (mode overflow-only). {how}"
    );
    Some(("overflow_unseen", text))
}

/// Hours kept here and in the telephone system.
fn two_clocks(answers: &Answers, method: Method) -> Found {
    let by_clock = matches!(answers.mode, Mode::AfterHoursOnly | Mode::Scheduled | Mode::Combined);
    let text = format!(
        "The hours are kept here too: of what your telephone system sends while the AI is off, {}. Let one of the two \
         decide: send every call, or set the mode to always.",
        fallback(answers)
    );
    (method == Method::Sip && by_clock).then_some(("two_clocks", text))
}

/// Twilio never sees the calls of Vapi's own numbers.
fn free_number(facts: &Facts<'_>, method: Method) -> Found {
    let free: Vec<_> = facts.lines().filter(|line| line.is_free()).map(|line| line.e164).collect();
    let text = format!(
        "Do not forward to {}, a free number of Vapi's: it takes no messages, rings no staff first and has no busy \
         tone. The number to forward to is got when the business is deployed.",
        joined(&free)
    );
    (method == Method::Forwarded && !free.is_empty()).then_some(("free_number", text))
}

/// Twilio lets no stranger's number be shown on a call that came by SIP.
fn no_caller_id(facts: &Facts<'_>, answers: &Answers, method: Method) -> Found {
    let text = format!(
        "Staff cannot be rung at {}: Twilio shows no caller's number on calls that came over SIP, and there is none of \
         ours to show in its place. Have a number got for the business, or let callers leave a message.",
        joined(answers.rings())
    );
    (method == Method::Sip && !facts.has_caller_id && !answers.rings().is_empty()).then_some(("no_caller_id", text))
}

/// Twilio's port requests are for the United States.
fn abroad(facts: &Facts<'_>, method: Method) -> Found {
    let country = facts.country.filter(|country| *country != "US")?;
    let text = format!(
        "{} is a number in {country}. Twilio takes port requests of this kind for local and mobile numbers of the \
         United States only: ask Twilio's support how yours can be moved, and forward it meanwhile.",
        facts.known_as()
    );
    (method == Method::Ported).then_some(("abroad", text))
}

/// A leg to the AI over SIP is transferred by REFER, which Twilio refuses unless it is told otherwise.
fn refer(facts: &Facts<'_>) -> Found {
    let text = format!(
        "So that the AI can transfer callers to a person, “SIP REFER” must be switched on in Twilio's console (Voice → \
         Settings), once for the account. {} cannot see whether it is.",
        facts.brand
    );
    (facts.tenant.connect.via == Via::Sip).then_some(("refer", text))
}
