//! Sessions by cookie in a Redis that crashes, and comes back from its last snapshot.

use std::time::Duration;

use portcullis::accounts::{CapturedMail, Logout, Mode, Origin, Proof};
use portcullis::redis::RedisSessions;
use portcullis::{Collection, Redis, SqlStore, TrustedProxies, client_address};
use portcullis_testkit::{ManualClock, redis::Server};

use super::EMAIL;
use crate::support::{Node, PASSWORD, Place, builder, code, cookie_of, register, try_log_in};

/// How long Redis may take to come back, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node over this database, whose sessions are in this Redis.
async fn node(place: &Place, redis: &Server, clock: &ManualClock) -> Node {
    let mail = CapturedMail::new().with_clock(clock.shared());
    let store = SqlStore::builder(&place.url).clock(clock.shared());
    let store = store.connect().await.unwrap();
    let redis = Redis::builder(&redis.url()).unwrap();
    let redis = redis
        .with_insecure_clock_of_the_caller(clock.shared())
        .connect_timeout(PATIENCE)
        .response_timeout(PATIENCE)
        .connect()
        .await
        .unwrap();
    let accounts = builder(store.clone(), &mail, clock, Collection::new());
    let accounts = accounts.sessions(RedisSessions::new(&redis));
    Node {
        accounts: accounts.build().unwrap(),
        store,
    }
}

/// The origin of a request with this cookie.
fn with(cookie: &str) -> Origin {
    let request = http::Request::builder().header("cookie", cookie);
    let head = request.body(()).unwrap().into_parts().0;
    Origin::of(&head, &client_address(TrustedProxies::default()))
}

/// AC-S2, AC-S7: of all sessions in the snapshot those work that had not ended, on every node.
async fn nothing_comes_back(place: Place) {
    let Some(redis) = Server::start() else {
        return;
    };
    let clock = ManualClock::new();
    let (one, other) = (
        node(&place, &redis, &clock).await,
        node(&place, &redis, &clock).await,
    );
    let users = one.accounts.users();
    register(&users, EMAIL).await;
    let mut cookies = Vec::new();
    for _ in 0..4 {
        let session = try_log_in(&users, EMAIL, PASSWORD, Mode::Cookie).await;
        cookies.push(cookie_of(&session.unwrap()));
    }
    let [logged_out, listed, moved, kept] = &cookies[..] else {
        panic!("four");
    };
    for cookie in &cookies {
        other.by_cookie(cookie).await.unwrap();
    }
    assert_eq!(redis.ask(&["SAVE"]), "OK");

    let out = users.clone().from(with(logged_out));
    out.logout(Logout::default()).await.unwrap();
    let caller = one.by_cookie(kept).await.unwrap();
    let sid = one.by_cookie(listed).await.unwrap();
    let sid = sid.session_id().unwrap();
    users.revoke_session(&caller, sid).await.unwrap();
    let mover = one.by_cookie(moved).await.unwrap();
    let moving = users.clone().from(with(moved));
    let proof = Proof::Password(PASSWORD);
    let proved = moving.reauthenticate(&mover, proof).await.unwrap();
    let next = cookie_of_header(&proved.cookie.unwrap());
    other.by_cookie(&next).await.unwrap();

    redis.crash();
    redis.start_again();
    // The snapshot is back: the session that has not ended is there.
    let is_back = async {
        while other.by_cookie(kept).await.is_err() || one.by_cookie(kept).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    let is_back = tokio::time::timeout(PATIENCE, is_back).await;
    is_back.expect("Redis comes back");
    for node in [&one, &other] {
        for gone in [logged_out, listed, moved, &next] {
            let refused = code(node.by_cookie(gone).await);
            assert_eq!(refused, "401 unauthenticated");
        }
    }
}

fn cookie_of_header(line: &http::HeaderValue) -> String {
    let text = line.to_str().unwrap();
    text.split(';').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ac_s7_no_logout_is_lost_with_redis_beside_sqlite() {
    nothing_comes_back(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ac_s7_no_logout_is_lost_with_redis_beside_postgres() {
    let Some(place) = Place::postgres() else {
        return;
    };
    nothing_comes_back(place).await;
}
