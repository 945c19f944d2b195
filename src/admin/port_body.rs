//! A port as the admin API speaks of it: what is told of it, and what its carrier wants to know.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Problem;
use super::formats;
use crate::model::{E164, Fault, Port, PortAddress, PortId, PortMoment, PortPapers, PortStage, Secret, Sid};

/// How soon a number of the United States can move, in days.
const AHEAD_DAYS_MIN: i32 = 7;

/// How many people besides the representative are told.
const EMAILS_MAX: usize = 5;

/// A tenant's number on its way here.
#[derive(Serialize, ToSchema)]
#[schema(as = Port)]
#[serde(rename_all = "camelCase")]
pub(super) struct PortBody {
    #[schema(value_type = String, format = "e164", example = "+13125550100")]
    pub phone_number: E164,
    pub port_status: StageBody,
    /// What that means, and what is to be done.
    #[schema(example = "The move is not asked for yet.")]
    pub detail: String,
    /// What must be told before the number can be asked for; empty once all is.
    pub missing: Vec<String>,
    /// What the carrier wants to know, as it was told; null where it was not, and once the number has come.
    pub papers: Option<PapersBody>,
    /// The bill as Twilio has it.
    pub bill: Option<BillBody>,
    /// The request; null while there is none.
    pub request: Option<RequestBody>,
}

/// How far a port is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = PortStatus)]
#[serde(rename_all = "snake_case")]
pub(super) enum StageBody {
    PendingConfiguration,
    Submitted,
    InReview,
    WaitingForSignature,
    InProgress,
    ActionRequired,
    Completed,
    Expired,
    Canceled,
}

/// What the carrier knows of its customer. Account number and PIN are not told again.
#[derive(Serialize, ToSchema)]
#[schema(as = PortPapers)]
#[serde(rename_all = "camelCase")]
pub(super) struct PapersBody {
    pub customer_type: CustomerBody,
    #[schema(example = "Smile Dental")]
    pub customer_name: String,
    pub has_account_number: bool,
    pub has_pin: bool,
    #[schema(value_type = Option<String>, format = "e164")]
    pub account_telephone_number: Option<E164>,
    pub address: AddressBody,
    pub authorized_representative: String,
    #[schema(format = "email")]
    pub authorized_representative_email: String,
    pub notification_emails: Vec<String>,
    #[schema(value_type = Option<String>, format = Date)]
    pub target_date: Option<Date>,
}

/// A business or a person.
#[derive(Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = PortCustomerType)]
#[serde(rename_all = "lowercase")]
pub(super) enum CustomerBody {
    #[default]
    Business,
    Individual,
}

/// Where the customer's bills go, as the carrier has it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = PortAddress)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AddressBody {
    #[schema(format = "spoken", max_length = 100, example = "12 Example Street")]
    pub street: String,
    /// Floor, suite.
    #[schema(format = "spoken", max_length = 100)]
    pub street2: Option<String>,
    #[schema(format = "spoken", max_length = 60, example = "Springfield")]
    pub city: String,
    #[schema(format = "spoken", max_length = 30, example = "IL")]
    pub state: String,
    #[schema(pattern = "^[0-9]{5}(-[0-9]{4})?$", example = "62701")]
    pub zip: String,
}

/// A bill that Twilio has.
#[derive(Serialize, ToSchema)]
#[schema(as = PortBill)]
#[serde(rename_all = "camelCase")]
pub(super) struct BillBody {
    #[schema(value_type = String, format = "sid")]
    pub document_sid: Sid,
    #[schema(value_type = String, format = DateTime)]
    pub uploaded_at: Timestamp,
}

/// The request at Twilio.
#[derive(Serialize, ToSchema)]
#[schema(as = PortRequest)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestBody {
    #[schema(value_type = String, format = "port-id")]
    pub id: PortId,
    /// Twilio's name of it.
    #[schema(value_type = String, format = "sid")]
    pub request_sid: Sid,
    #[schema(value_type = String, format = "e164")]
    pub phone_number: E164,
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Timestamp,
    /// When its carrier lets it go; null before it has agreed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub port_date: Option<Timestamp>,
    /// Where the letter is signed, while it waits for that.
    pub signature_url: Option<String>,
    /// Why it was refused or called off.
    pub reason: Option<String>,
    pub code: Option<String>,
    /// When Twilio is asked next how far it is; null once it is over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_look_at: Option<Timestamp>,
    pub timeline: Vec<MomentBody>,
}

/// Something that happened to it.
#[derive(Serialize, ToSchema)]
#[schema(as = PortMoment)]
#[serde(rename_all = "camelCase")]
pub(super) struct MomentBody {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub status: StageBody,
    pub detail: String,
}

/// What the carrier knows of its customer: written as it stands on the bill, or the carrier refuses.
#[derive(Deserialize, ToSchema)]
#[schema(as = PortPapersChange, example = json!({
    "customerName": "Smile Dental", "accountNumber": "88-1234", "authorizedRepresentative": "Robin Example",
    "authorizedRepresentativeEmail": "robin@example.com",
    "address": {"street": "12 Example Street", "city": "Springfield", "state": "IL", "zip": "62701"}}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "what was read may be sent back, and is passed over")]
