//! Where a second factor must be had: v5.0.0-6.3.3, v5.0.0-8.4.2, AC-R6, AC-R7.

#[path = "common/app.rs"]
mod app;
#[path = "common/browser.rs"]
mod browser;
mod common;

use std::time::Duration;

use portcullis_accounts::store::FamilyStore as _;
use portcullis_accounts::{
    Challenge, ChangePassword, Collection, EnrolledLogin, ListUsers, LoggedIn, Mode, NewKey,
    Register, Registered, Session, UserRef, Users,
};
use portcullis_core::{AuthUser, Clock as _, Denial, SchemeName, mfa};

use crate::app::{App, STEP, by_password, by_totp, challenge_by, challenged};
use crate::browser::Browser;
use crate::common::{Harness, PASSWORD, code, harness, harness_on, tokens};

const ADA: &str = "ada@example.com";
const EXPIRED: &str = "401 challenge_expired";
const DEMANDED: &str = "401 mfa_required";

fn demanding() -> Collection {
    Collection::new().require_mfa(true)
}

/// The same accounts, under other settings.
fn under(h: &Harness, settings: Collection) -> Harness {
    harness_on(h.store.clone(), h.clock.clone(), settings, |builder| {
        builder
    })
}

/// Somebody whose address is proved, and who has no factor.
async fn ada(h: &Harness) -> Session {
    let open = under(h, Collection::new());
    open.register_proved(ADA).await
}

fn amr(caller: &AuthUser) -> Vec<&str> {
    caller.amr().collect()
}

/// Makes a factor and shows its first code.
async fn enrol(users: &Users, h: &Harness, challenge: &str) -> Result<EnrolledLogin, Denial> {
    let shown = users.enroll_at_login(challenge).await?;
    let app = App::scan(&shown, &h.clock);
    users.activate_at_login(challenge, &app.code()).await
}

#[tokio::test]
async fn who_has_no_factor_is_led_to_enrolment() {
    let h = harness(demanding());
    ada(&h).await;
    let challenge = challenge_by(&h.users(), by_password(ADA, Mode::Token)).await;
    assert_eq!(challenge.methods, ["enroll"]);
    let shown = h.users().enroll_at_login(&challenge.token).await.unwrap();
    let app = App::scan(&shown, &h.clock);
    h.wait(Duration::from_secs(1));
    let login = h
        .users()
        .activate_at_login(&challenge.token, &app.code())
        .await
        .unwrap();
    assert_eq!(login.recovery_codes.as_slice().len(), 10);
    assert!(login.session.user.mfa);
    let shown = format!("{login:?}");
    let secret = login.recovery_codes.as_slice()[0].expose();
    assert!(!shown.contains(secret));
    let json = serde_json::to_value(&login).unwrap();
    assert_eq!(json["recoveryCodes"].as_array().unwrap().len(), 10);
    assert_eq!(json["user"]["mfa"], true);
    let caller = h.caller(tokens(&login.session)).await.unwrap();
    assert_eq!(amr(&caller), ["pwd", "otp", "mfa"]);
    assert!(caller.require(&mfa()).is_ok());
    let trail = h.trail().await;
    for kind in ["mfa.enrolled", "login.succeeded", "session.created"] {
        assert!(trail[..3].contains(&kind.to_owned()), "{kind}: {trail:?}");
    }
    assert!(h.sent().await.iter().any(|mail| mail.kind == "mfa_enabled"));

    // From now on a code is asked for; AC-O2: the first one is used up.
    let used = challenged(&h.users(), ADA).await;
    assert_eq!(
        code(by_totp(&h.users(), &used, &app.code()).await),
        "401 invalid_code"
    );
    h.wait(STEP);
    let next = by_totp(&h.users(), &used, &app.code()).await;
    assert!(next.is_ok());
}

/// What leads to enrolment leads nowhere else, and what asks for a code leads to no enrolment.
#[tokio::test]
async fn each_challenge_is_for_its_own_purpose() {
    let h = harness(demanding());
    let first = ada(&h).await;
    let enrolling = challenged(&h.users(), ADA).await;
    for wrong in ["000000", "0000-0000-0000-0000"] {
        let users = h.users();
        assert_eq!(code(by_totp(&users, &enrolling, wrong).await), EXPIRED);
        let recovery = app::by_recovery(&users, &enrolling, wrong).await;
        assert_eq!(code(recovery), EXPIRED);
    }
    let open = under(&h, Collection::new());
    let app = App::enrol(&open, &first).await;
    let challenge = challenged(&h.users(), ADA).await;
    let users = h.users();
    assert_eq!(code(users.enroll_at_login(&challenge).await), EXPIRED);
    let activated = users.activate_at_login(&challenge, &app.code()).await;
    assert_eq!(code(activated), EXPIRED);
    assert_eq!(
        code(users.enroll_at_login(&enrolling).await),
        EXPIRED,
        "the account is another one by now"
    );
    assert!(by_totp(&users, &challenge, &app.code()).await.is_ok());
}

