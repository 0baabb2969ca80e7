//! A new password on one node, and whoever logs in by the old one on the other.

use portcullis::accounts::{ChangePassword, Mode, Session};

use crate::support::{
    OTHER_PASSWORD, PASSWORD, Place, World, at_once, code, cookie_of, register, tokens, try_log_in,
};

/// However a session was given, it is good nowhere any more.
async fn must_be_dead(world: &World, session: &Session, mode: Mode, when: &str) {
    for (number, node) in world.nodes.iter().enumerate() {
        if mode == Mode::Cookie {
            let by_cookie = node.by_cookie(&cookie_of(session)).await;
            assert!(by_cookie.is_err(), "{when}: a cookie");
            continue;
        }
        let access = node.by_token(tokens(session).access()).await;
        assert!(access.is_err(), "{when}: an access token");
        let refreshed = world.users(number).refresh(tokens(session).refresh()).await;
        assert_eq!(code(refreshed), "401 refresh_invalid", "{when}");
    }
}

fn mode_of(number: usize) -> Mode {
    match number % 4 < 2 {
        true => Mode::Token,
        false => Mode::Cookie,
    }
}

async fn only_the_new_password_works(world: &World, email: &str) {
    for number in 0..2 {
        let users = world.users(900 + number);
        let old = try_log_in(&users, email, PASSWORD, Mode::Token).await;
        assert_eq!(code(old), "401 invalid_credentials");
        let new = try_log_in(&users, email, OTHER_PASSWORD, Mode::Token).await;
        assert!(new.is_ok());
    }
}

/// Logins by the old password that crossed with its change are over with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_changed_password_leaves_no_login_of_the_old_one() {
    for place in Place::each() {
        let world = World::on(place).await;
        for round in 0..12 {
            let email = format!("ada{round}@example.com");
            let own = register(&world.users(0), &email).await;
            let caller = world.nodes[0].by_token(tokens(&own).access()).await;
            let caller = caller.unwrap();
            let answers = at_once(9, |number| {
                let (users, caller) = (world.users(number + round), caller.clone());
                let email = email.clone();
                async move {
                    match number {
                        0 => {
                            let change = ChangePassword::new(PASSWORD, OTHER_PASSWORD);
                            users.change_password(&caller, change).await
                        }
                        _ => try_log_in(&users, &email, PASSWORD, mode_of(number)).await,
                    }
                }
            });
            let mut answers = answers.await.into_iter();
            let new = answers.next().unwrap().unwrap();
            world.catch_up().await;
            must_be_dead(&world, &own, Mode::Token, "the session that changed it").await;
            for (number, session) in answers.enumerate() {
                if let Ok(session) = session {
                    must_be_dead(&world, &session, mode_of(number + 1), "a crossing login").await;
                }
            }
            for node in &world.nodes {
                assert!(node.by_token(tokens(&new).access()).await.is_ok());
            }
            assert!(world.users(1).refresh(tokens(&new).refresh()).await.is_ok());
            only_the_new_password_works(&world, &email).await;
        }
    }
}

/// Of two changes at once, one is made, and its session is the only one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_changes_of_a_password_one_is_made() {
    for place in Place::each() {
        let world = World::on(place).await;
        for round in 0..6 {
            let email = format!("ada{round}@example.com");
            let own = register(&world.users(0), &email).await;
            let caller = world.nodes[0].by_token(tokens(&own).access()).await;
            let caller = caller.unwrap();
            let answers = at_once(6, |number| {
                let (users, caller) = (world.users(number), caller.clone());
                let change = ChangePassword::new(PASSWORD, format!("{OTHER_PASSWORD} {number}"));
                async move { users.change_password(&caller, change).await }
            });
            let answers = answers.await;
            let made: Vec<_> = (0..6).filter(|number| answers[*number].is_ok()).collect();
            let [made] = made[..] else {
                panic!("{answers:?}");
            };
            let password = format!("{OTHER_PASSWORD} {made}");
            let users = world.users(round);
            assert!(
                try_log_in(&users, &email, &password, Mode::Token)
                    .await
                    .is_ok()
            );
            let session = answers.into_iter().flatten().next().unwrap();
            assert!(
                world
                    .users(round)
                    .refresh(tokens(&session).refresh())
                    .await
                    .is_ok()
            );
        }
    }
}

/// AC-Z3: logins, changes and refreshes that crossed with a reset are over with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_z3_a_reset_leaves_no_login_that_crossed_with_it() {
    for place in Place::each() {
        let world = World::on(place).await;
        for round in 0..10 {
            let email = format!("ada{round}@example.com");
            let own = register(&world.users(0), &email).await;
            let asked = world.users(0).request_password_reset(&email).await;
            asked.unwrap();
            let link = world.link_to(&email, "reset_password").await;
            let refresh = tokens(&own).refresh().to_owned();
            let answers = at_once(9, |number| {
                let users = world.users(number + round);
                let (email, link, refresh) = (email.clone(), link.clone(), refresh.clone());
                async move {
                    match number {
                        0 => {
                            users.reset_password(&link, OTHER_PASSWORD).await.unwrap();
                            None
                        }
                        // In modes of tokens.
                        1 | 4 | 5 => users.refresh(&refresh).await.ok(),
                        _ => try_log_in(&users, &email, PASSWORD, mode_of(number))
                            .await
                            .ok(),
                    }
                }
            });
            let answers = answers.await;
            world.catch_up().await;
            must_be_dead(&world, &own, Mode::Token, "the first").await;
            for (number, session) in answers.into_iter().enumerate() {
                if let Some(session) = session {
                    must_be_dead(&world, &session, mode_of(number), "a crossing one").await;
                }
            }
            only_the_new_password_works(&world, &email).await;
        }
    }
}
