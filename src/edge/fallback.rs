//! `/api/twilio/fallback`: our own answer did not arrive, or Vapi's did not. Asks nobody: the tenant's fallback if it is
//! cached, else a polite sentence.

use crate::directory::Line;
use crate::health::AiDial;
use crate::model::{Arrival, Decision, E164, EndedBy, Reason, SipUri, Verdicts, Via};
use crate::routing::{self, Leg, Step, Walk};
use crate::twiml::{self, Urls, canned};

use super::arriving::{FirstAnswer, takes_messages};
use super::signed::Signed;
use super::{Answer, Edge, Form, call, next, status};

pub(super) async fn answer(edge: &Edge, signed: &Signed<'_>) -> Answer {
    // Our URLs end in what Twilio is to know of its own patience.
    let error_url = signed.get("ErrorUrl").and_then(|url| url.split('#').next()).unwrap_or("");
    let error_code = signed.get("ErrorCode").unwrap_or("none");
    let (error_path, error_query) = error_url.split_once('?').unwrap_or((error_url, ""));
    tracing::error!(
        call_sid = signed.call_sid.as_str(),
        error_code,
        error_path,
        "Twilio could not run an answer and asks the fallback"
    );
    if let Some(parent) = signed.parent() {
        edge.ledger.heard(&parent, (edge.now)()).await;
        return from_cache(edge, signed);
    }
    if let Some(final_status) = signed.final_status() {
        status::end(edge, signed, final_status, EndedBy::Action).await;
        return Answer::twiml(canned::empty());
    }
    let Some(line) = cached(edge, signed) else {
        edge.note(&signed.call_sid, (edge.now)(), "fallback", Some(error_code.to_owned()), None);
        return Answer::twiml(canned::trouble());
    };
    // If the voice request never reached us, the call begins here.
    let arriving = call::arriving(edge, signed, signed.arrival());
    let decision = decision(edge, signed, &line);
    let began = arriving.begin_as(edge, &line, Verdicts::always(decision), None).await;
    let tenant = &began.tenant;
    if !signed.may_speak_for(tenant) {
        // Live already, and another account's.
        return Answer::twiml(canned::trouble());
    }
    edge.ledger.ai_over(&signed.call_sid, arriving.at).await;
    let was_redirected = tenant.script.ai() == Some(Via::Redirect) && began.decision.available;
    if was_redirected && !error_path.contains("/api/twilio/") {
        edge.ai_leg(tenant, &signed.call_sid, "ai", AiDial::Failed, "failed");
    }
    let call = signed.call(arriving.arrival);
    // A step whose callback failed is not walked again, or staff would be rung for ever.
    let mut walk = match step_in(error_query) {
        Some(over) => routing::after(tenant, &over, next::leg(signed), &call),
        None => routing::begin(tenant, decision, &call),
    };
    if walk.step == Step::Ai {
        walk = routing::after(tenant, &walk, Leg::Missed, &call);
    }
    let body = call::render(edge, signed, tenant, &walk, &call).await;
    if began.first {
        let answer = FirstAnswer { decision, others: began.others, step: &walk.spell(), foreign: None };
        arriving.keep(edge, Some(&line), Some(tenant), answer);
    }
    edge.note(&signed.call_sid, (edge.now)(), "fallback", Some(error_code.to_owned()), Some(walk.to_string()));
    Answer::twiml(body)
}

/// The tenant's fallback as far as this process knows it without asking, for whoever has no time left.
pub(super) fn from_cache(edge: &Edge, signed: &Signed<'_>) -> Answer {
    let Some(line) = cached(edge, signed) else { return Answer::twiml(canned::trouble()) };
    let call = signed.call(signed.arrival());
    let walk = routing::begin(&line.tenant, decision(edge, signed, &line), &call);
    Answer::twiml(twiml::render(&line.tenant, &walk, &call, &Urls { base: &signed.base }))
}

fn decision(edge: &Edge, signed: &Signed<'_>, line: &Line) -> Decision {
    Decision::fallback(if takes_messages(line) {
        Reason::VoicemailNumber
    } else if call::arriving(edge, signed, signed.arrival()).is_from_ourselves(line) {
        Reason::Loop
    } else {
        Reason::AiUnavailable
    })
}

fn cached(edge: &Edge, signed: &Signed<'_>) -> Option<Line> {
    let arrival = signed.arrival();
    let line = match arrival {
        Arrival::Sip => edge.directory.cached_by_sip_user(&SipUri::parse(signed.to()).ok()?.user),
        Arrival::Number | Arrival::Vapi => edge.directory.cached_by_number(E164::parse(signed.to()).ok()?),
    };
    line.filter(|line| call::may_carry(signed, line, arrival))
}

/// The step a callback of ours was about.
fn step_in(query: &str) -> Option<Walk> {
    Walk::parse(Form::parse(query.as_bytes()).ok()?.get("w")?)
}
