//! The setup guide of a tenant, in the form that is asked for. What it says is `guides`' business; here its facts are
//! gathered, and the form is chosen.

use std::sync::LazyLock;

use axum::Json as Answer;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::error::{Problem, ProblemBody};
use super::owned::OfTenant;
use super::{AdminState, purchases};
use crate::guides::{self, Facts, Guide, Method, Pbx};
use crate::model::{Fault, Tenant};
use crate::routing;
use crate::routing::dialing::country_of;

/// Of what.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct GuideQuery {
    /// The way of being reached; where nothing is said the one the tenant is configured for, else all of them side by side.
    #[param(inline, value_type = Option<Method>)]
    method: Option<String>,
    /// The telephone system that calls over SIP; where nothing is said the tenant's own.
    #[param(inline, value_type = Option<Pbx>)]
    pbx: Option<String>,
}

/// How a business sets itself up
///
/// Written out for this tenant: its numbers, its SIP address, what is left to be done first, what it has to mind. With
/// `Accept: text/markdown` as Markdown, with `Accept: text/html` as a page that loads nothing and can be printed.
#[utoipa::path(get, path = "/api/tenants/{id}/setup-guide", tag = "phone", params(GuideQuery),
    responses(
        (status = 200, description = "The guide", content((Guide = "application/json"), (String = "text/markdown"), (String = "text/html"))),
        (status = 400, description = "The part after ? cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "There is no such method or telephone system", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn guide(
    State(admin): State<AdminState>,
    OfTenant(tenant): OfTenant,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (method, pbx) = asked(&uri)?;
    let guide = write(&admin, tenant, method, pbx).await?;
    let form = Form::accepted(&headers);
    let mut response = match form {
        Form::Json => Answer(&guide).into_response(),
        Form::Markdown => guides::markdown(&guide).into_response(),
        Form::Html => guides::html(&guide).into_response(),
    };
    let head = response.headers_mut();
    head.insert(header::VARY, HeaderValue::from_static("accept"));
    if let Some((content_type, ending)) = form.told() {
        head.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let name = format!("inline; filename=\"setup-guide-{}.{ending}\"", guide.business.slug);
        if let Ok(name) = HeaderValue::from_str(&name) {
            head.insert(header::CONTENT_DISPOSITION, name);
        }
    }
    if form == Form::Html {
        head.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY.clone());
    }
    Ok(response)
}

fn asked(uri: &Uri) -> Result<(Option<Method>, Option<Pbx>), Problem> {
    let unreadable = |_| Problem::bad_request("bad_query", "the part after ? cannot be read");
    let Query(asked) = Query::<GuideQuery>::try_from_uri(uri).map_err(unreadable)?;
    let method = asked.method.as_deref().map(|word| Method::parse(word).ok_or(Method::ALL.map(Method::as_str)));
    let pbx = asked.pbx.as_deref().map(|word| Pbx::parse(word).ok_or(Pbx::ALL.map(Pbx::as_str)));
    let unknown =
        |at: &str, words: &[&str]| Fault::new(at, "unknown_value", format!("this must be one of {}", words.join(", ")));
    match (method.transpose(), pbx.transpose()) {
        (Ok(method), Ok(pbx)) => Ok((method, pbx)),
        (method, pbx) => {
            let faults =
                [method.err().map(|words| unknown("?method", &words)), pbx.err().map(|words| unknown("?pbx", &words))];
            Err(Problem::invalid(faults.into_iter().flatten().collect()))
        }
    }
}

/// Gathers what the guide is written from.
async fn write(admin: &AdminState, tenant: Tenant, method: Option<Method>, pbx: Option<Pbx>) -> Result<Guide, Problem> {
    let load = admin.store.load_tenant(&tenant.id).await?;
    let load = load.ok_or_else(|| Problem::not_found("tenant", tenant.id.as_str()))?;
    let phone = admin.store.phone_integration(&tenant.id).await?.map(|(phone, _)| phone);
    let (compiled, doubts) = routing::compile(&load.tenant, &load.numbers, load.account.as_ref(), &admin.around);
    let country = phone.as_ref().and_then(|phone| country_of(phone.clinic_number));
    let facts = Facts {
        brand: &admin.brand,
        tenant: &load.tenant,
        phone: phone.as_ref(),
        numbers: &load.numbers,
        sip_domain: admin.provision.sip_domain.as_deref(),
        sip_acl_domain: admin.provision.sip_acl_domain.as_deref(),
        is_paid: purchases::pays(admin, &load.tenant.org_id).await?,
        has_target: compiled.target.is_some(),
        has_caller_id: !doubts.iter().any(|doubt| doubt.code == "no_caller_id"),
        country: country.as_deref(),
        costs: &admin.costs.estimates,
    };
    Ok(guides::guide(&facts, method, pbx))
}

/// The forms a guide is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Markdown,
    Html,
}

impl Form {
    /// The form that is wanted most; JSON where none is, or where it is all one.
    fn accepted(headers: &HeaderMap) -> Form {
        let given = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut best = (Form::Json, 0.0);
        for range in given.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let form = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "application/json" | "application/*" | "*/*" => Form::Json,
                "text/markdown" | "text/*" => Form::Markdown,
                "text/html" => Form::Html,
                _ => continue,
            };
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
            if weight > best.1 {
                best = (form, weight);
            }
        }
        best.0
    }

    /// What it is called in an answer, and how a file of it ends; JSON says so itself.
    fn told(self) -> Option<(&'static str, &'static str)> {
        match self {
            Form::Json => None,
            Form::Markdown => Some(("text/markdown; charset=utf-8", "md")),
            Form::Html => Some(("text/html; charset=utf-8", "html")),
        }
    }
}

/// The page holds its style, so that it can be kept and sent on; that one style is allowed, and nothing else.
static CONTENT_SECURITY_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(guides::STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("base64 is visible ASCII")
});

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accept: &str, form: Form) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(accept).expect("a header"));
        assert_eq!(Form::accepted(&headers), form, "{accept}");
    }

    #[test]
    fn the_form_is_the_one_that_is_wanted_most() {
        assert_eq!(Form::accepted(&HeaderMap::new()), Form::Json);
        check("*/*", Form::Json);
        check("application/json", Form::Json);
        check("text/markdown", Form::Markdown);
        check("Text/Markdown; charset=utf-8", Form::Markdown);
        check("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form::Html);
        check("text/html;q=0.5, text/markdown;q=0.9", Form::Markdown);
        check("text/html;q=0, application/json", Form::Json);
        check("application/json, text/html", Form::Json);
        check("image/png", Form::Json);
        check("text/html;q=nonsense", Form::Html);
    }
}
