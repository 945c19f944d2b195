//! How long the store may take, and what is said when it takes longer.

use std::time::Duration;

use sqlx::migrate::MigrateError;

use super::StoreError;

/// How long the reading of one thing may take.
pub(super) const READ_MAX: Duration = Duration::from_secs(2);
/// How long a list or a write may take altogether: a search through a million calls on a cold disk, a large batch.
pub(super) const WORK_MAX: Duration = Duration::from_secs(10);

/// Does the work, or calls the store away when it takes too long. What was begun is rolled back.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(StoreError::Away(format!("no answer within {} s", limit.as_secs()))),
    }
}

pub(super) fn migration_failed(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => match StoreError::from(cause) {
            StoreError::Failed(text) => StoreError::Failed(format!("could not migrate it: {text}")),
            away => away,
        },
        MigrateError::VersionMissing(version) => StoreError::Failed(format!(
            "it was migrated by a newer patchbay (migration {version} is unknown here): start that one, or restore a backup"
        )),
        other => StoreError::Failed(format!("could not migrate it: {other}")),
    }
}
