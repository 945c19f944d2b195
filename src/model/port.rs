//! A port: a number on its way here from the carrier it is with, what that carrier wants for it, and how far it is.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{E164, PortId, Secret, Sid, TenantId};

/// How old a bill may be that proves whose a number is.
const BILL_DAYS_MAX: i64 = 30;

/// A request for one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Who it is.
    pub id: PortId,
    /// Whose number it is to be.
    pub tenant_id: TenantId,
    /// The number.
    pub e164: E164,
    /// The account at Twilio it comes to.
    pub account: Sid,
    /// What Twilio calls the request.
    pub request: Sid,
    /// How far it is.
    pub stage: PortStage,
    /// Since when.
    pub since: Timestamp,
    /// What else Twilio said of it.
    pub seen: PortSeen,
    /// When Twilio is asked next; none once it is over.
    pub due: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// How far a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortStage {
    /// It is not asked for yet.
    PendingConfiguration,
    /// Twilio has it, and has not looked at it.
    Submitted,
    /// Twilio looks at it.
    InReview,
    /// The letter that authorizes it waits for its signature.
    WaitingForSignature,
    /// The carrier that loses the number has it.
    InProgress,
    /// That carrier refused: somebody must mend what it was told.
    ActionRequired,
    /// The number has come.
    Completed,
    /// Nobody signed in time.
    Expired,
    /// It was called off.
    Canceled,
}

/// What Twilio said of a port besides how far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PortSeen {
    /// The day it was wished for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_date: Option<Date>,
    /// When it comes, once its carrier has agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_date: Option<Timestamp>,
    /// Where the letter is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_url: Option<String>,
    /// Why it was refused or called off, in whose words it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The code of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Something that happened to a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortMoment {
    /// When it was seen.
    pub at: Timestamp,
    /// How far it was then.
    pub stage: PortStage,
    /// What happened, for people.
    pub words: String,
}

/// What the carrier that loses a number knows of its customer. Kept until the number has come, and no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortPapers {
    /// A person, not a business.
    pub is_individual: bool,
    /// The customer's name.
    pub customer_name: String,
    /// The number of their account.
    pub account_number: Option<Secret>,
    /// What lets the number go.
    pub pin: Option<Secret>,
    /// The number their account goes by.
    pub account_telephone_number: Option<E164>,
    /// Where their bills go.
    pub address: PortAddress,
    /// Who may let the number go, and signs the letter.
    pub authorized_representative: String,
    /// Where the letter is sent.
    pub authorized_representative_email: String,
    /// Who else is told.
    pub notification_emails: Vec<String>,
    /// The day it is wished for.
    pub target_date: Option<Date>,
}

/// Where a customer's bills go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortAddress {
    /// House number and street.
    pub street: String,
    /// Floor, suite.
    pub street2: Option<String>,
    /// The city.
    pub city: String,
    /// The state.
    pub state: String,
    /// The ZIP code.
    pub zip: String,
}

/// A bill that Twilio has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortBill {
    /// What Twilio calls it.
    pub document: Sid,
    /// When it was uploaded.
    pub at: Timestamp,
}

impl PortStage {
    /// The word the outside sees.
    pub fn as_str(self) -> &'static str {
        match self {
            PortStage::PendingConfiguration => "pending_configuration",
            PortStage::Submitted => "submitted",
            PortStage::InReview => "in_review",
            PortStage::WaitingForSignature => "waiting_for_signature",
            PortStage::InProgress => "in_progress",
            PortStage::ActionRequired => "action_required",
            PortStage::Completed => "completed",
            PortStage::Expired => "expired",
            PortStage::Canceled => "canceled",
        }
    }

    /// It came to nothing: the number stays with its carrier, and may be asked for anew.
    pub fn has_failed(self) -> bool {
        matches!(self, PortStage::Expired | PortStage::Canceled)
    }

    /// It goes on without anything being told or asked anew.
    pub fn is_under_way(self) -> bool {
        self.is_open() && self != PortStage::ActionRequired
    }

    /// Twilio works on it, or waits for somebody.
    pub fn is_open(self) -> bool {
        !self.has_failed() && !matches!(self, PortStage::PendingConfiguration | PortStage::Completed)
    }
}

impl Port {
    /// When Twilio is asked next: every hour, from the day the number is to come every minute.
    pub fn next_look(&self, now: Timestamp) -> Option<Timestamp> {
        if !self.stage.is_open() {
            return None;
        }
        let hour = now + SignedDuration::from_hours(1);
        let midnight = |date: Date| date.to_zoned(jiff::tz::TimeZone::UTC).map(|day| day.timestamp()).ok();
        let day = self.seen.port_date.or_else(|| self.seen.target_date.and_then(midnight));
        Some(match day {
            Some(day) if self.stage == PortStage::InProgress && day <= now => now + SignedDuration::from_mins(1),
            Some(day) if self.stage == PortStage::InProgress => hour.min(day),
            _ => hour,
        })
    }

    /// What it means, and what is to be done.
    pub fn words(&self) -> String {
        words(self.stage, &self.seen)
    }
}

