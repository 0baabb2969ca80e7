//! One's own account: who am I, the profile, the end.

mod common;
mod people;

use std::time::Duration;

use common::{at_once, code, harness, harness_with};
use people::{application, by_key, cookie_of, key, user, view, with_role};
use portcullis_accounts::store::UserStore;
use portcullis_accounts::{
    AccountsBuilder, Collection, ProfileData, Register, integer, select, text,
};
use serde_json::{Value, json};

fn fields(value: Value) -> ProfileData {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

fn settings() -> Collection {
    Collection::new()
        .profile(text("company"))
        .profile(integer("age"))
        .profile(select("plan", ["free", "pro"]).default("free").read_only())
        .profile(text("crmId").hidden())
}

#[tokio::test]
async fn me_says_who_is_calling_and_by_what() {
    let h = harness(settings());
    let ada = user(&h, "ada@example.com").await;
    let me = h.users().me(&ada.caller).await.unwrap();
    let body = serde_json::to_value(&me).unwrap();
    assert_eq!(body["authType"], "jwt");
    assert_eq!(body["user"]["email"], "ada@example.com");
    assert_eq!(body["user"]["plan"], "free");
    assert_eq!(body["sessionId"], ada.caller.session_id().unwrap());
    assert!(body["expiresAt"].is_string());
    assert_eq!(body.get("scopes"), None, "only keys have scopes");
    for hidden in ["crmId", "password", "stamp", "banned"] {
        assert_eq!(
            body["user"].get(hidden),
            None,
            "{hidden} is nobody's to see"
        );
    }
    assert!(!format!("{me:?}").contains("ada@example.com"));

    let restricted = key(&h, &ada.caller, Some(&["read"])).await;
    let caller = by_key(&h, restricted.expose()).await.unwrap();
    let body = serde_json::to_value(h.users().me(&caller).await.unwrap()).unwrap();
    assert_eq!(
        (&body["authType"], &body["scopes"]),
        (&json!("apikey"), &json!(["read"]))
    );
    assert_eq!(body["sessionId"], Value::Null);

    let free = key(&h, &ada.caller, None).await;
    let caller = by_key(&h, free.expose()).await.unwrap();
    let body = serde_json::to_value(h.users().me(&caller).await.unwrap()).unwrap();
    assert_eq!(body["scopes"], Value::Null, "all that the owner may");

    let cookie = cookie_of(&h, "ada@example.com").await;
    let caller = h.caller_by("cookie", &cookie).await.unwrap();
    let body = serde_json::to_value(h.users().me(&caller).await.unwrap()).unwrap();
    assert_eq!(body["authType"], "session");
    assert_eq!(body.get("scopes"), None);
}

#[tokio::test]
async fn a_field_is_set_and_the_others_stay() {
    let h = harness(settings());
    let ada = user(&h, "ada@example.com").await;
    let users = h.users();
    let set = |value| users.update_profile(&ada.caller, fields(value));
    set(json!({"name": "Ada", "company": "Engines"}))
        .await
        .unwrap();
    let after = set(json!({"age": 36})).await.unwrap();
    let body = serde_json::to_value(&after).unwrap();
    assert_eq!(body["name"], "Ada");
    assert_eq!(body["company"], "Engines");
    assert_eq!(body["age"], 36);
    assert_eq!(people::count(&h, "user.updated").await, 2);
    set(json!({"age": 36})).await.unwrap();
    assert_eq!(
        people::count(&h, "user.updated").await,
        2,
        "nothing was changed"
    );
}

/// v5.0.0-8.2.3: what is not the user's to set is refused, and nothing of the request is done.
#[tokio::test]
async fn v5_0_0_8_2_3_nothing_else_of_the_account_can_be_set() {
    let h = harness(settings());
    let ada = user(&h, "ada@example.com").await;
    let before = view(&h, &ada.id).await;
    let forbidden = [
        json!({"plan": "pro"}),
        json!({"crmId": "1"}),
        json!({"roles": ["admin"]}),
        json!({"permissions": ["*"]}),
        json!({"verified": false}),
        json!({"email": "eve@example.com"}),
        json!({"password": "correct horse battery 2"}),
        json!({"id": "00000000-0000-7000-8000-000000000000"}),
        json!({"userId": "1"}),
        json!({"name": "Ada", "stamp": "x"}),
        json!({"__proto__": {"roles": ["admin"]}}),
    ];
    for body in forbidden {
        let refused = h
            .users()
            .update_profile(&ada.caller, fields(body.clone()))
            .await;
        assert_eq!(code(refused), "422 field_not_allowed", "{body}");
    }
    for body in [
        json!({"age": "36"}),
        json!({"age": 1.5}),
        json!({"name": "x".repeat(201)}),
    ] {
        let refused = h
            .users()
            .update_profile(&ada.caller, fields(body.clone()))
            .await;
        assert_eq!(code(refused), "422 invalid_field", "{body}");
    }
    assert_eq!(view(&h, &ada.id).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fields_that_are_set_at_once_are_all_set() {
    let numbers: Vec<String> = (0..12).map(|number| format!("field{number}")).collect();
    let settings = numbers.iter().fold(Collection::new(), |settings, name| {
        settings.profile(integer(name.clone()))
    });
    let h = harness_with(settings, AccountsBuilder::with_insecure_no_limits);
    let ada = user(&h, "ada@example.com").await;
    for round in 0..10 {
        let outcomes = at_once(numbers.len(), |number| {
            let (users, caller) = (h.users(), ada.caller.clone());
            let body = fields(json!({ format!("field{number}"): round }));
            async move { users.update_profile(&caller, body).await }
        })
        .await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        let now = view(&h, &ada.id).await;
        for name in &numbers {
            assert_eq!(now.profile[name], round, "{name} was lost in round {round}");
        }
    }
}

#[tokio::test]
async fn whoever_deletes_the_account_proves_to_be_its_owner() {
    let h = harness(settings());
    let ada = user(&h, "ada@example.com").await;
    let key = key(&h, &ada.caller, None).await;
    let by_key = by_key(&h, key.expose()).await.unwrap();
    assert_eq!(
        code(h.users().delete_account(&by_key).await),
        "403 key_not_allowed"
    );
    assert_eq!(
        code(h.users().update_profile(&by_key, fields(json!({}))).await),
        "403 key_not_allowed"
    );
    h.wait(Duration::from_secs(601));
    let stale = h.users().delete_account(&ada.caller).await;
    assert_eq!(code(stale), "401 reauthentication_required");
    assert_eq!(view(&h, &ada.id).await.email, "ada@example.com");
}

#[tokio::test]
async fn with_the_account_everything_goes() {
    let h = harness(settings());
    let ada = user(&h, "ada@example.com").await;
    let bob = user(&h, "bob@example.com").await;
    let key = key(&h, &ada.caller, None).await;
    let cookie = cookie_of(&h, "ada@example.com").await;
    h.users()
        .request_password_reset("ada@example.com")
        .await
        .unwrap();
    let link = h.link_to("ada@example.com").await;
    h.caller_by("cookie", &cookie).await.unwrap();

    h.users().delete_account(&ada.caller).await.unwrap();

    assert!(
        ada.by_token(&h).await.is_err(),
        "access tokens are taken back"
    );
    assert!(by_key(&h, key.expose()).await.is_err(), "keys go");
    assert!(
        h.caller_by("cookie", &cookie).await.is_err(),
        "cookies are nobody's"
    );
    assert_eq!(
        code(h.users().refresh(&ada.refresh).await),
        "401 refresh_invalid"
    );
    let reset = h
        .users()
        .reset_password(&link, "another horse battery")
        .await;
    assert_eq!(code(reset), "400 invalid_token");
    assert_eq!(code(h.users().me(&ada.caller).await), "401 unauthenticated");
    assert_eq!(
        code(
            h.users()
                .update_profile(&ada.caller, fields(json!({"age": 1})))
                .await
        ),
        "401 unauthenticated"
    );
    assert_eq!(
        code(h.users().delete_account(&ada.caller).await),
        "401 unauthenticated"
    );
    let mail = h.mail_to("ada@example.com").await.unwrap();
    assert!(
        mail.subject.to_lowercase().contains("deleted"),
        "{}",
        mail.subject
    );
    assert_eq!(people::count(&h, "user.deleted").await, 1);
    bob.by_token(&h).await.unwrap();

    h.users()
        .register(Register::new("ada@example.com", common::PASSWORD))
        .await
        .unwrap();
    let again = application(&h)
        .user_by_email("ada@example.com")
        .await
        .unwrap()
        .unwrap();
    assert_ne!(again.id.to_string(), ada.id);
    assert!(
        ada.by_token(&h).await.is_err(),
        "the old token is not the new account's"
    );
}

/// AC-B8
#[tokio::test]
async fn ac_b8_the_last_admin_cannot_leave() {
    let h = harness(settings());
    let root = with_role(&h, "root@example.com", "admin").await;
    assert_eq!(
        code(h.users().delete_account(&root.caller).await),
        "409 last_admin"
    );
    root.by_token(&h).await.unwrap();
    assert_eq!(people::count(&h, "user.deleted").await, 0);
    assert!(
        h.mail_to("root@example.com").await.is_none(),
        "nobody was told of a deletion"
    );
    let second = with_role(&h, "second@example.com", "admin").await;
    h.users().delete_account(&root.caller).await.unwrap();
    assert_eq!(
        code(h.users().delete_account(&second.caller).await),
        "409 last_admin"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_b8_of_admins_who_leave_at_once_one_stays() {
    for _ in 0..20 {
        let h = harness_with(settings(), AccountsBuilder::with_insecure_no_limits);
        let mut admins = Vec::new();
        for number in 0..4 {
            admins.push(
                with_role(&h, &format!("root{number}@example.com"), "admin")
                    .await
                    .caller,
            );
        }
        let outcomes = at_once(admins.len(), |number| {
            let (users, admin) = (h.users(), admins[number].clone());
            async move { users.delete_account(&admin).await }
        })
        .await;
        let refused: Vec<_> = outcomes
            .into_iter()
            .filter(Result::is_err)
            .map(code)
            .collect();
        assert_eq!(refused, ["409 last_admin"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_account_that_is_deleted_while_it_is_changed_stays_deleted() {
    let h = harness_with(settings(), AccountsBuilder::with_insecure_no_limits);
    for round in 0..20 {
        let ada = user(&h, &format!("ada{round}@example.com")).await;
        let outcomes = at_once(8, |number| {
            let (users, caller) = (h.users(), ada.caller.clone());
            async move {
                match number {
                    0 => users.delete_account(&caller).await.map(drop),
                    _ => users
                        .update_profile(&caller, fields(json!({ "age": number })))
                        .await
                        .map(drop),
                }
            }
        })
        .await;
        assert!(outcomes[0].is_ok(), "{outcomes:?}");
        for refused in outcomes.into_iter().filter(Result::is_err) {
            assert_eq!(code(refused), "401 unauthenticated");
        }
        let found = application(&h).user(&ada.id).await;
        assert_eq!(code(found), "404 not_found");
        let by_email = h.store.user_by_email("users", &ada.email).await.unwrap();
        assert!(by_email.is_none());
    }
}

/// Another collection's user is nobody here.
#[tokio::test]
async fn collections_do_not_cross() {
    let h = harness_with(settings(), |builder| {
        builder.collection("customers", Collection::new())
    });
    let customers = h.accounts.users_of("customers").unwrap();
    let eve = people::person_of(
        &h,
        &customers,
        portcullis_accounts::NewUser::new("eve@example.com"),
    )
    .await;
    assert_eq!(code(h.users().me(&eve.caller).await), "401 unauthenticated");
    assert_eq!(
        code(
            h.users()
                .update_profile(&eve.caller, fields(json!({"age": 1})))
                .await
        ),
        "401 unauthenticated"
    );
    assert_eq!(
        code(h.users().delete_account(&eve.caller).await),
        "401 unauthenticated"
    );
    customers.me(&eve.caller).await.unwrap();
}
