//! Whether the carrier really sent this: `X-Twilio-Signature`, and how to make one.
//!
//! A signature covers the URL the carrier called and, for a form, every parameter. Which URLs that may have been is
//! worked out in [`crate::edge::origin`]; whose keys count is the caller's business.

use std::borrow::Cow;
use std::cell::RefCell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;
use hyper::header::HeaderName;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::edge::form::{Form, ROOM_BEHIND};
use crate::model::SigningKey;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("x-twilio-signature");

/// The header that names another algorithm than HMAC-SHA1, where a shared key signs instead of the auth token.
pub const SETTINGS_HEADER: HeaderName = HeaderName::from_static("x-twilio-webhooks-signature-settings");

/// What a signature covers besides the URL.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// Nothing: a GET, whose parameters are in the URL, or an empty body.
    Nothing,
    /// The decoded parameters of a form body.
    Form(&'a Form),
    /// A body of another kind, as received. The URL must name its digest (`bodySHA256`).
    Raw(&'a [u8]),
}

/// What the request says about its own signature: the values of the two headers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Claim<'a> {
    /// `X-Twilio-Signature`.
    pub signature: Option<&'a str>,
    /// `X-Twilio-Webhooks-Signature-Settings`.
    pub settings: Option<&'a str>,
}

/// The URLs the carrier may have signed: each of the bases, with the path and query as received.
#[derive(Clone, Debug)]
pub struct SignedUrls<'a> {
    /// Scheme, host, port or none, path prefix or none; the likeliest first.
    pub bases: Cow<'a, [String]>,
    /// The path as received.
    pub path: &'a str,
    /// The query as received.
    pub query: &'a str,
}

/// Why a request does not count as the carrier's. The caller of the edge never learns it, the operator does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// There is no signature.
    #[error("the request carries no X-Twilio-Signature")]
    Missing,
    /// The signature is none of ours over any URL that could have been meant.
    #[error(
        "the signature does not match {}: check edge.public_url against the URL configured at Twilio, \
         and the account's auth token",
        if tried.is_empty() { "any URL, because the public one is not known".to_owned() } else { tried.join(" or ") }
    )]
    Mismatch {
        /// The URLs it was compared with. Their query is left out: on a GET it holds phone numbers.
        tried: Vec<String>,
    },
    /// The body is not a form, and the URL names no digest of it, or another one.
    #[error("the body is not the one whose digest the URL names (bodySHA256)")]
    WrongBody,
    /// The request asks for an algorithm that is not known here.
    #[error("the request names a signature algorithm that is neither HMAC_SHA1 nor HMAC_SHA256")]
    UnknownAlgorithm,
}

impl Unsigned {
    /// The name for metrics.
    pub fn cause(&self) -> &'static str {
        match self {
            Unsigned::Missing => "missing",
            Unsigned::Mismatch { .. } => "mismatch",
            Unsigned::WrongBody => "wrong-body",
            Unsigned::UnknownAlgorithm => "unknown-algorithm",
        }
    }
}

/// Checks a signature against every key that counts (the current token, the next one) and every URL that may be meant.
///
/// Digests are compared in constant time. Which key or URL matched does not matter, so the first match ends the search.
pub fn verify(
    urls: &SignedUrls<'_>,
    content: Content<'_>,
    claim: Claim<'_>,
    keys: &[SigningKey],
) -> Result<(), Unsigned> {
    let signature = claim.signature.filter(|text| !text.is_empty()).ok_or(Unsigned::Missing)?;
    let algorithm = Algorithm::named_in(claim.settings)?;
    let form = match content {
        Content::Nothing => None,
        Content::Form(form) => Some(form),
        Content::Raw(body) => {
            check_body(urls.query, body)?;
            None
        }
    };
    let matches = ClaimedDigest::decode(signature).is_some_and(|claimed| {
        with_signed_parameters(form, |parameters| {
            urls.each_in_pieces().any(|url| keys.iter().any(|key| matches(key, algorithm, url, parameters, &claimed)))
        })
    });
    if matches { Ok(()) } else { Err(Unsigned::Mismatch { tried: urls.written_out() }) }
}

/// Signs as the carrier does: for playing the carrier, and for tests.
pub fn sign(url: &str, form: Option<&Form>, key: &SigningKey) -> String {
    with_signed_parameters(form, |parameters| {
        let mac = key.sha1().clone().chain_update(url).chain_update(parameters);
        STANDARD.encode(mac.finalize().into_bytes())
    })
}

fn matches(key: &SigningKey, algorithm: Algorithm, url: [&str; 4], parameters: &[u8], claimed: &ClaimedDigest) -> bool {
    match algorithm {
        Algorithm::Sha1 => digest(key.sha1(), url, parameters).as_slice().ct_eq(claimed.bytes()).into(),
        Algorithm::Sha256 => digest(key.sha256(), url, parameters).as_slice().ct_eq(claimed.bytes()).into(),
    }
}

