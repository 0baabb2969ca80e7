//! What one node takes back, as the other knows it.

use std::time::Duration;

use portcullis::accounts::{Mode, NewKey, NewUser};
use portcullis::{AuthUser, Denial};

use crate::support::{
    OTHER_PASSWORD, PASSWORD, Place, World, at_once, code, cookie_of, log_in, register, tokens,
    try_log_in,
};

const EMAIL: &str = "ada@example.com";

/// AC-J6: an access token that one node took back is dead on the other when it has caught up, and other tokens are not.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_access_token_is_dead_on_the_other_node_once_it_has_caught_up() {
    for place in Place::each() {
        let world = World::on(place).await;
        register(&world.users(0), EMAIL).await;
        let [mine, other] = [
            log_in(&world.users(0), EMAIL).await,
            log_in(&world.users(1), EMAIL).await,
        ];
        let [mine, other] = [&mine, &other].map(|session| tokens(session).access());
        for node in &world.nodes {
            assert!(node.by_token(mine).await.is_ok());
        }
        world.users(0).logout_token(mine).await.unwrap();
        assert!(world.nodes[0].by_token(mine).await.is_err(), "here at once");
        world.nodes[1].accounts.catch_up().await.unwrap();
        for node in &world.nodes {
            assert!(node.by_token(mine).await.is_err());
            assert!(node.by_token(other).await.is_ok());
        }
        // Also a look later, when the next begins where the last has ended.
        world.wait(Duration::from_secs(45));
        world.catch_up().await;
        world.users(1).logout_token(other).await.unwrap();
        world.catch_up().await;
        for node in &world.nodes {
            assert!(node.by_token(mine).await.is_err());
            assert!(node.by_token(other).await.is_err());
        }
    }
}

/// A node that starts has heard of all that was taken back before it lets anybody in by token.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_starts_knows_what_was_taken_back() {
    for place in Place::each() {
        let world = World::on(place).await;
        register(&world.users(0), EMAIL).await;
        let ended = log_in(&world.users(0), EMAIL).await;
        let live = log_in(&world.users(0), EMAIL).await;
        let ended = tokens(&ended).access();
        world.users(0).logout_token(ended).await.unwrap();
        for minutes in [0, 5, 11] {
            world.wait(Duration::from_secs(minutes * 60));
            let node = world.another_node().await;
            assert!(node.by_token(ended).await.is_err(), "its first request");
            assert!(node.by_token(ended).await.is_err());
            let live = node.by_token(tokens(&live).access()).await;
            assert_eq!(live.is_ok(), minutes < 11, "it is good for 15 minutes");
        }
    }
}

/// AC-B6: a role that one node takes is taken on the other: from keys and cookies at once, from tokens when it has caught up.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_b6_a_role_that_is_taken_is_taken_on_both_nodes() {
    for place in Place::each() {
        let world = World::on(place).await;
        let session = register(&world.users(0), EMAIL).await;
        let id = session.user.id.to_string();
        let application = world.users(0).as_application();
        let roles = vec!["admin".to_owned()];
        application.set_roles(&id, roles).await.unwrap();
        let root = NewUser::new("root@example.com").roles(["admin"]);
        application.create_user(root).await.unwrap();
        let admin = log_in(&world.users(0), EMAIL).await;
        let cookie = try_log_in(&world.users(0), EMAIL, PASSWORD, Mode::Cookie).await;
        let cookie = cookie_of(&cookie.unwrap());
        let access = tokens(&admin).access();
        let caller = world.nodes[1].by_token(access).await.unwrap();
        assert!(caller.has_role("admin"));
        let made = world.users(1).create_key(&caller, new_key()).await;
        let key = made.unwrap().expose().to_owned();

        application.set_roles(&id, Vec::new()).await.unwrap();
        let node = &world.nodes[1];
        let listed = world.users(1).list_users(&caller, Default::default()).await;
        assert_eq!(
            code(listed),
            "403 forbidden",
            "also before it has caught up"
        );
        assert!(!node.by_key(&key).await.unwrap().has_role("admin"));
        assert!(!node.by_cookie(&cookie).await.unwrap().has_role("admin"));
        node.accounts.catch_up().await.unwrap();
        assert!(node.by_token(access).await.is_err());
        let next = world.users(1).refresh(tokens(&admin).refresh()).await;
        let next = node.by_token(tokens(&next.unwrap()).access()).await;
        assert!(!next.unwrap().has_role("admin"));
    }
}

