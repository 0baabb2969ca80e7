//! Codes and challenges on two nodes.

use std::time::Duration;

use portcullis::accounts::store::{AuditLog as _, FactorStore as _, FamilyStore as _};
use portcullis::accounts::{AuditKind, AuditQuery, LoggedIn, Login, Mode, Session, UserRef, Users};
use portcullis::mfa::Totp;
use portcullis::{Clock as _, Collection, Denial};

use crate::support::{
    Factored, PASSWORD, Place, World, at_once, by_recovery, by_totp, code, cookie_of, register,
    tokens,
};

const EMAIL: &str = "ada@example.com";
const EXPIRED: &str = "401 challenge_expired";
const WRONG: &str = "401 invalid_code";
const LOCKED: &str = "429 rate_limited";

/// How many entries of this kind there are, with this reason.
async fn entries(world: &World, kind: AuditKind, reason: Option<&str>) -> usize {
    let query = AuditQuery {
        collection: "users".to_owned(),
        kind: Some(kind),
        limit: 1_000,
        ..AuditQuery::default()
    };
    let events = world.nodes[1].store.events(&query).await.unwrap();
    let with = events.iter();
    let with = with.filter(|event| event.reason.as_deref() == reason);
    with.count()
}

/// The one session that there is among the answers, and the codes of all other answers.
fn one_of(answers: Vec<Result<Session, Denial>>) -> (Session, Vec<String>) {
    let (mut begun, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(begun.len(), 1, "one session begins");
    let refused = refused.into_iter().map(code).collect();
    (begun.remove(0).unwrap(), refused)
}

/// Fifty challenges of one client's, all answered at once: one session begins, and the others are refused.
async fn one_of_fifty_challenges<F>(
    world: &World,
    ada: &Factored,
    answer: impl Fn(Users, String) -> F,
) where
    F: Future<Output = Result<Session, Denial>> + Send + 'static,
{
    let mut challenges = Vec::new();
    for number in 0..50 {
        let users = world.one_client(number);
        challenges.push(ada.challenge(&users, Mode::Token).await);
    }
    let answers = at_once(50, |number| {
        answer(world.one_client(number), challenges[number].clone())
    });
    let (session, refused) = one_of(answers.await);
    for answer in refused {
        assert!([LOCKED, WRONG].contains(&answer.as_str()), "{answer}");
    }
    assert!(is_in(world, &session, Mode::Token).await);
}

async fn is_in(world: &World, session: &Session, mode: Mode) -> bool {
    let mut all = true;
    for node in &world.nodes {
        all &= match mode {
            Mode::Token => node.by_token(tokens(session).access()).await.is_ok(),
            Mode::Cookie => node.by_cookie(&cookie_of(session)).await.is_ok(),
        };
    }
    all
}

/// AC-O2, AC-O4: one challenge and one code, fifty times at once on two nodes, are one login.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_o4_one_challenge_fifty_times_is_one_session() {
    for place in Place::each() {
        let world = World::on(place).await;
        let ada = Factored::on(&world, EMAIL).await;
        for mode in [Mode::Token, Mode::Cookie] {
            world.wait(Duration::from_secs(30));
            let challenge = ada.challenge(&world.one_client(0), mode).await;
            let created = entries(&world, AuditKind::SessionCreated, None).await;
            let answers = at_once(50, |number| {
                let (users, challenge) = (world.one_client(number), challenge.clone());
                let code = ada.code();
                async move { by_totp(&users, &challenge, &code).await }
            });
            let (session, refused) = one_of(answers.await);
            for answer in refused {
                assert!([EXPIRED, WRONG].contains(&answer.as_str()), "{answer}");
            }
            assert!(is_in(&world, &session, mode).await);
            let now = entries(&world, AuditKind::SessionCreated, None).await;
            assert_eq!(now, created + 1);
        }
    }
}

/// AC-O2, v5.0.0-6.5.1: one code, for as many challenges, is used once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_o2_one_code_for_fifty_challenges_is_one_session() {
    for place in Place::each() {
        let world = World::on(place).await;
        let ada = Factored::on(&world, EMAIL).await;
        one_of_fifty_challenges(&world, &ada, |users, challenge| {
            let code = ada.code();
            async move { by_totp(&users, &challenge, &code).await }
        })
        .await;
        assert_eq!(entries(&world, AuditKind::MfaVerified, None).await, 1);
    }
}

/// v5.0.0-6.5.1: so is one recovery code; nine are left.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_o7_one_recovery_code_for_fifty_challenges_is_one_session() {
    for place in Place::each() {
        let world = World::on(place).await;
        let ada = Factored::on(&world, EMAIL).await;
        one_of_fifty_challenges(&world, &ada, |users, challenge| {
            let code = ada.recovery[7].clone();
            async move { by_recovery(&users, &challenge, &code).await }
        })
        .await;
        let owner = UserRef::new("users", ada.id);
        let left = world.nodes[0].store.recovery_codes_left(&owner).await;
        assert_eq!(left.unwrap(), 9);
        assert_eq!(entries(&world, AuditKind::MfaRecoveryUsed, None).await, 1);
    }
}

