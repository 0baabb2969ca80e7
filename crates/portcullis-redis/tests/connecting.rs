//! URLs, passwords, databases, TLS: whom this connects to, and whom not.

mod certificates;
mod nodes;

use std::time::Duration;

use portcullis_limit::{LimitKey, LimitRequest, Limiter, Quota};
use portcullis_redis::{ConnectErrorKind, Redis, RedisLimiter};
use portcullis_testkit::redis::Server;

use self::certificates::Certificates;
use self::nodes::{patient, server};

async fn decides(redis: &Redis) {
    let (key, quota) = (LimitKey::from("alice"), Quota::per_hour(1));
    let decision = RedisLimiter::new(redis)
        .check(&[LimitRequest::new(&key, &quota)])
        .await;
    assert!(decision.unwrap().is_allowed());
}

#[tokio::test]
async fn urls_that_make_no_sense() {
    let wrong = [
        "",
        "redis",
        "http://localhost",
        "redis+nothing://localhost",
        "cluster://localhost",
        "redis://localhost/no-number",
        "redis+sentinel://localhost",
        "redis+sentinel://localhost/",
        "redis+sentinel://localhost/main/no-number",
        "redis+cluster://",
        "http+cluster://localhost",
    ];
    for url in wrong {
        let error = Redis::builder(url).map(drop).unwrap_err();
        assert_eq!(error.kind(), ConnectErrorKind::InvalidSettings, "{url}");
        assert!(!error.to_string().contains('\n'));
    }
}

/// No error and no `Debug` shows what a URL holds.
#[tokio::test]
async fn passwords_are_not_shown() {
    let password = "gHq7NeverShown";
    let urls = [
        format!("redis://user:{password}@127.0.0.1:1"),
        format!("redis+cluster://user:{password}@127.0.0.1:1,127.0.0.1:1"),
        format!("redis+sentinel://user:{password}@127.0.0.1:1/main"),
        format!("redis://user:{password}@"),
        format!("nothing://user:{password}@127.0.0.1:1"),
        format!("redis+cluster://user:{password}@127.0.0.1:none"),
    ];
    for url in urls {
        let shown = match Redis::builder(&url) {
            Ok(builder) => {
                let shown = format!("{builder:?}");
                let error = builder.connect().await.map(drop).unwrap_err();
                assert_eq!(error.kind(), ConnectErrorKind::Unreachable, "{error}");
                format!("{shown} {error} {error:?}")
            }
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains(password), "{shown}");
    }
}

#[tokio::test]
async fn a_password_that_is_wrong() {
    let Some(server) = Server::start() else {
        return;
    };
    assert_eq!(server.ask(&["CONFIG", "SET", "requirepass", "right"]), "OK");
    for (password, is_right) in [("", false), ("?pass=wrong", false), ("?pass=right", true)] {
        let url = format!("redis+{}{password}", server.url());
        let connected = patient(&url).connect().await;
        match (connected, is_right) {
            (Ok(redis), true) => decides(&redis).await,
            (Err(error), false) => assert_eq!(error.kind(), ConnectErrorKind::Refused, "{error}"),
            (connected, _) => panic!("{password}: {connected:?}"),
        }
    }
}

/// A server that takes connections and never answers.
#[tokio::test]
async fn nobody_answers() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let builder = Redis::builder(&url).unwrap();
    let connected = builder
        .connect_timeout(Duration::from_millis(100))
        .connect();
    let ended = tokio::time::timeout(Duration::from_secs(30), connected).await;
    let error = ended.expect("in time").map(drop).unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Unreachable);
}

/// Applications that share a Redis do not share keys.
#[tokio::test]
async fn prefixes_are_apart() {
    let Some(server) = server() else { return };
    for prefix in ["prefix one:", "prefix two:", "prefix{three}:"] {
        let builder = patient(&server.url());
        let redis = builder.key_prefix(prefix).connect().await.unwrap();
        decides(&redis).await;
    }
}

/// A server is believed by its certificate alone, and a client where the server asks for one.
#[tokio::test]
async fn tls() {
    let certificates = Certificates::create("localhost");
    let settings = |port| certificates.settings(port, "yes");
    let Some((_server, port)) = Server::start_on_port(settings) else {
        return;
    };
    let url = format!("rediss://localhost:{port}");
    let (certificate, key) = certificates.client.clone();
    let known = || patient(&url).client_certificate(certificate.clone(), key.clone());

    let redis = known().trust(certificates.root.clone()).connect().await;
    decides(&redis.unwrap()).await;

    let stranger = Redis::builder(&url)
        .unwrap()
        .trust(certificates.root.clone());
    assert!(
        stranger.connect().await.is_err(),
        "it asks for a certificate"
    );
    assert!(known().connect().await.is_err(), "nobody vouches for it");
    let elsewhere = url.replace("localhost", "127.0.0.1");
    let elsewhere = Redis::builder(&elsewhere).unwrap();
    let elsewhere = elsewhere
        .client_certificate(certificate.clone(), key.clone())
        .trust(certificates.root.clone());
    assert!(elsewhere.connect().await.is_err(), "it is not the name");
    let plain = Redis::connect(&url.replace("rediss", "redis")).await;
    assert!(plain.is_err(), "no TLS, no answer");
    let nonsense = Redis::builder(&url).unwrap().trust("no certificate");
    assert!(nonsense.connect().await.is_err());
}
