//! Connections that are slow, and cut in the middle of whatever they carry.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::lines::Lines;
use crate::load;
use crate::person::{find_all_as_it_was_left, wait_for, while_people_use_it};

const PEOPLE: usize = 8;

/// Each way: 50 ms for a question and its answer.
const DELAY: Duration = Duration::from_millis(25);

/// So many requests between two cuts.
const BETWEEN: u32 = 6;

#[test]
fn slow_and_cut_connections_lose_nothing() {
    let Some((lines, world)) = Lines::start() else {
        return;
    };
    let (began, asked, requests) = (Instant::now(), AtomicU32::new(0), load::requests() / 10);
    let mut cuts = 0;
    let people = while_people_use_it(&world, &asked, (PEOPLE, requests), || {
        lines.all().for_each(|line| line.delay(DELAY));
        cuts = cut(&lines, &asked, requests);
        heal(&lines);
    });
    let seconds = began.elapsed().as_secs_f64();
    let all = find_all_as_it_was_left(people);
    println!(
        "{} requests in {seconds:.1} s while connections were slow and cut {cuts} times: {all:?}",
        asked.load(Ordering::Relaxed)
    );
    assert!(all.contains_key(&("me", 200)), "{all:?}");
    world.end_in_good_order();
}

/// One connection after the other, at once or after so many bytes: in the middle of a request, or of its answer.
fn cut(lines: &Lines, asked: &AtomicU32, requests: u32) -> usize {
    let mut cuts = 0;
    while asked.load(Ordering::Relaxed) < requests || cuts < 12 {
        wait_for(asked, BETWEEN);
        let line = lines.all().nth(cuts % 6).expect("there are six");
        let bytes = 1500 + 977 * cuts % 9000;
        line.cut_after((cuts % 4 < 3).then_some(bytes));
        let before = line.connections();
        line.cut();
        cuts += 1;
        assert!(before > 0, "nodes come by way of the proxies");
    }
    cuts
}

fn heal(lines: &Lines) {
    for line in lines.all() {
        line.cut_after(None);
        line.delay(Duration::ZERO);
        line.cut();
    }
}
