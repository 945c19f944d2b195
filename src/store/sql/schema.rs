//! The schema, brought up to date; and builds of two ages on one store.
//!
//! During an upgrade edges of N work on the schema of N+1, and one that is restarted must find its way back. Which builds
//! can do that only the newer one knows, so it writes down what one has to know, see [`NEEDS`].

use sqlx::migrate::{MigrateError, Migrator};

use super::super::MIGRATIONS;
use super::{Db, HAS_COLUMN};
use crate::store::StoreError;
use crate::store::within::migration_failed;

/// The newest migration that a build has to know in order to work with a store which this one has migrated. A migration
/// that only adds leaves it where it is: tables, columns that may be empty or have a default, indexes. One that takes
/// away, renames, or changes what something means raises it to itself, and edges cannot be upgraded one by one.
const NEEDS: i64 = 15;

/// A connection that is nobody's turn.
type Direct = <Db as sqlx::Database>::Connection;

/// Brings the schema up to date. One that a newer build has brought further stays as it is, if this build can do with it.
pub(in crate::store) async fn bring_up(connection: &mut Direct) -> Result<(), StoreError> {
    // Before, so that no older build begins on what it cannot do with. Where nothing was told yet none does.
    let has_meta = sqlx::query(HAS_COLUMN).bind("meta").bind("value").fetch_optional(&mut *connection).await?;
    if has_meta.is_some() {
        tell(connection, "UPDATE meta SET value = $1 WHERE name = 'needs' AND value < $1").await?;
    }
    match MIGRATIONS.run_direct(None, connection, false).await {
        Err(MigrateError::VersionMissing(newer)) if does_for_us(connection).await? => {
            tracing::warn!(
                newer,
                "a newer patchbay has migrated the store: this one can do with it, but start that one soon"
            );
            let mut known = Migrator::with_migrations(MIGRATIONS.iter().cloned().collect());
            known.set_ignore_missing(true);
            return known.run_direct(None, connection, false).await.map_err(migration_failed);
        }
        done => done.map_err(migration_failed)?,
    }
    let sql = "INSERT INTO meta (name, value) VALUES ('needs', $1) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE meta.value < excluded.value";
    tell(connection, sql).await
}

/// Can this build work with the schema, however new that is?
pub(in crate::store) async fn does_for_us(connection: &mut Direct) -> Result<bool, StoreError> {
    let needs = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'needs'");
    let needs: Option<Vec<u8>> = needs.fetch_optional(connection).await?;
    let known = MIGRATIONS.iter().map(|migration| migration.version).max();
    Ok(needs.is_some_and(|needs| needs <= told(known.unwrap_or_default())))
}

async fn tell(connection: &mut Direct, sql: &'static str) -> Result<(), StoreError> {
    sqlx::query(sql).bind(told(NEEDS)).execute(connection).await?;
    Ok(())
}

/// A migration as it is written down: as bytes the larger is the newer.
fn told(migration: i64) -> Vec<u8> {
    format!("{migration:06}").into_bytes()
}
