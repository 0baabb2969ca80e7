//! Second factors that are turned on and off on two nodes.

use portcullis::accounts::store::{AuditLog as _, FactorStore as _};
use portcullis::accounts::{AuditKind, AuditQuery, Mode, Proof, UserRef};
use portcullis::mfa::Totp;
use portcullis::{AuthUser, Clock as _};

use crate::support::{Factored, Place, World, at_once, by_totp, code, register, tokens};

const EMAIL: &str = "ada@example.com";
const TIMES: usize = 40;

async fn entries(world: &World, kind: AuditKind) -> usize {
    let query = AuditQuery {
        collection: "users".to_owned(),
        kind: Some(kind),
        limit: 1_000,
        ..AuditQuery::default()
    };
    world.nodes[1].store.events(&query).await.unwrap().len()
}

/// Somebody whose address is proved, logged in.
async fn proved(world: &World) -> AuthUser {
    let session = register(&world.users(0), EMAIL).await;
    let link = world.link_to(EMAIL, "verify_email").await;
    world.users(0).verify_email(&link, None).await.unwrap();
    let caller = world.nodes[0].by_token(tokens(&session).access()).await;
    caller.unwrap()
}

/// AC-O2: of forty first codes one turns the factor on, and there are ten recovery codes: those that it was answered with.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_o2_many_activations_are_one() {
    for place in Place::each() {
        let world = World::on(place).await;
        let caller = proved(&world).await;
        let shown = world.users(0).enroll_totp(&caller).await.unwrap();
        let totp = Totp::from_base32(shown.secret.expose()).unwrap();
        let typed = totp.code_at(world.clock.now()).expose().to_owned();
        let answers = at_once(TIMES, |number| {
            let (users, caller, typed) = (world.users(number), caller.clone(), typed.clone());
            async move { users.activate_totp(&caller, &typed).await }
        })
        .await;
        let (mut done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(done.len(), 1);
        for answer in refused.into_iter().map(code) {
            let known = [
                "409 already_enabled",
                "401 unauthenticated",
                "401 invalid_code",
            ];
            assert!(known.contains(&answer.as_str()), "{answer}");
        }
        assert_eq!(entries(&world, AuditKind::MfaEnrolled).await, 1);
        let owner = UserRef::of(&caller).unwrap();
        let store = &world.nodes[1].store;
        assert_eq!(store.recovery_codes_left(&owner).await.unwrap(), 10);
        let activated = done.remove(0).unwrap();
        for code in &activated.recovery_codes {
            let proof = Proof::Code(code.expose());
            let proved = world.users(1).reauthenticate(&caller, proof).await;
            assert!(proved.is_ok(), "{proved:?}");
        }
        assert_eq!(store.recovery_codes_left(&owner).await.unwrap(), 0);
    }
}

/// AC-O2: one code, shown at once wherever one is asked for, does for one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_o2_one_code_does_for_one_of_all_that_ask() {
    for place in Place::each() {
        let world = World::on(place).await;
        let ada = Factored::on(&world, EMAIL).await;
        let challenge = ada.challenge(&world.one_client(0), Mode::Token).await;
        let session = by_totp(&world.one_client(0), &challenge, &ada.code()).await;
        let access = tokens(session.as_ref().unwrap()).access().to_owned();
        let caller = world.nodes[0].by_token(&access).await.unwrap();
        world.wait(std::time::Duration::from_secs(30));
        let challenge = ada.challenge(&world.one_client(0), Mode::Token).await;
        let answers = at_once(TIMES, |number| {
            let (users, caller) = (world.one_client(number), caller.clone());
            let (challenge, typed) = (challenge.clone(), ada.code());
            async move {
                match number % 4 {
                    0 => users.disable_totp(&caller, &typed).await.map(drop),
                    1 => users
                        .replace_recovery_codes(&caller, &typed)
                        .await
                        .map(drop),
                    2 => {
                        let proof = Proof::Code(&typed);
                        users.reauthenticate(&caller, proof).await.map(drop)
                    }
                    _ => by_totp(&users, &challenge, &typed).await.map(drop),
                }
            }
        })
        .await;
        let done = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(done, 1, "{answers:?}");
        let verified = entries(&world, AuditKind::MfaVerified).await;
        assert_eq!(verified, 2, "at login, and now");
    }
}
