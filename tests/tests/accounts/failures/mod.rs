//! Databases that stop in mid-flight, and processes that are killed.

mod killed;
mod locked;
mod restored;
mod stopped;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

use portcullis::accounts::store::UserStore as _;
use portcullis::accounts::{CapturedMail, ChangePassword, Mode, NewKey, User, UserQuery, Users};
use portcullis::{Accounts, AuthUser, Collection, Denial, Register, SqlStore};
use portcullis_testkit::ManualClock;

use crate::support::{
    Node, OTHER_PASSWORD, PASSWORD, Place, builder, cookie_of, key_of, log_in, patient_store,
    register, token_in, tokens, try_log_in,
};

/// A node that does not wait for long, and somebody who has every kind of credential. What has to succeed is asked of one that does.
struct Scene {
    place: Place,
    node: Node,
    patient: Node,
    mail: CapturedMail,
    clock: ManualClock,
    caller: AuthUser,
    id: String,
    access: String,
    revoked: String,
    refresh: String,
    cookie: String,
    key: String,
    reset_link: String,
}

const EMAIL: &str = "ada@example.com";

fn hasty(place: &Place, clock: &ManualClock) -> portcullis::sql::SqlStoreBuilder {
    SqlStore::builder(&place.url)
        .pool_size(4)
        .acquire_timeout(Duration::from_millis(500))
        .busy_timeout(Duration::from_millis(300))
        .statement_timeout(Duration::from_millis(500))
        .clock(clock.shared())
}

impl Scene {
    async fn on(place: Place) -> Self {
        let clock = ManualClock::new();
        let mail = CapturedMail::new().with_clock(clock.shared());
        let start = |store: SqlStore| Node {
            accounts: builder(store.clone(), &mail, &clock, Collection::new())
                .build()
                .unwrap(),
            store,
        };
        let patient = start(patient_store(&place, &clock).await);
        let node = start(hasty(&place, &clock).connect().await.unwrap());
        let users = patient.accounts.users();
        let session = register(&users, EMAIL).await;
        let access = tokens(&session).access();
        let caller = patient.by_token(access).await.unwrap();
        let key = key_of(&users, &caller).await.expose().to_owned();
        let by_cookie = try_log_in(&users, EMAIL, PASSWORD, Mode::Cookie).await;
        let cookie = cookie_of(&by_cookie.unwrap());
        let ended = log_in(&users, EMAIL).await;
        let revoked = tokens(&ended).access().to_owned();
        users.logout_token(&revoked).await.unwrap();
        users.request_password_reset(EMAIL).await.unwrap();
        patient.accounts.deliver_mail().await.unwrap();
        eventually("it knows what was taken back", async || {
            node.accounts.catch_up().await.is_ok()
        })
        .await;
        let mails = mail.all();
        let reset = mails.iter().find(|mail| mail.kind == "reset_password");
        let reset_link = token_in(&reset.unwrap().text).unwrap();
        Self {
            id: session.user.id.to_string(),
            access: tokens(&session).access().to_owned(),
            refresh: tokens(&session).refresh().to_owned(),
            place,
            node,
            patient,
            mail,
            clock,
            caller,
            revoked,
            cookie,
            key,
            reset_link,
        }
    }

    /// Of the node that does not wait for long.
    fn users(&self) -> Users {
        self.node.accounts.users()
    }

    /// Of the other one.
    fn patient_users(&self) -> Users {
        self.patient.accounts.users()
    }

    async fn rows(&self) -> Vec<User> {
        let query = UserQuery {
            collection: "users".to_owned(),
            contains: None,
            after: None,
            limit: 100_000,
        };
        self.patient.store.users(&query).await.unwrap()
    }

    async fn emails(&self) -> BTreeSet<String> {
        let rows = self.rows().await.into_iter();
        rows.map(|user| user.email.as_str().to_owned()).collect()
    }

