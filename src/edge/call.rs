//! The first answer to a call that Twilio brings: whose it is, whether the AI takes it, and what the caller hears.
//!
//! Two awaits at most touch anything outside this task: the directory (on a miss) and the ledger.

use bytes::Bytes;

use crate::calls::Began;
use crate::directory::{Found, Line};
use crate::model::{Arrival, Decision, Reason, Via};
use crate::routing::guard::caller_number;
use crate::routing::{self, Call, CompiledTenant, Step, Walk};
use crate::twiml::{self, Urls, canned};

use super::arriving::{Arriving, FirstAnswer};
use super::signed::Signed;
use super::{Answer, Edge, bypass, next};

/// Answers a voice request whose line was looked up.
pub(super) async fn answer(edge: &Edge, signed: &Signed<'_>, line: Found<Line>, arrival: Arrival) -> Answer {
    let arriving = arriving(edge, signed, arrival);
    let line = match line {
        Found::Known(line) if may_carry(signed, &line, arrival) => line,
        Found::Known(_) | Found::Unknown => return unknown(edge, &arriving),
        Found::Trouble => return Answer::twiml(canned::trouble()),
    };
    if let Some(parent) = signed.parent() {
        edge.ledger.heard(&parent, arriving.at).await;
        return Box::pin(leg_of_another_call(edge, signed, &arriving, &line)).await;
    }
    let began = arriving.begin(edge, &line).await;
    if !signed.may_speak_for(&began.tenant) {
        // Live already, and another account's.
        return unknown(edge, &arriving);
    }
    let FirstStep { decision, walk, body, foreign } = first_step(edge, signed, &began, &signed.call(arrival)).await;
    if began.first {
        let answer =
            FirstAnswer { decision, others: began.others, step: &walk.spell(), foreign: foreign.then_some(&body[..]) };
        arriving.keep(edge, Some(&line), Some(&began.tenant), answer);
    }
    Answer::twiml(body)
}

/// This request as a call that begins.
pub(super) fn arriving<'a>(edge: &Edge, signed: &'a Signed, arrival: Arrival) -> Arriving<'a> {
    Arriving {
        sid: &signed.call_sid,
        from: signed.from(),
        caller: caller_number(signed.from()),
        to: signed.to(),
        forwarded_from: signed.forwarded_from(),
        account: Some(signed.account_sid()),
        arrival,
        at: (edge.now)(),
        arrived: signed.arrived,
        request_id: signed.request_id,
    }
}

/// A number of one account is nobody's number to another: whoever signs may be anybody's customer. By SIP it is the
/// domain's owner who signs, whatever number the PBX names.
pub(super) fn may_carry(signed: &Signed<'_>, line: &Line, arrival: Arrival) -> bool {
    match line.number().and_then(|number| number.account_sid.as_ref()) {
        Some(own) if arrival != Arrival::Sip => own == signed.account_sid(),
        _ if arrival == Arrival::Sip => signed.may_speak_for(&line.tenant),
        _ => line.tenant.takes_calls_of(signed.account_sid()),
    }
}

/// Renders a step, and tells the ledger what it does to the call.
pub(super) async fn render(
    edge: &Edge,
    signed: &Signed<'_>,
    tenant: &CompiledTenant,
    walk: &Walk,
    call: &Call<'_>,
) -> Bytes {
    let ringing = tenant.script.ringing(walk);
    if !ringing.is_empty() {
        edge.ledger.ringing(&signed.call_sid, ringing, (edge.now)()).await;
    }
    if walk.hangs_up() {
        edge.ledger.hanging_up(&signed.call_sid, (edge.now)()).await;
    }
    twiml::render(tenant, walk, call, &Urls { base: &signed.base })
}

/// How a call is answered first.
struct FirstStep {
    decision: Decision,
    walk: Walk,
    body: Bytes,
    /// It cannot be rendered again: it came from elsewhere, or hung on a breaker that may stand otherwise by then.
    foreign: bool,
}

async fn first_step(edge: &Edge, signed: &Signed<'_>, began: &Began, call: &Call<'_>) -> FirstStep {
    let tenant = &began.tenant;
    let mut decision = began.decision;
    let mut walk = routing::begin(tenant, decision, call);
    match (&walk.step, decision.available, tenant.script.ai()) {
        (Step::Ai, true, Some(Via::Bypass)) => {
            if let Some(body) = Box::pin(bypass::first_answer(edge, signed, began)).await {
                return FirstStep { decision, walk, body, foreign: true };
            }
            // Kept as it was answered: after a restart a repeated request must not ask Vapi again.
            decision = Decision::fallback(Reason::AiUnavailable);
            walk = routing::begin(tenant, decision, call);
        }
        // A forward that can ring nobody, whose settings then want the AI after all: it was not admitted yet.
        (Step::Ai, false, _) => {
            let first = walk.clone();
            let step = async {
                let (taken, body) = next::take_step(edge, signed, tenant, first, call).await;
                walk = taken;
                body
            };
            let kept = edge.ledger.foreign_answer(&signed.call_sid).await;
            let body = Box::pin(kept.get_or_init(|| step)).await.clone();
            edge.ledger.foreign_answer_is_kept(&signed.call_sid).await;
            return FirstStep { decision, walk, body, foreign: true };
        }
        _ => {}
    }
    let body = render(edge, signed, tenant, &walk, call).await;
    FirstStep { decision, walk, body, foreign: false }
}

/// A dialled leg that asks for instructions as if it were a call: it gets the tenant's answer and counts nowhere.
async fn leg_of_another_call(edge: &Edge, signed: &Signed<'_>, arriving: &Arriving<'_>, line: &Line) -> Answer {
    let tenant = &line.tenant;
    let others = edge.ledger.others(tenant.id()).await;
    let picked = arriving.verdicts(edge, line).await.pick(others);
    // The AI is not dialled for a leg nobody counts: it would hold a line that nothing frees.
    let decision = if picked.available { Decision::fallback(Reason::Loop) } else { picked };
    let call = signed.call(arriving.arrival);
    let walk = routing::begin(tenant, decision, &call);
    Answer::twiml(twiml::render(tenant, &walk, &call, &Urls { base: &signed.base }))
}

fn unknown(edge: &Edge, arriving: &Arriving<'_>) -> Answer {
    let decision = Decision::fallback(Reason::UnknownNumber);
    let answer = FirstAnswer { decision, others: 0, step: "unknown-number", foreign: None };
    arriving.keep(edge, None, None, answer);
    Answer::twiml(if edge.settings.reject_unknown_numbers {
        canned::reject()
    } else if arriving.arrival == Arrival::Sip {
        canned::unknown_sip_name()
    } else {
        canned::unknown_number()
    })
}
