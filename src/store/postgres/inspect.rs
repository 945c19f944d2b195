//! A look at a server before anybody relies on it. Nothing is written there.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Row as _};
use tokio::time::timeout;

use super::{CONNECTION_WAIT_MAX, MIGRATIONS};
use crate::store::StoreError;
use crate::store::keyring::{Keyring, Ring};
use crate::store::within::{READ_MAX, within};

/// What the server of a store is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSeen {
    /// As it says.
    pub version: String,
    /// Older than what is needed.
    pub is_too_old: bool,
    /// It copies another and takes no writes.
    pub is_standby: bool,
    /// The role is bound by no row-level security.
    pub role_sees_all: bool,
    /// The schema is one this program does not know.
    pub is_newer: bool,
    /// Whether the key opens what is there; none where nothing is.
    pub key_fits: Option<bool>,
}

/// Oldest Postgres that has all that is used.
const OLDEST: i32 = 130_000;

/// Looks at a server.
pub async fn inspect(url: &str, keys: &Keyring) -> Result<ServerSeen, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| StoreError::Failed(format!("could not read the store's URL: {error}")))?;
    let connecting = timeout(CONNECTION_WAIT_MAX, options.extra_float_digits(None).connect()).await;
    let mut connection = connecting.map_err(|_| StoreError::Away("it could not be reached in time".to_owned()))??;
    let seen = within(READ_MAX, look(&mut connection, keys)).await;
    let _ = connection.close().await;
    seen
}

async fn look(connection: &mut PgConnection, keys: &Keyring) -> Result<ServerSeen, StoreError> {
    let row = sqlx::query(
        "SELECT current_setting('server_version'), current_setting('server_version_num')::INT, pg_is_in_recovery(), \
         (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user), \
         to_regclass('_sqlx_migrations') IS NOT NULL AND to_regclass('meta') IS NOT NULL",
    );
    let row = row.fetch_one(&mut *connection).await?;
    let version: String = row.try_get(0)?;
    let is_made: bool = row.try_get(4)?;
    let (mut is_newer, mut key_fits) = (false, None);
    if is_made {
        let newest: Option<i64> =
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut *connection).await?;
        let known = MIGRATIONS.iter().map(|migration| migration.version).max();
        is_newer = newest > known && !super::sql::schema::does_for_us(connection).await?;
        let word: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT value FROM meta WHERE name = 'key'").fetch_optional(&mut *connection).await?;
        key_fits = word.map(|word| Ring::of(keys).open(super::sql::key::KEY_WORD, &word).is_ok());
    }
    Ok(ServerSeen {
        version: format!("Postgres {}", version.split(' ').next().unwrap_or_default()),
        is_too_old: row.try_get::<i32, _>(1)? < OLDEST,
        is_standby: row.try_get(2)?,
        role_sees_all: row.try_get(3)?,
        is_newer,
        key_fits,
    })
}
