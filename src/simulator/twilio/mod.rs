//! Twilio's half, in the shapes of its public description: accounts, calls, numbers to be had and numbers owned, SIP
//! domains with who may call them, ports, prices.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::{Method, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::Secret;

use super::Account;
use super::wire::{Reply, Request, encode, rfc2822};
use super::world::World;

mod calls;
mod numbers;
mod ports;
mod pricing;
mod search;
mod sip;

pub(super) use numbers::{Number, import, seed};
pub(super) use ports::{Order as PortOrder, Ports, deliver, obey as move_port, told as ports_told};
pub(super) use pricing::monthly;
pub(super) use sip::Sip;

/// The version of the API, the first part of every path but those of porting and prices, which have hosts and versions of
/// their own.
const VERSION: &str = "2010-04-01";
const PORTING_VERSION: &str = "v1";

/// Items of a page, unless asked otherwise, and at most.
const PAGE_SIZE: usize = 50;
const PAGE_SIZE_MAX: usize = 1000;

/// Who asks.
struct Identity {
    account: String,
    token: Secret,
}

/// Is it Twilio that is asked?
pub(super) fn is_for(request: &Request) -> bool {
    let is_priced = || matches!(request.segments.as_slice(), [version, of, ..] if version == pricing::VOICE_VERSION && of == "Voice");
    request.segments.first().is_some_and(|first| first == VERSION || first == PORTING_VERSION) || is_priced()
}

/// Longest body of a request at this path, where it is not the usual one.
pub(super) fn body_bytes_max(path: &str) -> Option<usize> {
    (path == ports::DOCUMENTS).then_some(ports::REQUEST_BYTES_MAX)
}

pub(super) fn answer(world: &World, request: &Request) -> Reply {
    let Some(identity) = let_in(world, request) else {
        return problem(StatusCode::UNAUTHORIZED, 20003, "Authenticate");
    };
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let mut state = world.lock();
    let (account, rest) = match segments[..] {
        [PORTING_VERSION, "Porting", ref rest @ ..] => return ports::answer(&mut state, request, &identity, rest),
        [PORTING_VERSION, "Documents"] if request.method == Method::POST => {
            return ports::upload(&mut state, request, &identity.account);
        }
        [pricing::NUMBERS_VERSION, "PhoneNumbers", "Countries", iso] => return pricing::numbers(request, iso),
        [pricing::VOICE_VERSION, "Voice", "Countries", iso] => return pricing::voice(request, iso),
        [VERSION, "Accounts", account, ref rest @ ..] => (account, rest),
        _ => return absent(request),
    };
    match (&request.method, rest) {
        (&Method::GET, []) => this_account(state.account, request, account),
        (_, ["Calls" | "Recordings" | "Recordings.json", ..]) => calls::answer(&mut state, request, account, rest),
        (&Method::GET, ["AvailablePhoneNumbers", country, file]) => search::answer(&state, request, country, file),
        (_, ["IncomingPhoneNumbers.json"]) => numbers::all(&mut state, request, account),
        (_, ["IncomingPhoneNumbers", file]) => numbers::one(&mut state, request, account, file),
        (_, ["SIP", rest @ ..]) => sip::answer(&mut state, request, account, rest),
        _ => absent(request),
    }
}

fn this_account(kind: Account, request: &Request, file: &str) -> Reply {
    let Some(sid) = file.strip_suffix(".json") else { return absent(request) };
    let created = rfc2822(Timestamp::UNIX_EPOCH);
    let kind = match kind {
        Account::Full => "Full",
        Account::Trial => "Trial",
    };
    Reply::json(
        StatusCode::OK,
        &json!({
            "sid": sid,
            "owner_account_sid": sid,
            "friendly_name": "Simulated account",
            "status": "active",
            "type": kind,
            "auth_token": null,
            "date_created": created,
            "date_updated": created,
            "uri": request.path,
            "subresource_uris": {},
        }),
    )
}

/// A page of a list, as `PageSize` and `Page` ask for it.
fn page(request: &Request, name: &str, all: Vec<Value>) -> Reply {
    let number = |name: &str| request.query(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("PageSize").unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE_MAX);
    let page = number("Page").unwrap_or(0);
    let last = all.len().saturating_sub(1) / size;
    let uri = |page: usize| {
        let filters =
            request.query.iter().filter(|(name, _)| !matches!(name.as_str(), "Page" | "PageSize" | "PageToken"));
        let mut query: Vec<(String, String)> = filters.cloned().collect();
        query.push(("PageSize".to_owned(), size.to_string()));
        query.push(("Page".to_owned(), page.to_string()));
        if page > 0 {
            query.push(("PageToken".to_owned(), format!("PA{page}")));
        }
        format!("{}?{}", request.path, encode(&query))
    };
    let start = page.saturating_mul(size);
    let items: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    let mut body = json!({
        "page": page,
        "page_size": size,
        "start": start,
        "end": (start + items.len()).saturating_sub(1),
        "uri": uri(page),
        "first_page_uri": uri(0),
        "next_page_uri": (page < last).then(|| uri(page + 1)),
        "previous_page_uri": page.checked_sub(1).map(uri),
    });
    body[name] = Value::Array(items);
    Reply::json(StatusCode::OK, &body)
}

/// An error in Twilio's shape.
pub(super) fn problem(status: StatusCode, code: u32, words: &str) -> Reply {
    Reply::json(
        status,
        &json!({
            "code": code,
            "message": words,
            "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
            "status": status.as_u16(),
        }),
    )
}

fn absent(request: &Request) -> Reply {
    problem(StatusCode::NOT_FOUND, 20404, &format!("The requested resource {} was not found", request.path))
}

fn let_in(world: &World, request: &Request) -> Option<Identity> {
    let encoded = request.header(header::AUTHORIZATION).strip_prefix("Basic ")?;
    let given = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
    let (account, token) = given.split_once(':')?;
    let is_let_in = match &world.options.twilio {
        None => true,
        Some((sid, wanted)) => account == sid && token == wanted.reveal(),
    };
    is_let_in.then(|| Identity { account: account.to_owned(), token: Secret::new(token) })
}
