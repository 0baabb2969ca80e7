//! The accounts' numbers.

use std::time::Duration;

use portcullis::accounts::{
    AuditRequest, CapturedMail, Credentials, Limits, ListUsers, LoggedIn, Login, MemoryStore, Mode,
    NewKey, NewUser, Registered, Users,
};
use portcullis::password::{Algorithm, HashPool, PasswordHasher};
use portcullis::{
    Accounts, AuthUser, Client, Clock, Collection, Denial, Origin, Quota, Register, SchemeName,
};
use portcullis_testkit::ManualClock;

use super::page;

const LIMITS: &str = include_str!("../../src/manual/account_limits.md");
const PASSWORD: &str = "correct horse battery";

struct Scene {
    users: Users,
    accounts: Accounts,
    clock: ManualClock,
    mail: CapturedMail,
}

/// Without limits, which would be met before anything else.
fn set_up(settings: Collection) -> Scene {
    let clock = ManualClock::new();
    let mail = CapturedMail::new();
    let hasher = PasswordHasher::builder().with_insecure_algorithm(Algorithm::Argon2id {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    });
    let store = MemoryStore::new().with_clock(clock.shared());
    let accounts = Accounts::builder(store, mail.clone(), "https://app.example")
        .collection("users", settings)
        .jwt_secret("0123456789abcdef0123456789abcdef!")
        .hash_pool(HashPool::new(hasher.build().unwrap()).unwrap())
        .clock(clock.shared())
        .with_insecure_no_limits()
        .without_background()
        .build()
        .unwrap();
    Scene {
        users: accounts.users(),
        accounts,
        clock,
        mail,
    }
}

impl Scene {
    async fn register(&self) -> Registered {
        let register = Register::new("ada@example.com", PASSWORD);
        self.users.register(register).await.unwrap()
    }

    async fn register_proved(&self) {
        self.register().await;
        let link = self.link_to("ada@example.com").await;
        self.users.verify_email(&link, None).await.unwrap();
    }

    /// The token of the newest link to an address.
    async fn link_to(&self, address: &str) -> String {
        self.accounts.deliver_mail().await.unwrap();
        let mail = self.mail.last_to(address).expect("a mail");
        let (_, token) = mail.text.split_once("#token=").expect("a link");
        token.split_whitespace().next().unwrap().to_owned()
    }

    async fn caller(&self) -> AuthUser {
        let application = self.users.as_application();
        let ada = application.user_by_email("ada@example.com").await.unwrap();
        AuthUser::builder(SchemeName::SESSION, ada.unwrap().id.to_string())
            .collection("users")
            .roles(["user"])
            .authenticated_at(self.clock.now())
            .build()
    }
}

fn code<T>(result: Result<T, Denial>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(denial) => denial.code().to_owned(),
    }
}

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// v5.0.0-6.1.1
#[test]
fn what_may_be_done_how_often_is_what_the_page_says() {
    let told = |name: &str| {
        let start = format!("| `{name}` |");
        let row = LIMITS.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("no row for {name}"));
        row.split('|').nth(3).unwrap_or_default().trim().to_owned()
    };
    // Taken apart by name, so that a new limit is not forgotten here.
    let Limits {
        login,
        second_factor,
        register,
        refresh,
        request_link,
        request_link_for,
        mail_to,
        take_link,
        prove,
        change_password,
        oauth_start,
        oauth_callback,
        oauth_exchange,
        manage,
    } = Limits::default();
    let all: [Quota; 14] = [
        login,
        second_factor,
        register,
        refresh,
        request_link,
        request_link_for,
        mail_to,
        take_link,
        prove,
        change_password,
        oauth_start,
        oauth_callback,
        oauth_exchange,
        manage,
    ];
    for quota in all {
        let (amount, window) = (quota.amount(), quota.window().as_secs());
        assert_eq!(told(quota.name()), format!("{amount} in {window} seconds"));
    }
}

/// v5.0.0-6.1.1
#[tokio::test]
async fn locks_are_those_of_the_page() {
    assert_eq!(
        page("lockout, account and address"),
        "5 failures, 60 seconds doubling to 900"
    );
    let accounts = Accounts::builder(MemoryStore::new(), CapturedMail::new(), "https://a.example")
        .jwt_secret("0123456789abcdef0123456789abcdef!")
        .without_background()
        .build()
        .unwrap();
    let at = |number: u8| {
        let client = Client::Address([203, 0, 113, number].into());
        accounts.users().from(Origin::new(client))
    };
    for _ in 0..5 {
        at(9).count_failure("ada@example.com").await.unwrap();
    }
    let here = at(9).lock_status("ada@example.com").await.unwrap();
    assert!(here.locked && here.locked_for.unwrap() <= Duration::from_secs(60));
    let elsewhere = at(10).lock_status("ada@example.com").await.unwrap();
    assert!(!elsewhere.locked, "the owner logs in from elsewhere");
}

