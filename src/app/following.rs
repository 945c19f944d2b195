//! Follows what other processes change and write in the store: hints wake it, and it looks by itself twice a second, because
//! hints get lost. What has changed is forgotten here as if it had been changed here, and what happens to calls elsewhere is
//! told here. Keeps the last directory, too.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::directory::Directory;
use crate::model::Clock;
use crate::store::{Changed, Keyring, LastError, Listening, Store};

use super::teller::Teller;

/// How often it looks by itself.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long an answer may take: the next look may get one sooner.
const ANSWER_WITHIN: Duration = Duration::from_millis(1_500);

/// How long after hints have ended it asks for them again.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

/// How old the last directory may become before it is kept anew, where something has changed.
const KEEP_EVERY: Duration = Duration::from_secs(5);

/// So much longer than the keeping took is waited before the next: a large one must not be all that is done.
const KEEP_SHARE: u32 = 20;

/// All it needs.
#[derive(Debug)]
pub(super) struct Following {
    pub store: Store,
    pub directory: Directory,
    pub teller: Teller,
    /// Where the last directory is kept.
    pub kept: PathBuf,
}

impl Following {
    /// Follows until `stopping` comes.
    pub async fn run(self, stopping: CancellationToken) {
        let (mut place, mut told_upto, mut kept_at) = (None, None, None);
        let (mut listening, mut listen_at) = (None, Instant::now());
        let mut keep_at = Instant::now();
        while !stopping.is_cancelled() {
            if let Ok(Ok(changed)) = timeout(ANSWER_WITHIN, self.store.changed_since(place)).await {
                self.obey(&changed, place.is_none());
                place = Some(changed.upto);
            }
            if let Ok(Ok(told)) = timeout(ANSWER_WITHIN, self.store.told_since(told_upto)).await {
                told_upto = Some(told.upto);
                self.teller.elsewhere(told.words, told.more);
            }
            if listening.is_none() && Instant::now() >= listen_at {
                listening = timeout(ANSWER_WITHIN, self.store.listen()).await.ok().and_then(Result::ok).flatten();
                listen_at = Instant::now() + LISTEN_AGAIN;
            }
            if place.is_some() && place != kept_at && Instant::now() >= keep_at {
                let began = Instant::now();
                if stopping.run_until_cancelled(self.keep()).await.is_none() {
                    return;
                }
                kept_at = place;
                keep_at = Instant::now() + KEEP_EVERY.max(began.elapsed() * KEEP_SHARE);
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = sleep(LOOK_EVERY) => {}
                is_heard = hint(&mut listening) => if !is_heard {
                    listening = None;
                },
            }
        }
    }

    fn obey(&self, changed: &Changed, is_first: bool) {
        // What was read before the first look may have changed since.
        if is_first || changed.all {
            self.directory.all_changed();
        }
        for noticed in &changed.changes {
            self.directory.changed(&noticed.change);
            if !noticed.is_own {
                self.teller.changed(&noticed.change);
            }
        }
    }

    async fn keep(&self) {
        match self.store.keep_directory(&self.kept).await {
            Ok(rows) => tracing::debug!(rows, "the directory is kept for when the store is away"),
            Err(why) => tracing::warn!(%why, "the directory could not be kept for when the store is away"),
        }
    }
}

/// Lets the directory that was kept last stand in, if there is one.
pub(super) async fn stand_in(directory: Directory, kept: PathBuf, keys: Keyring, clock: Clock) {
    match Store::kept_directory(&kept, &keys, clock).await {
        Ok(last) => match directory.stand_in(&last).await {
            Ok(tenants) => {
                tracing::info!(tenants, "the last directory stands in where the store does not answer in time")
            }
            Err(why) => tracing::error!(%why, "the last directory cannot stand in for the store"),
        },
        Err(LastError::None) => {}
        Err(why) => {
            tracing::error!(%why, "the last directory cannot stand in for the store: while that is away, callers of \
             numbers that nobody remembers hear that the line has trouble")
        }
    }
}

/// The next hint; false once there can be none any more.
async fn hint(listening: &mut Option<Listening>) -> bool {
    match listening {
        Some(listening) => listening.hint().await.is_ok(),
        None => std::future::pending().await,
    }
}
