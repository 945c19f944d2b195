//! Changing the key under which secrets are sealed. Who keeps keys, and where, is told by whoever starts the API.

use std::future::Future;
use std::pin::Pin;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::error::Problem;
use crate::store::{Actor, KeyName, KeysInUse, StoreError};

/// An answer that comes later.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Whoever keeps the keys.
pub trait Rotation: Send + Sync {
    /// Makes another key and seals with it from then on; what is sealed already follows in the background.
    fn rotate(&self, by: Actor) -> Pending<Result<RotationState, RotationRefused>>;
    /// How far it is.
    fn state(&self) -> Pending<Result<RotationState, StoreError>>;
}

/// How far the change of keys is.
#[derive(Clone, Debug)]
pub struct RotationState {
    /// The keys, and how many values name each.
    pub keys: KeysInUse,
    /// Values that do not open.
    pub unreadable: u64,
    /// Older values are being sealed anew.
    pub is_running: bool,
}

/// Why there is no other key.
#[derive(Debug)]
pub enum RotationRefused {
    /// The settings hold the key; the process cannot change them.
    Given,
    /// The key file cannot be read or written; why is for the log.
    File(String),
    /// The store would not.
    Store(StoreError),
}

/// The sealing keys, by their names: what a key is called tells nothing of the key.
#[derive(Serialize, ToSchema)]
#[schema(as = Rotation)]
pub(super) struct RotationBody {
    /// The key that seals.
    #[schema(example = "5f1c09aa")]
    key: String,
    /// Keys that sealed before and still open, with how many values wait to be sealed anew.
    older: Vec<OlderKeyBody>,
    /// Values that open under no key at hand. They stay as they are.
    #[schema(example = 0)]
    unreadable: u64,
    /// True while older values are being sealed anew.
    running: bool,
    /// Older keys that no value names any more. A key file loses them by itself; `secrets.previous` is yours to shorten.
    removable: Vec<String>,
}

/// A key that sealed before.
#[derive(Serialize, ToSchema)]
#[schema(as = OlderKey)]
pub(super) struct OlderKeyBody {
    #[schema(example = "c04d77e1")]
    name: String,
    /// Values that still name it.
    #[schema(example = 1200)]
    values: u64,
}

/// How far the change of the sealing key is
#[utoipa::path(get, path = "/api/secrets/rotation", tag = "secrets",
    responses((status = 200, description = "The keys and what is left to do", body = RotationBody)))]
pub(super) async fn read(State(admin): State<AdminState>, caller: Caller) -> Result<Answer<RotationBody>, Problem> {
    caller.operator()?;
    let state = admin.rotation.state().await?;
    Ok(Answer(RotationBody::of(&state)))
}

/// Another sealing key
///
/// A new key is made and put in front of the key file; from then on it seals. What older keys sealed is sealed anew in
/// the background, and a key that no value names any more leaves the file. Backups made before need the older key: keep
/// a copy of the key file with them.
#[utoipa::path(post, path = "/api/secrets/rotation", tag = "secrets",
    responses((status = 202, description = "The new key seals; older values follow", body = RotationBody)))]
pub(super) async fn rotate(
    State(admin): State<AdminState>,
    caller: Caller,
) -> Result<(StatusCode, Answer<RotationBody>), Problem> {
    caller.operator()?;
    let state = admin.rotation.rotate(caller.by).await?;
    Ok((StatusCode::ACCEPTED, Answer(RotationBody::of(&state))))
}

impl RotationBody {
    fn of(state: &RotationState) -> RotationBody {
        let older = state.keys.older.iter();
        let older = older.map(|(name, values)| OlderKeyBody { name: name.to_string(), values: *values }).collect();
        RotationBody {
            key: state.keys.current.to_string(),
            older,
            unreadable: state.unreadable,
            running: state.is_running,
            removable: state.keys.removable().map(|name: KeyName| name.to_string()).collect(),
        }
    }
}
