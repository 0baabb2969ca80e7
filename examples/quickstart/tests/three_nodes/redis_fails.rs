//! Redis, held still, emptied, full, a replica, stopped and started again.

use portcullis_testkit::{postgres, redis};

use crate::ada::{ADA, Ada, is_over_at};
use crate::greedy::Greedy;
use crate::http::By;
use crate::world::{Settings, World};

#[test]
fn redis_fails() {
    let parts = (postgres::Server::shared(), redis::Server::start_durable());
    let (Some(postgres), Some(redis)) = parts else {
        return;
    };
    let settings = Settings::all(&postgres.database(), &redis.url());
    let Some(world) = World::start_on(settings) else {
        return;
    };
    let mut ada = Ada::begin(&world);
    it_is_paused(&world, &redis, &ada);
    it_is_flushed(&world, &redis, &mut ada);
    it_takes_nothing_more(&world, &redis, &ada);
    it_is_restarted(&world, &redis, &ada);
    world.end_in_good_order();
}

/// Logouts need no Redis: the other nodes have them from PostgreSQL.
fn ends_without_redis(world: &World, token: &str) {
    world.somebody_on(0).log_out(By::Token(token));
    is_over_at(world, token, [1, 2]);
}

fn it_is_paused(world: &World, redis: &redis::Server, ada: &Ada) {
    let token = Ada::another_token(world);
    redis.pause();
    ends_without_redis(world, &token);
    ada.sees_no_redis(world);
    redis.resume();
    ada.heals(world);
    assert_eq!(ada.has_a_cookie(world), 200);
}

fn it_is_flushed(world: &World, redis: &redis::Server, ada: &mut Ada) {
    redis.flush();
    ada.heals(world);
    assert_eq!(ada.has_a_cookie(world), 401, "sessions were in Redis");
    ada.takes_a_new_cookie(world);
}

/// It is full, or a replica: what it has can be read, and what only takes away may still be done.
fn it_takes_nothing_more(world: &World, redis: &redis::Server, ada: &Ada) {
    let told = |words: &[&str]| assert_eq!(redis.ask(words), "OK");
    let full = ["CONFIG", "SET", "maxmemory", "1"];
    let roomy = ["CONFIG", "SET", "maxmemory", "0"];
    // Of a master that nobody can reach: it is read-only, and has all that it had.
    let replica = ["REPLICAOF", "127.0.0.1", "1"];
    let master = ["REPLICAOF", "NO", "ONE"];
    for (takes_nothing, takes_all) in [(&full[..], &roomy[..]), (&replica[..], &master[..])] {
        let token = Ada::another_token(world);
        told(takes_nothing);
        ends_without_redis(world, &token);
        for node in 0..3 {
            ada.sees_no_redis_at(world, node);
            let client = world.somebody_on(node).hasty();
            client.log_in_by_cookie(ADA).of(503);
        }
        told(takes_all);
        ada.heals(world);
        assert_eq!(ada.has_a_cookie(world), 200);
    }
}

/// It keeps what it has acknowledged, as one does that was told `appendonly yes`: nobody is logged out, no limit begins anew.
fn it_is_restarted(world: &World, redis: &redis::Server, ada: &Ada) {
    for end in [redis::Server::stop, redis::Server::crash] {
        let (token, greedy) = (Ada::another_token(world), Greedy::begin(world));
        greedy.try_at_all(world, 180);
        end(redis);
        ends_without_redis(world, &token);
        ada.sees_no_redis(world);
        greedy.try_at_all(world, 12);
        redis.start_again();
        ada.heals(world);
        assert_eq!(ada.has_a_cookie(world), 200);
        greedy.try_at_all(world, 60);
        greedy.has_no_more_than_its_share();
        assert!(greedy.has_got() > 0);
    }
}
