//! What stands in Redis: hashes of whoever is counted, digests of session ids; and what is done where something else stands there.

mod nodes;
mod three;

use std::collections::HashSet;

use portcullis_core::Client;
use portcullis_limit::{
    Checked, LimitKey, LimitRequest, Limiter, LimiterErrorKind, Lockout, LockoutStore, Quota,
    Steps, Subject,
};
use portcullis_redis::{Redis, RedisLimiter, RedisLockouts, RedisSessions};
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::{IndexedSessionStore, SessionOwner};
use portcullis_testkit::redis::Server;

use self::nodes::patient;
use self::three::login_record;

/// All keys, and what they hold.
fn dump(server: &Server) -> Vec<(String, String)> {
    let keys = server.ask(&["--raw", "KEYS", "*"]);
    let value = |key: &str| match server.ask(&["--raw", "TYPE", key]).as_str() {
        "hash" => server.ask(&["--raw", "HGETALL", key]),
        _ => server.ask(&["--raw", "GET", key]),
    };
    keys.lines()
        .map(|key| (key.to_owned(), value(key)))
        .collect()
}

fn keys(server: &Server) -> HashSet<String> {
    dump(server).into_iter().map(|(key, _)| key).collect()
}

/// Names, addresses and what else people are known by, in a quota with a name that could do harm.
async fn count_somebody(redis: &Redis) {
    let mut key = LimitKey::from("alice@example.org");
    key.push_client(Client::Address("203.0.113.9".parse().unwrap()));
    let quota = Quota::per_minute(5).named("log in {here}\r\n");
    let request = [LimitRequest::new(&key, &quota)];
    let limiter = RedisLimiter::new(redis);
    assert!(limiter.check(&request).await.unwrap().is_allowed());
    let lockout = Lockout::new(RedisLockouts::new(redis), "password");
    let address = Client::Address("203.0.113.9".parse().unwrap());
    let subject = Subject::new(address).account("alice@example.org");
    let Checked::Open(attempt) = lockout.check(&subject).await.unwrap() else {
        panic!("locked too early")
    };
    lockout.fail(attempt);
}

/// Who reads Redis sees rules and windows, but nobody's name.
#[tokio::test]
async fn nobody_is_named() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = patient(&server.url()).connect().await.unwrap();
    count_somebody(&redis).await;
    let dump = dump(&server);
    assert_eq!(dump.len(), 4, "one limit, three counters: {dump:?}");
    for (key, value) in &dump {
        for name in ["alice", "example", "203.0.113"] {
            assert!(
                !key.contains(name) && !value.contains(name),
                "{key} {value}"
            );
        }
        assert!(key.bytes().all(|byte| byte.is_ascii_graphic()), "{key:?}");
    }
    let limit = dump.iter().find(|(key, _)| key.contains("limit:")).unwrap();
    let (key, _) = limit;
    assert!(
        key.starts_with("portcullis:limit:log_in__here___:5/60s:"),
        "it says rule and window: {key}"
    );
}

/// With a secret, who does not have it cannot find out by trying; without one, the same names give the same keys.
#[tokio::test]
async fn hashes_are_keyed() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut seen = Vec::new();
    for secret in [None, Some([1; 32]), Some([2; 32]), Some([1; 32])] {
        let builder = patient(&server.url());
        let builder = match &secret {
            Some(secret) => builder.secret(secret),
            None => builder,
        };
        let redis = builder.connect().await.unwrap();
        count_somebody(&redis).await;
        let owner = SessionOwner::new("users", "alice");
        let sessions = RedisSessions::new(&redis);
        sessions.create(&mut login_record()).await.unwrap();
        assert_eq!(sessions.list(&owner).await.unwrap().len(), 1);
        let mut keys = keys(&server);
        keys.retain(|key| !key.contains("session:"));
        seen.push(keys);
        server.flush();
    }
    assert_eq!(seen[1], seen[3]);
    assert!(seen[0].is_disjoint(&seen[1]) && seen[1].is_disjoint(&seen[2]));
    assert!(seen.iter().all(|keys| keys.len() == 5), "{seen:?}");
}

/// AC-S4: whoever reads Redis has no id, in no form in which it could be used; and of a login between two ids no data is left.
#[tokio::test]
async fn ids_are_not_at_rest() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = RedisSessions::new(&patient(&server.url()).connect().await.unwrap());
    let (mut lives, mut departed) = (login_record(), login_record());
    for record in [&mut lives, &mut departed] {
        store.create(record).await.unwrap();
    }
    store.delete(&departed.id).await.unwrap();
    let dump = dump(&server);
    assert_eq!(dump.len(), 2, "a session and a user's list: {dump:?}");
    let text = format!("{dump:?}").to_lowercase();
    for record in [&lives, &departed] {
        let hex = |bytes: [u8; 16]| -> String {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let id = record.id;
        let forms = [
            id.to_string().to_lowercase(),
            id.0.to_string(),
            hex(id.0.to_le_bytes()),
            hex(id.0.to_be_bytes()),
        ];
        for form in forms {
            assert!(!text.contains(&form), "{form} is in {text}");
        }
    }
}

/// What this version cannot read is an error: never a pass, never a session, never a panic.
#[tokio::test]
async fn nonsense_is_an_error() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = patient(&server.url()).connect().await.unwrap();
    let limiter = RedisLimiter::new(&redis).without_local_refusals();
    let (key, steps) = (LimitKey::from("alice"), Steps::new(5));
    let quotas = [
        Quota::per_hour(5),
        Quota::per_hour(5).algorithm(portcullis_limit::Algorithm::FixedWindow),
    ];
    let lockouts = RedisLockouts::new(&redis);
    let counter = portcullis_limit::Counter {
        key: &key,
        steps: &steps,
    };
    let sessions = RedisSessions::new(&redis);
    let owner = SessionOwner::new("users", "alice");
    let mut record = login_record();
    for quota in &quotas {
        let request = [LimitRequest::new(&key, quota)];
        limiter.check(&request).await.unwrap();
    }
    lockouts.count(&[counter]).await.unwrap();
    sessions.create(&mut record).await.unwrap();
    let all = keys(&server);
    assert_eq!(all.len(), 5);
    let nonsense: [&[&str]; 5] = [
        &["SET", "", ""],
        &["SET", "", "nonsense"],
        &["SET", "", "1 2 3\n4"],
        &[
            "SET",
            "",
            "99999999999999999999999999999999999999999999999999",
        ],
        &["RPUSH", "", "a list"],
    ];
    for words in nonsense {
        for key in &all {
            assert_eq!(server.ask(&["DEL", key]), "1");
            let mut words = words.to_vec();
            words[1] = key;
            let _ = server.ask(&words);
        }
        for quota in &quotas {
            let request = [LimitRequest::new(&key, quota)];
            match limiter.check(&request).await {
                Ok(decision) => assert!(!decision.is_allowed(), "{words:?}"),
                Err(error) => assert_ne!(error.kind(), LimiterErrorKind::TimedOut),
            }
        }
        match lockouts.count(&[counter]).await {
            Ok(counted) => assert!(!counted.is_counted(), "{words:?}"),
            Err(error) => assert_ne!(error.kind(), LimiterErrorKind::TimedOut),
        }
        assert!(
            !matches!(sessions.load(&record.id).await, Ok(Some(_))),
            "{words:?}"
        );
        assert!(sessions.list(&owner).await.is_err(), "{words:?}");
        drop(sessions.save(&record).await);
        let loaded = sessions.load(&record.id).await;
        assert!(!matches!(loaded, Ok(Some(_))), "{words:?}");
    }
}
