//! `/api/twilio/refer`: the AI hands the caller to a person, under the rules of a forward.

use crate::health::AiDial;
use crate::model::EndedBy;
use crate::routing::{self, Leg, Step};
use crate::twiml::canned;

use super::signed::Signed;
use super::{Answer, Edge, next, status};

pub(super) async fn answer(edge: &Edge, signed: &Signed<'_>) -> Answer {
    let at = match next::whereabouts(edge, signed).await {
        Ok(at) => at,
        Err(answer) => return answer,
    };
    let now = (edge.now)();
    edge.ledger.ai_over(&at.sid, now).await;
    if at.walk.step == Step::Ai {
        edge.ai_leg(&at.tenant, &at.sid, &at.walk.to_string(), AiDial::Answered, "answered");
    }
    if signed.parent().is_none()
        && let Some(final_status) = signed.final_status()
    {
        status::end(edge, signed, final_status, EndedBy::Action).await;
        return Answer::twiml(canned::empty());
    }
    let call = signed.call(signed.arrival());
    let wanted = signed.get("ReferTransferTarget").unwrap_or("");
    let (walk, outcome) = match routing::refer(&at.tenant, &at.walk, wanted, &call) {
        Ok(walk) => (walk, "accepted"),
        Err(fault) => {
            tracing::warn!(
                tenant = at.tenant.slug(),
                code = fault.code,
                call_sid = at.sid.as_str(),
                "the AI's transfer was refused"
            );
            (routing::after(&at.tenant, &at.walk, Leg::Missed, &call), "refused")
        }
    };
    let (walk, body) = next::take_step(edge, signed, &at.tenant, walk, &call).await;
    edge.note(&at.sid, now, "refer", Some(outcome.to_owned()), Some(walk.to_string()));
    Answer::twiml(body)
}
