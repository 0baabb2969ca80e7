//! When keys are fetched, and how long they are trusted. Time is a `ManualClock`.

use std::time::Duration;

use portcullis_jwt::KeySource;
use portcullis_jwt::remote::Fetched;

use crate::canned::Canned;
use crate::support::{COOL_DOWN, Fate, HOUR, MINUTE, SECOND, jwks, look_up, look_up_at_once};

/// The jitter takes off up to a tenth of the interval and adds nothing.
#[tokio::test]
async fn keys_are_refreshed_after_the_interval_and_not_before() {
    let scene = Canned::loaded(|builder| builder).await;
    scene.answer(&["a", "b"]);
    scene.clock.advance(54 * MINUTE - SECOND);
    assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Found);
    scene.rest().await;
    assert_eq!(scene.fetches(), 1);

    scene.clock.advance(6 * MINUTE + SECOND);
    assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Found);
    scene.rest().await;
    assert_eq!(scene.fetches(), 2);
    assert_eq!(look_up_at_once(&scene.keys, "b"), Fate::Found);
}

/// A fleet that was started at once does not ask at once.
#[tokio::test]
async fn refreshes_are_jittered() {
    let mut due = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let scene = Canned::loaded(|builder| builder).await;
        scene.clock.advance(54 * MINUTE);
        let mut seconds = 0;
        while scene.fetches() == 1 {
            scene.clock.advance(SECOND);
            seconds += 1;
            scene.keys.epoch();
            scene.rest().await;
        }
        assert!(seconds <= 360, "{seconds}");
        due.insert(seconds);
    }
    assert!(due.len() > 10, "{due:?}");
}

/// Requests whose tokens are cached ask for the epoch alone; that must be enough to keep the keys fresh.
#[tokio::test]
async fn the_epoch_alone_keeps_the_keys_fresh() {
    let scene = Canned::loaded(|builder| builder).await;
    let epoch = scene.keys.epoch();
    scene.answer(&["b"]);
    scene.clock.advance(HOUR);
    assert_eq!(scene.keys.epoch(), epoch);
    scene.rest().await;
    assert_eq!((scene.keys.epoch(), scene.fetches()), (epoch + 1, 2));
}

/// Whether a refresh was due after these times.
async fn due_after<const N: usize>(cache_control: &str, times: [Duration; N]) -> [bool; N] {
    let mut due = [false; N];
    for (due, time) in due.iter_mut().zip(times) {
        let scene = Canned::new(|builder| builder);
        scene.answer_with(Fetched::new(jwks(&["a"])).with_cache_control(cache_control));
        scene.keys.ready().await.unwrap();
        scene.clock.advance(time);
        scene.keys.epoch();
        scene.rest().await;
        *due = scene.fetches() == 2;
    }
    due
}

/// Issue 2: "honours Cache-Control max-age within bounds": from 5 minutes to the interval.
#[tokio::test]
async fn the_endpoint_can_ask_for_earlier_refreshes() {
    let times = [
        4 * MINUTE,
        5 * MINUTE,
        17 * MINUTE,
        20 * MINUTE,
        53 * MINUTE,
        HOUR,
    ];
    let ten_minutes = [
        ("max-age=1200", [false, false, false, true, true, true]),
        (
            "public, Max-Age=\"1200\", must-revalidate",
            [false, false, false, true, true, true],
        ),
        ("max-age=15", [false, true, true, true, true, true]),
        ("max-age=0", [false, true, true, true, true, true]),
        ("no-store", [false, true, true, true, true, true]),
        (
            "max-age=1200, no-cache",
            [false, true, true, true, true, true],
        ),
        ("max-age=86400", [false, false, false, false, false, true]),
        (
            "max-age=99999999999999999999",
            [false, false, false, false, false, true],
        ),
        ("max-age=-5", [false, false, false, false, false, true]),
        (
            "s-maxage=60, private",
            [false, false, false, false, false, true],
        ),
        ("", [false, false, false, false, false, true]),
    ];
    for (cache_control, expected) in ten_minutes {
        assert_eq!(
            due_after(cache_control, times).await,
            expected,
            "{cache_control}"
        );
    }
}

