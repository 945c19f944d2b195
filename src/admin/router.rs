//! Every route of the admin API on one screen, and the layers a request goes through.

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Problem;
use super::exact::Document;
use super::{
    AdminState, audio, audit, auth, availability, calls, check, concurrency, console, costs, coverage, erasures,
    events, exports, idempotency, jobs, live, number_deeds, number_life, numbers, openapi, orgs, overrides, pages,
    phone_integration, plan, port, purchases, replay, replay_call, request, restaurants, retention, rotation, search,
    session, setup_guide, simulate, sip_names, supply, tenants, today, tokens, turns::Turns, versions, voicemails,
    webhook_deliveries, webhooks,
};

fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::with_openapi(openapi::frame())
        .routes(routes!(today::read))
        .routes(routes!(search::find))
        .routes(routes!(check::read))
        .routes(routes!(orgs::list, orgs::create))
        .routes(routes!(orgs::read, orgs::change, orgs::delete))
        .routes(routes!(orgs::put_twilio, orgs::delete_twilio))
        .routes(routes!(orgs::read_billing, orgs::put_billing))
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(tenants::read, tenants::change, tenants::delete))
        .routes(routes!(availability::read, availability::put))
        .routes(routes!(overrides::read, overrides::put, overrides::delete))
        .routes(routes!(plan::read, plan::put))
        .routes(routes!(versions::list))
        .routes(routes!(versions::rollback))
        .routes(routes!(simulate::simulate))
        .routes(routes!(replay::replay))
        .routes(routes!(coverage::read, coverage::imagine))
        .routes(routes!(coverage::draw))
        .routes(routes!(concurrency::count))
        .routes(routes!(numbers::list, numbers::record))
        .routes(routes!(numbers::change, numbers::unassign))
        .routes(routes!(number_life::ledger))
        .routes(routes!(number_life::history))
        .routes(routes!(number_life::audit))
        .routes(routes!(supply::available))
        .routes(routes!(supply::available_too, purchases::purchase))
        .routes(routes!(purchases::batch))
        .routes(routes!(number_deeds::sync))
        .routes(routes!(number_deeds::rewire))
        .routes(routes!(number_deeds::remove))
        .routes(routes!(number_deeds::release))
        .routes(routes!(phone_integration::read, phone_integration::put))
        .routes(routes!(phone_integration::deploy))
        .routes(routes!(port::read, port::put))
        .routes(routes!(port::put_bill))
        .routes(routes!(port::portability))
        .routes(routes!(port::refresh))
        .routes(routes!(port::cancel))
        .routes(routes!(sip_names::list))
        .routes(routes!(sip_names::remove))
        .routes(routes!(setup_guide::guide))
        .routes(routes!(restaurants::create))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::read))
        .routes(routes!(jobs::retry))
        .routes(routes!(jobs::cancel))
        .routes(routes!(supply::free_numbers))
        .routes(routes!(costs::read))
        .routes(routes!(calls::list))
        .routes(routes!(calls::read))
        .routes(routes!(replay_call::replay))
        .routes(routes!(live::list))
        .routes(routes!(events::listen))
        .routes(routes!(voicemails::list))
        .routes(routes!(voicemails::read, voicemails::change))
        .routes(routes!(audio::hear))
        .routes(routes!(retention::read, retention::put))
        .routes(routes!(erasures::list, erasures::create))
        .routes(routes!(erasures::pending))
        .routes(routes!(erasures::read))
        .routes(routes!(exports::create))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::read, webhooks::change, webhooks::delete))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhook_deliveries::test))
        .routes(routes!(webhook_deliveries::list))
        .routes(routes!(webhook_deliveries::replay))
        .routes(routes!(webhook_deliveries::replay_all))
        .routes(routes!(rotation::read, rotation::rotate))
        .routes(routes!(session::read, session::sign_in, session::sign_out))
        .routes(routes!(session::make_link))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(audit::list))
        .routes(routes!(pages::healthz))
        .routes(routes!(pages::metrics))
        .routes(routes!(pages::home))
        .routes(routes!(pages::openapi_json))
        .routes(routes!(pages::docs))
        .routes(routes!(pages::asset))
}

/// The admin API, ready to be served.
pub fn router(state: AdminState) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .fallback(console::elsewhere)
        .method_not_allowed_fallback(wrong_method)
        // From the innermost layer to the outermost.
        .layer(from_fn_with_state((state.clone(), Turns::default()), idempotency::once))
        .layer(from_fn_with_state(state.clone(), auth::guard))
        .layer(from_fn_with_state(state.clone(), request::outermost))
        .with_state(state)
}

/// The OpenAPI document of exactly these routes.
pub fn document() -> Document {
    let (_, mut document) = routes().split_for_parts();
    openapi::complete(&mut document);
    Document::exactly(document)
}

async fn wrong_method(request: Request) -> Problem {
    Problem::wrong_method(request.method().as_str(), request.uri().path())
}
