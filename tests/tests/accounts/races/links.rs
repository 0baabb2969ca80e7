//! One-time links on two nodes.

use portcullis::Register;
use portcullis::accounts::{Mode, Registered, UserView};
use portcullis::{Collection, Denial};

use crate::support::{
    OTHER_PASSWORD, PASSWORD, Place, World, at_once, code, log_in, register, tokens, try_log_in,
};

const EMAIL: &str = "ada@example.com";

/// AC-Z1: a hundred on two nodes, one succeeds, and it is its password that counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_z1_a_hundred_resets_on_two_nodes_are_one() {
    for place in Place::each() {
        let world = World::on(place).await;
        let session = register(&world.users(0), EMAIL).await;
        let asked = world.users(0).request_password_reset(EMAIL).await;
        asked.unwrap();
        let token = world.link_to(EMAIL, "reset_password").await;
        let reset = at_once(100, |number| {
            let (users, token) = (world.users(number), token.clone());
            async move { users.reset_password(&token, &new_password(number)).await }
        });
        let answers = reset.await;
        let winners: Vec<_> = (0..100).filter(|number| answers[*number].is_ok()).collect();
        let [winner] = winners[..] else {
            panic!("one succeeds, not {}", winners.len());
        };
        for answer in answers.into_iter().filter(Result::is_err) {
            assert_eq!(code(answer), "400 invalid_token");
        }
        for number in [winner, (winner + 1) % 100, (winner + 37) % 100] {
            let password = new_password(number);
            let logged_in = try_log_in(&world.users(number), EMAIL, &password, Mode::Token).await;
            assert_eq!(logged_in.is_ok(), number == winner);
        }
        let old = try_log_in(&world.users(200), EMAIL, PASSWORD, Mode::Token).await;
        assert_eq!(code(old), "401 invalid_credentials");
        let refreshed = world.users(1).refresh(tokens(&session).refresh()).await;
        assert_eq!(code(refreshed), "401 refresh_invalid");
    }
}

fn new_password(number: usize) -> String {
    format!("{OTHER_PASSWORD} {number}")
}

/// AC-Z2: several links asked for at once on two nodes leave one that is good.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_z2_of_reset_links_asked_for_at_once_one_is_good() {
    for place in Place::each() {
        let world = World::on(place).await;
        register(&world.users(0), EMAIL).await;
        at_once(10, |number| {
            let users = world.users(number);
            async move { users.request_password_reset(EMAIL).await.unwrap() }
        })
        .await;
        let links = world.links_to(EMAIL, "reset_password").await;
        assert_eq!(links.len(), 10);
        let mut good = 0;
        for (number, link) in links.iter().enumerate() {
            let reset = world
                .users(number)
                .reset_password(link, OTHER_PASSWORD)
                .await;
            good += usize::from(reset.is_ok());
        }
        assert_eq!(good, 1);
    }
}

/// AC-V1, AC-V4: a link that is followed twice at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_v4_a_verification_link_is_used_once_on_two_nodes() {
    for place in Place::each() {
        let world = World::on(place).await;
        for round in 0..5 {
            let email = format!("ada{round}@example.com");
            register(&world.users(0), &email).await;
            let token = world.link_to(&email, "verify_email").await;
            let answers = at_once(20, |number| {
                let (users, token) = (world.users(number), token.clone());
                async move { users.verify_email(&token, None).await }
            });
            let (verified, refused): (Vec<_>, Vec<_>) =
                answers.await.into_iter().partition(Result::is_ok);
            assert_eq!(verified.len(), 1);
            for answer in refused {
                assert_eq!(code(answer), "400 invalid_token");
            }
            let rows = world.rows().await;
            let verified = rows.iter().filter(|user| user.verified);
            assert_eq!(verified.count(), round + 1);
        }
    }
}

