//! What keys look like, what they may, and who makes them: AC-K1, AC-K3, AC-K4, AC-K8.

use std::time::Duration;

use portcullis_accounts::store::KeyStore;
use portcullis_accounts::{AccountsBuilder, Collection, NewKey, Profile, UserRef};
use portcullis_core::Clock;
use portcullis_key::{KeyFormat, KeyPrefix, verify_format};
use portcullis_password::PasswordPolicy;
use serde_json::{Value, json};

use crate::common::{at_once, code, harness, harness_with};
use crate::people::{by_key, count, key, new_key, user, with_role};
use crate::{DAY, open};

/// AC-K3
#[tokio::test]
async fn ac_k3_the_key_is_in_one_answer_and_nowhere_else() {
    let h = open();
    let ada = user(&h, "ada@example.com").await;
    let created = key(&h, &ada.caller, Some(&["read"])).await;
    let text = created.expose().to_owned();
    let body = serde_json::to_value(&created).unwrap();
    assert_eq!(body["key"], text);
    assert_eq!(body["lastUsedAt"], Value::Null);
    assert_eq!(body["scopes"], json!(["read"]));
    assert_eq!(body["start"], &text[..7]);
    let mut members: Vec<_> = body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    members.sort_unstable();
    let contract = [
        "createdAt",
        "expiresAt",
        "id",
        "key",
        "lastUsedAt",
        "name",
        "scopes",
        "start",
    ];
    assert_eq!(members, contract);

    let list = h.users().keys(&ada.caller).await.unwrap();
    let listed = serde_json::to_string(&list).unwrap();
    let rows = h
        .store
        .keys(&UserRef::of(&ada.caller).unwrap())
        .await
        .unwrap();
    let trail = serde_json::to_string(&h.audit().await).unwrap();
    let secret = text.trim_start_matches("sk_").split_at(12).1;
    for place in [listed, format!("{created:?} {list:?} {rows:?}"), trail] {
        assert!(!place.contains(secret), "the key stands in {place}");
    }
    assert_eq!(serde_json::to_value(&list).unwrap()[0].get("key"), None);
    by_key(&h, &text).await.unwrap();
}

/// AC-K1
#[tokio::test]
async fn ac_k1_the_collection_says_how_keys_look() {
    let formats = |settings: Collection, profile| async move {
        let h = harness_with(settings, |builder| {
            builder
                .profile(profile)
                .password_policy(PasswordPolicy::default())
        });
        let ada = user(&h, "ada@example.com").await;
        let created = key(&h, &ada.caller, None).await;
        by_key(&h, created.expose()).await.unwrap();
        created.expose().to_owned()
    };
    let strict = formats(Collection::new(), Profile::Strict).await;
    assert_eq!(verify_format(&strict), Some(KeyFormat::Checked));
    let compat = formats(Collection::new(), Profile::Compat).await;
    assert_eq!(verify_format(&compat), Some(KeyFormat::Classic));
    assert!(
        compat.starts_with("sk_") && compat.len() == 67,
        "sk_ and 64 hex digits"
    );
    let own = Collection::new()
        .key_prefix(KeyPrefix::from_static("acme"))
        .key_format(KeyFormat::Classic);
    assert!(formats(own, Profile::Strict).await.starts_with("acme_"));
}

/// AC-K8, and `scope_escalation` of http-api.md row 12
#[tokio::test]
async fn ac_k8_scopes_left_out_are_all_and_none_is_nothing() {
    let h = open();
    let ada = user(&h, "ada@example.com").await;
    let caller = async |scopes: Option<&[&str]>| {
        let created = key(&h, &ada.caller, scopes).await;
        by_key(&h, created.expose()).await.unwrap()
    };
    let all = caller(None).await;
    assert!(all.may("read") && all.may("write") && !all.may("delete"));
    let none = caller(Some(&[])).await;
    assert!(!none.may("read") && !none.may("write") && !none.allows("read"));
    let write = caller(Some(&["write"])).await;
    assert!(
        write.may("write") && !write.may("read"),
        "write does not include read"
    );

    let create = async |scopes: &[&str]| {
        code(
            h.users()
                .create_key(&ada.caller, new_key(Some(scopes)))
                .await,
        )
    };
    assert_eq!(create(&["delete"]).await, "422 invalid_scope");
    assert_eq!(create(&["read", "READ"]).await, "422 invalid_scope");
    assert_eq!(create(&["*"]).await, "422 invalid_scope");
    assert_eq!(create(&[""]).await, "422 invalid_scope");
    assert_eq!(create(&["read", "admin"]).await, "403 scope_escalation");
    assert_eq!(count(&h, "api_key.denied").await, 1);

    let root = with_role(&h, "root@example.com", "admin").await;
    let created = key(&h, &root.caller, Some(&["admin"])).await;
    assert!(by_key(&h, created.expose()).await.unwrap().may("anything"));
    let guest = with_role(&h, "guest@example.com", "guest").await;
    let refused = h
        .users()
        .create_key(&guest.caller, new_key(Some(&["write"])))
        .await;
    assert_eq!(code(refused), "403 scope_escalation");
}

