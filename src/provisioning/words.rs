//! What things are called at the providers, and what people read of the chain. Pure.

use super::Meter;
use crate::model::{JobId, Secret};

/// Longest FriendlyName at Twilio.
const FRIENDLY_MAX: usize = 64;

/// Longest name at Vapi.
const NAME_MAX: usize = 40;

/// Letters and digits that nobody takes for each other.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// The FriendlyName of a number a job buys: by its end it is found again.
pub(super) fn friendly_name(tenant: &str, job: &JobId) -> String {
    ended_by(&format!("AI Receptionist - {tenant}"), job, FRIENDLY_MAX)
}

/// The name of a number a job makes at Vapi, likewise.
pub(super) fn vapi_name(tenant: &str, job: &JobId) -> String {
    ended_by(tenant, job, NAME_MAX)
}

fn ended_by(name: &str, job: &JobId, most: usize) -> String {
    let room = most - 1 - job.as_str().len();
    let cut: String = name.chars().filter(|c| !c.is_control()).take(room).collect();
    format!("{} {job}", cut.trim_end())
}

/// A name on the SIP domain: `sip_` and eight hex digits.
pub fn sip_username(random: &[u8; 10]) -> String {
    random.iter().take(4).fold("sip_".to_owned(), |name, byte| format!("{name}{byte:02x}"))
}

/// A password of 32 letters and digits: 185 bits, and one of each kind, as Twilio wants it.
pub fn sip_password(random: &[u8; 32]) -> Secret {
    let mut text: Vec<u8> = random.iter().map(|byte| LETTERS[usize::from(*byte) % LETTERS.len()]).collect();
    text[..3].copy_from_slice(b"pB7");
    Secret::new(String::from_utf8(text).expect("letters and digits"))
}

/// What is told when free numbers are tried.
pub(super) fn trying_free(meter: Meter) -> String {
    format!("STRATEGY 1: Attempting to create FREE Vapi phone number...\n{meter}")
}

/// What is told when the plan's free numbers are used up, by our count or by Vapi's word.
pub(super) fn free_limit_reached(meter: Meter) -> String {
    let Meter { total, limit } = meter;
    format!(
        "⚠️ Could not create FREE Vapi number: limit reached\n\
         🎯 FREE VAPI NUMBER LIMIT REACHED ({total}/{limit} used)\n\
         ✅ Congrats! You have {total}+ customers - time to scale!\n\
         📈 Falling back to Twilio for additional phone numbers..."
    )
}

/// Nothing was left to try.
pub(super) const MANUAL: &str = "Manual assignment required";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Seed;

    fn job() -> JobId {
        JobId::new(Seed { at: jiff::Timestamp::UNIX_EPOCH, random: [7; 10] })
    }

    #[test]
    fn a_number_that_is_bought_is_named_by_its_tenant_and_its_job() {
        let short = friendly_name("Acme", &job());
        assert_eq!(short, format!("AI Receptionist - Acme {}", job()));
        let long = friendly_name("The Smile Dental Clinic of Greater Example", &job());
        assert_eq!((long.chars().count(), long.ends_with(job().as_str())), (64, true));
        assert!(long.starts_with("AI Receptionist - The Smile"), "{long}");
        let at_vapi = vapi_name("Smile Dental Clinic", &job());
        assert!(at_vapi.chars().count() <= 40 && at_vapi.ends_with(job().as_str()), "{at_vapi}");
    }

    #[test]
    fn a_password_is_long_and_has_letters_of_both_cases_and_a_digit() {
        for byte in [0, 90, 255] {
            let password = sip_password(&[byte; 32]);
            let text = password.reveal();
            assert_eq!(text.len(), 32);
            for kind in [char::is_ascii_lowercase, char::is_ascii_uppercase, char::is_ascii_digit] {
                assert!(text.chars().any(|c| kind(&c)), "{text}");
            }
        }
    }
}
