//! What goes wrong, each with its beginning and its end, alone or with one of another place.

use std::time::Duration;

use crate::cluster::{Cluster, ON_A_SMALL_DISK, Shared};
use crate::options::Backend;
use crate::proxy::{Direction, Link};
use crate::servers::Stop;

/// What a slow Redis adds to each question and each answer.
const REDIS_LATE: Duration = Duration::from_millis(150);
/// The same of a slow Postgres.
const POSTGRES_LATE: Duration = Duration::from_millis(400);
/// How often connections are cut that come again.
const CUT_EVERY: Duration = Duration::from_millis(700);

/// The edges that edge faults happen to, so that two of them happen to two edges.
const KILLED: usize = 1;
const PAUSED: usize = 2;
/// The one that is alone when a link breaks.
const ALONE: usize = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    EdgeKill,
    EdgePause,
    DiskFull,
    RedisKill,
    RedisFlush,
    RedisSlow,
    RedisBlackHole,
    RedisCut,
    /// One edge does not reach it, the others do.
    RedisPartition,
    PostgresDown,
    PostgresSlow,
    PostgresBlackHole,
    /// Questions arrive, answers do not.
    PostgresDeaf,
    PostgresRestart,
    PostgresCut,
    NotifyDropped,
}

/// Where a fault is; two in the same place would undo each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Edge(usize),
    Redis,
    Postgres,
}

