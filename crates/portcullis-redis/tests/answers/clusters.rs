//! What nodes of a cluster may say of each other.

use std::time::Duration;

use portcullis_redis::{Redis, RedisSessions};
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::tower_sessions::session::Id;

use super::{LONG, is_well};
use crate::fake::{Does, Fake, say, welcomes};
use crate::nodes::eventually;

/// The map of a cluster: from slot to slot, and the port of the master.
fn slots(shards: &[(u16, u16, u16)]) -> Does {
    let row = |(first, last, port): &(u16, u16, u16)| {
        let master = format!("*2\r\n$9\r\n127.0.0.1\r\n:{port}");
        format!("\r\n*3\r\n:{first}\r\n:{last}\r\n{master}")
    };
    let rows: String = shards.iter().map(row).collect();
    say(&format!("*{}{rows}", shards.len()))
}

/// A master that is dead, and whose replica has taken its slots over: the others are asked who has them now, and nobody needs to say `MOVED`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_replaced() {
    let (one, two, next) = tokio::join!(
        Fake::start(is_well),
        Fake::start(is_well),
        Fake::start(is_well)
    );
    let (first, second, third) = (one.port(), two.port(), next.port());
    let knows = |second| {
        move |words: &[String]| match words[0].as_str() {
            "CLUSTER" => slots(&[(0, 8191, first), (8192, 16383, second)]),
            _ => is_well(words),
        }
    };
    for fake in [&one, &two, &next] {
        fake.behave(knows(second));
    }
    let builder = Redis::builder(&format!("redis+cluster://{}", one.address())).unwrap();
    let short = Duration::from_millis(300);
    let builder = builder.response_timeout(short).connect_timeout(short);
    let redis = builder.connect_in_background();
    let sessions = RedisSessions::new(&redis);
    let all_answer = async || {
        let mut answered = 0;
        for number in 1..=20 {
            answered += usize::from(sessions.load(&Id(number)).await.is_ok());
        }
        answered == 20
    };
    eventually("all answer", all_answer).await;
    assert!(two.questions() > 0, "sessions are spread");
    assert_eq!(next.connections(), 0);
    two.behave(|_| Does::Nothing);
    for fake in [&one, &next] {
        fake.behave(knows(third));
    }
    eventually("all answer again", all_answer).await;
    assert!(next.questions() > 0);
}

/// A cluster whose only node sends everybody to itself: each question ends, and it is not asked for its map by each of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_redirections() {
    let fake = Fake::start(is_well).await;
    let address = fake.address();
    let port = fake.port();
    fake.behave(move |words| match words[0].as_str() {
        "CLUSTER" => slots(&[(0, 16383, port)]),
        _ => welcomes(words).unwrap_or_else(|| say(&format!("-MOVED 1 127.0.0.1:{port}"))),
    });
    let builder = Redis::builder(&format!("redis+cluster://{address}")).unwrap();
    let builder = builder.response_timeout(LONG).connect_timeout(LONG);
    let redis = builder.connect().await.unwrap();
    let sessions = RedisSessions::new(&redis);
    let before = fake.connections();
    for asked in 1..=200 {
        assert!(sessions.load(&Id(asked)).await.is_err());
    }
    // Five steps each, and the map: once at first, and then with pauses of 25 ms and more between.
    let questions = fake.questions();
    assert!(questions >= 1000, "{questions}");
    assert!(questions < 1200, "{questions}");
    assert_eq!(fake.connections(), before, "one connection is enough");
}
