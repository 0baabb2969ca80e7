//! Logins by a provider on two nodes.

use std::sync::Arc;

use portcullis::accounts::store::IdentityStore as _;
use portcullis::accounts::{Session, UserRef};
use portcullis_testkit::oauth::{Endpoint, Person};

use crate::support::{
    ADA, Comer, Place, Provided, at_once, code, code_in, exchange, register, tokens,
};

/// AC-A5, AC-A6: ten first logins of one person at once, on two nodes, make one account with one identity, and each is in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_a6_first_logins_at_once_make_one_account() {
    for place in Place::each() {
        let at = Arc::new(Provided::on(place).await);
        for round in 0..4 {
            let email = format!("ada{round}@example.com");
            at.github
                .add_person(Person::new(round + 10, "ada").with_address(email, true));
            at.github.log_in(round + 10);
            let mut comers = Vec::new();
            for number in 0..10 {
                comers.push(at.there(number).await);
            }
            let sessions = at_once(10, |number| {
                let (at, comer) = (Arc::clone(&at), comers[number].clone());
                async move {
                    let users = at.world.users(number + 1);
                    let back = comer.back(&users, number).await.unwrap();
                    assert!(back.refusal.is_none(), "{back:?}");
                    exchange(&users, &back).await.unwrap().user.id
                }
            });
            let sessions = sessions.await;
            assert!(sessions.iter().all(|id| *id == sessions[0]));
            let rows = at.world.rows().await;
            assert_eq!(rows.len(), usize::try_from(round).unwrap() + 1);
            let owner = UserRef::new("users", sessions[0]);
            let identities = at.world.nodes[0].store.identities(&owner).await.unwrap();
            assert_eq!(identities.len(), 1);
        }
    }
}

/// AC-A12: a code that fifty exchange at once, on two nodes, is exchanged once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_a12_a_code_is_exchanged_once_on_two_nodes() {
    for place in Place::each() {
        let at = Provided::on(place).await;
        let comer = at.there(0).await;
        let back = comer.back(&at.world.users(1), 1).await.unwrap();
        let answers = at_once(50, |number| {
            let (users, token) = (at.world.users(number), code_in(&back).to_owned());
            async move { users.oauth_exchange(&token, None).await }
        });
        let (done, refused): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(Result::is_ok);
        assert_eq!(done.len(), 1);
        for answer in refused {
            assert_eq!(code(answer), "400 invalid_state");
        }
        let owner = UserRef::new("users", at.world.rows().await[0].id);
        let session = at.log_in(2).await;
        let caller = at.world.nodes[0]
            .by_token(tokens(&session).access())
            .await
            .unwrap();
        assert_eq!(
            at.world.users(0).sessions(&caller).await.unwrap().len(),
            2,
            "{owner:?}"
        );
    }
}

/// AC-A1: a state that twenty come back with at once, on two nodes, is good once, and the provider is asked once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_a1_a_state_is_used_once_on_two_nodes() {
    for place in Place::each() {
        let at = Arc::new(Provided::on(place).await);
        let comer = at.there(0).await;
        let answers = at_once(20, |number| {
            let (at, comer) = (Arc::clone(&at), comer.clone());
            async move { comer.back(&at.world.users(number), number).await }
        });
        let (done, refused): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(Result::is_ok);
        assert_eq!(done.len(), 1);
        for answer in refused {
            assert_eq!(code(answer), "400 invalid_state");
        }
        assert_eq!(at.github.requests_to(Endpoint::Token).len(), 1);
    }
}

/// Begins to link GitHub to the account of a session, on one node.
async fn linking(at: &Provided, session: &Session, number: usize) -> Comer {
    let caller = at.world.nodes[number % 2]
        .by_token(tokens(session).access())
        .await
        .unwrap();
    let users = at.world.users(number);
    Comer::follow(&users.oauth_link(&caller, "github", None).await.unwrap()).await
}

/// AC-A7: linked in eight tabs at once, on two nodes: one identity, and every tab is told that it is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_a7_linking_in_many_tabs_makes_one_identity() {
    for place in Place::each() {
        let at = Arc::new(Provided::on(place).await);
        let session = register(&at.world.users(0), "bob@example.com").await;
        let mut comers = Vec::new();
        for number in 0..8 {
            comers.push(linking(&at, &session, number).await);
        }
        let answers = at_once(8, |number| {
            let (at, comer) = (Arc::clone(&at), comers[number].clone());
            async move {
                comer
                    .back(&at.world.users(number + 1), number)
                    .await
                    .unwrap()
                    .refusal
            }
        });
        assert!(answers.await.into_iter().all(|refusal| refusal.is_none()));
        let caller = at.world.nodes[0]
            .by_token(tokens(&session).access())
            .await
            .unwrap();
        assert_eq!(
            at.world.users(0).identities(&caller).await.unwrap().len(),
            1
        );
    }
}

/// AC-A7: two accounts to which one identity is linked at once: it is one's, and the other one hears that it is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_a7_an_identity_is_one_account_s() {
    for place in Place::each() {
        let at = Arc::new(Provided::on(place).await);
        for round in 0..5 {
            at.github
                .add_person(Person::new(round + 10, "ada").with_address(ADA, true));
            at.github.log_in(round + 10);
            let mut comers = Vec::new();
            for number in 0..2 {
                let email = format!("bob{round}-{number}@example.com");
                let session = register(&at.world.users(number), &email).await;
                comers.push(linking(&at, &session, number).await);
            }
            let answers = at_once(2, |number| {
                let (at, comer) = (Arc::clone(&at), comers[number].clone());
                async move {
                    comer
                        .back(&at.world.users(number), number)
                        .await
                        .unwrap()
                        .refusal
                }
            });
            let refused: Vec<_> = answers.await.into_iter().flatten().collect();
            assert_eq!(refused.len(), 1);
            assert_eq!(refused[0].code(), "identity_taken");
        }
    }
}

/// AC-A8: of two identities of an account without a password, both of which are taken off at once, one stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_a8_two_identities_taken_off_at_once_leave_one() {
    for place in Place::each() {
        let at = Provided::on(place).await;
        let session = at.log_in(0).await;
        at.github
            .add_person(Person::new(2, "ada2").with_address(ADA, true));
        at.github.log_in(2);
        let comer = linking(&at, &session, 0).await;
        assert!(
            comer
                .back(&at.world.users(1), 1)
                .await
                .unwrap()
                .refusal
                .is_none()
        );
        let caller = at.world.nodes[0]
            .by_token(tokens(&session).access())
            .await
            .unwrap();
        let all = at.world.users(0).identities(&caller).await.unwrap();
        assert_eq!(all.len(), 2);
        let answers = at_once(2, |number| {
            let (users, caller) = (at.world.users(number), caller.clone());
            let id = all[number].id.to_string();
            async move { users.unlink(&caller, &id).await }
        });
        let (done, refused): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(Result::is_ok);
        assert_eq!(done.len(), 1);
        // The first ends the login that both came with, for only the provider has vouched for it.
        for answer in refused {
            let code = code(answer);
            assert!(
                ["409 conflict", "401 unauthenticated"].contains(&code.as_str()),
                "{code}"
            );
        }
        let owner = UserRef::new("users", session.user.id);
        let left = at.world.nodes[0].store.identities(&owner).await.unwrap();
        assert_eq!(left.len(), 1);
    }
}