    /// What writes: each must be refused while nothing can be written.
    async fn writing(&self) {
        let (users, caller) = (self.users(), &self.caller);
        down(
            "register",
            users.register(Register::new("bert@example.com", PASSWORD)),
        )
        .await;
        down("login", try_log_in(&users, EMAIL, PASSWORD, Mode::Token)).await;
        down(
            "login by cookie",
            try_log_in(&users, EMAIL, PASSWORD, Mode::Cookie),
        )
        .await;
        down(
            "a wrong login",
            try_log_in(&users, EMAIL, OTHER_PASSWORD, Mode::Token),
        )
        .await;
        let nobody = "nobody@example.com";
        down(
            "an unknown one",
            try_log_in(&users, nobody, PASSWORD, Mode::Token),
        )
        .await;
        down("refresh", users.refresh(&self.refresh)).await;
        down("logout", users.logout_token(&self.refresh)).await;
        down("logout by access token", users.logout_token(&self.access)).await;
        down("logout_all", users.logout_all(caller, false)).await;
        down("forgot", users.request_password_reset(EMAIL)).await;
        down("forgot, unknown", users.request_password_reset(nobody)).await;
        down(
            "reset",
            users.reset_password(&self.reset_link, OTHER_PASSWORD),
        )
        .await;
        down("resend", users.request_verification(EMAIL)).await;
        let change = ChangePassword::new(PASSWORD, OTHER_PASSWORD);
        down("change_password", users.change_password(caller, change)).await;
        let other = "ada.king@example.com";
        down("change_email", users.request_email_change(caller, other)).await;
        let key = NewKey {
            name: "another".to_owned(),
            ..NewKey::default()
        };
        down("create_key", users.create_key(caller, key)).await;
        down("delete", users.delete_account(caller)).await;
        let application = users.as_application();
        down("ban", application.ban_user(&self.id)).await;
        down(
            "roles",
            application.set_roles(&self.id, vec!["admin".to_owned()]),
        )
        .await;
    }

    /// The node that had no answers gives some again, to what reads and to what writes.
    async fn heals(&self) {
        eventually("it heals", async || {
            let login = try_log_in(&self.users(), EMAIL, PASSWORD, Mode::Token).await;
            let entered = self.node.by_key(&self.key).await;
            login.is_ok() && entered.is_ok() && self.node.accounts.catch_up().await.is_ok()
        })
        .await;
    }

    /// Everything is as it was: nothing was half done, and everything is served again.
    async fn is_as_before(&self) {
        self.heals().await;
        let rows = self.rows().await;
        let [ada] = rows.as_slice() else {
            panic!("one account, not {}", rows.len());
        };
        assert_eq!(ada.email.as_str(), EMAIL);
        assert!(ada.banned_at.is_none());
        assert!(ada.roles.iter().all(|role| role != "admin"));
        let (users, node) = (self.patient_users(), &self.patient);
        assert_eq!(users.keys(&self.caller).await.unwrap().len(), 1);
        assert!(self.node.by_token(&self.access).await.is_ok());
        assert!(self.node.by_token(&self.revoked).await.is_err());
        assert!(node.by_key(&self.key).await.is_ok());
        assert!(node.by_cookie(&self.cookie).await.is_ok());
        assert!(users.refresh(&self.refresh).await.is_ok());
        let login = try_log_in(&users, EMAIL, PASSWORD, Mode::Token).await;
        assert!(login.is_ok(), "{login:?}");
        users
            .reset_password(&self.reset_link, OTHER_PASSWORD)
            .await
            .unwrap();
        let login = try_log_in(&users, EMAIL, OTHER_PASSWORD, Mode::Token).await;
        assert!(login.is_ok(), "{login:?}");
        register(&users, "bert@example.com").await;
        assert!(node.by_cookie(&self.cookie).await.is_err());
    }

    /// Another node, which starts now.
    async fn another(&self, store: SqlStore) -> Accounts {
        let another = builder(store, &self.mail, &self.clock, Collection::new());
        another.build().unwrap()
    }
}

/// Asks until it is so, for at most a minute.
async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never came to this: {what}");
}

/// A flow answers 503 in time.
async fn down<T: Debug>(what: &str, flow: impl Future<Output = Result<T, Denial>>) {
    let answer = tokio::time::timeout(Duration::from_secs(60), flow).await;
    let answer = answer.unwrap_or_else(|_| panic!("{what}: no answer"));
    let Err(denial) = answer else {
        panic!("{what} was let through: {answer:?}");
    };
    assert_eq!(denial.status(), 503, "{what}: {denial:?}");
    assert!(["unavailable", "busy"].contains(&denial.code()), "{what}");
}
