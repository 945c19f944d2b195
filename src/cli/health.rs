//! `patchbay health`: asks a running edge whether it is alive, for containers that hold nothing but the binary.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use tokio::runtime::Builder;

use crate::config::{Edge, Listen};

/// Longest an edge that is alive may take to say so.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Base URL of the edge; without it, where the settings let it listen.
    #[arg(long)]
    url: Option<String>,
    /// File with settings, as given to `serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let base = match &arguments.url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => base(&super::settings(arguments.config.as_deref())?.edge),
    };
    let runtime = Builder::new_current_thread().enable_all().build().context("could not start a runtime")?;
    runtime.block_on(ask(&format!("{base}/healthz")))
}

async fn ask(url: &str) -> anyhow::Result<()> {
    // Somebody else may have chosen the process' provider of cryptography already; either will do.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        // The certificate names the public host, and this is a question to ourselves that carries no secret.
        .tls_danger_accept_invalid_certs(true)
        .build()
        .context("could not build the HTTP client")?;
    let answer =
        client.get(url).send().await.with_context(|| format!("nobody answers at {url}; is the edge running?"))?;
    if !answer.status().is_success() {
        bail!("{url} answered {}; look into the log of the edge", answer.status());
    }
    Ok(())
}

/// Where the edge of these settings can be reached from its own machine.
fn base(edge: &Edge) -> String {
    let scheme = if edge.tls.is_some() { "https" } else { "http" };
    format!("{scheme}://{}", reachable(&edge.listen))
}

/// An address that means "all" can be listened on but not called.
fn reachable(listen: &Listen) -> String {
    match listen.host() {
        "0.0.0.0" => format!("127.0.0.1:{}", listen.port()),
        "::" => format!("[::1]:{}", listen.port()),
        _ => listen.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn an_address_that_means_all_is_asked_on_the_machine_itself() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("[::]:8080", "http://[::1]:8080"),
            ("10.0.0.7:80", "http://10.0.0.7:80"),
        ] {
            let variable = ("PATCHBAY_EDGE__LISTEN".to_owned(), listen.to_owned());
            let settings = Settings::load(None, std::iter::once(variable)).expect("valid");
            assert_eq!(base(&settings.edge), asked);
        }
    }
}
