//! What is said to Twilio to bring numbers here: the bill that proves whose they are, and the request itself.
//!
//! Names, addresses and the like must be written as the carrier that loses the numbers has them: what differs is
//! rejected, days later.

use std::fmt;

use bytes::Bytes;
use jiff::civil::Date;
use serde::Serialize;

use crate::model::{E164, Secret, Sid};

/// The largest document Twilio takes.
const BILL_BYTES_MAX: usize = 10 * 1024 * 1024;

/// The longest name of a document.
const NAME_CHARS_MAX: usize = 64;

/// How a bill may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillFormat {
    /// PDF, without a password.
    Pdf,
    /// A photograph.
    Jpeg,
    /// An image.
    Png,
}

/// A bill of the carrier that loses the number, at most thirty days old: some bytes, not too many, in a form Twilio takes.
#[derive(Clone, PartialEq, Eq)]
pub struct Bill {
    name: String,
    format: BillFormat,
    bytes: Bytes,
}

/// Why something is no bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotABill {
    /// There is nothing in it.
    #[error("the bill is empty")]
    Empty,
    /// Twilio takes no more than ten mebibytes.
    #[error("the bill is larger than {BILL_BYTES_MAX} bytes")]
    TooLarge,
    /// Twilio reads PDF and images.
    #[error("the bill is neither PDF nor JPEG nor PNG")]
    Format,
}

/// A request to bring numbers here.
#[derive(Clone, Debug, Serialize)]
pub struct PortIn {
    /// The numbers, of one customer of one carrier; at most a thousand.
    #[serde(rename = "phone_numbers")]
    pub numbers: Vec<PortNumber>,
    /// Documents that were uploaded, a bill among them.
    pub documents: Vec<Sid>,
    /// What the carrier that loses them knows of the customer.
    #[serde(rename = "losing_carrier_information")]
    pub losing_carrier: LosingCarrier,
    /// Who gets a copy of the signed letter, besides the representative.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notification_emails: Vec<String>,
    /// The day it is wished for, seven days ahead or more; the carrier that loses them decides.
    #[serde(rename = "target_port_in_date", skip_serializing_if = "Option::is_none")]
    pub target_date: Option<Date>,
}

/// A number that is to come.
#[derive(Clone, Debug, Serialize)]
pub struct PortNumber {
    /// The number.
    #[serde(rename = "phone_number")]
    pub e164: E164,
    /// What lets it go, where its carrier wants one; for mobile numbers always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<Secret>,
}

/// A customer as the carrier that loses the numbers knows them.
#[derive(Clone, Debug, Serialize)]
pub struct LosingCarrier {
    /// Of which kind they are.
    pub customer_type: CustomerType,
    /// Their name.
    pub customer_name: String,
    /// The number of their account, where the carrier wants it; for mobile numbers always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_number: Option<Secret>,
    /// The number their account goes by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_telephone_number: Option<E164>,
    /// Where their bills go.
    pub address: PortAddress,
    /// Who may let the numbers go, and signs the letter.
    pub authorized_representative: String,
    /// Where the letter is sent for the signature.
    pub authorized_representative_email: String,
}

/// The kinds of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum CustomerType {
    /// A business.
    Business,
    /// A person.
    Individual,
}

/// Where a customer's bills go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortAddress {
    /// House number and street.
    pub street: String,
    /// Floor, suite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_2: Option<String>,
    /// The city.
    pub city: String,
    /// The state, abbreviated or not as the carrier has it.
    pub state: String,
    /// The ZIP code.
    pub zip: String,
    /// The country.
    pub country: String,
}

/// A request as it is sent.
#[derive(Serialize)]
pub(super) struct Asked<'a> {
    pub account_sid: &'a Sid,
    #[serde(flatten)]
    pub port: &'a PortIn,
}

impl PortIn {
    /// What must not come back in an error.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let pins = self.numbers.iter().filter_map(|number| number.pin.as_ref());
        pins.chain(&self.losing_carrier.account_number).map(Secret::reveal)
    }
}

