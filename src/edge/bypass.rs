//! `connect.via: bypass`: Vapi is asked first, and its own TwiML is the answer.
//!
//! The one place where a voice answer waits for somebody else. The client holds the deadline and ends a call that
//! comes too late; a repeated request waits for the first one's answer instead of creating a second call.

use std::time::Duration;

use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::events::Event;
use tokio::time::timeout_at;

use crate::calls::Began;
use crate::health::AiDial;
use crate::model::Target;
use crate::providers::{BypassCall, Vapi};
use crate::routing::{CompiledTenant, Step, Walk};

use super::signed::Signed;
use super::{BYPASS_ANSWER_WITHIN, Edge};

/// What is left of the deadline for the fallback's own answer.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Longest document Twilio runs.
const TWIML_BYTES_MAX: usize = 64_000;

/// Vapi's TwiML for the first answer of a call; none if the AI could not be had.
pub(super) async fn first_answer(edge: &Edge, signed: &Signed<'_>, began: &Began) -> Option<Bytes> {
    // A repeated request waits for the first one's answer, and as long.
    signed.will_ask_vapi();
    let walk = Walk::first(Step::Ai);
    let kept = edge.ledger.foreign_answer(&signed.call_sid).await;
    let twiml = kept.get_or_init(|| ask(edge, signed, &began.tenant, &walk)).await;
    edge.ledger.foreign_answer_is_kept(&signed.call_sid).await;
    // Empty stands for "could not be had": that answer is given again as well.
    (!twiml.is_empty()).then(|| twiml.clone())
}

/// Vapi's TwiML; empty if the AI could not be had.
pub(super) async fn ask(edge: &Edge, signed: &Signed<'_>, tenant: &CompiledTenant, walk: &Walk) -> Bytes {
    let (Some(vapi), Some(target)) = (&edge.vapi, &tenant.target) else { return Bytes::new() };
    signed.will_ask_vapi();
    let creating = create(vapi, signed, tenant, target);
    let twiml = timeout_at(signed.until(BYPASS_ANSWER_WITHIN - LAST_WORDS), creating).await.ok().flatten();
    let (outcome, word) = if twiml.is_some() { (AiDial::Answered, "answered") } else { (AiDial::Failed, "failed") };
    edge.ai_leg(tenant, &signed.call_sid, &walk.to_string(), outcome, word);
    if twiml.is_none() {
        edge.ledger.ai_over(&signed.call_sid, (edge.now)()).await;
    }
    twiml.unwrap_or_default()
}

async fn create(vapi: &Vapi, signed: &Signed<'_>, tenant: &CompiledTenant, target: &Target) -> Option<Bytes> {
    let variables =
        [("tenant", tenant.id().as_str()), ("callsid", signed.call_sid.as_str()), ("business", tenant.name())];
    let call = BypassCall {
        target,
        number: signed.to(),
        account: &signed.account.twilio,
        from: signed.from(),
        variables: &variables,
    };
    let failure = match vapi.bypass(&call).await {
        Ok(bypassed) if is_twiml(&bypassed.twiml) => return Some(Bytes::from(bypassed.twiml)),
        Ok(bypassed) => {
            // Nobody will connect it, so nobody should pay for it.
            let vapi = vapi.clone();
            tokio::spawn(async move { vapi.end(&bypassed.call_id).await });
            "its answer is no TwiML that Twilio would run".to_owned()
        }
        Err(failure) => failure.to_string(),
    };
    tracing::warn!(
        failure,
        tenant = tenant.slug(),
        call_sid = signed.call_sid.as_str(),
        "Vapi took no call, the fallback does"
    );
    None
}

/// A document Twilio would begin to run: small enough, well formed, its root a `<Response>`.
fn is_twiml(text: &str) -> bool {
    if text.len() >= TWIML_BYTES_MAX {
        return false;
    }
    let mut reader = Reader::from_str(text);
    let (mut depth, mut roots) = (0u32, 0u32);
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                if depth == 0 {
                    roots += 1;
                    if roots > 1 || tag.name().as_ref() != "Response" {
                        return false;
                    }
                }
                depth += 1;
            }
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Eof) => return depth == 0 && roots == 1,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_response_that_fits_is_taken_from_vapi() {
        let connect = r#"<Response><Connect><Stream url="wss://media.example.com/v1"/></Connect></Response>"#;
        let declared = format!(r#"<?xml version="1.0" encoding="UTF-8"?>{connect}"#);
        let long = format!("<Response><Say>{}</Say></Response>", "a".repeat(TWIML_BYTES_MAX));
        for (text, taken) in [
            (connect, true),
            (&declared, true),
            ("", false),
            ("null", false),
            ("<html></html>", false),
            ("<Response>", false),
            ("<Response></Connect>", false),
            ("<Response></Response><Response></Response>", false),
            (&long, false),
        ] {
            assert_eq!(is_twiml(text), taken, "{text:.80}");
        }
    }
}
