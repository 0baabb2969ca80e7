//! The end of sessions on one node, and their use on the other.

use portcullis::accounts::{Mode, Session};

use crate::support::{
    PASSWORD, Place, World, at_once, code, cookie_of, key_of, log_in, register, tokens, try_log_in,
};

/// No refresh token and no access token among these is good on any node.
async fn all_dead(world: &World, sessions: impl Iterator<Item = &Session>) {
    for session in sessions {
        for (number, node) in world.nodes.iter().enumerate() {
            let access = node.by_token(tokens(session).access()).await;
            assert!(access.is_err());
            let refreshed = world.users(number).refresh(tokens(session).refresh()).await;
            assert_eq!(code(refreshed), "401 refresh_invalid");
        }
    }
}

/// "Logout from all devices" on one node, while the other exchanges refresh tokens and lets people in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_logout_from_all_devices_reaches_refreshes_that_cross_with_it() {
    for place in Place::each() {
        let world = World::on(place).await;
        register(&world.users(0), "ada@example.com").await;
        for round in 0..10 {
            let session = log_in(&world.users(round), "ada@example.com").await;
            let users = world.users(round);
            let cookie = try_log_in(&users, "ada@example.com", PASSWORD, Mode::Cookie).await;
            let cookie = cookie_of(&cookie.unwrap());
            let caller = world.nodes[0].by_token(tokens(&session).access()).await;
            let (caller, token) = (caller.unwrap(), tokens(&session).refresh().to_owned());
            let answers = at_once(7, |number| {
                let users = world.users(number + round);
                let (caller, token) = (caller.clone(), token.clone());
                async move {
                    match number {
                        0 => {
                            users.logout_all(&caller, false).await.unwrap();
                            None
                        }
                        _ => users.refresh(&token).await.ok(),
                    }
                }
            });
            let answers = answers.await;
            world.catch_up().await;
            all_dead(&world, answers.iter().flatten().chain([&session])).await;
            for node in &world.nodes {
                assert!(node.by_cookie(&cookie).await.is_err());
            }
        }
    }
}

/// A logout by refresh token, while the other node exchanges that very token.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_logout_reaches_a_refresh_that_crosses_with_it() {
    for place in Place::each() {
        let world = World::on(place).await;
        register(&world.users(0), "ada@example.com").await;
        for round in 0..12 {
            let session = log_in(&world.users(0), "ada@example.com").await;
            let token = tokens(&session).refresh().to_owned();
            let answers = at_once(5, |number| {
                let (users, token) = (world.users(number + round), token.clone());
                async move {
                    match number {
                        0 => {
                            users.logout_token(&token).await.unwrap();
                            None
                        }
                        _ => users.refresh(&token).await.ok(),
                    }
                }
            });
            let answers = answers.await;
            world.catch_up().await;
            all_dead(&world, answers.iter().flatten().chain([&session])).await;
        }
    }
}

/// AC-R6, AC-K5: banned on one node, while the other refreshes, lets in by key, and logs in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_r6_a_ban_reaches_whatever_crosses_with_it() {
    for place in Place::each() {
        let world = World::on(place).await;
        for round in 0..8 {
            let email = format!("ada{round}@example.com");
            let session = register(&world.users(0), &email).await;
            let caller = world.nodes[0].by_token(tokens(&session).access()).await;
            let (caller, token) = (caller.unwrap(), tokens(&session).refresh().to_owned());
            let key = key_of(&world.users(0), &caller).await;
            let key = key.expose().to_owned();
            let answers = at_once(9, |number| {
                let users = world.users(number + round);
                let node = world.nodes[(number + round) % 2].clone();
                let (id, token) = (caller.id().to_owned(), token.clone());
                let (key, email) = (key.clone(), email.clone());
                async move {
                    match number {
                        0 => {
                            users.as_application().ban_user(&id).await.unwrap();
                            None
                        }
                        1 | 2 => {
                            drop(node.by_key(&key).await);
                            None
                        }
                        3 | 4 => try_log_in(&users, &email, PASSWORD, Mode::Token).await.ok(),
                        _ => users.refresh(&token).await.ok(),
                    }
                }
            });
            let answers = answers.await;
            world.catch_up().await;
            all_dead(&world, answers.iter().flatten().chain([&session])).await;
            for (number, node) in world.nodes.iter().enumerate() {
                assert!(node.by_key(&key).await.is_err(), "AC-K5");
                let users = world.users(number);
                let again = try_log_in(&users, &email, PASSWORD, Mode::Token).await;
                assert_eq!(code(again), "403 account_banned");
            }
        }
    }
}
