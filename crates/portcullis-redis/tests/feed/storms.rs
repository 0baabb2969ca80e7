//! A proxy that takes subscriptions and cuts them: neither it nor the store is stormed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_accounts::{Heard, RevocationFeed};
use portcullis_core::{Clock, SystemClock};
use portcullis_redis::RedisFeed;

use crate::fake::{Does, Fake, say, welcomes};
use crate::kit::{KEY, PATIENCE};
use crate::nodes::patient;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_that_are_cut() {
    let times: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let noted = Arc::clone(&times);
    let confirms_and_cuts = move |words: &[String]| match words[0].as_str() {
        "SUBSCRIBE" => {
            noted.lock().unwrap().push(SystemClock.monotonic());
            let (length, channel) = (words[1].len(), &words[1]);
            let confirmed = format!(">3\r\n$9\r\nsubscribe\r\n${length}\r\n{channel}\r\n:1\r\n");
            Does::SayAndCut(confirmed)
        }
        _ => welcomes(words).unwrap_or_else(|| say("_")),
    };
    let fake = Fake::start(confirms_and_cuts).await;
    let redis = patient(&fake.url()).connect().await.unwrap();
    let feed = RedisFeed::new(&redis, &KEY);
    let subscriptions = || times.lock().unwrap().len();
    let mut gaps = 0;
    let waiting = async {
        while subscriptions() < 6 {
            assert_eq!(feed.next().await, Heard::Gap);
            gaps += 1;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.expect("it tries again and again");
    assert!(gaps <= subscriptions(), "the store is asked once for each");
    let times = times.lock().unwrap();
    let took = times[5].saturating_sub(times[0]);
    // 25, 50, 100, 200 and 400 ms, each less a half at most.
    assert!(took >= Duration::from_millis(387), "{took:?}");
}