impl Fault {
    pub const ALL: [Fault; 16] = [
        Fault::EdgeKill,
        Fault::EdgePause,
        Fault::DiskFull,
        Fault::RedisKill,
        Fault::RedisFlush,
        Fault::RedisSlow,
        Fault::RedisBlackHole,
        Fault::RedisCut,
        Fault::RedisPartition,
        Fault::PostgresDown,
        Fault::PostgresSlow,
        Fault::PostgresBlackHole,
        Fault::PostgresDeaf,
        Fault::PostgresRestart,
        Fault::PostgresCut,
        Fault::NotifyDropped,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Fault::EdgeKill => "edge-kill",
            Fault::EdgePause => "edge-pause",
            Fault::DiskFull => "disk-full",
            Fault::RedisKill => "redis-kill",
            Fault::RedisFlush => "redis-flush",
            Fault::RedisSlow => "redis-slow",
            Fault::RedisBlackHole => "redis-black-hole",
            Fault::RedisCut => "redis-cut",
            Fault::RedisPartition => "redis-partition",
            Fault::PostgresDown => "postgres-down",
            Fault::PostgresSlow => "postgres-slow",
            Fault::PostgresBlackHole => "postgres-black-hole",
            Fault::PostgresDeaf => "postgres-deaf",
            Fault::PostgresRestart => "postgres-restart",
            Fault::PostgresCut => "postgres-cut",
            Fault::NotifyDropped => "notify-dropped",
        }
    }

    pub fn named(name: &str) -> Option<Fault> {
        Fault::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// Two that may happen at once.
    pub fn pairs() -> Vec<[Fault; 2]> {
        let all = Fault::ALL.iter().enumerate();
        let of = |(index, one): (usize, &Fault)| -> Vec<[Fault; 2]> {
            Fault::ALL[index + 1..].iter().filter(|two| two.place() != one.place()).map(|two| [*one, *two]).collect()
        };
        all.flat_map(of).collect()
    }

    /// While it lasts the edges may not know of each other's calls: counts may differ, and nothing else.
    pub fn parts_counts(self) -> bool {
        self.place() == Place::Redis
    }

    /// While it lasts an edge may not learn of a change in time. That notices are dropped is no excuse.
    pub fn delays_settings(self) -> bool {
        self == Fault::EdgePause || self.place() == Place::Postgres && self != Fault::NotifyDropped
    }

    /// Whether an edge may have no place left where it keeps what it is told: neither its disk nor the store.
    pub fn leave_no_place(faults: &[Fault]) -> bool {
        faults.contains(&Fault::DiskFull) && faults.iter().any(|fault| fault.place() == Place::Postgres)
    }

    /// Whether there is anything of the kind there.
    pub fn fits(self, backend: Backend) -> bool {
        backend == Backend::Shared || matches!(self.place(), Place::Edge(_))
    }

    /// Why it cannot be tried on this machine, if so.
    pub fn hindrance(self, cluster: &Cluster) -> Option<&'static str> {
        (self == Fault::DiskFull && cluster.disk.is_none()).then_some("no right to mount a small disk here")
    }

    fn place(self) -> Place {
        match self {
            Fault::EdgeKill => Place::Edge(KILLED),
            Fault::EdgePause => Place::Edge(PAUSED),
            Fault::DiskFull => Place::Edge(ON_A_SMALL_DISK),
            Fault::RedisKill
            | Fault::RedisFlush
            | Fault::RedisSlow
            | Fault::RedisBlackHole
            | Fault::RedisCut
            | Fault::RedisPartition => Place::Redis,
            Fault::PostgresDown
            | Fault::PostgresSlow
            | Fault::PostgresBlackHole
            | Fault::PostgresDeaf
            | Fault::PostgresRestart
            | Fault::PostgresCut
            | Fault::NotifyDropped => Place::Postgres,
        }
    }

    /// What shows that it did not happen, though it was asked for.
    pub fn did_not_happen(self, cluster: &Cluster) -> Option<String> {
        let shared = cluster.shared.as_ref()?;
        let is_idle = self == Fault::NotifyDropped && shared.to_postgres.iter().any(|proxy| proxy.swallowed() == 0);
        is_idle.then(|| "on some link there was no notice to drop".to_owned())
    }

    /// Begins it. Tells which edge is dead, if one is.
    pub async fn begin(self, cluster: &mut Cluster) -> Option<String> {
        match self {
            Fault::EdgeKill => {
                let edge = one(cluster, KILLED);
                cluster.edges[edge].kill_9();
                return Some(cluster.edges[edge].desk.name.clone());
            }
            Fault::EdgePause => cluster.edges[one(cluster, PAUSED)].pause(),
            Fault::DiskFull => cluster.disk.as_ref().expect("looked for before").fill(),
            Fault::RedisKill => cluster.shared().redis.kill_9(),
            Fault::RedisFlush => cluster.shared().redis.flush().await,
            Fault::RedisSlow => cluster.shared().redis_is(Link::Delay(REDIS_LATE)),
            Fault::RedisBlackHole => cluster.shared().redis_is(Link::BlackHole),
            Fault::RedisPartition => cluster.shared().to_redis[ALONE].set(Link::BlackHole),
            Fault::PostgresDown => cluster.shared().postgres.stop(Stop::Immediate).await,
            Fault::PostgresSlow => cluster.shared().postgres_is(Link::Delay(POSTGRES_LATE)),
            Fault::PostgresBlackHole => cluster.shared().postgres_is(Link::BlackHole),
            Fault::PostgresDeaf => cluster.shared().postgres_is(Link::Deaf(Direction::ToClient)),
            Fault::PostgresRestart => {
                let postgres = &mut cluster.shared().postgres;
                postgres.stop(Stop::Fast).await;
                postgres.go().await;
            }
            Fault::NotifyDropped => cluster.shared().postgres_is(Link::NoNotices),
            Fault::RedisCut | Fault::PostgresCut => {}
        }
        None
    }

    /// Lets it last. Most do by themselves; connections that are cut come again and are cut again.
    pub async fn go_on(faults: &[Fault], cluster: &mut Cluster, how_long: Duration) {
        let end = tokio::time::Instant::now() + how_long;
        while tokio::time::Instant::now() < end {
            for fault in faults {
                match fault {
                    Fault::RedisCut => cluster.shared().to_redis.iter().for_each(crate::proxy::Proxy::cut),
                    Fault::PostgresCut => cut(cluster.shared()).await,
                    _ => {}
                }
            }
            tokio::time::sleep_until(end.min(tokio::time::Instant::now() + CUT_EVERY)).await;
        }
    }

    pub async fn end(self, cluster: &mut Cluster) {
        match self {
            Fault::EdgeKill => {
                let edge = one(cluster, KILLED);
                cluster.edges[edge].go();
            }
            Fault::EdgePause => cluster.edges[one(cluster, PAUSED)].resume(),
            Fault::DiskFull => cluster.disk.as_ref().expect("looked for before").empty(),
            Fault::RedisKill => cluster.shared().redis.go().await,
            Fault::RedisSlow | Fault::RedisBlackHole | Fault::RedisPartition => cluster.shared().redis_is(Link::Pass),
            Fault::PostgresDown => cluster.shared().postgres.go().await,
            Fault::PostgresSlow | Fault::PostgresBlackHole | Fault::PostgresDeaf | Fault::NotifyDropped => {
                cluster.shared().postgres_is(Link::Pass);
            }
            Fault::RedisFlush | Fault::RedisCut | Fault::PostgresRestart | Fault::PostgresCut => {}
        }
    }
}

/// Cuts them on the way, and from within.
async fn cut(shared: &Shared) {
    shared.to_postgres.iter().for_each(crate::proxy::Proxy::cut);
    shared.postgres.end_connections().await;
}

/// That edge, or the only one.
fn one(cluster: &Cluster, wanted: usize) -> usize {
    wanted.min(cluster.edges.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_known_by_its_name_and_pairs_are_of_two_places() {
        for fault in Fault::ALL {
            assert_eq!(Fault::named(fault.name()), Some(fault));
        }
        let pairs = Fault::pairs();
        assert!(
            pairs.contains(&[Fault::EdgeKill, Fault::RedisSlow])
                && pairs.contains(&[Fault::EdgeKill, Fault::EdgePause])
        );
        assert!(pairs.iter().all(|[one, two]| one.place() != two.place()));
    }
}
