//! `patchbay tenants port`: a tenant's own number on its way here.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Named, find, path};
use crate::cli::api::{Api, text};
use crate::cli::jobs::{self, Watch};
use crate::cli::table::facts;
use crate::cli::{when, yaml};

/// What is said or asked of it.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Shows how far it is, what is missing, and what happened.
    Show(Named),
    /// Asks Twilio whether the number can come, and what its carrier wants for it.
    Check(Named),
    /// Tells what the carrier wants to know, from a file.
    #[command(after_help = PAPERS)]
    Papers {
        #[command(flatten)]
        tenant: Named,
        /// YAML or JSON.
        file: PathBuf,
    },
    /// Hands Twilio the carrier's bill.
    Bill(Bill),
    /// Asks Twilio now how far it is.
    Refresh(Named),
    /// Calls it off: the number stays with its carrier.
    Cancel {
        #[command(flatten)]
        tenant: Named,
        #[command(flatten)]
        watch: Watch,
    },
}

/// The bill that proves whose a number is.
#[derive(Debug, Args)]
pub(super) struct Bill {
    #[command(flatten)]
    tenant: Named,
    /// A PDF, JPEG or PNG, at most 30 days old.
    file: PathBuf,
}

const PAPERS: &str = "The file, written as the bill has it:

  customerName: Smile Dental
  accountNumber: \"88-1234\"
  authorizedRepresentative: Robin Example
  authorizedRepresentativeEmail: robin@example.com
  address: {street: 12 Example Street, city: Springfield, state: IL, zip: \"62701\"}

and, where the carrier wants them, pin, accountTelephoneNumber, customerType (individual), notificationEmails, targetDate.";

pub(super) async fn run(api: &Api, command: &Command) -> anyhow::Result<()> {
    let remote = api.remote()?;
    let named = match command {
        Command::Show(tenant) | Command::Check(tenant) | Command::Refresh(tenant) => tenant,
        Command::Papers { tenant, .. } | Command::Cancel { tenant, .. } | Command::Bill(Bill { tenant, .. }) => tenant,
    };
    let tenant = find(&remote, &named.tenant).await?.body;
    let now = match command {
        Command::Show(_) => remote.get(&path(&tenant, "/port"), &[]).await?,
        Command::Check(_) => {
            let found = remote.get(&path(&tenant, "/port/portability"), &[]).await?;
            api.show(&found, || {
                let pin =
                    if found["needsPin"] == true { "\nits carrier wants the account number and a PIN" } else { "" };
                format!("{}{pin}", text(&found, "detail"))
            });
            return Ok(());
        }
        Command::Papers { file, .. } => remote.put(&path(&tenant, "/port"), &papers(file)?).await?,
        Command::Bill(bill) => {
            let content =
                std::fs::read(&bill.file).with_context(|| format!("could not read {}", bill.file.display()))?;
            remote.put_file(&path(&tenant, "/port/bill"), kind(&bill.file)?, content).await?
        }
        Command::Refresh(_) => remote.post(&path(&tenant, "/port/refresh"), &json!(null)).await?,
        Command::Cancel { watch, .. } => {
            let begun = remote.post(&path(&tenant, "/port/cancel"), &json!(null)).await?;
            return jobs::watch_if(api, &remote, &begun, *watch).await;
        }
    };
    api.show(&now, || told(&now));
    Ok(())
}

fn papers(file: &Path) -> anyhow::Result<Value> {
    let source = std::fs::read_to_string(file).with_context(|| format!("could not read {}", file.display()))?;
    match yaml::read(&source).with_context(|| format!("could not read {}", file.display()))?.as_slice() {
        [one] => Ok(one.value()),
        _ => bail!("{} must hold the papers of one number", file.display()),
    }
}

/// What a file is by its name.
fn kind(file: &Path) -> anyhow::Result<&'static str> {
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    Ok(match ending.as_str() {
        "pdf" => "application/pdf",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        _ => bail!("{}: a bill is a .pdf, .jpg or .png", file.display()),
    })
}

fn told(port: &Value) -> String {
    let request = &port["request"];
    let of = |from: &Value, member: &str| text(from, member).to_owned();
    let mut lines = vec![facts(&[
        ("number", of(port, "phoneNumber")),
        ("status", of(port, "portStatus")),
        ("request", of(request, "requestSid")),
        ("comes", when::told(&request["portDate"], None)),
        ("sign at", of(request, "signatureUrl")),
    ])];
    lines.push(of(port, "detail"));
    let list = |of: &Value| -> Vec<Value> { of.as_array().cloned().unwrap_or_default() };
    lines.extend(list(&port["missing"]).iter().filter_map(Value::as_str).map(|missing| format!("missing: {missing}")));
    let moment = |moment: &Value| format!("  {}  {}", when::told(&moment["at"], None), text(moment, "detail"));
    lines.extend(list(&request["timeline"]).iter().map(moment));
    lines.join("\n")
}
