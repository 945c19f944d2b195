//! What other processes have changed, and duties that one process has at a time.

use std::fmt;
use std::time::Duration;

use sqlx::Row as _;
use sqlx::postgres::{PgListener, PgPoolOptions, PgRow};

use super::places::{Behind, behind};
use super::session::Session;
use super::{CONNECTION_WAIT_MAX, Postgres, text_at};
use crate::model::{Change, E164, JobId, OrgId, Sid, TenantId, VoicemailId};
use crate::store::StoreError;
use crate::store::shared::{Changed, Noticed};
use crate::store::within::{READ_MAX, within};

/// The channel of hints.
const CHANNEL: &str = "patchbay";

/// Changes read at once; if there are more, everything is looked at anew.
const CHANGES_MAX: i64 = 10_000;

/// Duties are told apart by the server's clock: those of the processes differ.
const HOLD: &str = "INSERT INTO duties (duty, holder, held_until) \
     VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT + $3) \
     ON CONFLICT (duty) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until \
     WHERE duties.holder = excluded.holder OR duties.held_until < (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT";

const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = '2s'; SET LOCAL idle_in_transaction_session_timeout = '2s'";

/// Hints from the server, on a connection of their own.
pub struct Listening(PgListener);

impl fmt::Debug for Listening {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Listening")
    }
}

impl Listening {
    /// The next hint; `Away` once the connection is gone.
    pub async fn hint(&mut self) -> Result<(), StoreError> {
        self.0.recv().await?;
        Ok(())
    }
}

impl Postgres {
    pub(in crate::store) async fn listen(&self) -> Result<Listening, StoreError> {
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECTION_WAIT_MAX);
        let mut listener = PgListener::connect_with(&pool.connect_lazy_with((*self.direct).clone())).await?;
        listener.listen(CHANNEL).await?;
        Ok(Listening(listener))
    }

    pub(in crate::store) async fn changed_since(&self, place: Option<u64>) -> Result<Changed, StoreError> {
        within(READ_MAX, async {
            let mut reading = self.snapshot().await?;
            let (behind, upto) = behind(&mut reading, "changes", place, CHANGES_MAX).await?;
            let Behind::Rows(place) = behind else {
                return Ok(Changed { changes: Vec::new(), all: matches!(behind, Behind::TooFar), upto });
            };
            let query =
                sqlx::query("SELECT what, key, by IS NOT DISTINCT FROM $2 FROM changes WHERE seq > $1 ORDER BY seq");
            let rows = query.bind(place).bind(&*self.process).fetch_all(&mut *reading).await?;
            let mut changes: Vec<Noticed> = Vec::with_capacity(rows.len());
            for row in &rows {
                changes.extend(change_of(row)?.filter(|change| changes.last() != Some(change)));
            }
            Ok(Changed { changes, all: false, upto })
        })
        .await
    }

    pub(in crate::store) async fn hold_duty(
        &self,
        duty: &str,
        holder: &str,
        time: Duration,
    ) -> Result<bool, StoreError> {
        within(READ_MAX, async {
            self.ready().await?;
            let mut session = Session::begin(&self.writers.pool, self.named, BEGIN.to_owned()).await?;
            let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
            let held = sqlx::query(HOLD).bind(duty).bind(holder).bind(millis).execute(&mut session).await?;
            session.commit().await?;
            Ok(held.rows_affected() > 0)
        })
        .await
    }

    pub(in crate::store) async fn leave_duties(&self, holder: &str) -> Result<(), StoreError> {
        within(READ_MAX, async {
            let mut session = Session::begin(&self.writers.pool, self.named, BEGIN.to_owned()).await?;
            let query = sqlx::query("UPDATE duties SET held_until = 0 WHERE holder = $1").bind(holder);
            query.execute(&mut session).await?;
            session.commit().await
        })
        .await
    }
}

/// A change of its row; what a newer program writes and this one does not know concerns nothing it keeps.
fn change_of(row: &PgRow) -> Result<Option<Noticed>, StoreError> {
    let key = text_at(row, 1)?.unwrap_or_default();
    let change = match text_at(row, 0)?.as_deref() {
        Some("tenant") => TenantId::parse(&key).ok().map(Change::Tenant),
        Some("number") => E164::parse(&key).ok().map(Change::Number),
        Some("vapi-number") => Sid::parse(&key).ok().map(Change::VapiNumber),
        Some("sip-name") => Some(Change::SipName(key)),
        Some("org") => OrgId::parse(&key).ok().map(Change::Org),
        Some("job") => JobId::parse(&key).ok().map(Change::Job),
        Some("voicemail") => VoicemailId::parse(&key).ok().map(Change::Voicemail),
        _ => None,
    };
    let is_own = row.try_get(2)?;
    Ok(change.map(|change| Noticed { change, is_own }))
}
