//! The answer to "should the AI take this call?", and every reason there is for it.

use serde::{Deserialize, Serialize};

/// Why a call goes where it goes. The same word names the metric label, the log field and the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each variant is its own sentence; CONTRACT words")]
pub enum Reason {
    AlwaysOn,
    Disabled,
    AfterHours,
    BusinessHours,
    Overflow,
    UnderCapacity,
    ScheduledOn,
    ScheduledOff,
    NoneMatched,
    HoursMissing,
    OverrideOn,
    OverrideOff,
    AiUnavailable,
    AiFull,
    BlockedCaller,
    DirectCaller,
    Loop,
    NotConfigured,
    UnknownNumber,
    /// The number called is the tenant's line for voicemail; nothing was decided.
    VoicemailNumber,
}

impl Reason {
    /// Every reason, in the order of the contract.
    pub const ALL: [Reason; 20] = [
        Reason::AlwaysOn,
        Reason::Disabled,
        Reason::AfterHours,
        Reason::BusinessHours,
        Reason::Overflow,
        Reason::UnderCapacity,
        Reason::ScheduledOn,
        Reason::ScheduledOff,
        Reason::NoneMatched,
        Reason::HoursMissing,
        Reason::OverrideOn,
        Reason::OverrideOff,
        Reason::AiUnavailable,
        Reason::AiFull,
        Reason::BlockedCaller,
        Reason::DirectCaller,
        Reason::Loop,
        Reason::NotConfigured,
        Reason::UnknownNumber,
        Reason::VoicemailNumber,
    ];

    /// The word the outside sees.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::AlwaysOn => "always-on",
            Reason::Disabled => "disabled",
            Reason::AfterHours => "after-hours",
            Reason::BusinessHours => "business-hours",
            Reason::Overflow => "overflow",
            Reason::UnderCapacity => "under-capacity",
            Reason::ScheduledOn => "scheduled-on",
            Reason::ScheduledOff => "scheduled-off",
            Reason::NoneMatched => "none-matched",
            Reason::HoursMissing => "hours-missing",
            Reason::OverrideOn => "override-on",
            Reason::OverrideOff => "override-off",
            Reason::AiUnavailable => "ai-unavailable",
            Reason::AiFull => "ai-full",
            Reason::BlockedCaller => "blocked-caller",
            Reason::DirectCaller => "direct-caller",
            Reason::Loop => "loop",
            Reason::NotConfigured => "not-configured",
            Reason::UnknownNumber => "unknown-number",
            Reason::VoicemailNumber => "voicemail-number",
        }
    }
}

/// Whether the AI answers, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// True if the AI should answer.
    pub available: bool,
    /// The rule that settled it.
    pub reason: Reason,
}

impl Decision {
    /// The AI answers.
    pub const fn ai(reason: Reason) -> Decision {
        Decision { available: true, reason }
    }

    /// The tenant's fallback takes the call.
    pub const fn fallback(reason: Reason) -> Decision {
        Decision { available: false, reason }
    }
}

/// The engine's two answers for one instant: with fewer other calls than the threshold, and with at least as many.
///
/// The ledger counts and picks in one atomic step; where `below` equals `at` no count matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdicts {
    /// The answer while fewer than `threshold` other calls are not with the AI.
    pub below: Decision,
    /// The answer from `threshold` on.
    pub at: Decision,
    /// How many other calls it takes.
    pub threshold: u32,
}

impl Verdicts {
    /// One answer whatever the count.
    pub const fn always(decision: Decision) -> Verdicts {
        Verdicts { below: decision, at: decision, threshold: u32::MAX }
    }

    /// The answer for a known count.
    pub fn pick(self, others: u32) -> Decision {
        if others >= self.threshold { self.at } else { self.below }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_written_alike_in_json_metrics_and_logs() {
        for reason in Reason::ALL {
            let json = serde_json::to_string(&reason).expect("serialises");
            assert_eq!(json, format!("\"{}\"", reason.as_str()));
        }
    }
}