impl SignedUrls<'_> {
    /// Each URL in four pieces that follow one another.
    fn each_in_pieces(&self) -> impl Iterator<Item = [&str; 4]> {
        let mark = if self.query.is_empty() { "" } else { "?" };
        let as_received = self.bases.iter().map(move |base| [base.as_str(), self.path, mark, self.query]);
        // A URL that ends in a bare `?` arrives without a query too; so it may have been signed with the mark.
        let with_bare_mark = self.bases.iter().filter(|_| self.query.is_empty());
        as_received.chain(with_bare_mark.map(|base| [base.as_str(), self.path, "?", ""]))
    }

    fn written_out(&self) -> Vec<String> {
        let query = if self.query.is_empty() { "" } else { "?…" };
        self.bases.iter().map(|base| format!("{base}{}{query}", self.path)).collect()
    }
}

#[derive(Clone, Copy)]
enum Algorithm {
    Sha1,
    Sha256,
}

impl Algorithm {
    /// Reads `key=…,algorithm=…`. Without the header, or without an algorithm in it, the auth token signs with SHA-1.
    fn named_in(settings: Option<&str>) -> Result<Algorithm, Unsigned> {
        let parts = settings.unwrap_or_default().split(',').filter_map(|part| part.split_once('='));
        let mut named = parts.filter(|(name, value)| name.trim() == "algorithm" && !value.trim().is_empty());
        match named.next().map(|(_, value)| value.trim()) {
            None => Ok(Algorithm::Sha1),
            Some(name) if name.eq_ignore_ascii_case("HMAC_SHA1") => Ok(Algorithm::Sha1),
            Some(name) if name.eq_ignore_ascii_case("HMAC_SHA256") => Ok(Algorithm::Sha256),
            Some(_) => Err(Unsigned::UnknownAlgorithm),
        }
    }
}

/// The digest a request claims: 20 bytes, or 32 with SHA-256. Any other length matches nothing.
struct ClaimedDigest {
    bytes: [u8; 33],
    length: usize,
}

impl ClaimedDigest {
    fn decode(signature: &str) -> Option<ClaimedDigest> {
        let mut bytes = [0; 33];
        // 44 characters are 32 bytes; what is longer would not fit, and could not match.
        if signature.len() > 44 {
            return None;
        }
        let length = STANDARD.decode_slice(signature, &mut bytes).ok()?;
        Some(ClaimedDigest { bytes, length })
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

fn digest<M: Mac + Clone>(keyed: &M, url: [&str; 4], parameters: &[u8]) -> hmac::digest::Output<M> {
    let mut mac = keyed.clone();
    for piece in url {
        mac.update(piece.as_bytes());
    }
    mac.update(parameters);
    mac.finalize().into_bytes()
}

/// The URL must name the digest of the body: it is signed, and the body itself is not.
fn check_body(query: &str, body: &[u8]) -> Result<(), Unsigned> {
    let mut named = query.split('&').filter_map(|piece| piece.strip_prefix("bodySHA256="));
    let named = named.next().ok_or(Unsigned::WrongBody)?;
    let digest = Sha256::digest(body);
    let mut text = [0; 64];
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(digest) {
        *pair = [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]);
    }
    if named.as_bytes().eq_ignore_ascii_case(&text) { Ok(()) } else { Err(Unsigned::WrongBody) }
}

/// What sorting and joining need, kept from one request to the next. A form's limits bound it.
#[derive(Default)]
struct Workspace {
    /// For each field how its name begins, and its place: one number, which sorts without a look at the text.
    order: Vec<u128>,
    text: Vec<u8>,
}

thread_local! {
    static WORKSPACE: RefCell<Workspace> = RefCell::default();
}

/// Hands over names and values as they are signed: sorted by name, then value, each pair once, nothing between.
fn with_signed_parameters<R>(form: Option<&Form>, then: impl FnOnce(&[u8]) -> R) -> R {
    let Some(form) = form else { return then(&[]) };
    WORKSPACE.with_borrow_mut(|Workspace { order, text }| {
        order.clear();
        let beginnings = form.beginnings().enumerate();
        order.extend(beginnings.map(|(place, first_eight)| u128::from(first_eight) << 64 | place as u128));
        order.sort_unstable();
        if order.windows(2).any(|two| begin_alike(&two[0], &two[1])) {
            sort_whole(form, order);
        }
        text.resize(text.len().max(form.text_len() + ROOM_BEHIND), 0);
        let end = order.iter().fold(0, |end, entry| form.copy_pair(place(*entry), text, end));
        then(&text[..end])
    })
}

/// Few names begin alike; those are looked at whole, and whatever is there twice goes.
#[cold]
fn sort_whole(form: &Form, order: &mut Vec<u128>) {
    for alike in order.chunk_by_mut(begin_alike) {
        alike.sort_unstable_by_key(|entry| form.pair(place(*entry)));
    }
    order.dedup_by_key(|entry| form.pair(place(*entry)));
}

fn begin_alike(one: &u128, other: &u128) -> bool {
    one >> 64 == other >> 64
}

/// Where in the form the field of an entry stands.
fn place(entry: u128) -> usize {
    entry as u64 as usize
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
