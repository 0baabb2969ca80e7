//! Announced, signing, retiring, dead: by the clock alone, and nobody's token is refused.

use std::collections::BTreeSet;
use std::time::Duration;

use portcullis_core::{Clock as _, Timestamp};
use portcullis_testkit::ManualClock;

use crate::nodes::{DAY, HOUR, Node, clock_ahead, kid_of, kids, node, rows, two, world};

const MINUTE: Duration = Duration::from_secs(60);

/// An access token lives for so long.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// What is watched while time passes.
struct Journey {
    nodes: Vec<Node>,
    clocks: Vec<ManualClock>,
    /// Those that have not ended, and when they were signed.
    tokens: Vec<(Timestamp, String)>,
    /// Each key, in the order in which its first token came.
    signed: Vec<String>,
    /// Each key, and when it was published first.
    seen: Vec<(Timestamp, String)>,
}

impl Journey {
    fn new(nodes: Vec<Node>, clocks: Vec<ManualClock>) -> Self {
        Self {
            nodes,
            clocks,
            tokens: Vec::new(),
            signed: Vec::new(),
            seen: Vec::new(),
        }
    }

    async fn step(&mut self, time: Duration) {
        for clock in &self.clocks {
            clock.advance(time);
        }
        let now = self.clocks[0].now();
        for number in 0..self.nodes.len() {
            self.nodes[number].look().await;
            self.note_published(now, number);
            let token = self.nodes[number].token().await;
            let kid = kid_of(&token);
            if !self.signed.contains(&kid) {
                self.signed.push(kid);
            }
            self.tokens.push((now, token));
        }
        let ended = |at: Timestamp| LIFE - 2 * MINUTE <= now.saturating_duration_since(at);
        self.tokens.retain(|(at, _)| !ended(*at));
        for (at, token) in &self.tokens {
            for (number, node) in self.nodes.iter().enumerate() {
                let answer = node.answer(token).await;
                assert_eq!(answer, "", "at {now:?}, node {number}, signed at {at:?}");
            }
        }
    }

    fn note_published(&mut self, now: Timestamp, node: usize) {
        for kid in self.nodes[node].published() {
            if !self.seen.iter().any(|(_, seen)| *seen == kid) {
                self.seen.push((now, kid));
            }
        }
    }
}

/// Two hundred days on two nodes, by ten days and by minutes where something happens.
#[tokio::test]
async fn no_token_of_one_node_is_refused_by_the_other() {
    let (store, clock, nodes) = two().await;
    let mut journey = Journey::new(nodes.into(), vec![clock.clone()]);
    let start = clock.now();
    let day = |days: u32| start.saturating_add(days * DAY);
    let first = kids(&store).await;
    assert_eq!(first.len(), 1);
    for changes in [90, 180] {
        for moment in [day(changes - 1), day(changes)] {
            while clock.now().saturating_add(10 * DAY) < moment {
                journey.step(10 * DAY).await;
            }
            let rest = moment.saturating_duration_since(clock.now());
            journey.step(rest - 5 * MINUTE).await;
            for _ in 0..29 {
                journey.step(MINUTE).await;
            }
            let count = journey.nodes[0].published().len();
            assert_eq!(count, 2, "one announced, or one that retires");
        }
        journey.step(LIFE).await;
        assert_eq!(rows(&store).await.len(), 1, "the dead one is forgotten");
        assert_eq!(journey.nodes[1].published().len(), 1);
    }
    assert_eq!(journey.signed.len(), 3);
    let seen: Vec<_> = journey.seen.iter().map(|(_, kid)| kid.clone()).collect();
    assert_eq!(
        seen, journey.signed,
        "they sign in the order in which they are seen"
    );
    for (number, (at, _)) in journey.seen.iter().enumerate().skip(1) {
        let announced = day(90 * u32::try_from(number).unwrap() - 1);
        let late = at.saturating_duration_since(announced);
        assert!(late < MINUTE && announced <= *at, "a day before it signs");
    }
    let trail = journey.nodes[0].trail().await;
    let of_keys = trail.iter().filter(|name| name.starts_with("signing_key"));
    let of_keys: BTreeSet<_> = of_keys.map(String::as_str).collect();
    let wanted =
        ["created due", "created first", "forgotten dead"].map(|it| format!("signing_key.{it}"));
    assert_eq!(of_keys, wanted.iter().map(String::as_str).collect());
}

