//! Names become addresses here, and only here: a connection is made to addresses that were checked, never to a name
//! that is asked for again.
//!
//! The HTTP client asks once per connection and connects to what it is given. A name whose answer changes between one
//! question and the next changes nothing: each answer is checked before anybody uses it.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::addresses::Networks;

/// Looks a name up: the system's resolver, or a test's.
pub type Lookup = Arc<dyn Fn(String) -> Looking + Send + Sync>;

/// A lookup under way.
pub type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// A resolver that gives out permitted addresses only.
#[derive(Clone)]
pub(super) struct Resolver {
    pub lookup: Lookup,
    pub networks: Arc<Networks>,
    /// For connections with TLS.
    pub encrypted: bool,
}

/// A name led only to addresses that are not permitted.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no public address")]
pub(super) struct LeadsHome;

/// The system's resolver.
pub fn system() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = (resolver.lookup)(name.as_str().to_owned()).await?;
            let permitted: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| resolver.networks.permit(*address, resolver.encrypted))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if permitted.is_empty() {
                return Err(LeadsHome.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("networks", &self.networks).finish_non_exhaustive()
    }
}
