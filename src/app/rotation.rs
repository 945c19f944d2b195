//! Another sealing key while everything runs: made, kept in the key file, put to work; then all that older keys sealed
//! is sealed anew, and keys that nothing names any more leave the file.
//!
//! One task does all of it, one thing after the other. The file has a key before anything is sealed with it and loses
//! one after the last value under it is committed elsewhere, so the process may die at any point: every value names
//! its key, and the next start goes on from what it finds.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Pending, RotationRefused, RotationState};
use crate::config::SealingKey;
use crate::config::key_file;
use crate::config::secrets::{self, KeyError, KeySource, SealingKeys};
use crate::store::{Actor, KeyName, Keyring, ResealMark, Store, StoreError};

/// Values looked at in one batch: some ten milliseconds of a write.
const BATCH: u32 = 250;

/// How long the sealing anew waits after the store failed.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Requests that may wait for the keeper; whoever asks waits for the answer.
const ASKED_MAX: usize = 4;

/// These keys as the store takes them.
pub(super) fn keyring(keys: &SealingKeys) -> Keyring {
    Keyring::new(*keys.current, keys.previous.iter().map(|key| **key))
}

/// What the keeper and whoever asks share.
#[derive(Debug)]
struct Shared {
    store: Store,
    source: KeySource,
    /// Older values are being sealed anew.
    is_running: AtomicBool,
    /// Values under a known key that the last walk could not open.
    damaged: AtomicU64,
}

/// A request for another key, and where the answer goes.
type Asked = (Actor, oneshot::Sender<Result<(), RotationRefused>>);

/// The way to the keeper.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    shared: Arc<Shared>,
    ask: mpsc::Sender<Asked>,
}

/// The one who changes keys.
#[derive(Debug)]
pub(super) struct RotationKeeper {
    shared: Arc<Shared>,
    asked: mpsc::Receiver<Asked>,
}

impl Rotation {
    /// A keeper of this store's keys, and the way to it.
    pub fn new(store: Store, source: KeySource) -> (Rotation, RotationKeeper) {
        let (ask, asked) = mpsc::channel(ASKED_MAX);
        let shared = Shared { store, source, is_running: AtomicBool::new(true), damaged: AtomicU64::new(0) };
        let shared = Arc::new(shared);
        (Rotation { shared: Arc::clone(&shared), ask }, RotationKeeper { shared, asked })
    }
}

impl admin::Rotation for Rotation {
    fn rotate(&self, by: Actor) -> Pending<Result<RotationState, RotationRefused>> {
        let (shared, ask) = (Arc::clone(&self.shared), self.ask.clone());
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let stopping = || RotationRefused::Store(StoreError::Away("the process is stopping".to_owned()));
            ask.send((by, answer)).await.map_err(|_| stopping())?;
            answered.await.map_err(|_| stopping())??;
            shared.state().await.map_err(RotationRefused::Store)
        })
    }

    fn state(&self) -> Pending<Result<RotationState, StoreError>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { shared.state().await })
    }
}

impl Shared {
    async fn state(&self) -> Result<RotationState, StoreError> {
        // Asked before the values are counted: what is told to be over is over in the counts too.
        let is_running = self.is_running.load(Ordering::Acquire);
        let keys = self.store.keys_in_use().await?;
        Ok(RotationState { unreadable: keys.unknown + self.damaged.load(Ordering::Relaxed), is_running, keys })
    }

    /// Makes another key, keeps it, and seals with it from then on.
    async fn rotate(&self, by: &Actor) -> Result<(), RotationRefused> {
        let key = match &self.source {
            // Another process on the store could not read what is sealed with a key it does not have.
            _ if self.store.is_shared() => return Err(RotationRefused::Given),
            KeySource::Given(_) => return Err(RotationRefused::Given),
            KeySource::File(path) | KeySource::Beside(path) => {
                let path = path.clone();
                on_disk(move || add_key(&path)).await.map_err(|error| RotationRefused::File(error.to_string()))?
            }
            KeySource::Fleeting => secrets::random_key().map_err(|error| RotationRefused::File(error.to_string()))?,
        };
        let name = self.store.seal_with(&key, by).await.map_err(RotationRefused::Store)?;
        tracing::info!(key = %name, "secrets are sealed with another key from now on; those sealed before follow");
        Ok(())
    }