/// Also where no node can know that another has its own opinion of what time it is.
#[tokio::test]
async fn clocks_that_differ_by_a_minute_refuse_nobody() {
    let (store, clock) = world();
    let clocks = [0, 30, 59].map(|ahead| clock_ahead(&clock, Duration::from_secs(ahead)));
    let nodes = [&clocks[1], &clocks[0], &clocks[2]].map(|clock| node(&store, clock));
    nodes[2].register(crate::nodes::EMAIL).await;
    let mut journey = Journey::new(nodes.into(), clocks.to_vec());
    journey.step(Duration::ZERO).await;
    for _ in 0..8 {
        journey.step(11 * DAY).await;
    }
    // Past the announcement and past the change, whoever's clock says so first.
    for before in [DAY - 10 * MINUTE, DAY - 30 * MINUTE] {
        journey.step(before).await;
        for _ in 0..30 {
            journey.step(MINUTE).await;
        }
    }
    assert_eq!(journey.signed.len(), 2);
    assert_eq!(kids(&store).await.len(), 2);
}

/// The next key is made by whoever looks first; the other hears of it hours later, and in time.
#[tokio::test]
async fn a_node_that_looks_away_still_knows_the_next_key_in_time() {
    let (store, clock, [one, other]) = two().await;
    other.look().await;
    clock.advance(89 * DAY);
    one.look().await;
    assert_eq!(rows(&store).await.len(), 2);
    assert_eq!((one.published().len(), other.published().len()), (2, 1));
    other.look().await;
    assert_eq!(one.published(), other.published());
    clock.advance(DAY);
    let token = one.token().await;
    assert_eq!(
        kid_of(&token),
        kids(&store).await[1],
        "nobody has told it to"
    );
    other.look().await;
    assert_eq!(other.answer(&token).await, "");
}

/// What it has read is enough to sign for half of an announcement; then it asks first.
#[tokio::test]
async fn a_node_that_has_not_read_the_keys_for_long_signs_nothing_before_it_has() {
    let (_, clock, [_, node]) = two().await;
    node.look().await;
    node.store.asked();
    let asks = |node: &Node| node.store.asked().contains(&"signing_keys".to_owned());
    clock.advance(12 * HOUR - Duration::from_secs(1));
    node.token().await;
    assert!(!asks(&node));
    clock.advance(Duration::from_secs(1));
    node.token().await;
    assert!(asks(&node));
    // A clock that is set back makes nothing fresh for longer.
    clock.advance(12 * HOUR);
    clock.set(Timestamp::from_unix_millis(
        clock.now().unix_millis() - 43_200_000,
    ));
    node.token().await;
    assert!(asks(&node));
    // Nor does a machine that slept.
    clock.set(clock.now().saturating_add(12 * HOUR));
    node.token().await;
    assert!(asks(&node));
}

#[tokio::test]
async fn a_node_that_starts_in_the_middle_knows_all_keys() {
    let (store, clock, [one, _]) = two().await;
    for time in [89 * DAY, DAY + Duration::from_secs(300)] {
        let old = one.token().await;
        clock.advance(time);
        one.look().await;
        let late = node(&store, &clock);
        assert_eq!(
            late.answer(&one.token().await).await,
            "",
            "its first request"
        );
        assert_eq!(late.published(), one.published());
        assert_eq!(late.published().len(), 2);
        assert_eq!(kid_of(&late.token().await), kid_of(&one.token().await));
        let ended = late.answer(&old).await;
        assert!(ended.starts_with("401"), "{ended}");
    }
}

/// All nodes were down for most of a year.
#[tokio::test]
async fn a_key_that_is_overdue_signs_until_the_next_was_announced() {
    let (store, clock, [one, _]) = two().await;
    let first = kid_of(&one.token().await);
    clock.advance(300 * DAY);
    let late = node(&store, &clock);
    assert_eq!(kid_of(&late.token().await), first);
    late.look().await;
    assert_eq!(late.published().len(), 2);
    clock.advance(DAY - Duration::from_secs(1));
    assert_eq!(kid_of(&late.token().await), first);
    clock.advance(Duration::from_secs(1));
    late.look().await;
    assert_ne!(kid_of(&late.token().await), first);
}

/// Whoever cannot commit goes on with the keys that there are.
#[tokio::test]
async fn a_store_that_takes_nothing_leaves_the_keys_as_they_are() {
    let (store, clock, [one, other]) = two().await;
    let token = other.token().await;
    clock.advance(LIFE - MINUTE);
    one.store.refuse_commits(true);
    one.look().await;
    assert_eq!(one.answer(&token).await, "");
    clock.advance(89 * DAY);
    one.look().await;
    assert_eq!(rows(&store).await.len(), 1);
    one.store.refuse_commits(false);
    one.look().await;
    assert_eq!(rows(&store).await.len(), 2);
}
