//! All nodes count together.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use serde_json::json;

use crate::http::{By, PASSWORD};
use crate::world::World;

const ASKED: u32 = 900;

#[test]
fn limits_and_locks_hold_for_all_nodes_together() {
    let Some(world) = World::start() else {
        return;
    };
    the_quota_is_one(&world);
    guesses_are_counted_together(&world);
    world.end_in_good_order();
}

/// Six hundred a minute, a hundred at once: the three nodes together let through a hundred and ten a second.
fn the_quota_is_one(world: &World) {
    let client = world.somebody();
    let (allowed, asked) = (AtomicU32::new(0), AtomicU32::new(0));
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                while asked.fetch_add(1, Ordering::Relaxed) < ASKED {
                    match client.get("/api/whoami", By::Nobody).status {
                        200 => allowed.fetch_add(1, Ordering::Relaxed),
                        status => {
                            assert_eq!(status, 429);
                            0
                        }
                    };
                }
            });
        }
    });
    let (allowed, seconds) = (
        f64::from(allowed.into_inner()),
        began.elapsed().as_secs_f64(),
    );
    println!("{allowed} of {ASKED} were let through in {seconds:.2} s");
    let quota = 10.0 * seconds + 1.0;
    assert!(allowed <= quota + 100.0, "{allowed} in {seconds} s");
    assert!(allowed >= 100.0, "{allowed} in {seconds} s");
}

/// The right password does not help who has guessed wrong five times, wherever that was; it helps who comes from elsewhere.
fn guesses_are_counted_together(world: &World) {
    let ada = world.somebody();
    ada.register("ada@example.com");
    let guesser = world.somebody();
    let body = |password: &str| json!({ "email": "ada@example.com", "password": password });
    for guess in 0..5 {
        let node = guesser.at(world.addresses[guess % 3]);
        node.post("/api/users/login", &body("a wrong guess"))
            .of(401);
    }
    for address in &world.addresses {
        guesser
            .at(*address)
            .post("/api/users/login", &body(PASSWORD))
            .of(401);
        ada.at(*address)
            .post("/api/users/login", &body(PASSWORD))
            .of(200);
    }
}