/// AC-O3, v5.0.0-6.6.3: of twenty wrong codes at once five are judged, and the right one then comes too late.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_o3_twenty_wrong_codes_at_once_are_judged_five_times() {
    for place in Place::each() {
        let world = World::on(place).await;
        let ada = Factored::on(&world, EMAIL).await;
        let challenge = ada.challenge(&world.one_client(0), Mode::Token).await;
        let answers = at_once(20, |number| {
            let (users, challenge) = (world.one_client(number), challenge.clone());
            let code = ada.wrong(number);
            async move { by_totp(&users, &challenge, &code).await }
        });
        let answers: Vec<_> = answers.await.into_iter().map(code).collect();
        let judged = answers.iter().filter(|answer| *answer == WRONG).count();
        let expired = answers.iter().filter(|answer| *answer == EXPIRED).count();
        assert_eq!((judged, expired), (5, 15), "{answers:?}");
        let wrong = entries(&world, AuditKind::MfaFailed, Some("wrong_code")).await;
        assert_eq!(wrong, 5);
        let late = by_totp(&world.one_client(1), &challenge, &ada.code()).await;
        assert_eq!(code(late), EXPIRED);
        let challenge = ada.challenge(&world.one_client(1), Mode::Token).await;
        let next = by_totp(&world.one_client(0), &challenge, &ada.code()).await;
        assert!(next.is_ok());
    }
}

/// AC-O3: over as many challenges as one likes, ten of an account are.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_o3_sixty_wrong_codes_of_an_account_are_judged_ten_times() {
    for place in Place::each() {
        let world = World::on(place).await;
        let ada = Factored::on(&world, EMAIL).await;
        let mut challenges = Vec::new();
        for number in 0..20 {
            let users = world.users(number);
            challenges.push(ada.challenge(&users, Mode::Token).await);
        }
        let answers = at_once(60, |number| {
            // Three tries of each challenge, by the client that it belongs to.
            let users = world.users(number % 20);
            let challenge = challenges[number % 20].clone();
            let code = ada.wrong(number);
            async move { by_totp(&users, &challenge, &code).await }
        });
        let answers: Vec<_> = answers.await.into_iter().map(code).collect();
        let judged = answers.iter().filter(|answer| *answer == WRONG).count();
        let locked = answers.iter().filter(|answer| *answer == LOCKED).count();
        assert_eq!((judged, locked), (10, 50), "{answers:?}");
        assert_eq!(entries(&world, AuditKind::MfaLocked, None).await, 1);
        world.wait(Duration::from_secs(901));
        let challenge = ada.challenge(&world.one_client(1), Mode::Token).await;
        let after = by_totp(&world.one_client(0), &challenge, &ada.code()).await;
        assert!(after.is_ok(), "the lock has run out on both nodes");
    }
}

/// AC-S8: no session that a second factor begins outlives what ends all of them on the other node, whoever is quicker.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_s8_a_second_step_does_not_outlive_the_end_of_all_logins() {
    for place in Place::each() {
        let world = World::on(place).await;
        let ada = Factored::on(&world, EMAIL).await;
        let id = ada.id.to_string();
        for round in 0..10 {
            world.wait(Duration::from_secs(31));
            let mode = [Mode::Token, Mode::Cookie][round % 2];
            let challenge = ada.challenge(&world.one_client(0), mode).await;
            let begun = at_once(2, |number| {
                let users = world.one_client(number + round);
                let (challenge, code, id) = (challenge.clone(), ada.code(), id.clone());
                async move {
                    if number == 0 {
                        return by_totp(&users, &challenge, &code).await.ok();
                    }
                    users.as_application().logout_user(&id).await.unwrap();
                    None
                }
            })
            .await;
            world.catch_up().await;
            for session in begun.into_iter().flatten() {
                assert!(!is_in(&world, &session, mode).await, "round {round}");
            }
            let owner = UserRef::new("users", ada.id);
            let live = world.nodes[0].store.families(&owner, world.clock.now());
            assert!(live.await.unwrap().is_empty(), "round {round}");
        }
    }
}

/// v5.0.0-6.3.3: a factor that is made on the way in is made once, and lets one in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_enrolment_at_login_on_two_nodes_is_one() {
    for place in Place::each() {
        let world = World::with(place, Collection::new(), |builder| builder).await;
        register(&world.users(0), EMAIL).await;
        let link = world.link_to(EMAIL, "verify_email").await;
        world.users(0).verify_email(&link, None).await.unwrap();
        let world = world.under(Collection::new().require_mfa(true)).await;
        let login = Login {
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned().into(),
            ..Login::default()
        };
        let Ok(LoggedIn::Challenged(challenge)) = world.one_client(0).login(login).await else {
            panic!("not challenged");
        };
        let token = challenge.token.to_string();
        let shown = world.one_client(1).enroll_at_login(&token).await.unwrap();
        let totp = Totp::from_base32(shown.secret.expose()).unwrap();
        let first = totp.code_at(world.clock.now()).expose().to_owned();
        let answers = at_once(20, |number| {
            let (users, token, code) = (world.one_client(number), token.clone(), first.clone());
            async move {
                let login = users.activate_at_login(&token, &code).await?;
                Ok(login.session)
            }
        });
        let (session, refused) = one_of(answers.await);
        for answer in refused {
            assert_eq!(answer, EXPIRED);
        }
        assert!(is_in(&world, &session, Mode::Token).await);
        assert_eq!(entries(&world, AuditKind::MfaEnrolled, None).await, 1);
    }
}
