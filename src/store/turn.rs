//! Whose turn it is to write among those of this process, in the order they asked.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::StoreError;

/// How long a write waits for its turn. On a core full of other work the little that is written in its time may take a
/// second; whoever changes something rather waits for that than try again.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// The turn; one has it at a time. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(super) struct Turn(Arc<Semaphore>);

/// Has the turn until it is dropped.
pub(super) type Held = OwnedSemaphorePermit;

impl Turn {
    pub(super) fn new() -> Turn {
        Turn(Arc::new(Semaphore::new(1)))
    }

    pub(super) async fn wait(&self) -> Result<Held, StoreError> {
        match timeout(WAIT_MAX, Arc::clone(&self.0).acquire_owned()).await {
            Ok(turn) => turn.map_err(|closed| StoreError::Failed(closed.to_string())),
            Err(_) => Err(StoreError::Away("others write, and it was not its turn in time".to_owned())),
        }
    }
}
