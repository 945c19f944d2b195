//! What the people and machines in a call do: the caller, the AI, the staff.

use std::collections::VecDeque;
use std::str::FromStr;

/// How long a message is where none is said.
const MESSAGE_SECONDS: u32 = 7;

/// The three parts. The default: the AI answers, staff do not, the caller leaves a message and stays.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// What each dialled AI leg does, in the order dialled; the last holds for all that follow.
    pub ai: Vec<Ai>,
    /// What each rung phone does, in the order rung; the last holds for all that follow.
    pub staff: Vec<Staff>,
    /// What the caller does.
    pub caller: CallerPart,
}

/// What an AI leg does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ai {
    /// Answers and talks.
    Answer,
    /// Is busy.
    Busy,
    /// Lets it ring.
    NoAnswer,
    /// Cannot be reached.
    Failed,
    /// Answers, then hands the caller to this number.
    Refer(String),
}

/// What a rung phone does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staff {
    /// Picks up and says nothing to a screening: a person, or a mailbox.
    Answer,
    /// Is busy.
    Busy,
    /// Lets it ring.
    NoAnswer,
    /// Cannot be reached.
    Failed,
    /// Picks up, and presses 1 when asked.
    Accept,
    /// Picks up and presses 2 when asked; rejects the call where nobody asks.
    Decline,
}

/// What the caller does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerPart {
    /// Hangs up after so many seconds of the call, whatever goes on.
    pub hangup_after: Option<u32>,
    /// Speaks so many seconds after a tone; none is silence.
    pub message_seconds: Option<u32>,
    /// Hangs up after the message, instead of waiting for what comes.
    pub hangs_up_after_message: bool,
    /// Presses these, one entry for each menu.
    pub digits: VecDeque<String>,
    /// Says this to a menu that listens.
    pub speech: Option<String>,
}

/// The word is none of a script.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no part of this script: {known}")]
pub struct NotAPart {
    word: String,
    known: &'static str,
}

impl Default for CallerPart {
    fn default() -> CallerPart {
        CallerPart {
            hangup_after: None,
            message_seconds: Some(MESSAGE_SECONDS),
            hangs_up_after_message: false,
            digits: VecDeque::new(),
            speech: None,
        }
    }
}

impl CallerPart {
    /// The words of [`CallerPart`]'s script, for help texts.
    pub const WORDS: &str =
        "speak[:SECONDS], speak-hangup[:SECONDS], silent, hangup-after:SECONDS, digits:KEYS, say:TEXT";

    /// Puts words together, each as [`CallerPart::WORDS`] says.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<CallerPart, NotAPart> {
        let mut part = CallerPart::default();
        for word in words {
            let wrong = || NotAPart { word: word.to_owned(), known: CallerPart::WORDS };
            let (name, value) = word.split_once(':').map_or((word, None), |(name, value)| (name, Some(value)));
            let seconds = || value.map(|value| value.parse::<u32>().map_err(|_| wrong())).transpose();
            match name {
                "speak" | "speak-hangup" => {
                    part.message_seconds = Some(seconds()?.unwrap_or(MESSAGE_SECONDS));
                    part.hangs_up_after_message = name == "speak-hangup";
                }
                "silent" if value.is_none() => part.message_seconds = None,
                "hangup-after" => part.hangup_after = Some(seconds()?.ok_or_else(wrong)?),
                "digits" => {
                    let keys = value.filter(|keys| !keys.is_empty() && keys.chars().all(is_key)).ok_or_else(wrong)?;
                    part.digits.push_back(keys.to_owned());
                }
                "say" => part.speech = Some(value.filter(|text| !text.is_empty()).ok_or_else(wrong)?.to_owned()),
                _ => return Err(wrong()),
            }
        }
        Ok(part)
    }
}

fn is_key(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '*' | '#')
}

impl Ai {
    /// The words of the AI's script, for help texts.
    pub const WORDS: &str = "answer, busy, no-answer, failed, refer:NUMBER";
}

impl FromStr for Ai {
    type Err = NotAPart;
    fn from_str(word: &str) -> Result<Ai, NotAPart> {
        Ok(match word {
            "answer" => Ai::Answer,
            "busy" => Ai::Busy,
            "no-answer" => Ai::NoAnswer,
            "failed" => Ai::Failed,
            _ => match word.strip_prefix("refer:") {
                Some(number) if !number.is_empty() => Ai::Refer(number.to_owned()),
                _ => return Err(NotAPart { word: word.to_owned(), known: Ai::WORDS }),
            },
        })
    }
}

impl Staff {
    /// The words of the staff's script, for help texts.
    pub const WORDS: &str = "answer, busy, no-answer, failed, accept, decline";
}

impl FromStr for Staff {
    type Err = NotAPart;
    fn from_str(word: &str) -> Result<Staff, NotAPart> {
        Ok(match word {
            "answer" => Staff::Answer,
            "busy" => Staff::Busy,
            "no-answer" => Staff::NoAnswer,
            "failed" => Staff::Failed,
            "accept" => Staff::Accept,
            "decline" => Staff::Decline,
            _ => return Err(NotAPart { word: word.to_owned(), known: Staff::WORDS }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_put_together_of_words() {
        let part =
            CallerPart::of_words(["digits:1", "digits:2#", "speak-hangup:12", "hangup-after:40", "say:the front desk"])
                .expect("a caller");
        assert_eq!(part.digits, ["1", "2#"]);
        assert_eq!((part.message_seconds, part.hangs_up_after_message), (Some(12), true));
        assert_eq!((part.hangup_after, part.speech.as_deref()), (Some(40), Some("the front desk")));
        assert_eq!(CallerPart::of_words(["silent"]).expect("a caller").message_seconds, None);
        for bad in ["", "sing", "hangup-after", "hangup-after:soon", "digits:", "digits:x", "say:", "silent:3"] {
            assert!(CallerPart::of_words([bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn ai_and_staff_know_their_words_only() {
        assert_eq!("refer:+16475550123".parse(), Ok(Ai::Refer("+16475550123".to_owned())));
        assert_eq!("decline".parse(), Ok(Staff::Decline));
        assert!("refer:".parse::<Ai>().is_err());
        assert!("accept".parse::<Ai>().is_err());
        assert!("refer:+1".parse::<Staff>().is_err());
    }
}