#[tokio::test]
async fn links_are_good_for_as_long_as_the_page_says() {
    assert_eq!(page("link that proves an address"), "24 hours");
    let scene = set_up(Collection::new().require_verified(true));
    scene.register().await;
    let link = scene.link_to("ada@example.com").await;
    scene.clock.advance(24 * HOUR - SECOND);
    assert_eq!(code(scene.users.verify_email(&link, None).await), "done");
    let late = set_up(Collection::new().require_verified(true));
    late.register().await;
    let link = late.link_to("ada@example.com").await;
    late.clock.advance(24 * HOUR);
    assert_eq!(
        code(late.users.verify_email(&link, None).await),
        "invalid_token"
    );

    assert_eq!(page("link for a new password"), "1 hour");
    scene
        .users
        .request_password_reset("ada@example.com")
        .await
        .unwrap();
    let link = scene.link_to("ada@example.com").await;
    scene.clock.advance(HOUR - SECOND);
    // A password that is refused uses nothing up.
    assert_eq!(
        code(scene.users.reset_password(&link, "a").await),
        "weak_password"
    );
    scene.clock.advance(SECOND);
    assert_eq!(
        code(scene.users.reset_password(&link, "a").await),
        "invalid_token"
    );

    assert_eq!(page("link that undoes a changed address"), "72 hours");
    for (wait, outcome) in [(72 * HOUR - SECOND, "done"), (72 * HOUR, "invalid_token")] {
        let scene = set_up(Collection::new());
        scene.register_proved().await;
        let caller = scene.caller().await;
        let users = &scene.users;
        let request = users.request_email_change(&caller, "new@example.com").await;
        request.unwrap();
        let link = scene.link_to("new@example.com").await;
        users.confirm_email_change(&link).await.unwrap();
        let link = scene.link_to("ada@example.com").await;
        scene.clock.advance(wait);
        assert_eq!(code(users.undo_email_change(&link).await), outcome);
    }
}

#[tokio::test]
async fn a_proof_is_fresh_for_as_long_as_the_page_says() {
    assert_eq!(page("proof that counts as fresh"), "600 seconds");
    let scene = set_up(Collection::new());
    scene.register().await;
    let caller = scene.caller().await;
    let users = &scene.users;
    let request = async || code(users.request_email_change(&caller, "b@example.com").await);
    scene.clock.advance(599 * SECOND);
    assert_eq!(request().await, "done");
    scene.clock.advance(2 * SECOND);
    assert_eq!(request().await, "reauthentication_required");
}

#[tokio::test]
async fn a_refresh_token_is_good_once_more_for_as_long_as_the_page_says() {
    assert_eq!(page("refresh token presented again"), "10 seconds");
    let scene = set_up(Collection::new());
    let Registered::LoggedIn(session) = scene.register().await else {
        panic!("no proof of the address is asked for")
    };
    let Credentials::Tokens(tokens) = session.credentials else {
        panic!("tokens are what is given")
    };
    let refresh = async || code(scene.users.refresh(tokens.refresh()).await);
    assert_eq!(refresh().await, "done");
    scene.clock.advance(9 * SECOND);
    assert_eq!(refresh().await, "done");
    scene.clock.advance(2 * SECOND);
    assert_eq!(refresh().await, "refresh_reused");
}

#[tokio::test]
async fn a_device_is_known_for_as_long_as_the_page_says() {
    let scene = set_up(Collection::new());
    scene.register().await;
    let login = Login {
        email: "ada@example.com".to_owned(),
        password: PASSWORD.to_owned().into(),
        mode: Some(Mode::Cookie),
        ..Login::default()
    };
    let LoggedIn::Done(session) = scene.users.login(login).await.unwrap() else {
        panic!("there is no second factor")
    };
    let cookies = session.cookies().map(|cookie| cookie.to_str().unwrap());
    let device: Vec<_> = cookies
        .filter(|cookie| cookie.starts_with("__Host-device"))
        .collect();
    let age = format!("Max-Age={}", 90 * 24 * 3600);
    assert!(device.len() == 1 && device[0].contains(&age), "{device:?}");
    assert_eq!(page("device that is known again"), "90 days");
}

#[tokio::test]
async fn keys_have_the_bounds_of_the_page() {
    assert_eq!(page("API keys of a user"), "50");
    let scene = set_up(Collection::new());
    scene.register().await;
    let caller = scene.caller().await;
    let create = async || {
        let name = "ci".to_owned();
        scene
            .users
            .create_key(
                &caller,
                NewKey {
                    name,
                    ..NewKey::default()
                },
            )
            .await
    };
    let first = create().await.unwrap();
    for _ in 1..50 {
        create().await.unwrap();
    }
    assert_eq!(code(create().await), "limit_reached");

    assert_eq!(
        page("replaced API key beside the new one"),
        "at most 7 days"
    );
    let id = first.info().id.to_string();
    scene
        .users
        .rotate_key(&caller, &id, Duration::ZERO)
        .await
        .unwrap();
    // Those of one millisecond stand in any order, the one that was replaced among them.
    let keys = scene.users.keys(&caller).await.unwrap();
    let mut live = keys.iter().map(|key| key.id.to_string());
    let mut next = || live.find(|other| *other != id).unwrap();
    let (one, id) = (next(), next());
    scene.users.revoke_key(&caller, &one).await.unwrap();
    let week = 7 * 24 * HOUR;
    let rotate = async |grace| code(scene.users.rotate_key(&caller, &id, grace).await);
    assert_eq!(rotate(week + SECOND).await, "invalid_field");
    assert_eq!(rotate(week).await, "done");
}

#[tokio::test]
async fn pages_have_the_sizes_of_the_page() {
    assert_eq!(page("page of users or entries"), "50, at most 200");
    let scene = set_up(Collection::new());
    let application = scene.users.as_application();
    for number in 0..201 {
        let new = NewUser::new(format!("user-{number}@example.com"));
        application.create_user(new).await.unwrap();
    }
    let users = async |limit| {
        let page = ListUsers {
            limit,
            ..ListUsers::default()
        };
        application.list_users(page).await.unwrap().users.len()
    };
    let events = async |limit| {
        let request = AuditRequest {
            limit,
            ..AuditRequest::default()
        };
        application.audit_trail(request).await.unwrap().events.len()
    };
    assert_eq!((users(None).await, users(Some(1000)).await), (50, 200));
    assert_eq!((events(None).await, events(Some(1000)).await), (50, 200));
}
