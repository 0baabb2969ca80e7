//! Redis behind a Sentinel, and a Cluster of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use portcullis_testkit::{postgres, redis};

use crate::ada::{ADA, Ada, is_over_at};
use crate::at_once::meanwhile;
use crate::greedy::Greedy;
use crate::http::By;
use crate::world::{NODES, Settings, World};

pub(crate) fn a_master_is_replaced() {
    let parts = (postgres::Server::shared(), redis::Sentinel::start());
    let (Some(postgres), Some(mut sentinel)) = parts else {
        return;
    };
    let settings = Settings::all(&postgres.database(), &sentinel.url());
    let Some(world) = World::start_on(settings) else {
        return;
    };
    let ada = Ada::begin(&world);
    let (token, greedy) = (Ada::another_token(&world), Greedy::begin(&world));
    greedy.try_at_all(&world, 180);
    sentinel.wait_for_the_replica();
    while_nothing_passes_that_must_not(&world, &ada, || {
        sentinel.fail_over();
        // Whoever is told first.
        world.somebody_on(1).log_out(By::Token(&token));
    });
    is_over_at(&world, &token, 0..NODES);
    ada.heals(&world);
    assert_eq!(ada.has_a_cookie(&world), 200, "the replica had it");
    greedy.try_at_all(&world, 60);
    greedy.has_no_more_than_its_share();
    world.end_in_good_order();
}

#[test]
fn a_cluster_loses_one_of_its_nodes() {
    let parts = (postgres::Server::shared(), redis::Cluster::start());
    let (Some(postgres), Some(cluster)) = parts else {
        return;
    };
    let settings = Settings::all(&postgres.database(), &cluster.url());
    let Some(world) = World::start_on(settings) else {
        return;
    };
    let ada = Ada::begin(&world);
    ada.heals(&world);
    let greedy = Greedy::begin(&world);
    greedy.try_at_all(&world, 180);
    greedy.has_no_more_than_its_share();
    let token = Ada::another_token(&world);
    while_nothing_passes_that_must_not(&world, &ada, || {
        cluster.pause(1);
        world.somebody_on(2).log_out(By::Token(&token));
        is_over_at(&world, &token, 0..NODES);
        cluster.resume(1);
    });
    ada.heals(&world);
    assert_eq!(ada.has_a_cookie(&world), 200);
    greedy.try_at_all(&world, 60);
    greedy.has_no_more_than_its_share();
    world.end_in_good_order();
}

/// Whoever asks is served, or told to come back; nobody who has logged out is let in.
fn while_nothing_passes_that_must_not(world: &World, ada: &Ada, harm: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let is_over = &is_over;
        for node in 0..NODES {
            scope.spawn(move || {
                let client = || world.somebody_on(node).hasty();
                while !is_over.load(Ordering::Acquire) {
                    let login = client().log_in(ADA);
                    assert!(matches!(login.status, 200 | 503), "{login:?}");
                    let cookie = client().get("/api/users/me", By::Cookie(&ada.cookie));
                    assert!(matches!(cookie.status, 200 | 503), "{cookie:?}");
                    // By memory, which asks nobody.
                    world
                        .somebody_on(node)
                        .get("/api/posts", By::Token(&ada.token))
                        .of(200);
                    world
                        .somebody_on(node)
                        .get("/api/posts", By::Token(&ada.ended))
                        .of(401);
                }
            });
        }
        meanwhile(is_over, harm);
    });
}