    /// Takes keys that no value names out of the file and the ring. Those in the settings are the operator's to take.
    async fn tidy(&self) -> Result<(), String> {
        let in_use = self.store.keys_in_use().await.map_err(|error| error.to_string())?;
        let idle: Vec<KeyName> = in_use.removable().collect();
        if idle.is_empty() {
            return Ok(());
        }
        match &self.source {
            _ if self.store.is_shared() => return Ok(()),
            KeySource::Given(_) => return Ok(()),
            KeySource::Fleeting => {}
            KeySource::File(path) | KeySource::Beside(path) => {
                let (path, idle) = (path.clone(), idle.clone());
                on_disk(move || remove_keys(&path, &idle)).await.map_err(|error| error.to_string())?;
            }
        }
        for name in idle {
            self.store.forget_key(name);
            tracing::info!(key = %name, "nothing is sealed with this older key any more: it is gone from the key file");
        }
        Ok(())
    }
}

impl RotationKeeper {
    /// Seals anew what a run before left, then waits for whoever wants another key.
    pub async fn run(mut self, stopping: CancellationToken) {
        let mut mark = Some(ResealMark::default());
        loop {
            let asked = match mark {
                Some(_) => self.asked.try_recv().ok(),
                None => {
                    tokio::select! {
                        () = stopping.cancelled() => return,
                        asked = self.asked.recv() => asked,
                    }
                }
            };
            if let Some((by, answer)) = asked {
                let rotated = self.shared.rotate(&by).await;
                self.shared.is_running.store(true, Ordering::Release);
                mark = Some(ResealMark::default());
                // Whoever asked may have gone; the key is changed all the same.
                let _ = answer.send(rotated);
            }
            let Some(at) = mark else { return };
            tokio::select! {
                () = stopping.cancelled() => return,
                next = self.walk(at) => mark = next,
            }
        }
    }

    /// One batch, and at the end of all what is to be tidied. Answers where to go on.
    async fn walk(&self, at: ResealMark) -> Option<ResealMark> {
        let shared = &self.shared;
        if at == ResealMark::default() {
            shared.damaged.store(0, Ordering::Relaxed);
        }
        match shared.store.reseal(at, BATCH).await {
            Ok(batch) => {
                shared.damaged.fetch_add(batch.unreadable, Ordering::Relaxed);
                if batch.next.is_none() {
                    if let Err(error) = self.end().await {
                        tracing::warn!(
                            error,
                            "older keys could not be taken out of the key file; the next start tries again"
                        );
                    }
                    shared.is_running.store(false, Ordering::Release);
                }
                batch.next
            }
            Err(error) => {
                tracing::warn!(%error, "the sealing anew waits for the store");
                sleep(RETRY_AFTER).await;
                Some(at)
            }
        }
    }

    async fn end(&self) -> Result<(), String> {
        if self.shared.store.has_older_keys() { self.shared.tidy().await } else { Ok(()) }
    }
}

/// Puts a new key in front of those in the file. The file is read anew: what somebody added by hand stays.
fn add_key(path: &Path) -> Result<SealingKey, KeyError> {
    let keys = key_file::read(path)?;
    let taken: Vec<KeyName> = keys.all().map(|key| KeyName::of(key)).collect();
    let key = loop {
        let key = secrets::random_key()?;
        // Names are short; two keys of one name could not be told apart when they are counted.
        if !taken.contains(&KeyName::of(&key)) {
            break key;
        }
    };
    key_file::replace(path, &keys.behind(key.clone()))?;
    Ok(key)
}

/// Takes keys out of the file. The first stays: it is the one the next start seals with.
fn remove_keys(path: &Path, names: &[KeyName]) -> Result<(), KeyError> {
    let mut keys = key_file::read(path)?;
    let before = keys.previous.len();
    keys.previous.retain(|key| !names.contains(&KeyName::of(key)));
    if keys.previous.len() == before { Ok(()) } else { key_file::replace(path, &keys) }
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KeyError> + Send + 'static,
) -> Result<T, KeyError> {
    spawn_blocking(work).await.unwrap_or_else(|panicked| {
        Err(KeyError::File { deed: "write", path: PathBuf::new(), error: std::io::Error::other(panicked) })
    })
}
