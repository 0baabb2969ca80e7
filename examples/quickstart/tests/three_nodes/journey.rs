//! What begins on one node goes on on every other.

use crate::at_once::at_once;
use crate::http::{By, credentials};
use crate::world::World;
use crate::{factors, links, refreshing};

#[test]
fn nobody_notices_which_node_answers() {
    let Some(world) = World::start() else {
        return;
    };
    tokens_are_good_everywhere(&world);
    cookies_are_good_everywhere(&world);
    keys_are_good_everywhere(&world);
    whoever_registers_at_once_is_one(&world);
    refreshing::at_once_gives_one_next_token(&world);
    refreshing::an_old_token_ends_the_family_everywhere(&world);
    links::are_taken_once(&world);
    factors::codes_are_taken_once(&world);
    world.end_in_good_order();
}

fn tokens_are_good_everywhere(world: &World) {
    let ada = world.somebody_on(0);
    let mut tokens = ada.register("ada@example.com");
    for round in 0..6 {
        for address in &world.addresses {
            assert_eq!(ada.at(*address).me(By::Token(&tokens.token())), 200);
        }
        let node = ada.at(world.addresses[round % 3]);
        tokens = node.refresh(&tokens.text("refreshToken")).of(200);
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
    let (id, key) = cy.make_key(&token);
    for address in &world.addresses {
        cy.at(*address).get("/api/posts", By::Key(&key)).of(200);
    }
    let path = format!("/api/users/api-keys/{id}");
    let other = cy.at(world.addresses[0]);
    other.ask("DELETE", &path, By::Token(&token), None).of(204);
    for address in &world.addresses {
        // At once.
        cy.at(*address).get("/api/posts", By::Key(&key)).of(401);
    }
}

fn whoever_registers_at_once_is_one(world: &World) {
    for round in 0..3 {
        let email = format!("eve{round}@example.com");
        let answers = at_once(3, |node| {
            // Who came back to a registration that was a success would find the address taken.
            let client = world.somebody_on(node).hasty();
            client.post("/api/users/register", &credentials(&email))
        });
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        let registered = statuses.iter().filter(|status| **status == 201).count();
        assert!(registered <= 1, "{statuses:?}");
        let is_good = |status: &u16| [201, 409, 503].contains(status);
        assert!(statuses.iter().all(is_good), "{statuses:?}");
        if registered == 0 {
            assert!(statuses.contains(&503), "{statuses:?}");
        }
    }
}
