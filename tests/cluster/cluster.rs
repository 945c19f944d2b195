//! The whole: edges behind a balancer, what they share, and a proxy on every link between.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::join_all;
use tempfile::TempDir;

use crate::callers::{ACCOUNT, TOKEN, Twilio};
use crate::disk::SmallDisk;
use crate::futures;
use crate::options::Backend;
use crate::proxy::{Link, Proxy};
use crate::servers::{Balancer, Desk, Edge, Postgres, Redis, Simulator};

const EDGES: [&str; 3] = ["a", "b", "c"];
/// Of which edge the spool is on a small disk.
pub const ON_A_SMALL_DISK: usize = 0;
/// Seals what is kept, the same on every edge.
const KEY: &[u8; 32] = b"an invented key of 32 bytes here";

/// What all edges share, and the links that lead there, one for each edge.
pub struct Shared {
    pub postgres: Postgres,
    pub redis: Redis,
    pub to_postgres: Vec<Proxy>,
    pub to_redis: Vec<Proxy>,
}

/// Dropped from the top: who asks ends before who is asked.
pub struct Cluster {
    pub edges: Vec<Edge>,
    pub shared: Option<Shared>,
    pub simulator: Simulator,
    _balancer: Balancer,
    pub twilio: Twilio,
    /// Nothing where none was wanted, or this user may not mount one.
    pub disk: Option<SmallDisk>,
    _logs: Logs,
}

/// A cluster to be.
pub struct Plan<'a> {
    /// The scenario it is for.
    pub name: &'a str,
    pub backend: Backend,
    pub edges: usize,
    /// The spool of one edge is to be on a disk that can be filled.
    pub small_disk: bool,
    /// Redis is given half a second: edges, servers and callers share a few processors here, and what is tried is how it
    /// counts and not how soon.
    pub patient: bool,
}

impl<'a> Plan<'a> {
    /// With as many edges as there are, and the disks of this machine.
    pub fn usual(name: &'a str, backend: Backend) -> Plan<'a> {
        let edges = match backend {
            Backend::Shared => EDGES.len(),
            Backend::Embedded => 1,
        };
        Plan { name, backend, edges, small_disk: false, patient: false }
    }
}

impl Cluster {
    pub async fn start(plan: Plan<'_>) -> Cluster {
        let Plan { name, backend, edges, small_disk, patient } = plan;
        let logs = Logs { dir: TempDir::new().expect("a directory"), scenario: name.to_owned() };
        let dir = logs.dir.path();
        let web = web();
        let simulator = Simulator::start(&dir.join("simulator")).await;
        let balanced = Balancer::address();
        let shared = match backend {
            Backend::Shared => Some(Shared::start(dir, edges).await),
            Backend::Embedded => None,
        };
        let edge = |(index, name): (usize, &&str)| {
            let mut settings = provided(&simulator, balanced);
            if let Some(shared) = &shared {
                settings.extend(shared.settings(index));
                if patient {
                    settings.push(("PATCHBAY_LIVE__ANSWER_WITHIN_MS", "500".to_owned()));
                }
            }
            Edge::new(name, &dir.join(name), &web, &settings)
        };
        let mut edges: Vec<Edge> = EDGES[..edges].iter().enumerate().map(edge).collect();
        let disk = small_disk.then(|| SmallDisk::mount(&edges[ON_A_SMALL_DISK].spool())).flatten();
        // All at once, on an empty store: whoever comes first makes it.
        edges.iter_mut().for_each(Edge::go);
        join_all(edges.iter_mut().map(Edge::ready)).await;
        let servers: Vec<_> = edges.iter().map(|edge| (edge.desk.name.clone(), edge.desk.edge)).collect();
        let balancer = Balancer::start(&dir.join("haproxy"), balanced, &servers).await;
        let twilio = Twilio::calling(balancer.address);
        Cluster { edges, shared, simulator, _balancer: balancer, twilio, disk, _logs: logs }
    }

    pub fn desks(&self) -> Vec<Desk> {
        self.edges.iter().map(|edge| edge.desk.clone()).collect()
    }

    pub fn shared(&mut self) -> &mut Shared {
        self.shared.as_mut().expect("a scenario of servers that are shared")
    }
}

impl Shared {
    async fn start(dir: &Path, edges: usize) -> Shared {
        let postgres = Postgres::start(&dir.join("postgres")).await;
        let redis = Redis::start(&dir.join("redis")).await;
        let (mut to_postgres, mut to_redis) = (Vec::new(), Vec::new());
        for _ in 0..edges {
            to_postgres.push(Proxy::start(postgres.address).await);
            to_redis.push(Proxy::start(redis.address).await);
        }
        Shared { postgres, redis, to_postgres, to_redis }
    }

    fn settings(&self, edge: usize) -> [(&'static str, String); 3] {
        [
            ("PATCHBAY_STORE__URL", Postgres::url_at(self.to_postgres[edge].address)),
            ("PATCHBAY_LIVE__URL", Redis::url_at(self.to_redis[edge].address)),
            ("PATCHBAY_SECRETS__KEY", STANDARD.encode(KEY)),
        ]
    }

    pub fn postgres_is(&self, link: Link) {
        self.to_postgres.iter().for_each(|proxy| proxy.set(link));
    }

    pub fn redis_is(&self, link: Link) {
        self.to_redis.iter().for_each(|proxy| proxy.set(link));
    }
}

/// What every edge is told: its accounts, the providers, and where Twilio finds them all.
fn provided(simulator: &Simulator, balanced: SocketAddr) -> Vec<(&'static str, String)> {
    vec![
        ("PATCHBAY_EDGE__PUBLIC_URL", format!("http://{balanced}")),
        ("PATCHBAY_TWILIO__API_BASE", simulator.url()),
        ("PATCHBAY_VAPI__API_BASE", simulator.url()),
        ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
        ("TWILIO_AUTH_TOKEN", TOKEN.to_owned()),
        ("TWILIO_PHONE_NUMBER", "+16475550199".to_owned()),
        ("VAPI_API_KEY", "an-invented-api-key".to_owned()),
        ("VAPI_WEBHOOK_SECRET", "an-invented-webhook-secret".to_owned()),
    ]
}

/// A client without anything of this machine's environment.
pub fn web() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let builder = reqwest::Client::builder().tls_certs_only([]).no_proxy().connect_timeout(Duration::from_secs(2));
    builder.build().expect("an HTTP client")
}

/// The directory of everything. What the servers said is left where `PATCHBAY_TEST_OUTPUT` says.
struct Logs {
    dir: TempDir,
    scenario: String,
}

impl Drop for Logs {
    fn drop(&mut self) {
        let Some(place) = std::env::var_os("PATCHBAY_TEST_OUTPUT").map(PathBuf::from) else { return };
        for server in std::fs::read_dir(self.dir.path()).into_iter().flatten().flatten() {
            let name = format!("cluster-{}-{}.log", self.scenario, server.file_name().to_string_lossy());
            let _ = std::fs::copy(server.path().join("log"), place.join(name));
        }
    }
}
