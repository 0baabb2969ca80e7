//! PostgreSQL, stopped, held still, and replaced by the one that followed it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_testkit::proxy::Proxy;
use portcullis_testkit::{postgres, redis};

use crate::ada::{ADA, Ada};
use crate::http::By;
use crate::load;
use crate::person::{find_all_as_it_was_left, wait_for, while_people_use_it};
use crate::refreshing::ended_everywhere;
use crate::world::{NODES, Settings, World};

const PEOPLE: usize = 6;

/// For longer than so long the parent of a refresh token is not good any more.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) fn stopped_paused_and_replaced() {
    let parts = (postgres::Server::start(), redis::Server::start());
    let (Some(postgres), Some(redis)) = parts else {
        return;
    };
    let line = Proxy::before(postgres.socket());
    let database = postgres.url_by_way_of(line.address(), &postgres.database());
    let Some(world) = World::start_on(Settings::all(&database, &redis.url())) else {
        return;
    };
    let ada = Ada::begin(&world);
    it_is_stopped(&world, &postgres, &ada);
    it_is_paused(&world, &line, &ada);
    let _second = it_is_replaced(&world, &line, &postgres, &ada);
    world.end_in_good_order();
}

/// What asks it is refused; tokens are good until what is known is old.
fn sees_no_postgres(world: &World, ada: &Ada) {
    thread::scope(|scope| {
        for node in 0..NODES {
            let client = move || world.somebody_on(node).hasty();
            scope.spawn(move || client().log_in(ADA).of(503));
            scope.spawn(move || assert_eq!(client().me(By::Cookie(&ada.cookie)), 503));
            scope.spawn(move || client().get("/api/posts", By::Key(&ada.key)).of(503));
            scope.spawn(move || {
                let ended = client().get("/api/posts", By::Token(&ada.ended));
                assert!(matches!(ended.status, 401 | 503), "{ended:?}");
            });
        }
    });
}

fn it_is_stopped(world: &World, postgres: &postgres::Server, ada: &Ada) {
    postgres.stop();
    sees_no_postgres(world, ada);
    postgres.start_again();
    ada.heals(world);
    assert_eq!(ada.has_a_cookie(world), 200);
}

fn it_is_paused(world: &World, line: &Proxy, ada: &Ada) {
    let login = world.somebody().log_in(ADA).of(200);
    let parent = login.text("refreshToken");
    let child = world.somebody().refresh(&parent).of(200);
    let exchanged = Instant::now();
    let token = Ada::another_token(world);
    line.partition();
    let since = Instant::now();
    thread::scope(|scope| {
        for node in 0..NODES {
            let token = &token;
            scope.spawn(move || ada.sees_trust_run_out(world, node, since, token));
        }
        scope.spawn(|| {
            world.somebody_on(0).hasty().log_in(ADA).of(503);
        });
    });
    line.open();
    ada.heals(world);
    thread::sleep((GRACE + Duration::from_secs(1)).saturating_sub(exchanged.elapsed()));
    let late = world.somebody().refresh(&parent).of(401);
    assert_eq!(late.body["code"], "refresh_reused", "{late:?}");
    let tokens = [login.token(), child.token()];
    ended_everywhere(world, &child.text("refreshToken"), &tokens);
}

/// As people do it: one address, which leads to the one and then to the other; for a moment that one is read-only.
fn it_is_replaced(
    world: &World,
    line: &Proxy,
    first: &postgres::Server,
    ada: &Ada,
) -> postgres::Server {
    let second = first.start_standby();
    // Connections that there were do not wait for it.
    line.cut();
    let (began, asked) = (Instant::now(), AtomicU32::new(0));
    let half = load::requests() / 6;
    let people = while_people_use_it(world, &asked, (PEOPLE, 2 * half), || {
        wait_for(&asked, half);
        first.crash();
        line.lead_to(second.socket());
        wait_for(&asked, 10);
        second.promote();
        wait_for(&asked, half);
    });
    let seconds = began.elapsed().as_secs_f64();
    ada.heals(world);
    let all = find_all_as_it_was_left(people);
    println!(
        "{} requests in {seconds:.1} s while PostgreSQL failed over: {all:?}",
        asked.load(Ordering::Relaxed)
    );
    assert!(all.contains_key(&("me", 200)), "{all:?}");
    second
}
