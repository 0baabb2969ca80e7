//! Registering and logging in, without HTTP.

use portcullis_accounts::{
    Accounts, Credentials, LoggedIn, Login, Mail, MailError, Mailer, MemoryStore, Register,
    Registered,
};

#[derive(Debug)]
struct Nowhere;

#[portcullis_session::tower_sessions::async_trait]
impl Mailer for Nowhere {
    async fn send(&self, _: &Mail) -> Result<(), MailError> {
        Ok(())
    }
}

fn accounts() -> Accounts {
    Accounts::builder(MemoryStore::new(), Nowhere, "https://app.example")
        .jwt_secret("0123456789abcdef0123456789abcdef!")
        .build()
        .unwrap()
}

#[tokio::test]
async fn who_registers_can_log_in() {
    let accounts = accounts();
    let users = accounts.users();
    let register = Register::new("ada@example.com", "correct horse battery").field("name", "Ada");
    let Registered::LoggedIn(session) = users.register(register).await.unwrap() else {
        panic!("no proof of the address is asked for");
    };
    assert_eq!(session.user.email, "ada@example.com");
    let login = |password: &str| Login {
        email: "ADA@example.com".to_owned(),
        password: password.to_owned().into(),
        ..Login::default()
    };
    let LoggedIn::Done(session) = users.login(login("correct horse battery")).await.unwrap() else {
        panic!("there is no second factor");
    };
    let Credentials::Tokens(tokens) = session.credentials else {
        panic!("tokens are what is given");
    };
    assert!(tokens.refresh().starts_with("rt_"));
    let denial = users.login(login("wrong horse battery")).await.unwrap_err();
    assert_eq!(denial.code(), "invalid_credentials");
}
