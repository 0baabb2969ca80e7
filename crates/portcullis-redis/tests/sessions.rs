//! Sessions in Redis: the contract, on one node and on several, and agreement with the store in memory (AC-S1, AC-S2, AC-S8).

mod nodes;

use std::collections::HashMap;
use std::time::Duration;

use portcullis_core::{Clock as _, SystemClock, Timestamp};
use portcullis_redis::RedisSessions;
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::{
    AuthMark, AuthRecord, IndexedSessionStore, Login, MemorySessions, SessionLimits, SessionOwner,
};
use portcullis_testkit::session_store::{Nodes, agreement, conformance};
use portcullis_testkit::{ManualClock, redis::Server};
use serde_json::{Value, json};
use time::OffsetDateTime;

use self::nodes::{connect, connect_with_clock, fresh_prefix, patient, server};

const MINUTE: Duration = Duration::from_secs(60);

fn record(ends_at: Timestamp) -> Record {
    let since_epoch = time::Duration::milliseconds(ends_at.unix_millis());
    Record {
        id: Id(1),
        data: HashMap::new(),
        expiry_date: OffsetDateTime::UNIX_EPOCH + since_epoch,
    }
}

/// A session that somebody has just logged in to, with an hour to live.
fn login_record(login: Login, now: Timestamp) -> Record {
    let login = AuthRecord::begin(login, &SessionLimits::REMEMBERED, now).unwrap();
    let mut record = record(now.saturating_add(60 * MINUTE));
    AuthMark::write(Some(&login), &mut record);
    record
}

async fn create(store: &impl SessionStore, mut record: Record) -> Record {
    store.create(&mut record).await.unwrap();
    record
}

fn now() -> Timestamp {
    SystemClock.now()
}

/// AC-S1, AC-S2, AC-S4, AC-S8.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_conforms() {
    let Some(server) = server() else { return };
    conformance(async || RedisSessions::new(&connect(&server).await)).await;
}

/// AC-S8: the same, with every request at another node.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_nodes_conform() {
    let Some(server) = server() else { return };
    conformance(async || {
        let prefix = fresh_prefix();
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let builder = patient(&server.url()).key_prefix(&prefix);
            nodes.push(RedisSessions::new(&builder.connect().await.unwrap()));
        }
        Nodes::new(nodes)
    })
    .await;
}

/// No sequence of requests, drawn at random, gets another answer than from the store in memory: nothing that was ended works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_agrees_with_the_store_in_memory() {
    let Some(server) = server() else { return };
    for seed in [2, 0xdead_beef, 0x5eed_0000_0000_0009] {
        let clock = ManualClock::new();
        let memory = MemorySessions::new().with_clock(clock.shared());
        let redis = RedisSessions::new(&connect_with_clock(&server, &clock).await);
        agreement(&memory, &redis, &clock, seed, 1500).await;
    }
}

/// A login that has given up its id may take another one for ten minutes.
#[tokio::test]
async fn a_login_gives_up_between_two_ids() {
    let Some(server) = server() else { return };
    let clock = ManualClock::new();
    let store = RedisSessions::new(&connect_with_clock(&server, &clock).await);
    for (pause, goes_on) in [
        (10 * MINUTE - Duration::from_millis(1), true),
        (10 * MINUTE, false),
    ] {
        let login = login_record(Login::new("alice"), clock.now());
        let mut moving = create(&store, login).await;
        store.delete(&moving.id).await.unwrap();
        clock.advance(pause);
        let has_gone_on = store.create(&mut moving).await.is_ok();
        assert_eq!(has_gone_on, goes_on, "{pause:?}");
    }
}

/// Numbers, and names with any character in them, are kept exactly; what a stranger may put into a path is no error.
#[tokio::test]
async fn nothing_is_bent() {
    let Some(server) = server() else { return };
    let store = RedisSessions::new(&connect(&server).await);
    let mut wanted = login_record(Login::new("al\0ice\n{}").collection("us\0ers"), now());
    let mut bits: u64 = 0x9e37_79b9_7f4a_7c15;
    let numbers = (0..2000).map(|_| {
        bits = bits.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        f64::from_bits(bits)
    });
    let numbers: Vec<f64> = numbers.filter(|number| number.is_finite()).collect();
    wanted.data.insert(String::from("numbers"), json!(numbers));
    let created = create(&store, wanted).await;
    let found = store.load(&created.id).await.unwrap().unwrap();
    let found_numbers: Vec<f64> = found.data["numbers"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    assert_eq!(found_numbers, numbers);
    let owner = SessionOwner::new("us\0ers", "al\0ice\n{}");
    assert_eq!(store.list(&owner).await.unwrap().len(), 1);
    assert!(!store.revoke(&owner, "no\0 such\r\n id").await.unwrap());
    let prefix = SessionOwner::new("us", "\0ersal\0ice\n{}");
    assert!(store.list(&prefix).await.unwrap().is_empty());
    assert_eq!(store.revoke_all(&owner, Some("\0")).await.unwrap(), 1);
    assert_eq!(store.load(&created.id).await.unwrap(), None);
}

/// Redis itself removes what has ended: nothing is left of a session, and nothing of a user without one.
#[tokio::test]
async fn everything_ends_by_itself() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = patient(&server.url()).connect().await.unwrap();
    let store = RedisSessions::new(&redis);
    let brief = SessionLimits::new(MINUTE, 2 * MINUTE);
    let login = AuthRecord::begin(Login::new("alice"), &brief, now()).unwrap();
    let mut record = record(now().saturating_add(60 * MINUTE));
    AuthMark::write(Some(&login), &mut record);
    let created = create(&store, record).await;
    let keys = server.ask(&["KEYS", "*"]);
    assert_eq!(keys.lines().count(), 2, "{keys}");
    for key in keys.lines() {
        let left: u64 = server.ask(&["PTTL", key]).parse().unwrap();
        let most = match key.contains("sessions-of") {
            true => 121_000,
            false => 61_000,
        };
        assert!((1..=most).contains(&left), "{key} lives for {left} ms");
    }
    store.delete(&created.id).await.unwrap();
    let keys = server.ask(&["KEYS", "*"]);
    let left: u64 = server.ask(&["PTTL", keys.trim()]).parse().unwrap();
    assert!(left <= 601_000, "a stub lives for {left} ms");
}

/// A user who logs in again and again leaves no heap of logins that are over.
#[tokio::test]
async fn what_is_over_does_not_pile_up() {
    let Some(server) = Server::start() else {
        return;
    };
    let clock = ManualClock::new();
    let builder = patient(&server.url());
    let redis = builder.with_insecure_clock_of_the_caller(clock.shared());
    let store = RedisSessions::new(&redis.connect().await.unwrap());
    let brief = SessionLimits::new(MINUTE, MINUTE);
    for _ in 0..400 {
        let login = AuthRecord::begin(Login::new("alice"), &brief, clock.now()).unwrap();
        let mut record = record(clock.now().saturating_add(60 * MINUTE));
        AuthMark::write(Some(&login), &mut record);
        create(&store, record).await;
        clock.advance(MINUTE / 4);
    }
    let key = server.ask(&["KEYS", "*sessions-of*"]);
    let logins: u64 = server.ask(&["HLEN", &key]).parse().unwrap();
    assert!(logins < 40, "{logins} logins, of which 4 are not over");
}
