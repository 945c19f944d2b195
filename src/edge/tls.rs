//! Encryption in the process: the certificate, and how it is changed while calls go on.
//!
//! Who renews the files, and how, is for others to know; here they are only looked at.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::{Accept, TlsAcceptor};
use tokio_util::sync::CancellationToken;

use super::certificate::certificate_end;
use crate::telemetry::Metrics;

/// How often the files are read again. What they hold is compared, so it does not matter whether somebody wrote into
/// them, renamed others over them or turned a link around.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A certificate that can be exchanged while it is in use.
pub struct Tls {
    files: Files,
    acceptor: TlsAcceptor,
    current: Arc<Current>,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("could not read {}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file holds no certificate or key in PEM.
    #[error("could not find a {what} in {}", path.display())]
    Pem {
        /// What was looked for.
        what: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// The two do not belong together, or are of a kind not supported.
    #[error("could not use the certificate and the key together")]
    Pair(#[source] rustls::Error),
    /// The library refuses the protocol versions; cannot happen with the ones asked for.
    #[error("could not set up the encryption")]
    Setup(#[source] rustls::Error),
}

impl Tls {
    /// Reads certificate chain and key, both PEM.
    pub async fn load(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Tls, TlsError> {
        let files = Files { certificate: certificate.into(), key: key.into() };
        let pair = files.read().await?;
        let current = Arc::new(Current(ArcSwap::from_pointee(files.certified(&pair)?)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Tls { files, acceptor: TlsAcceptor::from(Arc::new(config)), current })
    }

    /// Follows the files until `shutdown`: a new valid pair is used from the next connection on, anything else leaves
    /// the old one in use and is logged once.
    pub async fn follow(&self, every: Duration, metrics: Arc<Metrics>, shutdown: CancellationToken) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = None;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => self.look(&mut seen).await,
            }
            if let Some(end) = self.ends() {
                metrics.certificate_end(end);
            }
        }
    }

    /// When the certificate in use ends, where it says so.
    pub fn ends(&self) -> Option<Timestamp> {
        certificate_end(&self.current.0.load().cert)
    }

    /// Begins to encrypt a connection.
    pub(super) fn accept(&self, socket: TcpStream) -> Accept<TcpStream> {
        self.acceptor.accept(socket)
    }

    /// Takes over what the files hold, if it is not what they held at the last look.
    async fn look(&self, seen: &mut Option<Result<Pair, String>>) {
        let now = self.files.read().await.map_err(|error| chain(&error));
        if seen.as_ref() == Some(&now) {
            return;
        }
        match now.as_ref().map(|pair| self.files.certified(pair)) {
            Ok(Ok(certified)) if certified.cert != self.current.0.load().cert => {
                self.current.0.store(Arc::new(certified));
                tracing::info!("the certificate has changed; new connections use the new one");
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => warn(&chain(&error)),
            Err(error) => warn(error),
        }
        *seen = Some(now);
    }
}

fn warn(error: &str) {
    tracing::warn!(error, "could not load the changed certificate; the old one stays in use");
}

/// An error with all that caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

#[derive(Clone, Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What the two files hold.
#[derive(PartialEq, Eq)]
struct Pair {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    async fn read(&self) -> Result<Pair, TlsError> {
        Ok(Pair { certificate: read(&self.certificate).await?, key: read(&self.key).await? })
    }

    /// Makes a certificate of the two, if they belong together.
    fn certified(&self, pair: &Pair) -> Result<CertifiedKey, TlsError> {
        let missing = |what, path: &Path| TlsError::Pem { what, path: path.to_owned() };
        let chain = CertificateDer::pem_slice_iter(&pair.certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| missing("certificate", &self.certificate))?;
        let key = PrivateKeyDer::from_pem_slice(&pair.key).map_err(|_| missing("private key", &self.key))?;
        let provider: CryptoProvider = aws_lc_rs::default_provider();
        CertifiedKey::from_der(chain, key, &provider).map_err(TlsError::Pair)
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    tokio::fs::read(path).await.map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

/// The certificate for the next handshake.
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current(…)")
    }
}
