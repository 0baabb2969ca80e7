//! Redis and PostgreSQL, held still, emptied, stopped and started.

use std::time::{Duration, Instant};

use crate::http::{By, Client};
use crate::world::{World, eventually};

const ADA: &str = "ada@example.com";

struct Ada {
    token: String,
    /// Of a session that has ended.
    ended: String,
}

impl Ada {
    fn begin(world: &World) -> Self {
        world.somebody().register(ADA);
        let token = world.somebody().log_in(ADA).of(200).token();
        let ended = world.somebody().log_in(ADA).of(200).token();
        world.somebody().log_out(By::Token(&ended));
        let ada = Self { token, ended };
        eventually("the logout is known everywhere", || {
            (0..3).all(|node| world.somebody_on(node).me(By::Token(&ada.ended)) == 401)
        });
        ada
    }

    /// Tokens are verified in memory, and the general limit lets pass what it cannot count; nobody can try a password.
    fn is_closed_to_guesses(&self, world: &World) {
        for node in 0..3 {
            let client = world.somebody_on(node);
            for _ in 0..8 {
                let began = Instant::now();
                client.log_in(ADA).of(503);
                assert!(began.elapsed() < Duration::from_secs(5));
            }
            client.get("/api/posts", By::Token(&self.token)).of(200);
            client.get("/api/whoami", By::Nobody).of(200);
            client.get("/api/posts", By::Token(&self.ended)).of(401);
        }
    }

    fn heals(&self, world: &World) {
        for node in 0..3 {
            eventually("a login", || {
                world.somebody_on(node).log_in(ADA).status == 200
            });
            assert_eq!(world.somebody_on(node).me(By::Token(&self.token)), 200);
            assert_eq!(world.somebody_on(node).me(By::Token(&self.ended)), 401);
        }
        logouts_are_heard(world);
    }
}

fn logouts_are_heard(world: &World) {
    let token = world.somebody_on(0).log_in(ADA).of(200).token();
    world.somebody_on(0).log_out(By::Token(&token));
    for node in 1..3 {
        eventually("a logout", || {
            world.somebody_on(node).me(By::Token(&token)) == 401
        });
    }
}

/// Logouts need no Redis: the other nodes have them from PostgreSQL within about a second.
fn ends_without_redis(world: &World, token: &str) {
    world.somebody_on(0).log_out(By::Token(token));
    let began = Instant::now();
    for node in 1..3 {
        eventually("the logout is known", || {
            world.somebody_on(node).me(By::Token(token)) == 401
        });
    }
    assert!(began.elapsed() < Duration::from_secs(5));
}

fn is_cookie_good(client: &Client, cookie: &str) -> u16 {
    client.me(By::Cookie(cookie))
}

#[test]
fn redis_fails() {
    let Some(world) = World::start() else {
        return;
    };
    let ada = Ada::begin(&world);
    let cookie = world.somebody().log_in_by_cookie(ADA).of(200).cookie();

    let tokens: Vec<_> = (0..2)
        .map(|_| world.somebody().log_in(ADA).of(200).token())
        .collect();

    world.redis.pause();
    ends_without_redis(&world, &tokens[0]);
    ada.is_closed_to_guesses(&world);
    assert_eq!(is_cookie_good(&world.somebody(), &cookie), 503);
    world.redis.resume();
    ada.heals(&world);
    eventually("sessions outlive a pause", || {
        is_cookie_good(&world.somebody(), &cookie) == 200
    });

    world.redis.flush();
    ada.heals(&world);
    assert_eq!(
        is_cookie_good(&world.somebody(), &cookie),
        401,
        "sessions were in Redis"
    );
    let cookie = world.somebody().log_in_by_cookie(ADA).of(200).cookie();

    world.redis.stop();
    ends_without_redis(&world, &tokens[1]);
    ada.is_closed_to_guesses(&world);
    assert_eq!(is_cookie_good(&world.somebody(), &cookie), 503);
    world.redis.start_again();
    ada.heals(&world);
    world.end_in_good_order();
}

#[test]
fn postgres_fails() {
    let Some(world) = World::start() else {
        return;
    };
    let ada = Ada::begin(&world);
    world.postgres.stop();
    for node in 0..3 {
        let client = world.somebody_on(node);
        client.log_in(ADA).of(503);
        // What was taken back stays so, and what was not is trusted for ten seconds.
        assert_eq!(client.get("/api/posts", By::Token(&ada.ended)).status, 401);
    }
    eventually("nobody trusts an old memory", || {
        (0..3).all(|node| {
            let client = world.somebody_on(node);
            client.get("/api/posts", By::Token(&ada.token)).status == 503
        })
    });
    world.postgres.start_again();
    ada.heals(&world);
    world.end_in_good_order();
}