/// AC-O4 of this challenge: for a quarter of an hour, for its client, five codes, once.
#[tokio::test]
async fn ac_o4_an_enrolment_at_login_is_bound_and_short() {
    let h = harness(demanding());
    ada(&h).await;
    let (here, elsewhere) = (
        h.users().from(common::at("192.0.2.1")),
        h.users().from(common::at("192.0.2.2")),
    );
    let challenge = challenged(&here, ADA).await;
    assert_eq!(code(elsewhere.enroll_at_login(&challenge).await), EXPIRED);
    let without = here.activate_at_login(&challenge, "000000").await;
    assert_eq!(code(without), "401 invalid_code", "nothing to turn on");
    let app = App::scan(&here.enroll_at_login(&challenge).await.unwrap(), &h.clock);
    let stolen = elsewhere.activate_at_login(&challenge, &app.code()).await;
    assert_eq!(code(stolen), EXPIRED);
    for _ in 0..4 {
        let wrong = here.activate_at_login(&challenge, &app.wrong()).await;
        assert_eq!(code(wrong), "401 invalid_code");
    }
    let late = here.activate_at_login(&challenge, &app.code()).await;
    assert_eq!(code(late), EXPIRED);

    let challenge = challenged(&here, ADA).await;
    h.wait(Duration::from_secs(900));
    assert_eq!(code(enrol(&here, &h, &challenge).await), EXPIRED);
    let challenge = challenged(&here, ADA).await;
    assert!(enrol(&here, &h, &challenge).await.is_ok());
    assert_eq!(code(enrol(&here, &h, &challenge).await), EXPIRED, "used");
}

/// AC-O5: whoever registers with somebody else's address cannot shut its owner out; the proof is open to who waits.
#[tokio::test]
async fn ac_o5_the_address_is_proved_before_enrolment() {
    let h = harness(demanding());
    let answer = h.users().register(Register::new(ADA, PASSWORD)).await;
    let Ok(Registered::Challenged(Challenge { token, methods, .. })) = answer else {
        panic!("not challenged: {answer:?}");
    };
    assert_eq!(methods, ["enroll"]);
    let refused = h.users().enroll_at_login(&token).await;
    assert_eq!(code(refused), "403 email_not_verified");
    let link = h.link_to(ADA).await;
    h.users().verify_email(&link, None).await.unwrap();
    assert!(enrol(&h.users(), &h, &token).await.is_ok());
}

/// v5.0.0-6.3.3: sessions that were begun before it was demanded are nobody's, and their families are over.
#[tokio::test]
async fn logins_of_before_are_refused_at_once() {
    let open = harness(Collection::new());
    let session = open.register_proved(ADA).await;
    let mut browser = Browser::at("192.0.2.1");
    browser.login(&open, ADA, PASSWORD).await;
    let h = under(&open, demanding());
    assert_eq!(code(h.caller(tokens(&session)).await), DEMANDED);
    assert_eq!(code(browser.caller(&h).await), DEMANDED);
    for h in [&h, &open] {
        let over = browser.caller(h).await;
        assert_eq!(code(over), "401 unauthenticated", "it has ended");
    }
    let users = h.users();
    let refreshed = users.refresh(tokens(&session).refresh()).await;
    assert_eq!(code(refreshed), DEMANDED);
    let again = users.refresh(tokens(&session).refresh()).await;
    assert_eq!(code(again), "401 refresh_invalid", "AC-R6: it is over");
    let owner = UserRef::new("users", session.user.id);
    let families = h.store.families(&owner, h.clock.now()).await;
    assert!(families.unwrap().is_empty());
    assert!(
        h.trail()
            .await
            .contains(&"session.revoked mfa_required".to_owned())
    );
}

/// v5.0.0-6.3.4: a caller of the application's own scheme, whom the accounts have not let in themselves, gets no session out of a
/// change of password.
#[tokio::test]
async fn no_other_way_leads_to_a_session_of_one_factor() {
    let open = harness(Collection::new());
    let session = open.register_proved(ADA).await;
    let basic = AuthUser::builder(SchemeName::new("basic"), session.user.id.to_string())
        .collection("users")
        .amr(["pwd"])
        .build();
    let change = || ChangePassword::new(PASSWORD, "another horse battery");
    let h = under(&open, demanding());
    let changed = h.users().change_password(&basic, change()).await;
    assert_eq!(code(changed), DEMANDED);
    assert!(
        open.login(ADA, PASSWORD).await.is_ok(),
        "nothing was changed"
    );

    App::enrol(&open, &open.login(ADA, PASSWORD).await.unwrap()).await;
    let changed = open.users().change_password(&basic, change()).await;
    assert_eq!(code(changed), "401 reauthentication_required");
    let app = challenged(&open.users(), ADA).await;
    assert!(
        !app.is_empty(),
        "the password is the old one, and asks for a code"
    );
}

