//! Who signs up, and who comes back: AC-A5, ASVS 6.8.1 and 10.5.2.

use std::time::Duration;

use portcullis_accounts::store::{IdentityStore, UserStore};
use portcullis_accounts::{Collection, text};
use portcullis_oauth::Profile;
use portcullis_testkit::oauth::Person;
use serde_json::json;

use crate::common::{PASSWORD, code, tokens};
use crate::oauth::{ADA, ADA_THERE, EVE_THERE, stage, stage_with};

#[tokio::test]
async fn who_is_unknown_signs_up_with_a_proved_address_and_without_a_password() {
    let s = stage(Collection::new()).await;
    let session = s.log_in("github").await.unwrap();
    assert_eq!(session.user.email, ADA);
    assert!(session.user.verified);
    assert_eq!(session.user.roles, ["user"]);
    assert_eq!(session.user.profile["name"], "Ada L.");
    let caller = s.h.caller(tokens(&session)).await.unwrap();
    assert!(caller.amr().any(|method| method == "oauth"), "{caller:?}");
    let mut trail = s.h.trail().await;
    trail.sort();
    assert_eq!(
        trail,
        [
            "login.succeeded",
            "oauth.login",
            "session.created",
            "user.registered provider"
        ]
    );
    assert_eq!(
        code(s.h.login(ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
}

#[tokio::test]
async fn who_is_known_comes_back_into_the_same_account() {
    let s = stage(Collection::new()).await;
    let first = s.log_in("github").await.unwrap();
    s.h.wait(Duration::from_secs(3600));
    let second = s.log_in("github").await.unwrap();
    assert_eq!(first.user.id, second.user.id);
    assert_ne!(first.id(), second.id());
    let caller = s.h.caller(tokens(&second)).await.unwrap();
    let identities = s.h.users().identities(&caller).await.unwrap();
    assert_eq!(identities.len(), 1);
    assert_eq!(identities[0].provider, "github");
    assert!(identities[0].last_used_at > Some(identities[0].created_at));
}

/// AC-A5, v5.0.0-10.5.2: the identity is issuer and subject; another address, and another name, are the same person.
#[tokio::test]
async fn ac_a5_an_identity_is_not_its_address() {
    let s = stage(Collection::new()).await;
    let first = s.log_in("github").await.unwrap();
    let renamed = Person::new(ADA_THERE, "countess").with_address("new@example.com", false);
    s.github.add_person(renamed);
    let second = s.log_in("github").await.unwrap();
    assert_eq!(first.user.id, second.user.id);
    assert_eq!(second.user.email, ADA, "the account keeps its own address");
}

/// AC-A5: the name that somebody has given up is taken by somebody else, who is a stranger.
#[tokio::test]
async fn ac_a5_whoever_takes_the_name_is_somebody_else() {
    let s = stage(Collection::new()).await;
    let ada = s.log_in("github").await.unwrap();
    s.github
        .add_person(Person::new(9, "ada").with_address("thief@example.com", true));
    s.github.log_in(9);
    let thief = s.log_in("github").await.unwrap();
    assert_ne!(ada.user.id, thief.user.id);
}

/// v5.0.0-6.8.1: one subject at two providers is two people.
#[tokio::test]
async fn v6_8_1_one_subject_at_two_providers_is_two_people() {
    let s = stage(Collection::new()).await;
    s.discord
        .add_person(Person::new(ADA_THERE, "eve").with_address("eve@example.com", true));
    let here = s.log_in("github").await.unwrap();
    let there = s.log_in("discord").await.unwrap();
    assert_ne!(here.user.id, there.user.id);
    let at = |url: String| async move {
        let subject = ADA_THERE.to_string();
        s.h.store
            .identity("users", &url, &subject)
            .await
            .unwrap()
            .unwrap()
            .owner
            .id
    };
    assert_eq!(at(s.github.url()).await, here.user.id);
}

#[tokio::test]
async fn the_name_is_taken_over_where_it_fits() {
    let long = "x".repeat(300);
    for (settings, name, expected) in [
        (Collection::new(), long.as_str(), None),
        (
            Collection::new().profile(text("name").read_only()),
            "Ada",
            None,
        ),
        (Collection::new(), "Ada\u{7}", None),
        (
            Collection::new().profile(text("name").required()),
            "Ada",
            Some("Ada"),
        ),
    ] {
        let s = stage(settings).await;
        s.discord.add_person(
            Person::new(ADA_THERE, "ada")
                .named(name)
                .with_address(ADA, true),
        );
        let session = s.log_in("discord").await.unwrap();
        assert_eq!(session.user.profile["name"].as_str(), expected);
    }
}

/// What else a collection requires, the application takes out of what the provider says; where it does not, or what it takes does not
/// fit, nobody is let in half.
#[tokio::test]
async fn what_a_profile_requires_the_application_says_or_nobody_signs_up() {
    let settings = || Collection::new().profile(text("company").required().max(10).read_only());
    let from_login = |person: &Profile| {
        let company = person.claims["login"].as_str().unwrap();
        let fields = json!({ "name": person.name, "company": format!("{company} Ltd") });
        fields.as_object().unwrap().clone()
    };
    let too_long = |_: &Profile| {
        let fields = json!({ "company": "more than ten characters" });
        fields.as_object().unwrap().clone()
    };
    let unknown = |_: &Profile| json!({ "shoe": 42 }).as_object().unwrap().clone();
    for refused in [
        settings(),
        settings().sign_up_profile(too_long),
        settings().sign_up_profile(unknown),
    ] {
        let s = stage(refused).await;
        assert_eq!(code(s.log_in("github").await), "422 profile_incomplete");
        let found = s.h.store.user_by_email("users", ADA).await.unwrap();
        assert!(found.is_none());
    }
    let s = stage(settings().sign_up_profile(from_login)).await;
    let ada = s.log_in("github").await.unwrap();
    assert_eq!(ada.user.profile["company"], "ada Ltd");
    assert_eq!(ada.user.profile["name"], "Ada L.");
}

#[tokio::test]
async fn the_first_account_has_its_further_roles() {
    let s = stage(Collection::new().first_user_roles(["admin"])).await;
    let first = s.log_in("github").await.unwrap();
    assert_eq!(first.user.roles, ["user", "admin"]);
    s.github.log_in(EVE_THERE);
    assert_eq!(s.log_in("github").await.unwrap().user.roles, ["user"]);
}

/// v5.0.0-10.1.1: providers' tokens are not kept unless that was asked for, and then sealed.
#[tokio::test]
async fn v10_1_1_providers_tokens_are_kept_only_if_asked_for() {
    for keep in [false, true] {
        let s = stage_with(Collection::new(), |builder| {
            builder.keep_provider_tokens(keep)
        })
        .await;
        let session = s.log_in("discord").await.unwrap();
        let issuer = s.discord.url();
        let subject = ADA_THERE.to_string();
        let found =
            s.h.store
                .identity("users", &issuer, &subject)
                .await
                .unwrap()
                .unwrap();
        assert_eq!(found.sealed_tokens.is_some(), keep);
        let kept =
            s.h.users()
                .provider_tokens(session.user.id, found.id)
                .await
                .unwrap();
        assert_eq!(kept.is_some(), keep);
        let given = s.discord.secrets();
        let sealed = String::from_utf8_lossy(found.sealed_tokens.as_deref().unwrap_or_default())
            .into_owned();
        assert!(given.iter().all(|secret| !sealed.contains(secret.as_str())));
        if let Some(kept) = kept {
            assert!(given.iter().any(|token| token == kept.access_token()));
            let another =
                s.h.users()
                    .provider_tokens(session.user.id, session.user.id)
                    .await;
            assert_eq!(code(another), "404 not_found");
        }
    }
}
