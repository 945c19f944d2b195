//! `patchbay tenants simulate`: what would happen to a call.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::availability::one_document;
use super::{Named, find, path};
use crate::cli::api::Api;
use crate::cli::call::explained_at;
use crate::cli::when;

#[derive(Debug, Args)]
pub(super) struct Question {
    #[command(flatten)]
    tenant: Named,
    /// When the call comes in (RFC 3339); now where absent.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// How many other calls are not with the AI; as many as there are, where absent.
    #[arg(long, value_name = "COUNT")]
    active_calls: Option<u32>,
    /// The caller.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    from: Option<String>,
    /// Which number of the tenant is called.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    to: Option<String>,
    /// Settings that were not saved: YAML or JSON, `-` is standard input.
    #[arg(long, value_name = "FILE")]
    availability: Option<PathBuf>,
}

pub(super) async fn run(api: &Api, question: &Question) -> anyhow::Result<()> {
    let mut body = json!({});
    if let Some(at) = question.at {
        body["at"] = json!(at.to_string());
    }
    if let Some(count) = question.active_calls {
        body["activeCalls"] = json!(count);
    }
    for (name, text) in [("from", &question.from), ("to", &question.to)] {
        if let Some(text) = text {
            body[name] = json!(text);
        }
    }
    if let Some(file) = &question.availability {
        body["availability"] = one_document(file)?.value();
    }
    let remote = api.remote()?;
    let tenant = find(&remote, &question.tenant.tenant).await?.body;
    let answer = remote.post(&path(&tenant, "/simulate"), &body).await?;
    let zone = tenant["timezone"].as_str();
    api.show(&answer, || explained_at(&answer, |instant| when::told(instant, zone)));
    Ok(())
}