/// v5.0.0-8.4.2: a role that asks for a second factor asks everybody who is given it, and nobody else.
#[tokio::test]
async fn a_role_asks_for_a_second_factor() {
    let h = harness(
        Collection::new()
            .require_mfa_of("admin")
            .require_mfa_of("root"),
    );
    let session = h.register_proved(ADA).await;
    let eve = h.register_proved("eve@example.com").await;
    let mut browser = Browser::at("192.0.2.1");
    browser.login(&h, ADA, PASSWORD).await;
    let id = session.user.id.to_string();
    let application = h.users().as_application();
    let admin = vec!["user".to_owned(), "admin".to_owned()];
    application.set_roles(&id, admin.clone()).await.unwrap();
    assert_eq!(code(browser.caller(&h).await), DEMANDED, "at once");
    assert!(h.caller(tokens(&session)).await.is_err(), "taken back");
    assert_eq!(
        code(h.users().refresh(tokens(&session).refresh()).await),
        DEMANDED
    );
    assert!(h.caller(tokens(&eve)).await.is_ok());
    let next = h.users().refresh(tokens(&eve).refresh()).await;
    assert!(next.is_ok());

    let challenge = challenge_by(&browser.users(&h), by_password(ADA, Mode::Cookie)).await;
    assert_eq!(challenge.methods, ["enroll"]);
    let login = enrol(&browser.users(&h), &h, &challenge.token)
        .await
        .unwrap();
    browser.keep_all(&login.session);
    let caller = browser.caller(&h).await.unwrap();
    assert!(caller.require(&mfa()).is_ok());
    assert!(
        h.users()
            .list_users(&caller, ListUsers::default())
            .await
            .is_ok()
    );
    let guest = h.caller(tokens(&eve)).await.unwrap();
    let guest = h.users().list_users(&guest, ListUsers::default()).await;
    assert_eq!(code(guest), "403 forbidden");

    application
        .set_roles(&eve.user.id.to_string(), admin)
        .await
        .unwrap();
    application
        .set_roles(&id, vec!["user".to_owned()])
        .await
        .unwrap();
    h.wait(STEP);
    let again = h
        .users()
        .login(by_password(ADA, Mode::Token))
        .await
        .unwrap();
    assert!(
        matches!(again, LoggedIn::Challenged(_)),
        "who has a factor is asked for it, demanded or not"
    );
}

/// A token with a role that asks for it is refused by what stands in it, whatever the store says.
#[tokio::test]
async fn tokens_are_judged_by_their_own_roles() {
    let open = harness(Collection::new());
    let id = open.register_proved(ADA).await.user.id.to_string();
    let application = open.users().as_application();
    application
        .set_roles(&id, vec!["admin".to_owned()])
        .await
        .unwrap();
    open.wait(Duration::from_secs(1));
    let session = open.login(ADA, PASSWORD).await.unwrap();
    assert!(open.caller(tokens(&session)).await.is_ok());
    let h = under(&open, Collection::new().require_mfa_of("admin"));
    assert_eq!(code(h.caller(tokens(&session)).await), DEMANDED);
    let h = under(&open, Collection::new().require_mfa_of("auditor"));
    assert!(h.caller(tokens(&session)).await.is_ok());
}

/// As `Collection::require_mfa` has it: keys are no logins.
#[tokio::test]
async fn keys_stay_good() {
    let open = harness(Collection::new());
    let session = open.register_proved(ADA).await;
    let caller = open.caller(tokens(&session)).await.unwrap();
    let key = NewKey {
        name: "ci".to_owned(),
        ..NewKey::default()
    };
    let key = open.users().create_key(&caller, key).await.unwrap();
    let h = under(&open, demanding());
    assert!(h.caller_by("x-api-key", key.expose()).await.is_ok());
}

/// Another collection's demand is no concern of this one's.
#[tokio::test]
async fn collections_demand_for_themselves() {
    let h = common::harness_with(Collection::new(), |builder| {
        builder.collection("staff", demanding())
    });
    let session = h.register_proved(ADA).await;
    assert!(h.caller(tokens(&session)).await.is_ok());
    let staff = h.accounts.users_of("staff").unwrap();
    let answer = staff.register(Register::new(ADA, PASSWORD)).await.unwrap();
    assert!(matches!(answer, Registered::Challenged(_)));
    assert!(h.caller(tokens(&session)).await.is_ok());
}

/// Of many who show the first code at once, one is let in, and one factor is made.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_enrolment_at_login_ends_in_one_session() {
    for mode in [Mode::Token, Mode::Cookie] {
        let h = harness(demanding());
        ada(&h).await;
        let challenge = challenge_by(&h.users(), by_password(ADA, mode)).await;
        let shown = h.users().enroll_at_login(&challenge.token).await.unwrap();
        let app = App::scan(&shown, &h.clock);
        let answers = common::at_once(20, |_| {
            let (users, code) = (h.users(), app.code());
            let token = challenge.token.to_string();
            async move { users.activate_at_login(&token, &code).await }
        })
        .await;
        let (begun, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(begun.len(), 1);
        for answer in refused {
            assert_eq!(code(answer), EXPIRED);
        }
        let trail = h.trail().await;
        let enrolled = trail.iter().filter(|name| *name == "mfa.enrolled");
        assert_eq!(enrolled.count(), 1);
    }
}
