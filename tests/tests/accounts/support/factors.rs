use portcullis::accounts::{
    FinishLogin, LoggedIn, Login, Mode, RecordId, SecondFactor, Session, Users,
};
use portcullis::mfa::Totp;
use portcullis::{Clock as _, Denial};
use portcullis_testkit::ManualClock;

use super::{PASSWORD, World, at, register, tokens};

/// How long an app shows one code.
const STEP: std::time::Duration = std::time::Duration::from_secs(30);

/// Somebody with an authenticator app and a sheet of recovery codes.
#[derive(Debug)]
pub(crate) struct Factored {
    pub(crate) id: RecordId,
    pub(crate) recovery: Vec<String>,
    email: String,
    totp: Totp,
    clock: ManualClock,
}

impl Factored {
    /// Registers somebody, proves the address and turns a factor on. Its next code is unused.
    pub(crate) async fn on(world: &World, email: &str) -> Self {
        let users = world.users(0);
        let session = register(&users, email).await;
        let link = world.link_to(email, "verify_email").await;
        users.verify_email(&link, None).await.unwrap();
        let caller = world.nodes[0].by_token(tokens(&session).access()).await;
        let caller = caller.unwrap();
        let shown = users.enroll_totp(&caller).await.unwrap();
        let mut factored = Self {
            id: session.user.id,
            recovery: Vec::new(),
            email: email.to_owned(),
            totp: Totp::from_base32(shown.secret.expose()).unwrap(),
            clock: world.clock.clone(),
        };
        let activated = users.activate_totp(&caller, &factored.code()).await;
        let codes = activated.unwrap().recovery_codes;
        factored.recovery = codes.iter().map(|code| code.expose().to_owned()).collect();
        world.wait(STEP);
        factored
    }

    /// The code of this moment.
    pub(crate) fn code(&self) -> String {
        self.totp.code_at(self.clock.now()).expose().to_owned()
    }

    /// Six digits that are the code of no step around this moment, another one for each number.
    pub(crate) fn wrong(&self, number: usize) -> String {
        let now = self.clock.now();
        let guesses = (0..1_000_000).map(|guess| format!("{guess:06}"));
        let mut wrong = guesses.filter(|guess| self.totp.matching_step(guess, None, now).is_none());
        wrong.nth(number).unwrap()
    }

    /// Shows the password, and gives the challenge.
    pub(crate) async fn challenge(&self, users: &Users, mode: Mode) -> String {
        let login = Login {
            email: self.email.clone(),
            password: PASSWORD.to_owned().into(),
            mode: Some(mode),
            ..Login::default()
        };
        match users.login(login).await {
            Ok(LoggedIn::Challenged(challenge)) => challenge.token.to_string(),
            other => panic!("no challenge: {other:?}"),
        }
    }
}

impl World {
    /// The node whose turn it is, called by one client all the time.
    pub(crate) fn one_client(&self, number: usize) -> Users {
        self.nodes[number % 2]
            .accounts
            .users()
            .from(at("192.0.2.1").user_agent("one client"))
    }
}

pub(crate) async fn by_totp(users: &Users, challenge: &str, code: &str) -> Result<Session, Denial> {
    let finish = FinishLogin::new(challenge, SecondFactor::Totp(code));
    users.finish_login(finish).await
}

pub(crate) async fn by_recovery(
    users: &Users,
    challenge: &str,
    code: &str,
) -> Result<Session, Denial> {
    let finish = FinishLogin::new(challenge, SecondFactor::Recovery(code));
    users.finish_login(finish).await
}
