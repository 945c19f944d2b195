//! The key of the store: proven when it is opened, used for every secret.

use super::{Engine, READ_MAX, Writing, within};
use crate::model::Secret;
use crate::store::StoreError;
use crate::store::seal::{Place, SealError};

/// The word that proves a key.
pub(in crate::store) const KEY_WORD: Place<'static> = Place { table: "meta", column: "value", row: "key" };

impl Engine {
    /// Does it answer?
    pub(in crate::store) async fn ping(&self) -> Result<(), StoreError> {
        within(READ_MAX, async {
            sqlx::query("SELECT value FROM meta WHERE name = 'key'").fetch_optional(&mut *self.read().await?).await?;
            Ok(())
        })
        .await
    }

    /// The first opening leaves a sealed word; every further one must be able to read it, with whichever key it has.
    pub(in crate::store) async fn prove_key(&self, mut writing: Writing) -> Result<(), StoreError> {
        let sealed = self.seal(&writing, KEY_WORD, &Secret::new("patchbay"))?;
        sqlx::query("INSERT INTO meta (name, value) VALUES ('key', $1) ON CONFLICT (name) DO NOTHING")
            .bind(sealed)
            .execute(&mut *writing)
            .await?;
        let kept: Vec<u8> =
            sqlx::query_scalar("SELECT value FROM meta WHERE name = 'key'").fetch_one(&mut *writing).await?;
        writing.commit().await?;
        match self.ring.load().open(KEY_WORD, &kept) {
            Ok(_) => Ok(()),
            Err(SealError::OtherKey) => Err(StoreError::Failed(
                "what is secret in it was sealed with another key: give the one it was made with \
                 (secrets.key, secrets.previous, secrets.key_file)"
                    .to_owned(),
            )),
            Err(error) => Err(StoreError::Failed(format!("{KEY_WORD} {error}"))),
        }
    }

    /// Seals a value for its place. Whoever seals has the writing turn: the key changes in somebody's turn too, so once
    /// it has changed, nothing sealed with the one before can still be on its way into the file.
    pub(super) fn seal(&self, _turn: &Writing, place: Place<'_>, secret: &Secret) -> Result<Vec<u8>, StoreError> {
        self.ring.load().seal(place, secret).map_err(|error| StoreError::Failed(format!("{place} {error}")))
    }

    pub(super) fn open_sealed(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret, StoreError> {
        self.ring.load().open(place, sealed).map_err(|error| StoreError::Failed(format!("{place} {error}")))
    }
}
