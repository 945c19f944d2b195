//! What happens at one of several edges is heard by whoever listens at another: once, and in order; and what edges tell
//! each other for it names nobody.

use std::time::{Duration, Instant};

use patchbay::model::{CallBegan, Change, EndedBy, Record, VoicemailNews, VoicemailState};
use patchbay::store::{JobBounds, Noticed, Word};
use reqwest::Method;
use serde_json::{Value, json};

use crate::ears::Ears;
use crate::rig::{OPERATOR, Rig, attribute, call_sid};
use crate::servers::postgres::database;
use crate::store_fixtures::{at, began, ended, event, kept_tenant, news, numbered, operator, report, sid};
use crate::store_jobs::job;
use crate::store_place::Place;

const NUMBER: &str = "+16475550121";
const CALLER: &str = "+14165550101";

async fn ears(rig: &Rig) -> Ears {
    let mut ears =
        Ears::open(&rig.http, rig.running.admin, OPERATOR, "?types=call.began,call.event,call.ended,voicemail", "")
            .await;
    ears.next().await.expect("a snapshot");
    ears
}

/// A call from its beginning to its end, with a message, which somebody hears.
async fn call(rig: &Rig, sid: &str) {
    let leg = [("CallSid", sid), ("From", CALLER), ("To", NUMBER), ("DialCallStatus", "no-answer")];
    let first = rig.voice(CALLER, NUMBER, sid).await;
    rig.post_url(&attribute(&first.body, "action").expect("an action"), &leg).await;
    let message = [("CallSid", sid), ("RecordingSid", &sid.replace("CA", "RE")), ("RecordingStatus", "completed")];
    rig.post("/api/twilio/voicemail", &message).await;
    rig.ended(sid).await;
}

