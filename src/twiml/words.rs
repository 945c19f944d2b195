//! What callers hear where the tenant has no words of its own.

/// Before a message is taken, where the tenant's name is known.
pub fn greeting(name: &str) -> String {
    if name.trim().is_empty() {
        return "Thank you for calling. Please leave a message.".to_owned();
    }
    format!("Thank you for calling {name}. Please leave a message.")
}

/// Before staff is rung.
pub const CONNECTING: &str = "Connecting you now.";

/// Nobody can come to the phone.
pub const BUSY: &str = "We're unable to take your call right now. Please try again later.";

/// After a message.
pub const GOODBYE: &str = "Thank you. Goodbye.";

/// To a number nobody has.
pub const UNKNOWN_NUMBER: &str =
    "The number you have called is not in service. Please check it and call again. Goodbye.";

/// To a SIP name nobody has.
pub const UNKNOWN_SIP_NAME: &str =
    "The business you are calling was not found. Please check the address and call again. Goodbye.";

/// While we cannot tell whose line it is.
pub const TROUBLE: &str = "This line is having trouble right now. Please try again in a few minutes.";

/// To whoever picks up a call that must be accepted by key.
pub fn accept(name: &str) -> String {
    if name.trim().is_empty() {
        return "You have a call. Press 1 to accept it.".to_owned();
    }
    format!("You have a call for {name}. Press 1 to accept it.")
}

/// Longest message Twilio transcribes.
pub const TRANSCRIBED_SECONDS_MAX: u32 = 120;

/// What stands in the place of a transcript where Twilio makes none because the message is too long.
pub fn untranscribed(duration_seconds: u32) -> Option<&'static str> {
    (duration_seconds > TRANSCRIBED_SECONDS_MAX)
        .then_some("Not transcribed: longer than the 120 seconds Twilio transcribes.")
}
