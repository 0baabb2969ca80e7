//! One node that hears nothing of Redis, of PostgreSQL, or of both.

use std::thread;
use std::time::{Duration, Instant};

use crate::ada::{Ada, is_over_at};
use crate::greedy::Greedy;
use crate::http::By;
use crate::lines::Lines;
use crate::world::{World, eventually};

/// The first: the others go on as if nothing were.
const CUT_OFF: usize = 0;

const MANY: u32 = 40;

pub(crate) fn one_node_hears_nothing() {
    let Some((lines, world)) = Lines::start() else {
        return;
    };
    let (ada, greedy) = (Ada::begin(&world), Greedy::begin(&world));
    greedy.try_at_all(&world, 180);
    let tokens = [(); 3].map(|()| Ada::another_token(&world));
    for token in &tokens {
        let client = world.somebody_on(CUT_OFF);
        client.get("/api/whoami", By::Token(token)).of(200);
    }
    by_slowness(&world, &lines, &ada);
    from_redis(&world, &lines, &ada, &tokens[0]);
    from_both(&world, &lines, &ada, &tokens[1]);
    from_postgres(&world, &lines, &ada, &tokens[2]);
    ada.heals(&world);
    assert_eq!(ada.has_a_cookie(&world), 200);
    is_undone_nowhere(&world, &tokens);
    greedy.try_at_all(&world, 60);
    greedy.has_no_more_than_its_share();
    world.end_in_good_order();
}

/// What Redis answers too late is no answer.
fn by_slowness(world: &World, lines: &Lines, ada: &Ada) {
    lines.redis[CUT_OFF].delay(Duration::from_millis(200));
    ada.sees_no_redis_at(world, CUT_OFF);
    ada.heals_at(world, 2);
    lines.redis[CUT_OFF].delay(Duration::ZERO);
    ada.heals_at(world, CUT_OFF);
}

/// It hears of a logout by PostgreSQL, and has nobody try secrets.
fn from_redis(world: &World, lines: &Lines, ada: &Ada, token: &str) {
    lines.redis[CUT_OFF].partition();
    world.somebody_on(1).log_out(By::Token(token));
    is_over_at(world, token, 0..3);
    ada.sees_no_redis_at(world, CUT_OFF);
    ada.heals_at(world, 1);
}

/// Redis is away already. It cannot hear of a logout at all, and knows that.
fn from_both(world: &World, lines: &Lines, ada: &Ada, token: &str) {
    lines.databases[CUT_OFF].partition();
    let since = Instant::now();
    world.somebody_on(2).log_out(By::Token(token));
    is_over_at(world, token, [1, 2]);
    ada.heals_at(world, 1);
    let alone = ada.sees_trust_run_out(world, CUT_OFF, since, token);
    nobody_waits_for_others(world, ada, alone.max(Duration::from_secs(1)));
    // What was on the way for so long arrives now.
    lines.databases[CUT_OFF].open();
    heard_before_trusted(world, ada, token);
    lines.redis[CUT_OFF].open();
    ada.heals(world);
}

/// However many ask a node that knows nothing: each hears so within the time that one has to wait.
fn nobody_waits_for_others(world: &World, ada: &Ada, alone: Duration) {
    let waits = || {
        let (client, began) = (world.somebody_on(CUT_OFF).hasty(), Instant::now());
        client.get("/api/whoami", By::Token(&ada.token)).of(503);
        began.elapsed()
    };
    let longest = thread::scope(|scope| {
        let waiting: Vec<_> = (0..MANY).map(|_| scope.spawn(waits)).collect();
        let waited = waiting.into_iter().map(|waited| waited.join().unwrap());
        waited.max().unwrap()
    });
    println!("one waits {alone:?} for a store that is silent, {MANY} at once {longest:?}");
    assert!(longest < alone * MANY / 4, "{alone:?}, {longest:?}");
}

/// From the first token that it takes again it knows what was taken back meanwhile.
fn heard_before_trusted(world: &World, ada: &Ada, token: &str) {
    let asks = |token: &str| {
        let client = world.somebody_on(CUT_OFF).hasty();
        client.get("/api/whoami", By::Token(token)).status
    };
    eventually("it hears of PostgreSQL again", || {
        assert_ne!(asks(token), 200, "a partition un-revokes nothing");
        asks(&ada.token) == 200
    });
    assert_eq!(asks(token), 401);
}

/// It hears of a logout by Redis.
fn from_postgres(world: &World, lines: &Lines, ada: &Ada, token: &str) {
    lines.databases[CUT_OFF].partition();
    world.somebody_on(1).log_out(By::Token(token));
    eventually("it is told", || {
        let client = world.somebody_on(CUT_OFF).hasty();
        let answer = client.get("/api/whoami", By::Token(token));
        // 503, where this machine was so slow that it trusts nothing any more.
        assert!(matches!(answer.status, 200 | 401 | 503), "{answer:?}");
        answer.status != 200
    });
    lines.databases[CUT_OFF].open();
    ada.heals_at(world, CUT_OFF);
}

fn is_undone_nowhere(world: &World, tokens: &[String]) {
    for token in tokens {
        for node in 0..3 {
            let client = world.somebody_on(node);
            client.get("/api/whoami", By::Token(token)).of(401);
        }
    }
}
