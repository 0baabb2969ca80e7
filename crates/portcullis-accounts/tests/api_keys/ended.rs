//! When keys end, and how one takes the place of another: AC-K5, AC-K9, AC-B3.

use std::time::Duration;

use portcullis_accounts::{AccountsBuilder, Collection, NewKey, NewUser, Profile};
use portcullis_core::Clock;
use portcullis_password::PasswordPolicy;

use crate::common::{at_once, code, harness_with};
use crate::people::{application, by_key, count, key, new_key, person, user, with_role};
use crate::{DAY, open, people};

/// AC-K5
#[tokio::test]
async fn ac_k5_an_end_takes_effect_on_the_next_request() {
    let h = open();
    let ada = user(&h, "ada@example.com").await;
    let refused = async |text: &str| code(by_key(&h, text).await);

    let revoked = key(&h, &ada.caller, None).await;
    by_key(&h, revoked.expose()).await.unwrap();
    let id = revoked.info().id.to_string();
    h.users().revoke_key(&ada.caller, &id).await.unwrap();
    assert_eq!(refused(revoked.expose()).await, "401 invalid_api_key");
    assert_eq!(
        code(h.users().revoke_key(&ada.caller, &id).await),
        "404 not_found"
    );

    let end = h.clock.now().saturating_add(DAY);
    let brief = NewKey {
        expires_at: Some(end),
        ..new_key(None)
    };
    let brief = h.users().create_key(&ada.caller, brief).await.unwrap();
    h.wait(DAY - Duration::from_millis(1));
    by_key(&h, brief.expose()).await.unwrap();
    h.wait(Duration::from_millis(1));
    assert_eq!(refused(brief.expose()).await, "401 invalid_api_key");

    let lasting = key(
        &h,
        &people::log_in(&h, &h.users(), "ada@example.com")
            .await
            .caller,
        None,
    )
    .await;
    application(&h).ban_user(&ada.id).await.unwrap();
    assert_eq!(refused(lasting.expose()).await, "401 invalid_api_key");
    application(&h).unban_user(&ada.id).await.unwrap();
    by_key(&h, lasting.expose()).await.unwrap();
    application(&h)
        .set_roles(&ada.id, vec!["guest".to_owned()])
        .await
        .unwrap();
    assert!(
        !by_key(&h, lasting.expose()).await.unwrap().may("write"),
        "AC-B6: rights are those of now"
    );
    application(&h).delete_user(&ada.id).await.unwrap();
    assert_eq!(refused(lasting.expose()).await, "401 invalid_api_key");
}