pub(super) struct PapersPut {
    #[serde(default)]
    pub customer_type: CustomerBody,
    #[schema(format = "spoken", max_length = 100)]
    pub customer_name: String,
    /// The number of the account at the carrier. Where it is left out the one that was told stays.
    #[schema(format = "spoken", max_length = 60)]
    pub account_number: Option<String>,
    /// What lets the number go; for mobile numbers always. Where it is left out the one that was told stays.
    #[schema(format = "spoken", max_length = 30)]
    pub pin: Option<String>,
    /// The number the account goes by; where it is left out the one that moves.
    #[schema(format = "e164")]
    pub account_telephone_number: Option<String>,
    pub address: AddressBody,
    /// Who may let the number go, and signs the letter.
    #[schema(format = "spoken", max_length = 100)]
    pub authorized_representative: String,
    /// Where the letter is sent.
    #[schema(format = "email", max_length = 200)]
    pub authorized_representative_email: String,
    /// Who else is told: five at most.
    pub notification_emails: Option<Vec<String>>,
    /// The day it is wished for, a week ahead or more.
    #[schema(value_type = Option<String>, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2027-01-18")]
    pub target_date: Option<String>,
    /// Ours to say: passed over, so that what was read can be sent back.
    pub has_account_number: Option<bool>,
    /// Likewise.
    pub has_pin: Option<bool>,
}

/// Whether a number can come.
#[derive(Serialize, ToSchema)]
#[schema(as = Portability)]
#[serde(rename_all = "camelCase")]
pub(super) struct PortabilityBody {
    #[schema(value_type = String, format = "e164")]
    pub phone_number: E164,
    pub portable: bool,
    /// Its carrier wants the account number and a PIN.
    pub needs_pin: bool,
    pub kind: KindBody,
    /// In words.
    #[schema(example = "+13125550100 can come to Twilio.")]
    pub detail: String,
}

/// A landline, a mobile phone's number, one that is free for whoever calls it, or nobody knows.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = PortKind)]
#[serde(rename_all = "kebab-case")]
pub(super) enum KindBody {
    Local,
    Mobile,
    TollFree,
    Unknown,
}

impl StageBody {
    pub fn of(stage: PortStage) -> StageBody {
        match stage {
            PortStage::PendingConfiguration => StageBody::PendingConfiguration,
            PortStage::Submitted => StageBody::Submitted,
            PortStage::InReview => StageBody::InReview,
            PortStage::WaitingForSignature => StageBody::WaitingForSignature,
            PortStage::InProgress => StageBody::InProgress,
            PortStage::ActionRequired => StageBody::ActionRequired,
            PortStage::Completed => StageBody::Completed,
            PortStage::Expired => StageBody::Expired,
            PortStage::Canceled => StageBody::Canceled,
        }
    }
}

impl RequestBody {
    pub fn of(port: Port, timeline: Vec<PortMoment>) -> RequestBody {
        let moment = |moment: PortMoment| MomentBody {
            at: moment.at,
            status: StageBody::of(moment.stage),
            detail: moment.words,
        };
        RequestBody {
            id: port.id,
            request_sid: port.request,
            phone_number: port.e164,
            requested_at: port.created_at,
            port_date: port.seen.port_date,
            signature_url: port.seen.signature_url,
            reason: port.seen.reason,
            code: port.seen.code,
            next_look_at: port.due,
            timeline: timeline.into_iter().map(moment).collect(),
        }
    }
}

impl PapersBody {
    pub fn of(papers: PortPapers) -> PapersBody {
        let PortAddress { street, street2, city, state, zip } = papers.address;
        PapersBody {
            customer_type: if papers.is_individual { CustomerBody::Individual } else { CustomerBody::Business },
            customer_name: papers.customer_name,
            has_account_number: papers.account_number.is_some(),
            has_pin: papers.pin.is_some(),
            account_telephone_number: papers.account_telephone_number,
            address: AddressBody { street, street2, city, state, zip },
            authorized_representative: papers.authorized_representative,
            authorized_representative_email: papers.authorized_representative_email,
            notification_emails: papers.notification_emails,
            target_date: papers.target_date,
        }
    }
}

impl PapersPut {
    /// What was told, with the secrets that were told before.
    pub fn read(self, known: Option<PortPapers>, now: Timestamp) -> Result<PortPapers, Problem> {
        let mut faults = Vec::new();
        let emails = self.notification_emails.unwrap_or_default();
        if emails.len() > EMAILS_MAX {
            faults.push(Fault::new("/notificationEmails", "too_many", "there may be five of these at most"));
        }
        for (place, email) in emails.iter().enumerate() {
            if let Err(wrong) = formats::check(Some("email"), email) {
                faults.push(Fault::new(format!("/notificationEmails/{place}"), wrong.code, wrong.detail));
            }
        }
        let soonest = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let soonest = soonest.checked_add(jiff::Span::new().days(AHEAD_DAYS_MIN)).unwrap_or(soonest);
        let target_date = self.target_date.as_deref().and_then(|text| match text.parse::<Date>() {
            Ok(date) if date >= soonest => Some(date),
            Ok(_) => {
                let detail = format!("carriers want a week: {soonest} at the earliest");
                faults.push(Fault::new("/targetDate", "too_soon", detail));
                None
            }
            Err(_) => {
                faults.push(Fault::new("/targetDate", "date", "there is no such day"));
                None
            }
        });
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        let (account_number, pin) = known.map_or((None, None), |known| (known.account_number, known.pin));
        let AddressBody { street, street2, city, state, zip } = self.address;
        Ok(PortPapers {
            is_individual: matches!(self.customer_type, CustomerBody::Individual),
            customer_name: self.customer_name,
            account_number: self.account_number.map(Secret::new).or(account_number),
            pin: self.pin.map(Secret::new).or(pin),
            account_telephone_number: self.account_telephone_number.as_deref().and_then(|text| E164::parse(text).ok()),
            address: PortAddress { street, street2, city, state, zip },
            authorized_representative: self.authorized_representative,
            authorized_representative_email: self.authorized_representative_email,
            notification_emails: emails,
            target_date,
        })
    }
}
