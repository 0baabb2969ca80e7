//! What a client sees while something is away, and afterwards.

use std::thread;
use std::time::{Duration, Instant};

use crate::http::{By, credentials};
use crate::world::{NODES, World, eventually};

pub(crate) const ADA: &str = "ada@example.com";

/// For how long a node trusts what it has heard of PostgreSQL: as long as the accounts do unless told otherwise.
const TRUSTED_FOR: Duration = Duration::from_secs(10);

/// Between what a proxy is told and what it does.
const A_MOMENT: Duration = Duration::from_millis(500);

/// Somebody with one of each.
pub(crate) struct Ada {
    pub(crate) token: String,
    refresh: String,
    pub(crate) key: String,
    pub(crate) cookie: String,
    /// Of a session that has ended.
    pub(crate) ended: String,
}

impl Ada {
    pub(crate) fn begin(world: &World) -> Self {
        world.somebody().register(ADA);
        let login = world.somebody().log_in(ADA).of(200);
        let ended = world.somebody().log_in(ADA).of(200).token();
        world.somebody().log_out(By::Token(&ended));
        let (_, key) = world.somebody().make_key(&login.token());
        let ada = Self {
            token: login.token(),
            refresh: login.text("refreshToken"),
            key,
            cookie: world.somebody().log_in_by_cookie(ADA).of(200).cookie(),
            ended,
        };
        eventually("the logout is known everywhere", || {
            (0..NODES).all(|node| world.somebody_on(node).me(By::Token(&ada.ended)) == 401)
        });
        ada
    }

    /// A session to be ended later.
    pub(crate) fn another_token(world: &World) -> String {
        world.somebody().log_in(ADA).of(200).token()
    }

    /// Redis is away for all nodes: nobody can try a password or any other secret; tokens are verified in memory, keys are asked of
    /// PostgreSQL, and the general limit lets pass what it cannot count.
    pub(crate) fn sees_no_redis(&self, world: &World) {
        for node in 0..NODES {
            self.sees_no_redis_at(world, node);
            let client = world.somebody_on(node).hasty();
            assert_eq!(client.me(By::Cookie(&self.cookie)), 503);
        }
    }

    pub(crate) fn sees_no_redis_at(&self, world: &World, node: usize) {
        let client = world.somebody_on(node);
        let hasty = client.clone().hasty();
        for guess in 0..6 {
            // More often than the circuit breaker waits for.
            let began = Instant::now();
            match guess % 3 {
                0 => hasty.refresh(&self.refresh),
                1 => hasty.post("/api/users/register", &credentials("new@example.com")),
                _ => hasty.log_in(ADA),
            }
            .of(503);
            // A quarter of a second; each question of a request is one.
            assert!(began.elapsed() < Duration::from_secs(10));
        }
        client.get("/api/posts", By::Token(&self.token)).of(200);
        client.get("/api/posts", By::Key(&self.key)).of(200);
        client.get("/api/whoami", By::Nobody).of(200);
        client.get("/api/posts", By::Token(&self.ended)).of(401);
    }

    /// All is well on each node, and what had ended has.
    pub(crate) fn heals(&self, world: &World) {
        for node in 0..NODES {
            self.heals_at(world, node);
        }
        for node in 0..NODES {
            logouts_of_are_heard(world, node);
        }
    }

    pub(crate) fn heals_at(&self, world: &World, node: usize) {
        let client = || world.somebody_on(node);
        client().log_in(ADA).of(200);
        client()
            .get("/api/users/me", By::Token(&self.token))
            .of(200);
        client().get("/api/posts", By::Key(&self.key)).of(200);
        client()
            .get("/api/users/me", By::Token(&self.ended))
            .of(401);
    }

    /// Since a moment a node hears nothing of PostgreSQL: it trusts what it has heard for ten seconds, and then nothing. What was taken
    /// back elsewhere meanwhile is let in no longer than that. How long one waits for such a refusal.
    pub(crate) fn sees_trust_run_out(
        &self,
        world: &World,
        node: usize,
        since: Instant,
        taken_back: &str,
    ) -> Duration {
        let asks = |token: &str| {
            let (client, asked) = (world.somebody_on(node).hasty(), since.elapsed());
            let answer = client.get("/api/whoami", By::Token(token));
            let is_in_time = asked < TRUSTED_FOR + A_MOMENT;
            assert!(answer.status != 200 || is_in_time, "{asked:?}: {answer:?}");
            assert!(matches!(answer.status, 200 | 401 | 503), "{answer:?}");
            answer.status
        };
        while asks(&self.token) != 503 {
            asks(taken_back);
            let ended = asks(&self.ended);
            assert!(matches!(ended, 401 | 503), "{ended}");
            thread::sleep(Duration::from_millis(50));
        }
        let began = Instant::now();
        assert_eq!(asks(taken_back), 503);
        began.elapsed()
    }

    pub(crate) fn has_a_cookie(&self, world: &World) -> u16 {
        world.somebody().me(By::Cookie(&self.cookie))
    }

    pub(crate) fn takes_a_new_cookie(&mut self, world: &World) {
        self.cookie = world.somebody().log_in_by_cookie(ADA).of(200).cookie();
    }
}

fn logouts_of_are_heard(world: &World, node: usize) {
    let token = world.somebody_on(node).log_in(ADA).of(200).token();
    world.somebody_on(node).log_out(By::Token(&token));
    is_over_at(world, &token, 0..NODES);
}

/// Sooner or later each of these nodes refuses it, and for good.
pub(crate) fn is_over_at(world: &World, token: &str, nodes: impl IntoIterator<Item = usize>) {
    for node in nodes {
        eventually("a logout is heard of", || {
            world.somebody_on(node).me(By::Token(token)) == 401
        });
        assert_eq!(world.somebody_on(node).me(By::Token(token)), 401);
    }
}
