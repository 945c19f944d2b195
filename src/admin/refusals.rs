//! What is refused where numbers are got, moved and let go, and who is asked for them.

use axum::http::StatusCode;

use super::error::Problem;

impl Problem {
    /// The number leads to another tenant.
    pub fn number_taken() -> Problem {
        let detail =
            "the number leads to another tenant, or its id at Vapi belongs to another number: unassign it there first";
        Problem::new(StatusCode::CONFLICT, "number_taken", "The number leads elsewhere", detail)
    }

    /// Nobody pays for what this would buy.
    pub fn payment_required() -> Problem {
        let detail = "the organization's billing is not verified, so nothing is bought for it: an operator says that it \
                      is with PUT /api/orgs/{id}/billing, or sets policy.require_payment = false";
        Problem::new(StatusCode::PAYMENT_REQUIRED, "payment_required", "Nobody pays for this yet", detail)
    }

    /// The tenant has as many numbers as it may have, or will have.
    pub fn too_many_numbers(most: u32) -> Problem {
        let detail = format!("a tenant may have {most} numbers (policy.numbers_per_tenant); take one from it first");
        Problem::new(StatusCode::CONFLICT, "too_many_numbers", "The tenant has its numbers", detail)
    }

    /// How the tenant is reached has not been said.
    pub fn not_configured() -> Problem {
        let detail = "say how the tenant is to be reached first: PUT /api/tenants/{id}/phone-integration";
        Problem::new(StatusCode::CONFLICT, "not_configured", "There is nothing to set up", detail)
    }

    /// The tenant's own number is not to move.
    pub fn not_ported() -> Problem {
        let detail = "the tenant is not configured as ported: PUT /api/tenants/{id}/phone-integration with that method";
        Problem::new(StatusCode::CONFLICT, "not_ported", "No number is to move", detail)
    }

    /// Nothing is on its way.
    pub fn no_port() -> Problem {
        let detail = "no number of this tenant is on its way: it was never asked for, has come, or was called off";
        Problem::new(StatusCode::CONFLICT, "no_port", "No move is under way", detail)
    }

    /// A number is on its way, and this would leave it without a place.
    pub fn port_under_way() -> Problem {
        let detail = "a number is on its way here: call the move off first (POST /api/tenants/{id}/port/cancel)";
        Problem::new(StatusCode::CONFLICT, "port_under_way", "A move is under way", detail)
    }

    /// What is missing before a number can be asked for.
    pub fn port_incomplete(missing: &[String]) -> Problem {
        let detail = format!("this is missing: {}", missing.join("; "));
        Problem::new(StatusCode::CONFLICT, "port_incomplete", "The carrier wants to know more", detail)
    }

    /// The job is not in a state for this.
    pub fn job_state(state: &str) -> Problem {
        let detail = format!(
            "the job is {state}: one that has failed, stopped or been called off can be retried, one that has not ended cancelled"
        );
        Problem::new(StatusCode::CONFLICT, "job_state", "The job is not in a state for this", detail)
    }

    /// The number leads to a tenant, and this is for one that leads nowhere.
    pub fn number_in_use() -> Problem {
        let detail = "the number leads to a tenant: take it from that tenant first (DELETE /api/numbers/{id})";
        Problem::new(StatusCode::CONFLICT, "number_in_use", "The number is in use", detail)
    }

    /// There is no account at Twilio that could be asked.
    pub fn twilio_missing() -> Problem {
        let detail = "neither the organization nor the installation has a Twilio account: give it credentials";
        Problem::new(StatusCode::CONFLICT, "twilio_missing", "There is no Twilio account", detail)
    }

    /// The installation has no key of Vapi's.
    pub fn vapi_missing() -> Problem {
        let detail = "the installation has no key of Vapi's: set vapi.api_key (or VAPI_API_KEY) and restart";
        Problem::new(StatusCode::CONFLICT, "vapi_missing", "There is no key of Vapi's", detail)
    }

    /// A provider failed us.
    pub fn upstream_failed(detail: &'static str) -> Problem {
        Problem::new(StatusCode::BAD_GATEWAY, "upstream_failed", "The provider failed", detail)
    }

    /// A provider does not take our credentials.
    pub fn upstream_refused(detail: &'static str) -> Problem {
        Problem::new(StatusCode::BAD_GATEWAY, "upstream_refused", "The provider refused us", detail)
    }

    /// A third name would take a name away that is in use.
    pub fn sip_names_in_use() -> Problem {
        let detail = "it has two SIP names, and calls sign in with the newer: remove the older first (GET and DELETE \
                      /api/tenants/{id}/sip-names), then another can be made";
        Problem::new(StatusCode::CONFLICT, "sip_names_in_use", "Both SIP names are in use", detail)
    }

    /// It is the only name that will be good.
    pub fn sip_name_newest() -> Problem {
        let detail = "this is the newest name, and without it nobody could sign in: make another first \
                      (renewSipPassword), then this one can be removed";
        Problem::new(StatusCode::CONFLICT, "sip_name_newest", "This is the newest SIP name", detail)
    }
}