/// Issue 2: an unknown `kid` refreshes, and a key that was rotated in is found by the request that brought it.
#[tokio::test]
async fn an_unknown_kid_finds_the_rotated_key() {
    let scene = Canned::loaded(|builder| builder).await;
    scene.answer(&["a", "b"]);
    scene.clock.advance(COOL_DOWN);
    assert_eq!(look_up(&scene.keys, "b").await, Fate::Found);
    assert_eq!(scene.fetches(), 2);
}

/// Issue 2: "a flood of unknown kids costs at most one fetch per cool-down", whether the fetches succeed or fail.
#[tokio::test]
async fn a_flood_of_unknown_kids_costs_one_fetch_per_cool_down() {
    for fails in [false, true] {
        let scene = Canned::loaded(|builder| builder).await;
        if fails {
            scene.fail();
        }
        for second in 1..=600_u32 {
            scene.clock.advance(SECOND);
            for number in 0..3 {
                let kid = format!("{second}-{number}");
                assert_eq!(look_up(&scene.keys, &kid).await, Fate::Unknown);
            }
            let expected = 1 + usize::try_from(second / 30).unwrap();
            assert_eq!(scene.fetches(), expected, "after {second} s");
        }
    }
}

/// Within the cool-down nobody waits for nothing.
#[tokio::test]
async fn within_the_cool_down_an_unknown_kid_is_refused_at_once() {
    let scene = Canned::loaded(|builder| builder).await;
    scene.clock.advance(COOL_DOWN - Duration::from_millis(1));
    assert_eq!(look_up_at_once(&scene.keys, "b"), Fate::Unknown);
    assert_eq!(scene.fetches(), 1);
}

/// A failed routine refresh is tried again after the cool-down, not after the interval and not at every request.
#[tokio::test]
async fn a_failed_refresh_is_tried_again_after_the_cool_down() {
    let scene = Canned::loaded(|builder| builder).await;
    scene.fail();
    scene.clock.advance(HOUR);
    for minute in 0..10 {
        for _ in 0..5 {
            assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Found);
            scene.rest().await;
        }
        assert_eq!(scene.fetches(), 2 + minute);
        scene.clock.advance(MINUTE);
    }
}

/// Whoever cuts off the endpoint must not be able to keep a withdrawn key alive.
#[tokio::test]
async fn keys_that_are_too_old_are_trusted_no_more() {
    let scene = Canned::loaded(|builder| builder).await;
    let epoch = scene.keys.epoch();
    scene.fail();
    scene.clock.advance(24 * HOUR - SECOND);
    assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Found);
    scene.rest().await;
    scene.clock.advance(SECOND);
    // The cool-down of the attempt a second ago is not over.
    assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Unavailable);
    assert!(scene.keys.current().is_empty() && !scene.keys.is_ready());
    // What old keys had verified is not in the cache of verified tokens any more.
    assert_eq!(scene.keys.epoch(), epoch + 1);

    scene.clock.advance(COOL_DOWN);
    assert_eq!(look_up(&scene.keys, "a").await, Fate::Unavailable);
    scene.answer(&["a"]);
    scene.clock.advance(COOL_DOWN);
    assert_eq!(look_up(&scene.keys, "a").await, Fate::Found);
    assert_eq!(scene.keys.epoch(), epoch + 2);
}

/// After a quiet weekend the first request waits for fresh keys instead of being refused.
#[tokio::test]
async fn an_idle_source_comes_back_with_the_first_request() {
    let scene = Canned::loaded(|builder| builder).await;
    scene.clock.advance(60 * HOUR);
    assert_eq!(look_up(&scene.keys, "a").await, Fate::Found);
}

/// A wall clock that is set back or forth changes nothing.
#[tokio::test]
async fn the_time_of_day_does_not_matter() {
    let scene = Canned::loaded(|builder| builder).await;
    for time in ["1999-01-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
        scene.clock.set(time.parse().unwrap());
        assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Found);
        scene.rest().await;
    }
    assert_eq!(scene.fetches(), 1);
}
