//! The OpenAPI document: made from the handlers, with what all of them share added here.
//!
//! What every request can come to (no token, nothing there, a bad body) is decided in one place and so described in one.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContactBuilder, Content, Header, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathItem,
    Ref, RefOr, Required, Response, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use super::cookie;
use super::error::{FaultBody, ProblemBody};
use super::narrowings::AllOfThem;
use super::{auth, lists, session};

/// The part of the document that no handler knows.
pub(super) fn frame() -> OpenApi {
    let info = InfoBuilder::new()
        .title("patchbay admin API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(INTRODUCTION))
        .contact(Some(ContactBuilder::new().name(Some("patchbay")).build()));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The admin token.")).build();
    let words = "The session of a browser; what is not GET must come from the console's own origin.";
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(cookie::NAME, words)));
    let mut schemas = vec![
        (ProblemBody::name().into_owned(), ProblemBody::schema()),
        (FaultBody::name().into_owned(), FaultBody::schema()),
    ];
    ProblemBody::schemas(&mut schemas);
    let components = ComponentsBuilder::new()
        .security_scheme("token", SecurityScheme::Http(bearer))
        .security_scheme("session", cookie)
        .schemas_from_iter(schemas);
    let tags = TAGS
        .iter()
        .map(|(name, words)| TagBuilder::new().name(*name).description(Some(*words)).build())
        .collect::<Vec<_>>();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components.build()))
        .security(Some(["token", "session"].map(|name| SecurityRequirement::new::<_, [&str; 0], &str>(name, []))))
        .tags(Some(tags))
        .build()
}

const INTRODUCTION: &str = "Settings, numbers, calls and voicemails of a patchbay installation. \
    Every path under /api/ needs the header `Authorization: Bearer …`, or the cookie that `POST /api/session` sets. \
    Errors are `application/problem+json` and carry the request's id. \
    Lists take `limit` (1 to 200, 50 where nothing is said), `cursor`, and what each of them names; what a list does not \
    take is refused. A page may be short, even empty, where the search was long: go on while there is a `nextCursor`. \
    A POST sent again with the same `Idempotency-Key` gets the first answer again, for 24 hours. \
    What has a version takes `If-Match` with the ETag it was read with.";

const TAGS: &[(&str, &str)] = &[
    ("today", "How things are, and what needs a person."),
    ("search", "Everything, by a few words."),
    ("check", "Whether all is in place."),
    ("organizations", "Whose Twilio account carries the calls."),
    ("tenants", "One business each: its name, its zone, and who answers for it."),
    ("availability", "When the AI answers, and what happens when it does not."),
    ("override", "Somebody decides by hand."),
    ("plan", "What a call walks through besides."),
    ("versions", "What was saved when, and the way back."),
    ("simulate", "What would happen to a call, and what would have happened."),
    ("coverage", "When the AI answers, and how many call at once."),
    ("numbers", "The numbers that lead to tenants."),
    ("phone", "How tenants are reached."),
    ("ports", "Tenants' own numbers on their way here."),
    ("restaurants", "Tenants by the words of an older system."),
    ("jobs", "What is being set up, step by step."),
    ("costs", "What it costs."),
    ("calls", "Calls as they went."),
    ("live", "Calls as they go."),
    ("events", "What happens, as it happens."),
    ("voicemails", "What callers left."),
    ("retention", "How long things are kept."),
    ("erasures", "One person's data, erased by their number."),
    ("exports", "One person's data, read out by their number."),
    ("webhooks", "Who is told when something happens."),
    ("deliveries", "What they were told, and are to be told."),
    ("secrets", "The keys under which credentials are sealed."),
    ("session", "How a browser gets in."),
    ("tokens", "Who may see and change what."),
    ("audit", "Who changed what."),
    ("health", "For machines that watch."),
    ("pages", "For people who look."),
];

