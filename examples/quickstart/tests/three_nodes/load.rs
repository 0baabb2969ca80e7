//! A mixed load while nodes are killed and started again: nothing that was acknowledged is lost.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crate::greedy::Greedy;
use crate::person::{all_was_done, find_all_as_it_was_left, wait_for_each, while_people_use_it};
use crate::world::{NODES, World};

const PEOPLE: usize = 12;

/// So many requests between the deaths of two nodes, and while one is dead.
const ALIVE: u32 = 250;
const DEAD: u32 = 40;

/// How many requests are made in all.
pub(crate) fn requests() -> u32 {
    let requests = env::var("PORTCULLIS_LOAD_REQUESTS").ok();
    let requests = requests.map(|text| text.parse().expect("a number of requests"));
    requests.unwrap_or(1200).max(1200)
}

#[test]
fn nothing_acknowledged_is_lost_while_nodes_are_killed() {
    let Some(world) = World::start() else {
        return;
    };
    let (began, asked, requests) = (Instant::now(), AtomicU32::new(0), requests());
    let (greedy, mut killed) = (Greedy::begin(&world), 0);
    let people = while_people_use_it(&world, &asked, (PEOPLE, requests), || {
        killed = kill_nodes(&world, &asked, requests, &greedy);
    });
    let seconds = began.elapsed().as_secs_f64();
    greedy.has_no_more_than_its_share();
    let all = find_all_as_it_was_left(people);
    println!(
        "{} requests in {seconds:.1} s while nodes were killed {killed} times, and {} of a greedy client's: {all:?}",
        asked.load(Ordering::Relaxed),
        greedy.has_got()
    );
    for (asked, status) in [("posts", 401), ("ended refresh", 401), ("me", 502)] {
        assert!(all.contains_key(&(asked, status)), "{asked}: {all:?}");
    }
    all_was_done(&all);
    world.end_in_good_order();
}

/// One node after the other is killed, stays away for a moment, and comes back. All the while somebody takes what there is.
fn kill_nodes(world: &World, asked: &AtomicU32, requests: u32, greedy: &Greedy) -> usize {
    let mut killed = 0;
    while killed < NODES || asked.load(Ordering::Relaxed) + ALIVE < requests {
        let node = killed % NODES;
        wait_for_each(asked, ALIVE, || greedy.try_once());
        world.kill(node);
        wait_for_each(asked, DEAD, || greedy.try_once());
        world.start_again(node);
        killed += 1;
    }
    killed
}