impl BillFormat {
    /// Reads a content type; what it says of a character set does not matter.
    pub fn parse(content_type: &str) -> Option<BillFormat> {
        match content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase().as_str() {
            "application/pdf" => Some(BillFormat::Pdf),
            "image/jpeg" | "image/jpg" => Some(BillFormat::Jpeg),
            "image/png" => Some(BillFormat::Png),
            _ => None,
        }
    }

    /// The content type, and how a file of it is called.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            BillFormat::Pdf => ("application/pdf", "bill.pdf"),
            BillFormat::Jpeg => ("image/jpeg", "bill.jpg"),
            BillFormat::Png => ("image/png", "bill.png"),
        }
    }
}

impl Bill {
    /// Takes a file that may be a bill. Of a long name the beginning is kept.
    pub fn new(name: &str, content_type: &str, bytes: Bytes) -> Result<Bill, NotABill> {
        let format = BillFormat::parse(content_type).ok_or(NotABill::Format)?;
        match bytes.len() {
            0 => Err(NotABill::Empty),
            length if length > BILL_BYTES_MAX => Err(NotABill::TooLarge),
            _ => {
                let name = name.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
                Ok(Bill { name: name.take(NAME_CHARS_MAX).collect(), format, bytes })
            }
        }
    }

    /// The bill as a form with a file in it, and the type of that form. What parts it is drawn by lot, so that no bill
    /// holds it.
    pub(super) fn as_form(&self) -> (Vec<u8>, String) {
        let mut lot = [0u8; 16];
        getrandom::fill(&mut lot).expect("the system gives random bytes");
        let boundary = format!("patchbay-{:032x}", u128::from_ne_bytes(lot));
        let (content_type, file) = self.format.words();
        let field = |name: &str, value: &str| {
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let mut body = field("document_type", "utility_bill").into_bytes();
        body.reserve(self.bytes.len() + 1024);
        body.extend_from_slice(field("friendly_name", &self.name).as_bytes());
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"File\"; filename=\"{file}\"\r\n\
             Content-Type: {content_type}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&self.bytes);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        (body, format!("multipart/form-data; boundary={boundary}"))
    }
}

/// A bill names people and what they owe.
impl fmt::Debug for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bill({:?}, {} bytes)", self.format, self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(content_type: &str, length: usize) -> Result<Bill, NotABill> {
        Bill::new("Smile Dental", content_type, vec![b'x'; length].into())
    }

    #[test]
    fn a_bill_has_content_a_bound_and_a_form_that_twilio_reads() {
        assert!(bill("application/pdf", BILL_BYTES_MAX).is_ok());
        assert_eq!(bill("application/pdf", BILL_BYTES_MAX + 1), Err(NotABill::TooLarge));
        assert_eq!(bill("application/pdf", 0), Err(NotABill::Empty));
        assert!(bill("Image/JPEG; q=1", 1).is_ok() && bill("image/png", 1).is_ok());
        for other in ["", "text/html", "application/msword", "image/svg+xml"] {
            assert_eq!(bill(other, 1), Err(NotABill::Format), "{other}");
        }
    }

    #[test]
    fn a_name_cannot_leave_its_part_of_the_form() {
        let name = format!("Acme\r\n--x\r\n\r\nFile{}", "é".repeat(100));
        let bill = Bill::new(&name, "application/pdf", Bytes::from_static(b"%PDF-1.7")).expect("a bill");
        let (body, content_type) = bill.as_form();
        let body = String::from_utf8(body).expect("UTF-8");
        let boundary = content_type.strip_prefix("multipart/form-data; boundary=").expect("a boundary");
        assert_eq!(body.matches(boundary).count(), 4, "three parts and the end");
        assert!(body.contains("\r\n\r\nAcme  --x    Fileé"), "{body}");
        assert!(body.ends_with(&format!("%PDF-1.7\r\n--{boundary}--\r\n")));
        assert_eq!(format!("{bill:?}"), "Bill(Pdf, 8 bytes)");
    }
}
