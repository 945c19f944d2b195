//! What needs no token: health, metrics, the OpenAPI document, and pages for people; the first of them is `console`'s.
//!
//! The reference page is served whole from here and loads nothing from anywhere else.

use std::sync::LazyLock;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{Problem, ProblemBody};
use super::router::document;
use super::{AdminState, console};

/// The process lives.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
}

/// A file of the pages.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only shows what there is; the path is a text")]
enum PageFile {
    #[schema(rename = "docs.js")]
    Script,
    #[schema(rename = "pages.css")]
    Style,
}

/// Alive
///
/// It says that this process answers, and nothing of what stands behind it.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "Alive", body = Health)))]
pub(super) async fn healthz() -> Answer<Health> {
    Answer(Health { status: "ok" })
}

/// Metrics, as Prometheus reads them
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, description = "All metrics", body = String, content_type = "text/plain")))]
pub(super) async fn metrics(State(admin): State<AdminState>) -> Response {
    typed("text/plain; version=0.0.4; charset=utf-8", (admin.metrics_text)())
}

/// The console
///
/// In a build without one, a page that says how to come by it.
#[utoipa::path(get, path = "/", tag = "pages",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")))]
pub(super) async fn home(State(admin): State<AdminState>) -> Response {
    console::first_page(&admin)
}

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "pages",
    responses((status = 200, description = "The OpenAPI document of this API", body = serde_json::Value)))]
pub(super) async fn openapi_json() -> Response {
    typed("application/json", DOCUMENT.clone())
}

/// The reference page
#[utoipa::path(get, path = "/docs", tag = "pages",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")))]
pub(super) async fn docs() -> Response {
    typed(HTML, include_str!("pages/docs.html"))
}

/// What the pages are made of
#[utoipa::path(get, path = "/assets/{file}", tag = "pages", params(("file" = inline(PageFile), Path, description = "Its name.")),
    responses(
        (status = 200, description = "The file", content((String = "text/css"), (String = "text/javascript"))),
        (status = 404, description = "There is no such file", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(super) async fn asset(Path(file): Path<String>) -> Result<Response, Problem> {
    match file.as_str() {
        "docs.js" => Ok(typed("text/javascript; charset=utf-8", include_str!("pages/docs.js"))),
        "pages.css" => Ok(typed("text/css; charset=utf-8", include_str!("pages/pages.css"))),
        _ => Err(Problem::no_route(&format!("/assets/{file}"))),
    }
}

const HTML: &str = "text/html; charset=utf-8";

/// The document never changes while the process lives.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    Bytes::from(document().to_json().expect("a document is made of texts and numbers and always serialises"))
});

fn typed(content_type: &'static str, body: impl Into<axum::body::Body>) -> Response {
    let head: [(HeaderName, &'static str); 1] = [(header::CONTENT_TYPE, content_type)];
    (head, body.into()).into_response()
}