/// What a stage means, and what is to be done, for people.
pub fn words(stage: PortStage, seen: &PortSeen) -> String {
    let why = || {
        let code = seen.code.as_ref().map_or_else(String::new, |code| format!(" (code {code})"));
        seen.reason.as_ref().map_or_else(|| code.clone(), |reason| format!(": {}{code}", reason.trim_end_matches('.')))
    };
    match stage {
        PortStage::PendingConfiguration => "The move is not asked for yet.".to_owned(),
        PortStage::Submitted => "Twilio has the request and has not looked at it yet. Nothing is to be done.".to_owned(),
        PortStage::InReview => {
            "Twilio checks the papers, which takes a business day or two. Nothing is to be done.".to_owned()
        }
        PortStage::WaitingForSignature => {
            "Twilio has e-mailed the Letter of Authorization to the authorized representative. It must be signed; until \
             then nothing goes on, and after a while the request expires."
                .to_owned()
        }
        PortStage::InProgress => match seen.port_date {
            Some(date) => format!(
                "The carrier lets the number go on {}. Leave the account there as it is until then.",
                date.strftime("%Y-%m-%d at %H:%M UTC")
            ),
            None => "The carrier has the request; typically it takes 7-14 business days. Leave the account there as it \
                     is."
                .to_owned(),
        },
        PortStage::ActionRequired => format!(
            "The carrier refused{}. Correct what differs from its bill (PUT …/port), upload another bill if it asks for \
             one, and deploy again: the request is called off and made anew.",
            why()
        ),
        PortStage::Completed => "The number has come. The old service can be cancelled.".to_owned(),
        PortStage::Expired => {
            "Nobody signed the Letter of Authorization in time: the number stays where it is. Deploy again to ask anew."
                .to_owned()
        }
        PortStage::Canceled => {
            format!("The move was called off{}. The number stays where it is; deploy again to ask anew.", why())
        }
    }
}

/// What is missing before a number can be asked for.
pub fn missing(papers: Option<&PortPapers>, bill: Option<&PortBill>, now: Timestamp) -> Vec<String> {
    let mut missing = Vec::new();
    if papers.is_none() {
        missing.push("what the carrier knows of its customer: PUT /api/tenants/{id}/port".to_owned());
    }
    match bill {
        None => missing.push("a bill of the carrier, at most 30 days old: PUT /api/tenants/{id}/port/bill".to_owned()),
        Some(bill) if bill.is_old(now) => {
            missing.push("a newer bill: that one was uploaded more than 30 days ago".to_owned());
        }
        Some(_) => {}
    }
    missing
}

impl PortBill {
    /// Carriers do not take it any more.
    pub fn is_old(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) > SignedDuration::from_hours(24 * BILL_DAYS_MAX)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::Seed;

    const ALL: [PortStage; 9] = [
        PortStage::PendingConfiguration,
        PortStage::Submitted,
        PortStage::InReview,
        PortStage::WaitingForSignature,
        PortStage::InProgress,
        PortStage::ActionRequired,
        PortStage::Completed,
        PortStage::Expired,
        PortStage::Canceled,
    ];

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn port(stage: PortStage, port_date: Option<&str>) -> Port {
        let seed = Seed { at: at("2026-01-01T00:00:00Z"), random: [3; 10] };
        Port {
            id: PortId::new(seed),
            tenant_id: TenantId::new(seed),
            e164: E164::parse("+13125550100").unwrap(),
            account: Sid::parse("AC1").unwrap(),
            request: Sid::parse("KW1").unwrap(),
            stage,
            since: seed.at,
            seen: PortSeen { port_date: port_date.map(at), ..PortSeen::default() },
            due: Some(seed.at),
            created_at: seed.at,
        }
    }

    #[test]
    fn twilio_is_asked_every_hour_and_from_the_day_of_the_move_every_minute() {
        let next = |stage, date, now| port(stage, date).next_look(at(now)).map(|at| at.to_string());
        let move_on = Some("2026-01-10T14:00:00Z");
        let told = |text: &str| Some(text.to_owned());
        assert_eq!(next(PortStage::InReview, None, "2026-01-02T00:00:00Z"), told("2026-01-02T01:00:00Z"));
        assert_eq!(next(PortStage::InProgress, move_on, "2026-01-02T00:00:00Z"), told("2026-01-02T01:00:00Z"));
        assert_eq!(next(PortStage::InProgress, move_on, "2026-01-10T13:30:00Z"), told("2026-01-10T14:00:00Z"));
        assert_eq!(next(PortStage::InProgress, move_on, "2026-01-10T14:00:00Z"), told("2026-01-10T14:01:00Z"));
        assert_eq!(next(PortStage::ActionRequired, move_on, "2026-01-11T00:00:00Z"), told("2026-01-11T01:00:00Z"));
        for over in [PortStage::Completed, PortStage::Expired, PortStage::Canceled] {
            assert_eq!(next(over, move_on, "2026-01-11T00:00:00Z"), None);
        }
    }

    #[test]
    fn every_stage_is_told_in_plain_words() {
        let seen = PortSeen { reason: Some("Name mismatch.".into()), code: Some("19".into()), ..PortSeen::default() };
        for stage in ALL {
            let words = words(stage, &seen);
            assert!(words.ends_with('.') && words.len() > 20 && !words.contains(stage.as_str()), "{words}");
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.as_str());
        }
        assert!(words(PortStage::ActionRequired, &seen).starts_with("The carrier refused: Name mismatch (code 19). "));
        assert!(words(PortStage::ActionRequired, &PortSeen::default()).starts_with("The carrier refused. "));
        let dated = port(PortStage::InProgress, Some("2026-01-10T14:00:00Z"));
        assert!(dated.words().starts_with("The carrier lets the number go on 2026-01-10 at 14:00 UTC."));
    }

    #[test]
    fn a_bill_is_good_for_thirty_days() {
        let now = at("2026-02-01T00:00:00Z");
        let bill = |text| PortBill { document: Sid::parse("RD1").unwrap(), at: at(text) };
        assert_eq!(missing(None, None, now).len(), 2);
        assert_eq!(missing(None, Some(&bill("2026-01-02T00:00:00Z")), now).len(), 1);
        assert_eq!(missing(None, Some(&bill("2026-01-01T23:59:59Z")), now).len(), 2);
    }
}
