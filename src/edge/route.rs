//! From a path to its endpoint, with the promises that hold for all of them: a deadline, and an answer after a panic.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use hyper::Method;
use hyper::header::{self, HeaderValue};
use tokio::time::timeout_at;

use crate::telemetry::Endpoint;
use crate::twiml::canned;

use super::signed::{Refused, Signed};
use super::{ANSWER_WITHIN, Answer, BYPASS_ANSWER_WITHIN, Edge, Handler, Incoming, Refusal};
use super::{fallback, next, porting, probes, refer, sip, status, transcription, vapi, voice, voicemail};

fn endpoint(path: &str) -> Option<Endpoint> {
    Some(match path {
        "/api/twilio/voice" => Endpoint::Voice,
        "/api/twilio/sip" => Endpoint::Sip,
        "/api/twilio/next" => Endpoint::Next,
        "/api/twilio/refer" => Endpoint::Refer,
        "/api/twilio/status" => Endpoint::Status,
        "/api/twilio/voicemail" => Endpoint::Voicemail,
        "/api/twilio/voicemail/done" => Endpoint::VoicemailDone,
        "/api/twilio/transcription" => Endpoint::Transcription,
        "/api/twilio/fallback" => Endpoint::Fallback,
        "/api/vapi/webhook" => Endpoint::VapiWebhook,
        "/api/twilio/porting" => Endpoint::Porting,
        _ => return None,
    })
}

/// A person listens to what these answer: it is TwiML whatever fails.
fn speaks(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::Voice
            | Endpoint::Sip
            | Endpoint::Next
            | Endpoint::Refer
            | Endpoint::VoicemailDone
            | Endpoint::Fallback
    )
}

impl Handler for Edge {
    async fn answer(&self, request: &Incoming) -> Answer {
        let endpoint = endpoint(request.path());
        let answer = match endpoint {
            Some(endpoint) => self.at(endpoint, request).await,
            None => probes::answer(self, request),
        };
        self.metrics.webhook(endpoint.unwrap_or(Endpoint::Other), answer.status, request.arrived.elapsed());
        answer
    }

    fn refused(&self, why: Refusal) {
        self.metrics.refused(why.label());
        tracing::debug!(why = why.label(), "refused before it was a request");
    }

    fn panicked(&self, path: &str) -> Answer {
        let endpoint = endpoint(path);
        let answer = match endpoint {
            Some(Endpoint::VapiWebhook) => vapi::trouble(),
            Some(endpoint) if speaks(endpoint) => Answer::twiml(canned::trouble()),
            Some(_) => Answer::empty(503),
            None => Answer::text(500, "internal error"),
        };
        // How long it took is lost with the handler; that it was answered must not be.
        self.metrics.webhook(endpoint.unwrap_or(Endpoint::Other), answer.status, Duration::ZERO);
        answer
    }
}

impl Edge {
    async fn at(&self, endpoint: Endpoint, request: &Incoming) -> Answer {
        if endpoint == Endpoint::VapiWebhook {
            return Box::pin(vapi::webhook(self, request)).await;
        }
        if request.method != Method::POST && request.method != Method::GET {
            return not_allowed("GET, POST");
        }
        if endpoint == Endpoint::Porting {
            return porting::answer(self);
        }
        let signed = match self.signed(request).await {
            Ok(signed) => signed,
            Err(Refused::Because(answer)) => return answer,
            // The account is not cached and the store is away: nobody can say whether Twilio called.
            // Sentences and goodbyes harm nobody; what is to be kept is asked for again.
            Err(Refused::Unknowable) if speaks(endpoint) => return Answer::twiml(canned::trouble()),
            Err(Refused::Unknowable) => return Answer::empty(503),
        };
        let signed = &signed;
        // Every connection has room for the largest of these: what is not every call's is boxed.
        match endpoint {
            Endpoint::Voice => self.in_time(signed, voice::answer(self, signed)).await,
            Endpoint::Status => status::answer(self, signed).await,
            Endpoint::Sip => Box::pin(self.in_time(signed, sip::answer(self, signed))).await,
            Endpoint::Next => Box::pin(self.in_time(signed, next::answer(self, signed))).await,
            Endpoint::Refer => Box::pin(self.in_time(signed, refer::answer(self, signed))).await,
            Endpoint::Fallback => Box::pin(self.in_time(signed, fallback::answer(self, signed))).await,
            Endpoint::VoicemailDone => Box::pin(voicemail::done(self, signed)).await,
            Endpoint::Voicemail => Box::pin(voicemail::recorded(self, signed)).await,
            Endpoint::Transcription => Box::pin(transcription::answer(self, signed)).await,
            Endpoint::VapiWebhook | Endpoint::Porting | Endpoint::Other => Answer::text(404, "not found"),
        }
    }

    /// Waits for an answer as long as a caller should; then the tenant's fallback if it is cached, else a sentence.
    async fn in_time(&self, signed: &Signed<'_>, answer: impl Future<Output = Answer>) -> Answer {
        let mut answer = pin!(answer);
        if let Ok(answer) = timeout_at(signed.until(ANSWER_WITHIN), &mut answer).await {
            return answer;
        }
        if signed.asks_vapi()
            && let Ok(answer) = timeout_at(signed.until(BYPASS_ANSWER_WITHIN), &mut answer).await
        {
            return answer;
        }
        tracing::error!(call_sid = signed.call_sid.as_str(), "no answer in time, the fallback speaks");
        fallback::from_cache(self, signed)
    }
}

/// There is something here, but not for this method.
pub(super) fn not_allowed(methods: &'static str) -> Answer {
    Answer::text(405, "method not allowed").with_header(header::ALLOW, HeaderValue::from_static(methods))
}
