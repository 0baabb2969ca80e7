//! AC-T2: the fields that clients read, against the lines of the draft.

use std::time::Duration;

use portcullis_limit::{Algorithm, Quota, RateLimitLayer};
use portcullis_testkit::ManualClock;
use serde_json::Value;
use tower::{ServiceBuilder, ServiceExt};

use crate::support::{Counting, direct, from, memory};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/ratelimit.json")).unwrap()
}

/// The fields of the first response under these quotas, whose lists are written as the draft does: without spaces.
async fn fields(quotas: &[Quota]) -> (String, String) {
    let clock = ManualClock::new();
    let (first, others) = quotas.split_first().unwrap();
    let layer = RateLimitLayer::new(memory(&clock), first.clone()).by(direct());
    let layer = others
        .iter()
        .fold(layer, |layer, quota| layer.rule(quota.clone()).by(direct()));
    let service = ServiceBuilder::new()
        .layer(layer.headers_on_every_response())
        .service(Counting::default().service());
    let response = service.oneshot(from("192.0.2.1")).await.unwrap();
    let line = |name: &str| {
        response.headers()[name]
            .to_str()
            .unwrap()
            .replace(", ", ",")
    };
    (line("ratelimit-policy"), line("ratelimit"))
}

/// Vectors with partition keys (`pk`) or quota units (`qu`) are left out: nothing here sends them.
#[tokio::test]
async fn policies_are_written_as_in_the_draft() {
    let mut seen = 0;
    for vector in vectors()["policy"].as_array().unwrap() {
        let Some(parsed) = vector["parsed"].as_array() else {
            continue;
        };
        let quotas: Vec<_> = parsed
            .iter()
            .map(|policy| {
                let number = |name: &str| policy[1][name].as_u64().unwrap();
                let amount = u32::try_from(number("q")).unwrap();
                let name = policy[0].as_str().unwrap().to_owned();
                Quota::per(Duration::from_secs(number("w")), amount).named(name)
            })
            .collect();
        assert_eq!(fields(&quotas).await.0, vector["line"].as_str().unwrap());
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[tokio::test]
async fn limits_are_written_as_in_the_draft() {
    let mut seen = 0;
    for vector in vectors()["limit"].as_array().unwrap() {
        let line = vector["line"].as_str().unwrap();
        let [name, remaining, time] = line.split(';').collect::<Vec<_>>()[..] else {
            continue;
        };
        let (Some(remaining), Some(time)) = (remaining.strip_prefix("r="), time.strip_prefix("t="))
        else {
            continue;
        };
        // A window that has just begun, with one request less than it allows.
        let (remaining, time): (u32, u64) = (remaining.parse().unwrap(), time.parse().unwrap());
        let quota = Quota::per(Duration::from_secs(time), remaining + 1)
            .algorithm(Algorithm::FixedWindow)
            .named(name.trim_matches('"').to_owned());
        assert_eq!(fields(&[quota]).await.1, line);
        seen += 1;
    }
    assert_eq!(seen, 4);
}

#[tokio::test]
async fn names_are_strings_whatever_they_hold() {
    let (policy, _) = fields(&[Quota::per_minute(5).named("a\"b\\c\u{e4}\r\n")]).await;
    assert_eq!(policy, r#""a\"b\\c___";q=5;w=60"#);
    let (policy, _) = fields(&[Quota::per(Duration::from_millis(1500), 5)]).await;
    assert_eq!(policy, r#""default";q=5;w=2"#, "whole seconds, rounded up");
}