/// AC-K9
#[tokio::test]
async fn ac_k9_a_rotated_key_goes_on_for_its_grace() {
    let h = open();
    let ada = user(&h, "ada@example.com").await;
    let old = key(&h, &ada.caller, Some(&["read"])).await;
    let id = old.info().id.to_string();
    let week = 7 * DAY;
    let too_long = h
        .users()
        .rotate_key(&ada.caller, &id, week + Duration::from_secs(1))
        .await;
    assert_eq!(code(too_long), "422 invalid_field");
    let new = h.users().rotate_key(&ada.caller, &id, week).await.unwrap();
    assert_ne!(new.expose(), old.expose());
    assert_eq!(new.info().scopes, old.info().scopes);
    assert_eq!((&*new.info().name, new.info().expires_at), ("ci", None));
    for good in [&old, &new] {
        by_key(&h, good.expose()).await.unwrap();
    }
    h.wait(week);
    assert_eq!(code(by_key(&h, old.expose()).await), "401 invalid_api_key");
    by_key(&h, new.expose()).await.unwrap();
    let ada = people::log_in(&h, &h.users(), "ada@example.com").await;
    assert_eq!(
        code(h.users().rotate_key(&ada.caller, &id, DAY).await),
        "404 not_found"
    );
    let id = new.info().id.to_string();
    h.users()
        .rotate_key(&ada.caller, &id, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(code(by_key(&h, new.expose()).await), "401 invalid_api_key");
    assert_eq!(count(&h, "api_key.rotated").await, 2);
}

/// AC-K9: the overlap never lengthens a key's life, and the new key ends when the old one would have.
#[tokio::test]
async fn ac_k9_grace_never_goes_past_the_old_end() {
    let h = open();
    let ada = user(&h, "ada@example.com").await;
    let end = h.clock.now().saturating_add(DAY);
    let new = NewKey {
        expires_at: Some(end),
        ..new_key(None)
    };
    let old = h.users().create_key(&ada.caller, new).await.unwrap();
    let id = old.info().id.to_string();
    let new = h
        .users()
        .rotate_key(&ada.caller, &id, 2 * DAY)
        .await
        .unwrap();
    assert_eq!(new.info().expires_at, Some(end));
    h.wait(DAY);
    for over in [&old, &new] {
        assert_eq!(code(by_key(&h, over.expose()).await), "401 invalid_api_key");
    }
}

/// AC-K9
#[tokio::test]
async fn ac_k9_ends_are_within_bounds() {
    let h = harness_with(
        Collection::new().longest_key_life(30 * DAY),
        AccountsBuilder::with_insecure_no_limits,
    );
    let ada = user(&h, "ada@example.com").await;
    let now = h.clock.now();
    let create = async |expires_at| {
        let new = NewKey {
            expires_at,
            ..new_key(None)
        };
        h.users().create_key(&ada.caller, new).await
    };
    assert_eq!(code(create(Some(now)).await), "422 expiry_invalid");
    assert_eq!(
        code(create(Some(now.saturating_sub(DAY))).await),
        "422 expiry_invalid"
    );
    assert_eq!(
        code(create(None).await),
        "422 expiry_invalid",
        "every key must have an end here"
    );
    let last = now.saturating_add(30 * DAY);
    assert_eq!(
        code(create(Some(last.saturating_add(Duration::from_millis(1)))).await),
        "422 expiry_invalid"
    );
    create(Some(last)).await.unwrap();
    for name in ["", "  ", "a\nb", &"x".repeat(101)] {
        let new = NewKey {
            name: name.to_owned(),
            expires_at: Some(last),
            scopes: None,
        };
        assert_eq!(
            code(h.users().create_key(&ada.caller, new).await),
            "422 invalid_field",
            "{name:?}"
        );
    }
}

/// Of several who replace a key at once without grace, one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_is_replaced_once() {
    let h = open();
    let ada = user(&h, "ada@example.com").await;
    for _ in 0..20 {
        let id = key(&h, &ada.caller, None).await.info().id.to_string();
        let outcomes = at_once(6, |_| {
            let (users, caller, id) = (h.users(), ada.caller.clone(), id.clone());
            async move { users.rotate_key(&caller, &id, Duration::ZERO).await }
        })
        .await;
        let made: Vec<_> = outcomes.into_iter().filter_map(Result::ok).collect();
        assert_eq!(made.len(), 1);
        h.users()
            .revoke_key(&ada.caller, &made[0].info().id.to_string())
            .await
            .unwrap();
    }
}

/// AC-B3: a key never gives more than its owner has, whatever its scopes say.
#[tokio::test]
async fn ac_b3_a_key_ends_where_its_owner_does() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    with_role(&h, "second@example.com", "admin").await;
    let created = key(&h, &root.caller, Some(&["admin"])).await;
    assert!(
        by_key(&h, created.expose())
            .await
            .unwrap()
            .may("users:write")
    );
    application(&h)
        .set_roles(&root.id, vec!["user".to_owned()])
        .await
        .unwrap();
    let demoted = by_key(&h, created.expose()).await.unwrap();
    assert!(demoted.may("write") && !demoted.may("users:write"));
}

/// Keys of one collection are nothing in another, and no header makes them so.
#[tokio::test]
async fn keys_do_not_cross_collections() {
    let h = harness_with(Collection::new(), |builder| {
        builder
            .collection("customers", Collection::new())
            .profile(Profile::Compat)
            .password_policy(PasswordPolicy::default())
    });
    let ada = person(&h, NewUser::new("ada@example.com")).await;
    let created = key(&h, &ada.caller, None).await;
    let caller = by_key(&h, created.expose()).await.unwrap();
    let customers = h.accounts.users_of("customers").unwrap();
    assert_eq!(code(customers.me(&caller).await), "401 unauthenticated");
    let line = format!("customers API-Key {}", created.expose());
    assert_eq!(
        code(h.caller_by("authorization", &line).await),
        "401 invalid_api_key"
    );
    let line = format!("users API-Key {}", created.expose());
    assert_eq!(
        h.caller_by("authorization", &line).await.unwrap().id(),
        ada.id
    );
}