fn new_key() -> NewKey {
    NewKey {
        name: "ci".to_owned(),
        ..NewKey::default()
    }
}

/// Somebody who has a stolen access token, at the node that has not heard yet that it was taken back.
struct Thief {
    world: World,
    caller: AuthUser,
}

impl Thief {
    async fn at_the_other_node(place: Place, end: End) -> Self {
        let world = World::on(place).await;
        let session = register(&world.users(0), EMAIL).await;
        let access = tokens(&session).access();
        // The other node has been there for a while.
        world.catch_up().await;
        match end {
            End::Logout => world.users(0).logout_token(access).await.unwrap(),
            End::LogoutAll => {
                let caller = world.nodes[0].by_token(access).await.unwrap();
                world.users(0).logout_all(&caller, false).await.unwrap();
            }
            End::Reset => {
                let asked = world.users(0).request_password_reset(EMAIL).await;
                asked.unwrap();
                let link = world.link_to(EMAIL, "reset_password").await;
                let reset = world.users(0).reset_password(&link, OTHER_PASSWORD).await;
                reset.unwrap();
            }
        }
        let caller = world.nodes[1].by_token(access).await;
        let caller = caller.expect("it has not heard of it yet");
        Self { world, caller }
    }
}

#[derive(Debug, Clone, Copy)]
enum End {
    Logout,
    LogoutAll,
    Reset,
}

async fn each_thief(try_it: impl AsyncFn(&Thief) -> Result<(), Denial>) {
    for place in [Place::sqlite as fn() -> Place, || {
        Place::postgres().unwrap_or_else(Place::sqlite)
    }] {
        for end in [End::Logout, End::LogoutAll, End::Reset] {
            let thief = Thief::at_the_other_node(place(), end).await;
            let done = try_it(&thief).await;
            assert_eq!(code(done), "401 unauthenticated", "{end:?}");
        }
    }
}

/// In the second before the other node hears of the end, an access token makes nothing that outlives it: no key …
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_of_a_login_that_has_ended_makes_no_key() {
    each_thief(async |thief: &Thief| {
        let users = thief.world.users(1);
        users.create_key(&thief.caller, new_key()).await.map(drop)
    })
    .await;
}

/// … no other address …
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_of_a_login_that_has_ended_asks_for_no_other_address() {
    each_thief(async |thief: &Thief| {
        let users = thief.world.users(1);
        users
            .request_email_change(&thief.caller, "thief@example.com")
            .await
    })
    .await;
}

/// … and no end of the account.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_of_a_login_that_has_ended_deletes_nothing() {
    each_thief(async |thief: &Thief| thief.world.users(1).delete_account(&thief.caller).await)
        .await;
}

/// A reset of an account that was not proved, or its twin: what crosses with it makes nothing that outlives it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_crosses_with_a_reset_makes_no_key_and_no_other_address() {
    for place in Place::each() {
        let world = World::on(place).await;
        for round in 0..16 {
            let email = format!("ada{round}@example.com");
            let stolen = format!("thief{round}@example.com");
            let session = register(&world.users(0), &email).await;
            let caller = world.nodes[1].by_token(tokens(&session).access()).await;
            let caller = caller.unwrap();
            let asked = world.users(0).request_password_reset(&email).await;
            asked.unwrap();
            let link = world.link_to(&email, "reset_password").await;
            let made = at_once(5, |number| {
                let users = world.users(number);
                let (caller, link, stolen) = (caller.clone(), link.clone(), stolen.clone());
                async move {
                    match number {
                        0 => users
                            .reset_password(&link, OTHER_PASSWORD)
                            .await
                            .map(|()| None),
                        1 | 2 => users.create_key(&caller, new_key()).await.map(Some),
                        _ => {
                            // The reset is a hash slower.
                            for _ in 0..round * 40 {
                                tokio::task::yield_now().await;
                            }
                            let asked = users.request_email_change(&caller, &stolen).await;
                            asked.map(|()| None)
                        }
                    }
                }
            });
            let mut made = made.await;
            made.remove(0).unwrap();
            for key in made.into_iter().flatten().flatten() {
                for node in &world.nodes {
                    let entered = node.by_key(key.expose()).await;
                    assert!(entered.is_err(), "round {round}: a key");
                }
            }
            for link in world.links_to(&stolen, "change_email").await {
                let confirmed = world.users(1).confirm_email_change(&link).await;
                assert_eq!(code(confirmed), "400 invalid_token", "round {round}");
            }
        }
    }
}
