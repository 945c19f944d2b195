//! How far a port is, in words of ours. Twilio's vary in case and separators, from one answer to the next and from its
//! pages to its examples, and new ones may come.

/// How much of a word we do not know is kept.
const WORD_CHARS_MAX: usize = 64;

/// How far a request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortStatus {
    /// It was taken in, and nobody has looked at it.
    Pending,
    /// Twilio looks at it.
    InReview,
    /// The letter that authorizes it waits for its signature.
    WaitingForSignature,
    /// The carrier that loses the number has it.
    InProgress,
    /// Somebody must mend it: a number was rejected.
    ActionRequired,
    /// Every number has come, or was canceled.
    Completed,
    /// Nobody signed in time.
    Expired,
    /// It was called off.
    Canceled,
    /// A word we do not know: no definite answer.
    Unknown(String),
}

/// How far one number of a request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortNumberStatus {
    /// Twilio looks at it.
    InReview,
    /// The letter that authorizes it waits for its signature.
    WaitingForSignature,
    /// The carrier that loses it was asked.
    Submitted,
    /// That carrier agreed, and there is a date.
    Pending,
    /// That carrier refused.
    Rejected,
    /// It has come.
    Completed,
    /// It is being called off.
    Canceling,
    /// It was called off.
    Canceled,
    /// A word we do not know: no definite answer.
    Unknown(String),
}

/// Of which kind a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortKind {
    /// A landline.
    Local,
    /// A mobile phone's.
    Mobile,
    /// Free for whoever calls it.
    TollFree,
    /// Twilio does not know.
    Unknown,
}

impl PortStatus {
    /// Reads Twilio's word, however it is written.
    pub fn parse(raw: &str) -> PortStatus {
        match bare(raw).as_str() {
            "pending" => PortStatus::Pending,
            "inreview" => PortStatus::InReview,
            "waitingforsignature" => PortStatus::WaitingForSignature,
            "inprogress" => PortStatus::InProgress,
            "actionrequired" => PortStatus::ActionRequired,
            "completed" => PortStatus::Completed,
            "expired" => PortStatus::Expired,
            "canceled" | "cancelled" => PortStatus::Canceled,
            _ => PortStatus::Unknown(kept(raw)),
        }
    }

    /// One word for it, or Twilio's where we know none.
    pub fn as_str(&self) -> &str {
        match self {
            PortStatus::Pending => "pending",
            PortStatus::InReview => "in_review",
            PortStatus::WaitingForSignature => "waiting_for_signature",
            PortStatus::InProgress => "in_progress",
            PortStatus::ActionRequired => "action_required",
            PortStatus::Completed => "completed",
            PortStatus::Expired => "expired",
            PortStatus::Canceled => "canceled",
            PortStatus::Unknown(word) => word,
        }
    }

    /// Will nothing more come of it?
    pub fn is_over(&self) -> bool {
        matches!(self, PortStatus::Completed) || self.has_failed()
    }

    /// Was it given up? The same numbers may be asked for anew.
    pub fn has_failed(&self) -> bool {
        matches!(self, PortStatus::Expired | PortStatus::Canceled)
    }
}

impl PortNumberStatus {
    /// Reads Twilio's word, however it is written, with `port_` before it or without.
    pub fn parse(raw: &str) -> PortNumberStatus {
        let bare = bare(raw);
        match bare.strip_prefix("port").unwrap_or(&bare) {
            "inreview" => PortNumberStatus::InReview,
            "waitingforsignature" => PortNumberStatus::WaitingForSignature,
            "submitted" => PortNumberStatus::Submitted,
            "pending" => PortNumberStatus::Pending,
            "rejected" => PortNumberStatus::Rejected,
            "completed" => PortNumberStatus::Completed,
            "canceling" | "cancelling" => PortNumberStatus::Canceling,
            "canceled" | "cancelled" => PortNumberStatus::Canceled,
            _ => PortNumberStatus::Unknown(kept(raw)),
        }
    }