/// Adds to every operation what all of its kind share.
pub(super) fn complete(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            name_uniquely(operation);
            if path.starts_with("/api/") {
                complete_operation(path, &method, operation);
            }
            if !path.starts_with("/api/") || signs_in(path, &method) {
                operation.security = Some(Vec::new());
            }
        }
    }
}

/// Handlers are called `read` and `put` in every file; a client's functions need names of their own.
fn name_uniquely(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
    operation.operation_id = operation.operation_id.take().map(|name| format!("{tag}_{name}"));
}

/// The operations of a path.
pub(super) fn operations(item: &mut PathItem) -> Vec<(HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
    .collect()
}

/// What is asked by whoever has nothing to show yet.
fn signs_in(path: &str, method: &HttpMethod) -> bool {
    path == session::PATH && *method == HttpMethod::Post
}

fn complete_operation(path: &str, method: &HttpMethod, operation: &mut Operation) {
    let names_something = path.contains('{');
    let takes_body = operation.request_body.is_some();
    let is_list = *method == HttpMethod::Get && LISTS.contains(&path);
    let stores = !auth::is_question(path);
    let has_version = VERSIONED.contains(&path);
    let is_change = *method != HttpMethod::Get;
    let is_post = *method == HttpMethod::Post;
    // Its own answers say what it comes to.
    let takes_key = is_post && !signs_in(path, method);

    add(operation, "401", "No token, or one that is not good");
    add(operation, "500", "Something went wrong in patchbay");
    add(operation, "503", "The store is away, or the answer took too long");
    if names_something {
        for name in path.split(['{', '}']).skip(1).step_by(2) {
            parameter(operation, path_parameter(name.to_owned()));
        }
        add(operation, "404", "There is no such thing, or not for this token to see");
    }
    if is_change && stores {
        add(operation, "403", "The token may look at it, and not do this");
    } else if is_change {
        add(operation, "403", "A session's cookie came from a page of another site");
    } else if OPERATORS_ONLY.contains(&path) {
        add(operation, "403", "This takes an operator's token");
    }
    if is_list {
        let paging = lists::parameters::<AllOfThem>();
        paging.into_iter().for_each(|page| parameter(operation, page));
        add(operation, "400", "The part after ? cannot be read");
        add(operation, "422", "A parameter is not valid; each fault is named");
    }
    if takes_body {
        add(operation, "400", "The body is no JSON");
        add(operation, "408", "The body did not arrive");
        add(operation, "413", "The body is larger than 1 MiB");
        add(operation, "415", "The body is not sent as JSON");
        add(operation, "422", "The body says something that cannot be; every fault is named, nothing was changed");
    }
    if takes_key {
        add(operation, "400", "The Idempotency-Key is no key");
        add(operation, "408", "The body did not arrive");
        add(operation, "413", "The body is larger than 1 MiB");
        add(operation, "422", "The Idempotency-Key came with another request before");
        parameter(
            operation,
            header_parameter("Idempotency-Key", "Sent again with the same key, the first answer comes again."),
        );
    }
    if has_version && is_change {
        parameter(operation, header_parameter("If-Match", "The ETag it was read with: changed only if it still fits."));
        add(operation, "412", "It has changed since it was read");
    }
    if has_version && let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200") {
        let tag = Header::builder().schema(Some(ObjectBuilder::new().schema_type(Type::String).build()));
        response
            .headers
            .insert("ETag".to_owned(), RefOr::T(tag.description(Some("The version, for If-Match.")).build()));
    }
    if BUY.contains(&path) && is_post {
        add(operation, "402", "Nobody pays for the organization's numbers: `payment_required`");
    }
    if let Some((_, _, words)) = CONFLICTS.iter().find(|(at, of, _)| *at == path && of == method) {
        add(operation, "409", words);
    }
    if takes_key {
        add(operation, "409", "The first request with this Idempotency-Key is still worked on, or broke off");
    }
}

