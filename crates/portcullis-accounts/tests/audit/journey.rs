//! All that can be done with an account.

use std::time::Duration;

use portcullis_accounts::store::{AccountStore, Change, UserUpdate};
use portcullis_accounts::{
    AuditEvent, AuditKind, ChangePassword, Login, Logout, Proof, StoredPassword,
};
use portcullis_core::Clock;
use portcullis_password::{Algorithm, Password, PasswordHasher};

use crate::common::{Harness, PASSWORD, SECRET, at, code, tokens};
use crate::people::{by_key, key, log_in, user, with_role};
use crate::{factor_leg, name, roles};

const NEW_PASSWORD: &str = "another horse battery";
const THIRD_PASSWORD: &str = "a third horse battery";
const WRONG_PASSWORD: &str = "a wrong horse battery";

/// Does everything that can be done with an account, and gives every secret that there was.
pub(crate) async fn journey<S: AccountStore>(h: &Harness<S>) -> Vec<String> {
    let mut secrets = vec![
        PASSWORD,
        NEW_PASSWORD,
        THIRD_PASSWORD,
        WRONG_PASSWORD,
        SECRET,
    ];
    secrets.push("stranger@example.com");
    let mut secrets: Vec<String> = secrets.into_iter().map(str::to_owned).collect();
    secrets.extend(logins(h).await);
    secrets.extend(links(h).await);
    secrets.extend(keys(h).await);
    secrets.extend(factor_leg::second_factors(h).await);
    administration(h).await;
    locks(h).await;
    rehash(h).await;
    let leaving = log_in(h, &h.users(), "grace@example.com").await;
    h.users().delete_account(&leaving.caller).await.unwrap();
    secrets
}

async fn logins<S: AccountStore>(h: &Harness<S>) -> Vec<String> {
    let users = h.users();
    h.register("late@example.com").await;
    users
        .request_verification("late@example.com")
        .await
        .unwrap();
    let ada = h.register_proved("ada@example.com").await;
    let first = tokens(&ada).refresh().to_owned();
    let second = users.refresh(&first).await.unwrap();
    let second = tokens(&second).refresh().to_owned();
    users.refresh(&second).await.unwrap();
    assert_eq!(code(users.refresh(&first).await), "401 refresh_reused");
    for (email, password) in [
        ("ada@example.com", WRONG_PASSWORD),
        ("stranger@example.com", PASSWORD),
    ] {
        assert!(h.login(email, password).await.is_err());
    }
    let here = log_in(h, &users, "ada@example.com").await;
    let there = log_in(h, &users, "ada@example.com").await;
    let session = there.caller.session_id().unwrap();
    users.revoke_session(&here.caller, session).await.unwrap();
    let proof = Proof::Password(PASSWORD);
    users.reauthenticate(&here.caller, proof).await.unwrap();
    let logout = Logout {
        refresh_token: Some(&here.refresh),
        caller: None,
    };
    users.logout(logout).await.unwrap();
    let again = log_in(h, &users, "ada@example.com").await;
    users.logout_all(&again.caller, false).await.unwrap();
    vec![first, second, here.access, here.refresh, again.access]
}

async fn links<S: AccountStore>(h: &Harness<S>) -> Vec<String> {
    let users = h.users();
    let ada = log_in(h, &users, "ada@example.com").await;
    let change = ChangePassword::new(PASSWORD, NEW_PASSWORD);
    let session = users.change_password(&ada.caller, change).await.unwrap();
    let caller = h.caller(tokens(&session)).await.unwrap();
    users.update_profile(&caller, name("Ada")).await.unwrap();
    users
        .request_email_change(&caller, "grace@example.com")
        .await
        .unwrap();
    let confirm = h.link_to("grace@example.com").await;
    users.confirm_email_change(&confirm).await.unwrap();
    users
        .request_password_reset("grace@example.com")
        .await
        .unwrap();
    let reset = h.link_to("grace@example.com").await;
    users.reset_password(&reset, PASSWORD).await.unwrap();
    vec![confirm, reset, tokens(&session).refresh().to_owned()]
}

async fn keys<S: AccountStore>(h: &Harness<S>) -> Vec<String> {
    let users = h.users();
    let owner = log_in(h, &users, "grace@example.com").await.caller;
    let created = key(h, &owner, Some(&["read"])).await;
    let caller = by_key(h, created.expose()).await.unwrap();
    assert_eq!(code(users.keys(&caller).await), "403 key_not_allowed");
    h.accounts.note_key_uses().await.unwrap();
    let id = created.info().id.to_string();
    let day = Duration::from_secs(86_400);
    let rotated = users.rotate_key(&owner, &id, day).await.unwrap();
    let id = rotated.info().id.to_string();
    users.revoke_key(&owner, &id).await.unwrap();
    vec![created.expose().to_owned(), rotated.expose().to_owned()]
}

async fn administration<S: AccountStore>(h: &Harness<S>) {
    let users = h.users();
    let root = with_role(h, "root@example.com", "admin").await.caller;
    let eve = user(h, "eve@example.com").await;
    users
        .set_roles(&root, &eve.id, roles(&["user", "guest"]))
        .await
        .unwrap();
    users
        .set_roles(&root, &eve.id, roles(&["user"]))
        .await
        .unwrap();
    users.ban_user(&root, &eve.id).await.unwrap();
    users.unban_user(&root, &eve.id).await.unwrap();
}

async fn locks<S: AccountStore>(h: &Harness<S>) {
    for _ in 0..5 {
        let failed = h.login("eve@example.com", WRONG_PASSWORD).await;
        assert_eq!(code(failed), "401 invalid_credentials");
    }
    let users = h.users();
    users.request_unlock("eve@example.com").await.unwrap();
    let eve = h.users().as_application();
    let eve = eve.user_by_email("eve@example.com").await.unwrap().unwrap();
    let app = users.as_application();
    app.unlock_user(&eve.id.to_string()).await.unwrap();
    for number in 0..60 {
        let login = Login {
            email: format!("stranger{number}@example.com"),
            password: WRONG_PASSWORD.to_owned().into(),
            ..Login::default()
        };
        assert!(users.from(at("198.51.100.66")).login(login).await.is_err());
    }
}

async fn rehash<S: AccountStore>(h: &Harness<S>) {
    let older = PasswordHasher::builder()
        .with_insecure_algorithm(Algorithm::Argon2id {
            memory_kib: 32,
            passes: 1,
            lanes: 1,
        })
        .build()
        .unwrap();
    let hash = older.hash(&Password::new(PASSWORD).unwrap()).unwrap();
    let user = h.store.user_by_email("users", "root@example.com").await;
    let user = user.unwrap().unwrap();
    let mut update = UserUpdate::new(user.reference(), h.clock.now());
    update.password = Some(Some(StoredPassword::new(hash.as_str())));
    // An import, past the flows.
    let change = Change::UpdateUser(Box::new(update));
    let entry = AuditEvent {
        kind: AuditKind::UserUpdated,
        ..h.audit().await.remove(0)
    };
    let entry = AuditEvent {
        id: portcullis_accounts::RecordId::new(h.clock.now()).unwrap(),
        ..entry
    };
    let changes = [change, Change::Audit(Box::new(entry))];
    h.store.commit(&changes).await.unwrap();
    h.login("root@example.com", PASSWORD).await.unwrap();
}
