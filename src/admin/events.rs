//! What happens, as it happens: server-sent events.

use std::collections::{HashMap, HashSet};

use axum::Extension;
use axum::body::Body;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};

use super::AdminState;
use super::auth::Caller;
use super::error::Problem;
use super::event_body::MessageBody;
use super::event_stream::{Listener, Wanted};
use super::serve::Scissors;
use super::session::Door;
use crate::events::{Kind, Place, Refused};
use crate::model::{Fault, TenantId};

/// The id of the last event a client has heard, as browsers send it.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Tells nginx and its kin to pass on what is written when it is written.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Tells what happens
///
/// First a `snapshot`, then each event with its id. Who comes back with the id it heard last, in `Last-Event-ID`, goes
/// on where it stopped; where that is no longer possible another snapshot comes, which says why. A snapshot may hold
/// what an event after it tells once more: calls are told apart by their SID. Every 15 seconds at least a line comes.
#[utoipa::path(get, path = "/api/events", tag = "events",
    params(
        ("types" = Option<String>, Query, description = "Only events of these kinds, by comma: `call.began`, `call.event`, `call.ended`, `voicemail`, `job`, `changed`, `ai.breaker`, `warning`."),
        ("tenantId" = Option<String>, Query, description = "Only what belongs to this tenant."),
        ("lastEventId" = Option<String>, Query, description = "The same as the header, for those who can set none."),
        ("follow" = Option<bool>, Query, description = "False: what there is now, and then the end."),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the event that was heard last."),
    ),
    responses(
        (status = 200, description = "Events without end", content_type = "text/event-stream", body = MessageBody),
        (status = 400, description = "The part after ? cannot be read", content_type = "application/problem+json", body = super::error::ProblemBody),
        (status = 422, description = "A parameter is not valid; each fault is named", content_type = "application/problem+json", body = super::error::ProblemBody),
    ))]
pub(super) async fn listen(
    State(admin): State<AdminState>,
    caller: Caller,
    door: Door,
    Asked { wanted, heard }: Asked,
    scissors: Option<Extension<Scissors>>,
) -> Result<Response, Problem> {
    let (subscription, begins) = admin.events.bus.subscribe(heard.as_ref()).map_err(|refused| match refused {
        Refused::Full => Problem::too_many_listeners(),
        Refused::Closed => Problem::stopping(),
    })?;
    let scissors = scissors.map(|Extension(scissors)| scissors);
    let lines = Listener { admin, caller, session: door.session, wanted, subscription, scissors }.start(begins);
    let headers = [(header::CONTENT_TYPE, "text/event-stream; charset=utf-8"), (ACCEL_BUFFERING, "no")];
    Ok((headers, Body::new(lines)).into_response())
}

/// What a client asks for.
pub(super) struct Asked {
    wanted: Wanted,
    /// What it heard last. An id that is none of ours is that of an unknown run: everything begins anew.
    heard: Option<Place>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked, Problem> {
        let Query(mut given) = Query::<HashMap<String, String>>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::bad_request("bad_query", "the part after ? cannot be read"))?;
        let mut faults = Vec::new();
        let kinds = given.remove("types").map(|names| kinds(&names, &mut faults)).filter(|kinds| !kinds.is_empty());
        let tenant = given.remove("tenantId").and_then(|id| {
            let tenant = TenantId::try_from(id);
            tenant.map_err(|_| faults.push(not("?tenantId", "not_an_identifier", "an identifier ten_…"))).ok()
        });
        let is_once = match given.remove("follow").as_deref() {
            None | Some("true") => false,
            Some("false") => true,
            Some(_) => {
                faults.push(not("?follow", "type", "true or false"));
                false
            }
        };
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        let heard = last_heard(&parts.headers).or_else(|| given.remove("lastEventId")).filter(|id| !id.is_empty());
        let unknown = Place { epoch: String::new(), seq: 0 };
        let heard = heard.map(|id| Place::parse(&id).unwrap_or(unknown));
        Ok(Asked { wanted: Wanted { kinds, tenant, is_once }, heard })
    }
}

fn last_heard(headers: &HeaderMap) -> Option<String> {
    headers.get(LAST_EVENT_ID).map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned())
}

fn kinds(names: &str, faults: &mut Vec<Fault>) -> HashSet<Kind> {
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let found = names.filter_map(|name| {
        let kind = Kind::parse(name);
        if kind.is_none() {
            faults.push(not("?types", "unknown_value", &Kind::ALL.map(Kind::as_str).join(", ")));
        }
        kind
    });
    found.collect()
}

fn not(pointer: &str, code: &str, wanted: &str) -> Fault {
    Fault::new(pointer, code, format!("this must be {wanted}"))
}