/// What is of one version, and is changed only if it is still that one where this is asked.
const VERSIONED: [&str; 10] = [
    "/api/orgs/{id}",
    "/api/orgs/{id}/billing",
    "/api/orgs/{id}/twilio",
    "/api/tenants/{id}",
    "/api/tenants/{id}/availability",
    "/api/tenants/{id}/override",
    "/api/tenants/{id}/plan",
    "/api/tenants/{id}/retention",
    "/api/tenants/{id}/rollback",
    "/api/webhooks/{id}",
];

/// What others may not even look at.
const OPERATORS_ONLY: [&str; 3] = ["/api/secrets/rotation", "/api/vapi/free-numbers", "/api/check"];

/// What answers a page.
const LISTS: [&str; 15] = [
    "/api/costs",
    "/api/jobs",
    "/api/webhooks",
    "/api/webhooks/{id}/deliveries",
    "/api/orgs",
    "/api/tenants",
    "/api/tenants/{id}/versions",
    "/api/numbers/owned",
    "/api/numbers/ledger",
    "/api/calls",
    "/api/voicemails",
    "/api/erasures",
    "/api/erasures/pending",
    "/api/tokens",
    "/api/audit",
];

/// What may buy a number.
const BUY: [&str; 5] =
    ["/api/numbers", "/api/tenants", "/api/tenants/{id}/deploy", "/api/restaurants", "/api/jobs/{id}/retry"];

/// What may be in somebody's way.
const CONFLICTS: [(&str, HttpMethod, &str); 18] = [
    ("/api/calls/{sid}/replay", HttpMethod::Post, "The call is of no tenant that is still there"),
    ("/api/numbers", HttpMethod::Post, "The number leads to a tenant, or the tenant has as many as it may have"),
    ("/api/numbers/{id}/release", HttpMethod::Post, "The number leads to a tenant"),
    ("/api/tenants/{id}/deploy", HttpMethod::Post, "How the tenant is reached has not been said"),
    ("/api/tenants/{id}/phone-integration", HttpMethod::Put, "It has two SIP names, and both are in use"),
    ("/api/tenants/{id}/sip-names/{name}", HttpMethod::Delete, "It is the newest name"),
    ("/api/jobs/{id}/retry", HttpMethod::Post, "The job has not ended, or has succeeded"),
    ("/api/jobs/{id}/cancel", HttpMethod::Post, "The job has ended"),
    ("/api/tenants", HttpMethod::Post, "Another tenant has the slug"),
    ("/api/tenants/{id}", HttpMethod::Patch, "Another tenant has the slug"),
    ("/api/numbers/owned", HttpMethod::Post, "The number leads to another tenant"),
    ("/api/numbers/{id}", HttpMethod::Patch, "The number leads to another tenant"),
    ("/api/orgs/{id}", HttpMethod::Delete, "It has tenants still, or is the platform's own"),
    ("/api/orgs/{id}/twilio", HttpMethod::Put, "Another organization has the account"),
    ("/api/webhooks/{id}/test", HttpMethod::Post, "The webhook is disabled"),
    ("/api/webhooks/{id}/replay", HttpMethod::Post, "The webhook is disabled"),
    ("/api/webhooks/{id}/deliveries/{messageId}/replay", HttpMethod::Post, "The webhook is disabled"),
    ("/api/secrets/rotation", HttpMethod::Post, "The key is given in the settings, or its file cannot be replaced"),
];

fn add(operation: &mut Operation, status: &str, words: &str) {
    let content = Content::builder().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build();
    let response = ResponseBuilder::new().description(words).content("application/problem+json", content).build();
    operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::<Response>::T(response));
}

fn parameter(operation: &mut Operation, parameter: Parameter) {
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
}

fn path_parameter(name: String) -> Parameter {
    let words = if name == "sid" { "The call's SID." } else { "The identifier." };
    text_parameter(&name, words, ParameterIn::Path, Required::True)
}

fn header_parameter(name: &str, words: &str) -> Parameter {
    text_parameter(name, words, ParameterIn::Header, Required::False)
}

fn text_parameter(name: &str, words: &str, place: ParameterIn, required: Required) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(words))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build()
}