/// The next so many events, without what each edge numbers by itself.
async fn heard(ears: &mut Ears, count: usize) -> Vec<(String, Value)> {
    let mut heard = Vec::with_capacity(count);
    while heard.len() < count {
        let next = ears.next().await.expect("the stream goes on");
        heard.push((next.name, next.data));
    }
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_at_one_edge_is_heard_at_every_edge_once_and_in_order() {
    let store = database().await;
    let settings = [("PATCHBAY_STORE__URL", store.as_str()), crate::many_edges::KEY];
    let (one, other) = tokio::join!(Rig::start_with(&settings), Rig::start_with(&settings));
    one.tenant("Smile Dental", NUMBER, json!({"mode": "always", "fallback": {"type": "voicemail"}})).await;
    // Both know the line, so that neither is asked for it in the middle of a call.
    for rig in [&one, &other] {
        rig.eventually("the line is known", async || {
            let answer = rig.voice(CALLER, NUMBER, "CA-first").await;
            answer.body.contains("<Dial").then_some(())
        })
        .await;
        rig.ended("CA-first").await;
        rig.eventually("its end is kept", async || {
            let (status, call) = rig.admin(Method::GET, "/api/calls/CA-first", None).await;
            (status == 200 && call["endedAt"].is_string()).then_some(())
        })
        .await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (mut here, mut there) = (ears(&one).await, ears(&other).await);

    let mut worst = Duration::ZERO;
    for rig in [&one, &other, &one, &other] {
        let sid = call_sid();
        call(rig, &sid).await;
        let done = Instant::now();
        // How it began, what became of the leg, the message, and how it ended.
        let (at_one, at_other) = tokio::join!(heard(&mut here, 4), heard(&mut there, 4));
        worst = worst.max(done.elapsed());
        assert_eq!(at_one, at_other);
        let names: Vec<&str> = at_one.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["call.began", "call.event", "voicemail", "call.ended"]);
        assert!(at_one.iter().all(|(_, data)| data["callSid"] == sid.as_str() && data["tenantId"].is_string()));
    }
    println!("four calls, the last word of one heard at both edges after at most {worst:?}");

    let message = one.admin(Method::GET, "/api/voicemails?limit=1", None).await.1["data"][0]["id"].clone();
    let path = format!("/api/voicemails/{}", message.as_str().expect("an id"));
    assert_eq!(other.admin(Method::PATCH, &path, Some(json!({"heard": true}))).await.0, 200);
    let (at_one, at_other) = tokio::join!(heard(&mut here, 1), heard(&mut there, 1));
    for (name, data) in [&at_one[0], &at_other[0]] {
        assert_eq!((name.as_str(), &data["id"], &data["heard"]), ("voicemail", &message, &json!(true)));
    }

    // Whatever was told twice would be heard before this.
    let last = call_sid();
    one.voice(CALLER, NUMBER, &last).await;
    for mut ears in [here, there] {
        assert_eq!(heard(&mut ears, 1).await[0].1["callSid"], last.as_str());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_edges_tell_each_other_names_no_caller() {
    let place = Place::server().await;
    let (one, other) = (place.store().await, place.store().await);
    let start = other.told_since(None).await.expect("asked").upto;
    let tenant = kept_tenant(&one, 1).await;
    let first = CallBegan { answer: Some("of-vapi".to_owned()), ..began("CA1", Some(&tenant.id), 1) };
    let message = VoicemailNews {
        from: Some("+16475550111".to_owned()),
        transcript: Some("my tooth hurts".to_owned()),
        recording_url: Some("where it is".to_owned()),
        ..news(1, "CA1", Some("RE1"), VoicemailState::Ready, 3)
    };
    let told = patchbay::model::AiReport { summary: Some("a tooth hurts".to_owned()), ..report("CA1", 5) };
    let records = [
        Record::CallBegan(first),
        Record::CallEvent(event("CA1", "dial", 2)),
        Record::Voicemail(message),
        Record::CallEnded(ended("CA1", EndedBy::Status, 4)),
        Record::AiReport(told.clone()),
    ];
    one.apply("j", &numbered(1, &records)).await.expect("kept");
    let heard = other.told_since(Some(start)).await.expect("asked");
    let words: Vec<Word> = records.iter().map(Word::of).collect();
    assert_eq!((&heard.words, heard.more), (&words, false));
    assert_eq!(words[4], Word::Event(told.as_event()));
    assert!(one.told_since(Some(start)).await.expect("asked").words.is_empty(), "it told its own listeners itself");
    assert!(other.told_since(Some(heard.upto)).await.expect("asked").words.is_empty());
    // A record that was applied before is not told again.
    one.apply("j", &numbered(5, &[Record::AiReport(told)])).await.expect("passed over");
    assert!(other.told_since(Some(heard.upto)).await.expect("asked").words.is_empty());

    let kept = place.texts("SELECT words FROM told").await;
    assert_eq!(kept.len(), 1);
    for private in ["6475550111", "6475550123", "tooth", "where it is", "of-vapi"] {
        assert!(!kept.concat().contains(private), "{private} in {kept:?}");
    }
    place.clear().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_too_late_for_what_was_told_hears_so() {
    let place = Place::server().await;
    let (one, other) = (place.store().await, place.store().await);
    let start = other.told_since(None).await.expect("asked").upto;
    let tell = async |seq: u64| {
        let record = Record::CallBegan(began(&format!("CA{seq}"), None, 1));
        one.apply("j", &numbered(seq, &[record])).await.expect("kept");
    };
    tell(1).await;
    tell(2).await;
    let told = other.told_since(Some(start)).await.expect("asked");
    assert_eq!((told.words.len(), told.more), (2, false));
    place.sql("UPDATE told SET at = at - INTERVAL '2 minutes'").await;
    tell(3).await;
    let late = other.told_since(Some(start)).await.expect("asked");
    assert_eq!((late.words.len(), late.more), (0, true));
    let in_time = other.told_since(Some(told.upto)).await.expect("asked");
    assert_eq!((in_time.words.len(), in_time.more, in_time.upto), (1, false, late.upto));
    // Whoever stands behind what is there was somewhere else: a backup was put back.
    assert!(other.told_since(Some(late.upto + 5)).await.expect("asked").more);
    place.clear().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_and_what_was_heard_are_noticed_by_the_others_and_holding_a_job_is_not() {
    let place = Place::server().await;
    let (one, other) = (place.store().await, place.store().await);
    let start = other.changed_since(None).await.expect("asked").upto;
    let job = job(1, "a", patchbay::model::JobKind::Target);
    one.create_jobs(std::slice::from_ref(&job), JobBounds::default(), &operator()).await.expect("kept");
    let message = news(1, "CA1", Some("RE1"), VoicemailState::Ready, 3);
    one.apply("j", &numbered(1, &[Record::Voicemail(message)])).await.expect("kept");
    let id = other.voicemails_told(&[&sid("CA1")], &[]).await.expect("asked").remove(0).id;
    for heard in [true, true, false] {
        one.set_heard(&id, heard).await.expect("set");
    }
    let claimed = one.claim_jobs(at(1), at(31), 9).await.expect("claimed").remove(0);
    let noticed = other.changed_since(Some(start)).await.expect("asked");
    let news = |change| Noticed { change, is_own: false };
    // One after the other without another change between them are one.
    assert_eq!(noticed.changes, [news(Change::Job(job.id.clone())), news(Change::Voicemail(id))]);
    one.write_job(&job.id, claimed.fence, &[crate::store_jobs::began()], at(2)).await.expect("written");
    let noticed = other.changed_since(Some(noticed.upto)).await.expect("asked");
    assert_eq!(noticed.changes, [news(Change::Job(job.id))]);
    place.clear().await;
}
