//! API keys: AC-K1 … AC-K9, as far as they concern accounts.

mod common;
mod people;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Harness, at_once, code, harness, harness_with};
use people::{application, by_key, count, key, new_key, person, user, with_role};
use portcullis_accounts::store::KeyStore;
use portcullis_accounts::{
    AccountsBuilder, Collection, KeyInfo, NewKey, NewUser, Profile, UserRef,
};
use portcullis_core::{Clock, TrustedProxies, client_address};
use portcullis_key::{KeyFormat, KeyPrefix, verify_format};
use portcullis_password::PasswordPolicy;
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn open() -> Harness {
    harness_with(Collection::new(), AccountsBuilder::with_insecure_no_limits)
}

async fn only_key(h: &Harness, owner: &portcullis_core::AuthUser) -> KeyInfo {
    let mut keys = h.users().keys(owner).await.unwrap();
    assert_eq!(keys.len(), 1);
    keys.remove(0)
}

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

/// A harness whose clients come from where the test says.
fn from_address(address: &Arc<Mutex<IpAddr>>) -> Harness {
    let address = Arc::clone(address);
    harness_with(Collection::new(), |builder| {
        let clients = client_address(TrustedProxies::default());
        let clients = clients.peer_from(move |_| Some(*address.lock().unwrap()));
        builder.client_address(clients).with_insecure_no_limits()
    })
}

/// AC-K6
#[tokio::test]
async fn ac_k6_the_last_use_is_noted_beside_the_requests() {
    let address = Arc::new(Mutex::new("203.0.113.9".parse().unwrap()));
    let h = from_address(&address);
    let ada = user(&h, "ada@example.com").await;
    let created = key(&h, &ada.caller, None).await;
    let use_it = async || by_key(&h, created.expose()).await.unwrap();
    let info = async || only_key(&h, &ada.caller).await;

    use_it().await;
    assert_eq!(info().await.last_used_at, None, "no request writes");
    let first = h.clock.now();
    h.accounts.note_key_uses().await.unwrap();
    let noted = info().await;
    assert_eq!(noted.last_used_at, Some(first));
    assert_eq!(noted.last_used_from, Some("203.0.113.9".parse().unwrap()));

    *address.lock().unwrap() = "198.51.100.7".parse().unwrap();
    for _ in 0..59 {
        h.wait(Duration::from_secs(1));
        use_it().await;
        h.accounts.note_key_uses().await.unwrap();
        assert_eq!(info().await.last_used_at, Some(first), "once in 60 seconds");
    }
    h.wait(Duration::from_secs(1));
    use_it().await;
    h.accounts.note_key_uses().await.unwrap();
    let second = h.clock.now();
    let noted = info().await;
    assert_eq!(noted.last_used_at, Some(second));
    assert_eq!(noted.last_used_from, Some("198.51.100.7".parse().unwrap()));

    h.clock.set(first);
    use_it().await;
    h.accounts.note_key_uses().await.unwrap();
    assert_eq!(info().await.last_used_at, Some(second), "never backwards");
    let firsts: Vec<_> = h
        .audit()
        .await
        .into_iter()
        .filter(|event| event.kind.as_str() == "api_key.used_first")
        .collect();
    assert_eq!(firsts.len(), 1);
    assert_eq!(firsts[0].ip.as_deref(), Some("203.0.113.9"));
    assert_eq!(
        firsts[0].detail.as_deref(),
        Some(&*created.info().id.to_string())
    );
    assert_eq!(
        firsts[0].subject.map(|id| id.to_string()),
        Some(ada.id.clone())
    );
}

/// AC-K6: a key is not used by who only knows its public half, nor after its end.
#[tokio::test]
async fn ac_k6_only_a_good_key_is_used() {
    let h = open();
    let ada = user(&h, "ada@example.com").await;
    let end = h.clock.now().saturating_add(DAY);
    let new = NewKey {
        expires_at: Some(end),
        ..new_key(None)
    };
    let created = h.users().create_key(&ada.caller, new).await.unwrap();
    let other = key(&h, &user(&h, "bob@example.com").await.caller, None).await;
    // The same public id with another secret, its checksum right: made by looking for one.
    let forged = forged(created.expose(), other.expose());
    assert!(verify_format(&forged).is_some());
    assert_eq!(code(by_key(&h, &forged).await), "401 invalid_api_key");
    h.wait(DAY);
    assert_eq!(
        code(by_key(&h, created.expose()).await),
        "401 invalid_api_key"
    );
    h.accounts.note_key_uses().await.unwrap();
    let ada = people::log_in(&h, &h.users(), "ada@example.com").await;
    assert_eq!(only_key(&h, &ada.caller).await.last_used_at, None);
    assert_eq!(count(&h, "api_key.used_first").await, 0);
}

/// The public id of one key, the secret of another, and the checksum of the two (CRC-32 in six digits of base62).
fn forged(id_of: &str, secret_of: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let body = format!("{}{}", &id_of[..15], &secret_of[15..47]);
    let crc = body.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    });
    let mut rest = !crc;
    let mut sum = [b'0'; 6];
    for digit in sum.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    format!("{body}{}", std::str::from_utf8(&sum).unwrap())
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