/// AC-E5: two users to whom one address is confirmed at once, on a node each.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_e5_one_address_becomes_one_users() {
    for place in Place::each() {
        let world = World::on(place).await;
        for round in 0..6 {
            let wanted = format!("wanted{round}@example.com");
            let mut links = Vec::new();
            for name in ["ada", "bert"] {
                let email = format!("{name}{round}@example.com");
                let session = register(&world.users(0), &email).await;
                let caller = world.nodes[0].by_token(tokens(&session).access()).await;
                let caller = caller.unwrap();
                let asked = world.users(1).request_email_change(&caller, &wanted).await;
                asked.unwrap();
                links.push(world.link_to(&wanted, "change_email").await);
            }
            let confirmed = at_once(8, |number| {
                let (users, link) = (world.users(number + round), links[number % 2].clone());
                async move { users.confirm_email_change(&link).await }
            });
            one_has_it(confirmed.await);
            let rows = world.rows().await;
            let holders = rows.iter().filter(|user| user.email.as_str() == wanted);
            assert_eq!(holders.count(), 1);
            assert_eq!(rows.len(), 2 * (round + 1), "nobody is lost");
        }
    }
}

fn one_has_it(confirmed: Vec<Result<UserView, Denial>>) {
    let (done, refused): (Vec<_>, Vec<_>) = confirmed.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for answer in refused {
        let code = code(answer);
        assert!(
            ["409 email_taken", "400 invalid_token"].contains(&code.as_str()),
            "{code}"
        );
    }
}

/// AC-E5: an address that is confirmed while somebody registers with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_e5_an_address_is_not_confirmed_and_registered() {
    for place in Place::each() {
        let world = World::on(place).await;
        for round in 0..8 {
            let wanted = format!("wanted{round}@example.com");
            let session = register(&world.users(0), &format!("ada{round}@example.com")).await;
            let caller = world.nodes[0].by_token(tokens(&session).access()).await;
            let asked = world.users(1);
            let asked = asked.request_email_change(&caller.unwrap(), &wanted).await;
            asked.unwrap();
            let link = world.link_to(&wanted, "change_email").await;
            let done = at_once(2, |number| {
                let (users, link) = (world.users(number + round), link.clone());
                let new = Register::new(wanted.as_str(), PASSWORD);
                async move {
                    match number {
                        0 => users.confirm_email_change(&link).await.map(drop),
                        _ => users.register(new).await.map(drop),
                    }
                }
            });
            let (done, refused): (Vec<_>, Vec<_>) = done.await.into_iter().partition(Result::is_ok);
            assert_eq!(done.len(), 1);
            for answer in refused {
                assert_eq!(code(answer), "409 email_taken");
            }
        }
    }
}

/// One address, registered on both nodes at once in several spellings.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_registered_on_two_nodes_at_once_has_one_account() {
    for place in Place::each() {
        let world = World::on(place).await;
        for round in 0..5 {
            let registered = at_once(10, |number| {
                let users = world.users(number);
                let spelling = match number % 3 {
                    0 => format!("ada{round}@example.com"),
                    1 => format!("Ada{round}@Example.COM"),
                    _ => format!("ADA{round}@example.com"),
                };
                async move { users.register(Register::new(spelling, PASSWORD)).await }
            });
            let (done, refused): (Vec<_>, Vec<_>) =
                registered.await.into_iter().partition(Result::is_ok);
            assert_eq!(done.len(), 1);
            for answer in refused {
                assert_eq!(code(answer), "409 email_taken");
            }
            assert_eq!(world.rows().await.len(), round + 1);
        }
    }
}

/// The same where the address must be proved: all are answered alike.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_to_be_proved_has_one_account_and_equal_answers() {
    for place in Place::each() {
        let settings = Collection::new().require_verified(true);
        let world = World::with(place, settings, |builder| builder).await;
        let registered = at_once(20, |number| {
            let users = world.users(number);
            async move { users.register(Register::new(EMAIL, PASSWORD)).await }
        });
        for answer in registered.await {
            assert!(matches!(answer, Ok(Registered::VerificationSent)));
        }
        assert_eq!(world.rows().await.len(), 1);
        assert_eq!(world.links_to(EMAIL, "verify_email").await.len(), 1);
    }
}

/// Of many who open the very first account at once, one becomes administrator.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_is_the_first() {
    for place in Place::each() {
        let settings = Collection::new().first_user_roles(["admin"]);
        let world = World::with(place, settings, |builder| builder).await;
        at_once(20, |number| {
            let users = world.users(number);
            let new = Register::new(format!("user{number}@example.com"), PASSWORD);
            async move { users.register(new).await.unwrap() }
        })
        .await;
        let rows = world.rows().await;
        assert_eq!(rows.len(), 20);
        let admins = rows.iter().filter(|user| user.has_role("admin"));
        assert_eq!(admins.count(), 1);
        log_in(&world.users(1), "user7@example.com").await;
    }
}
