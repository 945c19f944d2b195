//! Two connections to Redis: one on which deeds are done, one on which changes are followed.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, RedisError, Value, cmd};
use tokio::time::timeout;

use super::super::departed::REMEMBERED_MS;
use super::super::lease::{ASK_AGAIN, HANGING_UP, LEASE};
use super::deed::{Deed, Outcome, Spelled};
use crate::model::Sid;

/// Does the deeds.
const SCRIPT: &str = include_str!("deeds.lua");

/// What every name begins with. The braces keep all in one slot of a cluster, where a script may reach them.
const BASE: &str = "{patchbay}:live:";

/// Longest that connecting may take, and each of the questions behind it.
const CONNECTED_WITHIN: Duration = Duration::from_secs(1);

/// How much longer than calls wait deeds may take before the connection is given up.
const DONE_WITHIN: Duration = Duration::from_millis(250);

/// How long Redis lets us wait for a change before it says that there was none.
const FOLLOWED_FOR: Duration = Duration::from_secs(1);

/// How many changes are kept for edges that are behind. One that is further behind reads all leases anew.
const CHANGES_KEPT: usize = 20_000;

/// How many changes are read at once.
const CHANGES_AT_ONCE: usize = 512;

/// How many leases are read at once: some hundred kilobytes.
const LEASES_AT_ONCE: usize = 512;

/// Why Redis cannot be counted on now.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("could not connect: {0}")]
    Unreachable(RedisError),
    #[error("it does not answer in time")]
    Late,
    #[error("the connection broke: {0}")]
    Broken(RedisError),
    #[error("it answered: {0}")]
    Refused(RedisError),
    #[error("it has lost what it kept")]
    Forgot,
    #[error("changes of other edges were missed")]
    Missed,
    #[error("it gave an answer that this build does not understand")]
    Strange,
}

/// Where deeds are done.
#[derive(Debug)]
pub(super) struct Wire {
    connection: MultiplexedConnection,
    script: String,
    /// Tells a Redis that remembers from one that was emptied.
    epoch: String,
    /// Tells one server from another that took its place.
    server: String,
}

/// Where changes are read.
#[derive(Debug)]
pub(super) struct Changes {
    connection: MultiplexedConnection,
    last: u64,
}

/// A change somebody made.
#[derive(Debug)]
pub(super) enum Change {
    /// A lease stands so.
    Stands(Box<Spelled>),
    /// A call is over.
    Over(Sid),
    /// A lease has run out.
    Out(Sid),
}

/// Everything that is kept.
#[derive(Debug)]
pub(super) struct Everything {
    pub(super) leases: Vec<Spelled>,
    pub(super) ended: Vec<Sid>,
}

/// What a Redis is that was made anew or not since we last knew it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    epoch: String,
    server: Option<String>,
}

impl Identity {
    /// True if another one would be seen to be another.
    pub(super) fn is_certain(&self) -> bool {
        self.server.is_some()
    }
}

fn name(of: &str) -> String {
    format!("{BASE}{of}")
}

impl Wire {
    /// Connects. One that has no epoch yet gets `epoch`.
    pub(super) async fn connect(client: &Client, epoch: &str, counted_within: Duration) -> Result<Wire, Trouble> {
        let connection = connect(client, Some(counted_within + DONE_WITHIN)).await?;
        let mut wire = Wire { connection, script: String::new(), epoch: String::new(), server: String::new() };
        wire.script = text(wire.ask(cmd("SCRIPT").arg("LOAD").arg(SCRIPT)).await?)?;
        wire.ask(cmd("SET").arg(name("epoch")).arg(epoch).arg("NX")).await?;
        wire.epoch = text(wire.ask(cmd("GET").arg(name("epoch"))).await?)?;
        // Where it is not told, every connection counts as one to a new server.
        let told = wire.ask(cmd("INFO").arg("server")).await.ok().and_then(|told| text(told).ok());
        wire.server = told.as_deref().and_then(|told| field(told, "run_id")).unwrap_or_default().to_owned();
        Ok(wire)
    }

    pub(super) fn identity(&self) -> Identity {
        Identity { epoch: self.epoch.clone(), server: Some(self.server.clone()).filter(|server| !server.is_empty()) }
    }

    /// Does deeds, in order and in one step.
    pub(super) async fn run(&mut self, deeds: &[Deed]) -> Result<Vec<Outcome>, Trouble> {
        let mut run = cmd("EVALSHA");
        run.arg(&self.script).arg(9);
        for key in ["leases", "until", "lines", "others:", "ended", "asked", "changes", "changed", "epoch"] {
            run.arg(name(key));
        }
        run.arg(&self.epoch);
        run.arg(LEASE.as_millis() as i64).arg(HANGING_UP.as_millis() as i64).arg(REMEMBERED_MS);
        run.arg(ASK_AGAIN.as_millis() as i64).arg(CHANGES_KEPT);
        for deed in deeds {
            run.arg(serde_json::to_string(deed).expect("deeds are plain JSON"));
        }
        let outcomes = match self.ask(&run).await? {
            Value::Nil => return Err(Trouble::Forgot),
            outcomes => list(outcomes)?,
        };
        if outcomes.len() != deeds.len() {
            return Err(Trouble::Strange);
        }
        outcomes.into_iter().map(outcome).collect()
    }

    /// The number of the last change: whoever reads everything after it and follows from it misses none.
    pub(super) async fn last_change(&mut self) -> Result<u64, Trouble> {
        match self.ask(cmd("GET").arg(name("changed"))).await? {
            Value::Nil => Ok(0),
            last => text(last)?.parse().map_err(|_| Trouble::Strange),
        }
    }