#[tokio::test]
async fn where_scopes_are_wanted_some_must_be_named() {
    let h = harness(
        Collection::new()
            .require_scopes(true)
            .scopes(["posts", "read"]),
    );
    let ada = user(&h, "ada@example.com").await;
    let create = async |scopes| h.users().create_key(&ada.caller, new_key(scopes)).await;
    assert_eq!(code(create(None).await), "422 invalid_scope");
    assert_eq!(code(create(Some(&["write"])).await), "422 invalid_scope");
    assert_eq!(code(create(Some(&["posts"])).await), "403 scope_escalation");
    create(Some(&["read"])).await.unwrap();
}

/// AC-K4
#[tokio::test]
async fn ac_k4_a_key_manages_no_keys() {
    let h = open();
    let root = with_role(&h, "root@example.com", "admin").await;
    for scopes in [None, Some(["read", "write", "admin"].as_slice()), Some(&[])] {
        let created = key(&h, &root.caller, scopes).await;
        let id = created.info().id.to_string();
        let caller = by_key(&h, created.expose()).await.unwrap();
        let users = h.users();
        assert_eq!(
            code(users.create_key(&caller, new_key(None)).await),
            "403 key_not_allowed"
        );
        assert_eq!(code(users.keys(&caller).await), "403 key_not_allowed");
        assert_eq!(
            code(users.revoke_key(&caller, &id).await),
            "403 key_not_allowed"
        );
        assert_eq!(
            code(users.rotate_key(&caller, &id, DAY).await),
            "403 key_not_allowed"
        );
    }
    assert_eq!(count(&h, "api_key.denied").await, 12);
    assert_eq!(h.users().keys(&root.caller).await.unwrap().len(), 3);
}

/// AC-K4, with the option: scope `admin`, and never more or longer than the key itself.
#[tokio::test]
async fn ac_k4_an_admin_key_may_manage_keys_where_it_is_allowed() {
    let settings = Collection::new().allow_admin_keys_to_manage_keys(true);
    let h = harness_with(settings, AccountsBuilder::with_insecure_no_limits);
    let root = with_role(&h, "root@example.com", "admin").await;
    let narrow = key(&h, &root.caller, Some(&["write"])).await;
    let narrow = by_key(&h, narrow.expose()).await.unwrap();
    assert_eq!(code(h.users().keys(&narrow).await), "403 key_not_allowed");

    let lasting = key(&h, &root.caller, None).await;
    let end = h.clock.now().saturating_add(DAY);
    let brief = NewKey {
        expires_at: Some(end),
        ..new_key(Some(&["admin"]))
    };
    let brief = h.users().create_key(&root.caller, brief).await.unwrap();
    let caller = by_key(&h, brief.expose()).await.unwrap();
    let create = async |expires_at| {
        let new = NewKey {
            expires_at,
            ..new_key(Some(&["read"]))
        };
        h.users().create_key(&caller, new).await
    };
    assert_eq!(
        code(create(None).await),
        "422 expiry_invalid",
        "it would outlive the key that made it"
    );
    let later = end.saturating_add(Duration::from_millis(1));
    assert_eq!(code(create(Some(later)).await), "422 expiry_invalid");
    create(Some(end)).await.unwrap();
    let id = lasting.info().id.to_string();
    let stolen = h.users().rotate_key(&caller, &id, Duration::ZERO).await;
    assert_eq!(
        code(stolen),
        "422 expiry_invalid",
        "nor is a lasting key to be had by replacing one"
    );
    by_key(&h, lasting.expose()).await.unwrap();
    h.users().revoke_key(&caller, &id).await.unwrap();
}

/// AC-K9: the default is 50, however many come at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_k9_of_keys_that_are_made_at_once_no_more_than_allowed_are() {
    let h = open();
    let ada = user(&h, "ada@example.com").await;
    for _ in 0..40 {
        key(&h, &ada.caller, None).await;
    }
    let outcomes = at_once(50, |_| {
        let (users, caller) = (h.users(), ada.caller.clone());
        async move { users.create_key(&caller, new_key(None)).await }
    })
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 10);
    for refused in refused {
        assert_eq!(code(refused), "409 limit_reached");
    }
    let keys = h.users().keys(&ada.caller).await.unwrap();
    assert_eq!(keys.len(), 50);
    let id = keys[0].id.to_string();
    assert_eq!(
        code(h.users().rotate_key(&ada.caller, &id, DAY).await),
        "409 limit_reached",
        "both would be good"
    );
    h.users()
        .rotate_key(&ada.caller, &id, Duration::ZERO)
        .await
        .unwrap();
}