    /// One word for it, or Twilio's where we know none.
    pub fn as_str(&self) -> &str {
        match self {
            PortNumberStatus::InReview => "in_review",
            PortNumberStatus::WaitingForSignature => "waiting_for_signature",
            PortNumberStatus::Submitted => "port_submitted",
            PortNumberStatus::Pending => "port_pending",
            PortNumberStatus::Rejected => "port_rejected",
            PortNumberStatus::Completed => "completed",
            PortNumberStatus::Canceling => "canceling",
            PortNumberStatus::Canceled => "canceled",
            PortNumberStatus::Unknown(word) => word,
        }
    }
}

impl PortKind {
    /// Reads Twilio's word, however it is written.
    pub fn parse(raw: &str) -> PortKind {
        match bare(raw).as_str() {
            "local" => PortKind::Local,
            "mobile" => PortKind::Mobile,
            "tollfree" => PortKind::TollFree,
            _ => PortKind::Unknown,
        }
    }
}

/// Letters and digits alone, in lower case: what all spellings of a word have in common.
fn bare(raw: &str) -> String {
    raw.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn kept(raw: &str) -> String {
    raw.trim().chars().filter(|letter| !letter.is_control()).take(WORD_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_word_is_the_same_word() {
        for (spellings, status) in [
            (["In Review", "in_review", "IN-REVIEW", "In review"], PortStatus::InReview),
            (
                ["Waiting for Signature", "waiting_for_signature", "WaitingForSignature", " waiting for signature "],
                PortStatus::WaitingForSignature,
            ),
            (["In progress", "In Progress", "in_progress", "in-progress"], PortStatus::InProgress),
            (["Canceled", "canceled", "Cancelled", "CANCELED"], PortStatus::Canceled),
        ] {
            for spelling in spellings {
                assert_eq!(PortStatus::parse(spelling), status, "{spelling}");
            }
        }
        for (spelling, status) in [
            ("port_rejected", PortNumberStatus::Rejected),
            ("Rejected", PortNumberStatus::Rejected),
            ("Port Pending", PortNumberStatus::Pending),
            ("PORT-SUBMITTED", PortNumberStatus::Submitted),
            ("In Review", PortNumberStatus::InReview),
            ("cancelling", PortNumberStatus::Canceling),
        ] {
            assert_eq!(PortNumberStatus::parse(spelling), status, "{spelling}");
        }
        for spelling in ["TOLL-FREE", "toll-free", "Toll Free"] {
            assert_eq!(PortKind::parse(spelling), PortKind::TollFree);
        }
    }

    #[test]
    fn our_words_are_read_as_what_they_say() {
        for word in [
            "pending",
            "in_review",
            "waiting_for_signature",
            "in_progress",
            "action_required",
            "completed",
            "expired",
            "canceled",
        ] {
            assert_eq!(PortStatus::parse(word).as_str(), word);
            assert!(!matches!(PortStatus::parse(word), PortStatus::Unknown(_)), "{word}");
        }
        for word in [
            "in_review",
            "waiting_for_signature",
            "port_submitted",
            "port_pending",
            "port_rejected",
            "completed",
            "canceling",
            "canceled",
        ] {
            assert_eq!(PortNumberStatus::parse(word).as_str(), word);
            assert!(!matches!(PortNumberStatus::parse(word), PortNumberStatus::Unknown(_)), "{word}");
        }
    }

    #[test]
    fn a_word_nobody_knows_is_kept_cut_and_ends_nothing() {
        let long = format!("On\tHold{}", "!".repeat(200));
        let status = PortStatus::parse(&long);
        assert_eq!(status.as_str().chars().count(), WORD_CHARS_MAX);
        assert!(status.as_str().starts_with("OnHold!") && !status.is_over());
        assert_eq!(PortNumberStatus::parse(""), PortNumberStatus::Unknown(String::new()));
        assert_eq!(PortKind::parse("SATELLITE"), PortKind::Unknown);
    }

    #[test]
    fn what_is_over_failed_or_came() {
        assert!(PortStatus::Completed.is_over() && !PortStatus::Completed.has_failed());
        assert!(PortStatus::Expired.has_failed() && PortStatus::Canceled.is_over());
        assert!(!PortStatus::ActionRequired.is_over() && !PortStatus::Pending.is_over());
    }
}