    /// Reads all leases, and the calls that ended of late.
    pub(super) async fn everything(&mut self) -> Result<Everything, Trouble> {
        let sids = list(self.ask(cmd("HKEYS").arg(name("leases"))).await?)?;
        let mut leases = Vec::with_capacity(sids.len());
        for some in sids.chunks(LEASES_AT_ONCE) {
            let mut get = cmd("HMGET");
            get.arg(name("leases"));
            for sid in some {
                get.arg(text(sid.clone())?);
            }
            for lease in list(self.ask(&get).await?)? {
                if lease != Value::Nil {
                    leases.push(serde_json::from_str(&text(lease)?).map_err(|_| Trouble::Strange)?);
                }
            }
        }
        let ended = list(self.ask(cmd("ZRANGE").arg(name("ended")).arg(0).arg(-1)).await?)?;
        let ended = ended.into_iter().map(|sid| self::sid(&text(sid)?)).collect::<Result<_, _>>()?;
        Ok(Everything { leases, ended })
    }

    async fn ask(&mut self, command: &Cmd) -> Result<Value, Trouble> {
        command.query_async(&mut self.connection).await.map_err(trouble)
    }
}

impl Changes {
    /// Connects; reads what comes after `last`.
    pub(super) async fn connect(client: &Client, last: u64) -> Result<Changes, Trouble> {
        Ok(Changes { connection: connect(client, None).await?, last })
    }

    /// The next changes; none if for a while there were none.
    pub(super) async fn next(&mut self) -> Result<Vec<Change>, Trouble> {
        let mut read = cmd("XREAD");
        read.arg("COUNT").arg(CHANGES_AT_ONCE).arg("BLOCK").arg(FOLLOWED_FOR.as_millis() as u64);
        read.arg("STREAMS").arg(name("changes")).arg(format!("{}-1", self.last));
        let reading = read.query_async(&mut self.connection);
        let read: Value = timeout(2 * FOLLOWED_FOR, reading).await.map_err(|_| Trouble::Late)?.map_err(trouble)?;
        let entries = match read {
            Value::Nil => return Ok(Vec::new()),
            Value::Map(streams) => streams.into_iter().next().ok_or(Trouble::Strange)?.1,
            streams => {
                let stream = list(streams)?.into_iter().next().ok_or(Trouble::Strange)?;
                list(stream)?.into_iter().nth(1).ok_or(Trouble::Strange)?
            }
        };
        list(entries)?.into_iter().map(|entry| self.change(entry)).collect()
    }

    fn change(&mut self, entry: Value) -> Result<Change, Trouble> {
        let [id, what] = <[Value; 2]>::try_from(list(entry)?).map_err(|_| Trouble::Strange)?;
        let number = text(id)?.split('-').next().and_then(|number| number.parse().ok()).ok_or(Trouble::Strange)?;
        if number != self.last + 1 {
            return Err(Trouble::Missed);
        }
        self.last = number;
        let [kind, what] = <[Value; 2]>::try_from(list(what)?).map_err(|_| Trouble::Strange)?;
        let what = text(what)?;
        Ok(match text(kind)?.as_str() {
            "lease" => Change::Stands(serde_json::from_str(&what).map_err(|_| Trouble::Strange)?),
            "over" => Change::Over(sid(&what)?),
            "out" => Change::Out(sid(&what)?),
            _ => return Err(Trouble::Strange),
        })
    }
}

/// Connects, and takes as long as `answered_within` for each answer.
async fn connect(client: &Client, answered_within: Option<Duration>) -> Result<MultiplexedConnection, Trouble> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECTED_WITHIN))
        .set_response_timeout(answered_within);
    let connecting = client.get_multiplexed_async_connection_with_config(&config);
    timeout(CONNECTED_WITHIN, connecting).await.map_err(|_| Trouble::Late)?.map_err(Trouble::Unreachable)
}

/// What `INFO` says of itself. For whoever looks at a Redis before it is used.
pub(super) async fn info(client: &Client) -> Result<String, Trouble> {
    let mut connection = connect(client, Some(CONNECTED_WITHIN)).await?;
    text(cmd("INFO").query_async(&mut connection).await.map_err(trouble)?)
}

/// One line of what `INFO` says.
pub(super) fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

fn trouble(error: RedisError) -> Trouble {
    match error {
        late if late.is_timeout() => Trouble::Late,
        broken if broken.is_io_error() || broken.is_connection_dropped() => Trouble::Broken(broken),
        refused => Trouble::Refused(refused),
    }
}

fn outcome(value: Value) -> Result<Outcome, Trouble> {
    let words = list(value)?.into_iter().map(text).collect::<Result<Vec<_>, _>>()?;
    let (word, rest) = words.split_first().ok_or(Trouble::Strange)?;
    Outcome::read(word, rest).ok_or(Trouble::Strange)
}

fn sid(raw: &str) -> Result<Sid, Trouble> {
    Sid::parse(raw).map_err(|_| Trouble::Strange)
}

fn list(value: Value) -> Result<Vec<Value>, Trouble> {
    match value {
        Value::Array(list) | Value::Set(list) => Ok(list),
        Value::Map(pairs) => Ok(pairs.into_iter().flat_map(|(key, value)| [key, value]).collect()),
        _ => Err(Trouble::Strange),
    }
}

fn text(value: Value) -> Result<String, Trouble> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).map_err(|_| Trouble::Strange),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Ok(text),
        Value::Int(number) => Ok(number.to_string()),
        _ => Err(Trouble::Strange),
    }
}
