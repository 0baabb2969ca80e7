//! What is taken back on one node is nothing on the others.

use std::thread;
use std::time::{Duration, Instant};

use crate::http::By;
use crate::world::World;

const ROUNDS: usize = 40;

/// AC-J9: prints how long it takes from the answer to a logout until the other nodes refuse the token.
#[test]
fn a_logout_on_one_node_is_one_on_all() {
    let Some(world) = World::start() else {
        return;
    };
    world.somebody().register("ada@example.com");
    let mut took = Vec::new();
    for round in 0..ROUNDS {
        let here = round % 3;
        let token = world
            .somebody_on(here)
            .log_in("ada@example.com")
            .of(200)
            .token();
        let others: Vec<_> = (0..3).filter(|node| *node != here).collect();
        for node in &others {
            assert_eq!(world.somebody_on(*node).me(By::Token(&token)), 200);
        }
        world.somebody_on(here).log_out(By::Token(&token));
        let began = Instant::now();
        let (world, token) = (&world, &token);
        thread::scope(|scope| {
            let waiting: Vec<_> = others
                .iter()
                .map(|node| scope.spawn(move || until_refused(world, *node, token, began)))
                .collect();
            took.extend(waiting.into_iter().map(|waited| waited.join().unwrap()));
        });
    }
    took.sort();
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    println!(
        "from a logout's answer to the token's refusal elsewhere: p50 {:?}, p99 {:?}, longest {:?} of {}",
        at(50),
        at(99),
        at(100),
        took.len()
    );
    // By asking the store once a second, half of them would take longer than half a second.
    assert!(at(50) < Duration::from_millis(100), "{:?}", at(50));
    world.end_in_good_order();
}

fn until_refused(world: &World, node: usize, token: &str, began: Instant) -> Duration {
    loop {
        let status = world.somebody_on(node).me(By::Token(token));
        let took = began.elapsed();
        if status == 401 {
            return took;
        }
        assert_eq!(status, 200);
        assert!(took < Duration::from_secs(60), "never refused");
    }
}
