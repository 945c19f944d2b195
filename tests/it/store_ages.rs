//! Builds of two ages on one store: what a newer one has added to, an older one works with; what it has changed, it leaves.

use patchbay::model::Record;
use patchbay::store::{Store, StoreError};

use crate::store_copy_world::{fill, read};
use crate::store_fixtures::*;
use crate::store_place::{Place, on_each_engine};

on_each_engine!(
    an_edge_restarts_on_a_schema_that_a_newer_one_has_added_to,
    a_running_edge_goes_on_while_a_newer_one_adds_to_every_table,
    a_schema_that_needs_a_newer_edge_is_refused,
);

async fn an_edge_restarts_on_a_schema_that_a_newer_one_has_added_to(place: &Place) {
    place.store().await.close().await;
    grow(place).await;
    // Twice: the first start leaves what the second finds.
    for turn in 1..=2 {
        let store = place.store().await;
        let tenant = match turn {
            1 => kept_tenant(&store, 1).await,
            _ => store.tenant(&tenant_id(1)).await.unwrap().unwrap(),
        };
        let call = format!("CA{turn}");
        let records = [Record::CallBegan(began(&call, Some(&tenant.id), 1))];
        store.apply(&format!("j{turn}"), &numbered(1, &records)).await.unwrap();
        assert!(store.call(&sid(&call)).await.unwrap().is_some());
        store.close().await;
    }
}

/// While statements about it are kept prepared.
async fn a_running_edge_goes_on_while_a_newer_one_adds_to_every_table(place: &Place) {
    let store = place.store().await;
    fill(&store).await;
    let before = read(&store).await;
    for table in place.tables().await {
        place.sql(&format!("ALTER TABLE {table} ADD COLUMN mood TEXT")).await;
    }
    assert!(read(&store).await == before);
    let (id, by) = (tenant_id(1), operator());
    store.change_tenant(&id, None, &by, |tenant| tenant.name.push('!')).await.unwrap();
    let records = [Record::CallEvent(event("CA77", "ai-leg", 1))];
    store.apply("j77", &numbered(1, &records)).await.unwrap();
    store.close().await;
}

async fn a_schema_that_needs_a_newer_edge_is_refused(place: &Place) {
    place.store().await.close().await;
    grow(place).await;
    // 9999, as it is written down.
    let later = if place.is_file() { "x'303039393939'" } else { "'\\x303039393939'" };
    place.sql(&format!("UPDATE meta SET value = {later} WHERE name = 'needs'")).await;
    refused(place).await;
    // One that says nothing of older builds may have changed anything.
    place.sql("DELETE FROM meta WHERE name = 'needs'").await;
    refused(place).await;
}

/// As the next build leaves it, which has added a column, a table and an index.
async fn grow(place: &Place) {
    for sql in [
        "ALTER TABLE tenants ADD COLUMN mood TEXT",
        "ALTER TABLE calls ADD COLUMN moods INTEGER NOT NULL DEFAULT 0",
        "CREATE TABLE moods (name TEXT PRIMARY KEY)",
        "CREATE INDEX calls_by_moods ON calls (moods)",
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', TRUE, '', 0)",
    ] {
        place.sql(sql).await;
    }
}

async fn refused(place: &Place) {
    match Store::open(&place.url(), &KEY).await {
        Err(StoreError::Failed(text)) => assert!(text.contains("newer patchbay"), "{text}"),
        other => panic!("{other:?}"),
    }
}
