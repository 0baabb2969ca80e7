//! What begins on one node goes on on every other.

use std::sync::Barrier;
use std::thread;

use serde_json::json;

use crate::http::{Answer, By};
use crate::world::World;

#[test]
fn nobody_notices_which_node_answers() {
    let Some(world) = World::start() else {
        return;
    };
    tokens_are_good_everywhere(&world);
    cookies_are_good_everywhere(&world);
    keys_are_good_everywhere(&world);
    refreshing_at_once_gives_one_next_token(&world);
    whoever_registers_at_once_is_one(&world);
    world.end_in_good_order();
}

fn tokens_are_good_everywhere(world: &World) {
    let ada = world.somebody_on(0);
    let mut tokens = ada.register("ada@example.com");
    for round in 0..6 {
        for address in &world.addresses {
            assert_eq!(ada.at(*address).me(By::Token(&tokens.token())), 200);
        }
        let body = json!({ "refreshToken": tokens.text("refreshToken") });
        let node = ada.at(world.addresses[round % 3]);
        tokens = node.post("/api/users/refresh-token", &body).of(200);
    }
    ada.at(world.nginx.address)
        .log_in("ada@example.com")
        .of(200);
}

fn cookies_are_good_everywhere(world: &World) {
    let bo = world.somebody_on(1);
    bo.register("bo@example.com");
    let cookie = bo.log_in_by_cookie("bo@example.com").of(200).cookie();
    for address in &world.addresses {
        assert_eq!(bo.at(*address).me(By::Cookie(&cookie)), 200);
    }
    bo.at(world.addresses[2]).log_out(By::Cookie(&cookie));
    for address in &world.addresses {
        assert_eq!(bo.at(*address).me(By::Cookie(&cookie)), 401, "at once");
    }
}

fn keys_are_good_everywhere(world: &World) {
    let cy = world.somebody_on(2);
    let token = cy.register("cy@example.com").token();
    let body = json!({ "name": "test", "scopes": ["read"] });
    let made = cy
        .ask(
            "POST",
            "/api/users/api-keys",
            By::Token(&token),
            Some(&body),
        )
        .of(201);
    let key = made.body["apiKey"]["key"].as_str().unwrap();
    for address in &world.addresses {
        assert_eq!(cy.at(*address).get("/api/posts", By::Key(key)).status, 200);
    }
    let path = format!(
        "/api/users/api-keys/{}",
        made.body["apiKey"]["id"].as_str().unwrap()
    );
    let other = cy.at(world.addresses[0]);
    other.ask("DELETE", &path, By::Token(&token), None).of(204);
    for address in &world.addresses {
        assert_eq!(
            cy.at(*address).get("/api/posts", By::Key(key)).status,
            401,
            "at once"
        );
    }
}

/// Asks all nodes at once, several times each.
fn at_once(world: &World, ask: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let (count, ask) = (4 * world.addresses.len(), &ask);
    let (barrier, nodes) = (Barrier::new(count), world.addresses.len());
    thread::scope(|scope| {
        let asking: Vec<_> = (0..count)
            .map(|number| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    ask(number % nodes)
                })
            })
            .collect();
        asking
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect()
    })
}

/// AC-R3: whichever node is quicker, there is one next token.
fn refreshing_at_once_gives_one_next_token(world: &World) {
    let dee = world.somebody();
    let mut tokens = dee.register("dee@example.com");
    for _ in 0..5 {
        let body = json!({ "refreshToken": tokens.text("refreshToken") });
        let mut answers = at_once(world, |node| {
            let client = dee.at(world.addresses[node]);
            client.post("/api/users/refresh-token", &body).of(200)
        });
        let mut next: Vec<_> = answers
            .iter()
            .map(|answer| answer.text("refreshToken"))
            .collect();
        next.sort();
        next.dedup();
        assert_eq!(next.len(), 1, "a family never has two ends");
        tokens = answers.pop().unwrap();
    }
}

fn whoever_registers_at_once_is_one(world: &World) {
    for round in 0..3 {
        let email = format!("eve{round}@example.com");
        let answers = at_once(world, |node| {
            let body = crate::http::credentials(&email);
            world.somebody_on(node).post("/api/users/register", &body)
        });
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        let registered = statuses.iter().filter(|status| **status == 201).count();
        assert_eq!(registered, 1, "{statuses:?}");
        assert!(
            statuses
                .iter()
                .all(|status| [201, 409, 503].contains(status)),
            "{statuses:?}"
        );
    }
}
