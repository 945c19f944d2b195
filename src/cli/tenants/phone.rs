//! `patchbay tenants phone` and `deploy`: how a tenant is reached, configured and set up.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{Named, find, path};
use crate::cli::api::{Api, text};
use crate::cli::jobs::{self, Watch};
use crate::cli::table::facts;

/// How a tenant is reached, or is to be.
#[derive(Debug, Args)]
pub(super) struct Phone {
    #[command(flatten)]
    tenant: Named,
    /// Says how from now on; without it, how it is is shown.
    #[arg(long, value_enum, requires = "clinic_number")]
    method: Option<Method>,
    /// The number the business is known by.
    #[arg(long, value_name = "NUMBER", requires = "method")]
    clinic_number: Option<String>,
    /// What its telephone system is.
    #[arg(long, value_name = "NAME", requires = "method")]
    pbx_type: Option<String>,
    /// Where a number is looked for.
    #[arg(long, value_name = "CODE", requires = "method")]
    area_code: Option<String>,
    /// Networks its telephone system calls from, in place of a password, by comma.
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',', requires = "method")]
    source_ips: Vec<String>,
    /// The carrier the number is with, where it moves.
    #[arg(long, value_name = "NAME", requires = "method")]
    carrier: Option<String>,
    /// Gets another number while it is on its way, to forward to.
    #[arg(long, requires = "method")]
    temporary_number: bool,
    /// Gets no number of ours: the SIP address is enough.
    #[arg(long, requires = "method")]
    without_number: bool,
    /// Makes a new SIP name and password; those before stay good beside them.
    #[arg(long, requires = "method")]
    renew_sip_password: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Method {
    /// Its carrier sends calls on.
    Forwarded,
    /// Its telephone system sends them.
    Sip,
    /// The number itself moves here.
    Ported,
}

pub(super) async fn run(api: &Api, phone: &Phone) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let tenant = find(&remote, &phone.tenant.tenant).await?.body;
    let path = path(&tenant, "/phone-integration");
    let now = match phone.method {
        None => remote.get(&path, &[]).await?,
        Some(method) => {
            let method = match method {
                Method::Forwarded => "forwarded",
                Method::Sip => "sip",
                Method::Ported => "ported",
            };
            let mut body = json!({ "method": method, "clinicNumber": phone.clinic_number });
            for (member, given) in
                [("pbxType", &phone.pbx_type), ("areaCode", &phone.area_code), ("currentCarrier", &phone.carrier)]
            {
                if let Some(given) = given {
                    body[member] = json!(given);
                }
            }
            if !phone.source_ips.is_empty() {
                body["sourceIps"] = json!(phone.source_ips);
            }
            if phone.temporary_number {
                body["wantsTemporaryNumber"] = json!(true);
            }
            if phone.without_number {
                body["needsPhoneNumber"] = json!(false);
            }
            body["renewSipPassword"] = json!(phone.renew_sip_password);
            remote.put(&path, &body).await?
        }
    };
    api.show(&now, || told(&now));
    Ok(())
}

fn told(phone: &Value) -> String {
    let of = |member: &str| text(phone, member).to_owned();
    let facts = facts(&[
        ("method", of("method")),
        ("number", of(if phone["method"] == "ported" { "phoneNumber" } else { "clinicNumber" })),
        ("carrier", of("currentCarrier")),
        ("move", of("portStatus")),
        ("meanwhile", of("temporaryNumber")),
        ("system", of("pbxType")),
        ("SIP address", of("sipUrl")),
        ("SIP name", of("sipUsername")),
        ("SIP password", of("sipPassword")),
        ("forward to", of("twilioForwardNumber")),
        ("ours", of("twilioSipNumber")),
        ("set up", of("setupCompletedAt")),
    ]);
    let notes = phone["notes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    std::iter::once(facts.as_str()).chain(notes).collect::<Vec<_>>().join("\n")
}

/// Sets up how a tenant is reached, and watches it.
pub(super) async fn deploy(api: &Api, tenant: &Named, watch: Watch) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let tenant = find(&remote, &tenant.tenant).await?.body;
    let begun = remote.post(&path(&tenant, "/deploy"), &json!(null)).await?;
    jobs::watch_if(api, &remote, &begun, watch).await
}
