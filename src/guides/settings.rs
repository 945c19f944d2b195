//! What the tenant's settings make of a call, in words of the business.

use super::facts::{Answers, joined};
use crate::model::FallbackKind;
use crate::model::availability::Mode;

/// What happens to a call the AI does not take.
pub(super) fn fallback(answers: &Answers) -> String {
    match answers.fallback.kind {
        FallbackKind::Voicemail => "callers leave a message".to_owned(),
        FallbackKind::Forward => format!("callers are connected to {}", joined(&answers.fallback.forward)),
        FallbackKind::BusySignal => "callers hear that nobody can come to the phone".to_owned(),
    }
}

/// Who answers a call that comes here: the end of a sentence.
pub(super) fn who_answers(answers: &Answers) -> String {
    let fallback = fallback(answers);
    match answers.mode {
        Mode::Always => "the AI answers, at any time.".to_owned(),
        Mode::AfterHoursOnly => {
            format!("outside your business hours the AI answers; during business hours {fallback}.")
        }
        Mode::OverflowOnly => {
            format!("the AI answers from {} calls under way at once on; below that {fallback}.", answers.threshold)
        }
        Mode::Scheduled => format!("the AI answers when your schedule says so; at other times {fallback}."),
        Mode::Combined => {
            format!("the AI answers as your hours, your schedule and busy lines say together; otherwise {fallback}.")
        }
        Mode::Disabled => format!("the AI is switched off: {fallback}."),
    }
}
