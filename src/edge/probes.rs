//! `/healthz` and `/readyz`, for load balancers; and everything that is not there.

use hyper::Method;

use super::route::not_allowed;
use super::{Answer, Edge, Incoming};

pub(super) fn answer(edge: &Edge, request: &Incoming) -> Answer {
    let asks = request.method == Method::GET || request.method == Method::HEAD;
    match request.path() {
        "/healthz" | "/readyz" if !asks => not_allowed("GET, HEAD"),
        "/healthz" => Answer::text(200, "alive"),
        "/readyz" if edge.readiness.is_ready(|| edge.directory.is_warm()) => Answer::text(200, "ready"),
        "/readyz" => Answer::text(503, "not ready"),
        _ => Answer::text(404, "not found"),
    }
}
