//! Documents that prove whose a number is: uploaded, and named by requests.

use hyper::StatusCode;
use serde_json::json;

use super::super::super::multipart;
use super::super::super::wire::{Reply, Request, fresh_sid};
use super::super::super::world::State;
use super::super::problem;

/// Where they go.
pub(in crate::simulator::twilio) const PATH: &str = "/v1/Documents";

/// The largest file, and the largest request with one in it.
const FILE_BYTES_MAX: usize = 10 * 1024 * 1024;
pub(in crate::simulator::twilio) const REQUEST_BYTES_MAX: usize = FILE_BYTES_MAX + 1024 * 1024;

/// A document of an account.
pub(super) struct Document {
    pub account_sid: String,
    pub kind: String,
}

pub(in crate::simulator::twilio) fn upload(state: &mut State, request: &Request, account: &str) -> Reply {
    let refused = |words: &str| problem(StatusCode::BAD_REQUEST, 20422, words);
    let Some(parts) = multipart::read(request) else { return refused("The body is no form with a file in it") };
    let part = |name: &str| parts.iter().find(|part| part.name == name);
    let kind = part("document_type").map(multipart::Part::text).unwrap_or_default();
    if kind != "utility_bill" {
        return refused("document_type is not utility_bill");
    }
    let Some(file) = part("File").filter(|file| file.file.is_some()) else { return refused("File is missing") };
    if file.content.len() > FILE_BYTES_MAX {
        return refused("File is larger than 10 MB");
    }
    if file.content_type != "application/pdf" && !file.content_type.starts_with("image/") {
        return refused("File is neither a PDF nor an image");
    }
    // As Twilio's: a file without content is taken, and has no type.
    let mime_type = if file.content.is_empty() { "" } else { &file.content_type };
    let sid = fresh_sid("RD");
    let body = json!({
        "sid": sid,
        "account_sid": account,
        "document_type": kind,
        "version": 1,
        "status": "submitted",
        "friendly_name": part("friendly_name").map(multipart::Part::text),
        "mime_type": mime_type,
    });
    if !file.content.is_empty() {
        state.ports.documents.insert(sid, Document { account_sid: account.to_owned(), kind });
    }
    Reply::json(StatusCode::CREATED, &body)
}
