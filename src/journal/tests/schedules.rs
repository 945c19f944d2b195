//! Any order of deaths, faults and recoveries.

use std::sync::atomic::Ordering;

use proptest::prelude::*;
use tempfile::TempDir;

use super::super::*;
use super::fixtures::*;

#[derive(Clone, Debug)]
enum Event {
    Append,
    AppendDurable,
    DiskFull(bool),
    CannotSync(bool),
    StoreAway(bool),
    LosesAnswers(bool),
    Wait(u64),
    Die,
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => Just(Event::Append),
        4 => Just(Event::AppendDurable),
        2 => any::<bool>().prop_map(Event::DiskFull),
        1 => any::<bool>().prop_map(Event::CannotSync),
        2 => any::<bool>().prop_map(Event::StoreAway),
        1 => any::<bool>().prop_map(Event::LosesAnswers),
        3 => (0u64..8).prop_map(Event::Wait),
        1 => Just(Event::Die),
        1 => Just(Event::Restart),
    ]
}

/// Runs a schedule, then once more with everything well. Answers what was appended, what of it was acknowledged, and
/// what the store has.
async fn live_through(events: Vec<Event>) -> (usize, Vec<usize>, Vec<usize>) {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    let options = Options { segment_bytes: 700, durable_within: Duration::from_millis(40), ..quick() };
    let mut house = House::open(dir.path(), options.clone(), &store);
    let (mut appended, mut acknowledged) = (0, Vec::new());
    for event in events {
        match event {
            Event::Append => {
                house.journal.append(record(appended));
                appended += 1;
            }
            Event::AppendDurable => {
                if house.journal.append_durable(record(appended)).await.is_ok() {
                    acknowledged.push(appended);
                }
                appended += 1;
            }
            Event::DiskFull(on) => Faults::set(&house.faults.is_full, on),
            Event::CannotSync(on) => Faults::set(&house.faults.cannot_sync, on),
            Event::StoreAway(on) => store.set_away(on),
            Event::LosesAnswers(on) => store.0.loses_answers.store(on, Ordering::SeqCst),
            Event::Wait(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            Event::Die => {
                // From here on nothing the dying process does has any effect.
                let was_away = store.0.is_away.swap(true, Ordering::SeqCst);
                Faults::set(&house.faults.is_full, true);
                house.drained.abort();
                let _ = house.drained.await;
                house.journal.shutdown().await;
                drop(house.journal);
                store.set_away(was_away);
                house = House::open(dir.path(), options.clone(), &store);
            }
            Event::Restart => {
                house.close().await;
                house = House::open(dir.path(), options.clone(), &store);
            }
        }
    }
    house.close().await;
    store.set_away(false);
    store.0.loses_answers.store(false, Ordering::SeqCst);
    drain_all(dir.path(), &store).await;
    assert_eq!(segments(dir.path()).len(), 0);
    (appended, acknowledged, store.kept())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn through_deaths_full_disks_and_a_store_that_comes_and_goes_what_was_acknowledged_is_kept_exactly_once(
        events in prop::collection::vec(event(), 1..60),
    ) {
        let is_harmless = |event: &Event| {
            !matches!(event, Event::Die | Event::DiskFull(true) | Event::CannotSync(true))
        };
        let harmless = events.iter().all(is_harmless);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (appended, acknowledged, kept) = runtime.block_on(live_through(events));
        prop_assert!(kept.is_sorted_by(|one, next| one < next), "once and in order: {:?}", kept);
        prop_assert!(acknowledged.iter().all(|number| kept.contains(number)), "{acknowledged:?} {kept:?}");
        if harmless {
            prop_assert_eq!(kept.len(), appended, "nothing is lost where nothing breaks");
        }
    }
}
